"""What an expression can never mean, told from the types alone: elements that do not exist, criteria that are no
Booleans, string functions on what is no string, an order asked of what has none.

Law: a problem is certain. Where a type is open (a resource inside a resource, `resolve()`, `%variables`),
nothing is said.
Source: http://hl7.org/fhirpath/N1/#type-safety-and-strict-evaluation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import NamedTuple, TypeAlias

from profiles.fhirpath.errors import FhirPathSemanticError
from profiles.fhirpath.expression import Expression
from profiles.fhirpath.functions import strings
from profiles.fhirpath.model import Model, at_path, model, named
from profiles.fhirpath.syntax import (
    Binary,
    Call,
    Expr,
    Index,
    Literal,
    Member,
    Special,
    TypeTest,
    Unary,
    Variable,
    type_name,
)
from profiles.fhirpath.values import type_of


class Problem(NamedTuple):
    """What is wrong, and the offset in the expression."""

    message: str
    position: int


Kind: TypeAlias = Model | str
"""A FHIR type, or a System type by its name."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What may be in a collection: its types (None: anything), and whether its order means something."""

    kinds: frozenset[Kind] | None
    ordered: bool = True


_ANYTHING = Shape(None)
_BOOLEAN, _STRING, _INTEGER = (Shape(frozenset({name})) for name in ("Boolean", "String", "Integer"))
_ABSTRACT = frozenset({"Resource", "DomainResource"})


def check(expression: str, root_type: str) -> tuple[Problem, ...]:
    """The problems of an expression on `root_type`; none for a sound one. Raises FhirPathError for an expression that
    cannot even be compiled."""
    root = at_path(root_type)
    if root is None:
        raise FhirPathSemanticError("The type an expression starts from is not a type of R4.")
    checking = _Checking()
    checking.shape(Expression(expression).tree, Shape(frozenset({root})))
    return tuple(checking.problems)


@dataclass(slots=True)
class _Checking:
    """One walk over a tree; `shape` gives what an expression makes of `$this`."""

    problems: list[Problem] = field(default_factory=list)

    def shape(self, expression: Expr, this: Shape) -> Shape:
        match expression:
            case Literal(value):
                return Shape(frozenset() if value == () else frozenset({_literal_kind(value)}))
            case Special(name):
                return this if name == "$this" else _INTEGER if name == "$index" else _ANYTHING
            case Variable():
                return _ANYTHING
            case Member(None, name, position):
                return self._head(name, this, position)
            case Member(source, name, position):
                assert source is not None
                return self._member(self.shape(source, this), name, position)
            case Call():
                return self._call(expression, this)
            case Index(source, index, position):
                self.shape(index, this)
                return self._needs_order(self.shape(source, this), "An index", position)
            case Unary(_, operand):
                return self.shape(operand, this)
            case TypeTest(operator, operand, name):
                self.shape(operand, this)
                return _BOOLEAN if operator == "is" else _typed(name)
            case Binary(operator, left, right):
                return _combined(operator, self.shape(left, this), self.shape(right, this))
        raise AssertionError(expression)

    def _head(self, name: str, this: Shape, position: int) -> Shape:
        """A bare name: a type that `$this` must be of, or a child."""
        if not name[:1].isupper() or this.kinds is None:
            return self._member(this, name, position)
        models = [kind for kind in this.kinds if isinstance(kind, Model)]
        fitting = frozenset[Kind](kind for kind in models if name in kind.ancestors)
        if fitting:
            return Shape(fitting, this.ordered)
        if any(kind.name in _ABSTRACT for kind in models) and model(name) is not None:
            return _typed(name)
        self.problems.append(Problem(f"{name} is not the type of what is evaluated.", position))
        return _ANYTHING

    def _member(self, source: Shape, name: str, position: int) -> Shape:
        if source.kinds is None:
            return Shape(None, source.ordered)
        found: set[Kind] = set()
        known = open_ended = False
        for kind in source.kinds:
            if not isinstance(kind, Model) or kind.name in _ABSTRACT:
                known = open_ended = True  # parts of System values, and of whatever the resource turns out to be
                continue
            child = kind.child(name)
            if child is None:
                continue
            known = True
            for place in child.fields.values():
                target = place.model
                open_ended |= target is None
                found |= set() if target is None else {target}
        if not known and source.kinds:
            self.problems.append(Problem(f"There is no element {name} here.", position))
        return Shape(None if open_ended or not known else frozenset(found), source.ordered)

    def _call(self, call: Call, this: Shape) -> Shape:
        source = this if call.source is None else self.shape(call.source, this)
        rule = _RULES.get(call.name)
        if call.name in _OF_ORDER:
            self._needs_order(source, f"{call.name}()", call.position)
        if call.name in _OF_STRINGS:
            self._needs_string(source, call)
        if rule is not None:
            return rule(self, call, source, this)
        for argument in call.arguments:
            self.shape(argument, this)
        return _RESULTS.get(call.name, _ANYTHING)

    def _needs_order(self, source: Shape, what: str, position: int) -> Shape:
        if not source.ordered:
            self.problems.append(Problem(f"{what} needs an order, and this collection has none.", position))
        return source

    def _needs_string(self, source: Shape, call: Call) -> None:
        if source.kinds and not any(map(_may_be_text, source.kinds)):
            self.problems.append(Problem(f"{call.name}() takes a string.", call.position))


def _literal_kind(value: object) -> str:
    return type_of(value).name


