"""Bytes to a FHIR resource in memory: strict JSON, nothing guessed, nothing lost.

Law: `1.10` stays `Decimal("1.10")`; a duplicate key, NaN, NUL, lone surrogate, over-deep nesting or an absurdly large
number is refused as an Issue, never as an exception. Texts carry positions, never content.
Sources: http://hl7.org/fhir/R4/json.html, RFC 8259; string and decimal in http://hl7.org/fhir/R4/datatypes.html.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import Any

import jiter

from profiles.issue import Issue

DEFAULT_LIMIT = 16 * 1024 * 1024
MAX_DEPTH = 64
BYTE_ORDER_MARK = b"\xef\xbb\xbf"

Parsed = tuple[dict[str, Any] | None, tuple[Issue, ...]]

# The skeleton of a document: quotes, brackets (all turned square) and what numbers and their separators are made of.
_SQUARE = bytes.maketrans(b"{}", b"[]")
_NOT_SKELETON = bytes(set(range(256)) - set(b'"{}[],:+-.0123456789eE'))
_NOT_BRACKET = bytes(set(range(256)) - set(b"[]"))
# From 9,000,000,000,000,000,000 on a number may not fit 64 bits; a four-digit exponent is no measurement.
_HUGE = re.compile(rb"(?<![0-9.])(?:9[0-9]{18}|[0-9]{20})|[0-9][eE][+-]?0*[1-9][0-9]{3}")
_QUOTED = re.compile(r'"[^"]*"')


def parse(data: bytes, *, limit: int = DEFAULT_LIMIT) -> Parsed:
    """The object in `data`, or None and the one issue that says why not. A leading UTF-8 byte order mark is dropped."""
    value, issues = parse_any(data, limit=limit)
    if issues:
        return None, issues
    if type(value) is not dict:
        return _refused("body-not-object")
    return value, ()


def parse_any(data: bytes, *, limit: int = DEFAULT_LIMIT) -> tuple[Any, tuple[Issue, ...]]:
    """The same for any JSON value: a JSON Patch is an array."""
    if len(data) > limit:
        return _refused("body-too-large", limit=str(limit))
    if data.startswith(BYTE_ORDER_MARK):
        data = data[3:]
    refusal = _skeleton_refusal(data)
    if refusal is not None:
        return refusal
    try:
        value = jiter.from_json(data, allow_inf_nan=False, catch_duplicate_keys=True, float_mode="decimal")
    except ValueError as error:
        return _malformed(str(error))
    return value, ()


def _skeleton_refusal(data: bytes) -> Parsed | None:
    """Looks only at the shape of the bytes, so that nothing costly or dangerous reaches the parser."""
    if b"\\" in data:
        data = data.replace(b"\\\\", b"")
        if b"\\u0000" in data:
            return _refused("json-malformed", why="NUL character")
        data = data.replace(b'\\"', b"")
    outside_strings = b"".join(data.translate(_SQUARE, _NOT_SKELETON).split(b'"')[::2])
    if _HUGE.search(outside_strings):
        return _refused("number-too-large")
    if _deeper_than(MAX_DEPTH, outside_strings.translate(None, _NOT_BRACKET)):
        return _refused("json-too-deep", limit=str(MAX_DEPTH))
    return None


def _deeper_than(limit: int, brackets: bytes) -> bool:
    """Each pass takes away the innermost pairs, hence one level of nesting."""
    for _ in range(limit):
        rest = brackets.replace(b"[]", b"")
        if not rest:
            return False
        if len(rest) == len(brackets):  # unbalanced: the parser will say where, unless it is deep as well
            return rest.count(b"[") > limit
        brackets = rest
    return True


def _malformed(message: str) -> Parsed:
    if message.startswith("Detected duplicate key"):
        return _refused("json-duplicate-key")
    return _refused("json-malformed", why=_QUOTED.sub("", message))


def _refused(code: str, **details: str) -> Parsed:
    return None, (Issue(code, details=MappingProxyType(details)),)
