"""What a site's `codes.csv` may say: which tables there are, and which targets each of them knows.

The tables themselves belong to the mappers; a row that names no table, or maps to what its table does not know, would
be silently without effect, and is therefore a problem.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from functools import cache
from types import MappingProxyType

from mappers.codes import FOLDER
from mappers.codes import table as vocabulary
from mappers.identifier_kind import kinds
from mappers.messages.interpretation import ERROR
from mappers.service_section import sections

_STATES = (
    "order-control",
    "order-status",
    "report-status",
    "observation-status",
    "referral-status",
    "appointment-status",
    "document-availability",
)
"""Tables of states: a site maps its codes to the codes of `mappers/tables/<name>.csv`."""


@cache
def _own_tables() -> Mapping[str, frozenset[str]]:
    """Our other tables and what a site may map to in each; nothing listed means anything."""
    return MappingProxyType(
        {
            "service-category": frozenset(sections()),
            "abnormal-flag": frozenset(vocabulary("InterpretationCodes").targets) | {ERROR},
            "referral-direction": frozenset({"up", "down", "lateral"}),
            "referral-role": frozenset({"RP", "RT"}),
            "conclusion": frozenset(),
            "unit": frozenset(),
        }
    )


@cache
def _vocabularies() -> frozenset[str]:
    return frozenset(path.stem for path in FOLDER.glob("*.csv")) | set(_STATES) | set(_own_tables())


@cache
def _targets(name: str) -> frozenset[str]:
    """What a site may map to in that table; empty when the table lists nothing."""
    if name in _own_tables():
        return _own_tables()[name]
    if name not in _STATES:
        return frozenset(vocabulary(name).targets)
    with (FOLDER.parent / f"{name.replace('-', '_')}.csv").open(encoding="utf-8", newline="") as rows:
        return frozenset(row["code"] for row in csv.DictReader(rows))


def check_kind(kind: str, where: str, problems: list[str]) -> None:
    if kind not in kinds():
        problems.append(f"{where}: {kind!r} is no kind of identifier; valid are {_list(kinds())}")


def tables() -> tuple[str, ...]:
    """The names that stand in the first column of `codes.csv`."""
    return ("identifier-type", *sorted(_vocabularies()))


def check_row(table: str, target: str, where: str, problems: list[str]) -> None:
    """One row of a `codes.csv`."""
    if table == "identifier-type":
        check_kind(target, where, problems)
    else:
        check_code(table, target, where, problems)


def check_code(table: str, target: str, where: str, problems: list[str]) -> None:
    """A site maps to a code of the table, or outside of it to `system|code`."""
    if table not in _vocabularies():
        problems.append(f"{where}: unknown table {table!r}; valid tables are identifier-type, {_list(_vocabularies())}")
    elif "|" not in target and (known := _targets(table)) and target not in known:
        problems.append(f"{where}: {target!r} is no code of {table}; valid are {_list(known)}, or system|code")


def _list(words: Iterable[str]) -> str:
    return ", ".join(sorted(words))
