"""Value sets expand from the loaded code systems; what cannot be known is called unknown."""

import pytest

from profiles import Membership, expand, resource_types, structure
from profiles.definitions import data_types
from profiles.filters import FILTERS
from profiles.terminology import SYNTAXES, display, system

VALUE_SET = "http://hl7.org/fhir/ValueSet/"
V3 = "http://terminology.hl7.org/CodeSystem/v3-"


def test_a_whole_code_system_is_taken() -> None:
    members = expand(VALUE_SET + "administrative-gender|4.0.1")
    assert members is not None
    assert members.codes == {"male", "female", "other", "unknown"}
    assert members.code("female") is Membership.IN
    assert members.code("F") is Membership.OUT
    assert members.coding("http://hl7.org/fhir/administrative-gender", "male") is Membership.IN
    assert members.coding("http://example.org", "male") is Membership.OUT
    assert members.coding(None, "male") is Membership.OUT


def test_is_a_takes_the_descendants_also_those_given_as_child_properties() -> None:
    members = expand("http://terminology.hl7.org/ValueSet/v3-ActEncounterCode")
    assert members is not None
    assert {"AMB", "IMP", "EMER", "ACUTE"} <= members.codes
    assert "INV" not in members.codes


def test_several_systems_and_lists_are_joined() -> None:
    members = expand(VALUE_SET + "marital-status")
    assert members is not None
    assert (V3 + "MaritalStatus", "M") in members.codings
    assert (V3 + "NullFlavor", "UNK") in members.codings
    assert (V3 + "NullFlavor", "ASKU") not in members.codings


def test_a_value_set_of_value_sets_is_followed() -> None:
    members = expand(VALUE_SET + "defined-types")
    assert members is not None
    assert {"Patient", "Quantity", "Resource"} <= members.codes


def test_excluded_codes_are_out() -> None:
    members = expand("http://hl7.org/fhir/ValueSet/questionnaire-answers-status")
    assert members is not None
    assert members.missing == frozenset()


def test_a_code_of_an_unloaded_system_is_unknown_and_the_system_is_named() -> None:
    members = expand(VALUE_SET + "observation-codes")
    assert members is not None
    assert members.missing == {"http://loinc.org"}
    assert members.coding("http://loinc.org", "15074-8") is Membership.UNKNOWN
    assert members.coding("http://example.org", "15074-8") is Membership.OUT


def test_an_unknown_value_set_is_none() -> None:
    assert expand("http://example.org/none") is None
    assert system("http://snomed.info/sct") is None


@pytest.mark.parametrize(
    ("url", "code", "holds"),
    [
        ("urn:ietf:bcp:13", "application/pdf", True),
        ("urn:ietf:bcp:13", "text/plain; charset=utf-8", True),
        ("urn:ietf:bcp:13", "application/fhir+json", True),
        ("urn:ietf:bcp:13", "pdf", False),
        ("urn:ietf:bcp:13", "image/", False),
        ("urn:ietf:bcp:47", "zh", True),
        ("urn:ietf:bcp:47", "zh-Hans-CN", True),
        ("urn:ietf:bcp:47", "en-US-x-twain", True),
        ("urn:ietf:bcp:47", "zh_CN", False),
        ("urn:ietf:bcp:47", "中文", False),
        ("urn:ietf:bcp:47", "xx", False),
        ("urn:ietf:bcp:47", "zh-QQ", False),
        ("urn:ietf:bcp:47", "es-419", True),
        ("http://unitsofmeasure.org", "mm[Hg]", True),
        ("http://unitsofmeasure.org", "mmHg", False),
        ("http://unitsofmeasure.org", "MM[HG]", False),
        ("http://unitsofmeasure.org", "10*9/L", True),
        ("http://unitsofmeasure.org", "{# of donor informative markers}", True),
        ("http://unitsofmeasure.org", "U/(10.g){feces}", True),
        ("urn:iso:std:iso:3166:-2", "CN-53", True),
        ("urn:iso:std:iso:3166:-2", "QQ-53", False),
        ("https://www.iana.org/time-zones", "Asia/Shanghai", True),
        ("https://www.iana.org/time-zones", "Asia/Peking", False),
        ("urn:ietf:rfc:3986", "urn:oid:1.2.3", True),
        ("urn:ietf:rfc:3986", "not a uri", False),
    ],
)
def test_systems_that_are_a_syntax(url: str, code: str, holds: bool) -> None:
    assert SYNTAXES[url](code) is holds


def test_filters_mean_what_the_specification_says() -> None:
    found = system(V3 + "ActMood")
    assert found is not None
    below = FILTERS["descendent-of"](found, "concept", "_ActMoodPredicate")
    assert FILTERS["is-a"](found, "concept", "_ActMoodPredicate") == below | {"_ActMoodPredicate"}
    assert below
    assert not below & FILTERS["is-not-a"](found, "concept", "_ActMoodPredicate")
    assert FILTERS["="](found, "concept", "EVN") == {"EVN"}
    assert FILTERS["regex"](found, "code", "EV.") == {"EVN"}
    assert FILTERS["in"](found, "concept", "EVN, INT") == {"EVN", "INT"}


def test_displays_come_from_the_code_system() -> None:
    assert display("http://hl7.org/fhir/administrative-gender", "male") == "Male"
    assert display("http://hl7.org/fhir/administrative-gender", "none") is None


def test_every_required_binding_can_be_decided_but_one() -> None:
    undecided = set()
    for name in resource_types() | data_types():
        definition = structure(name)
        assert definition is not None
        for element in definition["snapshot"]["element"]:
            binding = element.get("binding", {})
            if binding.get("strength") == "required":
                members = expand(binding["valueSet"])
                if members is None or members.missing:
                    undecided.add(binding["valueSet"].partition("|")[0])
    assert undecided == {"http://loinc.org/vs/LL379-9"}
