"""MFN: master files of departments and staff -> Organization, Practitioner, by the Z segments that a site describes.

What an MFE is about stands in the Z segments behind it (Z01 departments, Z02 staff at most Chinese senders): their rows
come from the layers of the site, and their type of resource says what the key in MFE-4 numbers. The same department in
PV1 and the same doctor in ORC have the same id, so that mentions get the name of the master file. Entries whose
segments nobody described are refused as before. MFE-1: MAD, MUP and MAC are active, MDL and MDC are not.
Source: HL7 v2.5.1 8.5.2 (MFE), table 0180; docs/reference/site-toml.md.
"""

from __future__ import annotations

from mappers import systems
from mappers.derived import derived_id
from mappers.draft import Draft, Sheet
from mappers.finish import finish
from mappers.mapped import Mapped, Weight
from mappers.message import Leaf, Segment
from mappers.organization import DEPARTMENT, institution

EVENTS = (("MFN", "*"),)
_KINDS = {"Organization": "department", "Practitioner": "practitioner"}
"""Types of resources that a master file can be about, and the kind of number that MFE-4 then is."""
_ACTIVE = {"MAD": True, "MUP": True, "MAC": True, "MDL": False, "MDC": False}


def translate(draft: Draft) -> Mapped:
    """The entries whose Z segments the site describes; refused when there is none."""
    sheets = [sheet for entry, behind in _entries(draft) if (sheet := _entry(entry, behind, draft))]
    if not sheets:
        draft.issue("message-type-unsupported", "MSH-9", type=draft.message.code)
    return finish(draft)


def _entries(draft: Draft) -> list[tuple[Segment, list[str]]]:
    """Each MFE with the names of the segments behind it."""
    found: list[tuple[Segment, list[str]]] = []
    for segment in draft.message.segments:
        if segment.name == "MFE":
            found.append((segment, []))
        elif found:
            found[-1][1].append(segment.name)
    return found


def _entry(entry: Segment, behind: list[str], draft: Draft) -> Sheet | None:
    described = [kind for name in behind for kind, _ in draft.site.segments.get(name, ())]
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
    active = _ACTIVE.get(entry.get(1) or "")
    if active is not None:
        sheet.body["active"] = active
        draft.ledger.note(Leaf(entry.position, 1, 1, 1, 1), "coded", sheet.path("active"), f"MFE[{kind}]#MFE-1")
    if kind == "Organization":
        sheet.body["type"] = [dict(DEPARTMENT)]
        sheet.body["partOf"] = {"reference": institution(draft.site.institution, draft).ref}
    return sheet
