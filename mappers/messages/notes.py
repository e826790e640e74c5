"""NTE -> Annotation, for whatever stands before the note.

NTE-3 repeats for lines: the lines of one NTE are one text. Source: HL7 v2.5.1 2.15.10; V2-to-FHIR NTE[Observation],
NTE[ServiceRequest] (which put a repeating field into a single element; joined here).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mappers.draft import Draft, Sheet
from mappers.dtm import dateTime
from mappers.message import Leaf, Segment, legible
from mappers.practitioner import practitioner


def annotate(notes: Iterable[Segment], sheet: Sheet, draft: Draft, url: str = "") -> None:
    """Adds the notes to `note` of the sheet; with a `url` as that extension, where R4 has no `note`."""
    for segment in notes:
        element = "extension" if url else "note"
        array = sheet.body.setdefault(element, [])
        place = sheet.path(f"{element}[{len(array)}]") + (".valueAnnotation" if url else "")
        note = _annotation(segment, sheet, place, draft)
        if note is not None:
            array.append({"url": url, "valueAnnotation": note} if url else note)
        elif not array:
            del sheet.body[element]


def _annotation(segment: Segment, sheet: Sheet, place: str, draft: Draft) -> dict[str, Any] | None:
    lines = [
        (value, text) for value in segment.values(3) if (text := legible(value.text() or "")) and text.strip(' \t\r\n"')
    ]
    if not lines:
        return None
    rule, ledger = f"NTE[{sheet.type}]", draft.ledger
    note: dict[str, Any] = {"text": "\n".join(text for _, text in lines)}
    author = segment.first(5)
    if author is not None and (who := practitioner(author, draft, f"{rule}#NTE-5")):
        note["authorReference"] = who
    written = segment.get(6)
    if written and (time := dateTime(written, draft.site.offset)):
        note["time"] = time
        ledger.note(Leaf(segment.position, 6, 1, 1, 1), "stored", f"{place}.time", f"{rule}#NTE-6")
    for value, _ in lines:
        for leaf in value.leaves():
            ledger.note(leaf, "stored", f"{place}.text", f"{rule}#NTE-3")
    return note
