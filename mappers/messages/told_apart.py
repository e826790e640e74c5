"""Things of one message that go by one number: none takes the place of another.

A number is to name one order, yet prescriptions share one, and registers of vaccinations write the same one into every
line. Those that differ in their mark (the medicine, the dose) go by number and mark, whichever stands first; those that
differ in nothing but what else they say go by their place among them. What says the same twice is one.
Source: HL7 v2.5.1 4.5.1.2 (ORC-2 names one order); docs/decisions/2611-told-apart.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence


def told_apart(names: Sequence[tuple[str, str]], marks: Sequence[str], said: Sequence[Hashable]) -> list[str]:
    """A value for each (system, value), in order: its own as long as no other has it."""
    shared = Counter(name for name, _ in set(zip(names, marks, strict=True)))
    before: dict[tuple[str, str], list[Hashable]] = {}
    found: list[str] = []
    for name, mark, words in zip(names, marks, said, strict=True):
        system, value = name
        own = f"{value}|{mark}" if shared[name] > 1 else value
        equal = before.setdefault((system, own), [])
        if words not in equal:
            equal.append(words)
        place = equal.index(words)
        found.append(f"{own}|{place + 1}" if place else own)
    return found
