"""PV1 and PV2 -> Encounter.

Its id follows from the visit number (PV1-19, else 50) and its authority; without one, from patient, class and admission
time; else there is no Encounter, because nobody could find it again. The class must be known (an unmapped PV1-2
refuses a message about the visit; a message that only mentions the visit goes without it); the status follows from
the event or from PV1 itself, never from a guess. A visit belongs to the house whose number it has, else to the house
whose patient it is: a centre that reports a result did not admit anybody.
Source: HL7 v2.5.1 3.4.3 (PV1); official maps PV1[Encounter], PV2[Encounter], code map Event[EncounterStatus].
"""

from __future__ import annotations

from mappers import dtm, systems
from mappers.authority import assigner
from mappers.codes import Coded, lookup
from mappers.derived import derived_id
from mappers.draft import Draft, Sheet
from mappers.dtm import later
from mappers.engine import apply
from mappers.identifier_kind import kind_of, kinds
from mappers.mapped import Weight
from mappers.message import NULL, Leaf, Segment
from mappers.organization import institution

PLANNED = "PRENC"


def encounter(
    pv1: Segment, subject: Sheet, draft: Draft, weight: Weight = Weight.STATED, status: str = "", start: str = ""
) -> Sheet | None:
    """The Encounter of a PV1 with all that it says; `None` when the visit cannot be identified or has no class.

    `status` is what the event says; `start` an admission time for visits that have neither number nor PV1-44.
    """
    found = _identity(pv1, subject, draft, start)
    if found is None:
        return None
    identity, house = found
    sheet = draft.resource("Encounter", identity, weight, owner=house)
    sheet.body["subject"] = {"reference": subject.ref}
    apply("PV1[Encounter]", pv1, sheet, draft)
    if weight is Weight.MENTION:
        _placed(sheet)
    if "class" not in sheet.body:
        _without_class(sheet, pv1, draft, weight)
        return None
    sheet.body["status"] = status or _status(sheet, pv1, draft)
    sheet.body["serviceProvider"] = {"reference": institution(house, draft).ref}
    _ordered_period(sheet, pv1, draft)
    if pv1.get(40):
        _bed_status(sheet, pv1, draft)
    return sheet


def _identity(pv1: Segment, subject: Sheet, draft: Draft, start: str) -> tuple[str, str] | None:
    """The id of the visit, and the institution it belongs to."""
    for field in (19, 50):
        for value in pv1.values(field):
            number = value.get(1)
            if number is None or number == NULL:
                continue
            found = assigner(draft.site, value, 4)
            kind = kind_of(draft.site, value.get(5)) if value.get(5) else kinds()["visit-no"]
            system = found.universal or systems.local(found.institution, kind.name, found.foreign)
            house = found.institution if value.get(4) else subject.owner
            return derived_id("Encounter", system, number.strip()), house
    told = pv1.get(44)
    moment = (dtm.instant(told, draft.site.offset) if told else None) or start
    if not moment or not pv1.get(2):
        return None
    return derived_id("Encounter", subject.ref, f"{pv1.get(2)}|{moment}"), subject.owner


def _status(sheet: Sheet, pv1: Segment, draft: Draft) -> str:
    """Of a message that is no event of the visit: what PV1 itself shows."""
    if "end" in sheet.body.get("period", {}):
        _coded(pv1, 45, sheet, draft, "PV1[Encounter]#PV1-45.b")
        return "finished"
    _coded(pv1, 2, sheet, draft, "PV1[Encounter]#PV1-2.b")
    found = lookup(draft.site, "PatientClass[EncounterStatus]", pv1.get(2) or "")
    if isinstance(found, Coded):
        return found.code
    return "planned" if sheet.body["class"].get("code") == PLANNED else "in-progress"


def _coded(pv1: Segment, field: int, sheet: Sheet, draft: Draft, rule: str) -> None:
    draft.ledger.note(Leaf(pv1.position, field, 1, 1, 1), "coded", sheet.path("status"), rule)


def _bed_status(sheet: Sheet, pv1: Segment, draft: Draft) -> None:
    """PV1-40: the state of the room or bed of PV1-3."""
    found = lookup(draft.site, "BedStatus", pv1.get(40) or "")
    if not isinstance(found, Coded) or not (pv1.get(3, 2) or pv1.get(3, 3)):
        return
    place = draft.sheets["Location", sheet.body["location"][0]["location"]["reference"].partition("/")[2]]
    place.body["operationalStatus"] = {"system": found.system, "code": found.code, "display": found.display}
    leaf = Leaf(pv1.position, 40, 1, 1, 1)
    draft.ledger.note(leaf, "coded", place.path("operationalStatus.code"), "PV1[Encounter]#PV1-40")


def _placed(sheet: Sheet) -> None:
    """A message that only mentions the visit tells places, but not where the patient is now: a result is on its way
    for hours, and must not add a second active place to the one of the ADT."""
    for place in sheet.body.get("location", ()):
        place.pop("status", None)


def _without_class(sheet: Sheet, pv1: Segment, draft: Draft, weight: Weight) -> None:
    """No class, no Encounter: what was begun is taken back, and its leaves are carried by the Provenance."""
    del draft.sheets["Encounter", sheet.id]
    draft.forget(sheet)
    if pv1.get(2) and weight > Weight.MENTION:
        draft.issue("code-unmapped-refused", "PV1-2", table="PatientClass[EncounterClass]")


def _ordered_period(sheet: Sheet, pv1: Segment, draft: Draft) -> None:
    period = sheet.body.get("period", {})
    if "start" in period and "end" in period and later(period["start"], period["end"]):
        draft.issue("date-order", "PV1-45")
        del period["end"]
        draft.forget(sheet, "period.end")
