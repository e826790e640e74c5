"""Slices are told apart by value, pattern, type, profile, existence and extension; counted, ordered, closed."""

import pytest

from tests.profiles.profile_maker import TYPES, Json, by, errors, profile

CATEGORIES = "http://terminology.hl7.org/CodeSystem/observation-category"


def category(code: str) -> Json:
    return {"coding": [{"system": CATEGORIES, "code": code}]}


def observation(**more: object) -> Json:
    return {"resourceType": "Observation", "status": "final", "code": {"text": "x"}, **more}


def by_category(rules: str = "open", **more: object) -> Json:
    return profile(
        "categories",
        "Observation",
        {"id": "Observation.category", "slicing": by("pattern", "$this", rules, **more)},
        {"id": "Observation.category:lab", "min": 1, "max": "1", "patternCodeableConcept": category("laboratory")},
        {"id": "Observation.category:exam", "max": "1", "patternCodeableConcept": category("exam")},
        {"id": "Observation.category:exam.text", "min": 1},
    )


LAB, EXAM = category("laboratory"), {**category("exam"), "text": "x"}
OTHER = category("imaging")


@pytest.mark.parametrize(
    ("categories", "found"),
    [
        ([LAB], []),
        ([LAB, EXAM, OTHER], []),
        ([OTHER], [("slice-required", "Observation")]),
        ([LAB, LAB], [("slice-too-many", "Observation.category")]),
        ([LAB, category("exam")], [("element-required", "Observation.category[1]")]),
    ],
)
def test_slices_are_counted_and_checked(categories: list[Json], found: list[tuple[str, str]]) -> None:
    assert errors(observation(category=categories), by_category()) == found


def test_a_required_slice_of_an_absent_element_is_missing() -> None:
    assert errors(observation(), by_category()) == [("slice-required", "Observation")]


def test_a_closed_slicing_refuses_what_fits_no_slice() -> None:
    assert errors(observation(category=[LAB, OTHER]), by_category("closed")) == [
        ("slice-closed", "Observation.category[1]")
    ]


def test_slices_of_an_ordered_slicing_keep_their_order() -> None:
    assert errors(observation(category=[LAB, EXAM]), by_category(ordered=True)) == []
    assert errors(observation(category=[EXAM, LAB]), by_category(ordered=True)) == [
        ("slice-order", "Observation.category[1]")
    ]


def test_an_open_end_comes_after_all_slices() -> None:
    assert errors(observation(category=[LAB, OTHER]), by_category("openAtEnd")) == []
    assert errors(observation(category=[OTHER, LAB]), by_category("openAtEnd")) == [
        ("slice-order", "Observation.category[1]")
    ]


def test_the_default_slice_takes_what_is_left() -> None:
    wanted = profile(
        "default",
        "Observation",
        {"id": "Observation.category", "slicing": by("pattern", "$this", "closed")},
        {"id": "Observation.category:lab", "patternCodeableConcept": LAB},
        {"id": "Observation.category:@default", "max": "1"},
        {"id": "Observation.category:@default.text", "min": 1},
    )
    assert errors(observation(category=[LAB, {**OTHER, "text": "x"}]), wanted) == []
    assert errors(observation(category=[LAB, OTHER]), wanted) == [("element-required", "Observation.category[1]")]


def test_slices_by_a_value_below() -> None:
    wanted = profile(
        "telecom",
        "Patient",
        {"id": "Patient.telecom", "slicing": by("value", "system")},
        {"id": "Patient.telecom:phone", "min": 1},
        {"id": "Patient.telecom:phone.system", "min": 1, "fixedCode": "phone"},
        {"id": "Patient.telecom:phone.use", "min": 1},
    )
    patient = {"resourceType": "Patient", "telecom": [{"system": "email", "value": "x"}]}
    assert errors(patient, wanted) == [("slice-required", "Patient")]
    patient["telecom"] = [{"system": "phone", "value": "1"}]
    assert errors(patient, wanted) == [("element-required", "Patient.telecom[0]")]
    patient["telecom"] = [{"system": "phone", "value": "1", "use": "home"}]
    assert errors(patient, wanted) == []


