"""PV1-53, PV1-54 -> EpisodeOfCare, and the diagnoses of DG1 in it. Id by its number (PV1-54), else by its description.

The episode is open while the visit is; of a visit that is over nothing says whether the episode is.
Source: HL7 v2.8 3.4.3.53, 3.4.3.54; official maps PV1[Encounter] (PV1-53, PV1-54), DG1[EpisodeOfCare].
"""

from __future__ import annotations

from mappers import path, systems
from mappers.authority import assigner
from mappers.derived import derived_id
from mappers.draft import Draft, Sheet
from mappers.engine import apply
from mappers.mapped import Weight
from mappers.message import NULL, Segment

_STATUS = {"in-progress": "active", "arrived": "active", "onleave": "active", "planned": "planned"}
_ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
_UNKNOWN = {"extension": [{"url": _ABSENT, "valueCode": "unknown"}]}


def episode(pv1: Segment, subject: Sheet, visit: Sheet, draft: Draft) -> Sheet | None:
    """The EpisodeOfCare of the visit; `None` when PV1 names none."""
    key = _key(pv1, subject, draft)
    if key is None:
        return None
    sheet = draft.resource("EpisodeOfCare", derived_id("EpisodeOfCare", *key), Weight.STATED, owner=visit.owner)
    body = sheet.body
    body["patient"] = {"reference": subject.ref}
    body["managingOrganization"] = dict(visit.body["serviceProvider"])
    status = _STATUS.get(visit.body["status"])
    if status:
        body["status"] = status
    else:
        body["_status"] = _UNKNOWN
    apply("PV1[EpisodeOfCare]", pv1, sheet, draft)
    visit.add("episodeOfCare", {"reference": sheet.ref})
    return sheet


def _key(pv1: Segment, subject: Sheet, draft: Draft) -> tuple[str, str] | None:
    value = pv1.first(54)
    number = value.get(1) if value is not None else None
    if value is not None and number is not None and number != NULL:
        found = assigner(draft.site, value, 4)
        system = found.universal or systems.local(found.institution, "episode", found.foreign)
        return system, number.strip()
    words = pv1.get(53)
    return (subject.ref, words) if words and words != NULL else None


def rank(dg1: Segment, visit: Sheet, condition: Sheet, draft: Draft) -> None:
    """The diagnosis in the list of the episode of the visit, with its role (DG1-6) and rank (DG1-15)."""
    for one in visit.body.get("episodeOfCare", ()):
        sheet = draft.sheets["EpisodeOfCare", one["reference"].partition("/")[2]]
        place = sheet.add("diagnosis", {"condition": {"reference": condition.ref}})
        index = int(place.partition("[")[2].rstrip("]"))
        apply("DG1[EpisodeOfCare]", dg1, sheet, draft, {("diagnosis", ":", path.WHOLE): index})
