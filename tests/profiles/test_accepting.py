"""What is accepted at once would not be refused by a closer look; and what is sound is mostly accepted at once."""

import inspect
import re
import tarfile
from collections.abc import Callable
from copy import deepcopy
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.pipeline import prepare
from adapters.site import load
from benchmarks.messages import adt, long_oru, oru
from mappers.profile import declared
from profiles import parse, refusals, validate
from profiles.fhirpath import compile as compiled
from profiles.fingerprint import fingerprint
from profiles.issue import kinds
from profiles.registry import Registry
from profiles.shelf import GUIDE
from profiles.validator import accepting_form, accepting_parts
from profiles.validator.accepting import accepts
from profiles.validator.certain import certain
from profiles.validator.finding import ADVISED
from profiles.validator.primitives import PRIMITIVES
from profiles.validator.rules import GENTLY
from profiles.validator.rules.narrative import in_its_language
from profiles.validator.rules.period import comparable
from tests.profiles.test_validate_straight import OFFICIAL, PARTS, RULES, Json, broken, guide_examples

# ------------------------------------------------------------------------------------------------- the same verdict


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> Registry:
    """A registry for which code is written for whatever is seen."""
    monkeypatch.setattr(accepting_form, "OFTEN", 1)
    monkeypatch.setattr(accepting_form, "MOST", 10**6)
    monkeypatch.setattr(accepting_form, "_PATIENCE", 10**6)
    return Registry(shelf=GUIDE)


def is_sound(resource: Json, registry: Registry) -> bool:
    return not any(issue.refuses for issue in validate(resource, registry=registry))


def share_accepted(resources: list[Json], registry: Registry) -> float:
    """Of those that are sound; and nothing else is accepted, neither the first nor the second time."""
    accepted = sound = 0
    for resource in resources:
        verdicts = {accepts(resource, registry) for _ in range(2)}
        if is_sound(resource, registry):
            sound += 1
            accepted += True in verdicts
        else:
            assert verdicts == {False}, resource
    return accepted / sound


def translated() -> list[Json]:
    book = load()
    found: list[Json] = []
    for kind in (adt, oru, long_oru):
        mapped = prepare(kind(7), book, 0, channel="replay").mapped
        assert mapped is not None
        found += [declared(statement.resource) for statement in mapped.statements]
    return found


def test_nothing_is_accepted_that_is_refused(eager: Registry) -> None:
    sound = guide_examples()
    assert share_accepted(sound, eager) > 0.9
    assert share_accepted(list(broken(sound, 2000)), eager) > 0.8


def test_every_resource_of_a_translated_message_is_accepted_and_none_that_was_broken(eager: Registry) -> None:
    sound = translated()
    assert all(accepts(resource, eager) for resource in sound)
    assert share_accepted(list(broken(sound, 2000, seed=5)), eager) > 0.95


def test_as_long_as_there_is_no_code_the_checks_themselves_answer(
    monkeypatch: pytest.MonkeyPatch, eager: Registry
) -> None:
    monkeypatch.setattr(accepting_form, "OFTEN", 6)
    sound = translated()
    resources = [one for several in zip(*[sound] * 12, strict=True) for one in several]
    assert share_accepted(resources, eager) > 0.5
    assert share_accepted(list(broken(sound, 700, seed=9)), eager) > 0.5


@pytest.mark.shared
def test_no_official_example_is_accepted_that_is_refused(eager: Registry) -> None:
    with tarfile.open(OFFICIAL) as archive:
        files = [stream.read() for member in archive if (stream := archive.extractfile(member)) is not None]
    sound = [one for data in files if len(data) < 20_000 and (one := parse(data)[0]) is not None]
    assert share_accepted(sound, eager) > 0.9
    assert share_accepted(list(broken(sound, 1500)), eager) > 0.8


# ------------------------------------------------------------------------------------------------------------- traps

