"""OBX-2 and OBX-5 -> Observation.value[x]: what the sender measured, never more than it wrote.

`read` gives one `Reading` for one repetition of OBX-5. OBX-2 is believed only as far as the text bears it out: an NM
that is no number stays text, and an ST that is one number with a unit, a range or a decimal point is a Quantity,
because Chinese LIS send every number as ST. When the FHIR form does not give the text back, `original` carries it.
Source: HL7 v2.5.1 7.4.2.2, 7.4.2.5 and table 0125; V2-to-FHIR OBX[Observation] rows OBX-5.
Attachments (ED, RP) are read by `attachment`, coded values (CE, CWE, CNE, CF, IS) by the datatype functions.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from mappers.datatypes.number import decimal, measured, plain
from mappers.datatypes.reference_range import quantity
from mappers.datatypes.units import Unit, unit
from mappers.message import Value, legible
from profiles.systems import CANONICAL_BASE

CODED = frozenset({"CE", "CWE", "CNE", "CF", "IS", "ID"})
ATTACHED = frozenset({"ED", "RP"})
MEASURED = frozenset({"NM", "SI", "SN", "CQ", "DT", "TS", "DTM", "TM", "DR", "NR", "VR", "NA"})
"""Kinds whose repetitions are values of their own; those of a text are its lines."""
QUALITATIVE = f"{CANONICAL_BASE}/CodeSystem/qualitative-result"
_ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
_TABLE = Path(__file__).parent.parent / "tables" / "qualitative.csv"
_SPAN = re.compile(r"(?P<low>[0-9]+(?:\.[0-9]+)?)\s*(?:-|--|~|～)\s*(?P<high>[0-9]+(?:\.[0-9]+)?)")
_TITRE = re.compile(r"(?P<comparator><=|>=|<|>)?\s*(?P<one>[0-9]{1,9})\s*[:：∶]\s*(?P<many>[0-9]{1,9})")
_WORD = str.maketrans({"（": "(", "）": ")", "＋": "+", "－": "-", "﹢": "+", "﹣": "-", "—": "-"})


class Reading(NamedTuple):
    """`element` is a value[x] name or `""` when there is no value; `value` its FHIR form.

    `original` is the text as written when the FHIR form alone does not give it back, else `""`. `flag` is a flag that
    stood inside the value (an arrow, or the meaning of `阴性`), for when OBX-8 is empty. `issue` is a code or `""`.
    """

    element: str
    value: Any
    original: str = ""
    flag: str = ""
    issue: str = ""


NOTHING = Reading("", None)


class Beside(NamedTuple):
    """What stands beside the value: the unit, whether a reference range is given, and how to read a date."""

    unit: Unit | None
    ranged: bool
    date: Callable[[str], str | None]


@cache
def _qualities() -> Mapping[str, tuple[str, str, str]]:
    """By text: (code, display, interpretation)."""
    with _TABLE.open(encoding="utf-8", newline="") as table:
        return {row["text"]: (row["code"], row["display"], row["interpretation"]) for row in csv.DictReader(table)}


def read(kind: str, value: Value, beside: Beside) -> Reading:
    """One repetition of OBX-5 under the OBX-2 `kind`; an unknown or missing kind is read as ST."""
    if value.is_null:
        return NOTHING
    return _READERS.get(kind, _string)(value, beside)


def text_of(value: Value) -> str:
    """The text of the repetition, separators kept, empty trailing components (`2.6^^&&&&`) cut off."""
    raw, delimiters = value.raw, value.segment.delimiters
    if delimiters.escape and delimiters.escape in raw:
        raw = value.text() or ""
    text = raw.rstrip(delimiters.component + delimiters.subcomponent).strip()
    return text if text.isprintable() else legible(text).strip()


def _plain_text(value: Value, beside: Beside) -> Reading:
    text = legible(value.text() or "")
    return Reading("valueString", text) if text.strip() else NOTHING


def _string(value: Value, beside: Beside) -> Reading:
    text = text_of(value)
    if not text:
        return NOTHING
    return _measure(text, beside) or _quality(text) or _pair(text, beside) or Reading("valueString", text)


def _measure(text: str, beside: Beside) -> Reading | None:
    found = measured(text)
    if found is None or not (beside.unit or beside.ranged or found.comparator or found.arrow or "." in text):
        return None
    if text[:1] == "0" and text[1:2].isdigit():
        return None
    return _as_quantity(found.value, found.comparator, beside.unit, "" if found.exact else text, found.arrow)


def _as_quantity(value: Any, comparator: str, unit: Unit | None, original: str, arrow: str) -> Reading:
    out = quantity(value, unit)
    if comparator:
        out = {"value": value, "comparator": comparator, **{k: v for k, v in out.items() if k != "value"}}
    return Reading("valueQuantity", out, original, arrow)


def _number(value: Value, beside: Beside) -> Reading:
    text = text_of(value)
    if not text:
        return NOTHING
    if found := measured(text):
        original = "" if found.exact else value.text() or text
        return _as_quantity(found.value, found.comparator, beside.unit, original, found.arrow)
    if (bare := decimal(text)) is not None:
        return _as_quantity(bare, "", beside.unit, "" if str(bare) == text else text, "")
    return _string(value, beside)._replace(issue="value-type")


def is_quality(text: str) -> bool:
    """Whether the text is a word for a qualitative result: as a reference range `阴性` is quite readable."""
    return _quality(text) is not None


def _quality(text: str) -> Reading | None:
    found = _qualities().get(text) or _qualities().get(text.translate(_WORD).replace(" ", "").casefold())
    if found is None:
        return None
    code, display, flag = found
    coding = {"system": QUALITATIVE, "code": code, "display": display}
    return Reading("valueCodeableConcept", {"coding": [coding], "text": text}, "", flag)


def _pair(text: str, beside: Beside) -> Reading | None:
    """`1:160` is a titre; `3-5` with a unit is a range of counts."""
    if found := _TITRE.fullmatch(plain(text)):
        one: dict[str, Any] = {"value": decimal(found["one"])}
        if found["comparator"]:
            one["comparator"] = found["comparator"]
        ratio = {"numerator": one, "denominator": {"value": decimal(found["many"])}}
        return Reading("valueRatio", ratio, text)
    if beside.unit and (found := _SPAN.fullmatch(plain(text))):
        low, high = decimal(found["low"]), decimal(found["high"])
        if low is not None and high is not None and low <= high:
            span = {"low": quantity(low, beside.unit), "high": quantity(high, beside.unit)}
            return Reading("valueRange", span, text)
    return None


def _structured(value: Value, beside: Beside) -> Reading:
    """SN: comparator ^ number ^ separator ^ number (2.A.67)."""
    sign, first = (value.get(1) or "").strip(), decimal(value.get(2) or "")
    separator, second = (value.get(3) or "").strip(), decimal(value.get(4) or "")
    original = value.text() or ""
    comparator = sign if sign in ("<", "<=", ">", ">=") else ""
    if first is None or sign not in ("", "=", "<", "<=", ">", ">="):
        return _string(value, beside)
    if separator in (":", "/") and second is not None:
        one = quantity(first, beside.unit)
        if comparator:
            one = {"value": first, "comparator": comparator, **{k: v for k, v in one.items() if k != "value"}}
        return Reading("valueRatio", {"numerator": one, "denominator": quantity(second, beside.unit)}, original)
    if separator == "-" and second is not None and first <= second and not comparator:
        span = {"low": quantity(first, beside.unit), "high": quantity(second, beside.unit)}
        return Reading("valueRange", span, original)
    if separator or second is not None:
        return Reading("valueString", " ".join(part for part in (original.replace("^", " ").split())), original)
    return _as_quantity(first, comparator, beside.unit, "" if not sign and str(first) == value.get(2) else original, "")


def _with_units(value: Value, beside: Beside) -> Reading:
    """CQ: quantity ^ units; the units are its own, OBX-6 only when it has none."""
    number = decimal(value.get(1) or "")
    if number is None:
        return _string(value, beside)
    written = (value.get(2) or "").strip()
    own = unit(Value(value.segment, value.field, value.repetition, written)) if written else None
    out = quantity(number, own or beside.unit)
    return Reading("valueQuantity", out, value.text() or "")


def _date(value: Value, beside: Beside) -> Reading:
    text = text_of(value)
    found = beside.date(text) if text else None
    if found is None:
        return Reading("valueString", text, issue="value-type") if text else NOTHING
    return Reading("valueDateTime", found, "" if re.fullmatch(r"[0-9]{4,14}", text) else text)


def _time(value: Value, beside: Beside) -> Reading:
    text = text_of(value)
    found = re.fullmatch(r"([01][0-9]|2[0-3]):?([0-5][0-9])(?::?([0-5][0-9])(\.[0-9]{1,6})?)?", text)
    if found is None:
        return Reading("valueString", text, issue="value-type") if text else NOTHING
    hours, minutes, seconds, fraction = found.groups()
    return Reading("valueTime", f"{hours}:{minutes}:{seconds or '00'}{fraction or ''}", "" if seconds else text)


def _period(value: Value, beside: Beside) -> Reading:
    ends = {name: beside.date(text) for name, n in (("start", 1), ("end", 2)) if (text := value.get(n))}
    if not ends or None in ends.values():
        return _string(value, beside)
    return Reading("valuePeriod", ends)


def _range(value: Value, beside: Beside) -> Reading:
    ends = {name: decimal(text) for name, n in (("low", 1), ("high", 2)) if (text := value.get(n))}
    if not ends or None in ends.values():
        return _string(value, beside)
    return Reading("valueRange", {name: quantity(end, beside.unit) for name, end in ends.items() if end is not None})


def _between(value: Value, beside: Beside) -> Reading:
    """VR: two ends joined by a hyphen, as the official row has it."""
    ends = [part for n in (1, 2) if (part := value.get(n))]
    return Reading("valueString", "-".join(ends), value.text() or "") if ends else NOTHING


def _series(value: Value, beside: Beside) -> Reading:
    """NA: a row of numbers. FHIR wants the time between them, which v2 says elsewhere or nowhere."""
    numbers = [decimal(text) for text in value.components]
    if not numbers or None in numbers:
        return _string(value, beside)
    sampled = {
        "origin": quantity(Decimal(0), beside.unit),
        "_period": {"extension": [{"url": _ABSENT, "valueCode": "unknown"}]},
        "dimensions": 1,
        "data": " ".join(str(number) for number in numbers),
    }
    return Reading("valueSampledData", sampled)


_READERS: Mapping[str, Callable[[Value, Beside], Reading]] = {
    "NM": _number,
    "SI": _number,
    "SN": _structured,
    "CQ": _with_units,
    "TX": _plain_text,
    "FT": _plain_text,
    "DT": _date,
    "TS": _date,
    "DTM": _date,
    "TM": _time,
    "DR": _period,
    "NR": _range,
    "VR": _between,
    "NA": _series,
}
