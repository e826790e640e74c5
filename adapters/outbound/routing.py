"""Who is told of a change, by which message. Pure: the change, the resources around it, the receiver.

A result goes to who asked for it and to the house whose patient it is, and so does a document; an order to who is to
carry it out, the answer to who asked; a referral to who is asked to take over, and the answer back to who referred; an
appointment to the houses that take part in it; patients and visits to whoever may see them. What came from a system,
or belongs to its own institution, is not sent back to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from adapters.outbound.endpoint import Outbound
from mappers import systems
from mappers.outbound import Pool
from mappers.outbound.events import event_of_appointment, event_of_document, event_of_person, event_of_visit
from mappers.outbound.messages.answers import ANSWERS
from mappers.outbound.messages.referrals import is_referral

Body = dict[str, Any]
_ASKED = frozenset({"requested", "ready"})
_ANSWERED = frozenset({"received", "accepted", "rejected", "in-progress", "completed", "failed"})
_DECIDED = frozenset({"accepted", "rejected", "failed", "cancelled", "on-hold"})
"""States of an order that its placer waits for; that work goes on and is done, the results say."""
_BEFORE_WORK = frozenset({"draft", "requested", "received", "ready", ""})
_LABORATORY = frozenset({"lab", "laboratory", "pathology"})
_PICTURES = frozenset({"radiology", "imaging"})
_RESULTS = frozenset({"laboratory", "imaging", "procedure", "exam"})
"""Categories of Observations that are results also without a report and an order; a watch's pulse is none."""


class Change(NamedTuple):
    """One row of the log: `site` and `institution` are those of the message that caused it, `''` when none did."""

    seq: int
    rid: int
    type: str
    id: str
    version: int
    owner: str
    site: str
    institution: str
    time: int = 0


class Asked(NamedTuple):
    """The message by which the receiver asked: `type` is `ORM^O01`."""

    type: str
    control_id: str


Ask = Callable[[Body], Asked | None]
"""The last message of the receiver about a ServiceRequest."""


@dataclass(frozen=True, slots=True)
class Due:
    """A message that is to be made: `type` is `ORU^R01`; `change` is `created` or `updated`; `answers` the number of
    the message that it answers."""

    type: str
    focus: tuple[Body, ...]
    change: str = "created"
    answers: str = ""


_BY_TYPE = {
    "Appointment": {"SIU"},
    "DiagnosticReport": {"ORU"},
    "DocumentReference": {"MDM"},
    "Encounter": {"ADT"},
    "Observation": {"ORU"},
    "Patient": {"ADT"},
    "ServiceRequest": {"ORM", "OMG", "OML", "OMI", "REF", "ORR", "ORG", "ORL", "ORI"},
    "Task": {"REF", "RRI", "ORR", "ORG", "ORL", "ORI"},
}
TYPES = tuple(_BY_TYPE)
"""The types whose changes are looked at."""


def wanted(outbound: Outbound) -> frozenset[str]:
    """The types whose changes may concern the receiver."""
    told = {name.partition("^")[0] for name in outbound.messages}
    return frozenset(kind for kind, codes in _BY_TYPE.items() if not told.isdisjoint(codes))


def comes_back(change: Change, site: str, institution: str) -> bool:
    """Whether the change came from the receiver: by its message, or, written over REST, by whose data it is."""
    if change.site or change.institution:
        return change.site == site or change.institution == institution
    return change.type != "Task" and change.owner == institution


@dataclass(frozen=True, slots=True)
class Case:
    """One change, and one receiver of it. `reports` are those that are to tell of an Observation, `None` when it
    belongs to none."""

    change: Change
    body: Body
    before: Body | None
    pool: Pool
    outbound: Outbound
    institution: str
    asked: Ask
    reports: tuple[Body, ...] | None = None

    def due(self) -> Iterator[Due]:
        """The messages of the change for the receiver."""
        yield from _WAYS[self.change.type](self)

    def takes(self, kind: str) -> bool:
        return kind in self.outbound.messages

    def among(self, *references: Any) -> bool:
        """Whether the receiver's institution stands behind one of the references."""
        return any(self.institution in institutions(one, self.pool) for one in references)


def _report(case: Case) -> Iterator[Due]:
    if case.takes("ORU^R01") and _concerned(case.body, case):
        yield Due("ORU^R01", (case.body,))


def _observation(case: Case) -> Iterator[Due]:
    """The reports it belongs to, as they stand now; a result without a report alone."""
    if case.reports is not None:
        told = tuple(one for one in case.reports if _concerned(one, case))
        if told and case.takes("ORU^R01"):
            yield Due("ORU^R01", told)
        return
    codes = {one.get("code") for concept in case.body.get("category", ()) for one in concept.get("coding", ())}
    if not case.body.get("basedOn") and codes.isdisjoint(_RESULTS):
        return
    yield from _report(case)


def _concerned(body: Body, case: Case) -> bool:
    """Whether the receiver asked for it, or it is about its patient."""
    asking = [request.get("requester") for request in case.pool.all(body.get("basedOn"))]
    patient = case.pool.get(body.get("subject")) or {}
    return case.among(*asking, patient.get("managingOrganization"))


