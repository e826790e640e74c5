"""What a profile says beyond the type: bounds, types, codes, references, rules; and which profiles count."""

from decimal import Decimal

import pytest

from profiles.definitions import structure
from profiles.registry import Registry
from profiles.snapshot import snapshot
from profiles.validator import validate
from tests.profiles.profile_maker import TYPES, Json, errors, profile


def patient(**more: object) -> Json:
    return {"resourceType": "Patient", **more}


def observation(**more: object) -> Json:
    return {"resourceType": "Observation", "status": "final", "code": {"text": "x"}, **more}


@pytest.mark.parametrize(
    ("row", "good", "bad", "code"),
    [
        ({"id": "Patient.birthDate", "minValueDate": "2000-01-01"}, "2000-01-01", "1999-12-31", "value-too-small"),
        ({"id": "Patient.birthDate", "maxValueDate": "2000-01-01"}, "1999", "2001", "value-too-large"),
        ({"id": "Patient.birthDate", "fixedDate": "2000-01-01"}, "2000-01-01", "2000", "value-fixed"),
        ({"id": "Patient.language", "patternCode": "zh-CN"}, "zh-CN", "en", "value-fixed"),
        ({"id": "Patient.language", "maxLength": 2}, "zh", "zh-CN", "value-too-long"),
    ],
)
def test_a_value_is_bounded(row: Json, good: str, bad: str, code: str) -> None:
    name = row["id"].rpartition(".")[2]
    wanted = profile("bounds", "Patient", row)
    assert errors(patient(**{name: good}), wanted) == []
    assert errors(patient(**{name: bad}), wanted) == [(code, f"Patient.{name}")]


def test_quantities_are_compared_in_their_units() -> None:
    least = {"value": 1, "system": "http://unitsofmeasure.org", "code": "kg"}
    wanted = profile("weight", "Observation", {"id": "Observation.value[x]", "minValueQuantity": least})

    def weight(value: str, unit: str) -> Json:
        return observation(valueQuantity={"value": Decimal(value), "system": least["system"], "code": unit})

    assert errors(weight("1.5", "kg"), wanted) == []
    assert errors(weight("1500", "g"), wanted) == []
    assert errors(weight("900", "g"), wanted) == [("value-too-small", "Observation.value.ofType(Quantity)")]
    assert errors(weight("1", "m"), wanted) == []  # nothing to compare


def test_a_choice_may_be_narrowed() -> None:
    wanted = profile("types", "Observation", {"id": "Observation.value[x]", "type": [{"code": "Quantity"}]})
    assert errors(observation(valueQuantity={"value": 1}), wanted) == []
    assert errors(observation(valueString="x"), wanted) == [("type-not-allowed", "Observation.value.ofType(string)")]


def test_an_element_may_be_forbidden_or_needed() -> None:
    wanted = profile("counts", "Patient", {"id": "Patient.photo", "max": "0"}, {"id": "Patient.name", "min": 2})
    assert errors(patient(name=[{"text": "a"}, {"text": "b"}]), wanted) == []
    assert errors(patient(name=[{"text": "a"}], photo=[{"url": "http://a"}]), wanted) == [
        ("element-required", "Patient.name"),
        ("element-too-many", "Patient.photo"),
    ]


def test_a_rule_of_a_profile_is_asked_where_it_stands() -> None:
    rule = {"key": "x-1", "severity": "error", "human": "…", "expression": "text.exists() or family.exists()"}
    wanted = profile("rule", "Patient", {"id": "Patient.name", "constraint": [rule]})
    assert errors(patient(name=[{"text": "a"}, {"family": "b"}]), wanted) == []
    assert errors(patient(name=[{"text": "a"}, {"given": ["b"]}]), wanted) == [("invariant-failed", "Patient.name[1]")]


def test_a_rule_that_only_warns_does_not_refuse() -> None:
    rule = {"key": "x-1", "severity": "warning", "human": "…", "expression": "false"}
    wanted = profile("warning", "Patient", {"id": "Patient", "constraint": [rule]})
    assert errors(patient(active=True), wanted) == []


