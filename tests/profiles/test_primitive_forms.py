"""Each primitive type says the same in all its forms: check, short test, word at the door, and R4's regex and prose."""

from __future__ import annotations

import json
import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from profiles.registry import OWN, Registry
from profiles.shelf import GUIDE
from profiles.validator import accepting_form, validate
from profiles.validator.accepting import accepts
from profiles.validator.accepting_form import Within, stands
from profiles.validator.accepting_parts import WORDS
from profiles.validator.place import top
from profiles.validator.primitives import MAX_STRING, PRIMITIVES
from profiles.validator.straight import SHORT, Short

_DAY = r"([0-9]([0-9]([0-9][1-9]|[1-9]0)|[1-9]00)|[1-9]000)"
_MONTHS, _DAYS = "(0[1-9]|1[0-2])", "(0[1-9]|[1-2][0-9]|3[0-1])"
_CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?"
_ZONE = r"(Z|(\+|-)((0[0-9]|1[0-3]):[0-5][0-9]|14:00))"
WHITE, BLACK = r"[ \t\r\n]", r"[^\x00-\x20\ud800-\udfff]"
R4: dict[str, str] = {
    "base64Binary": r"(\s*([0-9a-zA-Z\+\/=]){4}\s*)+",
    "canonical": r"\S*",
    "code": r"[^\s]+(\s[^\s]+)*",
    "date": f"{_DAY}(-{_MONTHS}(-{_DAYS})?)?",
    "dateTime": f"{_DAY}(-{_MONTHS}(-{_DAYS}(T{_CLOCK}{_ZONE})?)?)?",
    "id": r"[A-Za-z0-9\-\.]{1,64}",
    "instant": f"{_DAY}-{_MONTHS}-{_DAYS}T{_CLOCK}{_ZONE}",
    "markdown": r"[ \r\n\t\x21-\ud7ff\ue000-\U0010ffff]*",
    "oid": r"urn:oid:[0-2](\.(0|[1-9][0-9]*))+",
    "string": r"[ \r\n\t\x21-\ud7ff\ue000-\U0010ffff]+",
    "time": _CLOCK,
    "uri": r"\S*",
    "url": r"\S*",
    "uuid": r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
}
"""http://hl7.org/fhir/R4/datatypes.html#primitive."""
TAKES = {
    name: re.compile(regex.replace(r"[^\s]", r"\S").replace(r"\S", BLACK).replace(r"\s", WHITE))
    for name, regex in R4.items()
}
"""The same, with the blanks of XML Schema, and without the characters that no XML can carry."""
WHOLE = {"integer": (-(2**31), 2**31 - 1), "unsignedInt": (0, 2**31 - 1), "positiveInt": (1, 2**31 - 1)}
WORLD = sorted(name for name in PRIMITIVES if name != "xhtml")
"""The types that an extension may have, so all forms can be asked, a store's door among them."""

