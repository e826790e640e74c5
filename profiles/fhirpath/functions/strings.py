"""Strings.

Law: empty in, empty out; patterns run in RE2, whose time is linear in the text, so that no pattern can hold a server.
Source: http://hl7.org/fhirpath/N1/#string-manipulation; encode, escape, trim, split and join from FHIRPath 2.1 (draft).
"""

from __future__ import annotations

import base64
import binascii
import html
import json
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from profiles.fhirpath.errors import EvaluationLimit, FhirPathError
from profiles.fhirpath.frame import MAX_TEXT, Frame, reading_cost, short_enough
from profiles.fhirpath.functions.shape import Eager
from profiles.fhirpath.node import EMPTY, FALSE, TRUE, Collection
from profiles.fhirpath.values import integer, text

MAX_PATTERN = 2000
# Pattern programs are small; RE2 itself refuses what would need more.
_PATTERN_MEMORY = 1024 * 1024
# Characters times instructions that RE2 does about as fast as an evaluation takes one of its steps.
_PATTERN_WORK = 1000
# The steps that finding one match takes.
_A_MATCH = 10


def _with_text(name: str, meaning: Callable[[str, str], Any]) -> Eager:
    """A function of the input and one string argument."""
    what = f"{name}()"

    def applied(items: Collection, frame: Frame, argument: Collection) -> Collection:
        value, other = text(items, what), text(argument, what)
        if value is None or other is None:
            return EMPTY
        frame.spend(reading_cost(value))
        found = meaning(value, other)
        if type(found) is bool:
            return TRUE if found else FALSE
        return EMPTY if found is None else [found]

    return (1, 1, applied)


def _of_text(name: str, meaning: Callable[[str], Any]) -> Eager:
    what = f"{name}()"

    def applied(items: Collection, frame: Frame) -> Collection:
        value = text(items, what)
        if value is None:
            return EMPTY
        frame.spend(reading_cost(value))
        return [meaning(value)]

    return (0, 0, applied)


def substring(items: Collection, frame: Frame, start: Collection, length: Collection | None = None) -> Collection:
    value, begin = text(items, "substring()"), integer(start, "substring()")
    size = None if length is None else integer(length, "substring()")
    if value is None or begin is None or not 0 <= begin < len(value):
        return EMPTY
    return [value[begin:] if size is None else value[begin : begin + max(size, 0)]]


def to_chars(items: Collection, frame: Frame) -> Collection:
    value = text(items, "toChars()") or ""
    frame.spend(len(value))
    return list(value)


def replace(items: Collection, frame: Frame, pattern: Collection, substitution: Collection) -> Collection:
    value, old, new = (text(part, "replace()") for part in (items, pattern, substitution))
    if value is None or old is None or new is None:
        return EMPTY
    frame.spend(reading_cost(value))
    _limit_growth(len(value) + value.count(old) * len(new))
    return [value.replace(old, new)]


def _limit_growth(length: int) -> None:
    if length > MAX_TEXT:
        raise EvaluationLimit(f"A string has at most {MAX_TEXT} characters.")


# -------------------------------------------------------------------------------------------------------- patterns


def _pattern(source: str) -> Any:
    if len(source) > MAX_PATTERN:
        raise EvaluationLimit(f"A pattern has at most {MAX_PATTERN} characters.")
    return _compiled(source)


@lru_cache(maxsize=128)
def _compiled(source: str) -> Any:
    """The pattern in single-line mode: a dot is any character."""
    import re2

    options = re2.Options()
    options.dot_nl = True
    options.log_errors = False
    options.max_mem = _PATTERN_MEMORY
    try:
        return re2.compile(source, options)
    except (re2.error, ValueError):
        raise FhirPathError("The pattern is not a regular expression that this server runs.") from None


def _matching(name: str, how: str) -> Eager:
    what = f"{name}()"

    def matched(items: Collection, frame: Frame, argument: Collection) -> Collection:
        value, source = text(items, what), text(argument, what)
        if value is None or source is None:
            return EMPTY
        return FALSE if getattr(_found(value, source, frame), how)(value) is None else TRUE

    return (1, 1, matched)


_HALF = re.compile("[\ud800-\udfff]").search


