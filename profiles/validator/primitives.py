"""The 20 primitive types: JSON type, form, and (for dates) the real calendar.

Law: the wrong JSON type is `element-type`, the right one with a wrong form `primitive-invalid`, nothing at all
`element-empty`; no finding repeats the value. A type stands once in `FORMS`: its check, the short test in generated
code and the test at the door of a store are made of that row.
Source: http://hl7.org/fhir/R4/datatypes.html#primitive.
"""

from __future__ import annotations

import binascii
import re
from calendar import monthrange
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Literal

from profiles.validator.finding import Check, Findings, finding
from profiles.validator.place import Place
from profiles.validator.straight import SHORT, Short

MAX_STRING = 1024 * 1024
MAX_INTEGER = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Form:
    """`closely` says what is wrong with a value that is not quickly seen to be sound; `door` is the test of a resource
    that holds no control characters and is not too long: `again` for types of which the same few values come again and
    again, nothing where it is the quick one."""

    closely: Check
    quick: Short | None = None
    door: Short | Literal["again"] | None = None


def refusal(value: Any, json_type: type, type_name: str, holds: Callable[[Any], object]) -> Findings | None:
    """The finding for a value that is not quickly seen to be sound, or None if it is sound after all."""
    if value is None or value == "" or value == [] or value == {}:
        return finding("element-empty")
    if type(value) is list:
        return finding("element-is-list")
    if type(value) is not json_type:
        return finding("element-type", type=type_name)
    return None if holds(value) else finding("primitive-invalid", type=type_name)


def _never(_: Any) -> bool:
    return False


def _if(holds: Callable[[Any], object], type_name: str, json_type: type = str) -> Check:
    return lambda value, _: refusal(value, json_type, type_name, holds)


# ---------------------------------------------------------------------------------------------------------- text

_TEXT = re.compile(r"[^\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]*")


def _is_text(value: str) -> bool:
    """No control characters but tab and line ends, no halves of characters, at most 1 MB."""
    return len(value) <= MAX_STRING and _TEXT.fullmatch(value) is not None


def _text(type_name: str) -> Form:
    def closely(value: Any, _: Place) -> Findings | None:
        found = refusal(value, str, type_name, _is_text)
        if found is None and value.isspace():  # its form allows that, and nobody means it
            return finding("string-blank")
        return found

    # Printable throughout, something other than a space in front.
    plain = f'type({{x}}) is str and {{x}} >= "!" and {{x}}.isprintable() and len({{x}}) <= {MAX_STRING}'
    return Form(closely, Short(plain, marks=True), Short("type({x}) is str and {x} and not {x}.isspace()"))


_MATCHING = "type({x}) is str and {match}({x})"


def _matching(pattern: str, test: str = _MATCHING) -> Short:
    return Short(test, {"match": re.compile(pattern, re.ASCII).fullmatch})


def _form(type_name: str, pattern: str, door: Short | None = None) -> Form:
    return Form(_if(_never, type_name), _matching(pattern), door)


_WITHOUT_BLANK = "type({x}) is str and {x} and {x}.isprintable() and ' ' not in {x}"
_CODE = re.compile(r"(?!\xa0){0}+(?: {0}+)*(?<!\xa0)".format(r"[^\x00-\x20\ud800-\udfff]"), re.ASCII)
_ID = "type({x}) is str and 0 < len({x}) <= 64 and {x}.isascii() and {x}.replace('-', 'a').isalnum()"

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


def _calendar(type_name: str, pattern: str) -> Form:
    fullmatch = re.compile(pattern, re.ASCII).fullmatch

    def closely(value: Any, _: Place) -> Findings | None:
        return refusal(value, str, type_name, lambda text: fullmatch(text) and day_exists(text))

    test = '(type({x}) is str and {match}({x}) and {x}[8:10] <= "28")'
    return Form(closely, Short(test, {"match": fullmatch}), None if type_name == "date" else "again")


# --------------------------------------------------------------------------------------------------------- numbers


def _whole(type_name: str, low: int) -> Form:
    return Form(_if(_never, type_name, int), Short(f"type({{x}}) is int and {low} <= {{x}} <= {MAX_INTEGER}"))


