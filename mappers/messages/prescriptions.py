"""OMP^O09, RDE^O11, RDE^O25, RGV^O15 -> MedicationRequest; RDS^O13 -> MedicationDispense.

One request an order number (placer, else filler); medicines that share a number go by number and code; an order without
any number by patient, medicine and time, so that a replay finds it. RXE (what the pharmacy encoded) goes before RXO
(what was asked for). A dispense names the request that authorises it, as a mention.
Source: HL7 v2.5.1 4.13; V2-to-FHIR ORM_O01 (RXO), RXO, RXR and TQ1[MedicationRequest]; RXE, RXC, RXD and RXG are ours.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from mappers import path, systems
from mappers.datatypes.order_number import FILLER, PLACER, Number, number
from mappers.datatypes.timing_bounds import bounds
from mappers.derived import derived_id
from mappers.draft import Draft, Sheet
from mappers.dtm import later
from mappers.engine import apply
from mappers.finish import finish
from mappers.mapped import Mapped, Weight
from mappers.message import Leaf, Message, Segment
from mappers.messages.notes import annotate
from mappers.messages.observations import Panel, observe
from mappers.messages.order_groups import Group, Noted
from mappers.messages.service_request import state
from mappers.messages.subject import Subject, absent, subject
from mappers.messages.surroundings import alone, surround
from mappers.messages.told_apart import told_apart
from mappers.order_state import ResultState, weight
from mappers.segments.orc_provenance import order_provenance
from mappers.segments.rxc_medication import FIELDS, medication

EVENTS = (
    ("OMP", "O09"),
    ("RDE", "O01"),
    ("RDE", "O11"),
    ("RDE", "O25"),
    ("RDE", "O49"),
    ("RDS", "O01"),
    ("RDS", "O13"),
    ("RGV", "O01"),
    ("RGV", "O15"),
)
DETAILS = frozenset(FIELDS)
"""The segments that make an order one for medicine."""
_STATUS = {"draft": "draft", "active": "active", "on-hold": "on-hold", "completed": "completed", "revoked": "cancelled"}
_STOPPED = frozenset({"DC", "OD", "DR", "DE"})
"""ORC-1 that end an order which had begun (R4 stopped, not cancelled)."""
_UNTOLD = ResultState("unknown", "unknown")


@dataclass(slots=True)
class Prescribed:
    """One ORC and what belongs to it."""

    orc: Segment | None = None
    details: dict[str, Segment] = field(default_factory=dict)
    components: list[Segment] = field(default_factory=list)
    routes: list[Segment] = field(default_factory=list)
    timings: list[Segment] = field(default_factory=list)
    notes: list[Segment] = field(default_factory=list)
    observations: list[Noted] = field(default_factory=list)

    @property
    def what(self) -> str:
        """The code (else the name) of the medicine, as the most binding segment has it."""
        for name in ("RXG", "RXD", "RXE", "RXO"):
            segment = self.details.get(name)
            if segment is not None and (found := segment.get(FIELDS[name].code) or segment.get(FIELDS[name].code, 2)):
                return found
        return ""

    @property
    def told(self) -> tuple[str, ...]:
        """All that it says of an order: two that say the same are one, as are the orders behind several dispenses."""
        if "RXD" in self.details:
            return ()
        return tuple(one.text for one in (*self.details.values(), *self.components, *self.routes, *self.timings))


def translate(draft: Draft) -> Mapped:
    """The prescriptions, dispenses or instructions of a message."""
    message = draft.message
    groups = walk(message)
    about = subject(draft, message.first("PID"), message.first("PV1"))
    if about is None:
        return finish(draft)
    if not groups:
        return alone(draft, about, "ORC")
    surround(draft, about)
    first: Number | None = None
    names = [_own(group, _number(group.orc, draft), about, draft) for group in groups]
    values = told_apart(names, _marks(groups), [group.told for group in groups])
    for group, (system, _), value in zip(groups, names, values, strict=True):
        draft.group = {one.name: one for one in (group.orc, *group.details.values(), *group.timings[:1]) if one}
        write = _dispense if "RXD" in group.details else prescribe
        found = write(group, (system, value), about, draft)
        first = first or found
    key = f"{first.system}|{first.value}" if first else ""
    return finish(draft, patient=about.patient.id, order_key=key)


def walk(message: Message) -> list[Prescribed]:
    """The orders of a message."""
    groups: list[Prescribed] = []
    last: list[Segment] | None = None
    for segment in message.segments:
        name = segment.name
        if name == "ORC" or (name in DETAILS and (not groups or name in groups[-1].details)):
            groups.append(Prescribed(orc=None if name == "ORC" or not groups else groups[-1].orc))
        if groups:
            last = _take(segment, groups[-1], last)
    return groups


def _take(segment: Segment, group: Prescribed, last: list[Segment] | None) -> list[Segment] | None:
    match segment.name:
        case "ORC":
            group.orc = segment
        case "RXO" | "RXE" | "RXD" | "RXG":
            group.details[segment.name] = segment
        case "RXC":
            group.components.append(segment)
        case "RXR":
            group.routes.append(segment)
        case "TQ1":
            group.timings.append(segment)
        case "OBX":
            noted = Noted(segment)
            group.observations.append(noted)
            return noted.notes
        case "NTE" if last is not None:
            last.append(segment)
            return last
        case _:
            return last
    return group.notes


def _number(orc: Segment | None, draft: Draft) -> Number | None:
    if orc is None:
        return None
    return number(draft, orc.first(2), PLACER) or number(draft, orc.first(3), FILLER)


def _own(group: Prescribed, key: Number | None, about: Subject, draft: Draft) -> tuple[str, str]:
    """System and value of what the id follows from."""
    given = group.details.get("RXG")
    part = f"|give|{given.get(1) or ''}|{given.get(2) or ''}" if given is not None else ""
    if key is not None:
        return key.system, f"{key.value}{part}"
    told = group.orc.get(9) if group.orc is not None else None
    return systems.local(draft.site.institution, "prescription"), f"{about.patient.id}|{group.what}|{told or ''}{part}"


def _marks(groups: list[Prescribed]) -> list[str]:
    """The medicine of each order. What is dispensed under one ORC is of one order, whatever the product."""
    first: dict[int, str] = {}
    return [
        first.setdefault(group.orc.position, group.what) if "RXD" in group.details and group.orc else group.what
        for group in groups
    ]


def prescribe(group: Prescribed, name: tuple[str, str], about: Subject, draft: Draft) -> Number | None:
    """The MedicationRequest of one order, known by `name`. Comes back with its number."""
    key, (system, own) = _number(group.orc, draft), name
    found = state(Group(orc=group.orc), draft).request
    sheet = draft.resource("MedicationRequest", derived_id("MedicationRequest", system, own), weight(found))
    body = sheet.body
    body["status"] = _status(group, found, sheet, draft)
    about.write(sheet)
    if group.orc is not None:
        apply("ORC[MedicationRequest]", group.orc, sheet, draft, _first())
    for segment in ("RXG", "RXE", "RXO"):
        if (detail := group.details.get(segment)) is not None:
            medication(detail, group.components, sheet, draft)
            apply(f"{segment}[MedicationRequest]", detail, sheet, draft, _first())
    _instructions(group, sheet, draft)
    body["intent"] = "instance-order" if "RXG" in group.details else body.get("intent", "order")
    if "medicationReference" not in body:
        body.setdefault("medicationCodeableConcept", absent())
    if "identifier" not in body and key is not None:
        body["identifier"] = [{"system": key.system, "value": key.value}]
    annotate(group.notes, sheet, draft)
    _informed(group, own, about, sheet, draft)
    if group.orc is not None:
        order_provenance(group.orc, sheet, draft)
    return key


def _first() -> path.Items:
    return {("dosageInstruction", ":", path.WHOLE): 0}


def _status(group: Prescribed, request: str, sheet: Sheet, draft: Draft) -> str:
    orc = group.orc
    status = _STATUS.get(request, "entered-in-error" if request == "entered-in-error" else "unknown")
    if orc is None or request == "unknown":
        return status
    if status == "cancelled" and orc.get(1) in _STOPPED:
        status = "stopped"
    for number_ in (1, 5):
        if orc.raw(number_):
            leaf = Leaf(orc.position, number_, 1, 1, 1)
            draft.ledger.note(leaf, "coded", sheet.path("status"), f"ORC[MedicationRequest]#ORC-{number_}")
    return status


def _instructions(group: Prescribed, sheet: Sheet, draft: Draft) -> None:
    """TQ1 and RXR: a further timing is a further instruction; a further route beside one timing as well."""
    kind = sheet.type
    for index, timing in enumerate(group.timings):
        if kind == "MedicationRequest":
            items = {("dosageInstruction", ":", path.WHOLE): index}
            apply("TQ1[MedicationRequest]", timing, sheet, draft, items)
            told = sheet.body.get("dosageInstruction", [])
            if index < len(told):
                place = f"dosageInstruction[{index}].timing"
                bounds(timing, told[index], "timing", sheet.path(place), f"TQ1[{kind}]", draft)
    for index, route in enumerate(group.routes):
        apply(f"RXR[{kind}]", route, sheet, draft, {("dosageInstruction", ":", path.WHOLE): index})
    told = [one for one in sheet.body.get("dosageInstruction", ()) if one]
    for index, one in enumerate(told):
        _ordered(one, sheet, index, draft)
    if told:
        sheet.body["dosageInstruction"] = told
    else:
        sheet.body.pop("dosageInstruction", None)


def _ordered(instruction: dict[str, Any], sheet: Sheet, index: int, draft: Draft) -> None:
    """R4 per-1: an end before the start is carried, and said."""
    period = instruction.get("timing", {}).get("repeat", {}).get("boundsPeriod", {})
    if "start" in period and "end" in period and later(period["start"], period["end"]):
        del period["end"]
        draft.forget(sheet, f"dosageInstruction[{index}].timing.repeat.boundsPeriod.end")
        draft.issue("date-order", expression=f"{sheet.type}.dosageInstruction.timing")


def _dispense(group: Prescribed, name: tuple[str, str], about: Subject, draft: Draft) -> Number | None:
    """The MedicationDispense of an RXD, whose request is known by `name`."""
    rxd, key, (system, own) = group.details["RXD"], _number(group.orc, draft), name
    part = "|".join(rxd.get(number_) or "" for number_ in (1, 2, 3, 7))
    identity = derived_id("MedicationDispense", system, f"{own}|{part}")
    sheet = draft.resource("MedicationDispense", identity, Weight.STATED)
    body = sheet.body
    body["status"] = "completed"
    body["subject"] = {"reference": about.patient.ref}
    if about.encounter is not None:
        body["context"] = {"reference": about.encounter.ref}
    medication(rxd, group.components, sheet, draft)
    apply("RXD[MedicationDispense]", rxd, sheet, draft, _first())
    _instructions(group, sheet, draft)
    if "medicationReference" not in body:
        body.setdefault("medicationCodeableConcept", absent())
    annotate(group.notes, sheet, draft)
    if key is not None:
        body["authorizingPrescription"] = [{"reference": _authorised(group, key, own, about, body, draft).ref}]
    return key


def _authorised(group: Prescribed, key: Number, own: str, about: Subject, given: dict[str, Any], draft: Draft) -> Sheet:
    """The request behind a dispense; without a segment of its own only mentioned."""
    identity = derived_id("MedicationRequest", key.system, own)
    sheet = draft.resource("MedicationRequest", identity, Weight.MENTION)
    body = sheet.body
    if "status" not in body:
        body |= {"status": "unknown", "intent": "order"}
        about.write(sheet)
        if group.orc is not None:
            apply("ORC[MedicationRequest]", group.orc, sheet, draft, _first())
        for name in ("RXE", "RXO"):
            if (detail := group.details.get(name)) is not None:
                medication(detail, (), sheet, draft)
                apply(f"{name}[MedicationRequest]", detail, sheet, draft, _first())
        _tidy(sheet)
    if "medicationReference" not in body:
        body.setdefault("medicationCodeableConcept", given.get("medicationCodeableConcept") or absent())
    body.setdefault("identifier", [{"system": key.system, "value": key.value}])
    return sheet


def _tidy(sheet: Sheet) -> None:
    if not any(sheet.body.get("dosageInstruction", ())):
        sheet.body.pop("dosageInstruction", None)


def _informed(group: Prescribed, own: str, about: Subject, sheet: Sheet, draft: Draft) -> None:
    """OBX of an order: what the pharmacist is to know."""
    panel = Panel(
        system=systems.local(draft.site.institution, "prescription"),
        key=own,
        subject=about,
        state=_UNTOLD,
    )
    counts: dict[tuple[str, str], int] = {}
    for noted in group.observations:
        seen = observe(noted, panel, counts, draft)
        if seen is not None:
            sheet.add("supportingInformation", {"reference": seen.sheet.ref})
