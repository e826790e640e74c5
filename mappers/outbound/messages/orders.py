"""ServiceRequest, its Task and Specimens -> ORC, OBR, TQ1, SPM: ORM^O01, OMG^O19, OML^O21.

Inverse of `mappers.messages.orders`, `.service_request`, `.specimens`. Versions without SPM and TQ1 get OBR-15 and the
timing inside ORC-7 and OBR-27. Source: HL7 v2.5.1 4.4.1, 4.4.4, 4.4.6.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import zip_longest
from typing import Any

from mappers.messages.service_request import BUSINESS_EVENT
from mappers.order_state import order_control
from mappers.outbound.ask import Ask
from mappers.outbound.datatypes import identifier
from mappers.outbound.datatypes.moment import dtm
from mappers.outbound.datatypes.person import address, contact_point, extensions
from mappers.outbound.datatypes.reference import organization_of, person_of, xcn
from mappers.outbound.engine import fill
from mappers.outbound.messages.adt import diagnoses
from mappers.outbound.messages.around import allergies, guarantors, insurances, relatives
from mappers.outbound.messages.contacts import contacts
from mappers.outbound.messages.header import opening
from mappers.outbound.messages.notes import notes
from mappers.outbound.messages.observations import obx
from mappers.outbound.messages.state import code
from mappers.outbound.messages.subject import head, patient_of, visit_of
from mappers.outbound.receiver import Receiver, Work, scope_of
from mappers.outbound.tree import Built, Repetition
from mappers.service_section import V2_0074, sections

Body = dict[str, Any]
_REFLEX = {"reflex-order": "G"}


def order_message(requests: list[Body], work: Work) -> list[Built]:
    """One message of the orders of one patient: that of the first one."""
    first = requests[0]
    patient = patient_of(first, work)
    requests = [one for one in requests if patient_of(one, work) is patient]
    segments = [*opening(work), *head(patient, work)]
    segments += [*(relatives(patient, work) if patient is not None else ()), *visit_of(first, work)]
    if patient is not None:
        segments += [*insurances(patient, work), *guarantors(patient, work)[:1], *allergies(patient, work)]
    for number, request in enumerate(requests, 1):
        segments += order(request, number, work)
    return segments


def order(request: Body, number: int, work: Work) -> list[Built]:
    """The segments of one order: ORC TQ1 OBR NTE CTD DG1 OBX SPM."""
    task = task_of(request, work)
    specimens = list(work.pool.all(request.get("specimen")))
    detail = obr(request, None, specimens, number, work)
    visited = work.resource(request.get("encounter"), "Encounter")
    segments = [orc(request, task, work), *timing(request, work), detail, *notes(request.get("note", ()), work)]
    segments += contacts(request, work)
    segments += diagnoses(list(work.pool.all(_of_type(request, "reasonReference", "Condition"))), visited, work)
    found = work.pool.all(_of_type(request, "supportingInfo", "Observation"))
    for position, observation in enumerate(found, 1):
        segments += obx(observation, position, work)
    return [*segments, *spm(specimens, work), *studies(request, work)]


def _of_type(body: Body, element: str, kind: str) -> list[Body]:
    return [one for one in body.get(element, ()) if one.get("reference", "").startswith(f"{kind}/")]


def task_of(request: Body, work: Work) -> Body | None:
    """The Task that carries the request out."""
    return next(iter(work.pool.about("Task", "focus", request)), None)


def orc(request: Body, task: Body | None, work: Work, control: str = "") -> Built:
    """ORC: what is asked (1), how it stands (5), and what rows say."""
    out = Built("ORC")
    status, state = request.get("status", ""), (task or {}).get("status", "")
    receiver = work.receiver
    happened = extensions_of(request, BUSINESS_EVENT)
    control = control or _said(happened, status, work)
    told = control or _either(receiver, "order-control", status, state if work.envelope.given_back else "")
    if work.envelope.change == "updated" and told == code(receiver, "order-control", "active"):
        told = code(receiver, "order-control", "changed")
    out.put(1, told)
    out.put(9, dtm(happened.get("date"), receiver.site.offset))
    fill("ORC[ServiceRequest]", request, out, work)
    for one in work.pool.about("Provenance", "target", request):
        if not one.get("entity"):
            fill("ORC[Provenance]", one, out, work)
            _authors(one, out, work)
    _reach(request, out, work)
    if status == "unknown" and not state:
        return out
    out.put(5, _either(receiver, "order-status", status, state))
    return out


def _authors(provenance: Body, out: Built, work: Work) -> None:
    """ORC-12 repeats, `requester` does not: the further persons who ordered are authors of the Provenance."""
    known = [one.get(1) or one.get(2) for one in out.fields.get(12, ())]
    for agent in provenance.get("agent", ()):
        if any(one.get("code") == "author" for one in agent.get("type", {}).get("coding", ())):
            who = xcn(agent.get("who"), Ask(work, "ORC-12")) or {}
            if (who.get(1) or who.get(2)) not in known:
                out.add(12, who)


def extensions_of(body: Body, url: str) -> Body:
    """The values of the parts of a complex extension, by their names."""
    found: Body = next((one for one in body.get("extension", ()) if one.get("url") == url), {})
    return extensions(found)


def _said(happened: Body, status: str, work: Work) -> str:
    """ORC-1 as it was said, as long as the request stands as it says; a word of the filler is not sent to a filler."""
    text: str = next((one.get("code", "") for one in happened.get("value", {}).get("coding", ())), "")
    found = order_control(work.receiver.site, text) if text else None
    if found is None or found.request not in ("", status):
        return ""
    return text if work.envelope.given_back or found.originator == "placer" else ""


def _reach(request: Body, out: Built, work: Work) -> None:
    """ORC-22 to ORC-24: where the facility that orders and the person who orders are."""
    ask = Ask(work, "ORC-22")
    house = organization_of(request.get("requester"), ask) or {}
    who = person_of(request.get("requester"), ask) or {}
    for one in house.get("address", ()):
        out.add(22, address(one, ask))
    for one in house.get("telecom", ()):
        out.add(23, contact_point(one, ask))
    for one in who.get("address", ()):
        out.add(24, address(one, ask))


def _either(receiver: Receiver, table: str, status: str, task: str) -> str:
    """By both states, else by that of the request."""
    return code(receiver, table, f"{status}|{task}") or code(receiver, table, status)


def obr(request: Body | None, report: Body | None, specimens: list[Body], number: int, work: Work) -> Built:
    """OBR of an order, of a report, or of both: what the report says goes first."""
    out = Built("OBR")
    out.put(1, str(number))
    if report is not None:
        fill("OBR[DiagnosticReport]", report, out, work)
    if request is not None:
        fill("OBR[ServiceRequest]", request, out, work)
        out.put(11, _REFLEX.get(request.get("intent", "")))
    for specimen in specimens[:1]:
        fill("OBR[Specimen]", specimen, out, work)
        _barcode(specimen, out)
    out.put(24, section(report or request or {}, work.receiver))
    return out


def _barcode(specimen: Body, out: Built) -> None:
    """The bar code of the sample in OBR-2, where analysers want it."""
    number = specimen.get("accessionIdentifier", {})
    scope = scope_of(number.get("system", ""))
    if scope is not None and scope.kind == "barcode":
        out.put(2, number.get("value"))


def section(body: Body, receiver: Receiver) -> str:
    """OBR-24 by the category: the receiver's own code, else that of table 0074."""
    codings = [one for concept in body.get("category", ()) for one in concept.get("coding", ())]
    found = next((one.get("code", "") for one in codings if one.get("system") == V2_0074), "")
    if not found:
        return ""
    own = receiver.own_code("service-category", found)
    return own if own and own != "*" else found if found in sections() else ""


