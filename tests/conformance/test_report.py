"""The report of a store whose content is known: every number counted by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from conformance.document import as_bytes, document
from conformance.facts import ALL, Watch
from conformance.period import Period, day
from conformance.report import Report, behind, reports
from fhir_server.security.scope import EVERYTHING, NOTHING, Scope
from fhir_server.store.database import Database
from profiles.issue import Issue
from tests.conformance.small_county import COUNTY, Filler, critical, patient, referral, visit

Numbers = Callable[[Any], dict[str, int]]


def made(database: Database, scope: Scope = EVERYTHING, period: Period | None = None) -> dict[str, Report]:
    with database.read() as connection:
        found = reports(connection, scope, period or Period(), COUNTY)
    return {ALL if one.whole else one.institution.code: one for one in found}


def indicator(report: Report, name: str) -> tuple[int, int, float | None]:
    one = next(one for one in report.indicators if one.definition.id == name)
    assert one.numerator is not None
    assert one.denominator is not None
    return one.numerator.number, one.denominator.number, one.value


@pytest.fixture(scope="module")
def report(known: Database) -> dict[str, Report]:
    return made(known)


def test_messages_are_counted_by_outcome_and_type(report: dict[str, Report], numbers: Numbers) -> None:
    messages = report["town"].count("messages")
    assert messages.number == 7
    assert numbers(messages) == {"accepted": 4, "duplicate": 1, "refused": 1, "unreadable": 1}
    assert numbers(report["town"].count("events")) == {"frame-junk": 1}


def test_every_number_is_the_sum_of_its_parts(report: dict[str, Report]) -> None:
    for one in report.values():
        assert one.uneven() == ()


def test_the_institutions_add_up_to_the_consortium(report: dict[str, Report]) -> None:
    whole = report[ALL]
    for name in ("messages", "resources", "findings-noted", "refusals", "unmapped", "results", "criticals", "visits"):
        parts = sum(one.count(name).number for code, one in report.items() if code != ALL)
        assert whole.count(name).number == parts, name
        assert parts, name


def test_senders_nobody_registered_stand_together(report: dict[str, Report]) -> None:
    assert report["unregistered"].count("messages").number == 1


def test_a_refused_message_counts_under_its_first_error(report: dict[str, Report], numbers: Numbers) -> None:
    assert numbers(report["town"].count("refusals")) == {"code-unmapped-refused": 1, "message-flat": 1}


def test_a_refusal_names_the_type_of_the_message(report: dict[str, Report], numbers: Numbers) -> None:
    reasons = {part.key: numbers(part) for part in report["town"].count("refusals").parts}
    assert reasons == {"code-unmapped-refused": {"ADT^A04": 1}, "message-flat": {"?": 1}}


def test_every_source_has_its_success_rate(report: dict[str, Report]) -> None:
    traffic = document(report["town"])["sections"][0]
    (source,) = next(count for count in traffic["counts"] if count["key"] == "sources")["parts"]
    assert (source["key"], source["number"], source["rate"]) == ("town-his", 7, 0.714286)


def test_findings_are_counted_by_code_and_place_without_the_repetition(
    report: dict[str, Report], numbers: Numbers
) -> None:
    noted = report["town"].count("findings-noted")
    assert numbers(noted) == {"date-impossible": 2, "segment-terminator": 1}
    assert numbers(noted.parts[0]) == {"OBX-14": 2}
    assert len(noted.parts[0].ids) == 1
    assert noted.parts[0].ids[0].startswith("journal/")


def test_unaccounted_values_are_summed_not_messages(report: dict[str, Report]) -> None:
    assert report["town"].count("unaccounted").number == 3


def test_unmapped_codes_stand_on_the_work_list_of_their_institution(report: dict[str, Report]) -> None:
    assert report["town"].count("unmapped").number == 1
    assert report["hospital"].count("unmapped").number == 0


def test_referrals_stand_at_both_ends_with_their_state(report: dict[str, Report], numbers: Numbers) -> None:
    sent, received = report["town"].count("referrals-sent"), report["hospital"].count("referrals-received")
    for count in (sent, received):
        assert numbers(count) == {"up": 2}
        assert numbers(count.parts[0]) == {"accepted": 1, "rejected": 1}
    assert report["town"].count("referrals-received").number == 0
    assert sent.ids == ("ServiceRequest/up1", "ServiceRequest/up2")


def test_results_are_counted_for_the_centre_and_for_who_asked(report: dict[str, Report], numbers: Numbers) -> None:
    assert numbers(report["lab"].count("results")) == {"laboratory": 3, "ecg": 1}
    assert numbers(report["lab"].count("results-for")) == {"town": 3, "hospital": 1}
    assert numbers(report["town"].count("results-from")) == {"lab": 3}


def test_a_centre_is_no_other_institution_for_the_hospital_it_is_part_of(report: dict[str, Report]) -> None:
    assert report["hospital"].count("results-from").number == 0
    assert indicator(report["hospital"], "remote-diagnosis") == (0, 1, 0.0)
    assert indicator(report["town"], "remote-diagnosis") == (2, 2, 1.0)


def test_critical_values_show_whether_somebody_confirmed(report: dict[str, Report], numbers: Numbers) -> None:
    assert numbers(report["lab"].count("criticals")) == {"received": 1, "silent": 1}
    assert indicator(report["lab"], "critical-received") == (1, 2, 0.5)
    assert indicator(report["lab"], "critical-timely") == (1, 2, 0.5)
    assert indicator(report["lab"], "critical-closed") == (0, 2, 0.0)


def test_a_cancelled_result_is_no_critical_value(database: Database, filled: Filler) -> None:
    filled.send("lab", "ORU^R01", critical("k9", "HH", "cancelled"))
    assert made(database)["lab"].count("criticals").number == 2


def test_rates_of_referrals(report: dict[str, Report]) -> None:
    assert indicator(report["town"], "referral-up-rate") == (2, 1, 2.0)
    assert indicator(report["hospital"], "referral-timely") == (1, 2, 0.5)
    assert indicator(report["hospital"], "referral-rejected") == (1, 2, 0.5)
    assert indicator(report["hospital"], "referral-rejected-reason") == (1, 1, 1.0)
    assert indicator(report["hospital"], "referral-arrived") == (0, 1, 0.0)
    assert indicator(report["hospital"], "referral-down-rate") == (0, 1, 0.0)


def test_an_indicator_without_a_denominator_has_no_value(report: dict[str, Report]) -> None:
    assert indicator(report["town"], "referral-down-rate") == (0, 0, None)
    assert b'"value": null' in as_bytes(report["town"])


def test_a_report_in_time_is_one_within_its_limit(report: dict[str, Report]) -> None:
    assert indicator(report["lab"], "diagnosis-timely") == (0, 1, 0.0)


def test_message_rates(report: dict[str, Report]) -> None:
    assert indicator(report["town"], "message-success") == (5, 7, 0.714286)
    assert indicator(report["town"], "data-quality") == (3, 6, 0.5)


def test_a_visit_soon_after_another_is_no_first_contact(database: Database, filled: Filler) -> None:
    filled.send("town", "ADT^A04", visit("later", "town", day="2026-11-10"), visit("new", "town", day="2026-12-31"))
    assert indicator(made(database)[ALL], "primary-first-contact") == (2, 2, 1.0)


def test_people_are_joined_across_institutions_for_first_contacts(database: Database, filler: Filler) -> None:
    person = {
        "resourceType": "Person",
        "id": "x",
        "link": [{"target": {"reference": f"Patient/{one}"}} for one in "ab"],
    }
    first, second = visit("v1", "town", patient="a"), visit("v2", "hospital", patient="b", day="2026-10-22")
    filler.send("town", "ADT^A04", patient("a"), patient("b"), first, second, person)
    assert indicator(made(database)[ALL], "primary-first-contact") == (1, 1, 1.0)


def test_test_patients_are_counted_apart_and_in_no_indicator(
    database: Database, filled: Filler, numbers: Numbers
) -> None:
    before = made(database)["town"]
    tester = {"patient_key": "t1", "issues": (Issue("patient-test", location="PID-5"),)}
    filled.send("town", "ADT^A04", patient("t1"), visit("vt", "town", patient="t1"), **tester)
    filled.send("town", "REF^I12", referral("upt", "up", "town", "hospital", "t1"), patient_key="t1")
    filled.send("lab", "ORU^R01", critical("kt") | {"subject": {"reference": "Patient/t1"}}, patient_key="t1")
    after = made(database)
    assert numbers(after["town"].count("tests")) == {"message": 2, "referral": 1, "visit": 1}
    assert numbers(after["lab"].count("tests")) == {"message": 1, "critical": 1}
    assert after["town"].count("messages").number == before.count("messages").number + 2
    for name in ("message-success", "data-quality", "referral-up-rate"):
        assert indicator(after["town"], name) == indicator(before, name), name
    assert indicator(after["lab"], "critical-received") == (1, 2, 0.5)


def test_traffic_goes_by_the_time_of_receipt(database: Database, filled: Filler) -> None:
    filled.now += 86_400_000_000
    filled.send("town", "ADT^A04", visit("v9", "town"))
    assert made(database, period=day(date(2026, 10, 21)))["town"].count("messages").number == 7
    assert made(database, period=day(date(2026, 10, 22)))["town"].count("messages").number == 1
    assert made(database, period=day(date(2026, 10, 23)))["town"].count("messages").number == 0


def test_clinical_figures_go_by_the_clinical_date(database: Database, filled: Filler) -> None:
    filled.now += 86_400_000_000
    filled.send("town", "ADT^A04", visit("v9", "town"))
    assert made(database, period=day(date(2026, 10, 21)))["town"].count("visits").number == 2
    assert made(database, period=day(date(2026, 10, 22)))["town"].count("visits").number == 0


def test_a_replay_is_not_received_again(database: Database, filled: Filler, numbers: Numbers) -> None:
    filled.send("town", "ADT^A04", endpoint="replay", original=1)
    one = made(database)["town"]
    assert one.count("messages").number == 7
    assert numbers(one.count("replays")) == {"accepted": 1}


def test_versions_written_are_those_the_journal_says(known: Database, report: dict[str, Report]) -> None:
    from sqlalchemy import func, select

    from fhir_server.store.schema import journal

    with known.read() as connection:
        written = connection.execute(select(func.sum(journal.c.resources))).scalar_one()
    assert report[ALL].count("resources").number == written


def test_a_scope_sees_only_its_own(known: Database) -> None:
    seen = made(known, Scope(frozenset({"town"})))
    assert seen[ALL].count("messages").number == 7
    assert seen[ALL].count("results").number == 0
    assert set(seen) == {ALL, "town"}
    assert b"Observation/" not in as_bytes(seen[ALL])


def test_an_empty_scope_sees_nothing(known: Database) -> None:
    seen = made(known, NOTHING)
    assert set(seen) == {ALL}
    assert all(count.number == 0 for section in seen[ALL].sections for count in section.counts)
    assert seen[ALL].as_of is None


def test_two_runs_are_equal_byte_for_byte(known: Database) -> None:
    first, second = made(known), made(known)
    assert [as_bytes(one) for one in first.values()] == [as_bytes(one) for one in second.values()]


def test_behind_a_number_are_as_many_ids_as_it_says(known: Database, report: dict[str, Report]) -> None:
    for code, name, path in (
        ("town", "types", ("ADT^A04", "refused")),
        ("town", "referrals-sent", ("up",)),
        ("lab", "criticals", ()),
        (ALL, "referral-timely.denominator", ()),
        (ALL, "visits", ("AMB",)),
    ):
        with known.read() as connection:
            ids = behind(connection, EVERYTHING, Period(), COUNTY, Watch(code, name, path))
        if name.endswith("denominator"):
            assert len(ids) == indicator(report[code], "referral-timely")[1]
            continue
        count = report[code].count(name)
        for key in path:
            count = next(part for part in count.parts if part.key == key)
        assert len(ids) == count.number, name
        assert set(count.ids) <= set(ids)


def test_the_command_of_a_number_names_its_path(report: dict[str, Report]) -> None:
    count = report["town"].count("types")
    part = next(part for part in count.parts if part.key == "ADT^A04")
    assert part.find == "qiao report --institution town --behind types --behind 'ADT^A04'"


def test_the_report_of_one_institution_is_the_same_alone(known: Database, report: dict[str, Report]) -> None:
    with known.read() as connection:
        (alone,) = reports(connection, EVERYTHING, Period(), COUNTY, only=["town"])
    assert as_bytes(alone) == as_bytes(report["town"])


def test_a_report_carries_no_names_of_patients(database: Database, filler: Filler) -> None:
    filler.send("town", "ADT^A04", {"resourceType": "Patient", "id": "p1", "name": [{"text": "欧阳某某"}]})
    assert all("欧阳某某" not in as_bytes(one).decode() for one in made(database).values())
