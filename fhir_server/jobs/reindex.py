"""The job behind `$reindex`: fills the lists of search parameters that were added to a store with data.

Writes index new parameters from the moment they are defined; this goes through what was there before, a slice of
resources at a time and under the commit lock, and adds the keys that are missing. At the end a list is called filled,
and the lists of definitions that are gone are emptied.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Select, func, select

from fhir_server.jobs.job import Json, Slice, Tools
from fhir_server.search import index
from fhir_server.search.overlay import Overlay, current, using
from fhir_server.search.reference import identifier_param, of_type_param, text_param
from fhir_server.store import schema
from fhir_server.store.body import parse
from fhir_server.store.flush import hold_parameters
from fhir_server.store.search_keys import targets_of
from fhir_server.store.unit import Key, Unit

SLICE = 300
"""Resources one slice looks at: some 50 ms under the lock."""
CLEARED = 2000
"""Keys of abandoned lists one slice removes."""
_TABLES = {"token": "sp_key", "uri": "sp_key", "string": "sp_string", "reference": "sp_reference"}
_NAMES = ("sp_key", "sp_string", "sp_range", "sp_reference")


def step(progress: Json, tools: Tools) -> Slice | Reindex:
    """The next slice. The first says which lists are to be filled; without any there is only tidying up to do."""
    if progress:
        return Reindex(progress)
    with tools.database.reading() as reader:
        overlay = tools.database.known.fresh(reader.all)
    types = sorted(kind for kind, added in overlay.added.items() if _lists(added, overlay))
    lists = {str(param): table for kind in types for param, table in _lists(overlay.added[kind], overlay).items()}
    # How many resources there are is told to who may see them all.
    begun = {"lists": lists, "types": types, "after": 0, "done": 0, "total": None, "told": tools.scope.owners is None}
    return Slice(begun, said="begins")


def _lists(added: Iterable[Any], overlay: Overlay) -> dict[int, str]:
    """The lists of these parameters that are to be filled, with the table their last keys stand in."""
    return {p: _TABLES.get(each.kind, "sp_range") for each in added for p in each.params if p in overlay.filling}


@dataclass(frozen=True, slots=True)
class Reindex:
    """One slice, done by the writer."""

    progress: Json

    def touches(self) -> Iterable[Key]:
        return ()

    def prepare(self, unit: Unit) -> None:
        """Nothing."""

    def apply(self, unit: Unit) -> Slice:
        unit.driver.lock_commit_order()
        hold_parameters(unit)
        progress = dict(self.progress)
        wanted = frozenset(int(param) for param in progress["lists"]) & current().filling
        if progress["total"] is None:
            progress["total"] = int(unit.driver.query(_total(progress["types"]))[0][0])
        rows = unit.driver.query(_slice(progress["types"], progress["after"])) if wanted else []
        if rows:
            _fill(unit, rows, wanted)
            progress |= {"after": rows[-1][0], "done": progress["done"] + len(rows)}
            return Slice(progress, said=_said(progress))
        if wanted:
            names = {int(param): name for param, name in progress["lists"].items()}
            unit.driver.insert(schema.search_list, [(param, names[param], unit.now) for param in sorted(wanted)])
            return Slice(progress | {"lists": {}}, said="tidying up")
        return self._tidied(unit, progress)

    def _tidied(self, unit: Unit, progress: Json) -> Slice:
        overlay = current()
        used = {p for added in overlay.added.values() for each in added for p in each.params}
        for (param,) in unit.driver.query(select(schema.search_list.c.param)):
            if param not in used:
                _clear(unit, param)
                return Slice(progress, said="tidying up")
        return Slice(progress, _result(progress), done=True, said="done")


def _said(progress: Json) -> str:
    done, total = progress["done"], max(progress["total"], progress["done"])
    return f"{done} of {total} resources" if progress.get("told") else f"{100 * done // total} %"


def _result(progress: Json) -> Json:
    counted = {"name": "resources", "valueUnsignedInt": progress["done"]}
    return {"resourceType": "Parameters"} | ({"parameter": [counted]} if progress.get("told") else {})


def _living(types: Sequence[str]) -> Any:
    resource = schema.resource.c
    return resource.type.in_(types) & resource.deleted.is_(False) & (resource.version > 0)


def _total(types: Sequence[str]) -> Select[Any]:
    counters = schema.type_count.c
    return select(func.coalesce(func.sum(counters.living), 0)).where(counters.type.in_(types))


def _slice(types: Sequence[str], after: int) -> Select[Any]:
    """The next resources in the order of their numbers; those created meanwhile have theirs behind all others."""
    resource = schema.resource.c
    statement = select(resource.rid, resource.body).where(resource.rid > after, _living(types))
    return statement.order_by(resource.rid).limit(SLICE)


def _fill(unit: Unit, rows: Sequence[Any], wanted: frozenset[int]) -> None:
    """Adds the keys of the wanted lists that are not there yet: an update may have written some of them."""
    resources = [(rid, parse(bytes(body))) for rid, body in rows]
    with using(_without(wanted)):
        before = [index.rows(resource) for _, resource in resources]
    found = [
        (rid, index.less(index.rows(resource), old)) for (rid, resource), old in zip(resources, before, strict=True)
    ]
    targets = targets_of(unit.driver, [one for _, one in found], unit.now)
    lists: dict[str, list[tuple[Any, ...]]] = {name: [] for name in _NAMES}
    for rid, one in found:
        lists["sp_key"] += [(*row, rid) for row in one.keys]
        lists["sp_string"] += [(*row, rid) for row in one.strings]
        lists["sp_range"] += [(*row, rid) for row in one.ranges]
        lists["sp_reference"] += [(p, targets[kind, name], rid) for p, kind, name in one.references]
    for name, new in lists.items():
        table = schema.metadata.tables[name]
        columns = tuple(column.name for column in table.columns)
        known = {tuple(row) for row in unit.driver.select(table, columns, columns, new)} if new else set()
        missing = sorted(set(new) - known)
        if missing:
            unit.driver.insert(table, missing)


def _without(wanted: frozenset[int]) -> Overlay:
    """The parameters but for those to be filled: the keys they make are what a resource has beside the others."""
    overlay = current()
    added = {kind: tuple(p for p in each if wanted.isdisjoint(p.params)) for kind, each in overlay.added.items()}
    return replace(overlay, added=added)


def _clear(unit: Unit, param: int) -> None:
    """Removes a part of an abandoned list, and what is known of it with the last part."""
    lists = (param, of_type_param(param), identifier_param(param), text_param(param))
    for each in _NAMES:
        table = schema.metadata.tables[each]
        columns = tuple(column.name for column in table.columns)
        rows = unit.driver.query(select(*table.columns).where(table.c.param.in_(lists)).limit(CLEARED))
        if rows:
            unit.driver.delete(table, columns, [tuple(row) for row in rows])
            return
    unit.driver.delete(schema.search_list, ("param",), [(param,)])
