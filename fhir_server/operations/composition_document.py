"""Composition/$document: a document Bundle, the Composition first and all it refers to after it.

Sources: FHIR R4 composition-operation-document.html, documents.html. References are followed to the end, through
everything the caller may see. A reference of the Composition itself that leads nowhere in this store refuses the
document: it would not be the whole. With `persist=true` the Bundle is stored, so that call is a POST.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from fhir_server.operations.parameters import Inputs, inputs
from fhir_server.operations.reachable import Reached, found, reached, references
from fhir_server.operations.stored import stored
from fhir_server.rest.bundle import bundle, resource_entry
from fhir_server.rest.exchange import Answer, Call, Change, Services, refusal, refused
from fhir_server.rest.identity import id_issue
from fhir_server.store.body import instant, parse
from fhir_server.store.write import Write
from profiles.issue import Issue

MOST = 5_000
"""Resources of one document; more is refused, not cut off in silence."""
_COMPOSITION = re.compile(r"(?:.*/)?Composition/([A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]{1,64})?", re.ASCII)


def document(call: Call, services: Services) -> Answer | Change:
    """200 with the Bundle."""
    given = inputs(call, services, "Composition-document")
    if not isinstance(given, Inputs):
        return refusal(*given)
    if given.given("graph"):
        return refused("operation-parameter-unsupported", "graph", name="graph")
    persist = bool(given.one("persist"))
    if persist and call.method != "POST":
        return refused("operation-parameter-body", "persist", name="persist", type="write")
    name = _name(call, given)
    if isinstance(name, Issue):
        return refusal(name)
    made = _made(call._replace(type="Composition", id=name), services)
    if isinstance(made, Answer):
        return made
    if not persist:
        return Answer(200, made)
    new_id = services.new_id()
    write = Write("POST", "Bundle", new_id, parse(made) | {"id": new_id}, owner=call.caller.owner)
    return Change((write,), lambda written: Answer(200, written[0].body, written[0].version, written[0].last_updated))


def _name(call: Call, given: Inputs) -> str | Issue:
    """The id of the Composition: of the address, or of the `id` parameter (an id, or a URL of this server)."""
    asked: str | None = given.one("id")
    if call.id:
        return Issue("operation-parameter-unsupported", "id", details={"name": "id"}) if asked else call.id
    if not asked:
        return Issue("operation-parameter-missing", "id", details={"name": "id"})
    relative = asked.removeprefix(call.base + "/")
    named = _COMPOSITION.fullmatch(relative)
    name = named[1] if named and "://" not in relative else relative
    return id_issue(name, "id") or name


def _made(call: Call, services: Services) -> bytes | Answer:
    row = stored(call, services)
    if isinstance(row, Answer):
        return row
    first = Reached(row.rid, "Composition", call.id, row.body)
    with services.database.read() as connection:
        direct = references(first.body, call.base)
        if len(found(list(direct), connection, call)) < len(direct):
            return refused("document-incomplete", "Composition")
        others = reached([first], connection, call, most=MOST, deep=None)
    if others is None:
        return refused("operation-too-costly", "Composition", limit=str(MOST))
    return _written([first, *others], call, services)


def _written(listed: Iterable[Reached], call: Call, services: Services) -> bytes:
    now = instant(services.clock())
    entries = [resource_entry(f"{call.base}/{one.type}/{one.id}", one.body) for one in listed]
    return bundle("document", entries, at=now, identifier=_identifier(services))


def _identifier(services: Services) -> dict[str, Any]:
    return {"system": "urn:ietf:rfc:3986", "value": UUID(services.new_id()).urn}
