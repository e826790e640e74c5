"""Makes all search keys of a store anew, when the rules changed or a backup brought none.

For a store that no server uses: one transaction, so that it is done or nothing is. A server that goes on serving is
re-indexed by `$reindex`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, func, select

from fhir_server.search import index
from fhir_server.search.overlay import using
from fhir_server.store import schema
from fhir_server.store.body import parse
from fhir_server.store.database import Database, index_rules
from fhir_server.store.driver import Driver, open_driver
from fhir_server.store.schema import INDEX_RULES
from fhir_server.store.unit import Head, Key

Progress = Callable[[str, int, int], None]
_SLICE = 1000
_LISTS = ("sp_key", "sp_string", "sp_range", "sp_reference")


def renew(database: Database, progress: Progress) -> int:
    """Indexes every living resource anew, unless the keys are those of today's rules; how many."""
    with database.engine.connect() as connection:
        if index_rules(connection) == INDEX_RULES:
            return 0
    driver = open_driver(database.driver(), database.dialect)
    try:
        driver.begin()
        for name in _LISTS:
            driver.clear(schema.metadata.tables[name])
        with database.read() as connection, using(database.known.fresh(driver.ask)):
            done = _indexed(connection, driver, progress)
        driver.update(schema.about, ("name",), ("value",), [("index", str(INDEX_RULES))])
        driver.commit()
    except BaseException:
        driver.rollback()
        raise
    finally:
        driver.close()
    return done


def _indexed(connection: Connection, driver: Driver, progress: Progress) -> int:
    living = schema.resource.c.deleted.is_(False) & (schema.resource.c.version > 0)
    total = connection.execute(select(func.count()).select_from(schema.resource).where(living)).scalar_one()
    done = 0
    for part in _slices(connection, living):
        _index(driver, part)
        done += len(part)
        progress("search keys", done, total)
    return done


def _slices(connection: Connection, living: Any) -> Iterator[Sequence[Any]]:
    resource, last = schema.resource.c, 0
    statement = select(resource.rid, resource.body, resource.last_updated).where(living).order_by(resource.rid)
    while rows := connection.execute(statement.where(resource.rid > last).limit(_SLICE)).all():
        yield rows
        last = rows[-1].rid


def _index(driver: Driver, rows: Sequence[Any]) -> None:
    found = [(row.rid, index.rows(parse(bytes(row.body)))) for row in rows]
    targets = targets_of(driver, [one for _, one in found], rows[0].last_updated)
    lists: dict[str, list[Any]] = {name: [] for name in _LISTS}
    for rid, one in found:
        lists["sp_key"] += [(*key, rid) for key in one.keys]
        lists["sp_string"] += [(*string, rid) for string in one.strings]
        lists["sp_range"] += [(*span, rid) for span in one.ranges]
        lists["sp_reference"] += [(param, targets[kind, name], rid) for param, kind, name in one.references]
    for name, new in lists.items():
        if new:
            driver.insert(schema.metadata.tables[name], sorted(new))
    columns = [(rid, targets[one.patient] if one.patient else None, one.clinical_date) for rid, one in found]
    driver.update(schema.resource, ("rid",), ("patient_rid", "clinical_date"), columns)


def targets_of(driver: Driver, found: Sequence[index.IndexRows], now: int) -> dict[Key, int]:
    """The numbers of what is referred to; what was never seen becomes a placeholder, as in a write."""
    keys = {(kind, name) for one in found for _, kind, name in one.references}
    keys |= {one.patient for one in found if one.patient}
    if not keys:
        return {}
    rows = driver.select(schema.resource, ("rid", "type", "id"), ("type", "id"), sorted(keys))
    known = {(row[1], row[2]): row[0] for row in rows}
    missing = sorted(keys - known.keys())
    if missing:
        rid = driver.numbers(schema.resource, len(missing))
        heads = [Head(rid + place, *key, 0, now, True, b"", "") for place, key in enumerate(missing)]
        driver.insert(schema.resource, heads)
        known |= {(head.type, head.id): head.rid for head in heads}
    return known
