"""Questionnaires and the answers to them (FHIR R4 questionnaire.html, questionnaireresponse.html)."""

from decimal import Decimal
from typing import Any

import pytest

from profiles.registry import Registry
from tests.strictly import validate

Json = dict[str, Any]
URL = "http://example.com/Questionnaire/intake"
CORE = "http://hl7.org/fhir/StructureDefinition/"
UCUM = "http://unitsofmeasure.org"


def question(link: str, kind: str = "string", **more: Any) -> Json:
    return {"linkId": link, "type": kind, **more}


def form(*items: Json, **more: Any) -> Json:
    return {"resourceType": "Questionnaire", "url": URL, "status": "active", "item": list(items), **more}


def answer(link: str, *values: Any, name: str = "valueString", **more: Any) -> Json:
    return {"linkId": link, **({"answer": [{name: value} for value in values]} if values else {}), **more}


def findings(questionnaire: Json, *items: Json, status: str = "completed") -> list[tuple[str, str]]:
    response: Json = {"resourceType": "QuestionnaireResponse", "questionnaire": URL, "status": status}
    if items:
        response["item"] = list(items)
    found = validate(response, registry=Registry([questionnaire]))
    return [(issue.code, issue.expression.removeprefix("QuestionnaireResponse")) for issue in found]


def codes(questionnaire: Json, *items: Json, status: str = "completed") -> list[str]:
    return [code for code, _ in findings(questionnaire, *items, status=status)]


def extension(name: str, **value: Any) -> Json:
    return {"url": name if ":" in name else CORE + name, **value}


# -------------------------------------------------------------------------------------------------- Questionnaire


def conditional(link: str, on: str, **more: Any) -> Json:
    condition = {"question": on, "operator": "exists", "answerBoolean": True}
    return question(link, enableWhen=[condition], **more)


def of_form(*items: Json, **more: Any) -> list[tuple[str, str]]:
    return [(issue.code, issue.severity) for issue in validate(form(*items, **more))]


def test_a_condition_is_about_a_question_before() -> None:
    assert of_form(question("a"), conditional("b", "a")) == []
    assert of_form(conditional("b", "a"), question("a")) == [("questionnaire-enable-after", "warning")]


def test_a_condition_is_about_a_question_of_the_form() -> None:
    assert of_form(conditional("b", "nowhere")) == [("questionnaire-enable-target", "error")]


def test_an_item_does_not_depend_on_itself_or_what_is_in_it() -> None:
    assert of_form(conditional("b", "b")) == [("questionnaire-enable-inside", "error")]
    group = conditional("g", "inner", item=[question("inner")]) | {"type": "group"}
    assert of_form(group) == [("questionnaire-enable-inside", "error")]


def test_an_item_may_depend_on_the_group_around_it() -> None:
    assert of_form(question("g", "group", item=[conditional("b", "g")])) == []


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, []),
        ({"repeats": True}, ["questionnaire-derived"]),
        ({"required": False}, ["questionnaire-derived"]),
        ({"maxLength": 11}, ["questionnaire-derived"]),
        ({"type": "text"}, ["questionnaire-derived"]),
        ({"linkId": "new"}, ["questionnaire-derived-item"]),
    ],
)
def test_a_form_that_complies_with_another_is_as_strict(changed: Json, expected: list[str]) -> None:
    original = form(question("a", required=True, maxLength=10))
    coding = {"system": "http://hl7.org/fhir/questionnaire-derivationType", "code": "compliesWith"}
    kind = {"extension": [extension("questionnaire-derivationType", valueCoding=coding)]}
    own = form(question("a", required=True, maxLength=10) | changed, derivedFrom=[URL], _derivedFrom=[kind])
    own["url"] = URL + "-local"
    found = validate(own, registry=Registry([original]))
    assert [issue.code for issue in found if issue.code.startswith("questionnaire")] == expected


# ------------------------------------------------------------------------------------------------ items of a response


