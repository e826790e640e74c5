"""One dirty case told from its bytes: what is answered, what is stored, what the ledger and the issues say.

Every `message*.hl7` of a folder goes, in the order of the names, through the real way (`adapters.pipeline.handle`, or
the door that `case.toml` names) into one empty store, at a clock that stands. What comes out is made readable: ids
become `Patient#1`, what every message has (its header, the Provenance, organizations) is left out.
"""

from __future__ import annotations

import asyncio
import csv
import io
import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import select
from starlette.applications import Starlette

from adapters import batch, charset, er7, mllp, packed_ledger, pipeline
from adapters.http_door import routes
from adapters.listener import Limits, Listener
from adapters.reception import Reception
from adapters.site import SiteBook, load
from fhir_server.intake import Intake
from fhir_server.security.scope import EVERYTHING
from fhir_server.store import body, journal
from fhir_server.store.database import Database
from fhir_server.store.schema import resource as table

HERE = Path(__file__).parent
CASES = sorted(path for path in HERE.iterdir() if (path / "message.hl7").exists())
RECEIVED = "2026-03-01T09:00:00+08:00"
_UNTOLD = frozenset({"Provenance", "Organization", "Device"})
_PLAIN = frozenset({"set-id", "encoding", "transport"})
_HEADER = tuple(f"MSH-{number}" for number in (3, 4, 5, 6, 7, 9, 10, 11))


@dataclass(frozen=True, slots=True)
class Case:
    """`door` is pipeline, mllp, http, or batch; `received` the clock; `content_type` goes with http."""

    folder: Path
    door: str = "pipeline"
    received: str = RECEIVED
    content_type: str = ""
    path: str = "/v2/messages"
    limit: int = 16 * 1024 * 1024

    @property
    def messages(self) -> list[bytes]:
        found = sorted(self.folder.glob("message*.hl7"), key=lambda path: (len(path.name), path.name))
        return [path.read_bytes() for path in found]


@dataclass(slots=True)
class Told:
    """`expected` is what `expected.json` holds, `ledger` the rows of `ledger.csv`."""

    expected: dict[str, Any] = field(default_factory=dict)
    ledger: list[tuple[str, ...]] = field(default_factory=list)

    def json(self) -> str:
        return json.dumps(self.expected, ensure_ascii=False, indent=1, default=str) + "\n"

    def csv(self) -> str:
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(("message", "location", "outcome", "what"))
        writer.writerows(self.ledger)
        return out.getvalue()


def case(folder: Path) -> Case:
    facts = folder / "case.toml"
    return Case(folder, **(tomllib.loads(facts.read_text("utf-8")) if facts.exists() else {}))


def tell(one: Case, where: Path) -> Told:
    """Runs the case in a new store below `where`."""
    own = one.folder / "sites"
    book = load(own if own.exists() else HERE / "sites")
    database = Database(f"sqlite:///{where}/qiao.db")
    database.create()
    now = int(datetime.fromisoformat(one.received).timestamp()) * 1_000_000
    intake = Intake(database, clock=lambda: now)
    try:
        answers = list(_DOORS[one.door](one, book, intake, now))
        return _told(answers, database, book)
    finally:
        intake.close()
        database.close()


def _pipeline(one: Case, book: SiteBook, intake: Intake, now: int) -> Iterator[bytes]:
    door = pipeline.Door(book, intake, lambda: now)
    for raw in one.messages:
        yield pipeline.handle(raw, door).answer


def _batch(one: Case, book: SiteBook, intake: Intake, now: int) -> Iterator[bytes]:
    door = pipeline.Door(book, intake, lambda: now, channel="replay")
    for raw in one.messages:
        for item in batch.read(io.BytesIO(raw), "batch"):
            yield pipeline.handle(item.raw, door).answer


def _mllp(one: Case, book: SiteBook, intake: Intake, now: int) -> list[bytes]:
    reception = Reception(book, intake, lambda: now, limit=one.limit)

    async def talk() -> list[bytes]:
        listener = Listener(reception, Limits(frame=one.limit, frame_seconds=1.0))
        await listener.start("127.0.0.1", 0)
        answers: list[bytes] = []
        for raw in one.messages:
            reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
            writer.write(raw)
            framer = mllp.Framer()
            while data := await asyncio.wait_for(_more(reader), 20):
                answers += [event.data for event in framer.feed(data) if isinstance(event, mllp.Frame)]
            writer.close()
            await writer.wait_closed()
        await listener.close()
        return answers

    try:
        return asyncio.run(talk())
    finally:
        reception.close()


async def _more(reader: asyncio.StreamReader) -> bytes:
    """What comes next; nothing when the peer has been quiet for a while."""
    try:
        return await asyncio.wait_for(reader.read(65536), 1.5)
    except TimeoutError:
        return b""


