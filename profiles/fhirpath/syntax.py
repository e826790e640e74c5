"""The tree of an expression: what was said, before any meaning.

Source: the grammar in http://hl7.org/fhirpath/N1/#grammar; `source is None` means the term begins here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class Literal:
    """A value; `()` stands for the empty collection `{}`."""

    value: Any
    position: int


@dataclass(frozen=True, slots=True)
class Special:
    """`$this`, `$index` or `$total`."""

    name: str
    position: int


@dataclass(frozen=True, slots=True)
class Variable:
    """`%name`."""

    name: str
    position: int


@dataclass(frozen=True, slots=True)
class Member:
    """`source.name`, or a bare `name`."""

    source: Expr | None
    name: str
    position: int


@dataclass(frozen=True, slots=True)
class Call:
    """`source.name(arguments)`, or a bare `name(arguments)`."""

    source: Expr | None
    name: str
    arguments: tuple[Expr, ...]
    position: int


@dataclass(frozen=True, slots=True)
class Index:
    source: Expr
    index: Expr
    position: int


@dataclass(frozen=True, slots=True)
class Unary:
    operator: str
    operand: Expr
    position: int


@dataclass(frozen=True, slots=True)
class Binary:
    operator: str
    left: Expr
    right: Expr
    position: int


@dataclass(frozen=True, slots=True)
class TypeTest:
    """`operand is type` and `operand as type`."""

    operator: str
    operand: Expr
    type: str
    position: int


Expr: TypeAlias = Literal | Special | Variable | Member | Call | Index | Unary | Binary | TypeTest


def parts(expression: Expr) -> tuple[Expr, ...]:
    """The expressions right below this one."""
    match expression:
        case Member(source):
            return () if source is None else (source,)
        case Call(source, _, arguments):
            return arguments if source is None else (source, *arguments)
        case Index(source, index):
            return (source, index)
        case Unary(_, operand) | TypeTest(_, operand):
            return (operand,)
        case Binary(_, left, right):
            return (left, right)
    return ()


def type_name(expression: Expr) -> str | None:
    """`Patient` or `FHIR.Patient` as a name; None for an expression that is no type specifier."""
    match expression:
        case Member(None, name):
            return name
        case Member(Member(None, namespace), name):
            return f"{namespace}.{name}"
    return None