def test_a_response_that_follows_its_form_is_sound() -> None:
    both = form(question("a", required=True), question("g", "group", item=[question("b", repeats=True)]))
    assert codes(both, answer("a", "x"), answer("g", item=[answer("b", "1", "2")])) == []


def test_an_unknown_form_is_a_warning() -> None:
    response = {"resourceType": "QuestionnaireResponse", "questionnaire": URL, "status": "completed"}
    assert [(i.code, i.severity) for i in validate(response)] == [("questionnaire-unknown", "warning")]


@pytest.mark.parametrize("part", [{"item": 3}, {"item": [3]}, {"effectivePeriod": True}])
def test_a_form_whose_structure_is_broken_counts_as_unknown(part: Json) -> None:
    assert codes(form(question("a")) | part, answer("a", "x")) == ["questionnaire-unknown"]


def test_a_form_may_be_contained() -> None:
    inside = form(question("a")) | {"id": "q"}
    response = {
        "resourceType": "QuestionnaireResponse",
        "contained": [inside],
        "questionnaire": "#q",
        "status": "completed",
        "item": [answer("b", "x")],
    }
    assert [i.code for i in validate(response) if i.refuses and i.code != "invariant-failed"] == [
        "response-item-unknown"
    ]


def test_an_item_is_one_of_the_form_and_in_its_place() -> None:
    nested = form(question("g", "group", item=[question("a")]))
    assert findings(nested, answer("z", "x")) == [("response-item-unknown", ".item[0]")]
    assert findings(nested, answer("a", "x")) == [("response-item-misplaced", ".item[0]")]


def test_items_keep_the_order_of_the_form() -> None:
    both = form(question("a"), question("b"))
    assert findings(both, answer("b", "x"), answer("a", "y")) == [("response-item-order", ".item[1]")]


def test_an_item_repeats_only_where_the_form_says_so() -> None:
    assert codes(form(question("a")), answer("a", "x"), answer("a", "y")) == ["response-item-repeated"]
    assert codes(form(question("a")), answer("a", "x", "y")) == ["response-answer-repeated"]
    assert codes(form(question("a", repeats=True)), answer("a", "x", "y")) == []


@pytest.mark.parametrize("status", ["completed", "amended"])
def test_a_required_answer_is_missing_when_the_response_is_complete(status: str) -> None:
    needed = form(question("a", required=True))
    assert codes(needed, status=status) == ["response-answer-missing"]
    assert codes(needed, {"linkId": "a", "id": "1"}, status=status) == ["response-answer-missing"]


def test_a_required_answer_is_awaited_before_that() -> None:
    assert codes(form(question("a", required=True)), status="in-progress") == ["response-answer-awaited"]


def test_groups_and_displays_have_no_answers() -> None:
    assert codes(form(question("g", "group")), answer("g", "x")) == ["response-answer-forbidden"]
    assert codes(form(question("d", "display")), answer("d", "x")) == ["response-answer-forbidden"]


def test_items_below_a_question_stand_in_its_answer() -> None:
    nested = form(question("a", item=[question("b")]))
    inside = {"linkId": "a", "answer": [{"valueString": "x", "item": [answer("b", "y")]}]}
    assert codes(nested, inside) == []
    assert codes(nested, answer("a", item=[answer("b", "y")])) == ["response-item-nesting"]


def test_the_text_of_an_item_is_that_of_the_form() -> None:
    named = form(question("a", text="姓名"))
    assert codes(named, answer("a", "x", text="姓名")) == []
    assert codes(named, answer("a", "x", text="年龄")) == ["response-item-text"]


# ------------------------------------------------------------------------------------------------------ conditions


