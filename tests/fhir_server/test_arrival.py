"""What messages state becomes resources: once, in any order, and with merges followed."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import orjson
import pytest
from sqlalchemy import select

from fhir_server.arrivals.arrival import Merged, Stated
from fhir_server.intake import Intake
from fhir_server.security.scope import EVERYTHING
from fhir_server.store import schema
from fhir_server.store.database import Database
from fhir_server.store.write import Write, Written
from tests.fhir_server.arrived import answer, arrival


@pytest.fixture
def intake(database: Database) -> Iterator[Intake]:
    opened = Intake(database)
    yield opened
    opened.close()


def patient(weight: int, **elements: Any) -> Stated:
    return Stated({"resourceType": "Patient", "id": "p1", **elements}, weight, "T")


def observation(name: str, subject: str, status: str = "final", weight: int = 20) -> Stated:
    body = {
        "resourceType": "Observation",
        "id": name,
        "status": status,
        "code": {"text": "K"},
        "subject": {"reference": f"Patient/{subject}"},
    }
    return Stated(body, weight, "T")


def state(database: Database) -> dict[tuple[str, str], tuple[int, Any]]:
    """(type, id) → (version, body without the time of writing)."""
    with database.read() as connection:
        rows = connection.execute(select(schema.resource).where(schema.resource.c.version > 0)).all()
    found = {}
    for row in rows:
        body = orjson.loads(row.body)
        body["meta"].pop("lastUpdated")
        found[row.type, row.id] = (row.version, body)
    return found


DAY = (
    arrival(1, 8, patient(10, name=[{"text": "A"}], gender="male")),
    arrival(2, 9, patient(0, name=[{"text": "B"}], birthDate="1990-01-01"), observation("o1", "p1", "preliminary", 10)),
    arrival(3, 10, patient(10, name=[{"text": "C"}])),
    arrival(4, 11, patient(0, name=[{"text": "B"}], birthDate="1990-01-01"), observation("o1", "p1")),
    arrival(5, 12, observation("o1", "p1", "preliminary", 10)),
    arrival(6, 13, merged=(Merged("p1", "p2"),)),
    arrival(7, 14, observation("o2", "p1")),
)


def test_the_order_of_arrival_changes_neither_resources_nor_versions(database: Database, intake: Intake) -> None:
    for message in DAY:
        intake.accept(message, answer).result(20)
    expected = state(database)
    assert expected["Observation", "o1"][1]["status"] == "final"
    assert expected["Observation", "o1"][1]["subject"]["reference"] == "Patient/p2"
    assert expected["Patient", "p1"][1]["name"] == [{"text": "C"}]
    assert expected["Patient", "p1"][1]["birthDate"] == "1990-01-01"
    for number, order in enumerate(itertools.permutations(range(len(DAY)))):
        if number % 311 != 7:
            continue
        _empty(database)
        for position in order:
            intake.accept(DAY[position], answer).result(20)
        assert state(database) == expected, order


def test_all_messages_of_one_batch_see_each_other(database: Database, intake: Intake) -> None:
    waiting = [intake.accept(message, answer) for message in DAY]
    for future in waiting:
        future.result(20)
    assert state(database)["Observation", "o2"][1]["subject"]["reference"] == "Patient/p2"


def _empty(database: Database) -> None:
    with database.engine.begin() as connection:
        for table in schema.metadata.sorted_tables:
            connection.execute(table.delete())


def test_a_duplicate_gets_the_stored_answer_again_and_writes_nothing(database: Database, intake: Intake) -> None:
    first = intake.accept(DAY[0], answer).result(20)
    again = intake.accept(DAY[0], answer).result(20)
    assert again.answer == first.answer
    assert again.duplicate == first.journal
    assert state(database)["Patient", "p1"][0] == 1


def test_a_duplicate_in_the_same_batch_is_one_too(database: Database, intake: Intake) -> None:
    waiting = [intake.accept(DAY[0], answer) for _ in range(5)]
    receipts = [future.result(20) for future in waiting]
    assert len({receipt.answer for receipt in receipts}) == 1
    assert sum(receipt.duplicate is not None for receipt in receipts) == 4


def test_a_control_id_with_another_body_is_processed_and_flagged(database: Database, intake: Intake) -> None:
    intake.accept(DAY[0], answer).result(20)
    other = replace(DAY[2], control_id="1")
    receipt = intake.accept(other, answer).result(20)
    assert [issue.code for issue in receipt.issues] == ["control-id-reuse"]
    assert state(database)["Patient", "p1"][1]["name"] == [{"text": "C"}]


def test_statements_that_fold_into_an_invalid_resource_are_refused_whole(database: Database, intake: Intake) -> None:
    bad = replace(patient(10), resource={"resourceType": "Patient", "id": "p1", "gender": "male"}, deleted=())
    intake.accept(arrival(1, 8, bad), answer).result(20)
    invalid = {"resourceType": "Patient", "id": "p1", "deceasedBoolean": "yes"}
    receipt = intake.accept(arrival(2, 9, observation("o9", "p1"), Stated(invalid, 10, "T")), answer).result(20)
    assert receipt.verdict == "AE"
    assert ("Observation", "o9") not in state(database)


def test_a_message_after_a_rest_update_builds_on_it(database: Database, intake: Intake) -> None:
    body = {"resourceType": "Patient", "id": "p1", "gender": "female", "active": True}
    written = intake.write([Write("PUT", "Patient", "p1", body, owner="T")], EVERYTHING).result(20)
    assert isinstance(written, tuple) and isinstance(written[0], Written)
    later = replace(arrival(1, 8, patient(10, gender="male")), event_time=2_000_000_000_000_000)
    intake.accept(later, answer).result(20)
    version, found = state(database)["Patient", "p1"]
    assert (version, found["gender"], found["active"]) == (2, "male", True)


def test_an_identical_update_makes_no_version(intake: Intake) -> None:
    body = {"resourceType": "Patient", "id": "p1", "gender": "female"}
    first = intake.write([Write("PUT", "Patient", "p1", body, owner="T")], EVERYTHING).result(20)
    second = intake.write([Write("PUT", "Patient", "p1", body, owner="T")], EVERYTHING).result(20)
    assert isinstance(first, tuple) and isinstance(second, tuple)
    assert (first[0].version, second[0].version, second[0].changed) == (1, 1, False)
    assert first[0].body == second[0].body


def test_a_failed_write_takes_back_those_before_it(database: Database, intake: Intake) -> None:
    good = Write("POST", "Patient", "a", {"resourceType": "Patient", "id": "a"}, owner="T")
    stale = Write("PUT", "Patient", "b", {"resourceType": "Patient", "id": "b"}, if_match=3, owner="T")
    refused = intake.write([good, stale], EVERYTHING).result(20)
    assert not isinstance(refused, tuple)
    assert (refused.entry, refused.issues[0].code) == (1, "version-conflict")
    assert state(database) == {}


def test_index_rows_follow_the_body(database: Database, intake: Intake) -> None:
    def keys() -> set[tuple[int, int]]:
        with database.read() as connection:
            return {(row.param, row.hash) for row in connection.execute(select(schema.sp_key))}

    def put(gender: str) -> None:
        body = {"resourceType": "Patient", "id": "p1", "gender": gender}
        intake.write([Write("PUT", "Patient", "p1", body, owner="T")], EVERYTHING).result(20)

    put("male")
    male = keys()
    put("female")
    assert keys() != male
    put("male")
    assert keys() == male
    intake.write([Write("DELETE", "Patient", "p1")], EVERYTHING).result(20)
    assert keys() == set()


def person(name: str, patient_id: str) -> Stated:
    body = {
        "resourceType": "Person",
        "id": f"person-{name}",
        "identifier": [{"system": "urn:oid:2.16.156.10011.1.3", "value": "999999199001010016"}],
        "name": [{"text": name}],
        "link": [{"target": {"reference": f"Patient/{patient_id}"}}],
    }
    return Stated(body, 10, "")


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_one_identity_number_with_two_names_waits_for_review(
    order: tuple[int, ...], database: Database, intake: Intake
) -> None:
    messages = [arrival(n, 8 + n, person(name, f"p{n}")) for n, name in enumerate(("A", "B", "C"))]
    issues = [intake.accept(messages[n], answer).result(20).issues for n in order]
    assert [[issue.code for issue in found] for found in issues] == [
        [],
        ["identity-name-conflict"],
        ["identity-name-conflict"],
    ]
    tasks = [(version, body) for (kind, _), (version, body) in state(database).items() if kind == "Task"]
    assert [version for version, _ in tasks] == [2]
    assert [one["valueReference"]["reference"] for one in tasks[0][1]["input"]] == [
        "Person/person-A",
        "Person/person-B",
        "Person/person-C",
    ]