_PATIENT: Json = {
    "resourceType": "Patient",
    "id": "a",
    "meta": {"profile": ["https://qiao-fhir.github.io/cmc/StructureDefinition/cmc-patient"]},
    "identifier": [{"system": "urn:oid:2.16.156.10011.1.3", "value": "999999199001010016"}],
    "name": [{"text": "测试患者"}],
    "contact": [{"name": {"text": "测试亲属"}}],
    "birthDate": "1990-01-31",
    "managingOrganization": {"reference": "Organization/b"},
}
_EXTENSION = "http://hl7.org/fhir/StructureDefinition/"
_LOCAL = {"reference": "#c"}
_HOUSE = {"resourceType": "Organization", "id": "c", "name": "B"}
TRAPS: dict[str, Json] = {
    "a control character": {"name": [{"text": "a\u0001"}]},
    "another one": {"name": [{"text": "a\f"}]},
    "a blank in a code": {"gender": "male "},
    "a day that is not": {"birthDate": "1990-02-31"},
    "no text where the profile wants it": {"name": [{"family": "b"}]},
    "a wrong check digit": {"identifier": [{"system": "urn:oid:2.16.156.10011.1.3", "value": "999999199001010017"}]},
    "a number of no system": {"identifier": [{"value": "1"}]},
    "no number": {"identifier": []},
    "a system of no number": {"identifier": [{"system": "urn:oid:2.16.156.10011.1.3"}]},
    "a house of another type": {"managingOrganization": {"reference": "Practitioner/b"}},
    "a type that the reference does not have": {
        "managingOrganization": {"reference": "Organization/b", "type": "Patient"}
    },
    "what is not contained": {"managingOrganization": _LOCAL},
    "what is contained and of another type": {
        "contained": [{"resourceType": "Patient", "id": "c"}],
        "managingOrganization": _LOCAL,
    },
    "what is contained and not used": {"contained": [_HOUSE]},
    "what is contained and only spoken of": {"contained": [_HOUSE], "name": [{"text": 'as "#c'}]},
    "what is contained and wrong": {"contained": [{**_HOUSE, "name": 1}], "managingOrganization": _LOCAL},
    "what is contained and nameless": {
        "contained": [_HOUSE, {"resourceType": "Group"}],
        "managingOrganization": _LOCAL,
    },
    "what contains something": {
        "contained": [{**_HOUSE, "contained": [{**_HOUSE, "id": "d"}], "partOf": {"reference": "#d"}}],
        "managingOrganization": _LOCAL,
    },
    "an unknown modifier": {"modifierExtension": [{"url": "https://somewhere.org/x", "valueString": "x"}]},
    "an extension at the wrong place": {
        "extension": [{"url": _EXTENSION + "patient-birthTime", "valueDateTime": "1990-01-31T08:00:00+08:00"}]
    },
    "an extension of another type": {"_birthDate": {"extension": [{"url": _EXTENSION + "patient-birthTime"}]}},
    "an extension too many": {"extension": 2 * [{"url": _EXTENSION + "patient-birthPlace", "valueString": "x"}]},
    "an extension without a name": {"extension": [{"valueString": "x"}]},
    "nobody to speak to": {"contact": [{"relationship": [{"text": "x"}]}]},
    "two of one choice": {"deceasedBoolean": False, "deceasedDateTime": "2026-01-01"},
    "no such element": {"nickname": "x"},
    "a profile of another type": {"meta": {"profile": [_EXTENSION + "bp"]}},
}


@pytest.mark.parametrize("change", TRAPS.values(), ids=list(TRAPS))
def test_a_fault_is_found_beside_what_is_sound(eager: Registry, change: Json) -> None:
    for _ in range(3):
        assert accepts(_PATIENT, eager)
        wrong = {**_PATIENT, **deepcopy(change)}
        assert not accepts(wrong, eager)
        assert refusals(wrong, registry=eager)


@pytest.mark.parametrize("literal", ["Group/a", "https://somewhere.org/Group/a", "#a", "Device/a"])
def test_a_target_that_only_the_type_allows_is_refused_by_the_profile(eager: Registry, literal: str) -> None:
    result = next(one for one in translated() if one["resourceType"] == "Observation")
    for _ in range(2):
        assert accepts(result, eager)
        wrong = {**result, "subject": {"reference": literal}}
        assert not accepts(wrong, eager)
        assert refusals(wrong, registry=eager)


