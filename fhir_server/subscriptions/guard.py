"""What is checked before a Subscription is taken in: a client asks, only the server says that it is active."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fhir_server.security.scope import Scope
from fhir_server.subscriptions.subscription import read
from profiles.issue import Issue

Check = Callable[[Mapping[str, Any], str, Scope], tuple[Issue, ...]]
_ASKED = frozenset({"requested", "off"})


def guard(endpoints: Sequence[str], clock: Callable[[], int]) -> Check:
    """The check of a Subscription that a caller with this scope writes for that owner."""

    def check(resource: Mapping[str, Any], owner: str, scope: Scope) -> tuple[Issue, ...]:
        issues: list[Issue] = []
        if resource.get("status") not in _ASKED:
            issues.append(Issue("subscription-status", "Subscription.status"))
        if not scope.allows(owner):
            # Events are told under the scope of the owner: it must not be wider than the caller's.
            issues.append(Issue("subscription-owner", "Subscription"))
        found = read(resource, clock(), endpoints)
        return (*issues, *found) if isinstance(found, tuple) else tuple(issues)

    return check
