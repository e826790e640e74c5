"""Why a patch was not applied. Raised inside an engine, turned into Issues at its door: an engine is a deep walk."""

from __future__ import annotations

from profiles.issue import Issue

MOST_OPERATIONS = 1000
"""Operations of one patch."""


class PatchError(Exception):
    """`code` is one of the issue table; `why` names the operation and the reason, never a value."""

    def __init__(self, why: str, code: str = "patch-failed", more: tuple[Issue, ...] = ()) -> None:
        super().__init__(why)
        self.issues = (Issue(code, details={"why": why}), *more)


class PatchMalformed(PatchError):
    """The patch is none."""

    def __init__(self, why: str, more: tuple[Issue, ...] = ()) -> None:
        super().__init__(why, "patch-malformed", more)
