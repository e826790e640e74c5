"""PRD, CTD -> Practitioner: the number in field 7, the name in field 2.

Id by the number, else by the name, in a system of its own. Without either there is nobody.
Source: HL7 v2.5.1 11.6.3 (PRD), 11.6.4 (CTD); HL7 has no map of either.
"""

from __future__ import annotations

from mappers import systems
from mappers.datatypes.human_name import human_name
from mappers.derived import derived_id
from mappers.draft import Draft, Sheet
from mappers.mapped import Weight
from mappers.message import NULL, Segment
from mappers.use import Use


def person(segment: Segment, institution: str, map_: str, draft: Draft) -> Sheet | None:
    """The practitioner whom `institution` numbers; `map_` names the rules in the ledger."""
    number, name = segment.first(7), segment.first(2)
    text = (number.get(1) or "").strip() if number is not None else ""
    named = name is not None and not name.is_null and ((name.get(1) or "") + (name.get(2) or "")).strip(' "')
    if number is not None and text and text != NULL:
        system = systems.local(institution, "practitioner")
        sheet = draft.resource("Practitioner", derived_id("Practitioner", system, text), Weight.MENTION)
        sheet.body.setdefault("identifier", [{"system": system, "value": text}])
        use = Use(draft, number, f"{map_}#{segment.name}-7")
        use.leaf(1, sheet.path("identifier[0].value"))
        use.settle(sheet.path("identifier[0]"))
    elif named and name is not None:
        full = "|".join(name.get(part) or "" for part in (1, 2))
        system = systems.local(institution, "practitioner-name")
        sheet = draft.resource("Practitioner", derived_id("Practitioner", system, full), Weight.MENTION)
    else:
        return None
    if named and name is not None:
        use = Use(draft, name, f"{map_}#{segment.name}-2")
        if (written := human_name(name, use)) is not None:
            use.settle(sheet.path(sheet.add("name", written)))
    return sheet
