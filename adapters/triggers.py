"""Custom triggers: `[triggers]` of a layer says which event of the standard a sender means by its own.

`"ADT^ZP1" = "ADT^A08"`: the message is read by the rules of the right side; MSH-9 stays as it was sent, in the journal,
in the Provenance and in the acknowledgement.
"""

from __future__ import annotations

import re
from typing import Any

from adapters.site_file import Lines, at
from mappers.messages.dispatch import TABLE

_TRIGGER = re.compile(r"\A[A-Z][A-Z0-9]{2}(?:\^[A-Z0-9]{3})?\Z")


def check(found: Any, where: str, problems: list[str], lines: Lines) -> dict[str, str]:
    """The lines whose left side is a trigger and whose right side is one that is translated."""
    if not isinstance(found, dict):
        problems.append(f'{where}: must hold lines such as "ADT^ZP1" = "ADT^A08"')
        return {}
    fitting: dict[str, str] = {}
    for sent, meant in found.items():
        place = at(lines(sent))
        if not _TRIGGER.match(sent):
            problems.append(f"{where}: {sent!r} is no trigger such as ADT^ZP1{place}")
        elif not isinstance(meant, str) or not is_known(meant):
            problems.append(f"{where}: {sent} must be one of {_valid()}, not {meant!r}{place}")
        else:
            fitting[sent] = meant
    return fitting


def is_known(meant: str) -> bool:
    """Whether it is a code and an event that are translated."""
    code, _, event = meant.partition("^")
    return bool(event) and _TRIGGER.match(meant) is not None and ((code, event) in TABLE or (code, "*") in TABLE)


def _valid() -> str:
    return ", ".join(sorted(f"{code}^{event}" for code, event in TABLE))
