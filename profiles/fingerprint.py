"""A JSON value as bytes by which it is known again.

Law: the same bytes for equal values with the same keys in the same order, and for nothing else: `1` is not `true`, and
`1.10` not `1.1`; what no JSON holds has none. Source: none but speed; a set of them is what memories are made of.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import orjson

AS_IS = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_SUBCLASS


def fingerprint(value: Any) -> bytes:
    """The bytes of a value; TypeError for what is not JSON."""
    return orjson.dumps(value, decimal_number, AS_IS)


def kept(found: bytes) -> bytes:
    """The same bytes to be remembered: those that `fingerprint` gives stand in a buffer of four kilobytes."""
    return bytes(memoryview(found))


def decimal_number(value: Any) -> orjson.Fragment:
    """A decimal number as no other value is written."""
    if type(value) is Decimal:
        return orjson.Fragment(b"D" + str(value).encode())
    raise TypeError
