"""What stands in a Bundle, indexed so that a v2 value can be looked for in the forms a translation may give it.

A value is found *verbatim* (a text of the Bundle is it), *within* a longer text (a name put together, a narrative, a
comment, an attachment), as a *number* (`5.0` and `5`), or as a *time* (HL7 `202603010830+0800` and FHIR
`2026-03-01T00:30:00Z` are one instant; a time without a zone is found by its digits).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import Any, Literal

from mappers import dtm

Form = Literal["verbatim", "within", "number", "time", ""]
_NUMBER = re.compile(r"[-+]?\d{1,30}(?:\.\d{0,30})?", re.ASCII)
_V2_TIME = re.compile(r"(\d{4}(?:\d{2}){0,5})(?:\.\d{1,6})?([+-]\d{4}|Z)?", re.ASCII)
_FHIR_TIME = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?)?)?|(\d\d):(\d\d):(\d\d)",
    re.ASCII,
)
_SHORTEST_WITHIN = 2
"""Characters: a single one is in every text."""


def texts(node: Any) -> Iterator[str]:
    """Every primitive of a tree as text."""
    match node:
        case dict():
            for child in node.values():
                yield from texts(child)
        case list():
            for child in node:
                yield from texts(child)
        case bool():
            yield "true" if node else "false"
        case None:
            return
        case _:
            yield str(node)


class Presence:
    """The texts of a Bundle, or of a part of one."""

    def __init__(self, node: Any) -> None:
        self.texts = frozenset(one.strip() for one in texts(node))

    @cached_property
    def _long(self) -> str:
        """All texts, and what attachments hold when it is text."""
        plain = (decoded for one in self.texts if (decoded := _attached(one)))
        return "\n".join((*self.texts, *plain))

    @cached_property
    def _numbers(self) -> frozenset[Decimal]:
        return frozenset(amount for one in self.texts if (amount := number(one)) is not None)

    @cached_property
    def _times(self) -> frozenset[str]:
        return frozenset(form for one in self.texts for form in _digits(one))

    def form(self, value: str) -> Form:
        """How the value stands here; '' when it does not."""
        value = value.strip()
        if value in self.texts:
            return "verbatim"
        amount = number(value)
        if amount is not None and amount in self._numbers:
            return "number"
        if self._timed(value):
            return "time"
        if len(value) >= _SHORTEST_WITHIN and value in self._long:
            return "within"
        return ""

    def _timed(self, value: str) -> bool:
        found = _V2_TIME.fullmatch(value) or _V2_TIME.fullmatch(_compact(value))
        if found is None or len(value) < 4:
            return False
        digits, zone = found[1], (found[2] or "").replace("Z", "+0000")
        forms = {digits, digits.ljust(14, "0")} if len(digits) >= 12 else {digits}
        if zone and len(digits) >= 12:
            # Equal digits of another zone are another time.
            forms = {f"~{one}" for one in forms} | {_instant(digits.ljust(14, "0"), f"{zone[:3]}:{zone[3:]}")}
        return not forms.isdisjoint(self._times)


def _compact(text: str) -> str:
    """A time that was written for people (`2026/3/1 9:05`), as HL7 writes it; '' when it is none."""
    moment = dtm.read(text)
    if moment is None:
        return ""
    return f"{moment.day.replace('-', '')}{moment.time.replace(':', '')}{moment.offset.replace(':', '')}"


def number(text: str) -> Decimal | None:
    """The number a text is, whatever its precision."""
    if not _NUMBER.fullmatch(text):
        return None
    try:
        return Decimal(text).normalize()
    except InvalidOperation:
        return None


def _digits(text: str) -> Iterator[str]:
    """The digits of a FHIR date, dateTime, instant or time, to every precision of HL7, and its instant.

    Those of a time without a zone stand behind `~` too.
    """
    found = _FHIR_TIME.fullmatch(text)
    if found is None:
        return
    if found[8]:
        yield "".join(found.group(8, 9, 10))
        yield "".join(found.group(8, 9))
        return
    digits = "".join(part or "" for part in found.group(1, 2, 3, 4, 5, 6))
    for size in (4, 6, 8, 10, 12, 14):
        if len(digits) >= size:
            yield digits[:size]
            if not found[7]:
                yield f"~{digits[:size]}"
    if found[7] and len(digits) >= 12:
        yield _instant(digits.ljust(14, "0"), found[7])


def _instant(digits: str, zone: str) -> str:
    from datetime import datetime

    try:
        moment = datetime.strptime(digits + zone.replace("Z", "+00:00"), "%Y%m%d%H%M%S%z")
    except ValueError:
        return ""
    return f"@{moment.timestamp():.0f}"


def _attached(text: str) -> str:
    """What base64 holds, when it is text."""
    if len(text) < 16 or len(text) % 4:
        return ""
    try:
        return base64.b64decode(text, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return ""
