"""`_since` and `_at` look at a window of the changes only; nothing that is asked for stands outside of it."""

from __future__ import annotations

import random

from sqlalchemy import insert

from fhir_server.rest.history import CLOCKS_DIFFER, _rows_at
from fhir_server.store.database import Database
from fhir_server.store.schema import change


def test_the_window_holds_all_that_was_asked_for_though_clocks_differ_and_numbers_have_gaps(database: Database) -> None:
    draw = random.Random(1)
    at, rows = 1_000_000_000_000, []
    for number in range(1, 6001):
        at += draw.randint(0, 10_000_000)
        slow = draw.choice((0, 0, CLOCKS_DIFFER - 1))
        seq = number + 500 * (number > 3000)
        rows.append(
            {"seq": seq, "rid": number, "type": "Patient", "version": 1, "last_updated": at - slow, "method": "PUT"}
        )
    with database.engine.begin() as connection:
        connection.execute(insert(change), rows)
    widest = 0
    with database.read() as connection:
        for _ in range(60):
            moment = draw.choice(rows)["last_updated"] + draw.choice((-1, 0, 1))  # type: ignore[operator]
            least, _ = _rows_at(connection, moment - CLOCKS_DIFFER)
            _, most = _rows_at(connection, moment + CLOCKS_DIFFER)
            assert all(row["seq"] >= least for row in rows if row["last_updated"] >= moment)
            assert all(row["seq"] < most for row in rows if row["last_updated"] <= moment)
            widest = max(widest, most - least)
    assert widest < 4500
