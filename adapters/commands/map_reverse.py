"""`qiao map --reverse`: the v2 message that a Bundle becomes, as a receiver would get it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any


def reversed_(file: Path, sites: Path | None, site: str, to: str, version: str) -> str:
    """The message, a line a segment; ends the command with a sentence when there is none."""
    from adapters.commands.book import book_of
    from adapters.commands.said import fail
    from mappers.outbound import Envelope, Receiver, Rendered, focus_of, kinds, of_bundle, render, versions

    code, _, event = to.replace("^", "_").partition("_")
    if code not in kinds() or not event:
        fail(f"--to must be one of {', '.join(f'{kind}_…' for kind in kinds())}, not {to!r}.", exit_code=2)
    if version not in versions():
        fail(f"--version must be one of {', '.join(versions())}, not {version!r}.", exit_code=2)
    book = book_of(sites, site)
    endpoint = book.by_code(site) or book.default
    pool = of_bundle(_read(file))
    envelope = Envelope(f"{code}^{event}", _control_id(pool), _time(pool))
    made = render(focus_of(code, event, pool), pool, Receiver(endpoint.site, version), envelope)
    if not isinstance(made, Rendered):
        fail(f"There is no {made.missing} in it that a {to} could be made of.", exit_code=1)
    return made.text.replace("\r", "\n")


def _read(file: Path) -> dict[str, Any]:
    from adapters.commands.said import fail
    from fhir_server.store.body import parse

    if str(file) != "-" and not file.exists():
        fail(f"There is no such file: {file}", exit_code=3)
    raw = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    try:
        found = parse(raw)
    except ValueError:
        fail("It is no JSON.", exit_code=1)
    if not isinstance(found, dict) or "resourceType" not in found:
        fail("It is no resource and no Bundle.", exit_code=1)
    return found


def _control_id(pool: Any) -> str:
    """The number of the message that the resources came with, else a plain one."""
    for one in pool.of("Provenance"):
        for entity in one.get("entity", ()):
            source: str = entity.get("what", {}).get("identifier", {}).get("value", "")
            if source.startswith("urn:qiao:message:"):
                return source.rpartition(":")[2]
    return "1"


def _time(pool: Any) -> str:
    """When it was said: by the Provenance, else now."""
    from datetime import datetime

    now = datetime.now().astimezone().isoformat(timespec="seconds")
    return next((one["recorded"] for one in reversed(pool.of("Provenance")) if "recorded" in one), now)