WELCOME: dict[str, Json] = {
    "what is contained and used": {"contained": [_HOUSE], "managingOrganization": _LOCAL},
    "a birth time": {
        "_birthDate": {
            "extension": [{"url": _EXTENSION + "patient-birthTime", "valueDateTime": "1990-01-31T08:00:00+08:00"}]
        }
    },
    "an unknown extension": {"extension": [{"url": "https://somewhere.org/x", "valueString": "x"}]},
    "an unknown profile": {"meta": {"profile": ["https://somewhere.org/x"]}},
    "markup in a text": {"name": [{"text": "<b>x</b>"}]},
    "a backslash": {"name": [{"text": "a\\b\n"}]},
    "a system that nobody knows": {"maritalStatus": {"coding": [{"system": "https://somewhere.org/x", "code": "x"}]}},
}


@pytest.mark.parametrize("change", WELCOME.values(), ids=list(WELCOME))
def test_what_is_worth_a_warning_at_most_is_accepted(eager: Registry, change: Json) -> None:
    resource = {**_PATIENT, **change}
    assert refusals(resource, registry=eager) == ()
    if "\\" not in str(change):  # which JSON writes as it writes what no string may hold: looked at closely
        assert accepts(resource, eager)


@pytest.mark.parametrize("text", ["\u3000", "\ud800"])
def test_a_text_that_is_no_text_is_looked_at_closely(eager: Registry, text: str) -> None:
    assert not accepts({**_PATIENT, "name": [{"text": text}]}, eager)


def test_what_depends_on_its_surroundings_is_looked_at_closely(eager: Registry) -> None:
    for kind in ("Bundle", "Parameters"):
        assert not accepts({"resourceType": kind, "type": "collection"}, eager)


def test_what_stays_is_the_refusing_part_of_what_is_said() -> None:
    wrong = {**_PATIENT, "name": [{"text": 1}], "maritalStatus": {"coding": [{"code": "x"}]}}
    assert refusals(wrong) == tuple(issue for issue in validate(wrong) if issue.refuses)


# ------------------------------------------------------------------------------------------------------------ limits


def test_code_is_written_when_keys_come_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accepting_form, "OFTEN", 4)
    monkeypatch.setattr(accepting_form, "MOST", 10**6)
    registry, before = Registry(shelf=GUIDE), accepting_form.written
    house = {"resourceType": "Organization", "name": "x"}
    for _ in range(3):
        assert not accepts(house, registry)
    assert accepting_form.written == before
    assert accepts(house, registry)
    assert accepting_form.written == before + 1


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch, eager: Registry) -> None:
    monkeypatch.setattr(accepting_parts, "MOST", 5)
    accepting_parts._TAKEN.clear()
    for number in range(20):
        assert accepts({"resourceType": "Observation", "status": "final", "code": {"text": str(number)}}, eager)
    assert 0 < len(accepting_parts._TAKEN) <= 5
    long = {"resourceType": "Observation", "status": "final", "code": {"text": "x" * 5000}}
    accepting_parts._TAKEN.clear()
    assert accepts(long, eager)
    assert not accepting_parts._TAKEN


def test_words_are_remembered_and_bounded(monkeypatch: pytest.MonkeyPatch, eager: Registry) -> None:
    monkeypatch.setattr(accepting_parts, "_MOST_WORDS", 5)
    words = accepting_parts.WORDS[PRIMITIVES["dateTime"]].names["seen"]
    words.clear()
    result = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}}
    for day in range(10, 30):
        assert accepts({**result, "effectiveDateTime": f"2026-11-{day}"}, eager)
    assert 0 < len(words) <= 5
    assert not accepts({**result, "effectiveDateTime": "2026-11-31"}, eager)
    assert "2026-11-31" not in words


def test_keys_in_any_order_do_not_fill_the_memory(eager: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accepting_form, "_MOST_KEYS", 7)
    names = [("active", True), ("name", "x"), ("alias", ["y"]), ("language", "zh"), ("id", "z"), ("implicitRules", "w")]
    for order in permutations(names, 4):
        accepts({"resourceType": "Organization", **dict(order)}, eager)
    form = eager.cache["accepting"]["Organization",]
    assert len(form.runs) + len(form.seen) <= 7


