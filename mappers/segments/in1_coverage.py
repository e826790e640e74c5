"""IN1 -> Coverage. Id by patient, plan, company and policy number.

A Coverage needs a payer: by name (IN1-4), else by company number (IN1-3); an IN1 with neither is left out and said.
Source: HL7 v2.5.1 6.5.6; official map IN1[Coverage].
"""

from __future__ import annotations

from mappers.authority import authority
from mappers.derived import derived_id
from mappers.draft import Draft, Sheet
from mappers.engine import apply
from mappers.mapped import Weight
from mappers.message import NULL, Leaf, Segment
from mappers.organization import organization


def coverages(draft: Draft, subject: Sheet) -> list[Sheet]:
    """The Coverages of the message."""
    found: list[Sheet] = []
    for in1 in draft.message.all("IN1"):
        company, name = _said(in1, 3), _said(in1, 4)
        if not company and not name:
            if _said(in1, 2):
                draft.issue("resource-left-out", "IN1-4", type="Coverage", element="payor")
            continue
        identity = "|".join((_said(in1, 2), company or name, _said(in1, 36)))
        sheet = draft.resource("Coverage", derived_id("Coverage", subject.ref, identity), Weight.STATED)
        sheet.body["beneficiary"] = {"reference": subject.ref}
        apply("IN1[Coverage]", in1, sheet, draft)
        if company:
            _company(in1, sheet, draft, company)
        found.append(sheet)
    return found


def _said(in1: Segment, field: int) -> str:
    text = in1.get(field)
    return "" if text is None or text == NULL else text.strip()


def _company(in1: Segment, sheet: Sheet, draft: Draft, code: str) -> None:
    """IN1-3: the number of the payer; IN1-4 is then its name."""
    found = authority(draft.site, in1.get(3, 4), in1.get(3, 4, 2), in1.get(3, 4, 3))
    name = _said(in1, 4)
    payer = organization(code, name or None, draft, found.foreign)
    if payer is None:
        return
    sheet.body["payor"] = [{"reference": payer.ref, "display": payer.body["name"]}]
    if "identifier" in payer.body:
        _note(draft, in1, 3, payer.path("identifier[0].value"))
    if name and payer.body["name"] == name:
        _note(draft, in1, 4, payer.path("name"))


def _note(draft: Draft, in1: Segment, field: int, place: str) -> None:
    leaf = Leaf(in1.position, field, in1.values(field)[0].repetition, 1, 1)
    draft.ledger.note(leaf, "stored", place, f"IN1[Coverage]#IN1-{field}")
