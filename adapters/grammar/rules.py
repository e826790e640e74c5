"""What the standard asks of a message and this one lacks. Refuses only what nobody could process; the rest is noted.

Chinese senders leave out EVN and PV1, write OBR before ORC and add Z segments: none of that is an error here.
Sources: HL7 v2.5.1 2.12 (structure), 2.14.9 (MSH), 2.16.5 (required fields).
"""

from __future__ import annotations

from adapters.grammar.grouping import placed
from adapters.grammar.structures import Structure, required_fields, structure_of, version_of
from mappers.message import Message, Segment
from profiles.issue import Issue

_NEEDED: dict[str, tuple[str, ...]] = {
    "ADT": ("PID",),
    "MDM": ("PID", "TXA"),
    "OMG": ("PID",),
    "OMI": ("PID",),
    "OML": ("PID",),
    "ORM": ("PID",),
    "ORU": ("PID",),
    "REF": ("PID",),
}
"""Segments without which a message of that code says nothing; only where its structure has them."""
_NEEDED_BY_EVENT = {("ADT", event): ("PID", "MRG") for event in ("A34", "A35", "A36", "A39", "A40", "A41", "A42")}
_ANALYSER_CLASSES = frozenset({"1", "2"})
"""MSH-16 of Chinese analysers: 1 calibration, 2 quality control. Such an ORU is about no patient."""


def check(message: Message) -> tuple[Issue, ...]:
    """What is odd about the structure of a message; each finding once, at the first place."""
    issues = _header(message)
    structure = structure_of(message)
    missing: dict[str, None] = {}
    if structure is not None:
        _walk(message, structure, issues, missing)
    needed = _needed(message, structure)
    issues += [_about("segment-missing", name) for name in needed]
    issues += [_about("segment-expected", name) for name in missing if name not in needed and not message.all(name)]
    _fields(message, issues)
    return tuple(issues)


def _about(code: str, segment: str) -> Issue:
    return Issue(code, location=segment, details={"segment": segment})


def _header(message: Message) -> list[Issue]:
    issues: list[Issue] = []
    if not message.code:
        issues.append(Issue("message-type-missing", location="MSH-9"))
    if not message.control_id:
        issues.append(Issue("control-id-missing", location="MSH-10"))
    version, named = version_of(message)
    written = message.msh.get(12) or ""
    if not named:
        short = written if written and len(written) <= 8 and written.isascii() else "?"
        issues.append(Issue("version-unknown", location="MSH-12", details={"version": short, "used": version}))
    return issues


def _needed(message: Message, structure: Structure | None) -> tuple[str, ...]:
    if structure is None:
        return ()
    names = _NEEDED_BY_EVENT.get((message.code, message.event)) or _NEEDED.get(message.code, ())
    if message.code == "ORU" and message.msh.get(16) in _ANALYSER_CLASSES:
        return ()
    return tuple(name for name in names if name in structure.names and not message.all(name))


def _walk(message: Message, structure: Structure, issues: list[Issue], missing: dict[str, None]) -> None:
    """Notes what stands in the wrong place or too often, and which required segments of each group that occurs lack."""
    opened, seen, inner = [0], [0], [0]
    noted: set[tuple[str, str]] = set()
    for segment, move in placed(message, structure):
        if move is None:
            if not segment.name.startswith("Z"):
                _note(issues, noted, "segment-unexpected", segment)
            continue
        slot, keep, in_order, too_often, _ = move
        if not in_order:
            _note(issues, noted, "segment-unexpected", segment)
            seen[keep] |= 1 << slot.place
            continue
        if too_often:
            _note(issues, noted, "segment-repeated", segment)
        while len(opened) > keep + 1:
            _close(structure, opened.pop(), seen.pop(), inner.pop(), missing)
        for number in slot.groups[keep:]:
            inner[-1] |= 1 << number
            opened.append(number)
            seen.append(0)
            inner.append(0)
        seen[-1] |= 1 << slot.place
    while opened:
        _close(structure, opened.pop(), seen.pop(), inner.pop(), missing)


def _close(structure: Structure, number: int, seen: int, inner: int, missing: dict[str, None]) -> None:
    bounds = structure.groups[number]
    lacking = bounds.required & ~seen
    if lacking:
        for slot in structure.slots[bounds.first : bounds.last + 1]:
            if lacking >> slot.place & 1:
                missing[slot.name] = None
    for group in bounds.required_groups:
        if not inner >> group & 1:
            missing.update(dict.fromkeys(_first_required(structure, group)))


def _first_required(structure: Structure, number: int) -> list[str]:
    bounds = structure.groups[number]
    slots = structure.slots[bounds.first : bounds.last + 1]
    return [slot.name for slot in slots if bounds.required >> slot.place & 1][:1]


def _note(issues: list[Issue], noted: set[tuple[str, str]], code: str, segment: Segment) -> None:
    if (code, segment.name) in noted:
        return
    noted.add((code, segment.name))
    name = segment.name if segment.occurrence == 1 else f"{segment.name}[{segment.occurrence}]"
    issues.append(Issue(code, location=name, details={"segment": segment.name}))


def _fields(message: Message, issues: list[Issue]) -> None:
    required = required_fields(version_of(message)[0])
    noted: set[tuple[str, int]] = set()
    for segment in message.segments[1:]:
        numbers = required.get(segment.name)
        if not numbers:
            continue
        fields = segment.fields
        count = len(fields)
        for number in numbers:
            if (number >= count or not fields[number]) and (segment.name, number) not in noted:
                noted.add((segment.name, number))
                name = segment.name if segment.occurrence == 1 else f"{segment.name}[{segment.occurrence}]"
                issues.append(
                    Issue("field-expected", location=f"{name}-{number}", details={"location": f"{name}-{number}"})
                )
