"""What a rule in FHIRPath says of an element already by which of its parts are there, without looking into them.

Law: three answers: true, false, or None where more must be known; of an element whose structure is sound, so what is
there is not empty. A part of the rule that could fail to be evaluated leaves the whole to the evaluation.
Source: http://hl7.org/fhirpath/N1/#boolean-logic (three-valued), #existence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from profiles.definitions import json_names, structure
from profiles.fhirpath.syntax import Binary, Call, Expr, Literal, Member, Variable, parts

There = Callable[[str], "bool | None"]
_CALM = frozenset({"exists", "empty", "not", "where", "all", "first", "hasValue"})
_NOTHING_OF_NOTHING = frozenset({"where", "first", "last", "tail", "ofType", "as", "extension", "resolve", "select"})


def settled(rule: Expr, path: str, keys: tuple[str, ...]) -> bool:
    """Whether the rule is true of every sound element at a path of R4 that has these keys."""
    members = members_at(path)

    def there(name: str) -> bool | None:
        names = members.get(name)
        return None if names is None else not names.isdisjoint(keys)

    return _is_calm(rule) and _verdict(rule, there) is True


def _verdict(rule: Expr, there: There) -> bool | None:
    """The rule as a condition."""
    match rule:
        case Binary(operator, left, right) if operator in LOGIC:
            return LOGIC[operator](_verdict(left, there), _verdict(right, there))
        case Call(source, "exists", arguments) if source is not None:
            empty = _empty(source, there)
            return False if empty else None if arguments or empty is None else True
        case Call(source, "empty", ()) if source is not None:
            return _empty(source, there)
        case Call(source, "all", _) if source is not None:
            return True if _empty(source, there) else None
        case Call(source, "not", ()) if source is not None:
            verdict = _verdict(source, there)
            return None if verdict is None else not verdict
    return None


def _empty(rule: Expr, there: There) -> bool | None:
    """Whether it gives nothing."""
    match rule:
        case Member(None, name):
            present = there(name)
            return None if present is None else not present
        case Member(source, _) if source is not None:
            return True if _empty(source, there) else None
        case Call(source, name, _) if source is not None and name in _NOTHING_OF_NOTHING:
            return True if _empty(source, there) else None
    return None


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


LOGIC: Mapping[str, Callable[[bool | None, bool | None], bool | None]] = MappingProxyType(
    {"and": _and, "or": _or, "implies": _implies, "xor": _differ, "!=": _differ, "=": _agree}
)


def _is_calm(rule: Expr) -> bool:
    """Whether no part of it can fail."""
    waiting: list[Any] = [rule]
    for part in waiting:  # grows while it is read
        match part:
            case Call(_, name, _) if name not in _CALM:
                return False
            case Binary(operator, _, _) if operator not in LOGIC and operator not in ("in", "|"):
                return False
            case Call() | Binary() | Member() | Literal() | Variable():
                waiting += parts(part)
            case _:
                return False
    return True


@cache
def members_at(path: str) -> Mapping[str, frozenset[str]]:
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