def _http(one: Case, book: SiteBook, intake: Intake, now: int) -> list[bytes]:
    reception = Reception(book, intake, lambda: now, channel="http", limit=one.limit)
    app = Starlette(routes=routes(reception, limit=one.limit))

    async def post() -> list[bytes]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://door") as client:
            told = zip(one.messages, one.path.split(" | "), one.content_type.split(" | "), strict=True)
            sent = [await client.post(path, content=raw, headers={"content-type": kind}) for raw, path, kind in told]
        return [f"{answer.status_code} ".encode() + answer.content for answer in sent]

    try:
        return asyncio.run(post())
    finally:
        reception.close()


_DOORS = {"pipeline": _pipeline, "batch": _batch, "mllp": _mllp, "http": _http}


def _told(answers: list[bytes], database: Database, book: SiteBook) -> Told:
    with database.read() as connection:
        entries = list(journal.find(connection, EVERYTHING, journal.Wanted()))
        rows = connection.execute(select(table.c.type, table.c.id, table.c.version, table.c.body, table.c.rid)).all()
        entries = [journal.entry(connection, EVERYTHING, entry.id) or entry for entry in entries]
    rows = sorted((row for row in rows if row.version), key=lambda row: row.rid)
    names = _names(rows)
    told = Told()
    told.expected["answers"] = [_answer(raw) for raw in answers]
    told.expected["journal"] = [" ".join(filter(None, (one.status, one.charset, one.type))) for one in entries]
    told.expected["resources"] = {
        names[f"{row.type}/{row.id}"]: {"version": row.version, **_readable(body.content(row.body), names)}
        for row in rows
        if row.type not in _UNTOLD
    }
    for number, entry in enumerate(entries, 1):
        told.ledger += [(str(number), *row) for row in _ledger(entry, book, names)]
    return told


def _names(rows: list[Any]) -> dict[str, str]:
    """`Patient/<id>` to `Patient#1`, in the order in which they were first written."""
    counts: dict[str, int] = {}
    names: dict[str, str] = {}
    for row in rows:
        counts[row.type] = counts.get(row.type, 0) + 1
        names[f"{row.type}/{row.id}"] = f"{row.type}#{counts[row.type]}"
    return names


def _readable(node: Any, names: dict[str, str]) -> Any:
    """Without ids, profiles and institutions; references by their names; long base64 by its length."""
    if isinstance(node, list):
        return [_readable(child, names) for child in node]
    if not isinstance(node, dict):
        return node
    found = {}
    for name, child in node.items():
        if name == "reference":
            found[name] = names.get(child, "elsewhere")
        elif name == "meta":
            if "tag" in child:
                found["tag"] = [tag["code"] for tag in child["tag"]]
        elif name == "data":
            found[name] = f"{len(child)} characters of base64"
        elif name not in ("id", "resourceType", "managingOrganization", "serviceProvider"):
            found[name] = _readable(child, names)
    return found


def _answer(raw: bytes) -> dict[str, Any]:
    """Verdict, control id, the issues with their places, and the character set the answer can be read in."""
    status, raw = (raw[:3].decode(), raw[4:]) if raw[:3].isdigit() else ("", raw)
    text = charset.decode(raw).text
    found: dict[str, Any] = {"http": status} if status else {}
    inner = text[text.find("MSH") :].partition("]]>")[0].partition('"}')[0].strip('"').replace("\\r", "\r")
    parsed = er7.parse(inner.replace("\\\\", "\\")) if "MSH|" in text else None
    if parsed is None or parsed.message is None:
        return {**found, "text": text}
    message = parsed.message
    found |= {"msa": message.get("MSA", 1), "of": message.get("MSA", 2), "charset": charset.decode(raw).detected}
    errors = [" ".join(filter(None, (one.raw(1), one.raw(5), one.raw(2)))) for one in message.all("ERR")]
    return {**found, "err": errors} if errors else found


def _ledger(entry: journal.Entry, book: SiteBook, names: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    for issue in entry.issues:
        yield issue.get("location") or issue.get("expression") or "", issue["severity"], issue["code"]
    site = entry.site if entry.site in book.endpoints and entry.site != book.default.code else ""
    prepared = pipeline.prepare(entry.raw, book, entry.received, channel=entry.endpoint, site=site)
    if prepared.message is None or not entry.ledger:
        return
    assert entry.unaccounted == 0
    for place, outcome, path, rule in packed_ledger.unpack(entry.ledger, prepared.message):
        if outcome == "stored" or path in _PLAIN or place in _HEADER or place.partition(".")[0] in _HEADER:
            continue
        identity, _, element = path.partition("#")
        where = f"{names.get(identity, identity.partition('/')[0])}#{element}" if element else path
        yield place, outcome, f"{where} {rule.partition(' ')[2]}".strip()
