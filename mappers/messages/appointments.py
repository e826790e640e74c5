"""SIU^S12 to S22 and S26: appointments -> Appointment; SRM^S01: what is asked for -> the same, as proposed.

S18 to S22 change a service or resource of an appointment that stands; S23 and S24 block slots of no patient, and are
refused. So are requests to change or cancel (SRM^S02 ff.): who keeps the book decides, and says it by SIU.

Id by the filler number (SCH-2), else the placer number (SCH-1), of its authority. The status is SCH-25's, else the
event's. Participants are the patient, and who and what AIP, AIL and AIG name; each is a mention.
Source: HL7 v2.5.1 10.4 and 10.6; V2-to-FHIR SIU_S12, SCH, AIS, AIG, AIL and AIP[Appointment].
"""

from __future__ import annotations

import csv
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from mappers import systems
from mappers.datatypes.codeable_concept import codeable_concept
from mappers.datatypes.number import decimal
from mappers.datatypes.order_number import FILLER, PLACER, Number, number
from mappers.derived import derived_id
from mappers.draft import Draft, Sheet
from mappers.dtm import instant
from mappers.engine import apply
from mappers.finish import finish
from mappers.ledger import Outcome
from mappers.location import location
from mappers.mapped import Mapped, Weight
from mappers.message import NULL, Leaf, Segment
from mappers.messages.notes import annotate
from mappers.messages.order_groups import Group
from mappers.messages.service_request import mention
from mappers.messages.subject import Subject, subject
from mappers.messages.surroundings import alone, observations, surround
from mappers.practitioner import practitioner
from mappers.segments.dg1_condition import conditions
from mappers.segments.pid_appointment import subject_of
from mappers.use import Use

NOTE = "http://hl7.org/fhir/5.0/StructureDefinition/extension-Appointment.note"
"""R4 appointments have one comment and no notes; this is how HL7 says what R5 can."""
EVENTS = (*(("SIU", f"S{event}") for event in (12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 26)), ("SRM", "S01"))
_DECISIVE = frozenset({"S15", "S16", "S17", "S26"})
"""Events that say themselves how the appointment stands, whatever SCH-25 repeats."""
_MINUTES = {"MIN": 1, "M": 1, "MINUTE": 1, "MINUTES": 1, "分钟": 1, "S": 0, "H": 60, "HR": 60, "HOUR": 60, "小时": 60}
_WHEN = {"AIS": (4, 5, 7), "AIG": (8, 9, 11), "AIL": (6, 7, 9), "AIP": (6, 7, 9)}
"""The fields of start, offset and duration; the unit of each length stands behind it."""
_LONGEST = 10 * 366 * 24 * 60
"""Minutes; no appointment lasts ten years."""
_TYPE = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"


Present = list[tuple[Segment, dict[str, Any]]]
"""Who and what takes part, each with the segment that says so."""


class Head(NamedTuple):
    """What tells an appointment: its fields of persons with their roles, of the orders, of the status (0: none)."""

    people: tuple[tuple[int, str], ...]
    orders: tuple[tuple[int, str], ...]
    status: int


_HEADS = {
    "SCH": Head(((12, "CALLBCK"), (16, "CALLBCK"), (20, "ENT")), ((26, PLACER), (27, FILLER)), 25),
    "ARQ": Head(((15, "CALLBCK"), (19, "ENT")), ((24, PLACER), (25, FILLER)), 0),
}


class Status(NamedTuple):
    appointment: str
    participant: str


@cache
def _statuses() -> dict[str, Status]:
    path = Path(__file__).parent.parent / "tables" / "appointment_status.csv"
    with path.open(encoding="utf-8", newline="") as table:
        return {row["code"]: Status(row["status"], row["participant"]) for row in csv.DictReader(table, strict=True)}


def translate(draft: Draft) -> Mapped:
    """One appointment."""
    message = draft.message
    name = "ARQ" if message.code == "SRM" else "SCH"
    sch = message.first(name)
    about = subject(draft, message.first("PID"), message.first("PV1"))
    if about is None:
        return finish(draft)
    if sch is None and message.event not in _DECISIVE:
        return alone(draft, about, name)
    if sch is None:
        draft.issue("segment-missing", name, segment=name)
        return finish(draft)
    key = _key(sch, draft)
    if key is None:
        draft.issue("order-unidentified", f"{name}-2")
        return finish(draft)
    found = _status(sch, draft)
    weight = Weight.REVOKED if found.appointment in ("cancelled", "entered-in-error") else Weight.STATED
    sheet = draft.resource("Appointment", derived_id("Appointment", key.system, key.value), weight)
    sheet.body["status"] = found.appointment
    apply(f"{name}[Appointment]", sch, sheet, draft)
    if name == "SCH" and sch.raw(25):
        leaf = Leaf(sch.position, 25, 1, 1, 1)
        draft.ledger.note(leaf, "coded", sheet.path("status"), "SCH[Appointment]#SCH-25")
    pid = message.first("PID")
    if pid is not None:
        subject_of(pid, about.patient, sheet, found.participant, draft)
    surround(draft, about)
    observations(draft, about)
    conditions(draft, about.patient, about.encounter)
    present: Present = []
    _people(sch, sheet, found, present, draft)
    _resources(sheet, found, present, draft)
    _orders(sch, sheet, about, draft)
    annotate(message.all("NTE"), sheet, draft, NOTE)
    _time(sheet, draft)
    for segment, one in present:
        _period(segment, one, sheet, draft)
    return finish(draft, patient=about.patient.id, order_key=f"{key.system}|{key.value}")


