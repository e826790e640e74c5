"""GT1 -> RelatedPerson who guarantees the account, and `guarantor` of the Account.

A guarantor who is the patient himself (GT1-11 `SEL`) is the Patient. Id by patient, name and number.
Source: HL7 v2.5.1 6.5.5 (GT1); HL7 has no map of it.
"""

from __future__ import annotations

from mappers.datatypes.placeholder import is_placeholder
from mappers.derived import derived_id
from mappers.draft import Draft, Sheet
from mappers.engine import apply
from mappers.mapped import Weight
from mappers.message import Leaf, Segment

_SELF = frozenset({"SEL", "SELF", "1", "S"})


def guarantors(draft: Draft, subject: Sheet) -> None:
    """The guarantors of the message, into the Account that it states, if any."""
    segments = draft.message.all("GT1")
    if not segments:
        return
    account = next((one for one in draft.sheets.values() if one.type == "Account"), None)
    for gt1 in segments:
        party = _party(gt1, subject, draft)
        if party is not None and account is not None:
            account.add("guarantor", {"party": {"reference": party.ref}})


def _party(gt1: Segment, subject: Sheet, draft: Draft) -> Sheet | None:
    name = gt1.first(3)
    if name is None or name.is_null or is_placeholder(name.get(1)):
        return None
    relation = (gt1.get(11) or "").strip().upper()
    if relation in _SELF:
        leaf = Leaf(gt1.position, 11, 1, 1, 1)
        draft.ledger.note(leaf, "coded", subject.path("id"), "GT1[RelatedPerson]#GT1-11")
        return subject
    identity = derived_id("RelatedPerson", subject.ref, f"{name.raw}|{gt1.get(2) or relation}|guarantor")
    sheet = draft.resource("RelatedPerson", identity, Weight.STATED)
    sheet.body["patient"] = {"reference": subject.ref}
    apply("GT1[RelatedPerson]", gt1, sheet, draft)
    return sheet