@pytest.mark.parametrize(
    ("operator", "wanted", "given", "enabled"),
    [
        ("=", {"answerInteger": 3}, {"valueInteger": 3}, True),
        ("=", {"answerInteger": 3}, {"valueInteger": 4}, False),
        ("!=", {"answerInteger": 3}, {"valueInteger": 4}, True),
        (">", {"answerDecimal": Decimal("1.5")}, {"valueDecimal": 2}, True),
        ("<=", {"answerDate": "2026-01-01"}, {"valueDate": "2026-01-02"}, False),
        ("exists", {"answerBoolean": True}, {"valueString": "x"}, True),
        ("exists", {"answerBoolean": False}, {"valueString": "x"}, False),
        ("=", {"answerCoding": {"system": "http://a", "code": "x"}}, {"valueCoding": {"code": "x"}}, False),
        ("=", {"answerCoding": {"code": "x"}}, {"valueCoding": {"system": "http://a", "code": "x"}}, True),
        ("=", {"answerString": "1"}, {"valueInteger": 1}, False),
        (
            ">",
            {"answerQuantity": {"value": 1, "system": UCUM, "code": "kg"}},
            {"valueQuantity": {"value": 1500, "system": UCUM, "code": "g"}},
            True,
        ),
    ],
)
def test_only_enabled_items_are_answered(operator: str, wanted: Json, given: Json, enabled: bool) -> None:
    from profiles.validator.rules.enabling import Form
    from profiles.validator.rules.enabling import enabled as is_enabled
    from profiles.validator.rules.questionnaire import items

    questionnaire = form(question("a"), question("b", enableWhen=[{"question": "a", "operator": operator, **wanted}]))
    response = {"item": [{"linkId": "a", "answer": [given]}]}
    about = Form(questionnaire, items(questionnaire), response)
    assert is_enabled(questionnaire["item"][1], about, ()) is enabled


def test_an_answer_to_a_disabled_item_is_an_error() -> None:
    both = form(question("a"), conditional("b", "a", required=True))
    assert findings(both, answer("b", "x")) == [("response-item-disabled", ".item[0]")]
    assert codes(both) == []
    assert codes(both, answer("a", "x")) == ["response-answer-missing"]


def test_any_or_all_conditions_must_hold() -> None:
    conditions = [{"question": on, "operator": "exists", "answerBoolean": True} for on in ("a", "b")]
    for behaviour, expected in (("any", []), ("all", ["response-item-disabled"])):
        item = question("c", enableWhen=conditions, enableBehavior=behaviour)
        assert codes(form(question("a"), question("b"), item), answer("a", "x"), answer("c", "x")) == expected


def test_in_a_repeating_group_the_nearest_answer_counts() -> None:
    group = question("g", "group", repeats=True, item=[question("a"), conditional("b", "a")])
    first, second = answer("g", item=[answer("a", "x")]), answer("g", item=[answer("b", "x")])
    assert findings(form(group), first, second) == [("response-item-disabled", ".item[1].item[0]")]


def test_a_condition_may_be_an_expression() -> None:
    written = {"language": "text/fhirpath", "expression": "%resource.item.where(linkId='a').answer.exists()"}
    url = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-enableWhenExpression"
    item = question("b", extension=[{"url": url, "valueExpression": written}])
    assert codes(form(question("a"), item), answer("b", "x")) == ["response-item-disabled"]
    assert codes(form(question("a"), item), answer("a", "x"), answer("b", "x")) == []


# --------------------------------------------------------------------------------------------------------- answers


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        ("boolean", "valueBoolean", True),
        ("decimal", "valueDecimal", Decimal("1.5")),
        ("integer", "valueInteger", 1),
        ("date", "valueDate", "2026-03-01"),
        ("dateTime", "valueDateTime", "2026-03-01"),
        ("time", "valueTime", "08:00:00"),
        ("string", "valueString", "x"),
        ("text", "valueString", "x"),
        ("url", "valueUri", "http://example.com"),
        ("choice", "valueCoding", {"system": "http://example.com/cs", "code": "x"}),
        ("open-choice", "valueString", "x"),
        ("attachment", "valueAttachment", {"contentType": "image/png", "url": "http://example.com/x.png"}),
        ("reference", "valueReference", {"reference": "Patient/a"}),
        ("quantity", "valueQuantity", {"value": 1, "system": UCUM, "code": "kg"}),
    ],
)
def test_an_answer_is_of_the_type_of_its_question(kind: str, name: str, value: Any) -> None:
    assert "response-answer-type" not in codes(form(question("a", kind)), answer("a", value, name=name))
    other, wrong = ("integer", 1) if kind not in ("integer", "choice", "open-choice") else ("boolean", True)
    assert codes(form(question("a", kind)), answer("a", wrong, name="value" + other.capitalize())) == [
        "response-answer-type"
    ]


