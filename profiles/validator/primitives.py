"""The 20 primitive types: JSON type, form, and (for dates) the real calendar.

Law: the wrong JSON type is `element-type`, the right one with a wrong form `primitive-invalid`, nothing at all
`element-empty`; no finding repeats the value. Source: http://hl7.org/fhir/R4/datatypes.html#primitive.
"""

from __future__ import annotations

import binascii
import re
from calendar import monthrange
from collections.abc import Callable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from profiles.validator.finding import Check, Findings, finding
from profiles.validator.place import Place
from profiles.validator.straight import SHORT, Short

MAX_STRING = 1024 * 1024
MAX_INTEGER = 2**31 - 1

# ---------------------------------------------------------------------------------------------------------- text

_TEXT = re.compile(r"[^\x00-\x08\x0b\x0c\x0e-\x1f]*")


def _is_text(value: str) -> bool:
    """No control characters but tab and line ends, at most 1 MB."""
    return len(value) <= MAX_STRING and _TEXT.fullmatch(value) is not None


def _text(type_name: str) -> Check:
    def check(value: Any, _: Place) -> Findings | None:
        # Printable and not blank at the front: the common case, without the regular expression.
        if type(value) is str and value and (value[0] != " " and value.isprintable() and len(value) <= MAX_STRING):
            return None
        found = refusal(value, str, type_name, _is_text)
        if found is None and value.isspace():  # its form allows that, and nobody means it
            return finding("string-blank")
        return found

    return check


def refusal(value: Any, json_type: type, type_name: str, holds: Callable[[Any], object]) -> Findings | None:
    """The finding for a value that did not pass the short test, or None if it is sound after all."""
    if value is None or value == "" or value == [] or value == {}:
        return finding("element-empty")
    if type(value) is list:
        return finding("element-is-list")
    if type(value) is not json_type:
        return finding("element-type", type=type_name)
    return None if holds(value) else finding("primitive-invalid", type=type_name)


def _form(type_name: str, pattern: str, json_type: type = str) -> Check:
    fullmatch = re.compile(pattern, re.ASCII).fullmatch

    def check(value: Any, _: Place) -> Findings | None:
        if type(value) is str and fullmatch(value):
            return None
        return refusal(value, json_type, type_name, _never)

    return check


def _never(_: Any) -> bool:
    return False


# ------------------------------------------------------------------------------------------------- dates and times

_YEAR = r"(?!0000)[0-9]{4}"
_MONTH = r"(?:0[1-9]|1[0-2])"
_DAY = r"(?:0[1-9]|[12][0-9]|3[01])"
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)(?:\.[0-9]+)?"
_ZONE = r"(?:Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))"
DATE = rf"{_YEAR}(?:-{_MONTH}(?:-{_DAY})?)?"
DATE_TIME = rf"{_YEAR}(?:-{_MONTH}(?:-{_DAY}(?:T{_CLOCK}{_ZONE})?)?)?"
INSTANT = rf"{_YEAR}-{_MONTH}-{_DAY}T{_CLOCK}{_ZONE}"


def day_exists(value: str) -> bool:
    """Of a well-formed date or dateTime: whether the calendar has that day."""
    day = value[8:10]
    return day <= "28" or int(day) <= monthrange(int(value[:4]), int(value[5:7]))[1]


def _calendar(type_name: str, pattern: str) -> Check:
    fullmatch = re.compile(pattern, re.ASCII).fullmatch

    def check(value: Any, _: Place) -> Findings | None:
        if type(value) is str and fullmatch(value) and (value[8:10] <= "28" or day_exists(value)):
            return None
        return refusal(value, str, type_name, _never)

    return check


# --------------------------------------------------------------------------------------------------------- numbers


def _boolean(value: Any, _: Place) -> Findings | None:
    return None if value is True or value is False else refusal(value, bool, "boolean", _never)


def _whole(type_name: str, low: int) -> Check:
    def check(value: Any, _: Place) -> Findings | None:
        if type(value) is int and low <= value <= MAX_INTEGER:
            return None
        return refusal(value, int, type_name, _never)

    return check


def _decimal(value: Any, _: Place) -> Findings | None:
    kind = type(value)
    if kind is int or (kind is Decimal and value.is_finite()) or (kind is float and value - value == 0):
        return None
    return refusal(value, Decimal, "decimal", _never)


# ---------------------------------------------------------------------------------------------------------- others

_BLANKS = {ord(blank): None for blank in " \t\r\n"}


def _is_base64(value: str) -> bool:
    try:
        binascii.a2b_base64(value.translate(_BLANKS), strict_mode=True)
    except ValueError:
        return False
    return True


def _base64(value: Any, _: Place) -> Findings | None:
    return refusal(value, str, "base64Binary", _is_base64)


def _is_division(value: str) -> bool:
    stripped = value.strip()
    return stripped.startswith(("<div>", "<div ", "<div\n", "<div\t", "<div\r", "<div/")) and stripped.endswith(">")


def _xhtml(value: Any, _: Place) -> Findings | None:
    return refusal(value, str, "xhtml", _is_division)


