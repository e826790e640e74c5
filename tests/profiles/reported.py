"""What a conformance report has against a resource, and resources and definitions to begin with."""

from __future__ import annotations

from typing import Any

from profiles.registry import Registry
from profiles.validator import validate

Json = dict[str, Any]
BASE = "http://example.org/fhir/StructureDefinition/"
XHTML = 'xmlns="http://www.w3.org/1999/xhtml"'


def profile(kind: str, *elements: Json, name: str = "p", **more: Any) -> Json:
    made: Json = {
        "resourceType": "StructureDefinition",
        "url": BASE + name,
        "name": "P",
        "status": "active",
        "kind": "resource",
        "abstract": False,
        "type": kind,
        "baseDefinition": f"http://hl7.org/fhir/StructureDefinition/{kind}",
        "derivation": "constraint",
        "differential": {"element": [{"id": one["path"], **one} for one in elements]},
    }
    return {**made, **more}


def extension_of(name: str, **more: Any) -> Json:
    elements = (
        {"path": "Extension"},
        {"path": "Extension.url", "fixedUri": BASE + name},
        {"path": "Extension.value[x]", "type": [{"code": "string"}]},
    )
    context = [{"type": "element", "expression": "Patient"}]
    return {**profile("Extension", *elements, name=name), "kind": "complex-type", "context": context, **more}


def faults(resource: Json, *definitions: Json, against: str = "", fetch: Any = None) -> list[tuple[str, str]]:
    registry = Registry(definitions)
    issues = validate(resource, profile=against or None, registry=registry, rigour="strict", fetch=fetch)
    return [(issue.code, issue.expression) for issue in issues if issue.refuses]


def observation(**more: Any) -> Json:
    return {"resourceType": "Observation", "status": "final", "code": {"text": "x"}, **more}


def value_set(name: str, *include: Json, **more: Any) -> Json:
    return {
        "resourceType": "ValueSet",
        "url": f"http://example.org/vs/{name}",
        "status": "active",
        **({"compose": {"include": list(include)}} if include else {}),
        **more,
    }


def composition(*sections: Json, **more: Any) -> Json:
    return {
        "resourceType": "Composition",
        "status": "final",
        "type": {"text": "x"},
        "date": "2026-01-01",
        "author": [{"display": "x"}],
        "title": "x",
        "section": list(sections),
        **more,
    }


def narrative(content: str) -> Json:
    return {"status": "additional", "div": f"<div {XHTML}>{content}</div>"}
