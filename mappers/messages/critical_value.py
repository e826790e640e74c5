"""A critical result (HH, LL, AA) -> Communication: the beginning of the critical-value loop.

It says that a critical result was reported, by whom, about whom and when; reading back, taking charge and treating are
later statements of others. Source: FHIR R4 communication.html; HL7 table 0078.
"""

from __future__ import annotations

from typing import Any

from mappers.derived import derived_id
from mappers.draft import Draft, Sheet
from mappers.messages.observations import Observed
from mappers.messages.subject import Subject
from mappers.systems import CANONICAL

CATEGORY = f"{CANONICAL}/CodeSystem/communication-category"
_LIVING = frozenset({"preliminary", "final", "amended", "corrected"})


def alarm(
    observed: Observed, report: Sheet, about: Subject, recipient: dict[str, Any] | None, sent: str, draft: Draft
) -> Sheet | None:
    """The Communication of a critical result, `None` for any other. A revoked result revokes its alarm."""
    if not observed.flags.critical:
        return None
    result = observed.sheet
    sheet = draft.resource("Communication", derived_id("Communication", "critical-value", result.ref), result.weight)
    body = sheet.body
    body["status"] = "in-progress" if observed.status in _LIVING else "entered-in-error"
    body["category"] = [{"coding": [{"system": CATEGORY, "code": "critical-value"}]}]
    body["priority"] = "stat"
    about.write(sheet)
    body["about"] = [{"reference": result.ref}, {"reference": report.ref}]
    body["sent"] = sent
    if "performer" in report.body:
        body["sender"] = report.body["performer"][0]
    if recipient is not None:
        body["recipient"] = [recipient]
    return sheet
