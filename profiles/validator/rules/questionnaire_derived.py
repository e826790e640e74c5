"""Questionnaire.derivedFrom: a form that extends or complies with another asks the same questions as strictly.

Law: a derivation of another kind, or from a form that is not loaded, is not judged (the latter is a warning).
Source: http://hl7.org/fhir/R4/questionnaire-definitions.html#Questionnaire.derivedFrom, with the extension
questionnaire-derivationType (http://hl7.org/fhir/questionnaire-derivationType: extends, compliesWith, inspiredBy).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from profiles.definitions import STRUCTURES
from profiles.issue import Issue
from profiles.validator.place import Place
from profiles.validator.rules.known import known
from profiles.validator.rules.questionnaire import items

Json = dict[str, Any]
_KIND = STRUCTURES + "questionnaire-derivationType"


def derived(questionnaire: Json, place: Place) -> Iterator[Issue]:
    """Each form it says it is derived from."""
    beside = questionnaire.get("_derivedFrom") or []
    for index, canonical in enumerate(questionnaire.get("derivedFrom", ())):
        if canonical is None:
            continue
        other = known(place, "Questionnaire", canonical)
        if other is None:
            yield place.issue("questionnaire-unknown", f".derivedFrom[{index}]")
            continue
        kind = _kind(beside[index] if index < len(beside) else None)
        if kind in ("extends", "compliesWith"):
            yield from _against(questionnaire, other, kind, place)


def _kind(element: Json | None) -> str | None:
    for extension in (element or {}).get("extension", ()):
        if extension.get("url") == _KIND:
            code: str | None = (extension.get("valueCoding") or {}).get("code")
            return code
    return None


def _against(questionnaire: Json, other: Json, kind: str, place: Place) -> Iterator[Issue]:
    theirs = items(other)
    for link, item in items(questionnaire).items():
        original = theirs.get(link)
        if original is None:
            if kind == "compliesWith":
                yield place.issue("questionnaire-derived-item", item.path)
            continue
        for what in _looser(item.value, original.value):
            yield place.issue("questionnaire-derived", item.path, name=what)


def _looser(item: Json, original: Json) -> Iterator[str]:
    """What a derived item asks less strictly than the original."""
    if item.get("type") != original.get("type"):
        yield "type"
    if item.get("repeats") and not original.get("repeats"):
        yield "repeats"
    if original.get("required") and item.get("required") is False:
        yield "required"
    most = original.get("maxLength")
    if most is not None and item.get("maxLength", most + 1) > most:
        yield "maxLength"
    if original.get("answerOption"):
        allowed = [_value(option) for option in original["answerOption"]]
        own = item.get("answerOption", ())
        if "answerValueSet" in item or not own or any(_value(option) not in allowed for option in own):
            yield "answerOption"
    if "answerValueSet" in original and "answerOption" in item:
        yield "answerValueSet"


def _value(option: Json) -> Any:
    value = next((value for name, value in option.items() if name.startswith("value")), None)
    return (value.get("system"), value.get("code")) if type(value) is dict else value
