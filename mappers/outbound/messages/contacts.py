"""Whom to ask about an order or a referral -> CTD. Inverse of `mappers.segments.ctd_practitionerrole`.

Source: HL7 v2.5.1 11.6.4.
"""

from __future__ import annotations

from typing import Any

from mappers.outbound.ask import Ask
from mappers.outbound.datatypes.person import address, human_name
from mappers.outbound.engine import fill
from mappers.outbound.receiver import Work
from mappers.outbound.tree import Built

Body = dict[str, Any]


def contacts(request: Body, work: Work) -> list[Built]:
    """CTD of each role that a request names as information."""
    return [ctd(one, work) for one in roles(request, work)]


def roles(request: Body, work: Work) -> list[Body]:
    """Whom the request says to ask."""
    return [one for one in work.pool.all(request.get("supportingInfo")) if one["resourceType"] == "PractitionerRole"]


def ctd(role: Body, work: Work) -> Built:
    """One contact: role 1, name 2, address 3, location 4, telecom 5, number 7."""
    out, ask = Built("CTD"), Ask(work, "CTD-2")
    fill("CTD[PractitionerRole]", role, out, work)
    person = work.resource(role.get("practitioner"), "Practitioner") or {}
    for name in person.get("name", ()):
        out.add(2, human_name(name, ask))
    for one in person.get("address", ()):
        out.add(3, address(one, ask))
    for number in person.get("identifier", ())[:1]:
        out.put(7, {1: number.get("value", "")})
    return out
