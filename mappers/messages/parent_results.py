"""OBR-26 -> derivedFrom and hasMember: the result that a panel belongs to, above all the organism of susceptibilities.

The parent is the observation of this message that OBR-26 names by code, sub-id and, with OBR-29, number. What each
result of the panel says means nothing without it, so it is said on both sides. A parent that is not in the message is
named by its text (OBR-26.3) alone; where two would do, none is taken.
Source: HL7 v2.5.1 4.5.3.26, 4.5.3.29, 7.3.1 (OBX-4); FHIR R4 observation.html#obsgrouping. No official map exists.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from mappers.draft import Draft, Sheet
from mappers.message import NULL, Segment
from mappers.messages.order_groups import Group

_RULE = "OBR[Observation]#OBR-26"


class Member(NamedTuple):
    """An observation and the numbers that it stands under."""

    placer: str
    filler: str
    sheet: Sheet


@dataclass(slots=True)
class Family:
    """The observations of a message so far, by code and sub-id."""

    members: dict[tuple[str, str], list[Member]] = field(default_factory=dict)

    def add(self, group: Group, results: list[tuple[Segment, Sheet]], draft: Draft) -> None:
        """Links the results of a panel to their parent, and keeps them as possible parents."""
        obr = group.obr
        if obr is not None and obr.raw(26) not in ("", NULL):
            _link(obr, self._parent(obr), results, draft)
        for obx, sheet in results:
            place = obx.get(3) or "", obx.raw(4)
            self.members.setdefault(place, []).append(Member(group.number(2), group.number(3), sheet))

    def _parent(self, obr: Segment) -> Sheet | None:
        numbers = obr.get(29), obr.get(29, 2)
        named = self.members.get((obr.get(26) or "", obr.get(26, 2) or ""), ())
        found = {id(one.sheet): one.sheet for one in named if _under(one, *numbers)}
        return next(iter(found.values())) if len(found) == 1 else None


def _under(member: Member, placer: str | None, filler: str | None) -> bool:
    told = [(placer, member.placer), (filler, member.filler)]
    return all(not asked or not own or asked == own for asked, own in told)


def _link(obr: Segment, parent: Sheet | None, results: list[tuple[Segment, Sheet]], draft: Draft) -> None:
    text = obr.get(26, 3)
    name = text if text != NULL else None
    if (parent is None and not name) or not results:
        return
    told = {"reference": parent.ref} if parent is not None else {}
    if words := name or _said(parent):
        told["display"] = words
    place = ""
    for _, sheet in results:
        if sheet is parent:
            continue
        place = sheet.path(sheet.add("derivedFrom", dict(told)))
        if parent is not None:
            parent.add("hasMember", {"reference": sheet.ref})
    if not place:
        return
    for leaf in obr.values(26)[0].leaves():
        if leaf.component == 3 and name:
            draft.ledger.note(leaf, "stored", f"{place}.display", _RULE)
        elif parent is not None and leaf.component < 3:
            draft.ledger.note(leaf, "coded", f"{place}.reference", _RULE)


def _said(parent: Sheet | None) -> str:
    """The value of a result, as people read it."""
    body = parent.body if parent is not None else {}
    return str(body.get("valueCodeableConcept", {}).get("text") or body.get("valueString") or "")
