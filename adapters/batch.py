"""Files and streams of bytes to single messages, in order, with memory that does not grow with the file.

Reads single messages, messages one after the other (MSH at the beginning of a line), FHS/BHS … BTS/FTS batches, MLLP
captures and JSON lines with a base64 `message`. Nothing is dropped but the batch envelopes: what is no message comes
out as it is, to be refused with an answer. The split is on bytes, and safe: CR and LF are never part of a GBK
character.
Source: HL7 v2.5.1 2.10.3 (batch protocol).
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from adapters import mllp

_CHUNK = 1 << 20
_LONGEST = 64 << 20
_BLANK = b" \t\r\n\x1a\x00\xef\xbb\xbf"
_WIDE = (b"\xff\xfe", b"\xfe\xff", b"M\0S\0H\0", b"\0M\0S\0H")
_WHOLE = (*_WIDE, b"<")
"""Beginnings of what is never split: UTF-16, and XML, which may hold a line `MSH|` in its text."""
_START = re.compile(rb"(?:\A|[\r\n])[ \t\x0b]{0,16}(MSH|FHS|BHS|BTS|FTS)(?=[^A-Za-z0-9\s]|[\r\n]|\Z)")
_OVERLAP = 256


@dataclass(frozen=True, slots=True)
class Item:
    """One message as bytes, and where it stood: `name`, `name#2` (the second of several) or `name:7` (line 7)."""

    raw: bytes
    label: str


def messages(path: Path) -> Iterator[Item]:
    """Every message of a file, or of all files of a folder in the order of their names (hidden ones left out)."""
    if path.is_dir():
        for label in _files(path, ""):
            with (path / label).open("rb") as stream:
                yield from read(stream, label)
        return
    with path.open("rb") as stream:
        yield from read(stream, path.name)


def _files(root: Path, below: str) -> Iterator[str]:
    """Paths below the root. Only the names in one folder are kept at a time, for their order: a hundred thousand are
    some megabytes as texts, as paths a hundred. Links to folders are not followed: they may lead in a circle.
    """
    with os.scandir(root / below) as entries:
        found = sorted((entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries if entry.name[0] != ".")
    for name, is_folder in found:
        label = f"{below}/{name}" if below else name
        if is_folder:
            yield from _files(root, label)
        elif (root / label).is_file():
            yield label


def split(raw: bytes) -> list[bytes]:
    """The messages in the bytes of one frame: mostly one, more when a sender puts a batch into a frame."""
    if raw.startswith(_WHOLE) or (raw.startswith(b"MSH") and b"\rMSH" not in raw and b"\nMSH" not in raw):
        return [raw]
    return list(_concatenated(raw, BytesIO())) or [raw]


def read(stream: BinaryIO, label: str) -> Iterator[Item]:
    """Every message of a stream; what kind of stream it is shows in its first bytes."""
    head = stream.read(_CHUNK)
    start = head.lstrip(_BLANK)
    if start.startswith(_WHOLE):
        yield Item(head + stream.read(_LONGEST), label)
    elif start.startswith(b"{"):
        yield from _json_lines(head, stream, label)
    elif start.startswith(b"\x0b"):
        yield from _numbered(_frames(head, stream), label)
    else:
        yield from _numbered(_concatenated(head, stream), label)


def _numbered(found: Iterator[bytes], label: str) -> Iterator[Item]:
    """A lone message is named as its file."""
    first = next(found, None)
    if first is None:
        return
    second = next(found, None)
    if second is None:
        yield Item(first, label)
        return
    yield Item(first, f"{label}#1")
    yield Item(second, f"{label}#2")
    for number, raw in enumerate(found, 3):
        yield Item(raw, f"{label}#{number}")


def _chunks(head: bytes, stream: BinaryIO) -> Iterator[bytes]:
    while head:
        yield head
        head = stream.read(_CHUNK)


def _json_lines(head: bytes, stream: BinaryIO, label: str) -> Iterator[Item]:
    for number, line in enumerate(_lines(head, stream), 1):
        if line.strip(_BLANK):
            yield Item(_message_of(line), f"{label}:{number}")


def _lines(head: bytes, stream: BinaryIO) -> Iterator[bytes]:
    pieces: list[bytes] = []
    for chunk in _chunks(head, stream):
        first, *rest = chunk.split(b"\n")
        pieces.append(first)
        if rest:
            yield b"".join(pieces)
            yield from rest[:-1]
            pieces = [rest[-1]]
    yield b"".join(pieces)


def _message_of(line: bytes) -> bytes:
    """The bytes of `message`; the line itself when it has none, so that it is answered and not lost."""
    try:
        return base64.b64decode(json.loads(line)["message"], validate=True)
    except (ValueError, KeyError, TypeError, binascii.Error):
        return line


def _frames(head: bytes, stream: BinaryIO) -> Iterator[bytes]:
    framer = mllp.Framer(_LONGEST)
    for chunk in _chunks(head.lstrip(_BLANK), stream):
        yield from _contents(framer.feed(chunk))
    yield from _contents(framer.eof())


def _contents(events: list[mllp.Event]) -> Iterator[bytes]:
    for event in events:
        match event:
            case mllp.Frame(data) | mllp.Truncated(data):
                yield from split(data)
            case mllp.Oversize(_, head):
                yield head
            case mllp.Junk():
                pass


def _concatenated(head: bytes, stream: BinaryIO) -> Iterator[bytes]:
    buffer = b""
    searched = 0
    for chunk in _chunks(head, stream):
        buffer += chunk
        starts = [found.start(1) for found in _START.finditer(buffer, searched)]
        # The last start stays in the buffer, and so does a name that the end of the chunk may have cut.
        begin = 0
        for start in starts:
            if start > begin and len(buffer) - start > _OVERLAP:
                yield from _content(buffer[begin:start])
                begin = start
        buffer = buffer[begin:]
        searched = max(1, len(buffer) - 2 * _OVERLAP)
        if len(buffer) > _LONGEST:
            yield from _content(buffer)
            buffer, searched = b"", 0
    begin = 0
    for found in _START.finditer(buffer):
        yield from _content(buffer[begin : found.start(1)])
        begin = found.start(1)
    yield from _content(buffer[begin:])


def _content(part: bytes) -> Iterator[bytes]:
    """A message as it stands; of a batch envelope only what follows its line."""
    part = part.strip(b" \t\x0b\r\n\x1a\x00\x1c") if part[:3] != b"MSH" else part.strip(b"\x0b\x1c\x00\x1a")
    if part.startswith((b"FHS", b"BHS", b"BTS", b"FTS")):
        lines = re.split(rb"[\r\n]", part, maxsplit=1)
        part = lines[1].strip(_BLANK) if len(lines) > 1 else b""
    if part.strip(_BLANK):
        yield part
