"""Who is told of a change, by which message. Pure: the change, the resources around it, the receiver.

A result goes to who asked for it and to the house whose patient it is; an order to who is to carry it out; a referral
to who is asked to take over, and the answer back to who referred; patients and visits to whoever may see them. What
came from a system, or belongs to its own institution, is not sent back to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from adapters.outbound.endpoint import Outbound
from mappers import systems
from mappers.outbound import Pool
from mappers.outbound.events import event_of_person, event_of_visit
from mappers.outbound.messages.referrals import is_referral

Body = dict[str, Any]
TYPES = ("DiagnosticReport", "Encounter", "Patient", "ServiceRequest", "Task")
"""The types whose changes are looked at."""
_ASKED = frozenset({"requested", "ready"})
_ANSWERED = frozenset({"received", "accepted", "rejected", "in-progress", "completed", "failed"})
_LABORATORY = frozenset({"lab", "pathology"})


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


@dataclass(frozen=True, slots=True)
class Due:
    """A message that is to be made: `type` is `ORU^R01`; `change` is `created` or `updated`."""

    type: str
    focus: tuple[Body, ...]
    change: str = "created"


def wants(change: Change, outbound: Outbound) -> bool:
    """Whether the receiver gets any message of changes of that type at all."""
    told = {name.partition("^")[0] for name in outbound.messages}
    return not told.isdisjoint(_BY_TYPE[change.type])


_BY_TYPE = {
    "DiagnosticReport": {"ORU"},
    "Encounter": {"ADT"},
    "Patient": {"ADT"},
    "ServiceRequest": {"ORM", "OMG", "OML", "REF"},
    "Task": {"REF", "RRI"},
}


def comes_back(change: Change, site: str, institution: str) -> bool:
    """Whether the change came from the receiver: by its message, or, written over REST, by whose data it is."""
    if change.site or change.institution:
        return change.site == site or change.institution == institution
    return change.type != "Task" and change.owner == institution


def due(
    change: Change, body: Body, before: Body | None, pool: Pool, outbound: Outbound, institution: str
) -> Iterator[Due]:
    """The messages of one change for one receiver."""
    match change.type:
        case "DiagnosticReport":
            if "ORU^R01" in outbound.messages and institution in _concerned(body, pool):
                yield Due("ORU^R01", (body,))
        case "ServiceRequest":
            yield from _request(change, body, pool, outbound, institution)
        case "Task":
            yield from _task(change, body, pool, outbound, institution)
        case "Encounter" if "ADT" in outbound.messages:
            yield Due(f"ADT^{event_of_visit(body, before)}", (body,))
        case "Patient" if "ADT" in outbound.messages:
            yield Due(f"ADT^{event_of_person(body, before)}", (body,))


def _concerned(report: Body, pool: Pool) -> frozenset[str]:
    """Who asked for a result, and whose patient it is."""
    found: set[str] = set()
    for request in pool.all(report.get("basedOn")):
        found |= institutions(request.get("requester"), pool)
    patient = pool.get(report.get("subject"))
    return frozenset(found | institutions((patient or {}).get("managingOrganization"), pool))


def institutions(reference: Any, pool: Pool) -> frozenset[str]:
    """The codes of the institutions behind a Reference (or a list of them): itself, or its employer."""
    found: set[str] = set()
    waiting = list(reference) if isinstance(reference, list) else [reference]
    for _ in range(8):
        bodies = [body for one in waiting if (body := pool.get(one)) is not None]
        for body in bodies:
            numbers = body.get("identifier", ()) if body["resourceType"] == "Organization" else ()
            found |= {one.get("value", "") for one in numbers if one.get("system") == systems.INSTITUTION}
        waiting = [body.get("organization") for body in bodies if body["resourceType"] == "PractitionerRole"]
        if not waiting:
            break
    return frozenset(found)


def _request(change: Change, body: Body, pool: Pool, outbound: Outbound, institution: str) -> Iterator[Due]:
    if body.get("status") in ("unknown", "draft") or institution not in institutions(body.get("performer"), pool):
        return
    if is_referral(body):
        if "REF^I12" in outbound.messages and not pool.about("Task", "focus", body):
            event = "I14" if body.get("status") == "revoked" else "I12" if change.version == 1 else "I13"
            yield Due(f"REF^{event}", (body,))
        return
    kind = _order_kind(body, outbound)
    if kind:
        yield Due(kind, (body,), "created" if change.version == 1 else "updated")


def _order_kind(body: Body, outbound: Outbound) -> str:
    codes = {one.get("code") for concept in body.get("category", ()) for one in concept.get("coding", ())}
    wanted = ["OML^O21"] if not codes.isdisjoint(_LABORATORY) else []
    return next((kind for kind in (*wanted, "OMG^O19", "ORM^O01") if kind in outbound.messages), "")


def _task(change: Change, body: Body, pool: Pool, outbound: Outbound, institution: str) -> Iterator[Due]:
    request = pool.get(body.get("focus"))
    if request is None or request["resourceType"] != "ServiceRequest" or not is_referral(request):
        return
    status = body.get("status", "")
    taker = institutions(body.get("owner"), pool) | institutions(request.get("performer"), pool)
    giver = institutions(body.get("requester"), pool) | institutions(request.get("requester"), pool)
    if "REF^I12" in outbound.messages and institution in taker:
        if status == "cancelled":
            yield Due("REF^I14", (request,))
        elif status in _ASKED:
            yield Due("REF^I12" if change.version == 1 else "REF^I13", (request,))
    if "RRI^I12" in outbound.messages and institution in giver and status in _ANSWERED:
        yield Due("RRI^I12", (request,))
