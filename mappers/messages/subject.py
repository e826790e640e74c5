"""Who an order, a report, a document or an appointment is about: the patient and the visit, as mentions.

A message about an order never overrules what registration said about the patient.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from mappers import identity
from mappers.draft import Draft, Sheet
from mappers.encounter import encounter
from mappers.mapped import Weight
from mappers.message import Segment


class Subject(NamedTuple):
    patient: Sheet
    encounter: Sheet | None

    def write(self, sheet: Sheet, element: str = "subject") -> None:
        """Puts the references to patient and visit into a sheet."""
        sheet.body[element] = {"reference": self.patient.ref}
        if self.encounter is not None:
            sheet.body["encounter"] = {"reference": self.encounter.ref}


def subject(draft: Draft, pid: Segment | None, pv1: Segment | None) -> Subject | None:
    """The subject of a PID and PV1; `None`, with an issue that refuses the message, when nobody is identified."""
    if pid is None:
        draft.issue("segment-missing", "PID", segment="PID")
        return None
    patient = identity.patient(pid, draft, Weight.MENTION)
    if patient is None:
        return None
    return Subject(patient, encounter(pv1, patient, draft, Weight.MENTION) if pv1 is not None else None)


def absent(reason: str = "unknown") -> dict[str, Any]:
    """The FHIR way to say that a required element is not known (data-absent-reason)."""
    url = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
    return {"extension": [{"url": url, "valueCode": reason}]}


def alternate(system: str, code: str) -> dict[str, Any]:
    """A code that a FHIR code cannot say, beside it (alternate-codes)."""
    url = "http://hl7.org/fhir/StructureDefinition/alternate-codes"
    return {"extension": [{"url": url, "valueCodeableConcept": {"coding": [{"system": system, "code": code}]}}]}
