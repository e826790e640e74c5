"""PR1 -> Procedure. Id by visit or patient, code and time. Source: HL7 v2.5.1 6.5.4; official map PR1[Procedure]."""

from __future__ import annotations

from mappers.derived import derived_id
from mappers.draft import Draft, Sheet
from mappers.engine import apply
from mappers.mapped import Weight
from mappers.message import NULL


def procedures(draft: Draft, subject: Sheet, visit: Sheet | None) -> list[Sheet]:
    """The Procedures of the message; a PR1 that names none gives none."""
    found: list[Sheet] = []
    for pr1 in draft.message.all("PR1"):
        said = next((part for part in (pr1.get(3, 1), pr1.get(3, 2), pr1.get(4)) if part and part != NULL), None)
        if said is None:
            continue
        identity = derived_id("Procedure", (visit or subject).ref, f"{pr1.get(3, 3) or ''}|{said}|{pr1.get(5) or ''}")
        sheet = draft.resource("Procedure", identity, Weight.STATED)
        sheet.body["subject"] = {"reference": subject.ref}
        if visit is not None:
            sheet.body["encounter"] = {"reference": visit.ref}
        apply("PR1[Procedure]", pr1, sheet, draft)
        found.append(sheet)
    return found
