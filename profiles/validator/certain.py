"""What a rule in FHIRPath says of an element already by which of its parts are there, or by a look at those it names.

Law: three answers: true, false, or None where only the evaluation knows; of an element whose structure is sound, so
what is there is not empty. Nothing is concluded from what is missing deeper down, where an element of several types has
another name than in FHIRPath.
Source: http://hl7.org/fhirpath/N1/#boolean-logic (three-valued), #existence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, TypeAlias

from profiles.definitions import json_names, structure
from profiles.fhirpath.syntax import Binary, Call, Expr, Literal, Member, Variable, parts

Verdict: TypeAlias = "Callable[[dict[str, Any]], bool | None]"
_SOMETHING: Any = object()
"""A value of which only that it is there is known."""
_CALM = frozenset({"exists", "empty", "not", "where", "all", "first", "hasValue"})
_NOTHING_OF_NOTHING = frozenset({"where", "first", "last", "tail", "ofType", "as", "extension", "resolve", "select"})


def certain(rule: Expr, path: str) -> Verdict | None:
    """The rule as a function of a sound element at a path of R4; None where that would never know."""
    found = _condition(rule, path)
    return None if found is _unknown else found


def settled(rule: Expr, path: str, keys: tuple[str, ...]) -> bool:
    """Whether the rule is true of every sound element at a path of R4 that has these keys; a part of it that could fail
    to be evaluated leaves the whole to the evaluation."""
    return _is_calm(rule) and _condition(rule, path)(dict.fromkeys(keys, _SOMETHING)) is True


# ------------------------------------------------------------------------------------------------------- conditions


def _condition(rule: Expr, path: str) -> Verdict:
    match rule:
        case Binary("=", Member(None, name), Literal(str(text))):
            return lambda element: _same(element.get(name), text)
        case Binary(operator, left, right) if operator in _LOGIC:
            return _joined(_LOGIC[operator], _condition(left, path), _condition(right, path))
        case Call(source, "exists", ()) if source is not None:
            return _there(source, path)
        case Call(source, "exists", _) if source is not None:
            return _unless_there(source, path, answer=False)
        case Call(source, "all", _) if source is not None:
            return _unless_there(source, path, answer=True)
        case Call(source, "empty", ()) if source is not None:
            return _negated(_there(source, path))
        case Call(source, "not", ()) if source is not None:
            return _negated(_condition(source, path))
    return _unknown


def _unknown(_: dict[str, Any]) -> None:
    return None


def _negated(verdict: Verdict) -> Verdict:
    if verdict is _unknown:
        return _unknown
    return lambda element: None if (found := verdict(element)) is None else not found


def _joined(logic: Callable[[bool | None, bool | None], bool | None], left: Verdict, right: Verdict) -> Verdict:
    if left is right is _unknown:
        return _unknown
    return lambda element: logic(left(element), right(element))


def _same(value: Any, text: str) -> bool | None:
    return value == text if type(value) is str else None


# -------------------------------------------------------------------------------------------------------- existence


def _there(source: Expr, path: str) -> Verdict:
    """Whether it gives something."""
    match source:
        case Call(Member(None, name), "where", (Binary("=", Member(None, told), Literal(str(text))),)):
            return _chosen(name, told, text, path)
        case Call(inner, name, _) if inner is not None and name in _NOTHING_OF_NOTHING:
            return _unless_there(inner, path, answer=False)
    names: list[str] = []
    step: Expr | None = source
    while type(step) is Member:
        names.insert(0, step.name)
        step = step.source
    return _chain(tuple(names), path) if step is None and names else _unknown


def _unless_there(source: Expr, path: str, *, answer: bool) -> Verdict:
    """The answer where it gives nothing; otherwise nobody knows."""
    there = _there(source, path)
    return _unknown if there is _unknown else lambda element: answer if there(element) is False else None


def _chosen(name: str, told: str, text: str, path: str) -> Verdict:
    """Whether one of the values has this text in one of its elements: `extension.where(url = '…')`."""
    there = _chain((name,), path)

    def verdict(element: dict[str, Any]) -> bool | None:
        if there(element) is False:
            return False
        values = element.get(name)
        if values is None or values is _SOMETHING:
            return None
        listed = values if type(values) is list else [values]
        if any(type(one) is dict and one.get(told) == text for one in listed):
            return True
        return False if told == "url" else None

    return verdict


def _chain(names: tuple[str, ...], path: str) -> Verdict:
    """Whether a chain of names leads to something."""
    known = _members_at(path).get(names[0])

    def verdict(element: dict[str, Any]) -> bool | None:
        if known is not None and known.isdisjoint(element):
            return False
        value: Any = element
        for name in names:
            value = value.get(name) if type(value) is dict else None
        if value is not None:
            return True
        return True if len(names) == 1 and known is not None else None

    return verdict


@cache
def _members_at(path: str) -> Mapping[str, frozenset[str]]:
    """The JSON names of each element right below a path of R4, by its FHIRPath name."""
    definition = structure(path.partition(".")[0])
    if definition is None or definition.get("derivation") == "constraint":
        return {}
    found: dict[str, frozenset[str]] = {}
    for element in definition["snapshot"]["element"]:
        above, _, name = element["path"].rpartition(".")
        if above == path:
            names = json_names(name, element)
            found[name.removesuffix("[x]")] = frozenset((*names, *("_" + each for each in names)))
    return found


# ------------------------------------------------------------------------------------------------------------ logic


def _and(left: bool | None, right: bool | None) -> bool | None:
    if left is False or right is False:
        return False
    return True if left and right else None


def _or(left: bool | None, right: bool | None) -> bool | None:
    if left or right:
        return True
    return False if left is False and right is False else None


def _implies(left: bool | None, right: bool | None) -> bool | None:
    if left is False or right:
        return True
    return False if left and right is False else None


def _differ(left: bool | None, right: bool | None) -> bool | None:
    return None if left is None or right is None else left is not right


def _agree(left: bool | None, right: bool | None) -> bool | None:
    return None if left is None or right is None else left is right


_LOGIC: Mapping[str, Callable[[bool | None, bool | None], bool | None]] = MappingProxyType(
    {"and": _and, "or": _or, "implies": _implies, "xor": _differ, "!=": _differ, "=": _agree}
)


def _is_calm(rule: Expr) -> bool:
    """Whether no part of it can fail."""
    waiting: list[Any] = [rule]
    for part in waiting:  # grows while it is read
        match part:
            case Call(_, name, _) if name not in _CALM:
                return False
            case Binary(operator, _, _) if operator not in _LOGIC and operator not in ("in", "|"):
                return False
            case Call() | Binary() | Member() | Literal() | Variable():
                waiting += parts(part)
            case _:
                return False
    return True
