"""ORM^O01, OMG^O19, OML^O21, OMI^O23: orders -> ServiceRequest, Task, Specimen, and Observations that inform them.

Every order group becomes a request; a group without any number cannot be found again by its result and is refused.
Source: HL7 v2.5.1 4.4.1, 4.4.4, 4.4.6, 4.4.10; V2-to-FHIR ORM_O01, OML_O21; OMG_O19 and OMI_O23 have no official map.
"""

from __future__ import annotations

from typing import Any

from mappers.datatypes.order_number import FILLER, PLACER, Number
from mappers.draft import Draft, Sheet
from mappers.finish import finish
from mappers.mapped import Mapped
from mappers.message import Segment
from mappers.messages import nutrition, prescriptions, supplies
from mappers.messages.notes import annotate
from mappers.messages.observations import Panel, observe
from mappers.messages.order_groups import Group, walk
from mappers.messages.service_request import beside, key_of, mention, moment, request
from mappers.messages.specimens import specimens
from mappers.messages.studies import study
from mappers.messages.subject import Subject, subject
from mappers.messages.surroundings import alone, surround
from mappers.order_state import ResultState
from mappers.organization import institution
from mappers.organization import reference as named
from mappers.segments.ctd_practitionerrole import contact
from mappers.segments.dg1_condition import conditions
from mappers.segments.prt_observation import collected
from mappers.service_section import observation_category, section

_WITH_PRIOR_RESULTS = frozenset({"OMG", "OMI", "OML"})
"""Messages whose orders may bring PRIOR_RESULT groups, which look like further orders."""
_ASKED = ResultState("unknown", "unknown")
"""Information for the filler carries no result status (OBX-11 is not used in orders)."""

EVENTS = (
    ("ORM", "O01"),
    ("OMG", "O19"),
    ("OML", "O21"),
    ("OML", "O33"),
    ("OML", "O35"),
    ("OML", "O39"),
    ("OML", "O59"),
    ("OMI", "O23"),
)


def translate(draft: Draft) -> Mapped:
    """The requests of an order message."""
    walked = walk(draft.message).groups
    groups = [group for group in walked if group.other is None]
    if not groups:
        if any(group.other is not None and group.other.name in prescriptions.DETAILS for group in walked):
            return prescriptions.translate(draft)
        return _without(walked, draft)
    about: Subject | None = None
    pid: Segment | None = None
    taken: set[tuple[str, str]] = set()
    first: Number | None = None
    before = ""
    for group in groups:
        if about is None or group.pid is not pid:
            before = about.patient.id if about is not None else ""
            about = subject(draft, group.pid, group.pv1)
            if about is None:
                return finish(draft)
            pid = group.pid
            surround(draft, about)
        if before == about.patient.id and draft.message.code in _WITH_PRIOR_RESULTS:
            _prior(group, about, draft)
            continue
        key = _order(group, about, taken, draft)
        first = first or key
    return finish(
        draft, patient=about.patient.id if about else "", order_key=f"{first.system}|{first.value}" if first else ""
    )


def _prior(group: Group, about: Subject, draft: Draft) -> None:
    """A second PID of the same patient leads into results of before: their order is mentioned, not asked for again."""
    key = key_of(group, draft, PLACER) or key_of(group, draft, FILLER)
    if key is None:
        return
    sheet = mention(group, key, about, draft)
    annotate(group.notes, sheet, draft)
    _supporting(group, key, about, sheet, draft)


def _without(walked: list[Group], draft: Draft) -> Mapped:
    """No service is ordered: diets and supplies (ORM of v2.3 and before) are other resources."""
    others = {group.other.name for group in walked if group.other is not None}
    if others & {"ODS", "ODT"}:
        return nutrition.translate(draft)
    if "RQD" in others:
        return supplies.translate(draft)
    if others:
        # Taken for service requests they would mislead.
        draft.issue("segment-missing", "OBR", segment="OBR")
        return finish(draft)
    about = subject(draft, draft.message.first("PID"), draft.message.first("PV1"))
    return alone(draft, about, "OBR") if about is not None else finish(draft)


def _order(group: Group, about: Subject, taken: set[tuple[str, str]], draft: Draft) -> Number | None:
    key = key_of(group, draft, PLACER) or key_of(group, draft, FILLER)
    if key is None:
        location = group.obr or group.orc
        draft.issue("order-unidentified", f"{location.name}-2" if location else "ORC-2")
        return None
    value = key.value
    if (key.system, value) in taken and group.obr is not None:
        value = f"{key.value}/{group.obr.get(4) or group.obr.occurrence}"
    taken.add((key.system, value))
    sheet = request(group, key, about, draft, value)
    own = key._replace(value=value)
    if found := specimens(group, own, about, draft):
        sheet.body["specimen"] = [{"reference": one.ref} for one in found]
        collected(group.participants, found, draft)
    _reasons(group, about, sheet, draft)
    _supporting(group, own, about, sheet, draft)
    for segment in group.studies:
        study(segment, sheet, about, draft)
    for segment in group.contacts:
        house = named(institution(key.owner, draft))
        if (found_contact := contact(segment, house, draft)) is not None:
            sheet.add("supportingInfo", {"reference": found_contact.ref})
    return key


def _reasons(group: Group, about: Subject, sheet: Sheet, draft: Draft) -> None:
    """DG1 of the order: why it was asked for."""
    for one in conditions(draft, about.patient, about.encounter, tuple(group.diagnoses)):
        sheet.add("reasonReference", {"reference": one.ref})


def _supporting(group: Group, key: Number, about: Subject, sheet: Sheet, draft: Draft) -> None:
    beside(group, draft)
    panel = Panel(
        system=key.system,
        key=f"order|{key.value}",
        subject=about,
        state=_ASKED,
        category=observation_category(section(group.obr, draft)),
        effective=_effective(group, draft),
    )
    counts: dict[tuple[str, str], int] = {}
    for noted in group.observations:
        found = observe(noted, panel, counts, draft)
        if found is not None:
            sheet.add("supportingInfo", {"reference": found.sheet.ref})


def _effective(group: Group, draft: Draft) -> dict[str, Any]:
    time = moment(group.obr, 7, draft)
    return {"effectiveDateTime": time} if time else {}
