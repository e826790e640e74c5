"""A finding on its way up: where below the current element, which issue code, and what the sentence needs.

Law: a check returns None when all is well (the common case costs nothing) or findings whose paths are relative; each
level puts its own step in front. The two pending codes never leave the validator: an ancestor settles them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

from profiles.issue import REFUSING, kinds
from profiles.validator.place import Place

_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Finding(NamedTuple):
    path: str
    code: str
    details: Mapping[str, Any] = _NOTHING


_made = tuple.__new__  # what the constructor of a named tuple does, without the way there


Findings: TypeAlias = list[Finding]
Check: TypeAlias = Callable[[Any, Place], Findings | None]

# A null in an array of primitives: fine when the sibling array (`_given` of `given`) says something at the same place.
NULL_ENTRY = "pending:null-entry"
# A reference `#id`: fine when the resource around it contains that id.
LOCAL_REFERENCE = "pending:local-reference"
# An extension whose place its host cannot judge: the resource, which knows the whole path, does.
EXTENSION_CONTEXT = "pending:extension-context"

# Said, but no reason to refuse; rules are still asked.
HARMLESS = frozenset(
    {
        *("terminology-unknown", "extension-unknown", "profile-missing", "invariant-warning", "rule-unanswered"),
        *("code-not-extensible", "code-not-preferred", "element-repeated"),
        *(NULL_ENTRY, LOCAL_REFERENCE, EXTENSION_CONTEXT),
    }
)
# A hostile body can hold millions of faults. Once something is wrong for certain, this many findings are enough.
ADVISED = (
    *("coding-", "identifier-system-relative", "identifier-uri", "attachment-", "security-label-", "element-id-"),
    *("code-system-", "value-set-", "concept-map-", "search-parameter-", "slicing-", "canonical-"),
    *("structure-type", "structure-fixed", "structure-property", "profile-unknown", "profile-broken"),
    *("questionnaire-", "response-", "measure-", "bundle-"),
    *(
        "narrative-fragment",
        "narrative-source",
        "narrative-sections",
        "narrative-link-scheme",
        "narrative-link-invalid",
    ),
)
"""How the codes begin whose errors a store had better accept: rules stated in prose, beyond structure, values, required
bindings, invariants and claimed profiles. A store that refused them would lose a result over a display."""
ENOUGH = 500


def unsound(findings: Findings) -> bool:
    """Whether something is wrong for certain."""
    for problem in findings:  # noqa: SIM110 (much asked, and a generator costs more than what it looks at)
        if problem[1] not in HARMLESS and _refuses(problem[1]):
            return True
    return False


@cache
def _refuses(code: str) -> bool:
    return kinds()[code].severity in REFUSING


def finding(code: str, path: str = "", **details: Any) -> Findings:
    return [Finding(path, code, details)]


def both(some: Findings | None, others: Findings | None) -> Findings | None:
    """All findings of two checks."""
    if not some or not others:
        return some or others
    return [*some, *others]


def below(step: str, findings: Findings, name: str = "") -> Findings:
    """The findings seen from one level up; those about the element itself, or one of its items, learn its name."""
    raised = []
    for path, code, details in findings:
        if name and "." not in path and "name" not in details:
            details = {**details, "name": name}
        raised.append(_made(Finding, (step + path, code, details)))
    return raised
