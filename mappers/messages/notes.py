"""NTE -> Annotation, for whatever stands before the note.

NTE-3 repeats for lines: the lines of one NTE are one text. Its author is who entered it (NTE-5), else the side that it
comes from (NTE-2, table 0105); NTE-4 is its type, in the extension of HL7.
Source: HL7 v2.5.1 2.15.10; V2-to-FHIR NTE[Observation], NTE[ServiceRequest] (which put a repeating field into a single
element; joined here).
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from mappers.datatypes.codeable_concept import codeable_concept
from mappers.draft import Draft, Sheet
from mappers.dtm import dateTime
from mappers.memory import remembering
from mappers.message import NULL, Leaf, Segment, Value, legible
from mappers.practitioner import practitioner
from mappers.use import Use

_comment_type = remembering("CE[CodeableConcept]", codeable_concept)
TYPE = "http://hl7.org/fhir/StructureDefinition/annotationType"
CODED = "http://hl7.org/fhir/StructureDefinition/alternate-codes"


@cache
def _sources() -> Mapping[str, str]:
    path = Path(__file__).parent.parent / "tables" / "comment_sources.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return MappingProxyType({row["code"]: row["author"] for row in csv.DictReader(file, strict=True)})


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
    elif (source := segment.get(2)) and source != NULL:
        note["authorString"] = _sources().get(source, source)
        ledger.note(Leaf(segment.position, 2, 1, 1, 1), "coded", f"{place}.authorString", f"{rule}#NTE-2")
    if (kind := segment.first(4)) is not None:
        _coded(kind, TYPE, note, place, f"{rule}#NTE-4", draft)
    if (comment := segment.first(9)) is not None:
        _coded(comment, CODED, note, place, f"{rule}#NTE-9", draft)
    written = segment.get(6)
    if written and (time := dateTime(written, draft.site.offset)):
        note["time"] = time
        ledger.note(Leaf(segment.position, 6, 1, 1, 1), "stored", f"{place}.time", f"{rule}#NTE-6")
    for value, _ in lines:
        for leaf in value.leaves():
            ledger.note(leaf, "stored", f"{place}.text", f"{rule}#NTE-3")
    return note


def _coded(value: Value, url: str, note: dict[str, Any], place: str, rule: str, draft: Draft) -> None:
    """The type of the note (NTE-4), or the note as a code (NTE-9), as an extension of it."""
    use = Use(draft, value, rule, "CommentType" if url == TYPE else "")
    concept = _comment_type(value, use)
    if concept is not None:
        array = note.setdefault("extension", [])
        use.settle(f"{place}.extension[{len(array)}].valueCodeableConcept")
        array.append({"url": url, "valueCodeableConcept": concept})
