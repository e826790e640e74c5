"""The questions of an element of a profile that need no other profile: values, bindings, rules, how many.

Law: a question answers nothing of a value that has not the shape of its type.
Source: http://hl7.org/fhir/R4/elementdefinition.html.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from profiles.definitions import Definition
from profiles.registry import Registry
from profiles.validator.codes import bound_question
from profiles.validator.constraints import Question, question, questions
from profiles.validator.finding import Finding, Findings, finding
from profiles.validator.item import Item
from profiles.validator.place import Place
from profiles.validator.profile_element import bounds, new_rules, origin_of
from profiles.validator.relative import relative_bounds
from profiles.validator.rules.narrative_control import narrative_question
from profiles.validator.tree import Node
from profiles.validator.values import Facet, facets

_MANY = float("inf")


def of_the_value(node: Node, registry: Registry) -> Iterator[Question]:
    """What it fixes, bounds and binds."""
    yield from map(faceted, facets(node.element, node.name.removesuffix("[x]")))
    yield from relative_bounds(node.element, node.name.removesuffix("[x]"))
    binding = bound_question(node.element, origin_of(node), registry)
    if binding is not None:
        yield binding


def faceted(facet: Facet) -> Question:
    """A check of a value as a question."""
    return lambda item, place: facet(item)


def of_its_form(node: Node) -> Iterator[Question]:
    """What it asks of values that are missing, and of narratives."""
    for asked in (_alternative(node.element), narrative_question(node.element)):
        if asked is not None:
            yield asked


def _alternative(element: Definition) -> Question | None:
    """An element that needs its value, or one of certain extensions in its place."""
    wanted = [
        one.get("valueCanonical") or one.get("valueUri") or one.get("valueUrl")
        for one in element.get("extension", ())
        if str(one.get("url", "")).endswith("/extension-ElementDefinition.valueAlternatives")
    ]
    must = any(
        str(one.get("url", "")).endswith("/extension-ElementDefinition.mustHaveValue") and one.get("valueBoolean")
        for one in element.get("extension", ())
    )
    if not wanted and not must:
        return None
    name = element["path"].rpartition(".")[2]

    def ask(item: Item, place: Place) -> Findings | None:
        if item.value is not None:
            return None
        listed = (item.sibling or {}).get("extension") or ()
        if any(type(one) is dict and one.get("url") in wanted for one in listed):
            return None
        return finding("value-required", name=name)

    return ask


def constraints_of(node: Node) -> list[Question]:
    """The rules of an element that its base and its types do not have."""
    path, new = new_rules(node)
    if path:
        asked = questions(new, path)
        return [] if asked is None else [asked]
    return [asked for constraint in new if (asked := _rule(constraint)) is not None]


def _rule(constraint: Definition) -> Question | None:
    """A rule on an element of a data type: which one, the value says."""
    by_type: dict[str, Question | None] = {}
    if question(constraint, "Element") is None:
        return None

    def ask(item: Item, place: Place) -> Findings | None:
        if item.type not in by_type:
            by_type[item.type] = questions([constraint], item.type)
        one = by_type[item.type]
        return None if one is None else one(item, place)

    return ask


def together(asks: list[Question]) -> Question | None:
    """One question of several."""
    if len(asks) <= 1:
        return asks[0] if asks else None

    def ask_all(item: Item, place: Place) -> Findings | None:
        found: Findings = []
        for ask in asks:
            answer = ask(item, place)
            if answer:
                found += answer
        return found or None

    return ask_all


def typed(allowed: frozenset[str], name: str, ask: Question | None) -> Question:
    """The question of a value of one of these types; others are not allowed."""

    def check(item: Item, place: Place) -> Findings | None:
        if item.type not in allowed:
            return finding("type-not-allowed", type=item.type, name=name)
        return None if ask is None else ask(item, place)

    return check


def count_question(node: Node) -> Callable[[list[Item]], Findings] | None:
    """How many values there may be, where R4 allows more or fewer."""
    found = bounds(node)
    if found is None:
        return None
    least, most_text = found
    most = _MANY if most_text == "*" else int(most_text)
    name = node.name.removesuffix("[x]")

    def count(items: list[Item]) -> Findings:
        if len(items) < least:
            return [Finding("." + name if items else "", "element-required", {"name": name, "min": str(least)})]
        if len(items) > most:
            return [Finding("." + name, "element-too-many", {"name": name, "max": most_text})]
        return []

    return count
