"""ORU (R01, R30 …) and OUL (R21 to R24): reports -> DiagnosticReport, Observation, Specimen and what belongs to them.

Id of a report: filler number (else placer number) of its authority, with OBR-4, because one number often covers several
panels that are corrected one by one. An analyser that writes the bar code of the sample into OBR-2 knows no orders, and
counts OBR-3 from 1 every day: its reports are known by the bar code. A report without any number is known by patient,
examination and time. The status is OBR-25's, else what all its results say, else `unknown`; a state that nobody can
read is refused. A result that names an order mentions that order and reports its
work; one that names none is kept.
Source: HL7 v2.5.1 7.3.1, 7.3.2 ff.; V2-to-FHIR ORU_R01; OUL_R21, R22 and R24 have no official map.
"""

from __future__ import annotations

from typing import Any

from mappers import systems
from mappers.datatypes.order_number import FILLER, PLACER, Number
from mappers.derived import derived_id
from mappers.draft import Draft, Sheet
from mappers.engine import apply
from mappers.finish import finish
from mappers.mapped import Mapped
from mappers.message import NULL, Leaf, Segment
from mappers.messages.critical_value import alarm
from mappers.messages.notes import annotate
from mappers.messages.observations import Panel, observe
from mappers.messages.order_groups import Group, Noted, walk
from mappers.messages.parent_results import Family
from mappers.messages.report_names import Counts, Place, own_value, places
from mappers.messages.report_parts import attach, is_attachment, is_conclusion, link_in_range
from mappers.messages.service_request import REQUESTER_ORGANIZATION, beside, key_of, mention, moment, task, twin
from mappers.messages.specimens import barcode, specimens
from mappers.messages.studies import referenced, study
from mappers.messages.subject import Subject, absent, subject
from mappers.messages.surroundings import alone, surround
from mappers.order_state import OF_REPORT, ResultState, observation_status, of_results, report_status, weight
from mappers.organization import institution
from mappers.organization import reference as named
from mappers.segments.prt_observation import collected, of_report
from mappers.service_section import claim, concepts, observation_category, section

NOTE = "http://hl7.org/fhir/5.0/StructureDefinition/extension-DiagnosticReport.note"
"""R4 reports have no note; this is how HL7 says what R5 can."""

ACQUISITION_ORGANIZATION = f"{systems.CANONICAL}/StructureDefinition/acquisition-organization"
DIAGNOSING_ORGANIZATION = f"{systems.CANONICAL}/StructureDefinition/diagnosing-organization"
_SENT_IN = frozenset({"lab", "pathology", "ecg"})
"""Centres to which samples and tracings are sent, and patients are not."""
_WORK = {
    "registered": "accepted",
    "partial": "in-progress",
    "preliminary": "in-progress",
    "final": "completed",
    "amended": "completed",
    "corrected": "completed",
}
"""What a report says about the work on its order; a revoked report says nothing about it."""

REVOKED = ResultState("cancelled")
_DAY = len("20260301")

EVENTS = (
    ("ORU", "R01"),
    ("ORU", "R30"),
    ("ORU", "R31"),
    ("ORU", "R32"),
    ("ORU", "*"),
    ("OUL", "R21"),
    ("OUL", "R22"),
    ("OUL", "R23"),
    ("OUL", "R24"),
    ("OUL", "*"),
)
"""The code alone says that results come; the events tell who asked."""


def translate(draft: Draft) -> Mapped:
    """The reports of a result message."""
    found = walk(draft.message)
    if control := _quality_control(draft):
        draft.issue("quality-control", control)
        return finish(draft)
    groups = [group for group in found.groups if group.obr is not None or group.observations]
    if not groups:
        about = subject(draft, draft.message.first("PID"), draft.message.first("PV1"))
        return alone(draft, about, "OBR") if about is not None else finish(draft)
    about = None
    pid: Segment | None = None
    first = ""
    family = Family() if any(obr.raw(26) for obr in draft.message.all("OBR")) else None
    for group, place in zip(groups, places(groups, draft), strict=True):
        if about is None or group.pid is not pid:
            about = subject(draft, group.pid, group.pv1)
            if about is None:
                return finish(draft)
            pid = group.pid
            surround(draft, about)
        order = _report(group, place, family, about, draft)
        first = first or (f"{order.system}|{order.value}" if order else "")
    return finish(draft, patient=about.patient.id if about else "", order_key=first)


def _quality_control(draft: Draft) -> str:
    """Analysers send calibrations and control samples as ORU: without a patient (MSH-16 1 or 2, OBR-11 or SPM-11 Q), or
    with the lot of the control as one. Comes back with where it says so."""
    message = draft.message
    if message.msh.get(11) == "Q":  # of no table; so the analysers of Mindray and Zybio write it
        return "MSH-11"
    if any(obr.get(4, 3) == "99MRC" and "QCR" in (obr.get(4, 2) or "") for obr in message.all("OBR")):
        return "OBR-4"
    if message.first("PID") is not None:
        return ""
    control = message.msh.get(16) in ("1", "2") or "Q" in (message.get("OBR", 11), message.get("SPM", 11))
    return "MSH-16" if control else ""


