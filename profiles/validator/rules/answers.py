"""One answer against its question: type, options, value sets, limits.

Law: yields problems with paths below the answer; an answer that cannot be judged (value set not loaded) is a warning.
Sources: http://hl7.org/fhir/R4/questionnaire.html, codesystem-item-type.html, and the extensions minValue, maxValue,
minLength, maxDecimalPlaces, regex, mimeType, maxSize, questionnaire-unitOption, -referenceResource, -optionExclusive.
"""

from __future__ import annotations

import binascii
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, NamedTuple

from profiles.definitions import resource_types
from profiles.terminology import Membership
from profiles.validator.place import Place
from profiles.validator.rules.bundle import RESTFUL
from profiles.validator.rules.enabling import comparable
from profiles.validator.rules.known import membership

Json = dict[str, Any]
_NOTHING: Mapping[str, str] = MappingProxyType({})
_CORE = "http://hl7.org/fhir/StructureDefinition/"
_SDC = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-"

_OF_CHOICE = ("Coding", "date", "time", "integer", "string")
_TYPES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        **{name: (name,) for name in ("boolean", "decimal", "integer", "date", "dateTime", "time", "string")},
        "text": ("string",),
        "url": ("uri",),
        "choice": _OF_CHOICE,
        "open-choice": _OF_CHOICE,
        "attachment": ("Attachment",),
        "reference": ("Reference",),
        "quantity": ("Quantity",),
    }
)


class Problem(NamedTuple):
    """An issue code and where below the answer."""

    code: str
    path: str = ""
    details: Mapping[str, str] = _NOTHING


def extension(element: Json, url: str) -> Any:
    """The value of the first extension with this URL."""
    return next(iter(_extensions(element, url)), None)


def _extensions(element: Json, url: str) -> Iterator[Any]:
    for each in element.get("extension", ()):
        if each.get("url") == url:
            yield from (value for name, value in each.items() if name.startswith("value"))


def examined(answer: Json, question: Json, count: int, place: Place) -> Iterator[Problem]:
    """What is wrong with one of the `count` answers to a question; `place` is that of the Questionnaire."""
    given = next(((name, value) for name, value in answer.items() if name.startswith("value")), None)
    if given is None:
        return
    kind = given[0].removeprefix("value")
    kind = kind if kind in ("Coding", "Attachment", "Reference", "Quantity") else kind[0].lower() + kind[1:]
    allowed = _TYPES.get(question.get("type", ""))
    path = f".value.ofType({kind})"
    if allowed is not None and kind not in allowed:
        yield Problem("response-answer-type", path, {"type": ", ".join(allowed)})
        return
    yield from (problem._replace(path=path) for problem in _optional(kind, given[1], question, count, place))
    check = _CHECKS.get(kind)
    if check is not None:
        yield from (problem._replace(path=path) for problem in check(given[1], question, place))


# ------------------------------------------------------------------------------------------- options, value sets


def _optional(kind: str, value: Any, question: Json, count: int, place: Place) -> Iterator[Problem]:
    """Answers come from the options or the value set of the question; of an open choice, texts need not."""
    free = kind == "string" and question.get("type") == "open-choice"
    name = "value" + kind[0].upper() + kind[1:]
    options = question.get("answerOption", ())
    if options and kind != "Reference" and not free:
        same = next((option for option in options if name in option and _same(option[name], value)), None)
        if same is None:
            yield Problem("response-answer-option")
        elif count > 1 and extension(same, _CORE + "questionnaire-optionExclusive") is True:
            yield Problem("response-answer-exclusive")
    value_set = question.get("answerValueSet")
    if value_set is None or (kind != "Coding" and question.get("type") != "string"):
        return
    system, code = (value.get("system"), value.get("code")) if kind == "Coding" else (None, value)
    if code is None:
        yield Problem("response-answer-valueset", details={"valueset": value_set})
        return
    verdict = membership(place, value_set, system, code)
    if verdict is Membership.OUT:
        yield Problem("response-answer-valueset", details={"valueset": value_set})
    elif verdict is Membership.UNKNOWN:
        yield Problem("response-valueset-unknown", details={"valueset": value_set})


def _same(option: Any, value: Any) -> bool:
    if type(option) is dict and type(value) is dict:
        return (option.get("system"), option.get("code")) == (value.get("system"), value.get("code"))
    return bool(option == value)


# -------------------------------------------------------------------------------------------------------- limits


