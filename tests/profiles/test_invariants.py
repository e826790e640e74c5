"""The table of rules fits the definitions, and each rule that compares does so rightly."""

import random
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from profiles import parse
from profiles.archive import core
from profiles.definitions import structure
from profiles.fhirpath.model import Model, model_of
from profiles.registry import CORE
from profiles.validator.compile import check_at
from profiles.validator.constraints import question
from profiles.validator.finding import unsound
from profiles.validator.invariants import _ROWS, INVARIANTS, in_order, invariant
from profiles.validator.item import Item
from profiles.validator.place import top


def test_every_rule_is_one_of_r4_and_stands_once() -> None:
    known = {row["key"] for row in core("structures").member("_constraints") if row["severity"] == "error"}
    assert {key.rpartition(":")[2] for key in INVARIANTS} <= known
    assert len(INVARIANTS) == len(_ROWS)


@pytest.mark.parametrize(
    ("low", "high", "holds"),
    [
        ("2026-03-01", "2026-03-01", True),
        ("2026-03-02", "2026-03-01", False),
        ("2026", "2026-03-01", True),
        ("2026-03-31", "2026-03", True),
        ("2027", "2026-12-31", False),
        ("2026-03-01T08:00:00+08:00", "2026-03-01T00:00:00Z", True),
        ("2026-03-01T08:00:01+08:00", "2026-03-01T00:00:00Z", False),
        ("2026-03-01T08:00:00+08:00", "2026-03-01", True),
        ("2026-03-01T08:00:00.123456789Z", "2026-03-01T08:00:00.2Z", True),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z", True),
    ],
)
def test_dates_are_compared_as_far_as_both_go(low: str, high: str, holds: bool) -> None:
    assert in_order(low, high) is holds


SOUND_AND_BROKEN = [
    ("con-4", {"abatementDateTime": "2026", "clinicalStatus": {"coding": [
        {"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "resolved"}]}},
     {"abatementDateTime": "2026"}),
    ("con-5", {"clinicalStatus": {}}, {"clinicalStatus": {}, "verificationStatus": {"coding": [
        {"system": "http://terminology.hl7.org/CodeSystem/condition-ver-status", "code": "entered-in-error"}]}}),
    ("ait-1", {"clinicalStatus": {}}, {}),
    ("app-2", {"start": "a", "end": "b"}, {"start": "a"}),
    ("app-3", {"status": "proposed"}, {"status": "booked"}),
    ("app-4", {"cancelationReason": {}, "status": "noshow"}, {"cancelationReason": {}, "status": "booked"}),
    ("rat-1", {"numerator": {}, "denominator": {}}, {"numerator": {}}),
    ("org-3", {"telecom": [{"use": "work"}]}, {"telecom": [{"use": "home"}]}),
    ("tim-9", {"offset": 5, "when": ["AC"]}, {"offset": 5, "when": ["C"]}),
    ("tim-5", {"period": 0}, {"period": -1}),
    ("age-1", {"value": 3, "code": "a"}, {"value": 0, "code": "a"}),
    ("cnt-3", {"value": 3, "code": "1"}, {"value": 3, "code": "2"}),
    ("drt-1", {"code": "d", "system": "http://unitsofmeasure.org", "value": 1}, {"code": "d", "value": 1}),
    ("dom-5", {"contained": [{"meta": {"profile": []}}]}, {"contained": [{"meta": {"security": [{}]}}]}),
    ("Task:inv-1", {"authoredOn": "2026-01-01", "lastModified": "2026-01-02"},
     {"authoredOn": "2026-01-02", "lastModified": "2026-01-01"}),
    ("bdl-2", {"type": "searchset", "entry": [{"search": {}}]}, {"type": "history", "entry": [{"search": {}}]}),
    ("bdl-4", {"type": "batch-response", "entry": [{"response": {}}]},
     {"type": "collection", "entry": [{"response": {}}]}),
    ("bdl-8", {"fullUrl": "http://a/Patient/1"}, {"fullUrl": "http://a/Patient/1/_history/1"}),
    ("bdl-10", {"type": "document", "timestamp": "2026"}, {"type": "document"}),
    ("bdl-12", {"type": "message", "entry": [{"resource": {"resourceType": "MessageHeader"}}]}, {"type": "message"}),
]  # fmt: skip


@pytest.mark.parametrize(("key", "sound", "broken"), SOUND_AND_BROKEN, ids=[row[0] for row in SOUND_AND_BROKEN])
def test_rule_holds_and_breaks(key: str, sound: dict[str, object], broken: dict[str, object]) -> None:
    rule = INVARIANTS[key]
    assert rule.holds(sound)
    assert not rule.holds(broken)
    assert not rule.when or set(rule.when) & broken.keys()


# ------------------------------------------------------------------- what plain functions say is what FHIRPath says


def differences(path: str, value: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The rules on an object about which its plain function and its expression disagree."""
    definition = structure(path.partition(".")[0])
    assert definition is not None
    element = next(one for one in definition["snapshot"]["element"] if one["path"] == path)
    item, place = Item(value, None, "", path), top(value, CORE)
    for constraint in element.get("constraint", ()):
        rule = invariant(path.partition(".")[0], constraint["key"])
        if rule is None or constraint["severity"] != "error":
            continue
        asked = question(constraint, path)
        assert asked is not None
        plain = not (not rule.when or any(name in value or "_" + name in value for name in rule.when))
        if (plain or rule.holds(value)) != (asked(item, place) is None):
            yield path, constraint["key"]


# Plain functions are stricter where an expression is empty for want of a system or an entry, and so says nothing.
STRICTER = {("Duration", "drt-1"), ("Bundle", "bdl-11"), ("Bundle", "bdl-12")}


@pytest.mark.shared
def test_plain_functions_say_what_the_expressions_say() -> None:
    chance = random.Random(4)
    asked, found = 0, set()
    for resource in official_examples():
        for model, value in objects(resource, model_of(resource)):
            bent = {key: child for key, child in value.items() if key == "resourceType" or chance.random() > 0.2}
            for one in (value, bent):
                if len(one) > ("resourceType" in one):
                    asked += 1
                    found |= set(differences(model.path, one)) if sound_shape(model.path, one) else set()
    assert asked > 10_000
    assert found <= STRICTER


def sound_shape(path: str, value: dict[str, Any]) -> bool:
    """Rules are asked of what is whole: every needed element is there."""
    found = check_at(path.partition(".")[0], path)(value, top(value, CORE)) or []
    return all(problem.code == "invariant-failed" or not unsound([problem]) for problem in found)


def objects(value: Any, model: Model | None) -> Iterator[tuple[Model, dict[str, Any]]]:
    """Every object of a resource with its type."""
    if type(value) is not dict or model is None:
        return
    model = model_of(value, model)
    if model.name and not model.primitive:
        yield model, value
    model.children()
    for key, child in value.items():
        place = model.fields.get(key)
        for one in child if type(child) is list else [child]:
            if place is not None:
                yield from objects(one, place.model or (model_of(one) if type(one) is dict else None))


def official_examples() -> Iterator[dict[str, Any]]:
    with tarfile.open(Path(__file__).parents[3] / "shared" / "oracles" / "r4-examples.tar.xz") as archive:
        for number, member in enumerate(archive):
            stream = archive.extractfile(member) if member.size < 50_000 and number % 3 == 0 else None
            resource = parse(stream.read())[0] if stream is not None else None
            if resource is not None:
                yield resource
