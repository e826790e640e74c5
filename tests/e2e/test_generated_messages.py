"""Messages made by chance of the official tables of every version: none breaks the house, none loses a value.

`QIAO_GENERATED=20000` makes the run longer and `QIAO_GENERATED_SEED` another one.
"""

from __future__ import annotations

import os
from collections import Counter
from functools import cache

from adapters.grammar.structures import VERSIONS, _events, _facts
from adapters.pipeline import Prepared
from conformance.transform.presence import Presence
from conformance.transform.retention import LONG, sought
from mappers.messages.dispatch import TABLE
from tests.e2e.test_second_opinion import complaints, prepared, references
from tests.mappers.generated import Made, kinds, messages

COUNT = int(os.environ.get("QIAO_GENERATED", "130"))
SEED = int(os.environ.get("QIAO_GENERATED_SEED", "11"))


@cache
def codes() -> list[tuple[str, str]]:
    """What we translate; `*` is every event that the standard has for the code."""
    found: list[tuple[str, str]] = []
    for code, event in TABLE:
        if event != "*":
            found.append((code, event))
            continue
        named = {name.partition("_")[2] for one in VERSIONS for name in _facts(one)["structures"] if name[:3] == code}
        found += [(code, one) for one in sorted(named | {one for known, one in _events() if known == code}) if one]
    return found


@cache
def day() -> list[tuple[Made, Prepared]]:
    """Every message with what became of it; an exception would end the run here."""
    return [(made, prepared(made.raw)) for made in messages(codes(), COUNT, SEED)]


def test_the_same_seed_makes_the_same_messages() -> None:
    assert [made.raw for made in messages(codes(), 5, 3)] == [made.raw for made in messages(codes(), 5, 3)]


def test_every_version_and_more_than_a_hundred_kinds_are_there() -> None:
    assert {version for version, *_ in kinds(codes())} == set(VERSIONS)
    assert len({(code, event) for _, code, event, _ in kinds(codes())}) > 100


def test_no_value_is_unaccounted_for() -> None:
    assert [made.label for made, one in day() if one.arrival.unaccounted] == []


def test_no_reference_leads_nowhere() -> None:
    wrong = []
    for made, one in day():
        resources = [stated.resource for stated in one.arrival.stated]
        known = {f"{resource['resourceType']}/{resource['id']}" for resource in resources}
        for resource in resources:
            wrong += [(made.label, ref) for ref in references(resource) if ref[:1].isupper() and ref not in known]
    assert wrong == []


def test_nothing_that_we_write_is_invalid() -> None:
    found: Counter[str] = Counter()
    for made, one in day():
        found.update(
            f"{made.label} {issue.expression}" for issue in one.arrival.issues if issue.code == "bundle-invalid"
        )
    assert found == {}


def test_another_implementation_finds_nothing_invalid_either() -> None:
    assert {made.label: found for made, one in day()[:: max(1, COUNT // 40)] if (found := complaints(one))} == {}


def test_ninety_nine_of_a_hundred_values_are_found_again() -> None:
    asked = [
        value
        for _, one in day()
        if one.message is not None and one.mapped is not None and one.arrival.verdict == "AA"
        for value in sought(one.message, Presence(one.mapped.bundle))
        if len(value.value) >= LONG
    ]
    assert len(asked) > 5000
    assert sum(1 for value in asked if value.form) >= 0.99 * len(asked)