def _report(group: Group, place: Place, family: Family | None, about: Subject, draft: Draft) -> Number | None:
    """One report; comes back with the number of its order, else its own."""
    beside(group, draft)
    order, own = key_of(group, draft, PLACER), key_of(group, draft, FILLER)
    named_by = barcode(group, draft) or own or order
    status = _status(group, draft)
    if status is None:
        return order or named_by
    key = named_by or _unnumbered(group, about, draft)
    value = own_value(key, group, place, about.patient.id)
    report = draft.resource("DiagnosticReport", derived_id("DiagnosticReport", key.system, value), weight(status))
    report.body["status"] = status
    _head(group, about, report, draft)
    _order(group, order, about, report, draft)
    found = specimens(group, key._replace(value=f"{key.value}{place.mark}"), about, draft)
    if found:
        report.body["specimen"] = [{"reference": one.ref} for one in found]
    if group.participants:
        of_report(group.participants, report, draft)
        collected(group.participants, found, draft)
    for segment in group.studies:
        if (images := study(segment, report, about, draft)) is not None:
            report.add("imagingStudy", {"reference": images.ref})
    panel = _panel(group, key, value, status, about, report, found, draft)
    if panel.effective and report.body.pop("_effectiveDateTime", None):
        report.body.update(panel.effective)
    results = _results(group, panel, report, place.counts, about, draft)
    if family is not None:
        family.add(group, results, draft)
    annotate(group.notes, report, draft, NOTE)
    return order or named_by


def _unnumbered(group: Group, about: Subject, draft: Draft) -> Number:
    """What a report without any number is known by: patient, what was examined and when, and the sample; without a time
    of day by its message, so that two reports of a day never become one."""
    obr, message = group.obr, draft.message
    draft.issue("unnumbered", "OBR-3")
    what, when = (obr.raw(4), obr.get(7) or "") if obr is not None else ("", "")
    same = [one for one in message.all("OBR") if (one.raw(4), one.get(7) or "") == (what, when)]
    nth = sum(1 for one in same if obr is not None and one.position < obr.position)
    sample = group.specimens[0].segment.raw(2) if group.specimens else ""
    told = [about.patient.id, what, when, sample, str(nth)]
    if len(when) <= _DAY:
        told.append(message.control_id or draft.provenance.id)
    institution_ = draft.site.institution
    return Number(systems.local(institution_, "unnumbered-report"), "|".join(told), institution_)


def _status(group: Group, draft: Draft) -> str | None:
    """The status of the report; `None`, with the issue that refuses, when nothing tells it."""
    obr = group.obr
    if draft.message.msh.get(15) == "CE":
        # Not a code of table 0155: some senders publish with NE and revoke with CE.
        draft.ledger.note(Leaf(0, 15, 1, 1, 1), "coded", "DiagnosticReport.status", "MSH[DiagnosticReport]#MSH-15")
        return "cancelled"
    code = obr.get(25) if obr is not None else None
    if code and code != NULL and obr is not None:
        found = report_status(draft.site, code)
        if found is None:
            draft.issue("status-unknown", Leaf(obr.position, 25, 1, 1, 1))
        return found
    told = [code for one in group.observations if (code := one.segment.get(11)) and code != NULL]
    states = [observation_status(draft.site, code) for code in told]
    if all(states) and len(told) == len(group.observations) and told:
        return of_results(state.status for state in states if state is not None)
    if all(states):
        # Nobody says how it stands: that is what is stored, and it is never called final.
        draft.issue("status-absent", "OBR-25")
        return "unknown"
    for one in group.observations:
        code = one.segment.get(11)
        if code and code != NULL and observation_status(draft.site, code) is None:
            place = f"OBX[{one.segment.occurrence}]-11" if one.segment.occurrence > 1 else "OBX-11"
            draft.issue("status-unknown", place)
    return None


def _head(group: Group, about: Subject, report: Sheet, draft: Draft) -> None:
    body, obr = report.body, group.obr
    about.write(report)
    if group.orc is not None:
        apply("ORC[DiagnosticReport]", group.orc, report, draft)
    if obr is not None:
        apply("OBR[DiagnosticReport]", obr, report, draft)
        for field in (2, 3):
            twin(group.orc, field, obr, field, draft)
        part = section(obr, draft)
        if part is not None:
            body["category"] = concepts(part)
        claim(obr, part, draft, report.path("category[0].coding[0].code"))
        if obr.raw(25):
            leaf = Leaf(obr.position, 25, 1, 1, 1)
            draft.ledger.note(leaf, "coded", report.path("status"), "OBR[DiagnosticReport]#OBR-25")
    body.setdefault("code", absent())
    if "effectiveDateTime" not in body and "effectivePeriod" not in body:
        body["_effectiveDateTime"] = absent()
    house = named(institution(draft.site.institution, draft))
    body.setdefault("performer", []).insert(0, house)
    report.add("extension", {"url": DIAGNOSING_ORGANIZATION, "valueReference": dict(house)})
    _times(group, report, draft)


