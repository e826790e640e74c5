"""An Observation that is a vital sign says so: its category, and the general code beside a more special one.

Whoever uses the code of a vital sign promises its profile (a UCUM unit, a time, a component for each blood pressure).
What cannot keep the promise keeps the code as one of the institution's own, and the message says so: one pulse without
a unit never refuses a report. Source: http://hl7.org/fhir/R4/observation-vitalsigns.html.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mappers.systems import local_codes
from profiles.registry import OWN
from profiles.systems import LOINC, OBSERVATION_CATEGORY
from profiles.vital_signs import general_code, is_vital_sign, profile_of

if TYPE_CHECKING:
    from mappers.draft import Draft, Sheet
    from mappers.message import Leaf

_CATEGORY = {"system": OBSERVATION_CATEGORY, "code": "vital-signs", "display": "Vital Signs"}


def settle(sheet: Sheet, draft: Draft, place: Leaf) -> None:
    """Makes a filled Observation satisfy the profile of its vital sign, or gives up the code; `place` is its OBX-3."""
    body = sheet.body
    concept = body["code"]
    profile = profile_of(concept)
    if not profile:
        return
    promised = {**body, "category": [*body.get("category", ()), {"coding": [_CATEGORY]}]}
    general = {"system": LOINC, "code": general_code(profile)}
    codings = concept["coding"]
    if general["code"] and all((one.get("system"), one["code"]) != (LOINC, general["code"]) for one in codings):
        promised["code"] = {**concept, "coding": [*codings, general]}
    if _kept(promised):
        body["category"], body["code"] = promised["category"], promised["code"]
        return
    own = local_codes(draft.site.institution, "OBX-3")
    body["code"] = {**concept, "coding": [{**one, "system": own} if is_vital_sign(one) else one for one in codings]}
    draft.issue("vital-sign-incomplete", place)


def _kept(observation: dict[str, Any]) -> bool:
    """Whether the profile is satisfied."""
    from profiles.validator.place import top
    from profiles.validator.rules.vital_signs import vital

    return not any(issue.refuses for issue in vital(observation, top(observation, OWN, rigour="strict")))
