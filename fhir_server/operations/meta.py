"""$meta: profiles, tags and security labels of a resource, or all that are in use (R4 resource-operation-meta.html)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import func, select

from fhir_server.operations.labels import labels, merged
from fhir_server.operations.parameters import Inputs, answered, inputs, parameter
from fhir_server.operations.stored import stored, stored_version
from fhir_server.rest.exchange import Answer, Call, Services, refusal, refused
from fhir_server.rest.identity import version_number
from fhir_server.search.parameters import parameters
from fhir_server.store.body import parse
from fhir_server.store.schema import resource, sp_key
from profiles.definitions import resource_types

_AT_ONCE = 500


def meta(call: Call, services: Services) -> Answer:
    """200 with the Meta; without an instance it holds what is in use in the type or in the whole store."""
    given = inputs(call, services, "Resource-meta")
    if not isinstance(given, Inputs):
        return refusal(*given)
    if not call.id:
        used = _in_use(call, services)
        return answered(parameter("return", "Meta", used) if used else None)  # no element is empty
    found = _stored(call, services)
    return found if isinstance(found, Answer) else answered(parameter("return", "Meta", parse(found)["meta"]))


def _stored(call: Call, services: Services) -> bytes | Answer:
    if not call.version:
        row = stored(call, services)
        return row if isinstance(row, Answer) else row.body
    number = version_number(call.version)
    return refused("not-found", call.type) if number is None else stored_version(call, services, number)


def _in_use(call: Call, services: Services) -> dict[str, Any]:
    """The union of the labels, read from one resource for each key in the lists of search keys."""
    types = (call.type,) if call.type else tuple(sorted(resource_types()))
    lists = [
        param
        for kind in types
        for code in ("_tag", "_security", "_profile")
        if (found := parameters(kind).get(code)) is not None
        for param in found.params
    ]
    one_each = (
        select(func.min(sp_key.c.rid))
        .select_from(sp_key.join(resource, resource.c.rid == sp_key.c.rid))
        .where(sp_key.c.param.in_(lists), resource.c.deleted.is_(False), call.caller.scope.predicate(resource))
        .group_by(sp_key.c.param, sp_key.c.hash)
    )
    with services.database.read() as connection:
        rids = sorted({row[0] for row in connection.execute(one_each)})
        bodies: list[bytes] = []
        for start in range(0, len(rids), _AT_ONCE):
            some = select(resource.c.body).where(resource.c.rid.in_(rids[start : start + _AT_ONCE]))
            bodies += [bytes(row[0]) for row in connection.execute(some)]
    return _union(labels(parse(body).get("meta", {})) for body in bodies)


def _union(metas: Iterable[dict[str, Any]]) -> dict[str, Any]:
    whole: dict[str, Any] = {}
    for one in metas:
        whole = merged(whole, one)
    return whole
