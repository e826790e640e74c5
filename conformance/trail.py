"""The command lines that list what a number counts. A report is only as good as the way back to its messages."""

from __future__ import annotations

import shlex

from conformance.count import OTHER, Find
from conformance.period import Period


def nothing(_: tuple[str, ...]) -> str:
    """No single filter lists these: the ids are the way."""
    return ""


def journal(period: Period, sites: tuple[str, ...], *options: str) -> Find:
    """`qiao search journal` with one option for each level of the path; `options` name them, `-` none."""
    where = "".join(f" --site {shlex.quote(site)}" for site in sites)

    def find(path: tuple[str, ...]) -> str:
        if OTHER in path:
            return ""
        given = [(option, key) for option, key in zip(options, path, strict=False) if option != "-"]
        said = "".join(f" --{option} {shlex.quote(key)}" for option, key in given if key not in ("none", "?"))
        return f"qiao search journal{where}{said}{period.options()}"

    return find
