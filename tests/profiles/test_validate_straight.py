"""Code of its own, memory and guards make the validator faster and change nothing of what it says."""

import random
import tarfile
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from profiles import parse, validate
from profiles.fhirpath import compile as compiled
from profiles.issue import Issue
from profiles.registry import OWN, Registry
from profiles.shelf import GUIDE
from profiles.validator import compile as compiling
from profiles.validator import constraints, evaluation, objects, remembered, straight
from profiles.validator.certain import settled
from profiles.validator.finding import finding
from profiles.validator.place import Place, top
from profiles.validator.reckoned import RECKONED
from tests.profiles.conftest import RESOURCES

Json = dict[str, Any]
EXAMPLES = Path(__file__).parents[2] / "profiles" / "package" / "example"
OFFICIAL = Path(__file__).parents[3] / "shared" / "oracles" / "r4-examples.tar.xz"
JUNK: list[Any] = [
    *(None, "", [], {}, 0, -5, True, "x", " x", "<b>hi</b>", "a < b", "#a", "Patient/1", "2020-02-30", 1.5),
    *([None], ["a", None], {"x": 1}, {"reference": "#zz"}, {"id": "a"}),
    {"extension": [{"url": "http://example.org/y", "valueString": "a"}]},
    {"coding": [{"system": "http://loinc.org", "code": "1"}]},
]
NAMES = (
    "id",
    "extension",
    "_id",
    "status",
    "code",
    "coding",
    "url",
    "value",
    "valueString",
    "system",
    "meta",
    "_status",
)

# ------------------------------------------------------------------------------------------------------ the same issues


def guide_examples() -> list[Json]:
    found = [parse(path.read_bytes())[0] for path in sorted(EXAMPLES.glob("*.json"))]
    return [*(one for one in found if one is not None), *RESOURCES.values()]


def broken(resources: list[Json], count: int, seed: int = 3) -> Iterator[Json]:
    """Copies with one or two faults each, at random places."""
    chance = random.Random(seed)
    for _ in range(count):
        resource = deepcopy(chance.choice(resources))
        for _ in range(chance.choice((1, 1, 2))):
            _break(resource, chance)
        yield resource


def _break(resource: Json, chance: random.Random) -> None:
    places = list(_places(resource))
    if not places:
        return
    holder, key = chance.choice(places)
    match chance.randrange(5):
        case 0:
            holder.pop(key)
        case 1:
            holder[key] = deepcopy(chance.choice(JUNK))
        case 2 if type(holder) is list:
            holder.append(deepcopy(holder[key]))
        case 3 if type(holder) is dict:
            holder[chance.choice(NAMES)] = deepcopy(holder[key])
        case _ if type(holder) is dict:
            holder[chance.choice(NAMES)] = deepcopy(chance.choice(JUNK))


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    for key in list(value) if type(value) is dict else range(len(value)):
        yield value, key
        if type(value[key]) in (dict, list):
            yield from _places(value[key])


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[bool], Registry]]:
    """Starts over with a validator that takes all the short cuts, or none; gives its registry."""

    def start(fast: bool) -> Registry:
        monkeypatch.undo()
        compiling._check_at.cache_clear()
        if fast:
            monkeypatch.setattr(straight, "OFTEN", 2)
        else:
            monkeypatch.setattr(straight, "OFTEN", 10**9)
            monkeypatch.setattr(compiling, "remembered", lambda check: check)
            monkeypatch.setattr("profiles.validator.extensions.remembered", lambda check: check)
            monkeypatch.setattr("profiles.validator.profile.remembered", lambda check, key_of=None: check)
            monkeypatch.setattr(evaluation, "settled", lambda *_: False)
            monkeypatch.setattr(constraints, "as_function", lambda _: None)
        return Registry(shelf=GUIDE)

    yield start
    compiling._check_at.cache_clear()


def said(resources: list[Json], registry: Registry, passes: int) -> list[tuple[Issue, ...]]:
    for _ in range(passes - 1):
        for resource in resources:
            validate(resource, registry=registry)
    return [validate(resource, registry=registry) for resource in resources]


def test_short_cuts_change_nothing_of_what_is_said(fresh: Callable[[bool], Registry]) -> None:
    sound = guide_examples()
    resources = [*sound, *broken(sound, 700)]
    slowly = said(resources, fresh(False), 1)
    before = straight.written
    quickly = said(resources, fresh(True), 3)
    assert straight.written > before + 100, "no code was written"
    for resource, one, other in zip(resources, slowly, quickly, strict=True):
        assert one == other, resource


