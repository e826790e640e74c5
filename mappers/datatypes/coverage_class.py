"""CWE -> Coverage.class of the kind plan: the code of an insurance plan is no number of anybody's insurance.

Source: HL7 v2.5.1 6.5.6.2 (IN1-2); FHIR R4 coverage-definitions.html#Coverage.class. The official map makes the plan an
identifier of the Coverage, which all who are in the plan would share.
"""

from __future__ import annotations

from typing import Any

from mappers.use import Repetition, Use

PLAN = {
    "coding": [{"system": "http://terminology.hl7.org/CodeSystem/coverage-class", "code": "plan", "display": "Plan"}]
}


def plan(value: Repetition, use: Use) -> dict[str, Any] | None:
    """CWE[Coverage.class]: the code of the plan (its name when there is no code) and its name."""
    name = use.said(2)
    code = use.take(1, "value") or use.take(2, "value")
    if not code:
        return None
    found: dict[str, Any] = {"type": {"coding": [dict(PLAN["coding"][0])]}, "value": code}
    if name:
        found["name"] = name
        use.leaf(2, "name")
    return found
