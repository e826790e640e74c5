"""Visits of the period: the denominators of the referral indicators, and first contacts of an episode.

Source: Encounter; the institution is the one of `serviceProvider`. A first contact is a visit of a person that no visit
of the thirty days before it precedes, wherever in the consortium; people are joined across institutions by Person.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, func, select

from conformance.checks.clinical import Item
from conformance.directory import Directory
from conformance.facts import Book
from conformance.period import Period
from fhir_server.search.parameters import parameters
from fhir_server.security.scope import Scope
from fhir_server.store import body as bodies
from fhir_server.store.schema import resource, sp_reference

EPISODE = 30 * 86_400 * 1_000_000
"""A new episode begins after so many microseconds without a visit."""
_NONE_OF_THESE = frozenset({"cancelled", "entered-in-error", "planned"})


@dataclass(frozen=True, slots=True)
class Visit:
    """`discharged`: an inpatient stay that is over."""

    rid: int
    institution: str
    kind: str
    discharged: bool
    test: bool


@dataclass(frozen=True, slots=True)
class FirstContact:
    rid: int
    institution: str


def read(found: list[Item], directory: Directory) -> Iterator[Visit]:
    """The visits among the resources of a page that took place."""
    for item in found:
        body = item.body
        if item.type != "Encounter" or body.get("status") in _NONE_OF_THESE:
            continue
        kind = body.get("class", {}).get("code", "unknown")
        over = kind in ("IMP", "ACUTE", "NONAC", "SS") and "end" in body.get("period", {})
        institution = directory.institution([body.get("serviceProvider")], item.owner)
        yield Visit(item.rid, institution, kind, over, item.test)


def count(visit: Visit, book: Book) -> None:
    if visit.test:
        book.add(visit.institution, "tests", ("visit",), visit.rid)
        return
    book.add(visit.institution, "visits", (visit.kind,), visit.rid)


def first_contacts(
    connection: Connection, scope: Scope, period: Period, tests: frozenset[int], directory: Directory
) -> Iterator[FirstContact]:
    """Streams all visits by person and time; the database sorts them."""
    links = parameters("Person")["patient"].params if "patient" in parameters("Person") else ()
    person = func.coalesce(func.min(sp_reference.c.rid), resource.c.patient_rid).label("person")
    join = and_(sp_reference.c.target == resource.c.patient_rid, sp_reference.c.param.in_(links))
    query = (
        select(resource.c.rid, resource.c.clinical_date, resource.c.patient_rid, person)
        .select_from(resource.outerjoin(sp_reference, join))
        .where(resource.c.type == "Encounter", resource.c.version > 0, resource.c.deleted.is_(False))
        .where(resource.c.clinical_date.is_not(None), resource.c.patient_rid.is_not(None), scope.predicate(resource))
        .group_by(resource.c.rid, resource.c.clinical_date, resource.c.patient_rid)
        .order_by(person, resource.c.clinical_date, resource.c.rid)
    )
    low, high = period.low, period.high
    someone, before, waiting = None, 0, array("q")
    for row in connection.execute(query, execution_options={"yield_per": 1000}):
        first = row.person != someone or row.clinical_date - before > EPISODE
        someone, before = row.person, row.clinical_date
        inside = (low is None or row.clinical_date >= low) and (high is None or row.clinical_date < high)
        if first and inside and row.patient_rid not in tests:
            waiting.append(row.rid)
    for start in range(0, len(waiting), 500):
        yield from _contacts(connection, list(waiting[start : start + 500]), directory)


def _contacts(connection: Connection, rids: list[int], directory: Directory) -> Iterator[FirstContact]:
    query = select(resource.c.rid, resource.c.owner, resource.c.body).where(resource.c.rid.in_(rids))
    for row in connection.execute(query.order_by(resource.c.rid)):
        body: Any = bodies.parse(bytes(row.body))
        if body.get("status") not in _NONE_OF_THESE:
            yield FirstContact(row.rid, directory.institution([body.get("serviceProvider")], row.owner))
