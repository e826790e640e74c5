"""A report number that comes again for somebody else is never taken without a word."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fhir_server.arrivals.arrival import Arrival, Merged, Receipt, Stated
from fhir_server.intake import Intake
from fhir_server.store.database import Database
from tests.fhir_server.arrived import answer, arrival


@pytest.fixture
def intake(database: Database) -> Iterator[Intake]:
    opened = Intake(database)
    yield opened
    opened.close()


def result(number: int, patient: str, name: str, report: str = "r1", merged: tuple[Merged, ...] = ()) -> Arrival:
    who = {"resourceType": "Patient", "id": patient, **({"name": [{"text": name}]} if name else {})}
    about = {"resourceType": "DiagnosticReport", "id": report, "status": "final", "code": {"text": "血常规"}}
    about["subject"] = {"reference": f"Patient/{patient}"}
    return arrival(number, number, Stated(who, 0, "T"), Stated(about, 20, "T"), merged=merged)


def told(intake: Intake, *arrivals: Arrival) -> list[list[str]]:
    waiting: list[Receipt] = [intake.accept(one, answer).result(20) for one in arrivals]
    assert {receipt.verdict for receipt in waiting} == {"AA"}
    return [[issue.code for issue in receipt.issues] for receipt in waiting]


def test_a_report_that_is_now_another_patients_is_stored_and_said(intake: Intake) -> None:
    assert told(intake, result(1, "p1", "张三"), result(2, "p2", "李四"), result(3, "p2", "李四")) == [
        [],
        ["subject-changed"],
        [],
    ]


def test_it_is_said_within_one_batch_too(intake: Intake) -> None:
    waiting = [intake.accept(one, answer) for one in (result(1, "p1", "张三"), result(2, "p2", "李四"))]
    assert [len(one.result(20).issues) for one in waiting] == [0, 1]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (result(1, "p1", "张三"), result(2, "p2", "张 三")),
        (result(1, "p1", "张三"), result(2, "p1", "李四")),
        (result(1, "p1", ""), result(2, "p2", "李四")),
        (result(1, "p1", "张三"), result(2, "p2", "")),
        (result(1, "p1", "张三"), result(2, "p2", "李四", report="r2")),
    ],
    ids=["one person, two numbers", "a new name", "no name before", "no name now", "another report"],
)
def test_nothing_is_said_where_it_may_be_one_person(first: Arrival, second: Arrival, intake: Intake) -> None:
    assert told(intake, first, second) == [[], []]


def test_a_late_report_of_a_merged_patient_is_about_the_one_that_was_kept(intake: Intake) -> None:
    merge = result(2, "p2", "李四", report="r2", merged=(Merged("p1", "p2"),))
    assert (
        told(intake, result(1, "p1", "无名氏"), merge, result(3, "p1", "无名氏"), result(4, "p2", "李四")) == [[]] * 4
    )
