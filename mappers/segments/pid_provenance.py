"""PID-33, PID-34 -> Provenance of the Patient: when and by whom the sender's record was last changed.

Id by patient, time and facility: the same change said by many messages is one. Source: HL7 v2.5.1 3.4.2.33, 3.4.2.34;
official map PID[Provenance-Patient].
"""

from __future__ import annotations

from mappers.derived import derived_id
from mappers.draft import Draft, Sheet
from mappers.engine import apply
from mappers.message import NULL, Segment
from mappers.organization import institution


def last_update(pid: Segment, subject: Sheet, draft: Draft) -> Sheet | None:
    """The Provenance of the last change; `None` when PID speaks of none."""
    said = [text for field in (33, 34) if (text := pid.get(field)) and text != NULL]
    if not said:
        return None
    sheet = draft.resource("Provenance", derived_id("Provenance", subject.ref, "|".join(said)), owner=subject.owner)
    sheet.body["target"] = [{"reference": subject.ref}]
    apply("PID[Provenance-Patient]", pid, sheet, draft)
    sheet.body.setdefault("recorded", draft.event_time)
    sheet.body.setdefault("agent", [{"who": {"reference": institution(subject.owner, draft).ref}}])
    return sheet
