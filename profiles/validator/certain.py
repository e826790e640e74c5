"""Rules in FHIRPath as functions of an element, where a look at the elements they name is enough to say that they hold.

Law: three answers: true, false, or None where only the evaluation knows; of an element whose structure is sound, so
what is there is not empty. Nothing is concluded from what is missing deeper down, where an element of several types has
another name than in FHIRPath.
Source: http://hl7.org/fhirpath/N1/#boolean-logic (three-valued), #existence.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from profiles.fhirpath.syntax import Binary, Call, Expr, Literal, Member
from profiles.validator.presence import LOGIC, members_at

Verdict: TypeAlias = "Callable[[dict[str, Any]], bool | None]"


def certain(rule: Expr, path: str) -> Verdict | None:
    """The rule as a function of a sound element at a path of R4; None where that would never know."""
    found = _certain(rule, path)
    return None if found is _unknown else found


def _certain(rule: Expr, path: str) -> Verdict:
    match rule:
        case Binary("=", Member(None, name), Literal(str(text))):
            return lambda element: _same(element.get(name), text)
        case Binary(operator, left, right) if operator in LOGIC:
            return _joined(LOGIC[operator], _certain(left, path), _certain(right, path))
        case Call(source, "exists", ()) if source is not None:
            return _there(source, path)
        case Call(source, "empty" | "not" as name, ()) if source is not None:
            inner = _there(source, path) if name == "empty" else _certain(source, path)
            return lambda element: None if (found := inner(element)) is None else not found
    return _unknown


def _unknown(_: dict[str, Any]) -> None:
    return None


def _joined(logic: Callable[[bool | None, bool | None], bool | None], left: Verdict, right: Verdict) -> Verdict:
    return lambda element: logic(left(element), right(element))


def _same(value: Any, text: str) -> bool | None:
    return value == text if type(value) is str else None


def _chosen(values: Any, name: str, text: str) -> bool | None:
    """Whether one of the values has this text in one of its elements: `extension.where(url = '…')`."""
    listed = values if type(values) is list else [values]
    if any(type(one) is dict and one.get(name) == text for one in listed):
        return True
    return False if name == "url" else None


def _there(source: Expr, path: str) -> Verdict:
    """Whether a chain of names leads to something."""
    match source:
        case Call(Member(None, name), "where", (Binary("=", Member(None, told), Literal(str(text))),)):
            return lambda element: _chosen(element.get(name), told, text)
    names: list[str] = []
    step: Expr | None = source
    while type(step) is Member:
        names.insert(0, step.name)
        step = step.source
    if step is not None or not names:
        return _unknown
    known = members_at(path).get(names[0])

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
