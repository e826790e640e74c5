"""The report of an institution and a period as frozen values: what the HTML and the JSON are made from.

The same store, scope, period and institutions give the same report, byte for byte: there is no clock in here. What the
caller passes as `generated` stands in it as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from sqlalchemy import Connection, select

from adapters.site import SiteBook
from conformance import labels, trail
from conformance.collect import Collected, County, collect
from conformance.count import Count, Tally, Text, frozen, uneven
from conformance.facts import ALL, Source, Watch
from conformance.kpi import definition
from conformance.kpi.definition import Definition, definitions
from conformance.kpi.measures import denominator, numerator
from conformance.period import Period, instant
from conformance.sections import SECTIONS, Shown
from fhir_server.security.scope import Scope
from fhir_server.store.database import HEAD
from fhir_server.store.schema import resource
from mappers.site import Institution

FORMAT = "qiao-report/1"
UNREGISTERED = "unregistered"


@dataclass(frozen=True, slots=True)
class Section:
    """`basis`: received, clinical or now; `shown` and `counts` stand side by side."""

    id: str
    title: Text
    note: Text
    basis: str
    counts: tuple[Count, ...]
    shown: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class Indicator:
    """`value` is `None` when it cannot be computed or nothing could be divided by."""

    definition: Definition
    numerator: Count | None
    denominator: Count | None
    value: float | None


@dataclass(frozen=True, slots=True)
class Member:
    """One line of the table of the consortium: the institution and its main numbers by name."""

    institution: Institution
    numbers: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Report:
    """`as_of` is the last message read: its journal id and when it was received. `members` only for the consortium."""

    institution: Institution
    consortium: Institution
    period: Period
    as_of: tuple[int, str] | None
    generated: str
    versions: Mapping[str, str]
    sections: tuple[Section, ...]
    indicators: tuple[Indicator, ...]
    members: tuple[Member, ...] = ()

    @property
    def whole(self) -> bool:
        return self.institution.code == self.consortium.code

    def count(self, key: str) -> Count:
        """The count of that name; a programming error when there is none."""
        return next(count for section in self.sections for count in section.counts if count.key == key)

    def uneven(self) -> tuple[str, ...]:
        """The numbers that are not the sum of their parts: never any."""
        return tuple(path for section in self.sections for count in section.counts for path in uneven(count))


def reports(
    connection: Connection,
    scope: Scope,
    period: Period,
    county: County,
    *,
    only: Iterable[str] = (),
    generated: str = "",
) -> tuple[Report, ...]:
    """The report of the consortium first, then one for each member and each other sender with traffic.

    With `only`, the reports of those institutions and none of the consortium.
    """
    wanted = frozenset(only)
    found = collect(connection, scope, period, county)
    ids = _ids(connection, scope, found.book.rows())
    codes = [code for code in _codes(found, county, scope) if not wanted or code in wanted]
    members = tuple(Member(_institution(code, county), _numbers(found, code)) for code in codes)
    each = tuple(_report(code, found, period, county, ids, generated, ()) for code in codes)
    return each if wanted else (_report(ALL, found, period, county, ids, generated, members), *each)


def behind(connection: Connection, scope: Scope, period: Period, county: County, watch: Watch) -> tuple[str, ...]:
    """Every id behind one number, in the order they were counted, each once."""
    collect(connection, scope, period, county, watch)
    ids: dict[int, str] = _ids(connection, scope, {one for one in watch.found if isinstance(one, int)})
    return tuple(dict.fromkeys(_id(one, ids) for one in watch.found if _id(one, ids)))


def _id(source: Source, ids: Mapping[int, str]) -> str:
    return ids.get(source, "") if isinstance(source, int) else source


def _codes(found: Collected, county: County, scope: Scope) -> tuple[str, ...]:
    """Members first, in the order of the county's file, then others that did something."""
    members = [code for code in county.institutions if code not in (county.code, UNREGISTERED) and scope.allows(code)]
    seen = [code for code in found.book.institutions() if code not in members]
    others = [code for code in seen if code == UNREGISTERED or (code != "unknown" and scope.allows(code))]
    return (*members, *others)


