"""What is accepted at once and what a closer look refuses, for the rules of `test_unseen_*`."""

from __future__ import annotations

from typing import Any

import pytest

from profiles.registry import Registry
from profiles.validator import accepting_form, validate
from profiles.validator.accepting import accepts
from tests.profiles.reported import BASE, XHTML, extension_of, observation, profile, value_set

Json = dict[str, Any]
CLAIM = {"meta": {"profile": [BASE + "p"]}}
EXTENSION = [{"url": BASE + "e", "valueString": "x"}]
_LENGTH = "http://hl7.org/fhir/StructureDefinition/minLength"
_ADDITIONAL = "http://hl7.org/fhir/tools/StructureDefinition/additional-binding"
_PURPOSE = [
    {"url": "purpose", "valueCode": "required"},
    {"url": "valueSet", "valueCanonical": "http://example.org/vs/v"},
]
_BINDING = {
    "strength": "example",
    "valueSet": "http://hl7.org/fhir/ValueSet/observation-codes",
    "extension": [{"url": _ADDITIONAL, "extension": _PURPOSE}],
}
_YEARS = {"value": 100, "unit": "a", "system": "http://unitsofmeasure.org", "code": "a"}
_RULE = {"key": "x-1", "severity": "error", "human": "born", "expression": "birthDate <= today()"}
_FOR_LATER = [
    {
        "url": "http://hl7.org/fhir/StructureDefinition/version-specific-use",
        "extension": [{"url": "startFhirVersion", "valueCode": "5.0"}],
    }
]
_CODE = {"coding": [{"system": "urn:a", "code": "2"}]}
_PATIENT = {"resourceType": "Patient"}
_CASES: dict[str, tuple[Json, list[Json]]] = {
    "context rule": (
        {**_PATIENT, "active": True, "extension": EXTENSION},
        [extension_of("e", contextInvariant=["active.not()"])],
    ),
    "other version": ({**_PATIENT, "extension": EXTENSION}, [extension_of("e", extension=_FOR_LATER)]),
    "global profile": (
        {**_PATIENT, "active": True},
        [
            profile("Patient", {"path": "Patient.name", "min": 1}),
            {"resourceType": "ImplementationGuide", "global": [{"type": "Patient", "profile": BASE + "p"}]},
        ],
    ),
    "least length": (
        {**_PATIENT, **CLAIM, "id": "1"},
        [profile("Patient", {"path": "Patient.id", "extension": [{"url": _LENGTH, "valueInteger": 5}]})],
    ),
    "moving bound": (
        {**_PATIENT, **CLAIM, "birthDate": "1800-01-01"},
        [profile("Patient", {"path": "Patient.birthDate", "minValueQuantity": _YEARS})],
    ),
    "clock": (
        {**_PATIENT, **CLAIM, "birthDate": "2300-01-01"},
        [profile("Patient", {"path": "Patient", "constraint": [_RULE]})],
    ),
    "additional binding": (
        observation(**CLAIM, code=_CODE),
        [
            profile("Observation", {"path": "Observation.code", "binding": _BINDING}),
            value_set("v", {"system": "urn:a", "concept": [{"code": "1"}]}),
        ],
    ),
    "empty narrative": ({**_PATIENT, "text": {"status": "generated", "div": f"<div {XHTML}> </div>"}}, []),
    "id alone": ({**_PATIENT, "name": [{"id": "a"}]}, []),
    "id alone beside nothing": ({**_PATIENT, "_birthDate": {"id": "a"}}, []),
    "search outside of a transaction": (observation(subject={"reference": "Patient?identifier=1"}), []),
    "code with a blank": ({**_PATIENT, "gender": "male\xa0"}, []),
}


@pytest.mark.parametrize("name", _CASES)
def test_what_is_refused_is_never_accepted_at_once(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accepting_form, "OFTEN", 2)
    monkeypatch.setattr(accepting_form, "_PATIENCE", 10**6)
    resource, definitions = _CASES[name]
    registry = Registry(definitions)
    assert any(issue.refuses for issue in validate(resource, registry=registry))
    assert not any(accepts(resource, registry) for _ in range(4))


@pytest.mark.parametrize(
    "resource", [observation(code={"text": "  "}), {**_PATIENT, "name": [{"family": "　"}]}, {**_PATIENT, "id": "a"}]
)
def test_what_is_only_advised_against_is_not_refused(resource: Json) -> None:
    assert not any(issue.refuses for issue in validate(resource))