def _may_be_text(kind: Kind) -> bool:
    system = kind.system if isinstance(kind, Model) else kind
    return system in ("String", "Date", "DateTime", "Time", "Any") or kind in _ABSTRACT


def _may_be_boolean(kind: Kind) -> bool:
    return (kind.system if isinstance(kind, Model) else kind) in ("Boolean", "Any")


def _typed(specifier: str | None) -> Shape:
    found = None if specifier is None else named(specifier)
    if found is None:
        return _ANYTHING
    kind: Kind | None = model(found[1]) if found[0] == "FHIR" else found[1]
    return _ANYTHING if kind is None else Shape(frozenset({kind}))


def _combined(operator: str, left: Shape, right: Shape) -> Shape:
    if operator == "|":
        return _united(left, right)
    if operator in ("+", "-", "*", "/", "div", "mod"):
        return _ANYTHING
    return _STRING if operator == "&" else _BOOLEAN


def _united(left: Shape, right: Shape) -> Shape:
    kinds = None if left.kinds is None or right.kinds is None else left.kinds | right.kinds
    return Shape(kinds, left.ordered and right.ordered)


# --------------------------------------------------------------------------------------------------------- functions

Rule: TypeAlias = Callable[[_Checking, Call, Shape, Shape], Shape]


def _on_each(checking: _Checking, call: Call, source: Shape, this: Shape) -> Shape:
    """A criterion runs on every item; the items stay what they are."""
    for argument in call.arguments:
        checking.shape(argument, source)
    return source


def _condition(checking: _Checking, call: Call, source: Shape, this: Shape) -> Shape:
    _on_each(checking, call, source, this)
    return _BOOLEAN


def _select(checking: _Checking, call: Call, source: Shape, this: Shape) -> Shape:
    return replace(checking.shape(call.arguments[0], source), ordered=source.ordered)


def _repeat(checking: _Checking, call: Call, source: Shape, this: Shape) -> Shape:
    once = checking.shape(call.arguments[0], source)
    told = len(checking.problems)
    again = checking.shape(call.arguments[0], _united(source, once))
    del checking.problems[told:]
    return _united(once, again)


def _same(checking: _Checking, call: Call, source: Shape, this: Shape) -> Shape:
    for argument in call.arguments:
        checking.shape(argument, this)
    return source


def _united_with_argument(checking: _Checking, call: Call, source: Shape, this: Shape) -> Shape:
    return _united(source, checking.shape(call.arguments[0], this))


def _of_type(checking: _Checking, call: Call, source: Shape, this: Shape) -> Shape:
    return replace(_typed(type_name(call.arguments[0])), ordered=source.ordered)


def _is(checking: _Checking, call: Call, source: Shape, this: Shape) -> Shape:
    return _BOOLEAN


def _iif(checking: _Checking, call: Call, source: Shape, this: Shape) -> Shape:
    criterion, *branches = [checking.shape(argument, source) for argument in call.arguments]
    if criterion.kinds and not any(map(_may_be_boolean, criterion.kinds)):
        checking.problems.append(Problem("The criterion of iif() is a Boolean.", call.position))
    found = branches[0]
    for branch in branches[1:]:
        found = _united(found, branch)
    return found


def _trace(checking: _Checking, call: Call, source: Shape, this: Shape) -> Shape:
    checking.shape(call.arguments[0], this)
    for projection in call.arguments[1:]:
        checking.shape(projection, source)
    return source


def _unordered(checking: _Checking, call: Call, source: Shape, this: Shape) -> Shape:
    return Shape(None, ordered=False)


def _extension(checking: _Checking, call: Call, source: Shape, this: Shape) -> Shape:
    checking.shape(call.arguments[0], this)
    return _typed("FHIR.Extension")


def _aggregate(checking: _Checking, call: Call, source: Shape, this: Shape) -> Shape:
    checking.shape(call.arguments[0], source)
    return _ANYTHING


_RULES: dict[str, Rule] = {
    **dict.fromkeys(("where", "sort"), _on_each),
    **dict.fromkeys(("exists", "all"), _condition),
    **dict.fromkeys(("first", "last", "tail", "skip", "take", "single", "exclude", "intersect", "distinct"), _same),
    **dict.fromkeys(("union", "combine"), _united_with_argument),
    **dict.fromkeys(("as", "ofType"), _of_type),
    **dict.fromkeys(("children", "descendants"), _unordered),
    "is": _is,
    "select": _select,
    "repeat": _repeat,
    "aggregate": _aggregate,
    "iif": _iif,
    "trace": _trace,
    "extension": _extension,
}
_OF_ORDER = frozenset({"first", "last", "tail", "skip", "take"})
_OF_STRINGS = frozenset(strings.EAGER) - {"join"}  # which takes a collection
_RESULTS: dict[str, Shape] = {
    **dict.fromkeys(
        ("empty", "not", "allTrue", "anyTrue", "allFalse", "anyFalse", "subsetOf", "supersetOf", "isDistinct"), _BOOLEAN
    ),
    **dict.fromkeys(("startsWith", "endsWith", "contains", "matches", "matchesFull", "hasValue"), _BOOLEAN),
    **dict.fromkeys(("hasExtension", "memberOf", "conformsTo", "htmlChecks", "comparable"), _BOOLEAN),
    **dict.fromkeys(("upper", "lower", "replace", "replaceMatches", "substring", "trim", "toChars", "split"), _STRING),
    **dict.fromkeys(("join", "toString", "encode", "decode", "escape", "unescape"), _STRING),
    **dict.fromkeys(("count", "length", "indexOf", "toInteger", "precision"), _INTEGER),
}