def test_an_answer_is_one_of_the_options() -> None:
    x, y = ({"system": "http://example.com/cs", "code": code} for code in "xy")
    choice = question("a", "choice", answerOption=[{"valueCoding": x}])
    assert "response-answer-option" not in codes(form(choice), answer("a", x, name="valueCoding"))
    assert "response-answer-option" in codes(form(choice), answer("a", y, name="valueCoding"))


def test_an_open_choice_takes_free_text_but_no_other_code() -> None:
    x, y = ({"system": "http://example.com/cs", "code": code} for code in "xy")
    choice = question("a", "open-choice", answerOption=[{"valueCoding": x}])
    assert codes(form(choice), answer("a", "其他")) == []
    assert "response-answer-option" in codes(form(choice), answer("a", y, name="valueCoding"))


def test_an_exclusive_option_stands_alone() -> None:
    none = {"system": "http://example.com/cs", "code": "none"}
    x = {"system": "http://example.com/cs", "code": "x"}
    exclusive = {"valueCoding": none, "extension": [extension("questionnaire-optionExclusive", valueBoolean=True)]}
    choice = question("a", "choice", repeats=True, answerOption=[exclusive, {"valueCoding": x}])
    assert "response-answer-exclusive" in codes(form(choice), answer("a", none, x, name="valueCoding"))
    assert "response-answer-exclusive" not in codes(form(choice), answer("a", none, name="valueCoding"))


def test_an_answer_comes_from_the_value_set() -> None:
    genders = "http://hl7.org/fhir/ValueSet/administrative-gender"
    choice = form(question("a", "choice", answerValueSet=genders))
    system = "http://hl7.org/fhir/administrative-gender"
    assert codes(choice, answer("a", {"system": system, "code": "male"}, name="valueCoding")) == []
    assert "response-answer-valueset" not in codes(choice, answer("a", {"code": "male"}, name="valueCoding"))
    assert "response-answer-valueset" in codes(choice, answer("a", {"code": "mail"}, name="valueCoding"))
    wrong = codes(choice, answer("a", {"system": "http://example.com/cs", "code": "male"}, name="valueCoding"))
    assert "response-answer-valueset" in wrong


def test_the_value_set_may_be_contained_in_the_form() -> None:
    inside = {
        "resourceType": "ValueSet",
        "id": "vs",
        "status": "active",
        "compose": {"include": [{"system": "http://example.com/cs", "concept": [{"code": "x"}]}]},
    }
    choice = form(question("a", "choice", answerValueSet="#vs"), contained=[inside])
    x, y = ({"system": "http://example.com/cs", "code": code} for code in "xy")
    assert "response-answer-valueset" not in codes(choice, answer("a", x, name="valueCoding"))
    assert "response-answer-valueset" in codes(choice, answer("a", y, name="valueCoding"))


def test_a_value_set_that_is_not_loaded_is_a_warning() -> None:
    choice = form(question("a", "choice", answerValueSet="http://example.com/ValueSet/x"))
    found = codes(choice, answer("a", {"system": "http://example.com/cs", "code": "x"}, name="valueCoding"))
    assert "response-valueset-unknown" in found
    assert "response-answer-valueset" not in found