def _times(group: Group, report: Sheet, draft: Draft) -> None:
    """China 7d 37: a report before its sample, or from the future, is stored and said."""
    body, obr = report.body, group.obr
    issued = body.get("issued", "")
    effective = body.get("effectiveDateTime") or body.get("effectivePeriod", {}).get("start", "")
    if obr is None or not issued:
        return
    size = min(len(issued), len(effective), 19)
    if size >= 10 and issued[19:] == effective[19:][-len(issued[19:]) :] and issued[:size] < effective[:size]:
        draft.issue("date-order", "OBR-22")
    if issued[:10] > draft.context.received[:10] and issued[:19] > draft.context.received[:19]:
        draft.issue("date-future", "OBR-22")


def _order(group: Group, order: Number | None, about: Subject, report: Sheet, draft: Draft) -> None:
    if order is None and draft.site.obr2 == "barcode":
        return
    if order is None:
        draft.issue("order-unknown", f"{group.obr.name}-2" if group.obr else "OBR-2")
        return
    request = mention(group, order, about, draft)
    report.body["basedOn"] = [{"reference": request.ref}]
    _acquired(group, request, report, draft)
    work = _WORK.get(report.body["status"])
    if work:
        task(request, order, order.value, work, about, draft)


def _acquired(group: Group, request: Sheet, report: Sheet, draft: Draft) -> None:
    """Where the sample was taken or the tracing made, when another institution asked: there. Where a picture was made
    nobody says: the patient may have gone there."""
    part, own = section(group.obr, draft), institution(draft.site.institution, draft).ref
    asked = [one for one in request.body.get("extension", ()) if one["url"] == REQUESTER_ORGANIZATION]
    house = dict(asked[0]["valueReference"]) if asked else {"reference": own}
    if house["reference"] != own and part is not None and part.centre in _SENT_IN:
        report.add("extension", {"url": ACQUISITION_ORGANIZATION, "valueReference": house})


def _panel(
    group: Group, key: Number, value: str, status: str, about: Subject, report: Sheet, found: list[Sheet], draft: Draft
) -> Panel:
    body = report.body
    effective: dict[str, Any] = {name: body[name] for name in ("effectiveDateTime", "effectivePeriod") if name in body}
    if not effective:
        time = next((moment(one.segment, 17, draft) for one in group.specimens if one.segment.raw(17)), None)
        time = time or moment(group.obr, 14, draft)
        effective = {"effectiveDateTime": time} if time else {}
    return Panel(
        system=key.system,
        key=value,
        subject=about,
        revoked=REVOKED if draft.message.msh.get(15) == "CE" else None,
        state=OF_REPORT.get(status) if status == "unknown" or (group.obr is not None and group.obr.raw(25)) else None,
        code=body["code"] if "extension" not in body["code"] else None,
        category=observation_category(section(group.obr, draft)),
        effective=effective,
        issued=body.get("issued", ""),
        specimen=found[0].ref if len(found) == 1 else "",
        performer=body["performer"][0],
    )


def _results(
    group: Group, panel: Panel, report: Sheet, counts: Counts, about: Subject, draft: Draft
) -> list[tuple[Segment, Sheet]]:
    """Writes the results into the report; comes back with each and the segment that says it."""
    members: list[tuple[Segment, Sheet]] = []
    results: list[dict[str, Any]] = []
    conclusions: list[str] = []
    recipient = _recipient(report, draft)
    for noted in group.observations:
        obx = noted.segment
        if _apart(noted, panel.key, report, about, draft):
            continue
        found = observe(noted, panel, counts, draft)
        if found is None:
            continue
        members.append((obx, found.sheet))
        results.append({"reference": found.sheet.ref})
        link_in_range(obx, report, draft)
        if "valueString" in found.sheet.body and is_conclusion(obx, draft):
            conclusions.append(found.sheet.body["valueString"])
        alarm(found, report, about, recipient, draft.event_time, draft)
    if results:
        before = report.body.get("result", [])
        report.body["result"] = [*before, *(one for one in results if one not in before)] if before else results
    if conclusions:
        before = report.body.get("conclusion", "").split("\n") if "conclusion" in report.body else []
        report.body["conclusion"] = "\n".join((*before, *(one for one in conclusions if one not in before)))
    return members


def _apart(noted: Noted, key: str, report: Sheet, about: Subject, draft: Draft) -> bool:
    """Whether the OBX is a document or the reference to images, and no measurement."""
    if is_attachment(noted.segment):
        attach(noted, report, key, about, report.weight, draft)
        return True
    images = referenced(noted, about, draft)
    if images is not None:
        report.add("imagingStudy", {"reference": images.ref})
        return True
    return False


def _recipient(report: Sheet, draft: Draft) -> dict[str, Any] | None:
    """Who must hear of a critical value: who asked for the result."""
    for one in report.body.get("basedOn", ()):
        request = draft.sheets.get(("ServiceRequest", one["reference"].partition("/")[2]))
        if request is not None and "requester" in request.body:
            return dict(request.body["requester"])
    return None