EDGES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, -0.0, 1.5, 2**31 - 1, 2**31, -(2**31), -(2**31) - 1, 2**63, 2**70, 10**400),
    *(float("inf"), float("nan"), [], {}, [""], ["a"], [None], {"id": "a"}, {"value": "a"}, ("a",), b"YQ==", object),
    *map(Decimal, ("0", "-0", "1.10", "1e400", "-1e-400", "1E5", "NaN", "sNaN", "Infinity", "1", "2147483648")),
    *("", " ", "  ", "\t", "\n", "\r\n", "\u3000", "\xa0", "\u2028", "\u200b", "\ufeff", "a", "A", "中", "\U00020000"),
    *("😀", "a b", "a  b", " a", "a ", "a\n", "\na", "a\tb", "a\nb", "a\u00a0", "\u00a0a", "a\u00a0b", "a\u3000b"),
    *("a\x00b", "\x00", "\x01", "\x08", "a\x0bb", "a\x0cb", "\x0e", "\x1b[0m", "\x1f", "a\x7fb", "\x85", "a\x85"),
    *(
        "\u202e",
        "\ufffe",
        "\ufdd0",
        "a\u0301",
        "ｆｕｌｌ",
        "١٢",
        "1٢",
        "²",
        "Ⅷ",
        "ª",
        "a\\b",
        "a\\u0001",
        '"',
        "<b>",
        "a<b",
    ),
    *("true", "false", "True", "null", "NaN", "0", "-0", "+1", "01", "1.0", "1e5", "2147483648", "１"),
    *("x" * 63, "x" * 64, "x" * 65, "x" * 1024, "1" * 64, "-" * 64, "." * 65),
    *("a-b", "a_b", "a.b", "a/b", "-", ".", "..", "é", "a\u2010b", "a'b", "a|b", "|", "#", "#a", "a|1"),
    *("YQ==", "YQ=", "YQ", "Y", "YWI=", "YWJj", "YWJjZ", "====", "=", "Y=Q=", "YQ==YQ==", "YW Jj", "YWJj\n", "\nYWJj"),
    *("YWJj YWJj", "YWJj\tYWJj\r\n", "YWJ-", "YWJ_", "YWJ\u00a0j", "YQ= =", " YQ==", "YR==", "YWJj\x0b"),
    *("2026", "2026-11", "2026-11-22", "0000", "0001", "9999-12-31", "2026-00", "2026-13", "2026-11-00", "2026-11-31"),
    *(
        "2024-02-29",
        "2023-02-29",
        "2026-02-30",
        "2026-1-1",
        "20261122",
        "2026-11-22Z",
        "2026-11-22+08:00",
        "026",
        "12026",
    ),
    *("-2026", "2026-", "2026-11-", "2026-11-22T", "2026-11-22\n", "2026\n", "２０２６", "2026-11-2２", "1900-02-29"),
    *("2026-11-22T08:00", "2026-11-22T08:00:00", "2026-11-22T08:00Z", "2026-11-22T08:00:00Z", "2026-11-22T08:00:00z"),
    *(
        "2026-11-22T24:00:00Z",
        "2026-11-22T23:59:60Z",
        "2026-11-22T23:59:61Z",
        "2026-11-22T08:60:00Z",
        "2026-11-22 08:00:00Z",
    ),
    *(
        "2026-11-22T08:00:00+08:00",
        "2026-11-22T08:00:00+14:00",
        "2026-11-22T08:00:00+14:01",
        "2026-11-22T08:00:00+14:30",
        "2026-11-22T08:00:00+8:00",
    ),
    *("2026-11-22T08:00:00-00:00", "2026-11-22T08:00:00+0800", "2026-11-22T08:00:00.Z", "2026-11-22T08:00:00.0Z"),
    *(
        "2026-11-22T08:00:00.1234567890123Z",
        "2026-02-30T08:00:00Z",
        "2023-02-29T08:00:00+08:00",
        "2026-11-22t08:00:00Z",
    ),
    *(
        "2026-11-22T08:00:00Z\n",
        "2026-11-22T08:00:0０Z",
        "2026-11-31T08:00:00Z",
        "2026-04-31",
        "2026-06-30T24:00:00+08:00",
    ),
    *(
        "08:00:00",
        "8:00:00",
        "24:00:00",
        "23:59:60",
        "23:59:61",
        "08:00",
        "08:00:00.5",
        "08:00:00.",
        "08:00:00Z",
        "08:00:00\n",
    ),
    *(
        "http",
        "http:",
        "http://",
        "http://a",
        "http://a b",
        "http://a\n",
        " http://a",
        "http://a|",
        "http://a|1",
        "http://a||",
    ),
    *(
        "http://a#b",
        "http://a|1#b",
        "http://a#b|",
        "http://a\u3000b",
        "http://a\u200b",
        "http://中",
        "https://a/?b=c&d",
        "HTTP://a",
    ),
    *(
        "https|",
        "http|1",
        "urn:",
        "urn:a",
        "urn:a|",
        "urn:a b",
        "urn:oid:",
        "urn:oid:1.2",
        "urn:oid:1.2|",
        "urn:oid:3.1",
    ),
    *(
        "urn:oid:1.02",
        "urn:oid:1",
        "urn:oid:1.2#a",
        "urn:oid:1.2|3",
        "urn:oid:1.2\n",
        "URN:OID:1.2",
        "urn:oid:1.2.",
        "oid:1.2",
    ),
    *("urn:uuid:", "urn:uuid:11111111-1111-4111-8111-111111111111", "urn:uuid:11111111-1111-4111-8111-111111111111|"),
    *("urn:uuid:11111111-1111-4111-8111-11111111111A", "urn:uuid:1111111111114111811111111111111", "uuid:a", "uuid"),
    *(
        "urn:uuid:11111111-1111-4111-8111-111111111111\n",
        "urn:oid:0.٢",
        "mailto:a@b",
        "tel:1",
        "a:b",
        "a:|",
        "Patient",
        "Patient|",
    ),
    *("Patient/1", "Patient/1|", "_a", "_", "a\u0661", "ma\u00f1ana", "x" * 2000 + "|", "http://" + "a" * 3000 + "|"),
    *(
        "urn:uuid:" + "1" * 4000,
        "code\u2003code",
        "a\u1680b",
        "a\u180eb",
        "a\u200ab",
        "a\x1cb",
        "a\x1d",
        "\x1e",
        "male\xa0",
    ),
)


def quickly(short: Short, value: Any, place: Any) -> bool:
    """What a short test says when it stands in generated code."""
    names = {name: f"n{at}" for at, name in enumerate(short.names)}
    scope = {own: short.names[name] for name, own in names.items()} | {"v": value, "place": place}
    return bool(eval(short.test.format(x="v", **names), scope))


def found(name: str, value: Any) -> Any:
    return PRIMITIVES[name](value, top({}, OWN))


def refused(name: str, value: Any) -> bool:
    return not stands(found(name, value), Within(OWN))


def door(name: str, value: Any) -> dict[str, Any]:
    key = "value" + name[0].upper() + name[1:]
    extension = {"url": "https://example.org/any", key: value}
    return {"resourceType": "Basic", "code": {"text": "x"}, "extension": [extension]}