def _key(sch: Segment, draft: Draft) -> Number | None:
    return number(draft, sch.first(2), "filler-appointment") or number(draft, sch.first(1), "placer-appointment")


def _status(sch: Segment, draft: Draft) -> Status:
    statuses, event = _statuses(), draft.message.event
    field = _HEADS[sch.name].status
    code = (sch.get(field) or sch.get(field, 2)) if field else ""
    if code and code != NULL and event not in _DECISIVE:
        own = draft.site.codes.get(("appointment-status", code), code)
        found = statuses.get(own.upper())
        if found is not None:
            return found
        draft.unmapped("appointment-status", code, sch.get(field, 2) or "", Leaf(sch.position, field, 1, 1, 1))
    return statuses[event]


def _people(sch: Segment, sheet: Sheet, found: Status, present: Present, draft: Draft) -> None:
    """Contacts (SCH-12, SCH-16, ARQ-15) and who entered it (SCH-20, ARQ-19) take part, AIP as performers."""
    for field, role in _HEADS[sch.name].people:
        for value in sch.values(field):
            who = None if value.is_null else practitioner(value, draft, f"{sch.name}[Appointment]#{sch.name}-{field}")
            if who is not None:
                _join(sheet, who, found.participant, role)
    for aip in draft.message.all("AIP"):
        for value in aip.values(3):
            who = None if value.is_null else practitioner(value, draft, "AIP[Appointment]#AIP-3")
            if who is None:
                continue
            one = _join(sheet, who, found.participant, "PPRF")
            _role(aip, one, sheet, draft)
            present.append((aip, one))


def _join(sheet: Sheet, actor: dict[str, Any], status: str, role: str) -> dict[str, Any]:
    participants: list[dict[str, Any]] = sheet.body.setdefault("participant", [])
    for one in participants:
        if one.get("actor", {}).get("reference") == actor["reference"]:
            return one
    one = {"type": [{"coding": [{"system": _TYPE, "code": role}]}], "actor": actor, "status": status}
    participants.append(one)
    return one


def _role(segment: Segment, one: dict[str, Any], sheet: Sheet, draft: Draft) -> None:
    value = segment.first(4)
    if value is None or value.is_null:
        return
    use = Use(draft, value, f"{segment.name}[Appointment]#{segment.name}-4")
    concept = codeable_concept(value, use)
    if concept is not None:
        types = one.setdefault("type", [])
        types.append(concept)
        use.settle(sheet.path(f"participant[{sheet.body['participant'].index(one)}].type[{len(types) - 1}]"))


def _resources(sheet: Sheet, found: Status, present: Present, draft: Draft) -> None:
    """AIL: places; AIG: devices and rooms; AIS: the service."""
    for ail in draft.message.all("AIL"):
        for value in ail.values(3):
            where = None if value.is_null else location(value, draft, "AIL[Appointment]#AIL-3")
            if where is not None:
                present.append((ail, _join(sheet, where, found.participant, "LOC")))
    for aig in draft.message.all("AIG"):
        named = aig.first(3)
        code = (named.get(1) or "").strip() if named is not None else ""
        if named is None or not code or code == NULL:
            continue
        system = systems.local(draft.site.institution, "resource", named.get(3) or "")
        device = draft.resource("Device", derived_id("Device", system, code), Weight.MENTION)
        device.body.setdefault("identifier", [{"system": system, "value": code}])
        use = Use(draft, named, "AIG[Appointment]#AIG-3")
        use.leaf(1, device.path("identifier[0].value"))
        if name := use.take(2, device.path("deviceName[0].name")):
            device.body.setdefault("deviceName", [{"name": name, "type": "other"}])
        use.settle(device.path("identifier[0]"))
        one = _join(sheet, {"reference": device.ref, "display": name or code}, found.participant, "DEV")
        _role(aig, one, sheet, draft)
        present.append((aig, one))
    for ais in draft.message.all("AIS"):
        apply("AIS[Appointment]", ais, sheet, draft)