def _institution(code: str, county: County) -> Institution:
    name = labels.institutions(county.institutions)(code)
    return county.institutions.get(code) or Institution(code, name.zh, "")


def _report(
    code: str,
    found: Collected,
    period: Period,
    county: County,
    ids: Mapping[int, str],
    generated: str,
    members: tuple[Member, ...],
) -> Report:
    facts: Mapping[str, Tally] = found.book.facts.get(code, {})
    names = labels.institutions(county.institutions)
    consortium = _institution(county.code, county)
    sections = []
    for section in SECTIONS:
        shown = tuple(one for one in section.shown if one.where in ("both", "whole" if code == ALL else "one"))
        counts = tuple(_count(one, facts, code, period, names, ids) for one in shown)
        sections.append(Section(section.id, section.title, section.note, section.basis, counts, shown))
    seen = found.span
    return Report(
        consortium if code == ALL else _institution(code, county),
        consortium,
        period,
        (seen.last, instant(seen.received)) if seen else None,
        generated,
        versions(),
        tuple(sections),
        tuple(
            _indicator(one, facts, code, period, ids) for one in definitions() if code == ALL or one.where != "whole"
        ),
        members,
    )


def _count(
    shown: Shown, facts: Mapping[str, Tally], code: str, period: Period, names: labels.Name, ids: Mapping[int, str]
) -> Count:
    levels = tuple(names if level == "institution" else labels.named(level) for level in shown.levels)
    find = trail.behind(code, period, shown.tally)
    return frozen(facts.get(shown.tally) or Tally(), shown.tally, shown.title, levels, find, ids)


def _indicator(
    one: Definition, facts: Mapping[str, Tally], code: str, period: Period, ids: Mapping[int, str]
) -> Indicator:
    if not one.computable:
        return Indicator(one, None, None, None)
    above, below = (facts.get(name(one.id)) or Tally() for name in (numerator, denominator))
    value = round(above.number / below.number, 6) if below.number else None
    top = frozen(above, "numerator", one.numerator, (), trail.behind(code, period, numerator(one.id)), ids)
    bottom = frozen(below, "denominator", one.denominator, (), trail.behind(code, period, denominator(one.id)), ids)
    return Indicator(one, top, bottom, value)


def _numbers(found: Collected, code: str) -> dict[str, int]:
    """The main numbers of an institution, for the table of the consortium."""
    facts: Mapping[str, Tally] = found.book.facts.get(code, {})
    messages = facts.get("messages") or Tally()
    states = {name: part.number for name, part in messages.parts.items()}
    numbers = {"messages": messages.number}
    numbers |= {name: states.get(name, 0) for name in ("accepted", "refused", "unreadable", "duplicate")}
    for name in ("resources", "unaccounted", "referrals-sent", "results", "criticals"):
        numbers[name] = facts[name].number if name in facts else 0
    return numbers


def _ids(connection: Connection, scope: Scope, rows: set[int]) -> dict[int, str]:
    """`Type/id` of the row numbers the scope lets see."""
    found: dict[int, str] = {}
    ordered = sorted(rows)
    for start in range(0, len(ordered), 500):
        part = ordered[start : start + 500]
        query = select(resource.c.rid, resource.c.type, resource.c.id).where(resource.c.rid.in_(part))
        for row in connection.execute(query.where(scope.predicate(resource))):
            found[row.rid] = f"{row.type}/{row.id}"
    return found


def county(book: SiteBook) -> County:
    """The consortium as the site files describe it."""
    sites = {code: endpoint.site.institution for code, endpoint in book.endpoints.items()}
    code = next((one.code for one in book.institutions.values() if one.level == "consortium"), "consortium")
    return County(code, book.institutions, sites)


def versions() -> dict[str, str]:
    """What the report was made with: the program, the schema of the store, the mark of the indicator tables."""
    try:
        program = version("qiao-fhir")
    except PackageNotFoundError:
        program = "unreleased"
    return {"qiao": program, "schema": HEAD, "indicators": definition.version(), "format": FORMAT}