def timing(request: Body, work: Work) -> list[Built]:
    """TQ1 when there is anything to say in it."""
    out = Built("TQ1")
    fill("TQ1[ServiceRequest]", {name: child for name, child in request.items() if name != "note"}, out, work)
    if out.empty:
        return []
    out.put(1, "1")
    return [out]


def spm(specimens: list[Body], work: Work) -> list[Built]:
    """SPM and its notes."""
    found: list[Built] = []
    for specimen in specimens:
        out = Built("SPM")
        fill("SPM[Specimen]", specimen, out, work)
        if out.empty:
            continue
        out.put(1, str(len(found) + 1))
        for parent in work.pool.all(specimen.get("parent")):
            out.add(3, _pair(parent.get("identifier", ()), Ask(work, "SPM-3")))
        found.append(out)
    return found


def _pair(numbers: Iterable[Body], ask: Ask) -> Repetition:
    """EIP of a specimen: the placer's number in 1, the filler's in 2."""
    out: Repetition = {}
    for component, number in zip((1, 2), numbers, strict=False):
        out |= identifier.half(component, "specimen")(number, ask) or {}
    return out


def studies(request: Body, work: Work) -> list[Built]:
    """IPC: the numbers of a study, for OMI and its relatives."""
    found: list[Built] = []
    numbers = [one for one in request.get("identifier", ()) if _type_code(one) == "ACSN"]
    accessions = [identifier.ei(one, Ask(work, "IPC-1")) for one in numbers]
    made = work.pool.about("ImagingStudy", "basedOn", request)
    for accession, study in zip_longest(accessions, made):
        out = Built("IPC")
        out.put(1, accession)
        if study is not None:
            out.put(3, study_uid(study))
            out.put(5, next((one.get("code") for one in study.get("modality", ())), ""))
        found.append(out)
    return found


def _type_code(number: Body) -> str:
    return next((one.get("code", "") for one in number.get("type", {}).get("coding", ())), "")


def study_uid(study: Body) -> str:
    """The StudyInstanceUID."""
    numbers = (one.get("value", "") for one in study.get("identifier", ()) if one.get("system") == "urn:dicom:uid")
    return next(numbers, "").removeprefix("urn:oid:")