def test_slices_of_slices() -> None:
    wanted = profile(
        "reslice",
        "Patient",
        {"id": "Patient.telecom", "slicing": by("value", "system")},
        {"id": "Patient.telecom:phone", "slicing": by("value", "use", "closed")},
        {"id": "Patient.telecom:phone.system", "min": 1, "fixedCode": "phone"},
        {"id": "Patient.telecom:phone/home", "max": "1"},
        {"id": "Patient.telecom:phone/home.use", "min": 1, "fixedCode": "home"},
        {"id": "Patient.telecom:phone/work", "min": 1},
        {"id": "Patient.telecom:phone/work.use", "min": 1, "fixedCode": "work"},
    )

    def patient(*uses: str) -> Json:
        telecom = [{"system": "phone", "value": "1", "use": use} for use in uses]
        return {"resourceType": "Patient", "telecom": [{"system": "email", "value": "x"}, *telecom]}

    assert errors(patient("home", "work"), wanted) == []
    assert errors(patient("home", "home", "work"), wanted) == [("slice-too-many", "Patient.telecom")]
    assert errors(patient("work", "mobile"), wanted) == [("slice-closed", "Patient.telecom[2]")]
    assert errors(patient("home"), wanted) == [("slice-required", "Patient")]


def test_slices_of_a_choice_by_type() -> None:
    wanted = profile(
        "choice",
        "Observation",
        {"id": "Observation.value[x]", "slicing": by("type", "$this", "closed")},
        {"id": "Observation.value[x]:valueQuantity", "type": [{"code": "Quantity"}]},
        {"id": "Observation.value[x]:valueQuantity.code", "min": 1},
    )
    assert errors(observation(valueQuantity={"value": 1, "system": "urn:a", "code": "g"}), wanted) == []
    assert errors(observation(valueQuantity={"value": 1}), wanted) == [
        ("element-required", "Observation.value.ofType(Quantity)")
    ]
    assert errors(observation(valueString="x"), wanted) == [("slice-closed", "Observation.value.ofType(string)")]


def test_the_name_of_one_choice_is_a_slice_of_it() -> None:
    wanted = profile("short", "Observation", {"id": "Observation.valueQuantity", "min": 1})
    assert errors(observation(valueQuantity={"value": 1}), wanted) == []
    assert errors(observation(valueString="x"), wanted) == [("slice-required", "Observation")]


def test_slices_by_existence() -> None:
    wanted = profile(
        "exists",
        "Patient",
        {"id": "Patient.identifier", "slicing": by("exists", "period", "closed")},
        {"id": "Patient.identifier:ended", "max": "1"},
        {"id": "Patient.identifier:ended.period", "min": 1},
        {"id": "Patient.identifier:open"},
        {"id": "Patient.identifier:open.period", "max": "0"},
    )
    ended, still = {"value": "1", "period": {"end": "2026"}}, {"value": "2"}
    assert errors({"resourceType": "Patient", "identifier": [ended, still, still]}, wanted) == []
    assert errors({"resourceType": "Patient", "identifier": [ended, ended]}, wanted) == [
        ("slice-too-many", "Patient.identifier")
    ]


def test_slices_by_the_profile_of_a_resource() -> None:
    male = profile("male", "Patient", {"id": "Patient.gender", "min": 1, "fixedCode": "male"})
    wanted = profile(
        "bundle",
        "Bundle",
        {"id": "Bundle.entry", "slicing": by("profile", "resource", "closed")},
        {"id": "Bundle.entry:male", "min": 1, "max": "1"},
        {"id": "Bundle.entry:male.resource", "min": 1, "type": [{"code": "Patient", "profile": [male["url"]]}]},
    )

    def bundle(*genders: str) -> Json:
        entries = [
            {
                "fullUrl": f"urn:uuid:11111111-1111-4111-8111-11111111111{n}",
                "resource": {"resourceType": "Patient", "gender": one},
            }
            for n, one in enumerate(genders)
        ]
        return {"resourceType": "Bundle", "type": "collection", "entry": entries}

    assert errors(bundle("male"), wanted, male) == []
    assert errors(bundle("male", "male"), wanted, male) == [("slice-too-many", "Bundle.entry")]
    assert errors(bundle("male", "female"), wanted, male) == [("slice-closed", "Bundle.entry[1]")]