_BOOLEAN = Short("({x} is True or {x} is False)")
_DECIMAL = Short("(type({x}) is int or type({x}) is {decimal} and {x}.is_finite())", {"decimal": Decimal})


def _decimal(value: Any, _: Place) -> Findings | None:
    if type(value) is float and value - value == 0:  # as programs write it; from JSON it comes as a Decimal
        return None
    return refusal(value, Decimal, "decimal", _never)


# ---------------------------------------------------------------------------------------------------------- others

_BLANKS = {ord(blank): None for blank in " \t\r\n"}


def _is_base64(value: str) -> bool:
    text = value.translate(_BLANKS)
    try:
        binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        return False
    return bool(text)


def _is_division(value: str) -> bool:
    stripped = value.strip()
    return stripped.startswith(("<div>", "<div ", "<div\n", "<div\t", "<div\r", "<div/")) and stripped.endswith(">")


# What a URN of these two kinds looks like, whatever follows as version or fragment.
_URN = re.compile(
    r"urn:(?:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:[#|].*)?"
    r"|oid:[0-2](?:\.(?:0|[1-9][0-9]*))+(?:[#|].*)?|(?!uuid:|oid:).*)",
    re.ASCII | re.DOTALL,
)


def _is_address(value: str) -> bool:
    """Of a uri, url or canonical: no blanks, no control characters; UUIDs and OIDs as URNs."""
    if len(value.split(None, 1)) != 1 or value[0].isspace() or value[-1].isspace() or not _TEXT.fullmatch(value):
        return False
    if value.startswith(("oid:", "uuid:")):
        return False
    return not value.startswith("urn:") or _URN.fullmatch(value) is not None


def _address(type_name: str) -> Form:
    test = _WITHOUT_BLANK + " and ({x}[:4] == 'http' or {x}[:4] == 'urn:' and {urn}({x}) or {x}.isidentifier())"
    return Form(_if(_is_address, type_name), Short(test, {"urn": _URN.fullmatch}, marks=True), "again")


_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|#")
_CANONICAL = _WITHOUT_BLANK + " and {x}[-1] != '|' and ({x}[:4] == 'http' or {x}[:4] == 'urn:' and {urn}({x}))"


def _canonical(value: Any, place: Place) -> Findings | None:
    """The address of a definition, in full, or of one that is contained; a store takes a relative one, too."""
    found = refusal(value, str, "canonical", lambda text: text[-1] != "|" and _is_address(text))
    if found is None and place.strict and not _ABSOLUTE.match(value):
        return finding("canonical-unresolvable")
    return found


FORMS: Mapping[str, Form] = MappingProxyType(
    {
        "base64Binary": Form(_if(_is_base64, "base64Binary")),
        "boolean": Form(_if(_never, "boolean", bool), _BOOLEAN),
        "canonical": Form(_canonical, Short(_CANONICAL, {"urn": _URN.fullmatch}, marks=True), "again"),
        "code": Form(_if(_CODE.fullmatch, "code"), Short(_WITHOUT_BLANK, marks=True), "again"),
        "date": _calendar("date", DATE),
        "dateTime": _calendar("dateTime", DATE_TIME),
        "decimal": Form(_decimal, _DECIMAL),
        "id": _form("id", r"[A-Za-z0-9.-]{1,64}", Short(_ID)),
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
        "xhtml": Form(_if(_is_division, "xhtml")),
    }
)


def _check(form: Form) -> Check:
    """The check of a type: its quick test, and the closer look where that does not settle it."""
    if form.quick is None:
        return form.closely
    test = form.quick.test.format(x="value", **{name: name for name in form.quick.names})
    scope: dict[str, Any] = {**form.quick.names, "closely": form.closely}
    exec(f"def check(value, place):\n    return None if {test} else closely(value, place)", scope)  # noqa: S102
    check: Check = scope["check"]
    SHORT[check] = form.quick
    return check


PRIMITIVES: Mapping[str, Check] = MappingProxyType({name: _check(form) for name, form in FORMS.items()})
