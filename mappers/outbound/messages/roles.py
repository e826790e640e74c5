"""CareTeam, general practitioners and participants of a visit -> ROL. Inverse of `mappers.segments.rol_careteam`,
`.rol_encounter`.

A ROL behind PID speaks of the patient, one behind PV1 of the visit. Source: HL7 v2.5.1 15.4.7.
"""

from __future__ import annotations

from typing import Any

from mappers.outbound.ask import Ask
from mappers.outbound.datatypes.person import address
from mappers.outbound.datatypes.reference import organization_of, person_of, xcn, xon
from mappers.outbound.engine import fill
from mappers.outbound.messages.around import is_manager
from mappers.outbound.receiver import Work
from mappers.outbound.tree import Built

Body = dict[str, Any]
_TOLD = frozenset({"ATND", "REF", "CON", "ADM", "PART"})
"""Participants of a visit that PV1 and PV2 have fields for."""
_PRIMARY = "PP"


def of_patient(patient: Body, work: Work) -> list[Built]:
    """The general practitioners that have a role of their own, and the care team."""
    found: list[Built] = []
    if not work.receiver.at_least("2.4"):
        return found  # ROL belongs to a procedure there
    for told in patient.get("generalPractitioner", ()):
        role = work.resource(told, "PractitionerRole")
        if role is not None and role.get("practitioner"):
            _practitioner(told, role, _next(found), work)
    for team in work.pool.about("CareTeam", "subject", patient):
        members = [one for one in team.get("participant", ()) if not is_manager(one)]
        for number, member in enumerate(members):
            whole = {**team, "participant": [member]} if number == 0 else {"participant": [member]}
            out = _next(found)
            fill("ROL[CareTeam]", whole, out, work)
            _reach(member.get("member"), out, work)
            if 4 not in out.fields:
                found.remove(out)  # ROL names persons; the field for an institution came later
    return found


def _practitioner(told: Body, role: Body, out: Built, work: Work) -> None:
    out.put(4, xcn(told, Ask(work, "ROL-4")))
    fill("ROL[PractitionerRole]", role, out, work)
    out.put(3, _PRIMARY)
    house = organization_of(told, Ask(work, "ROL-14"))
    own = house is not None and _is_own(house, work)
    out.put(14, None if own else xon(role.get("organization"), Ask(work, "ROL-14")))
    _reach(told, out, work)


def _is_own(house: Body, work: Work) -> bool:
    return any(one.get("value") == work.receiver.site.institution for one in house.get("identifier", ()))


def _reach(told: Any, out: Built, work: Work) -> None:
    """ROL-11: where the person is reached."""
    ask = Ask(work, "ROL-11")
    for one in (person_of(told, ask) or {}).get("address", ()):
        out.add(11, address(one, ask))


def of_visit(encounter: Body, work: Work) -> list[Built]:
    """Participants that PV1 and PV2 have no field for."""
    found: list[Built] = []
    if not work.receiver.at_least("2.4"):
        return found
    for participant in encounter.get("participant", ()):
        types = participant.get("type", ())
        codes = {coding.get("code") for one in types for coding in one.get("coding", ())}
        if codes & _TOLD or not participant.get("individual"):
            continue
        fill("ROL[Encounter]", {"participant": [participant]}, _next(found), work)
    return found


def _next(found: list[Built]) -> Built:
    out = Built("ROL")
    out.put(1, str(len(found) + 1))
    out.put(2, "UP")
    found.append(out)
    return out
