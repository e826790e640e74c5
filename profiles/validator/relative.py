"""Bounds that move with the clock: a least or greatest date given as a length of time from now.

Law: the length is positive; it is taken from now for the least date and added for the greatest. A date is compared as
far as it goes: a year is not below a bound in the same year.
Source: http://hl7.org/fhir/R4/elementdefinition-definitions.html#ElementDefinition.minValue_x_, #maxValue_x_.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Literal

from profiles.definitions import Definition
from profiles.validator.constraints import Question
from profiles.validator.finding import Findings, finding
from profiles.validator.item import Item
from profiles.validator.place import Place

_MONTHS: Mapping[str, int] = MappingProxyType({"a": 12, "mo": 1})
_SECONDS: Mapping[str, int] = MappingProxyType({"wk": 604800, "d": 86400, "h": 3600, "min": 60, "s": 1})
Side = Literal["min", "max"]


def relative_bounds(element: Definition, name: str) -> Iterator[Question]:
    """The questions of an element whose bounds are lengths of time, about values that are dates."""
    sides: tuple[Side, Side] = ("min", "max")
    for side in sides:
        for suffix in ("Quantity", "Duration"):
            length = element.get(f"{side}Value{suffix}")
            if type(length) is dict and _readable(length):
                yield _bounded(length, side, name)


def _readable(length: dict[str, Any]) -> bool:
    unit = length.get("code")
    return type(unit) is str and (unit in _MONTHS or unit in _SECONDS) and not isinstance(length.get("value"), str)


def _bounded(length: dict[str, Any], side: Side, name: str) -> Question:
    code = "value-too-small" if side == "min" else "value-too-large"
    details = {"name": name, side: f"{length.get('value')} {length['code']}"}

    def ask(item: Item, place: Place) -> Findings | None:
        if type(item.value) is not str or item.value[4:5] not in ("", "-"):
            return None
        limit = moved(place.now(), length, -1 if side == "min" else 1)
        order = None if limit is None else _order(item.value, limit)
        outside = order is not None and (order < 0 if side == "min" else order > 0)
        return finding(code, **details) if outside else None

    return ask


def moved(now: datetime, length: dict[str, Any], sign: int) -> datetime | None:
    """Now, so much earlier or later; None where no calendar goes."""
    amount, unit = length.get("value", 0), length["code"]
    try:
        if unit in _SECONDS:
            return now + sign * timedelta(seconds=float(amount) * _SECONDS[unit])
        months = now.year * 12 + now.month - 1 + sign * int(amount * _MONTHS[unit])
        year, month = divmod(months, 12)
        for day in (now.day, 30, 29, 28):
            try:
                return now.replace(year=year, month=month + 1, day=day)
            except ValueError:
                continue
    except (OverflowError, ValueError, TypeError):
        return None
    return None


def _order(value: str, limit: datetime) -> int | None:
    if len(value) > 10:
        try:
            exact = datetime.fromisoformat(value)
            return (exact > limit) - (exact < limit)
        except (ValueError, TypeError):
            return None
    bound = limit.date().isoformat()[: len(value)]
    return (value > bound) - (value < bound)