def _limited(value: Any, question: Json, _: Place) -> Iterator[Problem]:
    """Numbers, dates and times between minValue and maxValue; decimals with so many places."""
    low, high = extension(question, _CORE + "minValue"), extension(question, _CORE + "maxValue")
    if low is not None and _is_less(value, low):
        yield Problem("response-answer-small", details={"min": str(low)})
    if high is not None and _is_less(high, value):
        yield Problem("response-answer-large", details={"max": str(high)})
    yield from _precise(value, question)


def _precise(value: Any, question: Json) -> Iterator[Problem]:
    most = extension(question, _CORE + "maxDecimalPlaces")
    if type(most) is int and type(value) is Decimal and -int(value.as_tuple().exponent) > most:
        yield Problem("response-answer-precision", details={"max": str(most)})


def _is_less(left: Any, right: Any) -> bool:
    """Of two numbers, or of two dates and times, as far as both go."""
    numbers = (int, Decimal)
    if type(left) in numbers and type(right) in numbers:
        return bool(left < right)
    if type(left) is not str or type(right) is not str:
        return False
    shorter = min(len(left), len(right), 10 if "-" in left[:5] else 8)
    return left[:shorter] < right[:shorter]


def _written(value: str, question: Json, _: Place) -> Iterator[Problem]:
    least, most = extension(question, _CORE + "minLength"), question.get("maxLength")
    if type(least) is int and len(value) < least:
        yield Problem("response-answer-short", details={"min": str(least)})
    if type(most) is int and len(value) > most:
        yield Problem("response-answer-long", details={"max": str(most)})
    pattern = extension(question, _CORE + "regex")
    if type(pattern) is str and not _matches(value, pattern):
        yield Problem("response-answer-pattern")
    if question.get("type") == "string" and ("\n" in value or "\r" in value):
        yield Problem("response-answer-lines")


def _matches(value: str, pattern: str) -> bool:
    """A pattern from data is run by RE2, in linear time; one it cannot read says nothing."""
    import re2

    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options).fullmatch(value) is not None
    except re2.error:
        return True


def _measured(value: Json, question: Json, place: Place) -> Iterator[Problem]:
    for name, code in (("minQuantity", "response-answer-small"), ("maxQuantity", "response-answer-large")):
        limit = extension(question, _SDC + name)
        if type(limit) is not dict:
            continue
        pair = comparable(value, limit)
        if pair is None:
            yield Problem("response-answer-incomparable")
        elif pair[0] < pair[1] if name == "minQuantity" else pair[0] > pair[1]:
            yield Problem(code, details={name[:3]: str(limit.get("value"))})
    yield from _precise(value.get("value"), question)
    units = list(_extensions(question, _CORE + "questionnaire-unitOption"))
    if units and not any(_in_unit(value, unit) for unit in units):
        yield Problem("response-answer-unit")
    value_set = extension(question, _CORE + "questionnaire-unitValueSet")
    if type(value_set) is str:
        verdict = membership(place, value_set, value.get("system", ""), value.get("code"))
        if verdict is Membership.OUT:
            yield Problem("response-answer-unit")


def _in_unit(value: Json, unit: Json) -> bool:
    pairs = (("system", "system"), ("code", "code"), ("display", "unit"))
    return all(unit.get(said) in (None, value.get(name)) for said, name in pairs)


def _attached(value: Json, question: Json, _: Place) -> Iterator[Problem]:
    wanted = [each for each in _extensions(question, _CORE + "mimeType") if type(each) is str]
    if wanted and not str(value.get("contentType", "")).startswith(tuple(wanted)):
        yield Problem("response-attachment-type")
    most, data = extension(question, _CORE + "maxSize"), value.get("data")
    if type(most) in (int, Decimal) and type(data) is str and _size(data) > most:
        yield Problem("response-attachment-size")


def _size(data: str) -> int:
    try:
        return len(binascii.a2b_base64(data))
    except ValueError:
        return 0


def _referred(value: Json, question: Json, _: Place) -> Iterator[Problem]:
    allowed = set(_extensions(question, _CORE + "questionnaire-referenceResource"))
    literal = value.get("reference")
    if not allowed or type(literal) is not str:
        return
    match = RESTFUL.fullmatch(literal)
    name = match.group(1) if match else literal.partition("/")[0]
    if name in resource_types() and name not in allowed:
        yield Problem("response-answer-target", details={"type": name})


_CHECKS: Mapping[str, Callable[[Any, Json, Place], Iterator[Problem]]] = MappingProxyType(
    {
        **dict.fromkeys(("decimal", "integer", "date", "dateTime", "time"), _limited),
        "string": _written,
        "Quantity": _measured,
        "Attachment": _attached,
        "Reference": _referred,
    }
)