def test_a_rule_on_a_primitive_sees_its_value() -> None:
    rule = {"key": "x-1", "severity": "error", "human": "…", "expression": "$this.length() < 3"}
    wanted = profile("primitive", "Patient", {"id": "Patient.name.family", "constraint": [rule]})
    assert errors(patient(name=[{"family": "张"}]), wanted) == []
    assert errors(patient(name=[{"family": "欧阳某"}]), wanted) == [("invariant-failed", "Patient.name[0].family")]


def codes(strength: str) -> tuple[Json, Json]:
    values = {
        "resourceType": "ValueSet",
        "url": "http://example.org/colours",
        "compose": {"include": [{"system": "http://example.org/c", "concept": [{"code": "red"}]}]},
    }
    binding = {"strength": strength, "valueSet": "http://example.org/colours"}
    return profile("bound", "Patient", {"id": "Patient.maritalStatus", "binding": binding}), values


@pytest.mark.parametrize(
    ("strength", "code"),
    [("required", "code-not-in-valueset"), ("extensible", "code-not-extensible"), ("preferred", "code-not-preferred")],
)
def test_a_binding_says_as_much_as_its_strength(strength: str, code: str) -> None:
    wanted, values = codes(strength)
    registry = Registry([wanted, values])
    system = "http://example.org/c"
    red = patient(maritalStatus={"coding": [{"system": system, "code": "red"}]})
    blue = patient(maritalStatus={"coding": [{"system": system, "code": "blue"}]})

    def asked(resource: Json) -> list[tuple[str, str]]:
        issues = validate(resource, profile=wanted["url"], registry=registry)
        return [(one.code, one.details["valueset"]) for one in issues if "valueset" in one.details]

    assert (code, "http://example.org/colours") in asked(blue)
    assert (code, "http://example.org/colours") not in asked(red)


def test_a_value_set_that_nobody_loaded_is_named() -> None:
    binding = {"strength": "required", "valueSet": "http://example.org/nowhere"}
    wanted = profile("unbound", "Patient", {"id": "Patient.maritalStatus", "binding": binding})
    (issue,) = [
        one
        for one in validate(
            patient(maritalStatus={"coding": [{"system": "urn:x", "code": "red"}]}),
            profile=wanted["url"],
            registry=Registry([wanted]),
        )
        if one.code == "terminology-unknown" and "nowhere" in one.details["system"]
    ]
    assert not issue.refuses


def test_the_target_of_a_reference_may_be_narrowed() -> None:
    kind = [{"code": "Reference", "targetProfile": [TYPES + "Patient"]}]
    wanted = profile("target", "Observation", {"id": "Observation.subject", "type": kind})
    assert errors(observation(subject={"reference": "Patient/1"}), wanted) == []
    assert errors(observation(subject={"reference": "Group/1"}), wanted) == [
        ("reference-target", "Observation.subject.reference")
    ]


def test_a_target_that_is_reached_keeps_its_profile() -> None:
    target = profile("named", "Patient", {"id": "Patient.name", "min": 1})
    kind = [{"code": "Reference", "targetProfile": [target["url"]]}]
    wanted = profile("target", "Observation", {"id": "Observation.subject", "type": kind})
    inside = {"reference": "#p"}
    good = {"resourceType": "Patient", "id": "p", "name": [{"text": "x"}]}
    bad = {"resourceType": "Patient", "id": "p", "active": True}
    assert errors(observation(subject=inside, contained=[good]), wanted, target) == []
    assert errors(observation(subject=inside, contained=[bad]), wanted, target) == [
        ("profile-not-met", "Observation.subject")
    ]
    assert errors(observation(subject={"reference": "Patient/1"}), wanted, target) == []


def test_profiles_that_refer_to_each_other_come_to_an_end() -> None:
    kind = [{"code": "Reference", "targetProfile": ["http://example.org/circle"]}]
    wanted = profile("circle", "Patient", {"id": "Patient.link.other", "type": kind})
    other = {"resourceType": "Patient", "id": "2", "link": [{"other": {"reference": "Patient/1"}, "type": "seealso"}]}
    first = {"resourceType": "Patient", "id": "1", "link": [{"other": {"reference": "Patient/2"}, "type": "seealso"}]}
    assert errors(first, wanted, fetch={"Patient/1": first, "Patient/2": other}.get) == []


