"""ORC and OBR -> ServiceRequest, and the Task of who carries it out.

One request a placer number (with its authority); a second OBR under the same number in one message is a request of its
own, told apart by OBR-4. A result only mentions its request, with status `unknown` unless ORC-5 tells one.
Precedence where the official map contradicts itself: OBR before ORC for 2 and 3, ORC-12 before OBR-16, ORC-5 before
ORC-1, OBR-11 before ORC-1 for the intent.
Source: HL7 v2.5.1 4.5.1, 4.5.3; V2-to-FHIR ORC[ServiceRequest], OBR[ServiceRequest].
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from mappers import practitioner_role
from mappers.contact_details import reach
from mappers.datatypes.membership import holds
from mappers.datatypes.order_number import PLACER, Number, number, receiver, sent_by_filler
from mappers.datatypes.timing_bounds import bounds
from mappers.derived import derived_id
from mappers.draft import Draft, Sheet
from mappers.dtm import dateTime
from mappers.engine import apply
from mappers.mapped import Weight
from mappers.message import NULL, Leaf, Segment
from mappers.messages.notes import annotate
from mappers.messages.order_groups import Group
from mappers.messages.subject import Subject, absent, alternate
from mappers.order_state import OrderState, order_control, order_status, weight
from mappers.organization import institution, organization
from mappers.organization import reference as named
from mappers.practitioner import practitioner
from mappers.segments.orc_provenance import order_provenance
from mappers.segments.prt_observation import orderer
from mappers.service_section import claim, concepts, section
from mappers.systems import CANONICAL
from mappers.use import Use

BUSINESS_EVENT = f"{CANONICAL}/StructureDefinition/business-event"
REQUESTER_ORGANIZATION = f"{CANONICAL}/StructureDefinition/requester-organization"
"""Who asks, where the requester is somebody at work there."""
V2_0119 = "http://terminology.hl7.org/CodeSystem/v2-0119"
TASK_CODE = "http://hl7.org/fhir/CodeSystem/task-code"
Reference = dict[str, Any]


def key_of(group: Group, draft: Draft, kind: str) -> Number | None:
    """The placer or filler number of a group: of OBR, else of ORC."""
    field = 2 if kind == PLACER else 3
    for segment in (group.obr, group.orc):
        if segment is not None and (found := number(draft, segment.first(field), kind)):
            return found
    return None


def beside(group: Group, draft: Draft) -> None:
    """Tells the conditions of rows which segments belong together."""
    draft.group = {
        segment.name: segment for segment in (group.orc, group.obr, *group.timings[:1]) if segment is not None
    }


def state(group: Group, draft: Draft) -> OrderState:
    """What ORC-5, else ORC-1, says; accounts for both."""
    orc = group.orc
    if orc is None:
        return OrderState("unknown", "", "")
    said = [(5, order_status), (1, order_control)]
    found: OrderState | None = None
    for field, read in said:
        code = orc.get(field)
        if not code or code == NULL:
            continue
        leaf = Leaf(orc.position, field, 1, 1, 1)
        one = read(draft.site, code)
        if one is None:
            draft.unmapped("order-status" if field == 5 else "order-control", code, "", leaf)
        elif found is None and one.request:
            found = one
    return found or OrderState("unknown", "", "")


def request(group: Group, key: Number, subject: Subject, draft: Draft, value: str = "") -> Sheet:
    """The ServiceRequest of an order message, with all that ORC, OBR and TQ1 say."""
    beside(group, draft)
    found = state(group, draft)
    sheet = draft.resource(
        "ServiceRequest", derived_id("ServiceRequest", key.system, value or key.value), weight(found.request), key.owner
    )
    _write(group, key, subject, sheet, found, draft)
    for timing in group.timings:
        apply("TQ1[ServiceRequest]", timing, sheet, draft)
        if timing.raw(6):
            bounds(timing, sheet.body, "occurrenceTiming", sheet.path("occurrenceTiming"), "TQ1[ServiceRequest]", draft)
    annotate(group.notes, sheet, draft)
    if group.orc is not None:
        business_event(group.orc, sheet, draft)
    _control(group, sheet, draft)
    _task(sheet, key, value or key.value, found.task, subject, draft)
    return sheet


def mention(group: Group, key: Number, subject: Subject, draft: Draft) -> Sheet:
    """The ServiceRequest that a result answers: never more than a mention."""
    sheet = draft.resource(
        "ServiceRequest", derived_id("ServiceRequest", key.system, key.value), Weight.MENTION, key.owner
    )
    if "status" not in sheet.body:
        _write(group, key, subject, sheet, state(group, draft), draft)
    return sheet


def _write(group: Group, key: Number, subject: Subject, sheet: Sheet, found: OrderState, draft: Draft) -> None:
    body, obr = sheet.body, group.obr
    body["status"] = found.request
    _intent(obr, sheet, draft)
    subject.write(sheet)
    if group.orc is not None:
        apply("ORC[ServiceRequest]", group.orc, sheet, draft)
    if obr is not None:
        apply("OBR[ServiceRequest]", obr, sheet, draft)
        part = section(obr, draft)
        if part is not None:
            body["category"] = concepts(part)
        claim(obr, part, draft, sheet.path("category[0].coding[0].code"))
        for field in (2, 3):
            twin(group.orc, field, obr, field, draft)
    if "orderDetail" in body:
        # R4 prr-1: details want the code that they detail.
        body.setdefault("code", absent())
    if "identifier" not in body:
        body["identifier"] = [{"system": key.system, "value": key.value}]
    if asker := requester(group, key, sheet, draft):
        body["requester"] = asker
    if (filler := performer(draft)) is not None:
        body["performer"] = [filler]
    if group.orc is not None:
        order_provenance(group.orc, sheet, draft)


def _intent(obr: Segment | None, sheet: Sheet, draft: Draft) -> None:
    """OBR-11: `G` is a reflex order; `A` an added one, which R4 has no word for, so its code stands beside."""
    code = obr.get(11) if obr is not None else None
    sheet.body["intent"] = "reflex-order" if code == "G" else "order"
    if code == "A":
        sheet.body["_intent"] = alternate("http://terminology.hl7.org/CodeSystem/v2-0065", "A")
    if obr is not None and code in ("A", "G"):
        leaf = Leaf(obr.position, 11, 1, 1, 1)
        draft.ledger.note(leaf, "coded", sheet.path("intent"), "OBR[ServiceRequest]#OBR-11")


def business_event(orc: Segment, sheet: Sheet, draft: Draft) -> None:
    """What happened to the order (ORC-1) and when (ORC-9), as they were said: the official map's business event."""
    parts: list[dict[str, Any]] = []
    place = sheet.path(f"extension[{len(sheet.body.get('extension', ()))}].extension")
    code, note = orc.get(1), draft.ledger.note
    if code and holds(V2_0119, code):
        leaf = Leaf(orc.position, 1, 1, 1, 1)
        note(leaf, "stored", f"{place}[0].valueCodeableConcept.coding[0].code", f"ORC[{sheet.type}]#ORC-1.b")
        parts.append({"url": "value", "valueCodeableConcept": {"coding": [{"system": V2_0119, "code": code}]}})
    if time := moment(orc, 9, draft):
        leaf = Leaf(orc.position, 9, 1, 1, 1)
        note(leaf, "stored", f"{place}[{len(parts)}].valueDateTime", f"ORC[{sheet.type}]#ORC-9.b")
        parts.append({"url": "date", "valueDateTime": time})
    if parts:
        sheet.body.setdefault("extension", []).append({"url": BUSINESS_EVENT, "extension": parts})


