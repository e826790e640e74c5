"""What a message is made of: the resources around a change, as far as the receiver may see them.

Every statement carries the receiver's scope. The directory (institutions, their staff, places and devices) belongs to
all members of the consortium; persons and what is known of them only to who may see it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Connection, Select, or_, select, tuple_

from fhir_server.search.parameters import parameters
from fhir_server.security.scope import Scope
from fhir_server.store import body as bodies
from fhir_server.store.schema import resource, sp_reference
from mappers.outbound import Pool

Body = dict[str, Any]
_DIRECTORY = ("Device", "Location", "Organization", "Practitioner", "PractitionerRole")
_AROUND = (
    "AllergyIntolerance",
    "CareTeam",
    "Condition",
    "Coverage",
    "ImagingStudy",
    "Procedure",
    "RelatedPerson",
    "Task",
)
"""What refers to a patient, and goes into a message about him."""
_SHARED = {"Account": "subject"}
"""What may be about several patients, so that no column holds the one; by the search parameter that names them."""
_DEEPEST = 5
_MOST = 2000
"""Resources around a patient, and as many that are referred to."""
_CHUNK = 400


def gather(connection: Connection, focus: Iterable[Body], patient: str, scope: Scope) -> Pool:
    """The pool of a message: the focus, what it refers to (over several references), what stands around the patient and
    what that refers to. Of a long history the newest goes along, and never in place of what the message is about."""
    found: dict[str, Body] = {_name(one): one for one in focus}
    _follow(connection, found, list(found.values()), patient, scope)
    if patient:
        around = [one for one in _around(connection, patient, scope) if found.setdefault(_name(one), one) is one]
        _follow(connection, found, around, patient, scope)
    return Pool(found.values())


def _follow(connection: Connection, found: dict[str, Body], fresh: list[Body], patient: str, scope: Scope) -> None:
    """Adds what the fresh ones refer to, and what these refer to in turn."""
    room = _MOST
    for _ in range(_DEEPEST):
        wanted = {ref for one in fresh for ref in (*references(one), *_links(one, patient))} - set(found)
        fresh = list(_named(connection, sorted(wanted)[:room], scope))
        found.update((_name(one), one) for one in fresh)
        room -= len(fresh)
        if not fresh:
            break


def _links(one: Body, patient: str) -> Iterator[str]:
    """The records that the patient of the message is linked to; not those that these are linked to."""
    if one["resourceType"] == "Patient" and one["id"] == patient:
        for link in one.get("link", ()):
            yield from references(link)


def _name(one: Body) -> str:
    return f"{one['resourceType']}/{one['id']}"


def references(node: Any) -> Iterator[str]:
    """Every `Type/id` that a resource refers to."""
    if isinstance(node, dict):
        ref = node.get("reference")
        if isinstance(ref, str) and ref.count("/") == 1 and ref[:1].isupper():
            yield ref
        for name, child in node.items():
            if name != "link" and isinstance(child, dict | list):
                yield from references(child)
    elif isinstance(node, list):
        for child in node:
            yield from references(child)


def _visible(scope: Scope) -> Any:
    return or_(scope.predicate(), resource.c.type.in_(_DIRECTORY))


def _named(connection: Connection, names: list[str], scope: Scope) -> Iterator[Body]:
    for start in range(0, len(names), _CHUNK):
        keys = [tuple(name.split("/", 1)) for name in names[start : start + _CHUNK]]
        statement = select(resource.c.body).where(
            tuple_(resource.c.type, resource.c.id).in_(keys), resource.c.deleted.is_(False), _visible(scope)
        )
        yield from _parsed(connection, statement)


def _around(connection: Connection, patient: str, scope: Scope) -> Iterator[Body]:
    head = select(resource.c.rid).where(resource.c.type == "Patient", resource.c.id == patient).scalar_subquery()
    own = (resource.c.patient_rid == head, resource.c.type.in_(_AROUND))
    yield from _newest(connection, select(resource.c.body).where(*own), scope)
    for kind, param in _SHARED.items():
        named = (sp_reference.c.param.in_(parameters(kind)[param].params), sp_reference.c.target == head)
        shared = select(resource.c.body).join(sp_reference, sp_reference.c.rid == resource.c.rid)
        yield from _newest(connection, shared.where(*named, resource.c.type == kind), scope)


def _newest(connection: Connection, statement: Select[Any], scope: Scope) -> list[Body]:
    """The newest that the receiver may see, the oldest of them first."""
    visible = statement.where(resource.c.deleted.is_(False), scope.predicate())
    return list(_parsed(connection, visible.order_by(resource.c.rid.desc()).limit(_MOST)))[::-1]


def _parsed(connection: Connection, statement: Any) -> Iterator[Body]:
    for row in connection.execute(statement):
        if row.body:
            yield bodies.parse(bytes(row.body))
