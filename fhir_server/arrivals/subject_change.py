"""A report that is now about somebody else: a number used again, or the correction of a mix-up. It is stored as the
sender says, for a result must leave the patient whom it is not about; but never without a word.

One person has different numbers in different systems: only where both are named, and no name is common, is it another.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from fhir_server.arrivals.arrival import Stated
from fhir_server.arrivals.renaming import alias
from fhir_server.store import body as bodies
from fhir_server.store.unit import Key, Unit
from profiles.issue import Issue


def subject_changes(unit: Unit, stated: Iterable[Stated]) -> Iterator[Issue]:
    """One issue for each report that stands as another patient's; asked before anything of the message is written."""
    said = {(one.resource["resourceType"], one.resource["id"]): one.resource for one in stated}
    for key, report in said.items():
        if key[0] != "DiagnosticReport":
            continue
        old, new = _subject(_stored(unit, key)), _kept(unit, _subject(report))
        if old == new or not old or not new:
            continue
        before, after = _names(_stored(unit, ("Patient", old))), _names(said.get(("Patient", new)) or {})
        if before and after and before.isdisjoint(after):
            yield Issue("subject-changed", f"DiagnosticReport/{key[1]}", "PID-3")


def _stored(unit: Unit, key: Key) -> dict[str, Any]:
    head = unit.head(key)
    return bodies.content(head.body) if head is not None and head.living else {}


def _subject(report: dict[str, Any]) -> str:
    """The id of its patient, `""` without one."""
    kind, _, name = report.get("subject", {}).get("reference", "").partition("/")
    return name if kind == "Patient" else ""


def _kept(unit: Unit, patient: str) -> str:
    """The patient into whom this one was merged, at the end."""
    before: set[str] = set()
    while unit.merged_patients and patient not in before:
        before.add(patient)
        merged = alias(unit, f"Patient/{patient}")
        patient = merged[0].partition("/")[2] if merged is not None else patient
    return patient


def _names(patient: dict[str, Any]) -> set[str]:
    found = (
        one.get("text") or one.get("family", "") + "".join(one.get("given", ())) for one in patient.get("name", ())
    )
    return {"".join(name.split()).casefold() for name in found} - {""}
