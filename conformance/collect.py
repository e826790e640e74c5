"""Reads the store once and fills the book of facts: traffic, written versions, work list, clinical resources.

Everything is read in one transaction and under one scope.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from conformance.checks import (
    clinical,
    critical_values,
    referrals,
    results,
    traffic,
    versions_written,
    visits,
    worklist,
)
from conformance.checks.traffic import Span
from conformance.directory import Directory
from conformance.facts import Book, Watch
from conformance.kpi import measures
from conformance.period import Period
from fhir_server.security.scope import Scope
from mappers.site import Institution


@dataclass(frozen=True, slots=True)
class County:
    """Who is in the consortium: its code, the institutions by code, and the institution of each site."""

    code: str
    institutions: Mapping[str, Institution]
    sites: Mapping[str, str]

    def level(self, institution: str) -> str:
        found = self.institutions.get(institution)
        return found.level if found else ""


@dataclass(frozen=True, slots=True)
class Collected:
    """`span` is what of the journal was read, `None` when nothing lies in the period."""

    book: Book
    span: Span | None


def collect(
    connection: Connection, scope: Scope, period: Period, county: County, watch: Watch | None = None
) -> Collected:
    """The facts of every institution the scope lets see."""
    book = Book(watch)
    test_ids = traffic.test_patients(connection, scope)
    tests = clinical.patients_rids(connection, test_ids)
    seen = traffic.span(connection, scope, period)
    if seen is not None:
        for message in traffic.collect(connection, scope, period, seen, test_ids, book):
            measures.measure(message, message.id, measures.MESSAGES, book)
        versions_written.collect(connection, scope, period, seen, book)
    worklist.collect(connection, scope, county.sites, book)
    _clinical(connection, scope, period, county, tests, book)
    return Collected(book, seen)


def _clinical(
    connection: Connection, scope: Scope, period: Period, county: County, tests: frozenset[int], book: Book
) -> None:
    directory = Directory(connection, scope, county.institutions)
    told: dict[str, critical_values.Notice] = {}
    for page in clinical.communications(connection, scope, tests):
        told.update(critical_values.notices(page))
    for page in clinical.items(connection, scope, period, tests):
        for referral in referrals.read(connection, scope, page, directory):
            referrals.count(referral, book)
            if not referral.test:
                measures.measure(referral, referral.rid, measures.REFERRALS, book)
        for result in results.read(page, directory):
            results.count(result, book)
            if not result.test:
                measures.measure(result, result.rid, measures.RESULTS, book)
        for critical in critical_values.read(page, told, directory):
            critical_values.count(critical, book)
            if not critical.test:
                measures.measure(critical, critical.rid, measures.CRITICALS, book)
        for visit in visits.read(page, directory):
            visits.count(visit, book)
            if not visit.test:
                measures.measure(visit, visit.rid, measures.VISITS, book)
    table = measures.contacts(county.level)
    for contact in visits.first_contacts(connection, scope, period, tests, directory):
        measures.measure(contact, contact.rid, table, book)
