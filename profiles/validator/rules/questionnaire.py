"""Questionnaire: conditions that lead somewhere, beside the invariants que-0 to que-13.

Source: http://hl7.org/fhir/R4/questionnaire-definitions.html#Questionnaire.item.enableWhen.question.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from profiles.issue import Issue
from profiles.validator.place import Place

Json = dict[str, Any]


class Item(NamedTuple):
    """An item of a Questionnaire: where it stands, in document order, and the linkIds of the items around it."""

    value: Json
    path: str
    order: int
    above: tuple[str, ...]


def items(questionnaire: Json) -> dict[str, Item]:
    """Every item by its linkId (the first, where que-2 is broken)."""
    found: dict[str, Item] = {}
    waiting: list[tuple[Json, str, tuple[str, ...]]] = [(questionnaire, "", ())]
    while waiting:
        parent, path, above = waiting.pop()
        inner = []
        for index, item in enumerate(parent.get("item", ())):
            here = f"{path}.item[{index}]"
            found.setdefault(item.get("linkId", ""), Item(item, here, len(found), above))
            inner.append((item, here, (*above, item.get("linkId", ""))))
        waiting.extend(reversed(inner))
    return found


def conditions(questionnaire: Json, place: Place) -> Iterator[Issue]:
    """Each enableWhen is about a question of this form that stands outside of the item it enables."""
    listed = items(questionnaire)
    for link, item in listed.items():
        for index, condition in enumerate(item.value.get("enableWhen", ())):
            code = _fault(link, item, listed.get(condition.get("question", "")))
            if code:
                yield place.issue(code, f"{item.path}.enableWhen[{index}]")


def _fault(link: str, item: Item, target: Item | None) -> str:
    if target is None:
        return "questionnaire-enable-target"
    if link in target.above or target.value is item.value:
        return "questionnaire-enable-inside"
    before = target.order < item.order or target.value.get("linkId") in item.above
    return "" if before else "questionnaire-enable-after"
