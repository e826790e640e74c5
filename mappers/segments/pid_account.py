"""PID-18 -> Account of the patient. Source: HL7 v2.5.1 3.4.2.18; official map PID[Account]."""

from __future__ import annotations

from mappers import systems
from mappers.authority import assigner
from mappers.derived import derived_id
from mappers.draft import Draft, Sheet
from mappers.engine import apply
from mappers.mapped import Weight
from mappers.message import Segment


def account(pid: Segment, subject: Sheet, draft: Draft) -> Sheet | None:
    """The Account of PID-18; `None` without a number."""
    value = pid.first(18)
    number = value.get(1) if value and not value.is_null else None
    if value is None or number is None:
        return None
    found = assigner(draft.site, value, 4)
    system = found.universal or systems.local(found.institution, "account", found.foreign)
    sheet = draft.resource("Account", derived_id("Account", system, number), Weight.STATED, owner=subject.owner)
    sheet.body["subject"] = [{"reference": subject.ref}]
    apply("PID[Account]", pid, sheet, draft)
    return sheet
