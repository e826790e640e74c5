"""Which institution of the consortium a reference leads to: an Organization, a department of it, a role in it.

Asks the store once for each reference; what leads nowhere is `""`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, select

from fhir_server.security.scope import Scope
from fhir_server.store import body as bodies
from fhir_server.store.schema import resource
from mappers import systems
from mappers.derived import derived_id
from mappers.site import Institution

_UP = {
    "Organization": "partOf",
    "PractitionerRole": "organization",
    "Location": "managingOrganization",
    "HealthcareService": "providedBy",
    "Device": "owner",
}
"""The element that leads from a resource to the organization it belongs to."""
_DEEPEST = 4


class Directory:
    def __init__(self, connection: Connection, scope: Scope, institutions: Mapping[str, Institution]) -> None:
        self._connection = connection
        self._scope = scope
        self._institutions = institutions
        self._known: dict[str, str] = {
            f"Organization/{derived_id('Organization', systems.INSTITUTION, code)}": code for code in institutions
        }

    def institution(self, references: Iterable[Any], otherwise: str = "") -> str:
        """The code of the first institution that one of the References leads to."""
        for reference in references:
            found = self._of(reference.get("reference", ""), 0) if isinstance(reference, dict) else ""
            if found:
                return found
        return otherwise

    def related(self, one: str, other: str) -> bool:
        """Whether the two are the same institution, or one is part of the other below the consortium."""
        return one in self._above(other) or other in self._above(one)

    def _above(self, code: str) -> set[str]:
        found: set[str] = set()
        while code and code not in found:
            known = self._institutions.get(code)
            if found and known is not None and known.level == "consortium":
                break
            found.add(code)
            code = known.part_of if known else ""
        return found

    def _of(self, reference: str, depth: int) -> str:
        kind, _, name = reference.partition("/")
        if reference not in self._known and kind in _UP and depth < _DEEPEST:
            self._known[reference] = ""
            body = self.bodies([(kind, name)]).get((kind, name), {})
            self._known[reference] = self._of(body.get(_UP[kind], {}).get("reference", ""), depth + 1)
        return self._known.get(reference, "")

    def bodies(self, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], dict[str, Any]]:
        """The living resources of those (type, id) the scope lets see."""
        found: dict[tuple[str, str], dict[str, Any]] = {}
        names: dict[str, set[str]] = {}
        for kind, name in keys:
            names.setdefault(kind, set()).add(name)
        columns = select(resource.c.type, resource.c.id, resource.c.body)
        for kind in sorted(names):
            # One query a type: SQLite would read the whole table for pairs of (type, id).
            wanted = (resource.c.type == kind, resource.c.id.in_(sorted(names[kind])))
            living = (resource.c.deleted.is_(False), self._scope.predicate(resource))
            for row in self._connection.execute(columns.where(*wanted, *living)):
                found[row[0], row[1]] = bodies.parse(bytes(row[2]))
        return found
