"""One slice of an export: a few pages of the snapshot become lines of NDJSON (Bulk Data Access IG, export.html).

Progress: `seq` and `time` of the snapshot, `types` in order, `place` and `after` where to go on, the `files` so far.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from time import monotonic
from typing import Any

import orjson
from sqlalchemy import Connection, or_, select

from fhir_server.bulk import patients as whose
from fhir_server.bulk.parts import Parts
from fhir_server.bulk.patients import Patients
from fhir_server.bulk.snapshot import Picked, Stood, last_change, walk
from fhir_server.jobs.job import Json, Slice, Tools
from fhir_server.rest.subset import Subset, subset
from fhir_server.search.matching import matching
from fhir_server.search.overlay import using
from fhir_server.search.query import Query, parse
from fhir_server.search.values import Surroundings
from fhir_server.store.database import reader
from fhir_server.store.schema import resource
from profiles.issue import Issue

_SECONDS = 0.5
_BYTES = 8 * 1024 * 1024
"""A slice ends after so much time, or so many bytes in memory."""
_RAN_AWAY = 60_000_000
"""Microseconds: the writer does not follow a clock that is so much ahead, nor does an export name its time."""
_MARGIN = 5_000_000
"""Microseconds by which the clocks of two servers may differ."""
_DELETED = "deleted"


def step(progress: Json, tools: Tools) -> Slice:
    """The next slice of the export that `tools.request` asks for (see `export.py` for its keys)."""
    with tools.database.read() as connection:
        if "seq" not in progress:
            return _begun(connection, tools)
        known = tools.database.known.fresh(reader(connection).all).seen_by(tools.scope.owners)
        with using(known):
            return _next(connection, progress, tools)


def _next(connection: Connection, progress: Json, tools: Tools) -> Slice:
    """The next slice, unless the Group or a search parameter of a filter has gone meanwhile."""
    patients = _patients(connection, tools)
    if patients == ():
        return Slice(progress, issues=(Issue("not-found", "Group"),))
    read = [_parsed(text, tools) for text in tools.request["filters"]]
    gone = tuple(issue for each in read if not isinstance(each, Query) for issue in each)
    return Slice(progress, issues=gone) if gone else _slice(connection, progress, tools, patients or None)


def _begun(connection: Connection, tools: Tools) -> Slice:
    """What the picture is of, and which types there are to go through.

    Its time is that of the last change it holds, never the clock's: a commit that is under way has drawn its time
    already, however long it takes, and the export that follows must find it. Every later change is later than this one.
    """
    seq, changed = last_change(connection)
    types = tools.request["types"] or _types_there(connection, tools.request["level"])
    now = tools.clock()
    time = changed if changed - now < _RAN_AWAY else now - _MARGIN
    return Slice({"seq": seq, "time": time, "types": types, "place": 0, "after": "", "files": [], "count": 0})


def _types_there(connection: Connection, level: str) -> list[str]:
    from profiles.definitions import resource_types

    named = sorted(resource_types()) if level == "system" else list(whose.types())
    return [
        kind
        for kind in named
        if connection.execute(select(resource.c.rid).where(resource.c.type == kind).limit(1)).first() is not None
    ]


def _patients(connection: Connection, tools: Tools) -> Patients | tuple[()] | None:
    """Whose data; None: everybody's, and what is nobody's; () when the Group is gone."""
    request, scope = tools.request, tools.scope
    if request["level"] == "system":
        return None
    found = Patients(scope) if request["level"] == "patient" else whose.of_group(connection, request["group"], scope)
    if found is None:
        return ()
    if request["patients"]:
        only = whose.rids_of(connection, request["patients"], scope)
        found = Patients(scope, found.group, found.without, only)
    return found


@dataclass(slots=True)
class _Wanted:
    """What of a version is exported and how."""

    since: int
    until: int
    part: Subset | None

    def lines(self, found: Iterable[Stood]) -> tuple[list[bytes], list[Stood]]:
        """The lines of what lives, and what was deleted in the time asked for."""
        timely = [each for each in found if self.since < each.last_updated <= self.until]
        living = [each for each in timely if not each.deleted]
        part = self.part
        lines = [each.body if part is None else part(each.type, each.body) for each in living]
        return lines, [each for each in timely if each.deleted] if self.since >= 0 else []


def _slice(connection: Connection, progress: Json, tools: Tools, patients: Patients | None) -> Slice:
    request, ends = tools.request, monotonic() + _SECONDS
    parts = Parts(tools.folder, tools.worker, tools.settings.export_file, progress["files"])
    wanted = _Wanted(request["since"], request["until"], subset("", tuple(request["elements"])))
    types, place, after, count, size = progress["types"], progress["place"], progress["after"], progress["count"], 0
    while place < len(types) and monotonic() < ends and size < _BYTES:
        kind = types[place]
        picked = _picked(connection, kind, tools, patients)
        for found, following in walk(connection, kind, after, progress["seq"], tools.scope, picked):
            lines, deleted = wanted.lines(found)
            size += parts.add(kind, lines) + parts.add(_DELETED, _bundles(deleted))
            after, count = following, count + len(lines)
            if not after or monotonic() >= ends or size >= _BYTES:
                break
        place += not after
    files = parts.flush()
    going = progress | {"place": place, "after": after, "count": count, "files": files}
    said = f"{count} resources, {place} of {len(types)} types"
    result = {"time": progress["time"], "files": files}
    return Slice(going, result, done=place == len(types), said=said)


def _picked(connection: Connection, kind: str, tools: Tools, patients: Patients | None) -> Picked | None:
    """The compartment and the filters of the type, each where it is asked for."""
    compartment = None if patients is None else whose.picked(connection, kind, patients)
    filters = [text for text in tools.request["filters"] if text.partition("?")[0] == kind]
    if not filters:
        return compartment
    meets = or_(*(_filter(kind, text, tools) for text in filters))
    if compartment is None:
        return Picked(meets, lambda body: _meets(connection, kind, body, meets))
    where = compartment.where & meets
    return Picked(where, lambda body: compartment.fits(body) and _meets(connection, kind, body, meets))


def _filter(kind: str, text: str, tools: Tools) -> Any:
    query = _parsed(text, tools)
    assert isinstance(query, Query), "looked at before the slice"
    found = matching(kind, query.conditions, tools.scope, depth=1)
    return resource.c.rid.in_(select(found.rid).select_from(found.source).where(*found.where))


def _parsed(text: str, tools: Tools) -> Query | tuple[Issue, ...]:
    kind, _, query = text.partition("?")
    return parsed_filter(kind, query, tools.clock(), tools.request["base"])


def parsed_filter(kind: str, text: str, now: int, base: str) -> Query | tuple[Issue, ...]:
    """One `_typeFilter` query."""
    from urllib.parse import parse_qsl

    pairs = parse_qsl(text, keep_blank_values=True)
    return parse(kind, pairs, Surroundings(now, base))


def _meets(connection: Connection, kind: str, body: bytes, meets: Any) -> bool:
    """A filter is held against the present version: older ones have no keys of search."""
    from fhir_server.store import body as bodies

    if not body:
        return False
    row = select(resource.c.rid).where(resource.c.type == kind, resource.c.id == bodies.parse(body)["id"], meets)
    return connection.execute(row).first() is not None


def _bundles(deleted: list[Stood]) -> Iterable[bytes]:
    """Transaction Bundles that would delete what was deleted (export.html#response---complete-status)."""
    if deleted:
        entries = [{"request": {"method": "DELETE", "url": f"{each.type}/{each.id}"}} for each in deleted]
        yield orjson.dumps({"resourceType": "Bundle", "type": "transaction", "entry": entries})
