"""Observation: a vital sign satisfies the vital signs profile of its code, whether it claims to or not.

Law: what the profile says is the profile's to say, and `profiles.vital_signs` which codes are which vital sign.
Source: http://hl7.org/fhir/R4/observation-vitalsigns.html ("SHALL conform").
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from profiles.issue import Issue
from profiles.validator.item import Item
from profiles.validator.place import Place
from profiles.vital_signs import profile_of


def vital(observation: dict[str, Any], place: Place) -> Iterable[Issue]:
    """What the vital signs profile of its code has against an Observation; LOINC decides before SNOMED CT."""
    best = profile_of(observation.get("code", {}))
    return _held(best, observation, place) if best else ()


def _held(url: str, observation: dict[str, Any], place: Place) -> Iterator[Issue]:
    claimed = observation.get("meta", {}).get("profile", ())
    if url in claimed:
        return  # asked anyway
    from profiles.validator.profile import profile_findings

    for problem in profile_findings(url, Item(observation, None, "", "Observation"), place):
        if place.strict:
            yield Issue(problem.code, place.expression + problem.path, details=problem.details)
        else:  # it does not claim the profile: a pulse without its category is still a pulse
            yield Issue("advised", place.expression + problem.path, details={"code": problem.code})
