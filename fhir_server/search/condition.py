"""What a search asks of a resource, as frozen values that nest (FHIR R4 search.html)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fhir_server.search.parameters import Parameter
from fhir_server.search.values import Span, Value


@dataclass(frozen=True, slots=True)
class Criterion:
    """One parameter with its OR values."""

    parameter: Parameter
    modifier: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Chain:
    """`patient.identifier=…`: a reference whose target meets one of the inner conditions, by target type."""

    parameter: Parameter
    targets: tuple[tuple[str, Condition], ...]


@dataclass(frozen=True, slots=True)
class Has:
    """`_has:Observation:patient:code=…`: something that refers here and meets the inner condition."""

    parameter: Parameter
    inner: Condition


@dataclass(frozen=True, slots=True)
class Together:
    """One value of a composite parameter in a repeating element: lists that hold both parts of one instance.

    `keys` are hashes of both parts; `spans` are lists of ranges, each with what its values are compared with; `numbers`
    are two comparisons, of the first and of the second number of a row.
    """

    param: int
    keys: tuple[int, ...] = ()
    spans: tuple[tuple[tuple[int, ...], Span], ...] = ()
    numbers: tuple[Span, Span] | None = None


@dataclass(frozen=True, slots=True)
class Tree:
    """`location:below=1`: a reference to the named resource or to one that is part of it (or, `above`, contains it)."""

    criterion: Criterion
    links: tuple[int, ...]
    direction: Literal["above", "below"]


@dataclass(frozen=True, slots=True)
class Listed:
    """`_list=42`: an entry of that List which is not marked as deleted."""

    id: str


@dataclass(frozen=True, slots=True)
class Every:
    """All of the conditions."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """At least one of the conditions."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    condition: Condition


@dataclass(frozen=True, slots=True)
class Member:
    """`Patient/1/Observation`: `linked` to the focus of the compartment, or the focus `itself` (see `compartment`)."""

    linked: Criterion
    type: str
    id: str
    itself: bool


Condition = Criterion | Chain | Has | Member | Together | Tree | Listed | Every | Some | Not
