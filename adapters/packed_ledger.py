"""The ledger of a message as the journal keeps it: zlib of JSON, numbers instead of locations, which are written for
people when someone asks.

`[[position, field, repetition, component, subcomponent, outcome, path, rule], …]`; where segments fared as others did
before, `{"told": the same, "same": [[[field, …, rule], …], …], "again": [[position, ref, index of same], …]}`, in which
a path that begins with `#` is one of `ref`.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

import orjson

from mappers.ledger import Ledger
from mappers.message import Leaf, Message


def pack(ledger: Ledger) -> bytes:
    told = [leaf + line for leaf, found in ledger.told.items() for line in found]
    if not ledger.again:
        return zlib.compress(orjson.dumps(told), 1)
    numbers: dict[int, int] = {}
    same: list[list[tuple[Any, ...]]] = []
    places = []
    for position, (ref, lines, _) in ledger.again.items():
        number = numbers.get(id(lines))
        if number is None:
            number = numbers[id(lines)] = len(same)
            same.append([tuple(line) for line in lines])
        places.append((position, ref, number))
    return zlib.compress(orjson.dumps({"told": told, "same": same, "again": places}), 1)


def unpack(packed: bytes, message: Message) -> list[tuple[str, str, str, str]]:
    """(location, outcome, path, rule) of every line, in message order; empty when there was no translation."""
    kept = orjson.loads(zlib.decompress(packed)) if packed else []
    rows = kept if isinstance(kept, list) else [*kept["told"], *_again(kept)]
    return [(message.locate(Leaf(*row[:5])), row[5], row[6], row[7]) for row in sorted(rows)]


def _again(kept: dict[str, Any]) -> Iterator[list[Any]]:
    for position, ref, number in kept["again"]:
        for *place, outcome, path, rule in kept["same"][number]:
            yield [position, *place, outcome, ref + path if path.startswith("#") else path, rule]
