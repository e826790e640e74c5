"""What an evaluation knows besides its expression: the environment it was given, and how much it may still do.

Law: an evaluation has no clock, no disk and no network of its own; what it asks of the world comes as a function.
Source: http://hl7.org/fhirpath/N1/#environment-variables, http://hl7.org/fhir/R4/fhirpath.html#variables.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal

from profiles.fhirpath.errors import EvaluationLimit
from profiles.fhirpath.node import EMPTY, Collection

BUDGET = 1_000_000
MAX_TEXT = 1_000_000
_NONE: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Environment:
    """What an evaluation may ask of the world.

    `resource`, `root_resource` and `context` are `%resource`, `%rootResource` and `%context` (default: what is
    evaluated). `resolve(reference)` gives the resource or None. `member_of(value, value_set)` gets the plain value of a
    code, Coding or CodeableConcept, `subsumes(general, special)` two codes or Codings, `conforms_to(resource, profile)`
    a resource; each gives None when it cannot tell. `now` has an offset. `variables` are plain values or lists of them,
    by name without `%`. `trace(name, values)` hears what `trace()` shows. `several_as="filter"` lets `as` keep the
    fitting ones of several items, as the search parameters of R4 mean it. `budget` is the number of items an evaluation
    may touch.
    """

    resource: dict[str, Any] | None = None
    root_resource: dict[str, Any] | None = None
    context: Any = None
    resolve: Callable[[str], dict[str, Any] | None] | None = None
    member_of: Callable[[Any, str], bool | None] | None = None
    conforms_to: Callable[[Any, str], bool | None] | None = None
    subsumes: Callable[[Any, Any], bool | None] | None = None
    now: datetime | None = None
    variables: Mapping[str, Any] = field(default_factory=lambda: _NONE)
    trace: Callable[[str, list[Any]], None] | None = None
    several_as: Literal["error", "filter"] = "error"
    budget: int = BUDGET


NOTHING = Environment()


class Frame:
    """One evaluation: the innermost `$index` and `$total`, and in `steps` what is left of the budget."""

    __slots__ = ("environment", "index", "root", "steps", "total")

    def __init__(self, root: Any, environment: Environment) -> None:
        self.root = root
        self.environment = environment
        self.steps = environment.budget
        self.index: int | None = None
        self.total: Collection = EMPTY

    def spend(self, steps: int) -> None:
        """Called before work that grows with the data. Raises EvaluationLimit when the budget is gone."""
        self.steps -= steps
        if self.steps < 0:
            raise EvaluationLimit("The expression takes more steps than an evaluation may.")


_CHARACTERS_A_STEP = 100


def reading_cost(text: str) -> int:
    """The steps that going through a text once takes."""
    return len(text) // _CHARACTERS_A_STEP


def short_enough(text: str) -> str:
    if len(text) > MAX_TEXT:
        raise EvaluationLimit(f"A string has at most {MAX_TEXT} characters.")
    return text
