"""Profiles for tests: a StructureDefinition from rows of its differential."""

from typing import Any

from profiles.issue import Issue
from profiles.registry import Registry
from profiles.validator import validate

Json = dict[str, Any]
TYPES = "http://hl7.org/fhir/StructureDefinition/"


def profile(name: str, kind: str, *rows: Json, base: str = "", **more: Any) -> Json:
    """`rows` are differential elements; their `id` may have slices, the path and slice name follow from it."""
    return {
        "resourceType": "StructureDefinition",
        "url": f"http://example.org/{name}",
        "version": "1",
        "name": name,
        "status": "active",
        "kind": "resource",
        "abstract": False,
        "type": kind,
        "baseDefinition": base or TYPES + kind,
        "derivation": "constraint",
        "differential": {"element": [_element(row) for row in rows]},
        **more,
    }


def _element(row: Json) -> Json:
    steps = row["id"].split(".")
    path = ".".join(step.partition(":")[0] for step in steps)
    sliced = steps[-1].partition(":")[2]
    return {**row, "path": path, **({"sliceName": sliced} if sliced else {})}


def by(kind: str, path: str, rules: str = "open", **more: Any) -> Json:
    """A slicing with one discriminator."""
    return {"discriminator": [{"type": kind, "path": path}], "rules": rules, **more}


def errors(resource: Json, wanted: Json, *others: Json, **options: Any) -> list[tuple[str, str]]:
    """(code, expression) of what refuses a resource under a profile; `others` are loaded, too."""
    return [(issue.code, issue.expression) for issue in refusals(resource, wanted, *others, **options)]


def refusals(resource: Json, wanted: Json, *others: Json, **options: Any) -> list[Issue]:
    registry = Registry([wanted, *others])
    return [one for one in validate(resource, profile=wanted["url"], registry=registry, **options) if one.refuses]
