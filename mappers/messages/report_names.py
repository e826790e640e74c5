"""What the reports of one message are known by: filler number, else placer number, with OBR-4.

A number of up to four digits is what an analyser counts from 1 every day: it is one with the patient, or the next day's
sample would take the place of another patient's.
A panel that belongs to a result (OBR-26: the susceptibilities of an organism) is known by that result as well. Panels
that have all this in common are told apart by when and of what sample they are. Those that differ in none of it are one
report, whose results stand side by side; what is said twice is one.
Source: HL7 v2.5.1 4.5.3.26 (OBR-26), 7.3.1.
"""

from __future__ import annotations

from typing import NamedTuple

from mappers.datatypes.order_number import FILLER, PLACER, Number
from mappers.draft import Draft
from mappers.message import NULL
from mappers.messages.order_groups import Group
from mappers.messages.service_request import key_of
from mappers.messages.specimens import barcode
from mappers.messages.told_apart import told_apart

_COUNTED = 4
"""Digits that a counter of samples has at the most."""
Counts = dict[tuple[str, str], int]
"""How often an observation came by code and sub-id; one for all panels of one report."""


class Place(NamedTuple):
    """`value` the report is known by, `""` when nothing but itself tells; `mark` sets it apart from its like."""

    value: str
    mark: str
    counts: Counts


def known_by(key: Number, group: Group) -> str:
    """The number of a report with what was examined, and with the result that was examined further (OBR-26): one number
    often covers several panels, and each of them may be corrected by itself."""
    if group.obr is None:
        return key.value
    code, parent, sub_id = group.obr.get(4), group.obr.get(26), group.obr.get(26, 2)
    told = [code, f"{parent}&{sub_id or ''}" if parent else None]
    return "|".join((key.value, *(text for text in told if text and text != NULL)))


def own_value(key: Number, group: Group, place: Place, patient: str) -> str:
    """What the report goes by, of this patient alone where the number is a counter."""
    value = place.value or known_by(key, group)
    counter = key.value.isdigit() and len(key.value) <= _COUNTED
    return f"{value}|{patient}" if counter else value


def places(groups: list[Group], draft: Draft) -> list[Place]:
    """One for each group, in order."""
    if len(groups) == 1:
        return [Place("", "", {})]
    names = [_name(group, draft) for group in groups]
    values = told_apart(names, [_mark(group) for group in groups], [()] * len(groups))
    told: dict[tuple[str, str], tuple[Counts, set[tuple[str, ...]]]] = {}
    found: list[Place] = []
    for group, (system, name), value in zip(groups, names, values, strict=True):
        if not name:
            found.append(Place("", "", {}))
            continue
        counts, before = told.setdefault((system, value), ({}, set()))
        words = tuple(text for noted in group.observations for text in noted.segment.fields[2:])
        found.append(Place(value, value.removeprefix(name), {} if words in before else counts))
        before.add(words)
    return found


def _name(group: Group, draft: Draft) -> tuple[str, str]:
    key = barcode(group, draft) or key_of(group, draft, FILLER) or key_of(group, draft, PLACER)
    return (key.system, known_by(key, group)) if key is not None else ("", "")


def _mark(group: Group) -> str:
    obr = group.obr
    if obr is None:
        return ""
    sample = group.specimens[0].segment.raw(2) if group.specimens else obr.raw(15)
    return "|".join((obr.raw(26), obr.raw(7), sample))
