"""PID-18 -> Account of the patient; MRG-3 -> the Account that a merge ends.

Source: HL7 v2.5.1 3.4.2.18, 3.4.10.3; official maps PID[Account], MRG[Account].
"""

from __future__ import annotations

from mappers import systems
from mappers.authority import assigner
from mappers.derived import derived_id
from mappers.draft import Draft, Sheet
from mappers.engine import apply
from mappers.mapped import Weight
from mappers.message import Segment, Value


def account(pid: Segment, subject: Sheet, draft: Draft) -> Sheet | None:
    """The Account of PID-18; `None` without a number."""
    sheet = _begun(pid.first(18), subject, draft, Weight.STATED)
    if sheet is not None:
        apply("PID[Account]", pid, sheet, draft)
    return sheet


def prior_account(mrg: Segment, gone: Sheet, draft: Draft) -> Sheet | None:
    """The Account of MRG-3, only mentioned: what a message about the account itself said of its status, stays."""
    sheet = _begun(mrg.first(3), gone, draft, Weight.MENTION)
    if sheet is not None:
        apply("MRG[Account]", mrg, sheet, draft)
    return sheet


def _begun(value: Value | None, subject: Sheet, draft: Draft, weight: Weight) -> Sheet | None:
    number = value.get(1) if value is not None and not value.is_null else None
    if value is None or number is None:
        return None
    found = assigner(draft.site, value, 4)
    system = found.universal or systems.local(found.institution, "account", found.foreign)
    sheet = draft.resource("Account", derived_id("Account", system, number), weight, owner=subject.owner)
    sheet.body["subject"] = [{"reference": subject.ref}]
    return sheet
