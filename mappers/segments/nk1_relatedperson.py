"""NK1 -> RelatedPerson, and contact of the Patient; PID-21 -> the mother as a RelatedPerson.

Id by patient, name and relationship. Source: HL7 v2.5.1 3.4.5; official maps NK1[RelatedPerson], NK1[Patient],
CX[RelatedPerson-Mother].
"""

from __future__ import annotations

from mappers import path
from mappers.datatypes.placeholder import is_placeholder
from mappers.derived import derived_id
from mappers.draft import Draft, Sheet
from mappers.engine import apply
from mappers.mapped import Weight
from mappers.message import NULL, Segment

_CONTENT = frozenset({"name", "telecom", "address", "organization"})
"""A contact has one of these (pat-1)."""


def related_persons(draft: Draft, subject: Sheet) -> list[Sheet]:
    """The RelatedPersons of the message; an NK1 without name and telecom names nobody."""
    found: list[Sheet] = []
    for nk1 in draft.message.all("NK1"):
        name = nk1.first(2) or nk1.first(30)
        key = name.raw if name and name.raw != NULL and not is_placeholder(name.get(1)) else ""
        phone = next((value.raw for field in (5, 6) for value in nk1.values(field) if value.raw.strip('^&" ')), "")
        if not key and not phone:
            continue
        relation = nk1.get(3) or nk1.get(7) or ""
        identity = derived_id("RelatedPerson", subject.ref, f"{key or phone}|{relation}")
        sheet = draft.resource("RelatedPerson", identity, Weight.STATED)
        sheet.body["patient"] = {"reference": subject.ref}
        apply("NK1[RelatedPerson]", nk1, sheet, draft)
        _contact(nk1, subject, draft)
        found.append(sheet)
    return found


def _contact(nk1: Segment, subject: Sheet, draft: Draft) -> None:
    """The same person as a contact of the Patient, where most readers look; of a company, its contact."""
    contacts = subject.body.setdefault("contact", [])
    index = len(contacts)
    contacts.append({})
    apply("NK1[Patient]", nk1, subject, draft, {("contact", ":", path.WHOLE): index})
    company = contacts[index].get("organization")
    if company is not None:
        apply("NK1[Organization]", nk1, draft.sheets["Organization", company["reference"].partition("/")[2]], draft)
    if not _CONTENT & contacts[index].keys():
        contacts.pop()
        draft.forget(subject, f"contact[{index}]")
    if not contacts:
        del subject.body["contact"]


def mother(pid: Segment, subject: Sheet, draft: Draft) -> Sheet | None:
    """PID-21: the number of the mother, for a newborn who has none of his own."""
    value = pid.first(21)
    if value is None or not value.get(1) or value.is_null:
        return None
    sheet = draft.resource("RelatedPerson", derived_id("RelatedPerson", subject.ref, f"{value.raw}|MTH"), Weight.STATED)
    sheet.body["patient"] = {"reference": subject.ref}
    apply("PID[RelatedPerson-Mother]", pid, sheet, draft)
    return sheet
