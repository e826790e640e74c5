"""Addresses and telephones that a field gives to a person or an institution named in another field (ORC-22, OBX-24)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from mappers.datatypes.address import address
from mappers.datatypes.contact_point import contact_point
from mappers.use import Repetition, Use

if TYPE_CHECKING:
    from mappers.draft import Draft, Sheet
    from mappers.message import Segment

_CONVERT: Mapping[str, Callable[[Repetition, Use], dict[str, Any] | None]] = {
    "address": address,
    "telecom": contact_point,
}


def reach(segment: Segment, field: int, element: str, sheet: Sheet, rule: str, draft: Draft) -> None:
    """Adds the `address` (XAD) or `telecom` (XTN) of the field to the resource, each once."""
    if not segment.raw(field):
        return
    for value in segment.values(field):
        use = Use(draft, value, rule)
        found = None if value.is_null else _CONVERT[element](value, use)
        if found is not None:
            use.settle(sheet.path(sheet.add(element, found)))
