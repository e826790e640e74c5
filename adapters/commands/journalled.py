"""The explanation of a message as it was stored: the ledger of the journal, by the rules of then."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def explained(number: int, database: str | None, sites: Path | None, where: str) -> dict[str, Any]:
    """As `explanation.explain`, with `journal`; the outcome of each value is the stored one."""
    from adapters import pipeline
    from adapters.commands.said import fail
    from adapters.explanation import explain
    from adapters.packed_ledger import unpack
    from adapters.site import SITES, load
    from fhir_server.commands.sources import opened
    from fhir_server.intake import system_clock
    from fhir_server.security.scope import EVERYTHING
    from fhir_server.store.journal import entry

    with opened(database) as store, store.read() as connection:
        found = entry(connection, EVERYTHING, number)
    if found is None:
        fail(f"The journal has no message {number}. `qiao search journal` lists what there is.", exit_code=1)
    book = load(sites or SITES)
    site = found.site if book.by_code(found.site) else ""
    prepared = pipeline.prepare(found.raw, book, system_clock(), channel="explain", site=site)
    result = explain(prepared, where) | {"journal": number, "verdict": found.verdict}
    if prepared.message is not None and found.ledger:
        homes: dict[str, list[dict[str, str]]] = {}
        for location, outcome, path, rule in unpack(found.ledger, prepared.message):
            homes.setdefault(location, []).append({"outcome": outcome, "path": path, "rule": rule})
        for value in result["values"]:
            value["to"] = homes.get(value["location"], [])
    return result
