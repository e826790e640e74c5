"""PractitionerRole: one person at work for one institution, as orders and referrals name requester and performer.

Id by the ids of both, so that the same doctor at the same institution is always the same role. Mentions only.
Source: FHIR R4 practitionerrole.html; V2-to-FHIR ORC[ServiceRequest] rows ORC-12 and ORC-21.
"""

from __future__ import annotations

from typing import Any

from mappers.derived import derived_id
from mappers.draft import Draft, Sheet
from mappers.mapped import Weight
from mappers.systems import CANONICAL

Reference = dict[str, Any]


def role(person: Reference, organization: Reference, draft: Draft) -> Sheet:
    """The role of the referred-to Practitioner at the referred-to Organization."""
    key = f"{person['reference']}|{organization['reference']}"
    sheet = draft.resource(
        "PractitionerRole", derived_id("PractitionerRole", f"{CANONICAL}/fhir/role", key), Weight.MENTION
    )
    sheet.body["practitioner"] = person
    sheet.body["organization"] = organization
    return sheet


def reference(person: Reference | None, organization: Reference | None, draft: Draft) -> Reference | None:
    """Who acts: the role when person and institution are known, else the one of them that is."""
    if person is None or organization is None:
        return person or organization
    sheet = role(person, organization, draft)
    names = [one["display"] for one in (person, organization) if "display" in one]
    return {"reference": sheet.ref, "display": "，".join(names)} if names else {"reference": sheet.ref}
