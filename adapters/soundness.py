"""Whether what a message states is valid: each resource against R4 and the profile it declares.

Law: nothing is believed unseen. A resource equal in every byte to one found valid before (the doctors, wards, houses
and devices of a site come with each of its messages) is not checked again; what was found wrong always is. A result is
known by its mould: all of it but its id, the ids it refers to, two times and its numbers, of which each is looked at
here, and of which no rule of Observation or of its profiles asks more than that they stand there.
Source: FHIR R4 validation.html; docs/decisions/2611-translation-speed.md.
"""

from __future__ import annotations

import marshal
import re
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from profiles import validate
from profiles.issue import Issue

_REPEATED = frozenset({"Device", "Location", "Organization", "Patient", "Person", "Practitioner", "PractitionerRole"})
"""Types that come again and again, unchanged."""
_MOST, _LONGEST = 4096, 4096
_PLAIN = 2
"""The version of the form that is the same for equal values, whatever they share."""
_SOUND: set[bytes] = set()
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_MOMENT = re.compile(r"[12]\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d[+-](?:0\d|1[0-3]):[0-5]\d", re.ASCII)
_REFERENCES = ("subject", "encounter", "specimen")
_TIMES = ("effectiveDateTime", "issued")
_DIGITS = 18


def invalid(resources: Iterable[dict[str, Any]]) -> tuple[Issue, ...]:
    """One issue for each resource that does not satisfy its definition and the profile it declares, with where and
    what."""
    found: list[Issue] = []
    for resource in resources:
        kind = resource["resourceType"]
        key = _key(_mould(resource) if kind == "Observation" else resource if kind in _REPEATED else None)
        if key in _SOUND:
            continue
        wrong = next((issue for issue in validate(resource) if issue.refuses), None)
        if wrong is not None:
            details = {"type": kind, "expression": wrong.expression, "code": wrong.code}
            found.append(Issue("bundle-invalid", expression=wrong.expression, details=details))
        elif key and len(key) <= _LONGEST:
            if len(_SOUND) >= _MOST:
                _SOUND.clear()
            _SOUND.add(key)
    return tuple(found)


def _key(value: dict[str, Any] | None) -> bytes:
    """The value as bytes; empty when there is none, or a decimal number in it."""
    try:
        return marshal.dumps(value, _PLAIN) if value is not None else b""
    except ValueError:
        return b""


def _mould(observation: dict[str, Any]) -> dict[str, Any]:
    """The Observation with what is sound in itself left out; what is not, stays, and with it the check."""
    mould = dict(observation)
    if _UUID.fullmatch(mould["id"]):
        mould["id"] = None
    for name in _REFERENCES:
        if name in mould and len(mould[name]) == 1:
            kind, _, identity = mould[name].get("reference", "").partition("/")
            if _UUID.fullmatch(identity):
                mould[name] = kind
    for name in _TIMES:
        if type(text := mould.get(name)) is str and _sound_moment(text):
            mould[name] = None
    if "valueQuantity" in mould:
        mould["valueQuantity"] = _measure(mould["valueQuantity"])
    if "referenceRange" in mould:
        mould["referenceRange"] = [
            {name: _measure(bound) if type(bound) is dict else bound for name, bound in one.items()}
            for one in mould["referenceRange"]
        ]
    return mould


def _measure(quantity: dict[str, Any]) -> dict[str, Any]:
    value = quantity.get("value")
    if type(value) is Decimal and _sound_number(value):
        return {**quantity, "value": None}
    return quantity


def _sound_number(value: Decimal) -> bool:
    """Whether the number is finite and of a size that every reader takes."""
    _, digits, exponent = value.as_tuple()
    return isinstance(exponent, int) and -_DIGITS < exponent <= 0 and len(digits) < _DIGITS


@lru_cache(maxsize=4096)
def _sound_moment(text: str) -> bool:
    """Whether it is a time to the second with its offset, of a day and an hour that exist."""
    if _MOMENT.fullmatch(text) is None:
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