@pytest.mark.parametrize(
    ("item", "name", "value", "expected"),
    [
        ({"extension": [extension("minValue", valueInteger=3)]}, "integer", 2, ["response-answer-small"]),
        ({"extension": [extension("minValue", valueInteger=3)]}, "integer", 3, []),
        ({"extension": [extension("maxValue", valueDate="2026-01-01")]}, "date", "2026-02", ["response-answer-large"]),
        ({"extension": [extension("maxValue", valueDate="2026-01-01")]}, "date", "2026", []),
        ({"extension": [extension("maxDecimalPlaces", valueInteger=1)]}, "decimal", Decimal("1.25"), ["precision"]),
        ({"extension": [extension("maxDecimalPlaces", valueInteger=2)]}, "decimal", Decimal("1.25"), []),
        ({"maxLength": 3}, "string", "abcd", ["response-answer-long"]),
        ({"maxLength": 4}, "string", "abcd", []),
        ({"extension": [extension("minLength", valueInteger=5)]}, "string", "abcd", ["response-answer-short"]),
        ({"extension": [extension("regex", valueString="[0-9]+")]}, "string", "12a", ["response-answer-pattern"]),
        ({"extension": [extension("regex", valueString="[0-9]+")]}, "string", "12", []),
        (
            {"extension": [extension("questionnaire-minOccurs", valueInteger=2)]},
            "string",
            "x",
            ["response-answers-few"],
        ),
        ({}, "string", "a\nb", ["response-answer-lines"]),
    ],
)
def test_an_answer_keeps_the_limits_of_its_question(item: Json, name: str, value: Any, expected: list[str]) -> None:
    found = codes(form(question("a", name, **item)), answer("a", value, name="value" + name.capitalize()))
    assert found == [code if "-" in code else f"response-answer-{code}" for code in expected]


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [
        ({"value": 1, "system": UCUM, "code": "kg"}, []),
        ({"value": 100, "system": UCUM, "code": "g"}, ["response-answer-small"]),
        ({"value": 1, "unit": "kg"}, ["response-answer-incomparable"]),
    ],
)
def test_a_quantity_is_compared_in_units(quantity: Json, expected: list[str]) -> None:
    url = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-minQuantity"
    least = extension(url, valueQuantity={"value": Decimal("0.5"), "system": UCUM, "code": "kg"})
    item = question("a", "quantity", extension=[least])
    assert codes(form(item), answer("a", quantity, name="valueQuantity")) == expected


def test_a_unit_is_one_of_those_offered() -> None:
    offered = extension("questionnaire-unitOption", valueCoding={"system": UCUM, "code": "kg"})
    item = form(question("a", "quantity", extension=[offered]))
    assert codes(item, answer("a", {"value": 1, "system": UCUM, "code": "kg"}, name="valueQuantity")) == []
    grams = answer("a", {"value": 1, "system": UCUM, "code": "g"}, name="valueQuantity")
    assert codes(item, grams) == ["response-answer-unit"]


def test_an_attachment_is_of_a_type_and_size_that_is_asked_for() -> None:
    item = form(question("a", "attachment", extension=[extension("mimeType", valueCode="image/")]))
    assert codes(item, answer("a", {"contentType": "image/png", "data": "aGVsbG8="}, name="valueAttachment")) == []
    other = answer("a", {"contentType": "text/plain", "data": "aGVsbG8="}, name="valueAttachment")
    assert codes(item, other) == ["response-attachment-type"]
    small = form(question("a", "attachment", extension=[extension("maxSize", valueDecimal=Decimal(4))]))
    assert codes(small, other) == ["response-attachment-size"]


def test_a_reference_leads_to_a_type_that_is_asked_for() -> None:
    allowed = extension("questionnaire-referenceResource", valueCode="Patient")
    item = form(question("a", "reference", extension=[allowed]))
    assert codes(item, answer("a", {"reference": "Patient/a"}, name="valueReference")) == []
    wrong = answer("a", {"reference": "http://example.com/fhir/Group/a"}, name="valueReference")
    assert codes(item, wrong) == ["response-answer-target"]
