"""STF and PRA -> Practitioner, and his PractitionerRole in the department that STF-8 names.

Known by the same number as where orders and visits name him (XCN.1 of the sending institution), so that a mention gets
the name of the staff list. Source: HL7 v2.5.1 15.4.8 (STF), 15.4.5 (PRA); HL7 has no map of them.
"""

from __future__ import annotations

from mappers import practitioner_role, systems
from mappers.derived import derived_id
from mappers.draft import Draft, Sheet
from mappers.engine import apply
from mappers.mapped import Weight
from mappers.message import NULL, Leaf, Segment, Value
from mappers.organization import department, institution
from mappers.organization import reference as named
from mappers.practitioner import reference

_ACTIVE = {"A": True, "I": False}
"""Table 0183."""
_ROLE = ((8, 9, 18, 19, 12, 13), (5,))
"""The fields of STF and of PRA that speak of the work and not of the person."""


def staff(stf: Segment, pra: Segment | None, key: Value | None, draft: Draft) -> Sheet | None:
    """The Practitioner that `key` numbers; `None` without a number."""
    number = (key.get(1) or "").strip() if key is not None else ""
    if not number or number == NULL:
        return None
    system = systems.local(draft.site.institution, "practitioner")
    sheet = draft.resource("Practitioner", derived_id("Practitioner", system, number), Weight.STATED)
    sheet.body["identifier"] = [{"system": system, "value": number}]
    place = sheet.path("identifier[0].value")
    for value in (key, stf.first(1), stf.first(2)):
        if value is not None and (value.get(1) or "").strip() == number:
            leaf = Leaf(value.segment.position, value.field, value.repetition, 1, 1)
            rule = f"{value.segment.name}[Practitioner]#{value.segment.name}-{value.field}"
            draft.ledger.note(leaf, "stored", place, rule)
    apply("STF[Practitioner]", stf, sheet, draft)
    active = _ACTIVE.get(stf.get(7) or "")
    if active is not None:
        sheet.body["active"] = active
        draft.ledger.note(Leaf(stf.position, 7, 1, 1, 1), "coded", sheet.path("active"), "STF[Practitioner]#STF-7")
    if pra is not None:
        apply("PRA[Practitioner]", pra, sheet, draft)
    if any(stf.raw(field) for field in _ROLE[0]) or (pra is not None and pra.raw(_ROLE[1][0])):
        _work(stf, pra, sheet, draft)
    return sheet


def _work(stf: Segment, pra: Segment | None, person: Sheet, draft: Draft) -> None:
    """His role: in the department of STF-8, else in the institution that sends."""
    place = stf.first(8)
    house = department(place.get(1), place.get(2), draft) if place is not None and not place.is_null else None
    if house is not None and place is not None:
        for component, element in ((1, "identifier[0].value"), (2, "name")):
            if place.get(component):
                leaf = Leaf(stf.position, 8, place.repetition, component, 1)
                draft.ledger.note(leaf, "stored", house.path(element), "STF[PractitionerRole]#STF-8")
    house = house or institution(draft.site.institution, draft)
    sheet = practitioner_role.role(reference(person), named(house), draft)
    apply("STF[PractitionerRole]", stf, sheet, draft)
    if pra is not None:
        apply("PRA[PractitionerRole]", pra, sheet, draft)
