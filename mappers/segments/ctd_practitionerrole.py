"""CTD -> PractitionerRole of whom to ask about an order or a referral; the Practitioner is made on the way.

The person is known by the number of CTD-7, else by the name; without either there is nobody to ask, and the segment is
carried. The role is one of its own, for what somebody is asked about here is not his work at the institution.
Source: HL7 v2.5.1 11.6.4 (CTD); HL7 has no map of it.
"""

from __future__ import annotations

from typing import Any

from mappers import systems
from mappers.contact_details import reach
from mappers.datatypes.human_name import human_name
from mappers.derived import derived_id
from mappers.draft import Draft, Sheet
from mappers.engine import apply
from mappers.mapped import Weight
from mappers.message import NULL, Segment
from mappers.practitioner import reference
from mappers.use import Use

_ROLE = f"{systems.CANONICAL}/fhir/contact"


def contact(ctd: Segment, house: dict[str, Any], draft: Draft) -> Sheet | None:
    """Whom to ask at the referred-to `house`; `None` when the segment names nobody."""
    person = _person(ctd, draft)
    if person is None:
        return None
    reach(ctd, 3, "address", person, "CTD[Practitioner]#CTD-3", draft)
    key = f"{person.ref}|{house['reference']}|{ctd.get(1) or ''}"
    sheet = draft.resource("PractitionerRole", derived_id("PractitionerRole", _ROLE, key), Weight.MENTION)
    sheet.body["practitioner"] = reference(person)
    sheet.body["organization"] = dict(house)
    apply("CTD[PractitionerRole]", ctd, sheet, draft)
    return sheet


def _person(ctd: Segment, draft: Draft) -> Sheet | None:
    institution = draft.site.institution
    number, name = ctd.first(7), ctd.first(2)
    text = (number.get(1) or "").strip() if number is not None else ""
    named = name is not None and not name.is_null and ((name.get(1) or "") + (name.get(2) or "")).strip(' "')
    if number is not None and text and text != NULL:
        system = systems.local(institution, "practitioner")
        sheet = draft.resource("Practitioner", derived_id("Practitioner", system, text), Weight.MENTION)
        sheet.body.setdefault("identifier", [{"system": system, "value": text}])
        use = Use(draft, number, "CTD[Practitioner]#CTD-7")
        use.leaf(1, sheet.path("identifier[0].value"))
        use.settle(sheet.path("identifier[0]"))
    elif named and name is not None:
        full = "|".join(name.get(part) or "" for part in (1, 2))
        system = systems.local(institution, "practitioner-name")
        sheet = draft.resource("Practitioner", derived_id("Practitioner", system, full), Weight.MENTION)
    else:
        return None
    if named and name is not None:
        use = Use(draft, name, "CTD[Practitioner]#CTD-2")
        if (written := human_name(name, use)) is not None:
            use.settle(sheet.path(sheet.add("name", written)))
    return sheet