def test_slices_by_the_type_behind_a_reference() -> None:
    wanted = profile(
        "list",
        "List",
        {"id": "List.entry", "slicing": by("type", "item.resolve()")},
        {"id": "List.entry:condition", "max": "1"},
        {"id": "List.entry:condition.item", "type": [{"code": "Reference", "targetProfile": [TYPES + "Condition"]}]},
    )

    def listed(*references: str) -> Json:
        entries = [{"item": {"reference": one}} for one in references]
        return {"resourceType": "List", "status": "current", "mode": "working", "entry": entries}

    assert errors(listed("Condition/1", "Observation/1"), wanted) == []
    assert errors(listed("Condition/1", "Condition/2"), wanted) == [("slice-too-many", "List.entry")]


def test_what_cannot_be_reached_may_belong_to_any_slice() -> None:
    wanted = profile(
        "results",
        "DiagnosticReport",
        {"id": "DiagnosticReport.result", "slicing": by("pattern", "resolve().status")},
        {"id": "DiagnosticReport.result:final", "min": 1},
        {
            "id": "DiagnosticReport.result:final",
            "min": 1,
            "type": [{"code": "Reference", "targetProfile": ["http://example.org/final"]}],
        },
    )
    final = profile("final", "Observation", {"id": "Observation.status", "min": 1, "patternCode": "final"})
    report = {
        "resourceType": "DiagnosticReport",
        "status": "final",
        "code": {"text": "x"},
        "result": [{"reference": "Observation/1"}],
    }
    assert errors(report, wanted, final) == []
    found = {"Observation/1": observation(), "Observation/2": observation(status="preliminary")}
    assert errors(report, wanted, final, fetch=found.get) == []
    report["result"] = [{"reference": "Observation/2"}]
    assert ("slice-required", "DiagnosticReport") in errors(report, wanted, final, fetch=found.get)


def test_extension_slices_need_no_slicing_entry() -> None:
    extension = profile(
        "colour", "Extension", {"id": "Extension.url", "fixedUri": "http://example.org/colour"},
        {"id": "Extension.value[x]", "min": 1, "type": [{"code": "string"}]},
        context=[{"type": "element", "expression": "Patient"}],
    )  # fmt: skip
    wanted = profile(
        "coloured",
        "Patient",
        {
            "id": "Patient.extension:colour",
            "min": 1,
            "max": "1",
            "type": [{"code": "Extension", "profile": [extension["url"]]}],
        },
    )
    colour = {"url": "http://example.org/colour", "valueString": "x"}
    assert errors({"resourceType": "Patient", "extension": [colour]}, wanted, extension) == []
    assert errors({"resourceType": "Patient"}, wanted, extension) == [("slice-required", "Patient")]
    assert errors({"resourceType": "Patient", "extension": [{**colour, "valueString": None}]}, wanted, extension) != []
    wrong = {"url": "http://example.org/colour", "valueCode": "x"}
    assert errors({"resourceType": "Patient", "extension": [wrong]}, wanted, extension) == [
        ("type-not-allowed", "Patient.extension[0].value.ofType(code)")
    ]