@pytest.fixture(scope="module")
def eager() -> Any:
    """A registry for which code is written at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(accepting_form, "OFTEN", 1)
        patch.setattr(accepting_form, "MOST", 10**6)
        patch.setattr(accepting_form, "_PATIENCE", 10**9)
        yield Registry(shelf=GUIDE)


def agree(name: str, value: Any, registry: Registry) -> None:
    """All forms of a type about a value."""
    check = PRIMITIVES[name]
    nothing = found(name, value) is None
    short = SHORT.get(check)
    assert short is None or nothing or not quickly(short, value, top({}, OWN)), "the short test"
    accepted = [accepts(door(name, value), registry) for _ in range(3)]
    assert not (any(accepted) and refused(name, value)), "the door"
    if any(accepted):
        assert not [issue for issue in validate(door(name, value)) if issue.refuses], "what is said"
    if quickly(WORDS[check], value, Within(OWN)) if check in WORDS else False:
        assert not refused(name, value) or not no_control(value), "the word"
    sound = by_the_specification(name, value) and by_its_prose(name, value)
    assert refused(name, value) is not sound, "R4"


def no_control(value: Any) -> bool:
    """What the door has made sure of before it asks for a word."""
    return type(value) is not str or (
        len(value) <= MAX_STRING and not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]", value)
    )


def by_the_specification(name: str, value: Any) -> bool:
    """Whether R4 takes the value: its JSON type and its regex."""
    if name == "boolean":
        return type(value) is bool
    if name in WHOLE:
        low, high = WHOLE[name]
        return type(value) is int and low <= value <= high
    if name == "decimal":
        number = r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?"
        return type(value) in (int, float, Decimal) and re.fullmatch(number, str(value)) is not None
    if name == "base64Binary" and type(value) is str:  # broken anywhere, as Java's validator takes it
        value = re.sub(r"[ \t\r\n]", "", value)
    return type(value) is str and TAKES[name].fullmatch(value) is not None


def by_its_prose(name: str, value: Any) -> bool:
    """What R4 says of a type beside its regex, in other words than the validator's."""
    match name:
        case "string" | "markdown":
            return bool(value) and no_control(value)
        case "code":
            blanks = set(re.findall(r"\s", value, re.ASCII))
            return blanks <= {" "} and "  " not in value and "\xa0" not in (value[0], value[-1])
        case "base64Binary":
            text = "".join(re.findall(r"[^ \t\r\n]", value))
            return re.fullmatch(r"(?:[^=]{4})*(?:[^=]{4}|[^=]{3}=|[^=]{2}==)", text) is not None
        case "date" | "dateTime" | "instant":
            try:
                date.fromisoformat((value + "-01-01")[:10])
            except ValueError:
                return False
        case "uri" | "url" | "canonical":
            return is_address(value) and not (name == "canonical" and value.endswith("|"))
        case "decimal":
            return type(value) is not float or value == value
    return True


def is_address(value: str) -> bool:
    if not value or any(letter.isspace() for letter in value):
        return False
    kind, *rest = value.split(":")
    if kind in ("oid", "uuid") and rest:
        return False
    if kind != "urn" or len(rest) < 2 or rest[0] not in ("oid", "uuid"):
        return True
    return TAKES[rest[0]].fullmatch(re.split(r"[#|]", value, maxsplit=1)[0]) is not None


@pytest.mark.parametrize("name", WORLD)
def test_all_forms_agree_about_what_is_on_the_edge(name: str, eager: Registry) -> None:
    for value in EDGES:
        agree(name, value, eager)


@pytest.mark.parametrize("name", ["string", "code", "canonical", "id"])
def test_all_forms_agree_about_what_is_too_long(name: str, eager: Registry) -> None:
    for length in (MAX_STRING, MAX_STRING + 1):
        agree(name, "x" * length, eager)


_PIECES = st.sampled_from(
    [one for one in EDGES if type(one) is str and 0 < len(one) < 80]
    + list("|#:./-+TZ09 \t\n\x0b\x1f\xa0\u3000=zA")
    + ["http", "urn:", "urn:oid:", "urn:uuid:", "2026", "-02", "-30", "T08:00:00", "+08:00"]
)
_TEXTS = st.lists(_PIECES, min_size=1, max_size=4).map("".join) | st.text(max_size=12)
_VALUES = _TEXTS | st.integers() | st.decimals() | st.floats() | st.booleans() | st.none()


@settings(max_examples=300, deadline=None)
@given(name=st.sampled_from(WORLD), value=_VALUES)
def test_all_forms_agree_about_what_comes_by_chance(name: str, value: Any, eager: Registry) -> None:
    agree(name, value, eager)


@pytest.mark.parametrize("name", sorted(set(R4) - {"string", "markdown"}))
@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_all_forms_agree_about_what_the_regex_takes(name: str, data: st.DataObject, eager: Registry) -> None:
    agree(name, data.draw(st.from_regex(TAKES[name], fullmatch=True)), eager)


@settings(max_examples=150, deadline=None)
@given(value=st.decimals(allow_nan=False, allow_infinity=False) | st.integers(-(2**40), 2**40))
def test_every_number_of_json_is_a_decimal(value: Any) -> None:
    assert found("decimal", value) is None
    assert json.loads(str(value)) is not None
