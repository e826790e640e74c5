"""Locations that a message mentions (PL, NDL.4–11): one Location a level, each part of the one above it.

Levels from the outside in: facility (4), building (7), floor (8), point of care (1), room (2), bed (3). Chinese senders
write `ward^^^department code^department name`, or the department code alone: that is a department, no facility.
Source: HL7 v2.5.1 2.A.53; FHIR R4 Location.physicalType.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mappers import systems
from mappers.derived import derived_id
from mappers.mapped import Weight
from mappers.message import Value
from mappers.organization import institution
from mappers.use import Use

if TYPE_CHECKING:
    from mappers.draft import Draft, Sheet

PHYSICAL = "http://terminology.hl7.org/CodeSystem/location-physical-type"
LEVELS = ((4, "si"), (7, "bu"), (8, "lvl"), (1, "wa"), (2, "ro"), (3, "bd"))
"""Component and physical type, from the outside in."""


def location(value: Value, draft: Draft, rule: str = "PL[Location]") -> dict[str, Any] | None:
    """A Reference to the innermost Location of a PL; `None` for an empty one. Writes the ledger itself."""
    use = Use(draft, value, rule)
    sheet = from_pl(use)
    if sheet is None:
        return None
    use.settle(sheet.path(""))
    return reference(sheet)


def reference(sheet: Sheet) -> dict[str, Any]:
    """A Reference with the name people read."""
    return {"reference": sheet.ref, "display": sheet.body["name"]}


def from_pl(use: Use) -> Sheet | None:
    """The innermost Location; the outer ones are made on the way."""
    value, draft = use.value, use.draft
    facility = value.get(4) or ""
    owner = draft.site.authorities.get(facility, draft.site.institution)
    title = use.said(5)
    department = bool(title and not title.isascii())
    sheet: Sheet | None = None
    way: list[str] = []
    for component, physical in LEVELS:
        text = use.said(component)
        if text is None:
            continue
        if component == 4 and facility in draft.site.authorities:
            use.leaf(4, institution(owner, draft).path("identifier"))
            continue
        way.append(f"{component}={text}")
        kind = "" if component == 4 and (department or not value.get(1)) else physical
        sheet = _level(draft, owner, way, text, kind, sheet)
        use.leaf(component, sheet.path("identifier[0].value"))
        if component == 4 and department:
            sheet.body["name"] = title
            use.leaf(5, sheet.path("name"))
    if sheet is not None:
        _describe(use, sheet)
    return sheet


def facility(use: Use, text: str) -> Sheet:
    """A place named by one code: where an event happened, where a patient was discharged to."""
    return _level(use.draft, use.site.institution, [f"facility={text}"], text, "", None)


def _level(draft: Draft, owner: str, way: list[str], text: str, physical: str, outer: Sheet | None) -> Sheet:
    system = systems.local(owner, "location")
    sheet = draft.resource("Location", derived_id("Location", system, "/".join(way)), Weight.MENTION, owner=owner)
    if "identifier" in sheet.body:
        return sheet
    sheet.body["identifier"] = [{"system": system, "value": text}]
    sheet.body["name"] = "-".join(_spoken(way)) or text
    sheet.body["mode"] = "instance"
    if physical:
        sheet.body["physicalType"] = {"coding": [{"system": PHYSICAL, "code": physical}]}
    sheet.body["managingOrganization"] = {"reference": institution(owner, draft).ref}
    if outer is not None:
        sheet.body["partOf"] = {"reference": outer.ref}
    return sheet


def _spoken(way: list[str]) -> list[str]:
    """The ward, room and bed on the way: people read `0401-01-02`, for every room has a bed `02`."""
    places = (step.split("=", 1) for step in way)
    return [text for component, text in places if component in ("1", "2", "3")]


def _describe(use: Use, sheet: Sheet) -> None:
    """PL.9: the description of the place as a whole."""
    if text := use.said(9):
        sheet.body.setdefault("description", text)
        if sheet.body["description"] == text:
            use.leaf(9, sheet.path("description"))
