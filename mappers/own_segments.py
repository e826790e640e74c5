"""Z segments: the rows that a site brings for them, into the resources that the message makes anyway.

A Z segment speaks of the resource whose v2 segments stand before it: of several of its type, the one that was last
written from an earlier segment; a Z segment before all of them speaks of the first. A type that the message does not
make is not made for it, and its values are carried in the Provenance, as those of every Z segment without rows.
"""

from __future__ import annotations

from mappers.draft import Draft, Sheet
from mappers.engine import compile_rows
from mappers.message import Segment


def apply_own(draft: Draft) -> None:
    """Applies the site's rows to every Z segment that has some, in message order."""
    known = draft.site.segments
    found = [segment for name in known for segment in draft.message.all(name)]
    for segment in sorted(found, key=lambda one: one.position):
        for kind, rows in known[segment.name]:
            sheet = _about(segment, kind, draft)
            if sheet is not None:
                compile_rows(rows)(segment, sheet, draft, {})


def _about(segment: Segment, kind: str, draft: Draft) -> Sheet | None:
    sheets = [sheet for sheet in draft.sheets.values() if sheet.type == kind and not sheet.empty]
    if len(sheets) < 2:
        return sheets[0] if sheets else None
    before = {sheet.ref: -1 for sheet in sheets}
    for leaf, lines in draft.ledger.lines.items():
        if 0 < leaf.position < segment.position:
            for line in lines:
                ref = line.path.partition("#")[0]
                if ref in before and leaf.position > before[ref]:
                    before[ref] = leaf.position
    return max(sheets, key=lambda sheet: before[sheet.ref])
