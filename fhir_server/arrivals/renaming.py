"""A merged patient under the id that was kept, in everything that refers to the one that is gone.

A renaming is a statement like others, so it joins whatever comes before or after it; a chain of merges is followed to
its end.
"""

from __future__ import annotations

from typing import Any

from fhir_server.store import schema
from fhir_server.store.body import digest
from fhir_server.store.fold import Said
from fhir_server.store.unit import Key, Unit

MERGE_WEIGHT = 99
KEPT_APART = frozenset({"Patient", "Person", "Provenance", "AuditEvent"})
"""Types whose references to a merged patient are the record of the merge itself and stay as they are."""


def with_merges(unit: Unit, key: Key, said: tuple[Said, ...], resource: dict[str, Any]) -> tuple[Said, ...]:
    """Joins the merges of the patients the statement refers to, also those of the patients they were merged into."""
    if key[0] in KEPT_APART or not unit.merged_patients:
        return said
    known = {next(iter(one.renamed)) for one in said if one.renamed}
    waiting = [ref for ref in _patients(resource) if ref not in known]
    while waiting:
        gone = waiting.pop()
        merged = alias(unit, gone)
        if merged is not None and gone not in known:
            known.add(gone)
            said = (*said, _renaming(gone, *merged))
            waiting.append(merged[0])
    return said


def _patients(value: Any) -> set[str]:
    if isinstance(value, dict):
        found = {value["reference"]} if _is_patient(value.get("reference")) else set()
        return found.union(*(_patients(child) for child in value.values() if isinstance(child, (dict, list))))
    if isinstance(value, list):
        return set().union(*(_patients(child) for child in value if isinstance(child, (dict, list))))
    return set()


def _is_patient(reference: Any) -> bool:
    return isinstance(reference, str) and reference.startswith("Patient/")


def alias(unit: Unit, gone: str) -> tuple[str, int, int] | None:
    if gone not in unit.aliases:
        columns = ("kept", "event_time", "message")
        rows = unit.driver.select(schema.alias, columns, ("gone",), [(gone,)])
        unit.aliases[gone] = (rows[0][0], rows[0][1], rows[0][2]) if rows else None
    return unit.aliases[gone]


def _renaming(gone: str, kept: str, event_time: int, message: int) -> Said:
    mark = digest(f"{gone}>{kept}".encode())
    return Said(MERGE_WEIGHT, event_time, event_time, mark, message, renamed={gone: kept})
