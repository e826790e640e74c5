"""IPC, and OBX that name a DICOM study, -> ImagingStudy: a reference to images that lie in an archive.

Id by the StudyInstanceUID, which is unique in the world. Source: HL7 v2.5.1 4.5.6 (IPC); FHIR R4 imagingstudy.html.
"""

from __future__ import annotations

import re

from mappers import systems
from mappers.datatypes.primitive import spaced
from mappers.derived import derived_id
from mappers.draft import Draft, Sheet
from mappers.ledger import Outcome
from mappers.mapped import Weight
from mappers.message import NULL, Leaf, Segment
from mappers.messages.order_groups import Noted
from mappers.messages.subject import Subject

DICOM_UID = "urn:dicom:uid"
DICOM = "http://dicom.nema.org/resources/ontology/DCM"
_OID = re.compile(r"[0-2](?:\.(?:0|[1-9][0-9]*)){2,}")
_CODES = frozenset(
    {"113014", "110180", "STUDYUID", "STUDYINSTANCEUID", "STUDY_INSTANCE_UID", "STUDY_UID", "DICOMSTUDY"}
)


def study_uid(obx: Segment) -> str:
    """The StudyInstanceUID that an OBX carries, `""` when it is about something else."""
    if "STUDY" not in (raw := obx.raw(3).upper()) and "113014" not in raw and "110180" not in raw:
        return ""
    names = [(obx.get(3, n) or "").replace(" ", "").upper() for n in (1, 2)]
    if not any(name in _CODES for name in names):
        return ""
    for component in (1, 2, 3):
        text = (obx.get(5, component) or "").strip().removeprefix("urn:oid:")
        if len(text) <= 64 and _OID.fullmatch(text):
            return text
    return ""


def referenced(noted: Noted, about: Subject, draft: Draft) -> Sheet | None:
    """The ImagingStudy that an OBX refers to, `None` when it refers to none."""
    obx = noted.segment
    uid = study_uid(obx)
    if not uid:
        return None
    sheet = _sheet(uid, about, draft)
    for field in (2, 3, 5, 11):
        for value in obx.values(field):
            for leaf in value.leaves():
                # What it is called, and that it stands, is what the kind of resource says.
                told = uid in (value.get(leaf.component, leaf.subcomponent) or "")
                outcome: Outcome = "stored" if told else "coded"
                draft.ledger.note(leaf, outcome, sheet.path("identifier[0].value"), f"OBX[ImagingStudy]#OBX-{field}")
    return sheet


def study(ipc: Segment, request: Sheet, about: Subject, draft: Draft) -> Sheet | None:
    """The ImagingStudy of an IPC: accession 1, study 3, modality 5. Without a study only the accession stays."""
    uid = (ipc.get(3) or "").strip()
    accession = (ipc.get(1) or "").strip()
    if accession and accession != NULL:
        identifier = {
            "type": {"coding": [{"system": systems.V2_0203, "code": "ACSN"}]},
            "system": systems.local(draft.site.institution, "accession", ipc.get(1, 2) or ""),
            "value": accession,
        }
        place = request.add("identifier", identifier)
        draft.ledger.note(Leaf(ipc.position, 1, 1, 1, 1), "stored", request.path(f"{place}.value"), "IPC#IPC-1")
        if ipc.get(1, 2):
            draft.ledger.note(Leaf(ipc.position, 1, 1, 2, 1), "stored", request.path(f"{place}.system"), "IPC#IPC-1")
    if not uid or not _OID.fullmatch(uid):
        return None
    sheet = _sheet(uid, about, draft)
    if request.type == "ServiceRequest":
        # An order reserves the number of a study that is still to be made.
        sheet.body["status"] = "registered"
        sheet.body["basedOn"] = [{"reference": request.ref}]
    draft.ledger.note(Leaf(ipc.position, 3, 1, 1, 1), "stored", sheet.path("identifier[0].value"), "IPC#IPC-3")
    if modality := (ipc.get(5) or "").strip(' "'):
        sheet.body["modality"] = [{"system": DICOM, "code": spaced(modality)}]
        draft.ledger.note(Leaf(ipc.position, 5, 1, 1, 1), "stored", sheet.path("modality[0].code"), "IPC#IPC-5")
    return sheet


def _sheet(uid: str, about: Subject, draft: Draft) -> Sheet:
    sheet = draft.resource("ImagingStudy", derived_id("ImagingStudy", DICOM_UID, uid), Weight.MENTION)
    sheet.body["identifier"] = [{"system": DICOM_UID, "value": f"urn:oid:{uid}"}]
    sheet.body["status"] = "available"
    about.write(sheet)
    return sheet