@pytest.mark.parametrize(
    ("mode", "reference", "fits"),
    [("contained", "#p", True), ("contained", "Patient/1", False), ("referenced", "#p", False)],
)
def test_a_reference_leads_as_the_aggregation_says(mode: str, reference: str, fits: bool) -> None:
    kind = [{"code": "Reference", "targetProfile": [TYPES + "Patient"], "aggregation": [mode]}]
    wanted = profile("aggregated", "Observation", {"id": "Observation.subject", "type": kind})
    inside = {"resourceType": "Patient", "id": "p", "active": True}
    resource = observation(subject={"reference": reference}, **({"contained": [inside]} if reference == "#p" else {}))
    expected = [] if fits else [("reference-aggregation", "Observation.subject")]
    assert errors(resource, wanted) == expected


def test_one_of_several_profiles_of_a_type_must_fit() -> None:
    use = profile("use", "Address", {"id": "Address.use", "min": 1})
    city = profile("city", "Address", {"id": "Address.city", "min": 1})
    kind = [{"code": "Address", "profile": [use["url"], city["url"]]}]
    wanted = profile("address", "Patient", {"id": "Patient.address", "type": kind})
    assert errors(patient(address=[{"use": "home"}, {"city": "x"}]), wanted, use, city) == []
    assert errors(patient(address=[{"line": ["x"]}]), wanted, use, city) == [("profile-not-met", "Patient.address[0]")]


def test_items_of_items_keep_what_the_item_keeps_where_the_snapshot_says_so() -> None:
    wanted = profile("items", "Questionnaire", {"id": "Questionnaire.item.text", "min": 1})
    elements = snapshot(wanted, structure)
    nested = next(one for one in elements if one["id"] == "Questionnaire.item.item")
    assert nested["contentReference"] == "#Questionnaire.item"
    inner = {"linkId": "1.1", "type": "string"}
    resource = {
        "resourceType": "Questionnaire",
        "status": "draft",
        "item": [{"linkId": "1", "type": "group", "text": "x", "item": [inner]}],
    }
    assert errors(resource, wanted) == []  # a differential is about the items right below
    wanted["snapshot"] = {"element": elements}
    assert errors(resource, wanted) == [("element-required", "Questionnaire.item[0].item[0]")]
    inner["text"] = "y"
    assert errors(resource, wanted) == []


def test_the_profiles_a_resource_claims_are_held_against_it() -> None:
    wanted = profile("claimed", "Patient", {"id": "Patient.name", "min": 1})
    registry = Registry([wanted])
    claims = patient(meta={"profile": [wanted["url"], "http://example.org/unknown"]}, active=True)
    found = [(one.code, one.expression, one.refuses) for one in validate(claims, registry=registry)]
    assert ("element-required", "Patient", True) in found
    assert ("profile-missing", "Patient.meta.profile[1]", False) in found


def test_resources_of_a_bundle_claim_profiles_too() -> None:
    wanted = profile("claimed", "Patient", {"id": "Patient.name", "min": 1})
    inside = patient(meta={"profile": [wanted["url"]]}, active=True)
    entry = {"fullUrl": "urn:uuid:11111111-1111-4111-8111-111111111111", "resource": inside}
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [entry]}
    found = [(one.code, one.expression) for one in validate(bundle, registry=Registry([wanted])) if one.refuses]
    assert found == [("element-required", "Bundle.entry[0].resource")]


def test_a_profile_for_another_type_is_refused() -> None:
    wanted = profile("claimed", "Patient", {"id": "Patient.name", "min": 1})
    claims = {**observation(), "meta": {"profile": [wanted["url"]]}}
    assert [one.code for one in validate(claims, registry=Registry([wanted])) if one.refuses] == ["profile-type"]


def test_a_profile_that_cannot_be_worked_out_says_why() -> None:
    broken = profile("broken", "Patient", {"id": "Patient.nme", "min": 1})
    (issue,) = validate(patient(active=True), profile=broken["url"], registry=Registry([broken]))
    assert issue.code == "profile-broken"
    assert "Patient.nme" in issue.text()


def test_a_profile_builds_on_a_profile() -> None:
    first = profile("first", "Patient", {"id": "Patient.name", "min": 1})
    second = profile("second", "Patient", {"id": "Patient.gender", "min": 1}, base=first["url"])
    assert errors(patient(active=True), second, first) == [
        ("element-required", "Patient"),
        ("element-required", "Patient"),
    ]
