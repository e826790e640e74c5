"""$everything of a Patient or an Encounter: its compartment, and whatever that refers to.

Sources: FHIR R4 patient-operation-everything.html, encounter-operation-everything.html, compartmentdefinition.html.
The members of the compartment are the matches, counted and paged in a fixed order that others' writes do not move;
each page brings what its matches refer to (practitioners, organizations, places, medications, attachments) as includes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, exists, func, literal, or_, select, union

from fhir_server.operations.parameters import Inputs, inputs
from fhir_server.operations.reachable import Reached, reached, references
from fhir_server.operations.stored import stored
from fhir_server.rest.bundle import bundle, resource_entry
from fhir_server.rest.exchange import Answer, Call, Services, refusal, refused
from fhir_server.rest.page_link import PAGE, Mark, link, opened, sealed
from fhir_server.search.heavy import taken
from fhir_server.search.instants import EARLIEST, LATEST, instant_range
from fhir_server.search.parameters import clinical_date, parameters
from fhir_server.store.body import instant
from fhir_server.store.schema import change, resource, sp_range, sp_reference
from profiles.definitions import compartment, resource_types
from profiles.issue import Issue

INCLUDED_MOST = 10_000
"""Resources one page may bring along; more is refused, not cut off in silence."""
_GATHERINGS = frozenset({"Group", "List"})
COUNTED = 1000
"""Members that are counted for all patients together; of one patient all are."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """`rid` is the focus, None for all patients. `mark` is (snapshot, last rid or 0, total)."""

    kind: str
    rid: int | None
    count: int
    low: int | None
    high: int | None
    since: int | None
    types: frozenset[str]
    mark: Mark | None


def everything_patient(call: Call, services: Services) -> Answer:
    """200 with a searchset Bundle; 404 when the patient is not there for the caller."""
    return _everything("Patient", call, services)


def everything_encounter(call: Call, services: Services) -> Answer:
    """200 with a searchset Bundle; 404 when the encounter is not there for the caller."""
    return _everything("Encounter", call, services)


def _everything(kind: str, call: Call, services: Services) -> Answer:
    asked = _asked(kind, call, services)
    if isinstance(asked, Answer):
        return asked
    with services.database.read() as connection:
        snapshot = asked.mark[0] if asked.mark else connection.execute(_SNAPSHOT).scalar_one()
        total = asked.mark[2] if asked.mark else _total(connection, asked, call)
        rows, cut = _page(connection, asked, call, snapshot)
        shown = [Reached(row.rid, row.type, row.id, bytes(row.body)) for row in rows[: asked.count]]
        outside = resource_types() - compartment(kind).keys() - {kind}
        along = reached(shown, connection, call, most=INCLUDED_MOST, deep=frozenset(outside))
    if along is None:
        return refused("search-too-costly", "http._count", limit=str(INCLUDED_MOST))
    along = _without_strangers(shown, along, call)
    path = "/".join(filter(None, (call.type, call.id, "$everything")))
    links = [("self", link(call, path, next((text for name, text in call.parameters if name == PAGE), "")))]
    if shown and (cut or len(rows) > len(shown)):
        following = sealed((snapshot, shown[-1].rid, total), "everything", call, services)
        links.append(("next", link(call, path, following)))
    entries = _entries(call, shown, along, asked.types)
    return Answer(200, bundle("searchset", entries, links=links, total=total, at=instant(services.clock())))


def _without_strangers(shown: Sequence[Reached], along: list[Reached], call: Call) -> list[Reached]:
    """What comes along but for the patients that only stand in the same Group or List: they are somebody else."""
    if not any(one.type in _GATHERINGS for one in shown):
        return along
    others = [one for one in (*shown, *along) if one.type not in _GATHERINGS]
    meant = {key for one in others for key in references(one.body, call.base)}
    return [one for one in along if one.type != "Patient" or one.key in meant]


def _entries(call: Call, shown: Iterable[Reached], along: Iterable[Reached], types: frozenset[str]) -> Iterable[bytes]:
    for mode, listed in ((b"match", shown), (b"include", along)):
        for one in listed:
            if not types or one.type in types:
                extra = b',"search":{"mode":"' + mode + b'"}'
                yield resource_entry(f"{call.base}/{one.type}/{one.id}", one.body, extra)


# ------------------------------------------------------------------------------------------------------- parameters


def _asked(kind: str, call: Call, services: Services) -> _Asked | Answer:
    given = inputs(call, services, f"{kind}-everything", also={PAGE: "string"})
    if not isinstance(given, Inputs):
        return refusal(*given)
    types = frozenset(filter(None, (part for text in given.all("_type") for part in text.split(","))))
    if types - resource_types():
        return refused("operation-parameter-value", "_type", name="_type", type="resource type")
    count = given.one("_count")
    if count is not None and count < 0:
        return refused("operation-parameter-value", "_count", name="_count", type="count")
    mark = None
    if given.one(PAGE) is not None and (mark := opened(given.one(PAGE), "everything", call, services)) is None:
        return refusal(Issue("search-cursor", f"http.{PAGE}"))
    focus = stored(call, services) if call.id else None
    if isinstance(focus, Answer):
        return focus
    most = services.limits.page_most
    return _Asked(
        kind,
        focus.rid if focus else None,
        most if count is None else min(count, most),
        _bound(given, "start", 0),
        _bound(given, "end", 1),
        _bound(given, "_since", 0),
        types,
        mark,
    )


def _bound(given: Inputs, name: str, side: int) -> int | None:
    text = given.one(name)
    span = None if text is None else instant_range(text)
    return None if span is None else span[side]


# ---------------------------------------------------------------------------------------------------------- members


_SNAPSHOT = select(func.coalesce(func.max(change.c.seq), 0))
_FOCUS = resource.alias("focus")
_type: ColumnElement[str] = func.coalesce(resource.c.type, "")
"""The type, hidden from the index on it: a page is a walk in the order of the numbers, not a sort of the whole type."""


@cache
def _linking(kind: str) -> list[int]:
    """The lists of references by which a resource is a member of the compartment."""
    found = {
        param
        for member, codes in compartment(kind).items()
        for code in codes
        if (parameter := parameters(member).get(code)) is not None and kind in parameter.targets
        for param in parameter.params
    }
    return sorted(found)


@cache
def _dates() -> list[int]:
    """The lists that say when something happened."""
    found = {param for kind in resource_types() if (main := clinical_date(kind)) for param in main.params}
    return sorted(found)


def _members(asked: _Asked, call: Call) -> list[ColumnElement[bool]]:
    conditions = [
        resource.c.deleted.is_(False),
        resource.c.version > 0,
        call.caller.scope.predicate(resource),
        _linked(asked, call),
    ]
    if asked.since is not None:
        conditions.append(resource.c.last_updated >= asked.since)
    if asked.low is not None or asked.high is not None:
        conditions.append(_cared_for(asked))
    # Types from outside the compartment come along with the members, so then none of these may be left out.
    if asked.types and asked.types <= compartment(asked.kind).keys() | {asked.kind}:
        conditions.append(_type.in_(sorted(asked.types)))
    return conditions


def _linked(asked: _Asked, call: Call) -> ColumnElement[bool]:
    """The focus itself, or what refers to it by a parameter of the compartment."""
    if asked.rid is not None:
        referring = select(sp_reference.c.rid).where(
            sp_reference.c.param.in_(_linking(asked.kind)), sp_reference.c.target == asked.rid
        )
        # One list of numbers, not an OR: the databases read it first and look up the few rows it names.
        return resource.c.rid.in_(union(referring, select(literal(asked.rid))))
    of_one = exists(
        select(literal(1))
        .select_from(sp_reference.join(_FOCUS, _FOCUS.c.rid == sp_reference.c.target))
        .where(
            sp_reference.c.rid == resource.c.rid,
            sp_reference.c.param.in_(_linking(asked.kind)),
            _FOCUS.c.type == asked.kind,
            _FOCUS.c.deleted.is_(False),
            _FOCUS.c.version > 0,
            call.caller.scope.predicate(_FOCUS),
        )
    )
    types = sorted({*compartment(asked.kind), asked.kind})
    return and_(_type.in_(types), or_(_type == asked.kind, of_one))


def _cared_for(asked: _Asked) -> ColumnElement[bool]:
    """Care dates that meet the period; what has no date belongs to every period."""
    low = EARLIEST if asked.low is None else asked.low
    high = LATEST if asked.high is None else asked.high
    meets = exists(
        select(literal(1)).where(
            sp_range.c.rid == resource.c.rid,
            sp_range.c.param.in_(_dates()),
            sp_range.c.low <= high,
            sp_range.c.high >= low,
        )
    )
    return or_(resource.c.clinical_date.is_(None), meets)


def _page(connection: Connection, asked: _Asked, call: Call, snapshot: Any) -> tuple[list[Row], bool]:
    """The rows of one page and one more, the focus first; and whether it was cut, because it is heavy."""
    if not asked.count:
        return [], False
    after = (asked.mark[1] or 0) if asked.mark else 0
    rows: list[Row] = []
    if asked.rid is not None and after == 0:
        rows = list(connection.execute(_rows(asked, call).where(resource.c.rid == asked.rid)))
    others = _rows(asked, call).where(_existed(snapshot))
    if asked.rid is not None:
        others = others.where(resource.c.rid != asked.rid)
        after = 0 if after == asked.rid else after
    others = others.where(resource.c.rid > after).order_by(resource.c.rid).limit(asked.count + 1 - len(rows))
    return taken(chain(rows, connection.execute(others, execution_options=_IN_PIECES)))


_IN_PIECES = {"stream_results": True, "max_row_buffer": 50}
"""Not all rows are brought here before the first is looked at."""


def _rows(asked: _Asked, call: Call) -> Select[Any]:
    columns = (resource.c.rid, resource.c.type, resource.c.id, resource.c.body)
    return select(*columns).where(*_members(asked, call))


def _existed(snapshot: Any) -> ColumnElement[bool]:
    """Not created after the first page."""
    later = select(literal(1)).where(
        and_(change.c.rid == resource.c.rid, change.c.version == 1, change.c.seq > snapshot)
    )
    return ~exists(later)


def _total(connection: Connection, asked: _Asked, call: Call) -> int | None:
    members = select(resource.c.rid).where(*_members(asked, call))
    if asked.types:
        members = members.where(resource.c.type.in_(sorted(asked.types)))
    if asked.rid is None:
        members = members.limit(COUNTED + 1)
    counted = connection.execute(select(func.count()).select_from(members.subquery())).scalar_one()
    return counted if asked.rid is not None or counted <= COUNTED else None
