"""The clinical resources of the period, read once and handed on as the values that the checks count.

Source: living resources by their clinical date (by the time of writing when they have none), in the order of their row.
Resources entered in error are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, func, or_, select

from conformance.pages import contains, pages
from conformance.period import Period
from fhir_server.security.scope import Scope
from fhir_server.store import body as bodies
from fhir_server.store.schema import resource

WHOLE = ("ServiceRequest", "DiagnosticReport", "Encounter")
CRITICAL = ("HH", "LL", "AA")
"""Codes of `Observation.interpretation` that make a value critical (HL7 v2 table 0078)."""
_ERROR = "entered-in-error"


@dataclass(frozen=True, slots=True)
class Item:
    """One resource of the period. `test`: it is about a test patient."""

    rid: int
    type: str
    id: str
    owner: str
    patient: int | None
    body: dict[str, Any]
    test: bool

    @property
    def reference(self) -> str:
        return f"{self.type}/{self.id}"


def patients_rids(connection: Connection, ids: frozenset[str]) -> frozenset[int]:
    """The row numbers of those Patients, asked for in portions."""
    ordered, found = sorted(ids), set[int]()
    for start in range(0, len(ordered), 500):
        part = ordered[start : start + 500]
        query = select(resource.c.rid).where(resource.c.type == "Patient", resource.c.id.in_(part))
        found.update(row[0] for row in connection.execute(query))
    return frozenset(found)


def items(connection: Connection, scope: Scope, period: Period, tests: frozenset[int]) -> Iterator[list[Item]]:
    """Orders, referrals, reports, visits and critical values, page by page."""
    dated = func.coalesce(resource.c.clinical_date, resource.c.last_updated)
    needles = tuple(f'"{code}"'.encode() for code in CRITICAL)
    # Not the bare column: with an index on the type every page would read and sort all that is left.
    kind = resource.c.type + ""
    critical = and_(kind == "Observation", contains(connection, resource.c.body, *needles))
    query = _living(scope).where(or_(kind.in_(WHOLE), critical), period.holds(dated))
    yield from _read(connection, query, tests)


def communications(connection: Connection, scope: Scope, tests: frozenset[int]) -> Iterator[list[Item]]:
    """Every Communication: the answer to a critical value may be dated after the period."""
    yield from _read(connection, _living(scope).where(resource.c.type == "Communication"), tests)


def _living(scope: Scope) -> Any:
    columns = (
        resource.c.rid,
        resource.c.type,
        resource.c.id,
        resource.c.owner,
        resource.c.patient_rid,
        resource.c.body,
    )
    return select(*columns).where(resource.c.version > 0, resource.c.deleted.is_(False), scope.predicate(resource))


def _read(connection: Connection, query: Any, tests: frozenset[int]) -> Iterator[list[Item]]:
    for page in pages(connection, query, resource.c.rid):
        found = []
        for row in page:
            body = bodies.parse(bytes(row.body))
            if body.get("status") != _ERROR:
                test = row.patient_rid in tests
                found.append(Item(row.rid, row.type, row.id, row.owner, row.patient_rid, body, test))
        yield found


def codes(value: Any) -> tuple[str, ...]:
    """Every code of a CodeableConcept, or of a list of them."""
    concepts = value if isinstance(value, list) else [value]
    found = [coding.get("code", "") for one in concepts if isinstance(one, dict) for coding in one.get("coding", ())]
    return tuple(code for code in found if code)


def extension(body: dict[str, Any], name: str) -> str:
    """The code that the extension of that name holds, `""` when it is not there."""
    for one in body.get("extension", ()):
        if one.get("url", "").endswith(f"/{name}"):
            for key, value in one.items():
                if key.startswith("value"):
                    return value if isinstance(value, str) else next(iter(codes(value)), "") or value.get("code", "")
    return ""