def institutions(reference: Any, pool: Pool) -> frozenset[str]:
    """The codes of the institutions behind a Reference (or a list of them): itself, or its employer."""
    found: set[str] = set()
    waiting = list(reference) if isinstance(reference, list) else [reference]
    for _ in range(8):
        bodies = [body for one in waiting if (body := pool.get(one)) is not None]
        for body in bodies:
            numbers = body.get("identifier", ()) if body["resourceType"] == "Organization" else ()
            found |= {one.get("value", "") for one in numbers if one.get("system") == systems.INSTITUTION}
        waiting = [body.get(_EMPLOYER[kind]) for body in bodies if (kind := body["resourceType"]) in _EMPLOYER]
        if not waiting:
            break
    return frozenset(found)


_EMPLOYER = {
    "PractitionerRole": "organization",
    "Location": "managingOrganization",
    "HealthcareService": "providedBy",
    "Patient": "managingOrganization",
    "Device": "owner",
}


def _document(case: Case) -> Iterator[Due]:
    event = event_of_document(case.body, case.before)
    related = [
        one
        for one in case.pool.all(case.body.get("context", {}).get("related"))
        if one["resourceType"] == "ServiceRequest"
    ]
    patient = case.pool.get(case.body.get("subject")) or {}
    asking = [one.get("requester") for one in related]
    if event and case.takes("MDM") and case.among(*asking, patient.get("managingOrganization")):
        yield Due(f"MDM^{event}", (case.body,))


def _appointment(case: Case) -> Iterator[Due]:
    event = event_of_appointment(case.body, case.before)
    actors = [one.get("actor") for one in case.body.get("participant", ())]
    if event and case.takes("SIU") and case.among(*actors):
        yield Due(f"SIU^{event}", (case.body,))


def _visit(case: Case) -> Iterator[Due]:
    if case.takes("ADT"):
        yield Due(f"ADT^{event_of_visit(case.body, case.before)}", (case.body,))


def _person(case: Case) -> Iterator[Due]:
    event = event_of_person(case.body, case.before)
    if event and case.takes("ADT"):
        yield Due(f"ADT^{event}", (case.body,))


def _request(case: Case) -> Iterator[Due]:
    body = case.body
    if body.get("status") in ("unknown", "draft"):
        return
    alone = not case.pool.about("Task", "focus", body)
    if is_referral(body):
        if case.takes("REF^I12") and alone and case.among(body.get("performer")):
            event = "I14" if body.get("status") == "revoked" else "I12" if case.change.version == 1 else "I13"
            yield Due(f"REF^{event}", (body,))
        return
    if case.among(body.get("performer")):
        kind = _order_kind(body, case.outbound)
        if kind:
            yield Due(kind, (body,), "created" if case.change.version == 1 else "updated")
    elif alone and body.get("status") != (case.before or {}).get("status") and body.get("status") != "active":
        yield from _answer(body, case)


def _order_kind(body: Body, outbound: Outbound) -> str:
    codes = {one.get("code", "").lower() for concept in body.get("category", ()) for one in concept.get("coding", ())}
    first = ["OML^O21"] if not codes.isdisjoint(_LABORATORY) else []
    first += ["OMI^O23"] if not codes.isdisjoint(_PICTURES) else []
    return next((kind for kind in (*first, "OMG^O19", "ORM^O01") if kind in outbound.messages), "")


def _task(case: Case) -> Iterator[Due]:
    request = case.pool.get(case.body.get("focus"))
    if request is None or request["resourceType"] != "ServiceRequest":
        return
    if is_referral(request):
        yield from _referral(request, case)
        return
    status, old = case.body.get("status", ""), (case.before or {}).get("status", "")
    if status == old or case.among(case.body.get("owner"), request.get("performer")):
        return
    if status in _DECIDED or (status == "in-progress" and old in _BEFORE_WORK):
        yield from _answer(request, case)


def _answer(request: Body, case: Case) -> Iterator[Due]:
    """To the placer, when it asked by a message: an answer names the message that it answers."""
    if not any(map(case.takes, ANSWERS.values())) or not case.among(request.get("requester")):
        return
    asked = case.asked(request)
    kind = ANSWERS.get(asked.type, "") if asked is not None else ""
    if asked is not None and case.takes(kind):
        yield Due(kind, (request,), answers=asked.control_id)


def _referral(request: Body, case: Case) -> Iterator[Due]:
    body = case.body
    status = body.get("status", "")
    if case.takes("REF^I12") and case.among(body.get("owner"), request.get("performer")):
        if status == "cancelled":
            yield Due("REF^I14", (request,))
        elif status in _ASKED:
            yield Due("REF^I12" if case.change.version == 1 else "REF^I13", (request,))
    if case.takes("RRI^I12") and case.among(body.get("requester"), request.get("requester")) and status in _ANSWERED:
        asked = case.asked(request)
        event = asked.type[4:] if asked is not None and asked.type.startswith("REF^") else "I12"
        yield Due(f"RRI^{event}", (request,), answers=asked.control_id if asked is not None else "")


_WAYS: dict[str, Callable[[Case], Iterator[Due]]] = {
    "Appointment": _appointment,
    "DiagnosticReport": _report,
    "DocumentReference": _document,
    "Encounter": _visit,
    "Observation": _observation,
    "Patient": _person,
    "ServiceRequest": _request,
    "Task": _task,
}