# What a URN of these two kinds looks like, whatever follows as version or fragment.
_URN = re.compile(
    r"urn:(?:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:[#|].*)?"
    r"|oid:[0-2](?:\.(?:0|[1-9][0-9]*))+(?:[#|].*)?|(?!uuid:|oid:).*)",
    re.ASCII | re.DOTALL,
)


def _address(type_name: str) -> Check:
    """A uri, url or canonical: no blanks; UUIDs and OIDs as URNs."""

    def is_address(value: str) -> bool:
        if len(value.split(None, 1)) != 1 or value[0].isspace() or value[-1].isspace():
            return False
        if value.startswith(("oid:", "uuid:")):
            return False
        return not value.startswith("urn:") or _URN.fullmatch(value) is not None

    def check(value: Any, _: Place) -> Findings | None:
        if type(value) is str and (value[:4] == "http" or (value[:4] == "urn:" and _URN.fullmatch(value))):
            plain = value.isprintable() and " " not in value
            if plain:
                return None
        return refusal(value, str, type_name, is_address)

    return check


_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|#")
_any_canonical = _address("canonical")


def _canonical(value: Any, place: Place) -> Findings | None:
    """The address of a definition, in full, or of one that is contained; a store takes a relative one, too."""
    found = _any_canonical(value, place)
    if found is None and value[-1] == "|":
        return finding("primitive-invalid", type="canonical")
    if found is None and place.strict and not _ABSOLUTE.match(value):
        return finding("canonical-unresolvable")
    return found


PRIMITIVES: Mapping[str, Check] = MappingProxyType(
    {
        "base64Binary": _base64,
        "boolean": _boolean,
        "canonical": _canonical,
        "code": _form("code", r"(?!\xa0)\S+(?: \S+)*(?<!\xa0)"),
        "date": _calendar("date", DATE),
        "dateTime": _calendar("dateTime", DATE_TIME),
        "decimal": _decimal,
        "id": _form("id", r"[A-Za-z0-9.-]{1,64}"),
        "instant": _calendar("instant", INSTANT),
        "integer": _whole("integer", -MAX_INTEGER - 1),
        "markdown": _text("markdown"),
        "oid": _form("oid", r"urn:oid:[0-2](?:\.(?:0|[1-9][0-9]*))+"),
        "positiveInt": _whole("positiveInt", 1),
        "string": _text("string"),
        "time": _form("time", _CLOCK),
        "unsignedInt": _whole("unsignedInt", 0),
        "uri": _address("uri"),
        "url": _address("url"),
        "uuid": _form("uuid", r"urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
        "xhtml": _xhtml,
    }
)

# ----------------------------------------------------------------------------------- what is quickly seen to be sound

_PLAIN = 'type({x}) is str and {x} >= "!" and {x}.isprintable()'
"""Printable throughout, something other than a space in front."""
_WITHOUT_BLANK = "type({x}) is str and {x} and {x}.isprintable() and ' ' not in {x}"
_ADDRESS = _WITHOUT_BLANK + " and ({x}[:4] == 'http' or {x}[:4] == 'urn:' and {urn}({x}) or {x}.isidentifier())"
_CANONICAL = _WITHOUT_BLANK + " and {x}[-1] != '|' and ({x}[:4] == 'http' or {x}[:4] == 'urn:' and {urn}({x}))"
_MATCHING = "type({x}) is str and {match}({x})"
_DATED = '(type({x}) is str and {match}({x}) and {x}[8:10] <= "28")'


def _matching(pattern: str, test: str = _MATCHING) -> Short:
    return Short(test, {"match": re.compile(pattern, re.ASCII).fullmatch})


SHORT.update(
    {
        PRIMITIVES["boolean"]: Short("({x} is True or {x} is False)"),
        PRIMITIVES["code"]: Short(_WITHOUT_BLANK, marks=True),
        PRIMITIVES["date"]: _matching(DATE, _DATED),
        PRIMITIVES["dateTime"]: _matching(DATE_TIME, _DATED),
        PRIMITIVES["decimal"]: Short(
            "(type({x}) is int or type({x}) is {decimal} and {x}.is_finite())", {"decimal": Decimal}
        ),
        PRIMITIVES["id"]: _matching(r"[A-Za-z0-9.-]{1,64}"),
        PRIMITIVES["instant"]: _matching(INSTANT, _DATED),
        PRIMITIVES["integer"]: Short(f"type({{x}}) is int and {-MAX_INTEGER - 1} <= {{x}} <= {MAX_INTEGER}"),
        PRIMITIVES["positiveInt"]: Short(f"type({{x}}) is int and 1 <= {{x}} <= {MAX_INTEGER}"),
        PRIMITIVES["unsignedInt"]: Short(f"type({{x}}) is int and 0 <= {{x}} <= {MAX_INTEGER}"),
        **{
            PRIMITIVES[name]: Short(f"{_PLAIN} and len({{x}}) <= {MAX_STRING}", marks=True)
            for name in ("string", "markdown")
        },
        **{
            PRIMITIVES[name]: Short(form, {"urn": _URN.fullmatch}, marks=True)
            for name, form in (("uri", _ADDRESS), ("url", _ADDRESS), ("canonical", _CANONICAL))
        },
    }
)
