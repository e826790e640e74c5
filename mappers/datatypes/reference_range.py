"""OBX-7 -> Observation.referenceRange: low and high where the text is plainly a range of numbers; the text always.

`5-10`, `5--10`, `5～10`, `(5-10)`, `-3--1`, `<5`, `≤5`, `>60`, each also with its unit. R4 bounds are inclusive, so the
text is what tells `<5` from `≤5`. Everything else (`轻：31-49，中：50-69`, `阴性`) stays text.
Source: HL7 v2.5.1 7.4.2.7; FHIR R4 observation-definitions.html#Observation.referenceRange.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from mappers.datatypes.number import decimal, plain
from mappers.datatypes.units import UCUM, Unit, ucum

_NUMBER = r"[+-]?(?:\d{1,18}(?:\.\d{0,18})?|\.\d{1,18})"
_BETWEEN = tuple(
    re.compile(rf"[(\[]?\s*(?P<low>{_NUMBER})\s*(?:{sep})\s*(?P<high>{_NUMBER})\s*[)\]]?\s*(?P<unit>\S.{{0,20}})?")
    for sep in ("-|–|—|~|～|至|to", r"--|——|~~|\.\.")
)
_ONE_SIDED = re.compile(rf"(?P<sign><=|>=|<|>|＝?小于|大于)\s*(?P<bound>{_NUMBER})\s*(?P<unit>\S.{{0,20}})?")
_URL = re.compile(r"(?:https?|ftp|wado|dicomweb)://", re.IGNORECASE)


class Bounds(NamedTuple):
    low: Decimal | None
    high: Decimal | None


@lru_cache(maxsize=8192)
def bounds(text: str, unit: str = "") -> Bounds | None:
    """The numeric bounds, `None` when the text is not plainly one range; `unit` may stand behind the numbers."""
    text = plain(text).strip()
    for form in _BETWEEN:
        if found := form.fullmatch(text):
            low, high = decimal(found["low"]), decimal(found["high"])
            if low is not None and high is not None and low <= high and _same(found["unit"], unit):
                return Bounds(low, high)
    if found := _ONE_SIDED.fullmatch(text):
        bound = decimal(found["bound"])
        if bound is None or not _same(found["unit"], unit):
            return None
        return Bounds(None, bound) if found["sign"] in ("<", "<=", "小于") else Bounds(bound, None)
    return None


def _same(written: str | None, unit: str) -> bool:
    """A range may repeat the unit of the value; any other words make it free text."""
    return not written or written == unit or (ucum(written) != "" and ucum(written) == ucum(unit))


def is_url(text: str) -> bool:
    """Some senders put the address of the report into OBX-7."""
    return bool(_URL.match(text.strip()))


def quantity(value: Decimal, unit: Unit | None) -> dict[str, Any]:
    """A Quantity in that unit, coded when UCUM knows it."""
    if unit is None:
        return {"value": value}
    if not unit.code:
        return {"value": value, "unit": unit.text}
    return {"value": value, "unit": unit.text, "system": UCUM, "code": unit.code}


def reference_range(text: str, unit: Unit | None) -> dict[str, Any]:
    """One `referenceRange`; only `text` when the range is free text."""
    found = bounds(text, unit.text if unit else "")
    out: dict[str, Any] = {}
    if found is not None and found.low is not None:
        out["low"] = quantity(found.low, unit)
    if found is not None and found.high is not None:
        out["high"] = quantity(found.high, unit)
    out["text"] = text
    return out
