"""Personal data made unreadable for screens and terminals: the shape stays, the values do not.

Names, identifiers, contacts, addresses, birth dates, narratives and photos of a resource; the person segments of a v2
message, and whatever looks like an identity or telephone number anywhere in it.
"""

from __future__ import annotations

import re
from typing import Any

HIDDEN = "＊＊＊"
_PERSONAL = frozenset({"identifier", "name", "telecom", "address", "birthDate", "photo", "contact", "maritalStatus"})
"""Elements of a resource about a person that are hidden below the top level too."""
_PEOPLE = frozenset({"Patient", "Person", "RelatedPerson", "Practitioner"})
_KEPT = frozenset({"system", "use", "type", "rank", "period", "url", "resourceType"})
_SEGMENTS = frozenset({"PID", "PD1", "MRG", "NK1", "GT1", "IN1", "IN2", "IN3", "ZPI"})
_NUMBERS = re.compile(r"(?<!\d)(?:\d{17}[\dXx]|\d{15}|1[3-9]\d{9}|0\d{2,3}-?\d{7,8})(?!\d)", re.ASCII)
_LETTERS = re.compile(r"[^|^~\\&\r\n]")


def masked(resource: Any) -> Any:
    """A copy of a resource (or Bundle) without personal values."""
    return _masked(resource, personal=isinstance(resource, dict) and resource.get("resourceType") in _PEOPLE)


def _masked(value: Any, *, personal: bool) -> Any:
    if isinstance(value, list):
        return [_masked(item, personal=personal) for item in value]
    if isinstance(value, dict):
        personal = value["resourceType"] in _PEOPLE if isinstance(value.get("resourceType"), str) else personal
        return {name: _member(name, child, personal) for name, child in value.items()}
    return _NUMBERS.sub(HIDDEN, value) if isinstance(value, str) else value


def _member(name: str, value: Any, personal: bool) -> Any:
    if (personal and name in _PERSONAL) or name in ("identifier", "div", "data"):
        return _hidden(value)
    if name == "display" and isinstance(value, str):
        return HIDDEN
    return _masked(value, personal=personal)


def _hidden(value: Any) -> Any:
    if isinstance(value, list):
        return [_hidden(item) for item in value]
    if isinstance(value, dict):
        return {name: child if name in _KEPT else _hidden(child) for name, child in value.items()}
    return HIDDEN if value is not None else None


def masked_message(text: str) -> str:
    """A v2 message with its person segments blanked out, delimiters kept."""
    return "".join(_segment(segment) for segment in re.split(r"(?<=[\r\n])", text))


def _segment(segment: str) -> str:
    if segment[:3] in _SEGMENTS:
        return segment[:3] + _LETTERS.sub("*", segment[3:])
    return _NUMBERS.sub(HIDDEN, segment)
