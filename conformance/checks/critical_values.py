"""Critical values, and whether somebody confirmed to have received them.

Source: Observation with interpretation HH, LL or AA; the Communication about it (`sent`, `received`). The period goes
by the date of the observation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from conformance.checks.clinical import CRITICAL, Item, codes, extension
from conformance.directory import Directory
from conformance.facts import Book
from conformance.period import moment


@dataclass(frozen=True, slots=True)
class Notice:
    """What a Communication says about a critical value."""

    sent: bool
    received: bool
    delay: timedelta | None
    disposed: bool


@dataclass(frozen=True, slots=True)
class Critical:
    """`state`: received, sent or silent (nobody was told)."""

    rid: int
    institution: str
    level: str
    state: str
    delay: timedelta | None
    disposed: bool
    test: bool


def notices(found: list[Item]) -> Iterator[tuple[str, Notice]]:
    """(reference of the observation, notice) of every Communication of a page."""
    for item in found:
        body = item.body
        sent, received = moment(body.get("sent")), moment(body.get("received"))
        delay = received - sent if sent and received else None
        notice = Notice("sent" in body, "received" in body, delay, bool(extension(body, "disposition")))
        for name in ("about", "reasonReference"):
            for one in body.get(name, ()):
                if one.get("reference", "").startswith("Observation/"):
                    yield one["reference"], notice


def read(found: list[Item], told: dict[str, Notice], directory: Directory) -> Iterator[Critical]:
    """The critical values among the resources of a page."""
    for item in found:
        level = _level(item)
        if not level:
            continue
        notice = told.get(item.reference)
        state = "silent" if notice is None else "received" if notice.received else "sent"
        yield Critical(
            item.rid,
            directory.institution(item.body.get("performer", ()), item.owner),
            level,
            state,
            notice.delay if notice else None,
            bool(notice and notice.disposed),
            item.test,
        )


def count(critical: Critical, book: Book) -> None:
    if critical.test:
        book.add(critical.institution, "tests", ("critical",), critical.rid)
        return
    book.add(critical.institution, "criticals", (critical.state, critical.level), critical.rid)


def _level(item: Item) -> Any:
    if item.type != "Observation" or item.body.get("status") == "cancelled":
        return ""
    return next((code for code in codes(item.body.get("interpretation")) if code in CRITICAL), "")
