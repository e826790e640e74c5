"""Named pure fixes for what a sender writes in the wrong place: `Message` in, `Message` out, named in the site's file.

A quirk moves values, it never makes one up; a message that does not have the fault comes back as it is. What a mapping
can understand by itself (phones in XTN-9, departments in PL-4) is no quirk.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache

from adapters import charset, er7
from mappers.message import Message

Quirk = Callable[[Message], Message]

_SEGMENTS = "EVN|PID|PD1|NK1|PV1|PV2|MRG|AL1|DG1|GT1|IN1|ORC|OBR|OBX|NTE|SPM|TXA|SCH|MSA|ERR|QRD|QRF|Z[A-Z][A-Z0-9]"


def charset_in_msh17(message: Message) -> Message:
    """PACS and ECG senders write MSH one field short: the country (MSH-17) in 16 and the character set (18) in 17."""
    fields = _padded(message, 18)
    if fields[18] or not fields[17] or charset.codec(fields[17]) is None:
        return message
    fields[16:19] = ["", fields[16], fields[17]]
    return _with(message, 0, fields)


def move_pid2_into_pid3(message: Message) -> Message:
    """HIS senders of v2.4 put the visit card into PID-2: it becomes a repetition of PID-3 unless it is one already."""
    pid = message.first("PID")
    number = pid.get(2) if pid else None
    if pid is None or number is None:
        return message
    fields = [*pid.fields, "", "", ""]
    known = {value.get(1) for value in pid.values(3)}
    if number not in known:
        fields[3] = message.delimiters.repetition.join(part for part in (fields[3], fields[2]) if part)
    fields[2] = ""
    return _with(message, pid.position, fields)


def name_in_obx4(message: Message) -> Message:
    """Chemistry analysers (Mindray BS, CL) write the number of a test into OBX-3 and its name into OBX-4: it becomes
    the text of OBX-3, which has none."""
    signs = message.delimiters
    texts = [segment.text for segment in message.segments]
    for obx in message.all("OBX"):
        number, name = obx.raw(3), obx.raw(4)
        if number.isdigit() and name and not name.isdigit() and signs.component not in name:
            fields = [*obx.fields[:3], f"{number}{signs.component}{name}", "", *obx.fields[5:]]
            texts[obx.position] = signs.field.join(fields)
    return Message(texts, signs) if texts != [segment.text for segment in message.segments] else message


def moved(message: Message, moves: Iterable[tuple[int, int]]) -> Message:
    """MSH with what stands in the one field put into the other, where that is empty: `[msh]` of a layer, as data."""
    fields = list(message.msh.fields)
    for start, end in moves:
        fields += [""] * (max(start, end) + 1 - len(fields))
        if fields[start] and not fields[end]:
            fields[end], fields[start] = fields[start], ""
    return message if fields == message.msh.fields else _with(message, 0, fields)


QUIRKS: dict[str, Quirk] = {
    "charset-in-msh17": charset_in_msh17,
    "move-pid2-into-pid3": move_pid2_into_pid3,
    "test-name-in-obx4": name_in_obx4,
}


def named(names: Iterable[str]) -> tuple[Quirk, ...]:
    """The quirks of a site, in its order. ValueError names the unknown ones and the valid ones."""
    return _named(tuple(names))


@cache
def _named(names: tuple[str, ...]) -> tuple[Quirk, ...]:
    unknown = [name for name in names if name not in QUIRKS]
    if unknown:
        raise ValueError(f"unknown quirk {', '.join(unknown)}: valid are {', '.join(sorted(QUIRKS))}")
    return tuple(QUIRKS[name] for name in names)


def repair_flat(raw: bytes) -> bytes:
    """A message whose line ends got lost, split before every segment name that begins a field; anything else as it is.
    A guess, so for people at the command line only. The character set stays."""
    decoded = charset.decode(raw)
    parsed = er7.parse(decoded.text)
    if all(issue.code != "message-flat" for issue in parsed.issues):
        return raw
    text = decoded.text
    split = re.sub(rf"[ \t]*(?<![A-Z])({_SEGMENTS})(?={re.escape(text[text.find('MSH') + 3])})", r"\r\1", text)
    return charset.encode(split, decoded.detected)


def _padded(message: Message, number: int) -> list[str]:
    fields = list(message.msh.fields)
    return fields + [""] * (number + 1 - len(fields))


def _with(message: Message, position: int, fields: list[str]) -> Message:
    """The message with one segment written anew."""
    separator = message.delimiters.field
    parts = [fields[0], *fields[2:]] if position == 0 else fields
    texts = [segment.text for segment in message.segments]
    texts[position] = separator.join(parts).rstrip(separator)
    return Message(texts, message.delimiters)
