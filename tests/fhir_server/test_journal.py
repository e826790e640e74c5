"""The journal finds messages by what people remember, and shows nobody what is not theirs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from fhir_server.arrivals.arrival import Arrival
from fhir_server.commands.journal_search import search_journal
from fhir_server.intake import Intake
from fhir_server.security.scope import EVERYTHING, NOTHING, Scope
from fhir_server.store.database import Database
from fhir_server.store.journal import Wanted, entry, find
from profiles.issue import Issue

BASE = Arrival("mllp", b"MSH|1", b"1", "AA", "accepted", site="a", owner="house-a", type="ADT^A01", control_id="1")
ROWS = (
    BASE,
    replace(BASE, control_id="2", sha256=b"2", type="ADT^A08", patient_key="p"),
    replace(
        BASE, control_id="3", sha256=b"3", type="ORU^R01", verdict="AE", status="refused", site="b", owner="house-b"
    ),
    replace(BASE, control_id="", sha256=b"4", type="", verdict="", status="event", issues=(Issue("frame-junk"),)),
)


@pytest.fixture
def filled(database: Database) -> Iterator[Database]:
    intake = Intake(database)
    for row in ROWS:
        intake.accept(row, lambda receipt: b"answer").result(20)
    yield database
    intake.close()


def found(database: Database, wanted: Wanted, scope: Scope = EVERYTHING) -> list[str]:
    with database.read() as connection:
        return [row.control_id for row in find(connection, scope, wanted)]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Wanted(), ["1", "2", "3", ""]),
        (Wanted(type="ADT"), ["1", "2"]),
        (Wanted(type="ADT^A08"), ["2"]),
        (Wanted(site="b"), ["3"]),
        (Wanted(status="event"), [""]),
        (Wanted(verdict="AE"), ["3"]),
        (Wanted(control_id="1"), ["1"]),
        (Wanted(patient_key="p"), ["2"]),
        (Wanted(since=2**60), []),
        (Wanted(until=1), []),
    ],
    ids=str,
)
def test_a_filter_finds_what_it_names(filled: Database, wanted: Wanted, expected: list[str]) -> None:
    assert found(filled, wanted) == expected


def test_an_institution_sees_its_own_messages_only(filled: Database) -> None:
    assert found(filled, Wanted(), Scope(frozenset({"house-b"}))) == ["3"]
    assert found(filled, Wanted(), NOTHING) == []
    with filled.read() as connection:
        numbers = [row.id for row in find(connection, EVERYTHING, Wanted())]
        assert entry(connection, NOTHING, numbers[0]) is None
        assert entry(connection, Scope(frozenset({"house-b"})), numbers[0]) is None


def test_the_limit_holds(filled: Database) -> None:
    with filled.read() as connection:
        assert len(list(find(connection, EVERYTHING, Wanted(), limit=2))) == 2


def test_framing_events_are_found_by_their_issue(filled: Database, capsys: pytest.CaptureFixture[str]) -> None:
    url = filled.url.render_as_string(hide_password=False)
    search_journal("issue=frame-junk", url, as_json=True)
    messages = json.loads(capsys.readouterr().out)["messages"]
    assert [message["status"] for message in messages] == ["event"]


def test_an_unknown_parameter_is_refused_with_the_known_ones(
    filled: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(BaseException):  # noqa: B017 - typer's Exit is the end of a command
        search_journal("colour=red", filled.url.render_as_string(hide_password=False), as_json=True)
    assert "control-id" in capsys.readouterr().err
