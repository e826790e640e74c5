"""ROL behind PV1 -> participant of the Encounter. Source: HL7 v2.5.1 15.4.7; official map
ROL[Encounter-PractitionerRole].
"""

from __future__ import annotations

from mappers import path
from mappers.draft import Draft, Sheet
from mappers.engine import apply


def participants(draft: Draft, visit: Sheet) -> None:
    """Adds the persons of the ROL segments that stand behind PV1; those before it belong to the patient."""
    pv1 = draft.message.first("PV1")
    for rol in draft.message.all("ROL"):
        if pv1 is None or rol.position < pv1.position or not rol.get(4):
            continue
        count = len(visit.body.get("participant", ()))
        visit.body.setdefault("participant", []).append({})
        apply("ROL[Encounter]", rol, visit, draft, {("participant", ":", path.WHOLE): count})
        if not visit.body["participant"][count]:
            visit.body["participant"].pop()
        if not visit.body["participant"]:
            del visit.body["participant"]
