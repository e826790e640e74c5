"""ROL and PRT behind PV1 -> participant of the Encounter.

Source: HL7 v2.5.1 15.4.7 (ROL), v2.8 7.4.4 (PRT, which replaces it); official map ROL[Encounter-PractitionerRole], the
rows of PRT are ours.
"""

from __future__ import annotations

from mappers import path
from mappers.draft import Draft, Sheet
from mappers.engine import apply
from mappers.message import NULL

_PERSON = {"ROL": 4, "PRT": 5}
_OTHERS = ("ORC", "OBR", "OBX", "PR1", "IN1", "TXA", "SCH")
"""Segments behind the first of which a PRT no longer speaks of the visit."""


def participants(draft: Draft, visit: Sheet) -> None:
    """Adds the persons of the segments that stand behind PV1; those before it belong to the patient."""
    message = draft.message
    pv1 = message.first("PV1")
    if pv1 is None:
        return
    others = (message.first(name) for name in _OTHERS)
    end = min((one.position for one in others if one is not None), default=len(message.segments))
    for segment in (*message.all("ROL"), *message.all("PRT")):
        if segment.position < pv1.position or segment.raw(_PERSON[segment.name]) in ("", NULL):
            continue
        if segment.name == "PRT" and segment.position > end:
            continue
        count = len(visit.body.get("participant", ()))
        visit.body.setdefault("participant", []).append({})
        apply(f"{segment.name}[Encounter]", segment, visit, draft, {("participant", ":", path.WHOLE): count})
        if not visit.body["participant"][count]:
            visit.body["participant"].pop()
        if not visit.body["participant"]:
            del visit.body["participant"]
