"""$meta-add and $meta-delete: labels of a resource, changed as a new version (R4 resource-operation-meta-add.html).

R4 would change the labels in place. Here a version never changes once it was given out, so the change is an update:
see docs/decisions/2611-labels-make-a-version.md. The labels of past versions cannot be changed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fhir_server.operations.labels import Meta, merged, without
from fhir_server.operations.parameters import Inputs, answered, inputs, parameter
from fhir_server.operations.stored import stored
from fhir_server.rest.exchange import Answer, Call, Change, Services, refusal, refused
from fhir_server.rest.identity import etag_version
from fhir_server.store.body import parse
from fhir_server.store.write import Write, Written
from profiles.issue import Issue


def meta_add(call: Call, services: Services) -> Answer | Change:
    """200 with the Meta as it is then."""
    return _changed(call, services, "Resource-meta-add", merged)


def meta_delete(call: Call, services: Services) -> Answer | Change:
    """200 with the Meta as it is then."""
    return _changed(call, services, "Resource-meta-delete", without)


def _changed(
    call: Call, services: Services, definition: str, combined: Callable[[Meta, Meta], Meta]
) -> Answer | Change:
    if call.version:
        return refused("version-labels", call.type)
    given = inputs(call, services, definition)
    if not isinstance(given, Inputs):
        return refusal(*given)
    if_match = etag_version(call.if_match) if call.if_match else None
    if isinstance(if_match, Issue):
        return refusal(if_match)
    row = stored(call, services)
    if isinstance(row, Answer):
        return row
    asked = given.one("meta")

    def edited(resource: dict[str, Any]) -> dict[str, Any]:
        return resource | {"meta": combined(resource["meta"], asked)}

    # The labels are changed where nobody can write in between: on what is stored then, not on what was read here.
    write = Write("PATCH", call.type, call.id, if_match=if_match, owner=call.caller.owner, edit=edited)
    return Change((write,), _meta)


def _meta(written: tuple[Written, ...]) -> Answer:
    return answered(parameter("return", "Meta", parse(written[0].body)["meta"]))
