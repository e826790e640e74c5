"""NTE -> Annotation, for whatever stands before the note.

NTE-3 repeats for lines: the lines of one NTE are one text. Source: HL7 v2.5.1 2.15.10; V2-to-FHIR NTE[Observation],
NTE[ServiceRequest] (which put a repeating field into a single element; joined here).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mappers.draft import Draft, Sheet
from mappers.dtm import dateTime
from mappers.message import Leaf, Segment
from mappers.practitioner import practitioner


def annotate(notes: Iterable[Segment], sheet: Sheet, draft: Draft, element: str = "note") -> None:
    """Adds the notes to the element of the sheet."""
    for segment in notes:
        lines = [(value, text) for value in segment.values(3) if (text := value.text()) and text.strip(" \t\r\n")]
        if not lines:
            continue
        note: dict[str, Any] = {"text": "\n".join(text for _, text in lines)}
        author = segment.first(5)
        if author is not None and (who := practitioner(author, draft, f"NTE[{sheet.type}]#NTE-5")):
            note["authorReference"] = who
        array = sheet.body.setdefault(element, [])
        place = sheet.path(f"{element}[{len(array)}]")
        written = segment.get(6)
        if written and (time := dateTime(written, draft.site.offset)):
            note["time"] = time
            draft.ledger.note(Leaf(segment.position, 6, 1, 1, 1), "stored", f"{place}.time", f"NTE[{sheet.type}]#NTE-6")
        for value, _ in lines:
            for leaf in value.leaves():
                draft.ledger.note(leaf, "stored", f"{place}.text", f"NTE[{sheet.type}]#NTE-3")
        array.append(note)
