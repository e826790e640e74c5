"""Which modifiers a parameter takes, and what it can be sorted by (FHIR R4 search.html#modifiers, #_sort)."""

from __future__ import annotations

import re
from functools import cache

from fhir_server.search.elements import parameter_places, types
from fhir_server.search.parameters import Parameter, parameters
from fhir_server.search.paths import Step

_BY_KIND: dict[str, frozenset[str]] = {
    "token": frozenset({"not", "missing", "in", "not-in", "above", "below"}),
    "string": frozenset({"exact", "contains", "missing"}),
    "reference": frozenset({"identifier", "missing"}),
    "uri": frozenset({"above", "below", "missing"}),
}
_MISSING = frozenset({"missing"})
_SAID = frozenset({"CodeableConcept", "Coding", "Identifier"})
"""Data types with a text or a display, for `:text`."""
_PART_OF = ("partof", "part-of")


@cache
def modifiers(parameter: Parameter) -> frozenset[str]:
    """Those that fit, without the target types of a reference."""
    if not parameter.sources:
        return _MISSING | {"not"} if parameter.code == "_id" else _MISSING
    known = types(parameter)
    more = set()
    if parameter.kind == "token" and (not known or known & _SAID):
        more.add("text")
    if parameter.kind == "token" and (not known or "Identifier" in known):
        more.add("of-type")
    if parameter.kind == "reference" and part_of(parameter):
        more |= {"above", "below"}
    return _BY_KIND.get(parameter.kind, _MISSING) | more


@cache
def part_of(parameter: Parameter) -> tuple[int, ...]:
    """The lists that say what the targets of a reference are part of (`Location.partOf`): their hierarchy."""
    lists: dict[int, None] = {}
    for target in parameter.targets:
        for code in _PART_OF:
            link = parameters(target).get(code)
            if link is not None and link.kind == "reference" and target in link.targets:
                lists.update(dict.fromkeys(link.params))
    return tuple(lists)


_PLACED = frozenset({"child", "choice", "resolves"})
_WORD = re.compile(r"[A-Za-z0-9\-]{1,64}", re.ASCII)
_SORTED = frozenset({"date", "string", "number", "quantity"})


@cache
def sortable(parameter: Parameter) -> bool:
    """Whether `_sort` can name it: numbers, dates and strings by their lists, codes where their place is known."""
    if parameter.kind in _SORTED or not parameter.sources:
        return True
    steps = (step for source in parameter.sources for step in source.path.steps)
    return bool(parameter_places(parameter)) and all(_placed(step) for step in steps)


def _placed(step: Step) -> bool:
    """Whether a statement can name the place: what a `where` compares with is a part of it, so it is a plain word."""
    return step.kind in _PLACED or (step.kind == "where" and _WORD.fullmatch(step.value) is not None)
