"""Of copies that are bent where validators err, none is accepted at once that a closer look refuses."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest

from profiles import parse, refusals, validate
from profiles.registry import Registry
from profiles.shelf import GUIDE
from profiles.validator import accepting_form
from profiles.validator.accepting import accepts
from tests.profiles.bending import BENDERS, bent
from tests.profiles.profile_maker import TYPES, Json, by, profile
from tests.profiles.test_validate_straight import guide_examples


@pytest.fixture(autouse=True)
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Code is written for whatever is seen, after it was answered once by the checks themselves."""
    monkeypatch.setattr(accepting_form, "OFTEN", 2)
    monkeypatch.setattr(accepting_form, "MOST", 10**6)
    monkeypatch.setattr(accepting_form, "_PATIENCE", 10**6)


def judged(resources: Iterator[Json], registry: Registry) -> tuple[int, int]:
    """How many are sound, and how many of these are accepted at once; none else is, neither now nor later."""
    sound = accepted = 0
    for resource in resources:
        verdicts = [accepts(resource, registry) for _ in range(3)]
        wrong = [issue for issue in validate(resource, registry=registry) if issue.refuses]
        assert not (wrong and any(verdicts)), (wrong, resource)
        sound += not wrong
        accepted += any(verdicts)
    return sound, accepted


@pytest.mark.parametrize("seed", range(2))
def test_no_bent_copy_is_accepted_that_is_refused(seed: int) -> None:
    sound, accepted = judged(bent(guide_examples(), 1200, seed), Registry(shelf=GUIDE))
    assert accepted > 0.8 * sound > 100


def test_each_bender_makes_both_what_is_sound_and_what_is_not() -> None:
    """Or the test above would look at one side only."""
    changed = {bender.__name__ for bender in BENDERS}
    assert len(changed) > 14
    sound, _ = judged(bent(guide_examples(), 400, 99), Registry(shelf=GUIDE))
    assert 20 < sound < 380


# ------------------------------------------------------------------------------------- profiles with every kind of rule

_CODES = {"system": "urn:a", "concept": [{"code": "1"}, {"code": "2"}]}
_RULES = [
    {"key": "x-1", "severity": "error", "human": "a", "expression": "status = 'final' or performer.exists()"},
    {"key": "x-2", "severity": "error", "human": "a", "expression": "component.all(code.coding.exists())"},
    {"key": "x-4", "severity": "error", "human": "a", "expression": "contained.where(id = 'a').empty()"},
    {"key": "x-5", "severity": "warning", "human": "a", "expression": "issued.exists()"},
]


_ONE = {"coding": [{"system": "urn:a", "code": "1"}]}
_PATIENT = {"code": "Reference", "targetProfile": [TYPES + "Patient"]}
_AROUND = {"key": "x-3", "severity": "error", "human": "a", "expression": "%resource.id.exists() implies note.empty()"}


def _bound(url: str, strength: str = "required") -> Json:
    return {"strength": strength, "valueSet": url}