def _orders(sch: Segment, sheet: Sheet, about: Subject, draft: Draft) -> None:
    for field, kind in _HEADS[sch.name].orders:
        key = number(draft, sch.first(field), kind)
        if key is None or "basedOn" in sheet.body:
            continue
        request = mention(Group(), key, about, draft)
        sheet.body["basedOn"] = [{"reference": request.ref}]
        rule = f"{sch.name}[ServiceRequest]#{sch.name}-{field}"
        for leaf in sch.values(field)[0].leaves():
            draft.ledger.note(leaf, "stored", request.path("identifier[0].value"), rule)


def _time(sheet: Sheet, draft: Draft) -> None:
    """SCH-11.4, else the start of the first AIS, AIG, AIL or AIP; the end from its duration (R4 app-2, app-3)."""
    body = sheet.body
    for name in _HEADS if "minutesDuration" not in body else ():
        for head in draft.message.all(name):
            _duration(head, 9, sheet, draft)  # the row of field 9 takes minutes only; an hour is a length as well
    for name, (start, _, duration) in _WHEN.items():
        for segment in draft.message.all(name):
            time = _moment(segment, start, draft)
            if time is None:
                continue
            if body.setdefault("start", time) == time:
                note = draft.ledger.note
                rule = f"{name}[Appointment]#{name}"
                note(Leaf(segment.position, start, 1, 1, 1), "stored", sheet.path("start"), f"{rule}-{start}")
                _duration(segment, duration, sheet, draft)
    if "start" in body and "end" not in body and "minutesDuration" in body:
        body["end"] = _after(body["start"], body["minutesDuration"])
    elif ("start" in body) != ("end" in body):
        # R4 app-2 wants both or neither: a start of unknown length ends when it starts.
        time = body.get("start") or body["end"]
        body["start"] = body["end"] = time
    if "start" not in body and body["status"] not in ("cancelled", "waitlist"):
        body["status"] = "proposed"


def _moment(segment: Segment, field: int, draft: Draft) -> str | None:
    written = segment.get(field)
    return instant(written, draft.site.offset) if written and written != NULL else None


def _minutes(segment: Segment, field: int) -> int | None:
    """The length of time in a field, its unit in the next one; `None` when it is none, or of an unknown unit."""
    length = decimal(segment.get(field) or "")
    factor = _MINUTES.get((segment.get(field + 1) or "MIN").upper(), 0)
    if length is None or not factor or length < 0:
        return None
    minutes = int(length * factor)
    return minutes if minutes <= _LONGEST else None


def _duration(segment: Segment, field: int, sheet: Sheet, draft: Draft) -> None:
    length = _minutes(segment, field)
    if length and sheet.body.setdefault("minutesDuration", length) == length:
        _told(segment, field, sheet.path("minutesDuration"), "stored", draft)


def _told(segment: Segment, field: int, place: str, outcome: Outcome, draft: Draft) -> None:
    """The ledger lines of a length of time and its unit."""
    rule = f"{segment.name}[Appointment]#{segment.name}-{field}"
    draft.ledger.note(Leaf(segment.position, field, 1, 1, 1), outcome, place, rule)
    if segment.raw(field + 1):
        draft.ledger.note(Leaf(segment.position, field + 1, 1, 1, 1), "coded", place, rule)


def _period(segment: Segment, one: dict[str, Any], sheet: Sheet, draft: Draft) -> None:
    """When somebody or something takes part, where that is not the time of the appointment: from its own start, or so
    many minutes after the appointment began."""
    start, offset, duration = _WHEN[segment.name]
    whole = sheet.body.get("start")
    own, later = _moment(segment, start, draft), _minutes(segment, offset)
    if own is None and whole and later is not None:
        own = _after(whole, later)
    if own is None or own == whole or "period" in one:
        return
    place = sheet.path(f"participant[{sheet.body['participant'].index(one)}].period")
    one["period"] = {"start": own}
    if segment.raw(start):
        rule = f"{segment.name}[Appointment]#{segment.name}-{start}"
        draft.ledger.note(Leaf(segment.position, start, 1, 1, 1), "stored", f"{place}.start", rule)
    elif later is not None:
        _told(segment, offset, f"{place}.start", "coded", draft)
    if length := _minutes(segment, duration):
        one["period"]["end"] = _after(own, length)
        _told(segment, duration, f"{place}.end", "coded", draft)


def _after(time: str, minutes: int) -> str:
    try:
        return (datetime.fromisoformat(time) + timedelta(minutes=minutes)).isoformat()
    except OverflowError:  # behind the last year there is
        return time
