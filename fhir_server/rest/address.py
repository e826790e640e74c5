"""Addresses: path segments and parameters out of raw bytes; malformed percent-encoding is an Issue, never a guess."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, unquote_to_bytes

from profiles.issue import Issue

_BROKEN = re.compile(r"%(?![0-9A-Fa-f]{2})")
_MALFORMED = Issue("query-malformed", "http")
_MOST_PARAMETERS = 500


def pairs(query: str) -> tuple[tuple[str, str], ...] | Issue:
    """The parameters of a query string or form, in order; those without a value are left out, as FHIR says."""
    if _BROKEN.search(query):
        return _MALFORMED
    try:
        found = parse_qsl(query, keep_blank_values=False, errors="strict", max_num_fields=_MOST_PARAMETERS)
    except ValueError:  # UnicodeDecodeError is one
        return _MALFORMED
    return _MALFORMED if any("\x00" in name or "\x00" in text for name, text in found) else tuple(found)


def segments(raw_path: bytes) -> tuple[str, ...] | Issue:
    """The path below the base, decoded segment by segment."""
    if _BROKEN.search(raw_path.decode("latin-1")):
        return _MALFORMED
    try:
        return tuple(unquote_to_bytes(part).decode("utf-8") for part in raw_path.strip(b"/").split(b"/") if part)
    except UnicodeDecodeError:
        return _MALFORMED
