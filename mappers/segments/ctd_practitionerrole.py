"""CTD -> PractitionerRole of whom to ask about an order or a referral; the Practitioner is made on the way.

The person is known by the number of CTD-7, else by the name; without either there is nobody to ask, and the segment is
carried. The role is one of its own, for what somebody is asked about here is not his work at the institution.
Source: HL7 v2.5.1 11.6.4 (CTD); HL7 has no map of it.
"""

from __future__ import annotations

from typing import Any

from mappers import systems
from mappers.contact_details import reach
from mappers.derived import derived_id
from mappers.draft import Draft, Sheet
from mappers.engine import apply
from mappers.mapped import Weight
from mappers.message import Segment
from mappers.practitioner import reference
from mappers.segments.prd_practitioner import person as named_person

_ROLE = f"{systems.CANONICAL}/fhir/contact"


def contact(ctd: Segment, house: dict[str, Any], draft: Draft) -> Sheet | None:
    """Whom to ask at the referred-to `house`; `None` when the segment names nobody."""
    person = named_person(ctd, draft.site.institution, "CTD[Practitioner]", draft)
    if person is None:
        return None
    reach(ctd, 3, "address", person, "CTD[Practitioner]#CTD-3", draft)
    key = f"{person.ref}|{house['reference']}|{ctd.get(1) or ''}"
    sheet = draft.resource("PractitionerRole", derived_id("PractitionerRole", _ROLE, key), Weight.MENTION)
    sheet.body["practitioner"] = reference(person)
    sheet.body["organization"] = dict(house)
    apply("CTD[PractitionerRole]", ctd, sheet, draft)
    return sheet
