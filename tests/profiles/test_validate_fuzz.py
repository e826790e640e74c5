"""Whatever a resource looks like, a validation with profiles ends, and says only what there is a sentence for."""

from copy import deepcopy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from profiles.issue import kinds
from profiles.registry import Registry
from profiles.validator import validate
from tests.profiles.conftest import RESOURCES
from tests.profiles.profile_maker import TYPES, Json, by, profile

LAB = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "laboratory"}]}
RULE = {
    "key": "x-1",
    "severity": "error",
    "human": "…",
    "expression": "code.coding.where(system = 'a').code.matches('b')",
}
WANTED = profile(
    "everything",
    "Observation",
    {"id": "Observation", "constraint": [RULE]},
    {"id": "Observation.category", "min": 1, "slicing": by("pattern", "$this", "closed", ordered=True)},
    {"id": "Observation.category:lab", "min": 1, "max": "1", "patternCodeableConcept": LAB},
    {"id": "Observation.code.coding", "slicing": by("value", "system")},
    {"id": "Observation.code.coding:loinc", "min": 1},
    {"id": "Observation.code.coding:loinc.system", "min": 1, "fixedUri": "http://loinc.org"},
    {"id": "Observation.subject", "type": [{"code": "Reference", "targetProfile": [TYPES + "Patient"]}]},
    {"id": "Observation.value[x]", "slicing": by("type", "$this", "closed")},
    {"id": "Observation.value[x]:valueQuantity", "type": [{"code": "Quantity"}]},
    {"id": "Observation.value[x]:valueQuantity.value", "minValueDecimal": 0},
    {"id": "Observation.component", "slicing": by("exists", "interpretation")},
    {"id": "Observation.component:with", "max": "1"},
    {"id": "Observation.component:with.interpretation", "min": 1},
    {"id": "Observation.hasMember", "slicing": by("profile", "resolve()")},
    {
        "id": "Observation.hasMember:same",
        "type": [{"code": "Reference", "targetProfile": ["http://example.org/everything"]}],
    },
)
REGISTRY = Registry([WANTED])
START: Json = {
    **RESOURCES["Observation"],
    "meta": {"profile": [WANTED["url"]]},
    "category": [LAB],
    "hasMember": [{"reference": "#a"}],
    "contained": [{"resourceType": "Observation", "id": "a", "status": "final", "code": {"text": "x"}}],
    "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/observation-bodyPosition", "valueCode": "x"}],
}
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.sampled_from(["http://loinc.org", "#", "a/b"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["url", "code", "coding", "system", "value", "reference", "extension", "resourceType", "_x"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)


def places(node: Any) -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = []
    for key, child in list(node.items()) if type(node) is dict else list(enumerate(node)):
        found.append((node, key))
        if type(child) in (dict, list):
            found += places(child)
    return found


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 10_000), JUNK), min_size=1, max_size=4))
def test_a_bent_resource_is_judged_by_its_profile(changes: list[tuple[int, Any]]) -> None:
    resource = deepcopy(START)
    for number, junk in changes:
        every = places(resource)
        if every:
            node, key = every[number % len(every)]
            node[key] = deepcopy(junk)
    for issue in validate(resource, profile=WANTED["url"], registry=REGISTRY):
        assert issue.code in kinds()
        assert issue.text("zh")


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 10_000), JUNK), min_size=1, max_size=4))
def test_a_bent_profile_is_worked_out_or_refused(changes: list[tuple[int, Any]]) -> None:
    bent = deepcopy(WANTED)
    for number, junk in changes:
        every = places(bent["differential"])
        if every:
            node, key = every[number % len(every)]
            node[key] = deepcopy(junk)
    for issue in validate(START, profile=WANTED["url"], registry=Registry([bent])):
        assert issue.code in kinds()
