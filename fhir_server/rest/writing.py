"""From what a request asks for to a `Write`: the same for a request of its own and for an entry of a Bundle.

Source: FHIR R4 http.html#create, #update, #patch, #delete and their conditional forms, #concurrency.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from fhir_server.rest.conditional import Referring, criteria, if_none_exist, referring
from fhir_server.rest.document import id_mismatch, subsetted, type_mismatch
from fhir_server.rest.exchange import Services
from fhir_server.rest.identity import etag_version, id_issue
from fhir_server.search.query import CONTROLS, GENERAL, Query
from fhir_server.store.write import Edit, Method, Write
from profiles.issue import Issue

Resource = dict[str, Any]
Issues = tuple[Issue, ...]
INTERACTIONS: Mapping[str, str] = MappingProxyType(
    {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
)


class Asked(NamedTuple):
    """One write as it was asked for. `where` is its place in a Bundle, or empty; `refers` when the resource may hold
    conditional references. Without an `id` a PUT, PATCH or DELETE goes by its `parameters`.
    """

    method: Method
    type: str
    base: str
    owner: str
    id: str = ""
    parameters: tuple[tuple[str, str], ...] = ()
    resource: Resource | None = None
    edit: Edit | None = None
    if_match: str = ""
    if_none_match: str = ""
    if_none_exist: str | None = None
    where: str = ""
    refers: bool = False

    @property
    def resource_at(self) -> str:
        return f"{self.where}.resource" if self.where else ""

    def header_at(self, name: str) -> str:
        """Where a header stands: `If-Match` is `request.ifMatch` in a Bundle."""
        if not self.where:
            return f"http.{name}"
        return f"{self.where}.request.{name[0].lower()}{name[1:].replace('-', '')}"


def write_of(asked: Asked, services: Services) -> Write | Issues:
    """The write, or every issue that stands against it."""
    if_match = _if_match(asked)
    if isinstance(if_match, Issue):
        return (if_match,)
    issue = id_issue(asked.id, asked.where and f"{asked.where}.request.url") if asked.id else None
    if issue is not None:
        return (issue,)
    found = _criteria(asked, services)
    if isinstance(found, tuple):
        return found
    name = asked.id or _given_id(asked, found) or services.new_id()
    if isinstance(name, Issue):
        return (name,)
    carried = _NOTHING if asked.resource is None else _carried(asked, services, name, found)
    if not isinstance(carried, Referring):
        return carried
    return Write(
        asked.method,
        asked.type,
        name,
        carried.resource or None,
        if_match,
        asked.owner,
        asked.where if asked.method == "DELETE" else asked.resource_at,
        only_new=asked.method == "PUT" and asked.if_none_match.strip() == "*",
        edit=asked.edit,
        criteria=found,
        most=services.delete_most if asked.method == "DELETE" else 1,
        lookups=carried.lookups,
    )


_NOTHING = Referring({}, ())
"""A delete and a patch carry no resource."""


def _if_match(asked: Asked) -> int | Issue | None:
    if not asked.if_match or asked.method == "POST":
        return None
    found = etag_version(asked.if_match)
    return Issue(found.code, asked.header_at("If-Match"), details=found.details) if isinstance(found, Issue) else found


def _criteria(asked: Asked, services: Services) -> Query | Issues | None:
    if asked.method == "POST" and asked.if_none_exist is not None:
        where = asked.header_at("If-None-Exist")
        return if_none_exist(asked.if_none_exist, asked.type, asked.base, services, where)
    given = [pair for pair in asked.parameters if pair[0] not in GENERAL]
    # fhirpy puts the criteria of a conditional create into the address; passed over, they would make a second patient.
    if asked.id or (asked.method == "POST" and not any(name not in CONTROLS for name, _ in given)):
        return None
    where = f"{asked.where}.request.url" if asked.where else "http"
    return criteria(asked.type, given, asked.base, services, INTERACTIONS[asked.method], where)


def _given_id(asked: Asked, found: Query | None) -> str | Issue:
    """The id a conditional update carries (http.html#cond-update); that of a create is not looked at."""
    given = asked.resource.get("id") if asked.method == "PUT" and found is not None and asked.resource else None
    if given is None:
        return ""
    return (id_issue(given, f"{asked.resource_at or asked.type}.id") if isinstance(given, str) else None) or str(given)


def _carried(asked: Asked, services: Services, name: str, found: Query | None) -> Referring | Issues:
    """The resource of a create or an update, of the type and id the address names."""
    resource = asked.resource
    assert resource is not None
    issue = type_mismatch(resource, asked.type, asked.resource_at)
    if issue is None and asked.method == "PUT" and found is None:
        issue = id_mismatch(resource, name, asked.resource_at or asked.type)
    issue = issue or subsetted(resource, asked.resource_at or asked.type)
    if issue is not None:
        return (issue,)
    if asked.method == "POST":
        resource = resource | {"id": name}
    if not asked.refers:
        return Referring(resource, ())
    return referring(resource, asked.base, services, asked.resource_at or asked.type)
