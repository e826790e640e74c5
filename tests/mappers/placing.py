"""Puts one value where a target path says, by the lines that stand in every generated function."""

from __future__ import annotations

from typing import Any

from mappers.generator import RUNTIME, placed
from mappers.path import Items, Slot, Step


def put(body: dict[str, Any], steps: tuple[Step, ...], slot: Slot, items: Items, value: Any) -> str | None:
    """The path at which the value stands, `None` when another value stands there already."""
    names = dict(RUNTIME)
    lines = list(placed(steps, slot[0], str(slot[1]), names))
    names |= {"body": body, "items": items, "found": value}
    exec("\n".join(lines), names)
    place: str | None = names["place"]
    return place
