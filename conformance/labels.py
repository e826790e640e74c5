"""What keys are called in both languages: `labels.csv`, the issue table, the names of the institutions.

A key without a label is shown as it is.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from conformance.count import OTHER, Name, Text
from mappers.site import Institution
from profiles.issue import kinds

_OTHER = Text("其余各项", "All others")
_CODED = frozenset({"type", "resource"})
"""Sets whose key is itself a name people look for: the label stands behind it."""


@cache
def _labels() -> Mapping[tuple[str, str], Text]:
    with (Path(__file__).parent / "labels.csv").open(encoding="utf-8", newline="") as table:
        rows = {(row["set"], row["key"]): Text(row["zh"], row["en"]) for row in csv.DictReader(table)}
    return MappingProxyType(rows)


def label(kind: str) -> Name:
    """The names of one set of keys."""

    def name(key: str) -> Text:
        if key == OTHER:
            return _OTHER
        found = _labels().get((kind, key))
        if found is None:
            return Text(key, key)
        if kind not in _CODED or key == "?":
            return found
        return Text(f"{key} {found.zh}", key if found.en == key else f"{key} {found.en}")

    return name


def issue(code: str) -> Text:
    """The sentence of an issue code; it is about all messages, so the place in it becomes `a field`, the rest `…`."""
    kind = kinds().get(code)
    if kind is None:
        return _OTHER if code == OTHER else Text(code, code)
    return Text(_open(kind.zh.replace("{location} ", "字段")), _open(kind.en.replace("{location}", "a field")))


def plain(key: str) -> Text:
    return _OTHER if key == OTHER else Text(key, key)


def institutions(known: Mapping[str, Institution]) -> Name:
    """The names of the members of the consortium; a member has one name in both languages."""
    other = label("institution")

    def name(code: str) -> Text:
        found = known.get(code)
        return Text(found.name, found.name) if found and code != "unregistered" else other(code)

    return name


def _open(template: str) -> str:
    while "{" in template:
        before, _, rest = template.partition("{")
        template = before + "…" + rest.partition("}")[2]
    return template


def named(level: str) -> Name:
    """The names of one level of a tally: a set of `labels.csv`, `issue`, or `plain`."""
    special: Mapping[str, Name] = {"issue": issue, "plain": plain}
    return special.get(level) or label(level)


@cache
def order(kind: str) -> tuple[str, ...]:
    """The keys of a set, as the table has them: the order of legends."""
    return tuple(key for found, key in _labels() if found == kind)