def _found(value: str, source: str, frame: Frame) -> Any:
    """The pattern, paid for by the time it may take on this text."""
    if not value.isascii() and _HALF(value):
        raise FhirPathError("A string has no halves of characters.")
    pattern = _pattern(source)
    frame.spend(len(value) * pattern.programsize // _PATTERN_WORK)
    return pattern


def replace_matches(items: Collection, frame: Frame, pattern: Collection, substitution: Collection) -> Collection:
    """The substitution may name groups as `$1` or `${name}`; an empty pattern changes nothing."""
    value, old, new = (text(part, "replaceMatches()") for part in (items, pattern, substitution))
    if value is None or old is None or new is None:
        return EMPTY
    if not old:
        return [value]
    built: list[str] = []
    position = length = 0
    for match in _found(value, old, frame).finditer(value):
        frame.spend(_A_MATCH)
        built += (value[position : match.start()], _expanded(new, match))
        length += len(built[-1]) + len(built[-2])
        _limit_growth(length)
        position = match.end()
    return [short_enough("".join((*built, value[position:])))]


def _expanded(template: str, match: Any) -> str:
    if "$" not in template and "\\" not in template:
        return template
    parts, place = [], 0
    while place < len(template):
        character = template[place]
        place += 1
        if character == "\\" and place < len(template):
            parts.append(template[place])
            place += 1
        elif character == "$":
            name, place = _group_name(template, place)
            try:
                parts.append((match.group(int(name) if name.isdigit() else name) or "") if name else "$")
            except (IndexError, KeyError):
                raise FhirPathError("The substitution names a group that the pattern does not have.") from None
        else:
            parts.append(character)
    return "".join(parts)


def _group_name(template: str, place: int) -> tuple[str, int]:
    if template.startswith("{", place):
        end = template.find("}", place)
        return (template[place + 1 : end], end + 1) if end > 0 else ("", place)
    end = place
    while end < len(template) and end - place < 2 and template[end] in "0123456789":
        end += 1
    return template[place:end], end


# ---------------------------------------------------------------------------------------------- lists of strings


def split(items: Collection, frame: Frame, separator: Collection) -> Collection:
    value, mark = text(items, "split()"), text(separator, "split()")
    if value is None or mark is None:
        return EMPTY
    found = value.split(mark) if mark else list(value)
    frame.spend(len(found))
    return found


def join(items: Collection, frame: Frame, separator: Collection | None = None) -> Collection:
    mark = (text(separator, "join()") if separator else "") or ""
    frame.spend(len(items))
    parts = [part for part in (text([item], "join()") for item in items) if part is not None]
    if not parts:
        return EMPTY
    _limit_growth(sum(map(len, parts)) + len(mark) * len(parts))
    return [mark.join(parts)]


# ------------------------------------------------------------------------------------------------ other alphabets


def _hex(value: str) -> str:
    return value.encode().hex()


_ENCODERS: dict[str, Callable[[str], str]] = {
    "hex": _hex,
    "base64": lambda value: base64.b64encode(value.encode()).decode(),
    "urlbase64": lambda value: base64.urlsafe_b64encode(value.encode()).decode(),
}
_DECODERS: dict[str, Callable[[str], bytes]] = {
    "hex": bytes.fromhex,
    "base64": lambda value: base64.b64decode(value, validate=True),
    "urlbase64": lambda value: base64.b64decode(value, b"-_", validate=True),
}
_ESCAPERS: dict[str, Callable[[str], str]] = {
    "html": lambda value: html.escape(value).replace("&#x27;", "&#39;"),
    "json": lambda value: json.dumps(value, ensure_ascii=False)[1:-1],
}


def _encode(value: str, format_name: str) -> str | None:
    encoder = _ENCODERS.get(format_name)
    return None if encoder is None else short_enough(encoder(value))


def _decode(value: str, format_name: str) -> str | None:
    """None for a text that is not in that format."""
    decoder = _DECODERS.get(format_name)
    try:
        return None if decoder is None else decoder(value).decode()
    except (ValueError, binascii.Error):
        return None


def _escape(value: str, target: str) -> str | None:
    escaper = _ESCAPERS.get(target)
    return None if escaper is None else short_enough(escaper(value))


def _unescape(value: str, target: str) -> str | None:
    if target == "html":
        return html.unescape(value)
    if target != "json":
        return None
    try:
        return str(json.loads(f'"{value}"', strict=False)).encode("utf-8", "strict").decode()
    except ValueError:
        return value.replace('\\"', '"') if '"' in value else None


EAGER: dict[str, Eager] = {
    "indexOf": _with_text("indexOf", str.find),
    "lastIndexOf": _with_text("lastIndexOf", str.rfind),
    "substring": (1, 2, substring),
    "startsWith": _with_text("startsWith", str.startswith),
    "endsWith": _with_text("endsWith", str.endswith),
    "contains": _with_text("contains", str.__contains__),
    "upper": _of_text("upper", str.upper),
    "lower": _of_text("lower", str.lower),
    "replace": (2, 2, replace),
    "matches": _matching("matches", "search"),
    "matchesFull": _matching("matchesFull", "fullmatch"),
    "replaceMatches": (2, 2, replace_matches),
    "length": _of_text("length", len),
    "toChars": (0, 0, to_chars),
    "trim": _of_text("trim", str.strip),
    "split": (1, 1, split),
    "join": (0, 1, join),
    "encode": _with_text("encode", _encode),
    "decode": _with_text("decode", _decode),
    "escape": _with_text("escape", _escape),
    "unescape": _with_text("unescape", _unescape),
}
