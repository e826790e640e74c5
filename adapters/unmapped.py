"""The work list of local codes: what waits, what today's rules know already, and which messages carried a code.

A message carried a code when its journal names a finding about codes at a place where that code stands. Replaying it
corrects what it stated under older rules (`adapters.replay`); one whose last replay no longer has the finding is done.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Connection, select

from adapters import pipeline, replay
from adapters.replay import Input
from adapters.site import SiteBook, SiteError, load
from adapters.site_codes import check_row
from adapters.site_file import CODE_COLUMNS
from fhir_server.security.scope import EVERYTHING
from fhir_server.store import journal, schema
from fhir_server.store.database import Database
from mappers.codes import FOLDER, Coded, lookup
from mappers.message import Message, unescape
from mappers.site import Site

ABOUT_CODES = frozenset(
    {
        "code-unmapped",
        "code-unmapped-refused",
        "flag-unknown",
        "identifier-type-unknown",
        "status-unknown",
        "unit-unknown",
    }
)
"""Findings that a row of `codes.csv` can end."""
_PLACE = re.compile(r"\A([A-Z][A-Z0-9]{2})(?:\[(\d+)\])?-(\d+)")


@dataclass(frozen=True, slots=True)
class Waiting:
    """One line of the work list; `target` is what today's rules make of the code, `''` when they do not know it."""

    site: str
    table: str
    code: str
    text: str
    location: str
    seen: int
    message: int
    target: str

    def json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


def waiting(connection: Connection, book: SiteBook, site: str = "") -> Iterator[Waiting]:
    """The work list, most frequent first."""
    table = schema.worklist
    query = select(table).order_by(table.c.seen.desc(), table.c.site, table.c.table, table.c.code)
    if site:
        query = query.where(table.c.site == site)
    for row in connection.execute(query):
        site_, table_, code, text, location, seen, message = row
        target = target_of(book, site_, table_, code)
        yield Waiting(site_, table_, code, text, location, seen, message, target)


def target_of(book: SiteBook, site: str, table: str, code: str) -> str:
    """What today's rules make of that code at that site."""
    endpoint = book.by_code(site)
    known: Site = (endpoint or book.default).site
    if table == "identifier-type":
        return known.identifier_types.get(code.upper(), "")
    if (table, code) in known.codes:
        return known.codes[table, code]
    if not (FOLDER / f"{table}.csv").exists():
        return ""
    found = lookup(known, table, code)
    return found.code if isinstance(found, Coded) else ""


def add_row(sites: Path, site: str, table: str, code: str, target: str, text: str) -> tuple[SiteBook | None, str]:
    """Writes the row into the site's `codes.csv`. The new book, or why it was not written; then nothing changed."""
    problems: list[str] = []
    check_row(table, target, f"{table} {code}", problems)
    if problems:
        return None, "\n".join(problems)
    path = sites / site / "codes.csv"
    before = path.read_bytes() if path.exists() else None
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    if before is None:
        writer.writerow(CODE_COLUMNS)
    elif before and not before.endswith(b"\n"):
        out.write("\n")
    writer.writerow((table, code, target, text))
    _replace(path, (before or b"") + out.getvalue().encode())
    try:
        return load(sites), ""
    except SiteError as error:
        if before is None:
            path.unlink()
        else:
            _replace(path, before)
        return None, str(error)


def _replace(path: Path, content: bytes) -> None:
    """In one step, so that a server that starts meanwhile reads the old file or the new one."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_bytes(content)
    fresh.replace(path)


def carrying(database: Database, book: SiteBook, codes: dict[str, set[str]], now: int) -> Iterator[Input]:
    """The originals of the journal that name one of the codes (by site), oldest first; those done already left out."""
    for site, wanted in codes.items():
        with database.read() as connection:
            numbers = [
                entry.id
                for entry in journal.find(connection, EVERYTHING, journal.Wanted(site=site))
                if entry.original is None and entry.status != "event" and _about_codes(entry.issues)
            ]
        for number in numbers:
            with database.read() as connection:
                entry = journal.entry(connection, EVERYTHING, number)
                last = _last_issues(connection, number) if entry is not None else None
            if entry is None or (last is not None and not _about_codes(last)):
                continue
            known = site if book.by_code(site) is not None and site != book.default.code else ""
            message = pipeline.prepare(entry.raw, book, now, channel="explain", site=known).message
            if message is not None and names(message, last or entry.issues, wanted):
                yield replay.Input(entry.raw, f"journal:{number}", number, known, entry.received)


def _about_codes(issues: list[dict[str, Any]]) -> bool:
    return any(issue["code"] in ABOUT_CODES for issue in issues)


def _last_issues(connection: Connection, number: int) -> list[dict[str, Any]] | None:
    """The findings of the last replay of a message, `None` when it was never replayed."""
    table = schema.journal
    query = (
        select(table.c.issues)
        .where(table.c.original == number, table.c.endpoint == "replay")
        .order_by(table.c.id.desc())
        .limit(1)
    )
    row = connection.execute(query).first()
    return orjson.loads(row[0]) if row else None


def names(message: Message, issues: list[dict[str, Any]], wanted: set[str]) -> bool:
    """Whether one of the codes stands where one of the findings is."""
    folded = {code.casefold() for code in wanted}
    return any(
        not folded.isdisjoint(_values(message, issue.get("location", "")))
        for issue in issues
        if issue["code"] in ABOUT_CODES
    )


def _values(message: Message, location: str) -> set[str]:
    """The values of the field at a location, whole and part by part."""
    place = _PLACE.match(location)
    if place is None:
        return set()
    occurrence = int(place[2] or 1)
    segment = next((one for one in message.all(place[1]) if one.occurrence == occurrence), None)
    found: set[str] = set()
    for value in segment.values(int(place[3])) if segment is not None else ():
        for part in (value.raw, *value.components):
            pieces = (
                (part, *part.split(message.delimiters.subcomponent)) if message.delimiters.subcomponent else (part,)
            )
            found.update(unescape(piece, message.delimiters).strip().casefold() for piece in pieces if piece)
    return found
