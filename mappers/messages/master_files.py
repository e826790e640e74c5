"""MFN: master files of departments, staff and places -> Organization, Practitioner, Location.

What an MFE is about stands in the segments behind it: STF and PRA (M02) a person, LOC (M05) a place, and the Z segments
that a site describes (Z01 departments, Z02 staff at most Chinese senders): their rows come from the layers of the site,
and their type of resource says what the key in MFE-4 numbers. The same department in PV1 and the same doctor in ORC
have the same id, so that mentions get the name of the master file. A message without any such entry (tests, charges,
inventories) is refused as an event that is not processed. MFE-1: MAD, MUP and MAC are active, MDL and MDC are not.
Source: HL7 v2.5.1 8.5.2 (MFE), 8.7 (M02), 8.9 (M05), table 0180; docs/reference/site-toml.md.
"""

from __future__ import annotations

from collections.abc import Mapping

from mappers import systems
from mappers.derived import derived_id
from mappers.draft import Draft, Sheet
from mappers.finish import finish
from mappers.mapped import Mapped, Weight
from mappers.message import Leaf, Segment
from mappers.organization import DEPARTMENT, institution
from mappers.segments.loc_location import place
from mappers.segments.stf_practitioner import staff

EVENTS = (("MFN", "*"),)
_KINDS = {"Organization": "department", "Practitioner": "practitioner"}
"""Types of resources that a master file can be about, and the kind of number that MFE-4 then is."""
_ACTIVE = {"MAD": True, "MUP": True, "MAC": True, "MDL": False, "MDC": False}
_STATUS = {name: "active" if active else "inactive" for name, active in _ACTIVE.items()}


def translate(draft: Draft) -> Mapped:
    """The entries that somebody describes; refused when there is none."""
    sheets = [
        sheet
        for entry, behind in _entries(draft)
        if (sheet := _entry(entry, behind, draft) or _standard(entry, behind, draft))
    ]
    if not sheets:
        draft.issue("event-unsupported", "MSH-9.2", type=f"{draft.message.code}^{draft.message.event}")
    return finish(draft)


def _entries(draft: Draft) -> list[tuple[Segment, list[Segment]]]:
    """Each MFE with the segments behind it."""
    found: list[tuple[Segment, list[Segment]]] = []
    for segment in draft.message.segments:
        if segment.name == "MFE":
            found.append((segment, []))
        elif found:
            found[-1][1].append(segment)
    return found


def _standard(entry: Segment, behind: list[Segment], draft: Draft) -> Sheet | None:
    """A person (STF) or a place (LOC) of a master file of the standard."""
    by = {segment.name: segment for segment in reversed(behind)}
    if (stf := by.get("STF")) is not None:
        key = next((one for one in (entry.first(4), stf.first(2), stf.first(1)) if one and one.get(1)), None)
        sheet = staff(stf, by.get("PRA"), key, draft)
        if sheet is not None and "active" not in sheet.body:
            _current(entry, sheet, "active", _ACTIVE, draft)
        return sheet
    if (loc := by.get("LOC")) is not None:
        sheet = place(loc, entry.first(4), draft)
        if sheet is not None:
            _current(entry, sheet, "status", _STATUS, draft)
        return sheet
    return None


def _current(entry: Segment, sheet: Sheet, element: str, states: Mapping[str, object], draft: Draft) -> None:
    """MFE-1: whether the entry still counts."""
    found = states.get(entry.get(1) or "")
    if found is not None:
        sheet.body[element] = found
        draft.ledger.note(Leaf(entry.position, 1, 1, 1, 1), "coded", sheet.path(element), f"MFE[{sheet.type}]#MFE-1")


def _entry(entry: Segment, behind: list[Segment], draft: Draft) -> Sheet | None:
    described = [kind for segment in behind for kind, _ in draft.site.segments.get(segment.name, ())]
    kind = next((one for one in described if one in _KINDS), "")
    key = (entry.get(4) or "").strip()
    if not kind or not key:
        return None
    system = systems.local(draft.site.institution, _KINDS[kind])
    sheet = draft.resource(kind, derived_id(kind, system, key), Weight.STATED)
    sheet.body["identifier"] = [{"system": system, "value": key}]
    draft.ledger.note(
        Leaf(entry.position, 4, 1, 1, 1), "stored", sheet.path("identifier[0].value"), f"MFE[{kind}]#MFE-4"
    )
    _current(entry, sheet, "active", _ACTIVE, draft)
    if kind == "Organization":
        sheet.body["type"] = [dict(DEPARTMENT)]
        sheet.body["partOf"] = {"reference": institution(draft.site.institution, draft).ref}
    return sheet
