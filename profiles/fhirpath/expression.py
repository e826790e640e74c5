"""A compiled expression and what can be asked of it.

Law: compiled once, safe to share between threads, and never raises anything but `FhirPathError`.
Source: http://hl7.org/fhirpath/N1/, http://hl7.org/fhir/R4/fhirpath.html.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import DecimalException
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

from profiles.fhirpath.closures import compiled
from profiles.fhirpath.errors import EvaluationLimit, FhirPathError, FhirPathSemanticError
from profiles.fhirpath.frame import NOTHING, Environment, Frame
from profiles.fhirpath.grammar import parse
from profiles.fhirpath.model import UNTYPED, Model, at_path, model_of
from profiles.fhirpath.node import Collection, Location, Node, location, root_of
from profiles.fhirpath.syntax import Expr
from profiles.fhirpath.values import plain, truth, type_of

_Result = TypeVar("_Result")


class Item(NamedTuple):
    """One result: its plain value, its type (`FHIR.code`, `System.Boolean`), and where it stands if it does."""

    value: Any
    type: str
    location: Location | None


class Expression:
    """Call it with a resource (or with data of `root_type`): `expression(resource)` is a list of plain values."""

    __slots__ = ("_closure", "_root", "root_type", "text", "tree")

    def __init__(self, text: str, root_type: str = "") -> None:
        self.text = text
        self.root_type = root_type
        self._root = _root_model(root_type)
        self.tree: Expr = parse(text)
        self._closure = _guarded(lambda: compiled(self.tree))

    def __call__(self, resource: Any, *, environment: Environment = NOTHING) -> list[Any]:
        """Plain values: JSON scalars and dicts, dates as text, a Quantity as a FHIR Quantity; those without a value
        (a primitive that has only extensions) are left out."""
        values = []
        for item in self.nodes(self._node(resource), environment):
            value = item[0] if type(item) is tuple else plain(item)
            if value is not None:
                values.append(value)
        return values

    def truth(self, resource: Any, *, environment: Environment = NOTHING) -> bool | None:
        """The result as a condition: None for empty, a single item that is no Boolean is true, several are an error."""
        return truth(self.nodes(self._node(resource), environment))

    def test(self, resource: Any, *, environment: Environment = NOTHING) -> bool:
        """Whether `truth` is true: empty counts as false."""
        return truth(self.nodes(self._node(resource), environment)) is True

    def locate(self, resource: Any, *, environment: Environment = NOTHING) -> tuple[Location, ...]:
        """Where the results stand, each a path of keys and indexes from `resource`; computed values stand nowhere."""
        root = self._node(resource)
        found = self.nodes(root, environment)
        return tuple(location(item) for item in found if type(item) is tuple and root_of(item) is root)

    def items(self, resource: Any, *, environment: Environment = NOTHING) -> tuple[Item, ...]:
        """Every result with its type and place, those without a value too (None)."""
        root = self._node(resource)
        return tuple(
            Item(
                plain(item),
                ".".join(type_of(item)),
                location(item) if type(item) is tuple and root_of(item) is root else None,
            )
            for item in self.nodes(root, environment)
        )

    def nodes(self, node: Any, environment: Environment = NOTHING) -> Collection:
        """The raw collection for a node that is already at hand, as a validator walking a tree has it."""
        frame = Frame(node, environment)
        closure = self._closure
        try:
            return closure([node], frame)
        except FhirPathError:
            raise
        except RecursionError:
            raise EvaluationLimit("The expression nests too deep.") from None
        except (DecimalException, OverflowError):
            raise FhirPathError("A number left the range of numbers.") from None

    def _node(self, resource: Any) -> Node:
        return (resource, model_of(resource, self._root), None, None, None, None)


def _root_model(root_type: str) -> Model:
    if not root_type:
        return UNTYPED
    found = at_path(root_type)
    if found is None:
        raise FhirPathSemanticError("The type an expression starts from is not a type of R4.")
    return found


def _guarded(work: Callable[[], _Result]) -> _Result:
    try:
        return work()
    except RecursionError:
        raise EvaluationLimit("The expression nests too deep.") from None


# What comes from outside must not fill the memory: the longer an expression, the fewer are kept.
_SHORT, _LONG = 300, 2000
_short = lru_cache(maxsize=4096)(Expression)
_long = lru_cache(maxsize=256)(Expression)


def compile(expression: str, root_type: str = "") -> Expression:  # noqa: A001
    """The compiled expression, cached. `root_type` is the type of data that does not say its own (`HumanName`,
    `Patient.contact`). Raises FhirPathError with a position for what cannot be compiled; names of elements are not
    checked here (see `check`)."""
    if len(expression) <= _SHORT:
        return _short(expression, root_type)
    return _long(expression, root_type) if len(expression) <= _LONG else Expression(expression, root_type)
