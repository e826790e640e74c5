"""Whether the segment map of an official message row is at work in a message of that structure."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.coverage.claims import claims
from conformance.coverage.official import OfficialRow, official
from tests.conformance.coverage_bench import case, problem

_OURS = {"OBSERVATION.NTE": "NTE[Observation]"}
"""The official map names NTE[ServiceRequest] for the notes of observations: ours are of the observation."""


def rows() -> Iterator[OfficialRow]:
    return (row for row in official() if row.kind == "messages")


def works(row: OfficialRow) -> bool:
    """Whether a value of a segment that the row maps arrives, in a message of the row's structure."""
    own = next((ours for end, ours in _OURS.items() if row.id.endswith(end) and row.datatype[:4] == "NTE["), "")
    wanted = {row.datatype, own}
    for one in official():
        if one.kind == "segments" and one.map in wanted:
            for claim in claims().get(one.key, ()):
                if not problem(case(one, claim), row.map):
                    return True
    return False