def requester(group: Group, key: Number, sheet: Sheet, draft: Draft) -> Reference | None:
    """ORC-12, else OBR-16, at ORC-21, else the institution whose number it is; the institution by itself as well."""
    house = _facility(group.orc, sheet, draft) or named(institution(key.owner, draft))
    sheet.add("extension", {"url": REQUESTER_ORGANIZATION, "valueReference": dict(house)})
    if group.participants and (found := orderer(group.participants, draft)) is not None:
        return found
    person: Reference | None = None
    for segment, field in ((group.orc, 12), (group.obr, 16)):
        value = segment.first(field) if segment is not None else None
        if person is None and value is not None and not value.is_null:
            person = practitioner(value, draft, f"{value.segment.name}[ServiceRequest]#{value.segment.name}-{field}")
    twin(group.obr, 16, group.orc, 12, draft)
    if group.orc is not None and group.orc.raw(24) and person is not None:
        asker = draft.sheets["Practitioner", person["reference"].partition("/")[2]]
        reach(group.orc, 24, "address", asker, "ORC[ServiceRequest]#ORC-24", draft)
    return practitioner_role.reference(person, house, draft)


def _facility(orc: Segment | None, sheet: Sheet, draft: Draft) -> Reference | None:
    value = orc.first(21) if orc is not None else None
    if value is None or value.is_null:
        return None
    use = Use(draft, value, "ORC[ServiceRequest]#ORC-21")
    code, name = (value.get(10) or value.get(3) or "").strip(), (value.get(1) or "").strip()
    code, name = ("" if text == NULL else text for text in (code, name))
    found = organization(code, name, draft)
    if found is None:
        return None
    if name and found.body.get("name") != name:
        found.add("alias", name)
    if name:
        use.leaf(1, found.path("name"))
    if code:
        use.leaf(10 if value.get(10) else 3, found.path("identifier"))
    use.settle(sheet.path("requester"))
    if orc is not None:
        reach(orc, 22, "address", found, "ORC[ServiceRequest]#ORC-22", draft)
        reach(orc, 23, "telecom", found, "ORC[ServiceRequest]#ORC-23", draft)
    return named(found)


