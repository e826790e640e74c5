"""What states and statuses mean: orders, results, referrals; and how a report is as final as its results."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mappers.authority import Authority, authority
from mappers.identifier_kind import Kind, kind_of
from mappers.mapped import Weight
from mappers.order_state import (
    OF_REPORT,
    OrderState,
    ResultState,
    observation_status,
    of_results,
    order_control,
    order_status,
    report_status,
    weight,
)
from mappers.referral_state import known, of_event
from tests.mappers.sample import SITE


@pytest.mark.parametrize(
    ("results", "report"),
    [
        ([], None),
        (["final"], "final"),
        (["cancelled"], "cancelled"),
        (["final", "final"], "final"),
        (["final", "cancelled"], "final"),
        (["final", "entered-in-error"], "final"),
        (["final", "amended"], "amended"),
        (["final", "corrected", "amended"], "corrected"),
        (["final", "preliminary"], "partial"),
        (["final", "registered"], "partial"),
        (["registered", "preliminary"], "preliminary"),
        (["registered", "cancelled"], "preliminary"),
        (["corrected", "preliminary"], "partial"),
    ],
)
def test_a_report_without_a_status_is_as_final_as_its_results(results: list[str], report: str | None) -> None:
    assert of_results(results) == report


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("registered", Weight.STATED),
        ("preliminary", Weight.STATED),
        ("final", Weight.FINAL),
        ("amended", Weight.CORRECTED),
        ("corrected", Weight.CORRECTED),
        ("appended", Weight.CORRECTED),
        ("cancelled", Weight.REVOKED),
        ("entered-in-error", Weight.REVOKED),
        ("revoked", Weight.REVOKED),
        ("anything", Weight.STATED),
    ],
)
def test_a_status_says_how_much_a_statement_may_overrule(status: str, expected: Weight) -> None:
    assert weight(status) is expected


def test_a_code_of_the_table_has_all_its_meanings_and_an_unknown_one_none() -> None:
    assert order_control(SITE, "NW") == OrderState("active", "requested", "placer")
    assert order_status(SITE, "CM") == OrderState("completed", "completed", "")
    assert report_status(SITE, "F") == "final"
    assert observation_status(SITE, "F") == ResultState("final", "unknown")
    asked = (order_control, order_status, report_status, observation_status)
    assert [ask(SITE, "no such code") for ask in asked] == [None] * 4


def test_a_site_maps_its_own_codes_by_the_name_of_the_table() -> None:
    own = {("order-control", "新开"): "NW", ("report-status", "已审"): "F", ("referral-status", "同意"): "A"}
    site = replace(SITE, codes=own)
    assert order_control(site, "新开") == order_control(site, "NW")
    assert report_status(site, "已审") == "final"
    assert known(site, "同意") == known(site, "A") is not None


def test_the_event_tells_what_rf1_leaves_open() -> None:
    submitted, cancelled = of_event("REF", "I12"), of_event("REF", "I14")
    assert submitted is not None and cancelled is not None
    assert (submitted.task, cancelled.task) == ("requested", "cancelled")
    assert of_event("REF", "I13") is None
    assert known(SITE, "no such code") is None


def test_results_without_a_status_have_the_one_of_their_report() -> None:
    assert OF_REPORT["partial"].status == "preliminary"
    assert OF_REPORT["entered-in-error"] == ResultState("entered-in-error", "")


@pytest.mark.parametrize(
    ("written", "name", "hl7", "is_known"),
    [
        ("MR", "mrn", "MR", True),
        ("mr", "mrn", "MR", True),
        ("idcard", "visit-card", "", True),
        ("Odd", "type-odd", "", False),
    ],
)
def test_the_kind_of_a_number_is_told_by_the_site_then_by_table_0203(
    written: str, name: str, hl7: str, is_known: bool
) -> None:
    found = kind_of(SITE, written)
    assert (found.name, found.hl7, found.known) == (name, hl7, is_known)


@pytest.mark.parametrize("written", [None, "", '""'])
def test_an_untyped_number_is_what_the_site_says(written: str | None) -> None:
    assert kind_of(replace(SITE, untyped_identifier="mrn"), written).name == "mrn"
    assert kind_of(replace(SITE, untyped_identifier="own"), written) == Kind("own", "", "", True)
    assert kind_of(replace(SITE, identifier_types={"K": "own"}), "k") == Kind("own", "", "", True)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (("COUNTY",), Authority("C01")),
        ((None, "COUNTY"), Authority("C01")),
        (("X",), Authority("T01", "X")),
        ((None, "1.2.3", "ISO"), Authority("T01", "1.2.3", "urn:oid:1.2.3")),
        (("X", "1.2.3", "ISO"), Authority("T01", "X", "urn:oid:1.2.3")),
        (("X", "1.02.3", "ISO"), Authority("T01", "X")),
        ((None, "abc", "UUID"), Authority("T01", "abc")),
        (
            (None, "6F9619FF-8B86-D011-B42D-00CF4FC964FF", "UUID"),
            Authority("T01", "6F9619FF-8B86-D011-B42D-00CF4FC964FF", "urn:uuid:6f9619ff-8b86-d011-b42d-00cf4fc964ff"),
        ),
        ((None, None, None), Authority("T01")),
        (('""', '""', "ISO"), Authority("T01")),
    ],
)
def test_an_authority_is_the_institution_it_names_or_is_kept_apart(
    parts: tuple[str | None, ...], expected: Authority
) -> None:
    assert authority(SITE, *parts) == expected
