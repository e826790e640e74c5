"""DiagnosticReport and its Observations -> ORU^R01. Inverse of `mappers.messages.reports` and `.report_parts`.

Source: HL7 v2.5.1 7.3.1: PID [PV1] {ORC OBR {NTE} {OBX {NTE}} {SPM}}.
"""

from __future__ import annotations

from typing import Any

from mappers.messages.reports import NOTE
from mappers.messages.service_request import BUSINESS_EVENT
from mappers.outbound.ask import Ask
from mappers.outbound.datatypes import coded
from mappers.outbound.datatypes.moment import dtm
from mappers.outbound.engine import fill
from mappers.outbound.messages.around import relatives
from mappers.outbound.messages.header import opening
from mappers.outbound.messages.notes import notes
from mappers.outbound.messages.observations import attached, obx
from mappers.outbound.messages.orders import extensions_of, obr, orc, spm, study_uid, task_of
from mappers.outbound.messages.state import code
from mappers.outbound.messages.subject import head, patient_of, visit_of
from mappers.outbound.receiver import Work
from mappers.outbound.tree import Built

Body = dict[str, Any]


_WRONG = "entered-in-error"
"""A report that was wrong as a whole: the code of OBX-11 says so of each of its results."""


def result_message(reports: list[Body], work: Work) -> list[Built]:
    """One message of the reports, those of each patient behind his PID. An Observation may stand for a report."""
    segments, left = opening(work), [alone(one) if one["resourceType"] == "Observation" else one for one in reports]
    while left:
        patient = patient_of(left[0], work)
        own = [one for one in left if patient_of(one, work) is patient]
        left = [one for one in left if one not in own]
        segments += head(patient, work)
        segments += [*(relatives(patient, work) if patient is not None else ()), *visit_of(own[0], work)]
        for number, report in enumerate(own, 1):
            segments += result(report, number, work)
    return segments


_SHARED = ("status", "category", "code", "subject", "encounter", "basedOn", "issued", "performer", "identifier")


def alone(observation: Body) -> Body:
    """The report that an Observation without one makes: OBR says of it what a report would."""
    said = {name: observation[name] for name in _SHARED if name in observation}
    said |= {name: child for name, child in observation.items() if name.startswith("effective")}
    if "specimen" in observation:
        said["specimen"] = [observation["specimen"]]
    result_ = [{"reference": f"Observation/{observation.get('id', '')}"}]
    return {"resourceType": "DiagnosticReport", **said, "result": result_}


def result(report: Body, number: int, work: Work) -> list[Built]:
    """The segments of one report."""
    request = work.resource(report.get("basedOn"), "ServiceRequest")
    specimens = list(work.pool.all(report.get("specimen")))
    detail = obr(request, report, specimens, number, work)
    detail.put(25, code(work.receiver, "report-status", report.get("status", "")))
    segments = [*_order(request, report, work), detail]
    segments += notes(
        (one.get("valueAnnotation", {}) for one in report.get("extension", ()) if one["url"] == NOTE), work
    )
    count = 0
    wrong = {"status": _WRONG} if report.get("status") == _WRONG else {}
    for observation in work.pool.all(report.get("result")):
        count += 1
        segments += obx({**observation, **wrong}, count, work)
    for document in documents(report, work):
        count += 1
        document.put(1, str(count))
        document.put(3, coded.concept(report.get("code"), Ask(work, "OBX-3")))
        segments.append(document)
    return [*segments, *spm(specimens, work)]


def _order(request: Body | None, report: Body, work: Work) -> list[Built]:
    """ORC of the order that the report answers; of a report without one what the report itself says."""
    out = (
        orc(request, task_of(request, work), work, code(work.receiver, "order-control", "result"))
        if request
        else Built("ORC")
    )
    fill("ORC[DiagnosticReport]", report, out, work)
    out.put(9, dtm(extensions_of(report, BUSINESS_EVENT).get("date"), work.receiver.site.offset))
    if not out.empty:
        out.put(1, code(work.receiver, "order-control", "result"))
    return [] if out.empty else [out]


def documents(report: Body, work: Work) -> list[Built]:
    """OBX of what is no measurement: documents, links, pictures, references to images."""
    status = code(work.receiver, "observation-status", report.get("status", ""))
    found = [_attachment(one, status) for one in report.get("presentedForm", ())]
    pictures = work.pool.all([one.get("link", {}) for one in report.get("media", ())])
    found += [_attachment(media.get("content", {}), status) for media in pictures]
    for study in work.pool.all(report.get("imagingStudy")):
        out = Built("OBX")
        out.put(2, "HD")
        out.put(3, {1: "113014", 2: "DICOM Study", 3: "DCM"})
        out.put(5, study_uid(study))
        out.put(11, status)
        found.append(out)
    return [one for one in found if one.fields.get(5)]


def _attachment(content: Body, status: str) -> Built:
    """The OBX of one of them."""
    out, title = Built("OBX"), content.get("title", "")
    kind, written = attached(content)
    out.put(2, kind)
    out.put(5, written)
    if title and out.fields:
        out.put(3, {1: title} if title.isascii() and " " not in title else {2: title})
    out.put(11, status)
    return out
