"""`X-Provenance`: who did a create, update or patch and why, told with the request (FHIR R4 provenance.html#header).

The header holds a Provenance as JSON, without its target: that is the version that is written. Both are one unit: what
stands against one refuses the other. Of what was not written, because a conditional create found its resource, nothing
is told.
"""

from __future__ import annotations

from typing import Any

from fhir_server.rest.conditional import may_refer
from fhir_server.rest.document import type_mismatch
from fhir_server.rest.exchange import Call, Services
from fhir_server.rest.writing import Asked, write_of
from fhir_server.store.write import Write
from profiles.issue import Issue
from profiles.json_input import parse

_WHERE = "http.X-Provenance"
TOLD_OF = frozenset({"create", "update", "patch"})
"""Interactions that take the header."""
NOT_TOLD_OF = frozenset({"delete", "batch"})
"""Those of which it would be lost, so that they refuse it; a read changes nothing, there it means nothing."""


def provenance(call: Call, services: Services, write: Write) -> Write | tuple[Issue, ...]:
    """The Provenance of the write, as the write after it; or what is wrong with the header."""
    text = call.provenance.encode("latin-1")
    resource, issues = parse(text, limit=services.body_limit)
    mismatch = None if resource is None else type_mismatch(resource, "Provenance", _WHERE)
    if resource is None or mismatch is not None:
        found = (mismatch,) if mismatch else issues
        return tuple(Issue(each.code, _WHERE, details=each.details) for each in found)
    asked = Asked(
        "POST",
        "Provenance",
        call.base,
        call.caller.owner,
        resource=resource | {"target": _targets(f"{write.type}/{write.id}", resource.get("target"))},
        refers=may_refer(text, call.base),
    )
    made = write_of(asked, services)
    return made._replace(expression=_WHERE, about=0) if isinstance(made, Write) else made


def _targets(address: str, given: Any) -> Any:
    """The resource that is written first, then what else was named."""
    own: dict[str, Any] = {"reference": address}
    if not isinstance(given, list):
        return [own] if given is None else given  # what is no list is refused as it is
    return [own, *(each for each in given if each != own)]