def test_a_slice_by_an_extension_of_the_element() -> None:
    wanted = profile(
        "actions",
        "PlanDefinition",
        {"id": "PlanDefinition.action", "slicing": by("value", "extension('http://example.org/kind').value")},
        {"id": "PlanDefinition.action:one", "max": "1"},
        {"id": "PlanDefinition.action:one.extension", "min": 1},
        {
            "id": "PlanDefinition.action:one.extension:kind",
            "min": 1,
            "type": [{"code": "Extension", "profile": ["http://example.org/kind"]}],
        },
        {"id": "PlanDefinition.action:one.extension:kind.value[x]", "min": 1, "fixedCode": "one"},
    )
    kind = profile("kind", "Extension", {"id": "Extension.url", "fixedUri": "http://example.org/kind"},
                   {"id": "Extension.value[x]", "type": [{"code": "code"}]},
                   context=[{"type": "element", "expression": "PlanDefinition.action"}])  # fmt: skip

    def plan(*kinds: str) -> Json:
        actions = [{"extension": [{"url": "http://example.org/kind", "valueCode": one}]} for one in kinds]
        return {"resourceType": "PlanDefinition", "status": "draft", "action": actions}

    assert errors(plan("one", "two", "two"), wanted, kind) == []
    assert errors(plan("one", "one"), wanted, kind) == [("slice-too-many", "PlanDefinition.action")]


# ------------------------------------------------------------------------------------- what nobody here can tell apart

ELSEWHERE = "http://example.org/not-loaded"


def by_value_set(url: str) -> Json:
    return profile(
        "bound",
        "Observation",
        {"id": "Observation.category", "slicing": by("pattern", "$this")},
        {"id": "Observation.category:kind", "min": 1, "max": "1", "binding": {"strength": "required", "valueSet": url}},
    )


def test_a_value_set_that_is_not_loaded_tells_no_slice_apart() -> None:
    known = {"resourceType": "ValueSet", "url": "http://example.org/vs", "status": "active"}
    known["compose"] = {"include": [{"system": CATEGORIES, "concept": [{"code": "exam"}]}]}
    assert errors(observation(category=[OTHER]), by_value_set(ELSEWHERE)) == []
    assert errors(observation(category=[OTHER, OTHER]), by_value_set(ELSEWHERE)) == []
    assert errors(observation(category=[OTHER]), by_value_set(known["url"]), known) == [
        ("slice-required", "Observation")
    ]
    assert errors(observation(category=[category("exam")]), by_value_set(known["url"]), known) == []
    assert errors(observation(category=[]), by_value_set(ELSEWHERE)) != []


@pytest.mark.parametrize("loaded", [False, True])
def test_a_profile_that_is_not_loaded_tells_no_slice_apart(loaded: bool) -> None:
    sliced = profile(
        "codings",
        "Observation",
        {"id": "Observation.code.coding", "slicing": by("pattern", "system")},
        {
            **{"id": "Observation.code.coding:own", "max": "1"},
            "type": [{"code": "Coding", "profile": ["http://example.org/own-coding"]}],
        },
    )
    own = profile("own-coding", "Coding", {"id": "Coding.system", "min": 1, "patternUri": "urn:own"})
    codings = [{"system": "urn:own", "code": "1"}, {"system": "urn:other", "code": "2"}, {"system": "urn:own"}]
    found = errors(observation(code={"coding": codings}), sliced, *([own] if loaded else []))
    assert found == ([("slice-too-many", "Observation.code.coding")] if loaded else [])


def test_what_is_forbidden_of_an_unknown_profile_is_not_all_there_is() -> None:
    sliced = profile(
        "address",
        "Patient",
        {"id": "Patient.address", "type": [{"code": "Address", "profile": [ELSEWHERE]}]},
        {"id": "Patient.address.line.extension:street", "max": "0"},
    )
    house = {"url": "http://hl7.org/fhir/StructureDefinition/iso21090-ADXP-houseNumber", "valueString": "2"}
    address = {"line": ["2"], "_line": [{"extension": [house]}]}
    found = errors({"resourceType": "Patient", "address": [address]}, sliced)
    assert "slice-too-many" not in {code for code, _ in found}