@pytest.mark.shared
def test_short_cuts_change_nothing_for_the_official_examples(fresh: Callable[[bool], Registry]) -> None:
    with tarfile.open(OFFICIAL) as archive:
        files = [stream.read() for member in archive if (stream := archive.extractfile(member)) is not None]
    sound = [one for data in files if len(data) < 20_000 and (one := parse(data)[0]) is not None]
    resources = [*sound, *broken(sound, 700)]
    slowly = said(resources, fresh(False), 1)
    quickly = said(resources, fresh(True), 3)
    assert len(sound) > 300
    assert slowly == quickly


def test_a_key_sequence_gets_code_only_when_it_is_seen_often() -> None:
    shape = compiling.shape_at("Period", "Period")
    check = objects.object_check(shape)
    place = top({}, OWN)
    value = {"start": "2026-01-01"}
    for _ in range(straight.OFTEN - 1):
        check(value, place)
    interpreted = shape.plans["start",]
    check(value, place)
    assert shape.plans["start",] is not interpreted
    assert check(value, place) is None
    assert check({"start": "2026-13-01"}, place)


# ------------------------------------------------------------------------------------------------------------- memory


def test_a_code_of_a_contained_code_system_is_not_answered_from_memory() -> None:
    coding = {"system": "http://example.org/own", "code": "b"}
    resource = {**RESOURCES["Observation"], "category": [{"coding": [coding]}]}
    own = {
        "resourceType": "CodeSystem",
        "id": "own",
        "url": "http://example.org/own",
        "status": "active",
        "content": "complete",
        "concept": [{"code": "a"}],
    }
    for _ in range(80):
        assert "coding-code-unknown" not in {issue.details.get("code", issue.code) for issue in validate(resource)}
    contained = {**resource, "contained": [own], "hasMember": [{"reference": "#own"}]}
    assert "coding-code-unknown" in {issue.details.get("code", issue.code) for issue in validate(contained)}


def test_what_looks_around_is_asked_anew() -> None:
    asked: list[Any] = []

    def check(value: Any, place: Place) -> Any:
        asked.append(place.resource)
        return finding("element-empty")

    recall = remembered.remembered(check)
    for number in range(3):
        assert recall("x", top({"id": str(number)}, OWN))
    assert [one["id"] for one in asked] == ["0", "1", "2"]


def test_what_depends_on_the_value_alone_is_asked_once_and_not_remembered_for_ever() -> None:
    asked: list[Any] = []
    recall = remembered.remembered(lambda value, _: asked.append(value))
    place = top({}, Registry())
    for _ in range(3):
        recall({"code": "a"}, place)
    assert asked == [{"code": "a"}]
    recall({"code": "b" * remembered.LONGEST}, place)
    recall({"code": "b" * remembered.LONGEST}, place)
    assert len(asked) == 3
    for number in range(remembered.MOST + 1):
        recall(number, place)
    recall({"code": "a"}, place)
    assert len(asked) == remembered.MOST + 5


def test_true_and_one_are_different_values_to_the_memory() -> None:
    recall = remembered.remembered(lambda value, _: finding("element-type") if value is True else None)
    place = top({}, Registry())
    assert recall([1], place) is None
    recall = remembered.remembered(lambda value, _: finding("element-type") if value[0] is True else None)
    assert recall([1], place) is None
    assert recall([True], place)
    assert recall([1], place) is None


# ------------------------------------------------------------------------------------------------------------- guards

RULES = (
    "performer.exists()",
    "status = 'entered-in-error' or value.exists() or dataAbsentReason.exists() or component.exists()",
    "dataAbsentReason.empty() or value.empty()",
    "extension.where(url = 'a').empty() or interpretation.coding.where(code = 'N').empty()",
    "(status in ('final' | 'amended')).not() or performer.exists()",
    "value.exists() != dataAbsentReason.exists()",
    "component.exists() implies value.empty()",
    "note.text.all($this.matches('a'))",
)
PARTS: Json = {
    "status": "final",
    "performer": [{"reference": "Patient/a"}],
    "valueString": "x",
    "dataAbsentReason": {"text": "x"},
    "component": [{"code": {"text": "x"}}],
    "extension": [{"url": "a", "valueString": "x"}],
    "interpretation": [{"coding": [{"code": "N"}]}],
    "_valueString": {"extension": [{"url": "a", "valueString": "x"}]},
}


