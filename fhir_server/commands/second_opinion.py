"""What fhir.resources (R4B, pydantic) says about the same resources: an independent second opinion, structure only.

Law: it never changes a verdict. R4B has no types that are R4's alone; about those it has no opinion.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any


def opinions(judged: Iterable[tuple[str, dict[str, Any] | None, bool]]) -> Iterator[str]:
    """A line for each file on which the two differ, and one that counts; input is (name, resource, refused by us)."""
    from fhir_server.commands.output import Exit, fail

    try:
        from fhir.resources.R4B import get_fhir_model_class
    except ImportError:
        fail("fhir.resources is not installed", Exit.USAGE, "pip install 'qiao-fhir[typed]'")
    asked = differing = 0
    for name, resource, refused in judged:
        verdict = _refused(resource, get_fhir_model_class) if resource is not None else None
        if verdict is None:
            yield f"{name}: fhir.resources has no opinion"
            continue
        asked += 1
        if bool(verdict) != refused:
            differing += 1
            yield f"{name}: fhir.resources says {'invalid: ' + verdict if verdict else 'valid'}"
    yield f"fhir.resources (structure only) agrees on {asked - differing} of {asked}"


def _refused(resource: dict[str, Any], find: Any) -> str | None:
    """Where it refuses, '' when it accepts, None for a type it does not have."""
    import json

    from profiles.json_output import dump

    try:
        model = find(str(resource.get("resourceType")))
    except (KeyError, LookupError):
        return None
    try:
        model.model_validate(json.loads(dump(resource)))
    except ValueError as error:
        places = [".".join(str(step) for step in one["loc"]) for one in getattr(error, "errors", list)()]
        return ", ".join(places[:5]) or type(error).__name__
    return ""
