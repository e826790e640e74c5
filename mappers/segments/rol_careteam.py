"""ROL and PRT behind PID, IN3 -> general practitioner (a PractitionerRole) of the Patient, CareTeam.

Who is the primary care provider (`PP`) is the Patient's general practitioner; everybody else is in the one CareTeam of
the patient. A ROL behind PV1 belongs to the visit (`rol_encounter`).
Source: HL7 v2.5.1 15.4.7 (ROL), 2.8 7.4.4 (PRT), 6.5.8 (IN3); official maps ROL[Patient-GeneralPractitioner],
ROL[CareTeam], PRT[Patient-GeneralPractitioner-PractitionerRole], PRT[CareTeam], IN3[CareTeam].
"""

from __future__ import annotations

from typing import Any

from mappers import path
from mappers.contact_details import reach
from mappers.derived import derived_id
from mappers.draft import Draft, Sheet
from mappers.engine import apply
from mappers.mapped import Weight
from mappers.message import NULL, Segment
from mappers.organization import from_xon, institution
from mappers.organization import reference as named
from mappers.practitioner import practitioner
from mappers.practitioner_role import role
from mappers.use import Use

_PRIMARY = "PP"
_CODE = {"ROL": 3, "PRT": 4}
_PERSON = {"ROL": 4, "PRT": 5}
_HOUSE = {"ROL": 14, "PRT": 8}
_ADDRESS = {"ROL": 11, "PRT": 14}
_TELECOM = 15
_MARK = {"url": "http://hl7.org/fhir/StructureDefinition/iso21090-preferred", "valueBoolean": True}
_MEANS = {
    "B": ("system", "pager"),
    "C": ("use", "mobile"),
    "E": ("system", "email"),
    "F": ("system", "fax"),
    "H": ("use", "home"),
    "O": ("use", "work"),
}
"""Table 0185: how somebody wants to be reached, and the ContactPoint that this is."""


def roles(draft: Draft, subject: Sheet) -> None:
    """The persons that ROL and PRT name for the patient, and the case managers of IN3."""
    all_ = draft.message.all
    segments = (*all_("ROL"), *all_("PRT"))
    managers = all_("IN3")
    if not segments and not managers:
        return
    before = _limit(draft)
    for segment in segments:
        person, house = (_says(segment, fields[segment.name]) for fields in (_PERSON, _HOUSE))
        if segment.position < before and (person or house):
            if segment.get(_CODE[segment.name]) == _PRIMARY and person:
                general_practitioner(segment, subject, draft)
            else:
                _member(segment, subject, draft)
    for in3 in managers:
        if in3.get(21):
            team = _team(subject, draft)
            items = {("participant", ":", path.WHOLE): len(team.body.get("participant", ()))}
            apply("IN3[CareTeam]", in3, team, draft, items)


def _says(segment: Segment, field: int) -> bool:
    """Whether the field names anybody. A person who is deleted (`""`) is none, and takes nobody else along."""
    return segment.raw(field) not in ("", NULL)


def _limit(draft: Draft) -> int:
    """Where the visit or the first order begins: what stands behind belongs to it."""
    ends = (draft.message.first(name) for name in ("PV1", "ORC", "OBR", "OBX"))
    return min((one.position for one in ends if one is not None), default=len(draft.message.segments))


def general_practitioner(segment: Segment, subject: Sheet, draft: Draft) -> None:
    """`generalPractitioner` of the Patient."""
    sheet = acting(segment, draft)
    if sheet is not None:
        subject.add("generalPractitioner", {"reference": sheet.ref})


