"""PRD -> who refers (RP) and who is asked to take over (RT): Practitioner, Organization, PractitionerRole.

The institution is PRD-10, else the facility of PRD-4, else the authority of PRD-7; a party that names none is the
sender (RP) or the receiver (RT) of the message. Source: HL7 v2.5.1 11.6.3 and table 0286; no official map exists.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from mappers import practitioner_role, systems
from mappers.datatypes.order_number import receiver
from mappers.derived import derived_id
from mappers.draft import Draft, Sheet
from mappers.engine import apply
from mappers.message import NULL, Leaf, Segment
from mappers.organization import from_xon, institution, organization
from mappers.organization import reference as named
from mappers.practitioner import reference as refer
from mappers.segments.prd_practitioner import person
from mappers.use import Use

Reference = dict[str, Any]


class Party(NamedTuple):
    """`code` is the institution's code in the consortium, `""` for an outsider."""

    reference: Reference
    organization: Reference
    code: str
    role: Leaf | None
    """Where PRD-1 says that it is this party; `None` when only the header tells."""


def parties(draft: Draft) -> dict[str, Party]:
    """The first party of each role of table 0286."""
    found: dict[str, Party] = {}
    for prd in draft.message.all("PRD"):
        for value in prd.values(1):
            role = value.get(1)
            if role and role != NULL and role not in found:
                own = draft.site.codes.get(("referral-role", role), role)
                party = _party(prd, own, Leaf(prd.position, 1, value.repetition, 1, 1), draft)
                if party is not None:
                    found[own] = party
    return found


_LIKE = {"RP": "AP", "RT": "IR"}
"""Roles of the Australian table 0286: who wrote the letter, whom it is meant for."""


def complete(found: dict[str, Party], draft: Draft) -> None:
    """A new referral that names one of its parties by no PRD goes from the sender of the message to its receiver, and
    says so; a receiver that the header does not name either is told as missing."""
    for role, like in _LIKE.items():
        if role in found:
            continue
        if like in found:
            found[role] = found[like]
            continue
        house = _from_header(role, draft)
        if house is None:
            draft.issue("field-missing", f"PRD-1 ({role})")
            continue
        code = next((c for c in draft.site.institutions if institution_id(c) == house.id), "")
        found[role] = Party(named(house), named(house), code, None)
        draft.issue("party-from-header", f"PRD-1 ({role})")


def _from_header(role: str, draft: Draft) -> Sheet | None:
    if role == "RP":
        return institution(draft.site.institution, draft)
    if code := receiver(draft):
        return institution(code, draft)
    return organization(draft.message.msh.get(6), None, draft)


def _party(prd: Segment, role: str, told: Leaf, draft: Draft) -> Party | None:
    org = _organization(prd, draft)
    if org is None:
        code = draft.site.institution if (role == "RP") == (draft.message.code == "REF") else receiver(draft)
        org = institution(code, draft) if code else None
    person = _person(prd, org, draft)
    if org is None:
        return None if person is None else Party(person, person, "", told)
    code = next((c for c in draft.site.institutions if institution_id(c) == org.id), "")
    if person is None:
        return Party(named(org), named(org), code, told)
    sheet = practitioner_role.role(person, named(org), draft)
    apply("PRD[PractitionerRole]", prd, sheet, draft)
    display = "，".join(text for text in (person.get("display"), org.body.get("name")) if text)
    return Party({"reference": sheet.ref, "display": display}, named(org), code, told)


def institution_id(code: str) -> str:
    """The id of the Organization of an institution of the consortium."""
    return derived_id("Organization", systems.INSTITUTION, code)


def _organization(prd: Segment, draft: Draft) -> Sheet | None:
    for value in prd.values(10):
        if not value.is_null:
            use = Use(draft, value, "PRD[PractitionerRole]#PRD-10")
            if (found := from_xon(use)) is not None:
                use.settle(found.path("identifier"))
                return found
    for field, component in ((4, 4), (7, 3), (7, 2)):
        place = prd.first(field)
        if place is None:
            continue
        text = (place.get(component) or "").strip()
        if not text or text == NULL:
            continue
        known = text in draft.site.authorities or text in draft.site.institutions
        if known or field == 4:
            sheet = organization(text, None, draft)
            if sheet is not None:
                use = Use(draft, place, f"PRD[PractitionerRole]#PRD-{field}")
                use.leaf(component, sheet.path("identifier"))
                use.settle(sheet.path("identifier"))
                return sheet
    return None


def _person(prd: Segment, org: Sheet | None, draft: Draft) -> Reference | None:
    sheet = person(prd, _scope(org, draft), "PRD[PractitionerRole]", draft)
    return refer(sheet) if sheet is not None else None


def _scope(org: Sheet | None, draft: Draft) -> str:
    """Whose staff numbers these are: those of the party's institution when the consortium knows it."""
    if org is not None:
        for code in draft.site.institutions:
            if institution_id(code) == org.id:
                return code
    return draft.site.institution
