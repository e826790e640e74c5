"""LOC -> Location: a place of a master file, the same as where a visit names it (PL).

Source: HL7 v2.5.1 8.9.1 (LOC); HL7 has no map of it.
"""

from __future__ import annotations

from mappers.draft import Draft, Sheet
from mappers.engine import apply
from mappers.location import location
from mappers.mapped import Weight
from mappers.message import Segment, Value


def place(loc: Segment, key: Value | None, draft: Draft) -> Sheet | None:
    """The Location of LOC-1, else of the key of the entry; `None` when neither names a place."""
    found: Sheet | None = None
    for value, rule in ((key, "MFE[Location]#MFE-4"), (loc.first(1), "LOC[Location]#LOC-1")):
        told = location(value, draft, rule) if value is not None and not value.is_null else None
        if told is not None:
            found = draft.sheets["Location", told["reference"].partition("/")[2]]
    if found is not None:
        found.weight = Weight.STATED
        apply("LOC[Location]", loc, found, draft)
    return found
