"""What a change of a Patient or an Encounter is called in ADT: the rows of `tables/outbound/adt_events.csv`.

A row with the state before goes before one with `*`; what no row names is an update (A08). Without a change of status
another bed is a transfer (A02), another class A06 or A07. A person is new (A28), changed (A31), no longer valid (A29),
merged (A40), or known under a second record (A24). Source: HL7 v2.5.1 3.3.
"""

from __future__ import annotations

import csv
from functools import cache
from typing import Any

from mappers.outbound.tree import TABLES

Body = dict[str, Any]
_INPATIENT = frozenset({"IMP", "ACUTE", "NONAC", "SS"})


@cache
def _rows() -> dict[tuple[str, str, str], str]:
    with (TABLES / "adt_events.csv").open(encoding="utf-8", newline="") as file:
        return {
            (row["before"], row["after"], row["inpatient"]): row["event"] for row in csv.DictReader(file, strict=True)
        }


def event_of_visit(encounter: Body, before: Body | None) -> str:
    """The trigger event of an Encounter that was written; `before` is what stood there, `None` when it is new."""
    status, old = encounter.get("status", ""), (before or {}).get("status", "")
    if before is not None and status == old:
        return _moved(encounter, before)
    inside = "yes" if _is_inpatient(encounter) else "no"
    rows = _rows()
    for state in (old, "*") if before is not None else ("",):
        for kind in (inside, "*"):
            if found := rows.get((state, status, kind)):
                return found
    return "A08"


def _is_inpatient(encounter: Body) -> bool:
    return encounter.get("class", {}).get("code") in _INPATIENT


def _moved(encounter: Body, before: Body) -> str:
    """A change without a change of status: to or from the wards (A06, A07), to another bed (A02), or any other."""
    if encounter.get("status") in ("finished", "cancelled", "entered-in-error"):
        return "A08"
    now, then = _is_inpatient(encounter), _is_inpatient(before)
    if now != then:
        return "A06" if now else "A07"
    place, last = _place(encounter), _place(before)
    return "A02" if now and place and last and place != last else "A08"


def _place(encounter: Body) -> str:
    """Where the patient is: the place that is active, else the first one."""
    places = encounter.get("location", ())
    active = [one for one in places if one.get("status") == "active"]
    here: Body = next(iter(active or places), {})
    return str(here.get("location", {}).get("reference", ""))


def event_of_person(patient: Body, before: Body | None) -> str:
    """The trigger event of a Patient that was written, `''` when nobody is told: of two records that are merged the
    one that stays tells of it."""
    if before is None:
        return "" if _linked(patient, "replaced-by") else "A28"
    if _linked(patient, "replaces") - _linked(before, "replaces"):
        return "A40"
    if _linked(patient, "replaced-by"):
        return ""
    if patient.get("active") is False and before.get("active") is not False:
        return "A29"
    return "A24" if _linked(patient, "seealso") - _linked(before, "seealso") else "A31"


def _linked(patient: Body, kind: str) -> frozenset[str]:
    links = (one for one in patient.get("link", ()) if one.get("type") == kind)
    return frozenset(one.get("other", {}).get("reference", "") for one in links)


def event_of_document(document: Body, before: Body | None) -> str:
    """The trigger event of a DocumentReference (HL7 v2.5.1 9.3): new (T02), a replacement (T10) or addendum (T06) of
    another one, another status (T04), other content (T08), cancelled (T11); `''` when nobody is told: a document that
    is only mentioned, or that another one has replaced."""
    status = document.get("status", "")
    if status == "entered-in-error":
        return "T11" if before is not None and before.get("status") != status else ""
    if status == "superseded" or not _contents(document):
        return ""
    if before is None or not _contents(before):
        codes = {one.get("code") for one in document.get("relatesTo", ())}
        return "T10" if "replaces" in codes else "T06" if "appends" in codes else "T02"
    return "T08" if _contents(document) != _contents(before) else "T04"


def _contents(document: Body) -> list[Body]:
    attachments = (one.get("attachment", {}) for one in document.get("content", ()))
    return [one for one in attachments if "data" in one or "url" in one]


_CALLED_OFF = {"cancelled": "S15", "entered-in-error": "S17", "noshow": "S26"}
_NOT_YET = frozenset({"proposed", "waitlist", ""})


def event_of_appointment(appointment: Body, before: Body | None) -> str:
    """The trigger event of an Appointment (HL7 v2.5.1 10.4): booked (S12), another time (S13), any other change (S14),
    cancelled (S15), deleted (S17), nobody came (S26); `''` as long as it is only proposed."""
    status, old = appointment.get("status", ""), (before or {}).get("status", "")
    if status in _NOT_YET:
        return ""
    if status in _CALLED_OFF:
        known = before is not None and old not in _NOT_YET
        return _CALLED_OFF[status] if known and status != old else "S14" if status == old else ""
    if before is None or old in _NOT_YET:
        return "S12"
    times = [(one.get("start"), one.get("end")) for one in (appointment, before)]
    return "S13" if times[0] != times[1] else "S14"
