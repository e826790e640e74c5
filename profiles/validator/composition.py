"""What a check or a question is made of, as its makers tell it, for whoever writes code in its place (`accepting`).

Law: what stands here says no more than its maker knows; a check that is not here is answered by itself only.
Source: none but speed; docs/decisions/2611-generated-validators.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from profiles.validator.finding import Check

Sort: TypeAlias = Literal["same", "code", "reference", "without", "more"]
"""Beside what the inner check refuses a value is refused: `same` never; `code` when it is not among the names, or the
whole check says so; `reference` when it leads to a type that is not among the names; `without` when one of the names is
a key of it, and the whole check says so; `more` when the whole check says so."""


@dataclass(frozen=True, slots=True)
class Part:
    """A check around another one."""

    sort: Sort
    inner: Check
    names: frozenset[str] = frozenset()


MADE_OF: dict[Check, Part] = {}
GENTLE: set[Any] = set()
"""Questions whose answers never refuse a resource at a store's door: warnings, and what is advice there."""
EXTENSIONS: dict[Any, str] = {}
"""Questions about the extensions of an object, by question: the element they stand in."""


def made(check: Check, part: Part) -> Check:
    """The check, with what it is made of."""
    MADE_OF[check] = part
    return check
