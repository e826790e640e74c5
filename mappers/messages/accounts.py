"""BAR^P01 … P12, DFT^P03, P11 -> Account, Coverage, Condition, Procedure, ChargeItem.

A message of the billing office about a patient and a visit that registration has stated: both stay mentions. A charge
(FT1-6 `CG`, `CO` or empty) is a ChargeItem; payments, credits and adjustments have no resource in R4 and are carried.
P06 (end account) makes the Account inactive. Source: HL7 v2.5.1 6.4, 6.5.1 (FT1); HL7 has no map of them.
"""

from __future__ import annotations

from mappers import systems
from mappers.derived import derived_id
from mappers.draft import Draft, Sheet
from mappers.engine import apply
from mappers.finish import finish
from mappers.mapped import Mapped, Weight
from mappers.message import Leaf, Segment
from mappers.messages.subject import Subject, absent, subject
from mappers.messages.surroundings import observations, surround
from mappers.segments.dg1_condition import conditions
from mappers.segments.pid_account import account
from mappers.segments.pr1_procedure import procedures

EVENTS = (
    *(("BAR", event) for event in ("P01", "P02", "P05", "P06", "P10", "P12")),
    ("DFT", "P03"),
    ("DFT", "P11"),
)
_CHARGES = frozenset({"", "CG", "CO"})


def translate(draft: Draft) -> Mapped:
    """One message about an account."""
    message = draft.message
    pid = message.first("PID")
    about = subject(draft, pid, message.first("PV1"))
    if about is None or pid is None:
        return finish(draft)
    patient, visit = about.patient, about.encounter
    book = account(pid, patient, draft)
    if book is not None and message.event == "P06":
        book.body["status"] = "inactive"
    surround(draft, about)
    _insured(book, draft)
    conditions(draft, patient, visit)
    procedures(draft, patient, visit)
    observations(draft, about)
    for ft1 in message.all("FT1"):
        _charge(ft1, about, book, draft)
    return finish(draft, patient=patient.id)


def _insured(book: Sheet | None, draft: Draft) -> None:
    """The Coverages that pay for the account, in the order of their segments."""
    if book is None:
        return
    for rank, one in enumerate((one for one in draft.sheets.values() if one.type == "Coverage"), 1):
        book.add("coverage", {"coverage": {"reference": one.ref}, "priority": rank})


def _charge(ft1: Segment, about: Subject, book: Sheet | None, draft: Draft) -> None:
    kind = (ft1.get(6) or "").strip('"').upper()
    if kind not in _CHARGES:
        return
    number = ft1.get(2)
    told = "|".join(ft1.raw(field) for field in (1, 4, 7, 25))
    own = number or f"{about.patient.id}|{told}"
    system = systems.local(draft.site.institution, "transaction")
    sheet = draft.resource("ChargeItem", derived_id("ChargeItem", system, own), Weight.STATED)
    body = sheet.body
    body["status"] = "billable"
    if kind:
        draft.ledger.note(Leaf(ft1.position, 6, 1, 1, 1), "coded", sheet.path("status"), "FT1[ChargeItem]#FT1-6")
    body["subject"] = {"reference": about.patient.ref}
    if about.encounter is not None:
        body["context"] = {"reference": about.encounter.ref}
    if book is not None:
        body["account"] = [{"reference": book.ref}]
    apply("FT1[ChargeItem]", ft1, sheet, draft)
    body.setdefault("code", absent())