def acting(segment: Segment, draft: Draft) -> Sheet | None:
    """The PractitionerRole of a ROL or PRT; `None` when it names nobody."""
    name = segment.name
    map_ = f"{name}[PractitionerRole]"
    value = segment.first(_PERSON[name])
    person = practitioner(value, draft, f"{map_}#{name}-{_PERSON[name]}") if value and value.raw != NULL else None
    if person is None:
        return None
    house = _house(segment, draft)
    sheet = role(person, named(house), draft)
    if name == "PRT" and segment.raw(7):
        apply("PRT[Organization]", segment, house, draft)
    preferred = _plain(sheet)
    apply(map_, segment, sheet, draft)
    for one in preferred:
        one.setdefault("extension", []).append(dict(_MARK))
    who = draft.sheets["Practitioner", person["reference"].partition("/")[2]]
    reach(segment, _ADDRESS[name], "address", who, f"{map_}#{name}-{_ADDRESS[name]}", draft)
    if name == "PRT":
        _prefer(segment, sheet, draft)
    return sheet


def _house(segment: Segment, draft: Draft) -> Sheet:
    field = _HOUSE[segment.name]
    value = segment.first(field)
    if value is not None and not value.is_null:
        use = Use(draft, value, f"{segment.name}[PractitionerRole]#{segment.name}-{field}")
        found = from_xon(use)
        if found is not None:
            use.settle(found.path(""))
            return found
    return institution(draft.site.institution, draft)


def _prefer(prt: Segment, sheet: Sheet, draft: Draft) -> None:
    """PRT-23: the one of the contact points that is preferred."""
    means = _MEANS.get(prt.get(23) or "")
    value = prt.first(23)
    if means is None or value is None:
        return
    for index, one in enumerate(sheet.body.get("telecom", ())):
        if one.get(means[0]) == means[1]:
            if _MARK not in one.setdefault("extension", []):
                one["extension"].append(dict(_MARK))
            use = Use(draft, value, "PRT[PractitionerRole]#PRT-23")
            use.leaf(1, "")
            use.settle(sheet.path(f"telecom[{index}].extension"))
            return


def _plain(sheet: Sheet) -> list[dict[str, Any]]:
    """The preferred contact points, without their mark: so one that is told again is known as the same."""
    marked = [one for one in sheet.body.get("telecom", ()) if _MARK in one.get("extension", ())]
    for one in marked:
        one["extension"] = [each for each in one["extension"] if each != _MARK]
        if not one["extension"]:
            del one["extension"]
    return marked


def _team(subject: Sheet, draft: Draft) -> Sheet:
    team = draft.resource(
        "CareTeam", derived_id("CareTeam", subject.ref, "team"), Weight.STATED, owner=draft.site.institution
    )
    team.body["subject"] = {"reference": subject.ref}
    return team


def _member(segment: Segment, subject: Sheet, draft: Draft) -> None:
    team = _team(subject, draft)
    index = len(team.body.get("participant", ()))
    if segment.name == "PRT" and segment.raw(5):
        _participant(segment, team, index, draft)
    apply(f"{segment.name}[CareTeam]", segment, team, draft, {("participant", ":", path.WHOLE): index})
    told = team.body.get("participant", [])
    if len(told) > index and "member" not in told[index]:
        told.pop()
        draft.forget(team, f"participant[{index}]")
    if not told:
        team.body.pop("participant", None)
    if team.body.keys() == {"resourceType", "id", "subject"} and not team.deleted:
        del draft.sheets["CareTeam", team.id]


def _participant(prt: Segment, team: Sheet, index: int, draft: Draft) -> None:
    """PRT-5 with a discipline (PRT-6) is a role, else the practitioner himself."""
    if prt.raw(6):
        sheet = acting(prt, draft)
        member = {"reference": sheet.ref} if sheet is not None else None
    else:
        value = prt.first(5)
        member = practitioner(value, draft, "PRT[CareTeam]#PRT-5") if value is not None else None
        if member is not None:
            who = draft.sheets["Practitioner", member["reference"].partition("/")[2]]
            reach(prt, 14, "address", who, "PRT[CareTeam]#PRT-14", draft)
            reach(prt, _TELECOM, "telecom", who, "PRT[CareTeam]#PRT-15", draft)
    if member is not None:
        team.body.setdefault("participant", []).append({"member": member})