DEFINITIONS: list[Json] = [
    {
        **{"resourceType": "ValueSet", "url": "http://example.org/vs", "status": "active"},
        "compose": {"include": [_CODES]},
    },
    profile("own-coding", "Coding", {"id": "Coding.system", "min": 1, "fixedUri": "urn:a"}),
    profile(
        "extension",
        "Extension",
        {"id": "Extension.url", "fixedUri": "http://example.org/extension"},
        {"id": "Extension.value[x]", "min": 1, "type": [{"code": "code"}], "binding": _bound("http://example.org/vs")},
        context=[{"type": "element", "expression": "Observation"}],
    ),
    profile(
        "rules",
        "Observation",
        {"id": "Observation", "constraint": _RULES},
        {"id": "Observation.extension:own", "max": "1", "type": [{"code": "Extension", "profile": ["http://example.org/extension"]}]},
        {"id": "Observation.status", "min": 1, "patternCode": "final"},
        {"id": "Observation.category", "min": 1, "slicing": by("pattern", "$this", "closed", ordered=True)},
        {"id": "Observation.category:a", "min": 1, "max": "1", "patternCodeableConcept": _ONE},
        {"id": "Observation.category:b", "binding": _bound("http://example.org/vs")},
        {"id": "Observation.code.coding", "slicing": by("value", "system")},
        {"id": "Observation.code.coding:own", "min": 1, "max": "1", "type": [{"code": "Coding", "profile": ["http://example.org/own-coding"]}]},
        {"id": "Observation.code.coding:lost", "max": "1", "binding": _bound("http://example.org/lost")},
        {"id": "Observation.subject", "min": 1, "type": [_PATIENT]},
        {"id": "Observation.value[x]", "slicing": by("type", "$this", "closed")},
        {"id": "Observation.value[x]:valueQuantity", "type": [{"code": "Quantity"}]},
        {"id": "Observation.value[x]:valueQuantity.value", "min": 1, "maxValueDecimal": 100},
        {"id": "Observation.component", "slicing": by("value", "code", "openAtEnd")},
        {"id": "Observation.component:a", "max": "2"},
        {"id": "Observation.component:a.code", "patternCodeableConcept": {"coding": [{"system": "urn:a"}]}},
        {"id": "Observation.component:a.value[x]", "min": 1, "type": [{"code": "string"}], "maxLength": 3},
        {"id": "Observation.bodySite", "max": "0"},
        {"id": "Observation.performer", "min": 1, "max": "2"},
        {"id": "Observation.method.text", "min": 1},
        {"id": "Observation.identifier", "slicing": by("exists", "use")},
        {"id": "Observation.identifier:used", "min": 1},
        {"id": "Observation.identifier:used.use", "min": 1},
        {"id": "Observation.identifier:used.period", "max": "0"},
        {"id": "Observation.identifier:plain"},
        {"id": "Observation.identifier:plain.use", "max": "0"},
    ),
    profile(
        "around",
        "Observation",
        {"id": "Observation", "constraint": [_AROUND]},
        {"id": "Observation.subject", "type": [{**_PATIENT, "aggregation": ["referenced", "contained"]}]},
    ),
]  # fmt: skip
_CLAIM = {"profile": ["http://example.org/rules"]}
START: Json = {
    **{"resourceType": "Observation", "id": "o", "meta": _CLAIM, "status": "final"},
    "extension": [{"url": "http://example.org/extension", "valueCode": "1"}],
    "identifier": [{"use": "usual", "value": "1"}, {"system": "urn:b", "value": "2"}],
    "category": [{"coding": [{"system": "urn:a", "code": "1"}]}, {"coding": [{"system": "urn:a", "code": "2"}]}],
    "code": {"coding": [{"system": "urn:a", "code": "1"}, {"system": "urn:c", "code": "9"}]},
    "subject": {"reference": "Patient/p"},
    "valueQuantity": {"value": 7, "unit": "x"},
    "method": {"text": "x"},
    "performer": [{"reference": "Organization/a"}, {"reference": "Practitioner/b", "display": "x"}],
    "component": [
        {"code": {"coding": [{"system": "urn:a", "code": "2"}]}, "valueString": "abc"},
        {"code": {"coding": [{"system": "urn:b", "code": "1"}]}, "valueInteger": 1},
    ],
}


def _starts() -> list[Json]:
    inner = {"resourceType": "Patient", "id": "p", "name": [{"text": "x"}]}
    less = {key: value for key, value in START.items() if key not in ("component", "extension", "method")}
    held = {**less, "contained": [inner], "subject": {"reference": "#p"}}
    around = {**less, "meta": {"profile": ["http://example.org/around"]}}
    return [START, START, less, deepcopy(held), deepcopy(around)]


def test_what_it_starts_from_is_sound() -> None:
    registry = Registry(DEFINITIONS, GUIDE)
    assert [refusals(one, registry=registry) for one in _starts()] == 5 * [()]


@pytest.mark.parametrize("seed", range(2))
def test_no_bent_copy_under_a_profile_with_every_kind_of_rule_is_accepted_that_is_refused(seed: int) -> None:
    sound, accepted = judged(bent(_starts(), 2000, seed), Registry(DEFINITIONS, GUIDE))
    assert accepted > 0.5 * sound > 30


# ------------------------------------------------------------------------------------------------------- duplicate keys


@pytest.mark.parametrize(
    "text",
    [
        '{"resourceType":"Patient","gender":"x","gender":"male"}',
        '{"resourceType":"Patient","name":[{"text":"a","text":1,"text":"b"}]}',
    ],
)
def test_what_the_parser_refuses_never_comes_to_the_door(text: str) -> None:
    resource, issues = parse(text.encode())
    assert resource is None or any(issue.refuses for issue in issues)


@pytest.mark.parametrize(
    "wrong", [b"x", {1: "a"}, (1,), float("nan"), {"a", "b"}, object()], ids=lambda value: type(value).__name__
)
def test_what_no_json_holds_is_not_accepted(wrong: Any) -> None:
    registry = Registry(shelf=GUIDE)
    for _ in range(3):
        assert not accepts({"resourceType": "Patient", "multipleBirthInteger": wrong}, registry)
        assert not accepts({"resourceType": "Patient", "name": [{"text": wrong}]}, registry)
        assert not accepts(wrong, registry)
