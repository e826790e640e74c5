"""The bytes of a message in the receiver's character set; what it lacks is said, and never lost silently.

`escape` writes the UTF-8 bytes of the character as `\\X…\\`, which our own reader and every reader of escape sequences
gives back; `replace` writes `?`; `hold` makes no message of it: the delivery waits for a person, dead from the start.
Source: HL7 v2.5.1 2.7.5 (hexadecimal), 2.14.9.18 (MSH-18).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_PYTHON: Mapping[str, str] = {"big5": "big5hkscs"}


@dataclass(frozen=True, slots=True)
class Encoded:
    """`places` are the segments (`PID`, `OBX[3]`) with characters that the set lacks."""

    raw: bytes
    places: tuple[str, ...] = ()


def encode(text: str, charset: str, manner: str) -> Encoded:
    """The bytes; `manner` is `escape`, `replace` or `hold` (written like `escape`)."""
    codec = _PYTHON.get(charset, charset)
    try:
        return Encoded(text.encode(codec))
    except UnicodeEncodeError:
        return _mended(text, codec, manner)


def _mended(text: str, codec: str, manner: str) -> Encoded:
    lines: list[str] = []
    places: list[str] = []
    counts: dict[str, int] = {}
    for line in text.split("\r"):
        name = line[:3]
        counts[name] = counts.get(name, 0) + 1
        kept = "".join(sign if _fits(sign, codec) else _instead(sign, manner) for sign in line)
        if kept != line:
            places.append(name if counts[name] == 1 else f"{name}[{counts[name]}]")
        lines.append(kept)
    return Encoded("\r".join(lines).encode(codec), tuple(places))


def _fits(sign: str, codec: str) -> bool:
    try:
        sign.encode(codec)
    except UnicodeEncodeError:
        return False
    return True


def _instead(sign: str, manner: str) -> str:
    return "?" if manner == "replace" else f"\\X{sign.encode('utf-8', 'replace').hex().upper()}\\"
