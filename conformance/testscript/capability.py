"""Whether a server claims what a script needs: `metadata.capability` against its CapabilityStatement.

Law: only what is `required` and comes with a CapabilityStatement in the script is compared: resource types, their
interactions, search parameters and operations. A statement that is elsewhere is not fetched.
Source: http://hl7.org/fhir/R4/testscript-definitions.html#TestScript.metadata.capability.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from conformance.testscript.script import Capability

_LISTS = (("interaction", "code"), ("searchParam", "name"), ("operation", "name"))


def unmet(needed: Sequence[Capability], metadata: Callable[[], dict[str, Any] | str]) -> str:
    """The first thing the server does not claim, as a sentence; empty when it claims all."""
    required = [one.statement for one in needed if one.required and one.statement]
    if not required:
        return ""
    claimed = metadata()
    if isinstance(claimed, str):
        return f"the capabilities of the server cannot be read: {claimed}"
    has = set(_claims(claimed))
    for statement in required:
        for claim in _claims(statement):
            if claim not in has:
                return f"the server does not claim {' '.join(claim)}"
    return ""


def _claims(statement: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    for rest in statement.get("rest", ()):
        for name, key in _LISTS:
            yield from ((name, str(one.get(key))) for one in rest.get(name, ()))
        for resource in rest.get("resource", ()):
            kind = str(resource.get("type"))
            yield (kind,)
            for name, key in _LISTS:
                yield from ((kind, name, str(one.get(key))) for one in resource.get(name, ()))
