"""A finding on its way up: where below the current element, which issue code, and what the sentence needs.

Law: a check returns None when all is well (the common case costs nothing) or findings whose paths are relative; each
level puts its own step in front. The two pending codes never leave the validator: an ancestor settles them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Finding(NamedTuple):
    path: str
    code: str
    details: Mapping[str, Any] = _NOTHING


Findings: TypeAlias = list[Finding]
Check: TypeAlias = Callable[[Any], Findings | None]

# A null in an array of primitives: fine when the sibling array (`_given` of `given`) says something at the same place.
NULL_ENTRY = "pending:null-entry"
# A reference `#id`: fine when the resource around it contains that id.
LOCAL_REFERENCE = "pending:local-reference"

# Said, but no reason to refuse; rules are still asked.
HARMLESS = frozenset({"terminology-unknown", NULL_ENTRY, LOCAL_REFERENCE})
# A hostile body can hold millions of faults. Once something is wrong for certain, this many findings are enough.
ENOUGH = 500


def unsound(findings: Findings) -> bool:
    """Whether something is wrong for certain."""
    return any(code not in HARMLESS for _, code, _ in findings)


def finding(code: str, path: str = "", **details: Any) -> Findings:
    return [Finding(path, code, details)]


def below(step: str, findings: Findings, name: str = "") -> Findings:
    """The findings seen from one level up; those about the element itself, or one of its items, learn its name."""
    raised = []
    for path, code, details in findings:
        if name and "." not in path and "name" not in details:
            details = {**details, "name": name}
        raised.append(Finding(step + path, code, details))
    return raised