@pytest.mark.parametrize("rule", RULES)
@settings(max_examples=40, deadline=None)
@given(names=st.sets(st.sampled_from(sorted(PARTS))))
def test_what_the_keys_settle_the_evaluation_says_as_well(rule: str, names: set[str]) -> None:
    resource = {"resourceType": "Observation", **{name: PARTS[name] for name in names}}
    if settled(compiled(rule).tree, "Observation", tuple(resource)):
        assert compiled(rule, "Observation").truth(resource) is not False


def test_keys_settle_what_is_there_and_what_is_not() -> None:
    rule = compiled("value.empty() or performer.exists()").tree
    assert settled(rule, "Observation", ("status",))
    assert settled(rule, "Observation", ("valueQuantity", "performer"))
    assert not settled(rule, "Observation", ("valueQuantity",))
    assert not settled(compiled("unheard.empty()").tree, "Observation", ())


def test_each_reckoned_rule_is_one_of_the_guide() -> None:
    texts: set[str] = set()
    for path in (EXAMPLES.parent).glob("StructureDefinition-*.json"):
        definition, _ = parse(path.read_bytes())
        for element in (definition or {}).get("snapshot", {}).get("element", ()):
            texts |= {constraint.get("expression", "") for constraint in element.get("constraint", ())}
    assert set(RECKONED) <= texts


NUMBERS = (
    st.from_regex(r"[1-9][0-9]{5}(18|19|20)[0-9]{2}(0[1-9]|1[02])(0[1-9]|[12][0-9])[0-9]{3}[0-9X]", fullmatch=True)
    | st.from_regex(r"[0-9A-HJ-NPQRTUWXY]{18}", fullmatch=True)
    | st.sampled_from(["999999199001010016", "91330100MA27X0000A", "13800000135", "12345", "9" * 18, "1" * 19])
    | st.from_regex(r"1[0-9]{10}", fullmatch=True)
    | st.text(min_size=1, max_size=20)
)


@settings(max_examples=150, deadline=None)
@given(number=NUMBERS, use=st.sampled_from(["mobile", "home", None]))
def test_a_reckoned_rule_says_what_its_expression_says(number: str, use: str | None) -> None:
    contact = {"system": "phone", "value": number, **({"use": use} if use else {})}
    for text, reckon in RECKONED.items():
        if text.startswith("where"):
            assert reckon(contact) == (compiled(text, "ContactPoint").truth(contact) is not False)
        else:
            identifier = {"value": number}
            whole = compiled(f"value.all({text})", "Identifier").truth(identifier)
            assert reckon(number) == whole, text


# ---------------------------------------------------------------------------------------------------------- structure

STRUCTURAL: tuple[tuple[Json, str], ...] = (
    ({"status": None}, "element-empty"),
    ({"status": 1}, "element-type"),
    ({"nonsense": 1}, "element-unknown"),
    ({"issued": "2026-01-01"}, "primitive-invalid"),
    ({"valueString": "x", "valueInteger": 1}, "choice-too-many"),
    ({"category": {}}, "element-not-list"),
    ({"code": [{"text": "x"}]}, "element-is-list"),
)


@pytest.mark.parametrize(("change", "code"), STRUCTURAL)
def test_the_structure_alone_is_checked_in_every_entry(change: Json, code: str) -> None:
    observation = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}}
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": {**observation, **change}}]}
    (issue,) = validate(bundle, depth="structure")
    assert (issue.code, issue.expression[:25]) == (code, "Bundle.entry[0].resource" + issue.expression[24:25])


def test_the_structure_of_what_is_contained_is_checked_and_required_elements_are_missed() -> None:
    patient = {"resourceType": "Patient", "contained": [{"resourceType": "Observation", "id": "a", "status": "final"}]}
    assert [issue.code for issue in validate(patient, depth="structure")] == ["element-required"]


def test_structure_says_nothing_of_codes_rules_references_and_profiles() -> None:
    observation = {
        "resourceType": "Observation",
        "meta": {"profile": ["http://example.org/unknown"]},
        "status": "never-heard-of",
        "code": {"coding": [{"code": "x"}]},
        "subject": {"reference": "Medication/a"},
        "dataAbsentReason": {"text": "x"},
        "valueString": "x",
    }
    assert validate(observation, depth="structure") == ()
    assert {"code-not-in-valueset", "reference-target"} <= {issue.code for issue in validate(observation)}
