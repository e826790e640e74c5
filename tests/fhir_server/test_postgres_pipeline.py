"""`fhir_server.store.pipeline` and the PostgreSQL driver: few round trips, no promise lost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import make_url

from fhir_server.store import schema
from fhir_server.store.database import Database
from fhir_server.store.driver import Conflict, Driver, open_driver
from fhir_server.store.pipeline import binary

COLUMNS = (
    ("smallint", [1, -2, 32767]),
    ("integer", [0, -1, 2**31 - 1]),
    ("bigint", [-(2**63), 2**63 - 1, 7]),
    ("bigint", [5, None, -1]),
    ("integer", []),
    ("boolean", [True, False]),
    ("bytea", [b"\x00\xff{},\\", b"", None]),
    ("text", ['张三 "{,}\\', "", None]),
)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    if make_url(database_url).get_backend_name() != "postgresql":
        pytest.skip("about PostgreSQL only")
    opened = Database(database_url)
    opened.create()
    yield opened
    opened.close()


@pytest.fixture
def driver(database: Database) -> Iterator[Driver]:
    opened = open_driver(database.driver(), database.dialect)
    yield opened
    opened.close()


@pytest.mark.parametrize(("kind", "column"), COLUMNS)
def test_values_arrive_as_they_were(database: Database, kind: str, column: list[Any]) -> None:
    connection = database.driver()
    again = f"SELECT coalesce(array_agg(v ORDER BY n), '{{}}') FROM unnest($1::{kind}[]) WITH ORDINALITY AS u(v, n)"
    found = connection.pgconn.exec_params(
        again.encode(),
        [binary(kind, column)],
        param_formats=[1],
        result_format=1,
    )
    dimensions_and_flags = 8  # the server says there whether there are nulls, a client need not
    if column:
        assert found.get_value(0, 0)[dimensions_and_flags:] == binary(kind, column)[dimensions_and_flags:]
    else:
        assert found.get_value(0, 0) == b"\0" * 8 + binary(kind, column)[8:12], "an array without elements"
    connection.close()


def test_nothing_of_a_transaction_with_a_duplicate_is_there(driver: Driver) -> None:
    driver.begin()
    driver.insert(schema.about, [("twice", "1")])
    driver.insert(schema.about, [("twice", "2")])
    with pytest.raises(Conflict):
        driver.commit()
    driver.rollback()
    driver.begin()
    assert driver.select(schema.about, ("value",), ("name",), [("twice",)]) == []
    driver.rollback()


def test_driver_goes_on_after_an_error_in_the_middle_of_new_statements(driver: Driver) -> None:
    for _ in range(2):
        driver.begin()
        driver.insert(schema.about, [("a", "1")])
        driver.insert(schema.about, [("a", "1")])
        driver.increase(schema.type_count, [("Patient", "", 1)])
        with pytest.raises(Conflict):
            driver.commit()
        driver.rollback()
    driver.begin()
    driver.increase(schema.type_count, [("Patient", "", 1)])
    driver.increase(schema.type_count, [("Patient", "", 2)])
    driver.commit()
    driver.begin()
    assert driver.select(schema.type_count, ("living",), ("type",), [("Patient",)]) == [(3,)]
    driver.rollback()


def test_update_of_what_another_one_changed_is_a_conflict(driver: Driver) -> None:
    driver.begin()
    driver.insert(schema.about, [("one", "1"), ("two", "2")])
    driver.update_all(schema.about, ("name",), ("value",), [("one", "3"), ("two", "4")])
    driver.commit()
    driver.begin()
    driver.update_all(schema.about, ("name",), ("value",), [("one", "5"), ("three", "6")])
    with pytest.raises(Conflict):
        driver.commit()
    driver.rollback()
    driver.begin()
    values = driver.select(schema.about, ("value",), ("name",), [("one",), ("two",)])
    assert values == [("3",), ("4",)]
    driver.rollback()


def test_reserved_numbers_are_given_out_once_and_more_are_drawn_when_they_end(driver: Driver) -> None:
    driver.begin()
    driver.reserve(schema.change, 3)
    drawn = [driver.numbers(schema.change, count) for count in (2, 1, 2, 1)]
    assert drawn[1] == drawn[0] + 2
    assert len({drawn[0], drawn[0] + 1, drawn[1], drawn[2], drawn[2] + 1, drawn[3]}) == 6
    assert drawn == sorted(drawn)
    driver.rollback()


def test_statement_planned_on_an_empty_table_is_planned_again_when_it_has_grown(driver: Driver) -> None:
    driver.begin()
    for number in range(40):
        driver.insert(schema.about, [(f"n{number}", str(number))])
        assert driver.select(schema.about, ("value",), ("name",), [(f"n{number}",)]) == [(str(number),)]
    rows = driver.ask("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'INSERT INTO about%'")
    assert rows == [(1,)], "what was prepared before is given back"
    driver.rollback()


def test_what_is_queued_without_a_question_goes_out_in_pieces(driver: Driver) -> None:
    driver.begin()
    for number in range(6):
        driver.insert(schema.about, [(f"large{number}", "x" * 1_000_000)])
    driver.commit()
    driver.begin()
    assert driver.ask("SELECT count(*) FROM about WHERE length(value) = 1000000") == [(6,)]
    driver.rollback()
