"""Index rows: what a resource puts into the lists of search keys."""

from __future__ import annotations

from decimal import Decimal
from time import process_time
from typing import Any

import pytest

from fhir_server.search.index import rows
from fhir_server.search.keys import code_key, exact_key, system_code_key, system_key, system_value_key
from fhir_server.search.parameters import clinical_date, parameters
from profiles.definitions import resource_types
from tests.fhir_server.conftest import coded, observation, patient


def keys(resource: dict[str, Any], code: str) -> set[int]:
    params = parameters(resource["resourceType"])[code].params
    return {key for param, key in rows(resource).keys if param in params}


def strings(resource: dict[str, Any], code: str) -> set[str]:
    params = parameters(resource["resourceType"])[code].params
    return {value for param, value in rows(resource).strings if param in params}


def test_a_coding_is_found_by_system_and_code_by_code_and_by_system() -> None:
    found = keys(observation("o", code=coded("http://loinc.org", "718-7")), "code")
    assert found == {
        code_key("718-7"),
        system_code_key("http://loinc.org", "718-7"),
        system_key("http://loinc.org"),
    }


def test_a_code_without_a_system_is_found_as_such() -> None:
    assert system_code_key("", "x") in keys(observation("o", code={"coding": [{"code": "x"}]}), "code")
    assert system_code_key("", "x") not in keys(observation("o", code=coded("s", "x")), "code")


def test_codes_are_compared_without_case_and_systems_with() -> None:
    upper = observation("o", code=coded("urn:S", "HGB"))
    assert system_code_key("urn:S", "hgb") in keys(upper, "code")
    assert system_code_key("urn:s", "hgb") not in keys(upper, "code")


def test_the_values_of_identifiers_are_compared_with_case() -> None:
    upper = patient("p", identifier=[{"system": "urn:id", "value": "A1"}])
    assert system_value_key("urn:id", "A1") in keys(upper, "identifier")
    assert system_value_key("urn:id", "a1") not in keys(upper, "identifier")


def test_a_separator_inside_a_code_makes_no_false_match() -> None:
    assert keys(observation("o", code=coded("a", "b|c")), "code").isdisjoint({system_code_key("a|b", "c")})


def test_a_name_is_found_by_each_part_and_a_chinese_one_as_a_whole() -> None:
    assert strings(patient("p", name=[{"family": "张", "given": ["三丰"]}]), "name") == {"张", "三丰", "张三丰"}
    assert strings(patient("p", name=[{"text": "Ｌi Ming"}]), "name") == {"li ming"}


def test_an_exact_key_stands_beside_every_string() -> None:
    assert exact_key("Ｌi") in keys(patient("p", name=[{"text": "Ｌi"}]), "name")


def test_an_address_is_found_by_line_city_and_postal_code() -> None:
    where = patient("p", address=[{"line": ["县府路1号"], "city": "杭州", "postalCode": "310000"}])
    assert strings(where, "address") == {"县府路1号", "杭州", "310000", "杭州县府路1号"}


def test_local_references_are_targets_and_others_are_keys() -> None:
    found = rows(observation("o", subject={"reference": "Patient/p1/_history/3"}))
    assert {(kind, name) for _, kind, name in found.references} == {("Patient", "p1")}
    absolute = observation("o", subject={"reference": "http://other/fhir/Patient/1"})
    assert rows(absolute).references == frozenset()
    assert exact_key("http://other/fhir/Patient/1") in keys(absolute, "subject")
    assert rows(observation("o", subject={"reference": "#p"})).references == frozenset()


def test_the_patient_and_the_clinical_date_are_columns() -> None:
    found = rows(observation("o", subject={"reference": "Patient/p1"}, effectiveDateTime="2026-05-01T08:00:00+08:00"))
    assert found.patient == ("Patient", "p1")
    assert found.clinical_date == 1_777_593_600_000_000
    assert rows(observation("o", subject={"reference": "Group/g"})).patient is None
    assert rows(patient("p")).clinical_date is None


def test_a_period_without_an_end_reaches_into_the_open() -> None:
    found = rows(observation("o", effectivePeriod={"end": "2026-05-01"}))
    [(_, low, high)] = found.ranges
    assert low == -(2**62)
    assert found.clinical_date == high


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ({}, "false"),
        ({"deceasedBoolean": False}, "false"),
        ({"deceasedBoolean": True}, "true"),
        ({"deceasedDateTime": "2026"}, "true"),
    ],
)
def test_deceased_is_true_for_a_date_and_false_for_nothing(elements: dict[str, Any], expected: str) -> None:
    assert code_key(expected) in keys(patient("p", **elements), "deceased")


def test_a_quantity_is_found_bare_by_code_and_by_unit() -> None:
    value = {"value": Decimal("1.10"), "unit": "毫摩尔", "system": "http://unitsofmeasure.org", "code": "mmol/L"}
    assert len(rows(observation("o", valueQuantity=value)).ranges) == 4


@pytest.mark.parametrize("junk", [None, 1, "x", [], {}, [[]], [None], {"coding": 1}, {"coding": [1]}, {"value": {}}])
def test_no_shape_of_a_value_breaks_the_index(junk: Any) -> None:
    for kind in ("Observation", "Patient", "Encounter", "ServiceRequest", "Appointment", "Provenance"):
        elements = {source.path.steps[0].name for p in parameters(kind).values() for source in p.sources}
        names = {
            *elements,
            *(f"{e}{t}" for e in elements for t in ("Quantity", "Period", "DateTime", "CodeableConcept")),
        }
        resource = dict.fromkeys(names, junk) | {"resourceType": kind}
        rows(resource)


def test_an_observation_with_everything_is_indexed_within_a_hundred_microseconds() -> None:
    whole = observation(
        "o",
        identifier=[{"system": "urn:lis", "value": "1"}],
        category=[coded("http://terminology.hl7.org/CodeSystem/observation-category", "laboratory")],
        code=coded("http://loinc.org", "718-7", "x"),
        subject={"reference": "Patient/p1"},
        encounter={"reference": "Encounter/e1"},
        basedOn=[{"reference": "ServiceRequest/s1"}],
        performer=[{"reference": "Practitioner/d1"}],
        specimen={"reference": "Specimen/s1"},
        effectiveDateTime="2026-05-01T08:00:00+08:00",
        valueQuantity={"value": Decimal("1.10"), "system": "http://unitsofmeasure.org", "code": "g/L"},
    )
    rows(whole)
    times = []
    for _ in range(50):
        start = process_time()
        rows(whole)
        times.append(process_time() - start)
    assert sorted(times)[25] < 100e-6  # about 15 µs on an idle core


def test_types_that_happen_have_a_clinical_date() -> None:
    expected = {
        "Observation": "date",
        "DiagnosticReport": "date",
        "Encounter": "date",
        "ServiceRequest": "authored",
        "Task": "authored-on",
        "ImagingStudy": "started",
        "Specimen": "collected",
        "DocumentReference": "date",
        "Appointment": "date",
        "Provenance": "recorded",
    }
    for kind, code in expected.items():
        main = clinical_date(kind)
        assert main is not None
        assert main.code == code


def test_every_type_can_be_indexed() -> None:
    for kind in resource_types():
        assert rows({"resourceType": kind, "id": "x", "meta": {"tag": [{"code": "t"}]}}).keys
