"""PID-2, 3, 4 -> subject of an Appointment: the patient as a participant, and as the subject that R5 has for it.

Source: official map PID[Appointment].
"""

from __future__ import annotations

from mappers.draft import Draft, Sheet
from mappers.message import NULL, Leaf, Segment

_SUBJECT = "http://hl7.org/fhir/5.0/StructureDefinition/extension-Appointment.subject"


def subject_of(pid: Segment, patient: Sheet, sheet: Sheet, status: str, draft: Draft) -> None:
    """Puts the patient into the Appointment; the numbers of PID lead to him."""
    reference = {"reference": patient.ref}
    sheet.add("extension", {"url": _SUBJECT, "valueReference": dict(reference)})
    place = sheet.path(f"{sheet.add('participant', {'actor': reference, 'status': status})}.actor")
    for field in (2, 3, 4):
        for value in pid.values(field):
            if value.get(1) not in (None, NULL):
                leaf = Leaf(pid.position, field, value.repetition, 1, 1)
                draft.ledger.note(leaf, "coded", place, f"PID[Appointment]#PID-{field}")
