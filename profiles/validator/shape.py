"""What a definition says about the objects at one of its paths, and what that means for one sequence of keys.

Law: a `Shape` grows by what is worked out on first use (`checks`, `plans`), equal whoever works it out.
Source: http://hl7.org/fhir/R4/elementdefinition.html.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from profiles.validator.finding import Check, Findings
from profiles.validator.invariants import Invariant
from profiles.validator.place import Place

Run: TypeAlias = "Callable[[dict[str, Any], Place], Findings | None]"
Ask: TypeAlias = Callable[[dict[str, Any], Place], Findings | None]
"""A question about an object whose structure is sound."""


class Plan(NamedTuple):
    """What to do with an object that has these keys in this order."""

    checks: tuple[Check, ...]
    invariants: tuple[Invariant, ...]
    asks: tuple[Ask, ...]
    findings: Findings


@dataclass(slots=True)
class Shape:
    """An element with children: its elements by JSON name, which of them are needed, and the rules on it.

    `walks`: texts with markup and ids are looked for afterwards, in a walk of its own, where they may be;
    `walked`: an `id` is one of those.
    """

    type_name: str
    labels: Mapping[str, str]
    makers: Mapping[str, Callable[[], Check]]
    required: tuple[tuple[str, frozenset[str], int], ...]
    choices: tuple[tuple[str, frozenset[str]], ...]
    invariants: tuple[Invariant, ...]
    asks: tuple[tuple[frozenset[str], Ask], ...] = ()
    walks: bool = True
    walked: bool = True
    checks: dict[str, Check] = field(default_factory=dict)
    plans: dict[tuple[str, ...], Run] = field(default_factory=dict)

    def check(self, name: str) -> Check | None:
        known = self.checks.get(name)
        if known is None and name in self.makers:
            known = self.checks.setdefault(name, self.makers[name]())
        return known
