"""The severity of findings at one site: `[findings]` of a layer, and the floor below which none may be put.

What the table of issues calls an error or fatal stops a message for a reason that holds at every site: it is lowered
nowhere, but for the few rows of `finding_floors.csv`. The same table lists the warnings that somebody's safety hangs
on; the rest may be made anything, `ignore` included. Raising a finding is always allowed: a warning made an error
refuses its messages.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, cast

from adapters.site_file import Lines, at
from profiles.issue import REFUSING, Issue, Severity, kinds

Grade = Literal["error", "warning", "information", "ignore"]
GRADES: tuple[Grade, ...] = ("ignore", "information", "warning", "error")
"""From the least."""


@cache
def floors() -> Mapping[str, Grade]:
    """The least grade of the codes that have one of their own."""
    with (Path(__file__).parent / "finding_floors.csv").open(encoding="utf-8", newline="") as file:
        return MappingProxyType({row["code"]: cast(Grade, row["floor"]) for row in csv.DictReader(file)})


def floor(code: str) -> Grade:
    """The least that a site may make of this finding."""
    return floors().get(code) or ("error" if kinds()[code].severity in REFUSING else "ignore")


def check(found: Any, where: str, problems: list[str], lines: Lines) -> dict[str, Grade]:
    """The lines of `[findings]` that may be said; everything else becomes a problem."""
    if not isinstance(found, dict):
        problems.append(f'{where}: must hold lines such as unit-unknown = "information"')
        return {}
    fitting: dict[str, Grade] = {}
    for code, grade in found.items():
        place = at(lines(code))
        if code not in kinds():
            problems.append(f"{where}: unknown finding {code!r}; {_near(code)}{place}")
        elif grade not in GRADES:
            problems.append(f"{where}: {code} must be one of error, warning, information, ignore, not {grade!r}{place}")
        elif GRADES.index(grade) < GRADES.index(floor(code)):
            problems.append(f"{where}: {code} cannot be lowered below {floor(code)}, for the safety of patients{place}")
        else:
            fitting[code] = grade
    return fitting


def _near(code: str) -> str:
    import difflib

    v2 = sorted(one for one, kind in kinds().items() if kind.hl7 or floor(one) != "error")
    close = difflib.get_close_matches(code, v2, 5, 0.4)
    return (
        f"did you mean {', '.join(close)}? docs/reference/issue-codes.md lists them"
        if close
        else ("docs/reference/issue-codes.md lists the valid ones")
    )


def graded(issues: tuple[Issue, ...], grades: Mapping[str, Grade]) -> tuple[Issue, ...]:
    """The issues as the site grades them; those it ignores left out."""
    return tuple(
        Issue(one.code, one.expression, one.location, one.details, cast(Severity, grades[one.code]))
        if one.code in grades
        else one
        for one in issues
        if grades.get(one.code) != "ignore"
    )
