"""A resource in memory to bytes: compact UTF-8 JSON in which every Decimal keeps the digits it came with.

Law: `Decimal("1.10")` is written `1.10`; what is not finite is a programming error (ValueError).
Source: http://hl7.org/fhir/R4/json.html#primitive and the precision rule of http://hl7.org/fhir/R4/datatypes.html#decimal.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import orjson

_PLAIN = range(-30, 1)


def dump(resource: Any) -> bytes:
    """Raises TypeError for a value that has no JSON form, ValueError for NaN and infinity."""
    return orjson.dumps(resource, default=_verbatim)


def dump_pretty(resource: Any) -> bytes:
    return orjson.dumps(resource, default=_verbatim, option=orjson.OPT_INDENT_2)


def _verbatim(value: Any) -> orjson.Fragment:
    if not isinstance(value, Decimal):
        raise TypeError(f"no JSON form for {type(value).__name__}")
    return orjson.Fragment(decimal_text(value))


def decimal_text(value: Decimal) -> str:
    """Plain notation where it keeps the precision (`0.0000001`, not `1E-7`), scientific otherwise (`1E+2`)."""
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int):
        raise ValueError("a FHIR decimal is finite")
    return format(value, "f") if exponent in _PLAIN else str(value)
