"""Addresses: path segments and parameters out of raw bytes; malformed percent-encoding is an Issue, never a guess."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import parse_qsl, unquote_to_bytes

from profiles.issue import Issue

_BROKEN = re.compile(r"%(?![0-9A-Fa-f]{2})")
_RAW = re.compile(rb"[\x80-\xff]")
_MALFORMED = Issue("query-malformed", "http")
_MOST_PARAMETERS = 500
_GENERAL = frozenset({"_format", "_pretty"})


def pairs(query: str) -> tuple[tuple[str, str], ...] | Issue:
    """The parameters of a query string or form, in order; those without a value are left out, as FHIR says."""
    found = criteria_pairs(query)
    return found if isinstance(found, Issue) else tuple(pair for pair in found if pair[1])


def criteria_pairs(query: str) -> tuple[tuple[str, str], ...] | Issue:
    """The same with those without a value, for criteria of a write: left out they would match more than was meant."""
    if _BROKEN.search(query):
        return _MALFORMED
    try:
        found = parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=_MOST_PARAMETERS)
    except ValueError:  # UnicodeDecodeError is one
        return _MALFORMED
    return _MALFORMED if any("\x00" in name or "\x00" in text for name, text in found) else tuple(found)


def form_text(body: bytes) -> str:
    """A form as its query string; UTF-8 that was sent as it is counts as if it were escaped."""
    if body.isascii():
        return body.decode("ascii")
    return _RAW.sub(lambda found: b"%%%02X" % found[0][0], body).decode("ascii")


def parameters_of(method: str, segments: Sequence[str], query: str) -> tuple[tuple[str, str], ...] | Issue:
    """What the query of a request says: for a write on a type its criteria."""
    last = segments[-1] if segments else ""
    writes = method in ("PUT", "PATCH", "DELETE") or (method == "POST" and last[:1] not in ("_", "$"))
    found = criteria_pairs(query) if writes else pairs(query)
    return found if isinstance(found, Issue) else tuple(pair for pair in found if pair[1] or pair[0] not in _GENERAL)


def segments(raw_path: bytes) -> tuple[str, ...] | Issue:
    """The path below the base, decoded segment by segment."""
    if _BROKEN.search(raw_path.decode("latin-1")):
        return _MALFORMED
    try:
        return tuple(unquote_to_bytes(part).decode("utf-8") for part in raw_path.strip(b"/").split(b"/") if part)
    except UnicodeDecodeError:
        return _MALFORMED