def test_a_form_that_is_never_accepted_is_not_tried_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accepting_form, "_PATIENCE", 3)
    registry = Registry(shelf=GUIDE)
    for _ in range(10):
        assert not accepts({"resourceType": "Organization", "name": 1}, registry)
    assert registry.cache["accepting"]["Organization",].tried <= 4


def test_a_form_that_was_often_refused_is_accepted_again_when_sound_ones_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accepting_form, "_PATIENCE", 3)
    monkeypatch.setattr(accepting_form, "_SELDOM", 4)
    monkeypatch.setattr(accepting_form, "OFTEN", 1)
    monkeypatch.setattr(accepting_form, "MOST", 10**6)
    registry = Registry(shelf=GUIDE)
    for _ in range(100):
        accepts({"resourceType": "Organization", "name": 1}, registry)
    verdicts = [accepts({"resourceType": "Organization", "name": "x"}, registry) for _ in range(12)]
    assert verdicts.count(True) > 3
    assert all(verdicts[-4:])


# ------------------------------------------------------------------------------------------------------ what is gentle


@pytest.mark.parametrize("rule", sorted(GENTLY - {comparable, in_its_language}, key=lambda rule: rule.__name__))
def test_a_gentle_rule_has_no_word_that_refuses(rule: Callable[..., Any]) -> None:
    """Of the two that are left out, one speaks in conformance reports only, and one shares its file with another."""
    source = inspect.getsource(inspect.getmodule(rule))  # type: ignore[arg-type]
    said = set(re.findall(r'"([a-z]+(?:-[a-z]+)+)"', source)) & set(kinds())
    assert [code for code in said if kinds()[code].severity == "error" and not code.startswith(ADVISED)] == []


@pytest.mark.parametrize(
    "rule",
    (
        *RULES,
        "extension.where(url = 'a').exists()",
        "component.code.exists()",
        "interpretation.empty()",
        "code.text.exists()",
    ),
)
@settings(max_examples=60, deadline=None)
@given(names=st.sets(st.sampled_from(sorted(PARTS))), status=st.sampled_from(["final", "entered-in-error"]))
def test_what_is_certain_the_evaluation_says_as_well(rule: str, names: set[str], status: str) -> None:
    resource = {"resourceType": "Observation", **{name: PARTS[name] for name in names}}
    if "status" in resource:
        resource["status"] = status
    sure = certain(compiled(rule).tree, "Observation")
    verdict = sure(resource) if sure is not None else None
    if verdict is not None:
        assert compiled(rule, "Observation").truth(resource) is verdict


def test_a_chain_of_names_is_certain_where_it_leads_somewhere() -> None:
    rule = certain(compiled("what.identifier.value.exists()").tree, "Provenance.entity")
    assert rule is not None
    assert rule({"what": {"identifier": {"value": "a"}}}) is True
    assert rule({"what": {"identifier": {}}}) is None
    assert rule({"role": "source"}) is False
    assert certain(compiled("code.trace('x')").tree, "Observation") is None


# ------------------------------------------------------------------------------------------------------- fingerprints

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.decimals(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=200, deadline=None)
@given(one=JSON, other=JSON)
def test_only_equal_values_have_the_same_fingerprint(one: Any, other: Any) -> None:
    try:
        same = fingerprint(one) == fingerprint(other)
    except TypeError:  # half a character
        return
    assert same == (repr(one) == repr(other))


@pytest.mark.parametrize("value", [{1: "x"}, {"x": {1, 2}}, [object], "\ud800", 2**70], ids=repr)
def test_what_is_not_json_has_no_fingerprint(value: Any) -> None:
    with pytest.raises(TypeError):
        fingerprint(value)


def test_a_fingerprint_tells_numbers_from_texts() -> None:
    assert len({fingerprint(one) for one in (1, True, "1", Decimal("1"), Decimal("1.0"), "D1", [1])}) == 7
