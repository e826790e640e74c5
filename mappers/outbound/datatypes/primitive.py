"""string, markdown, integer, decimal, boolean, Annotation, Duration -> ST, TX, NM, ID. Inverse of
`mappers.datatypes.primitive`."""

from __future__ import annotations

import re
from decimal import Decimal
from html import unescape
from typing import Any

from mappers.outbound.ask import Ask
from mappers.outbound.inverse import code_of
from mappers.outbound.tree import Repetition


def string(value: Any, ask: Ask) -> Repetition | None:
    """ST."""
    return {1: value} if isinstance(value, str) and value else None


def number(value: Any, ask: Ask) -> Repetition | None:
    """NM, with the precision as stored."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal | float):
        return None
    return {1: str(value)}


def boolean(value: Any, ask: Ask) -> Repetition | None:
    """ID by table 0136."""
    return {1: "Y" if value else "N"} if isinstance(value, bool) else None


def annotation(value: Any, ask: Ask) -> Repetition | None:
    """The text of an Annotation."""
    return string(value.get("text"), ask) if isinstance(value, dict) else None


def days(value: Any, ask: Ask) -> Repetition | None:
    """A Duration in days."""
    if not isinstance(value, dict) or value.get("code", "d") != "d":
        return None
    return number(value.get("value"), ask)


def code(value: Any, ask: Ask) -> Repetition | None:
    """A code of a FHIR value set as the code of the v2 table."""
    if not isinstance(value, str) or not value:
        return None
    if not ask.vocabulary:
        return {1: value}
    found = code_of(ask.receiver, ask.vocabulary, value)
    return {1: found} if found else None


def quantity(value: Any, ask: Ask) -> Repetition | None:
    """CQ: number 1, unit 2."""
    if not isinstance(value, dict) or "value" not in value:
        return None
    unit = value.get("unit") or value.get("code") or ""
    return {1: str(value["value"]), 2: unit} if unit else {1: str(value["value"])}


_TAG = re.compile(r"<[^>]*>")


def narrative(value: Any, ask: Ask) -> Repetition | None:
    """The words of a narrative."""
    if not isinstance(value, dict) or value.get("status") != "additional":
        return None
    return string(unescape(_TAG.sub("", value.get("div", ""))), ask)


def unit(value: Any, ask: Ask) -> Repetition | None:
    """The unit of a Quantity, in a field of its own."""
    text = (value.get("unit") or value.get("code")) if isinstance(value, dict) else None
    return {1: text} if text else None
