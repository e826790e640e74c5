"""All that a translation says of a message, in lines that can be compared and read."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from adapters.er7 import parse
from adapters.packed_ledger import unpack
from adapters.pipeline import Prepared, prepare
from adapters.site import SiteBook, load
from mappers import Context, Mapped, Message, Site, map_message
from profiles.json_output import dump
from tests.mappers.neighbour_sources import WIRES, Case, senders

_NOW = 1_772_323_201_000_000
"""2026-03-01 08:00:01 +08:00."""


@dataclass(frozen=True, slots=True)
class World:
    """Who sends: the sites by name, and those that come with the package."""

    sites: Mapping[str, Site]
    book: SiteBook


def world() -> World:
    return World(senders(), load())


def translate(case: Case, there: World) -> Callable[[], str] | None:
    """Translates the message; what comes back tells what became of it, as often as it is asked. `None`: no message."""
    if case.site in WIRES:
        raw = case.text.encode("gb18030" if case.site != "wire" else "utf-8")
        prepared = prepare(raw, there.book, _NOW, channel="mllp")
        return lambda: "\n".join(_of_prepared(prepared))
    message = parse(case.text).message
    if message is None:
        return None
    source = f"urn:qiao:message:{case.site}:{message.control_id}"
    mapped = map_message(message, Context(there.sites[case.site], "2026-03-01T08:00:01+08:00", source))
    return lambda: "\n".join(_of_mapped(message, mapped))


def _of_mapped(message: Message, mapped: Mapped) -> Iterator[str]:
    """The bytes of the Bundle, the statements, the ledger in the order of the message, the issues, the work list."""
    bundle = mapped.bundle
    for entry in bundle.pop("entry"):
        yield dump(entry).decode()
    yield dump(bundle).decode()
    for one in mapped.statements:
        yield f"statement {one.key} {one.weight!r} {one.owner} {sorted(one.deleted)}"
    for where, line in mapped.ledger.rows(message):
        yield f"{where} {tuple(line)}"
    yield f"unaccounted {mapped.ledger.unaccounted(message)}"
    for issue in mapped.issues:
        yield repr(issue)
    yield f"unmapped {[dict(one) for one in mapped.unmapped]}"
    yield repr((mapped.event_time, mapped.patient, mapped.order_key, mapped.merges, dict(mapped.identifier)))
    yield f"made {mapped.timestamp}"


def _of_prepared(prepared: Prepared) -> Iterator[str]:
    """What is stored."""
    yield f"{prepared.endpoint.code} {prepared.endpoint.site.institution}"
    arrival = prepared.arrival
    told: dict[str, Any] = {field.name: getattr(arrival, field.name) for field in fields(arrival)}
    for stated in told.pop("stated"):
        yield dump(stated.resource).decode()
        yield repr((stated.weight, stated.owner, stated.deleted))
    ledger = told.pop("ledger")
    if prepared.message is not None:
        yield from (repr(row) for row in unpack(ledger, prepared.message))
    for name, value in told.items():
        yield f"{name} {value!r}"


def difference(before: str, now: str) -> str:
    found = difflib.unified_diff(before.splitlines(), now.splitlines(), "alone", "after others", lineterm="", n=0)
    return "\n".join(list(found)[:20])
