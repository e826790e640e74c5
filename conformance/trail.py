"""The command lines that list what a number counts. A report is only as good as the way back to its messages.

`qiao report --behind NAME --behind KEY …` counts again and prints every id behind one number; `qiao show` shows one.
"""

from __future__ import annotations

import shlex

from conformance.count import OTHER, Find
from conformance.facts import ALL
from conformance.period import Period


def behind(institution: str, period: Period, name: str) -> Find:
    """The command for each path below the tally of that name."""
    where = "" if institution == ALL else f" --institution {shlex.quote(institution)}"
    start = f"qiao report{where}{period.options()} --behind {name}"

    def find(path: tuple[str, ...]) -> str:
        return "" if OTHER in path else start + "".join(f" --behind {shlex.quote(key)}" for key in path)

    return find