def performer(draft: Draft) -> Reference | None:
    """Who is asked to do it: the receiving institution, or the sender when the filler sends."""
    code = draft.site.institution if sent_by_filler(draft) else receiver(draft)
    return named(institution(code, draft)) if code else None


def _control(group: Group, sheet: Sheet, draft: Draft) -> None:
    """ORC-1 and ORC-5 became the status; a bare number of ORC-9 that is no authoring time stays with the Provenance."""
    if group.orc is None:
        return
    for field in (1, 5):
        if group.orc.raw(field) and sheet.body["status"] != "unknown":
            leaf = Leaf(group.orc.position, field, 1, 1, 1)
            draft.ledger.note(leaf, "coded", sheet.path("status"), f"ORC[ServiceRequest]#ORC-{field}")


def _task(sheet: Sheet, key: Number, value: str, status: str, subject: Subject, draft: Draft) -> None:
    """The work of the filler on the request; none when the message does not tell how it stands."""
    if status:
        task(sheet, key, value, status, subject, draft)


def task(sheet: Sheet, key: Number, value: str, status: str, subject: Subject, draft: Draft) -> Sheet:
    """The Task of the filler, in that state."""
    work = draft.resource("Task", derived_id("Task", key.system, value), Weight.STATED, key.owner)
    body = work.body
    body["status"] = status
    body["intent"] = "order"
    body["code"] = {"coding": [{"system": TASK_CODE, "code": "fulfill"}]}
    body["focus"] = {"reference": sheet.ref}
    body["for"] = {"reference": subject.patient.ref}
    if subject.encounter is not None:
        body["encounter"] = {"reference": subject.encounter.ref}
    body["lastModified"] = draft.event_time
    if "requester" in sheet.body:
        body["requester"] = sheet.body["requester"]
    if not later(authored := sheet.body.get("authoredOn", ""), draft.event_time) and authored:
        body["authoredOn"] = authored
    if "performer" in sheet.body:
        body["owner"] = sheet.body["performer"][0]
    return work


def twin(segment: Segment | None, field: int, told: Segment | None, place: int, draft: Draft) -> None:
    """A field that repeats another one word for word stands where that one stands."""
    if segment is None or told is None or not segment.raw(field) or segment.raw(field) != told.raw(place):
        return
    lines, note = draft.ledger.told, draft.ledger.note
    for value in segment.values(field):
        for leaf in value.leaves():
            if leaf in lines:
                continue
            for line in lines.get(leaf._replace(position=told.position, field=place), ()):
                note(leaf, line.outcome, line.path, line.rule)


def later(time: str, than: str) -> bool:
    """Whether a dateTime lies after an instant (R4 Task inv-1); a bare day counts as its beginning."""
    if len(time) < 19:
        return time > than[: len(time)]
    return datetime.fromisoformat(time) > datetime.fromisoformat(than)


def moment(segment: Segment | None, field: int, draft: Draft) -> str | None:
    """A time of a field as dateTime, `None` when absent or impossible."""
    text = segment.get(field) if segment is not None else None
    return dateTime(text, draft.site.offset) if text and text != NULL else None
