"""Whether a store may take a resource: generated code that says yes, or nothing at all.

Law: yes is said only of what `validate` has nothing against that refuses; what is not quickly seen to be sound is asked
of `validate`, which names the faults. Warnings and advice are not looked for. The code is written for the objects of
one definition, with the profiles that apply to them, that have the same keys in the same order, when such are seen
often; until then, and for whatever has no code, the checks themselves answer.
Source: none but speed; docs/decisions/2611-generated-validators.md.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import orjson

from profiles.fingerprint import AS_IS
from profiles.registry import OWN, Registry
from profiles.validator.accepting_form import Within, takes
from profiles.validator.accepting_text import write
from profiles.validator.place import Contextual
from profiles.validator.references import contained_kinds

_LARGEST = 1024 * 1024


def accepts(resource: Any, registry: Registry = OWN) -> bool:
    """Whether nothing refuses a resource that is by itself, as far as that is quickly seen (else ask `validate`)."""
    try:
        text = orjson.dumps(resource, _number, AS_IS)
    except TypeError:  # it holds what no JSON holds
        return False
    # No string of FHIR holds control characters but tabs and line ends, or is as long as that.
    if len(text) > _LARGEST or (b"\\" in text and _CONTROL.search(text)):
        return False
    place = Within(registry)
    try:
        return takes(resource, place, write) and (not place.local or _settled(place, resource))
    except Contextual:
        return False


def _number(value: Any) -> None:
    """Decimal numbers hold no control characters."""
    if type(value) is not Decimal:
        raise TypeError


_CONTROL = re.compile(rb"\\[ubf]")
"""How JSON writes control characters; or, which matters to nobody, a backslash before one of these letters."""


def _settled(place: Within, resource: dict[str, Any]) -> bool:
    """Whether every local reference leads to what is contained, and may lead there."""
    there = contained_kinds(resource)
    return all(there.get(each["id"]) in each["allowed"] for each in place.local)
