"""Resources in, the text of one v2 message out: pure, the same for the same resources, receiver and envelope.

`focus` are the resources the message is about, of one patient; `pool` what they refer to. What a kind of message cannot
be made of is an `Unfit`, a value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

from mappers.outbound.messages.adt import MERGES, adt
from mappers.outbound.messages.answers import order_answer
from mappers.outbound.messages.appointments import appointment_message
from mappers.outbound.messages.documents import document_message
from mappers.outbound.messages.orders import order_message
from mappers.outbound.messages.referrals import is_referral, referral_message
from mappers.outbound.messages.results import result_message
from mappers.outbound.pool import Pool
from mappers.outbound.receiver import Envelope, Receiver, Work
from mappers.outbound.tree import Built, fitting, written

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Rendered:
    """The message as segments and as text."""

    segments: tuple[Built, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Unfit:
    """Why there is no message: the resource type that is missing."""

    missing: str


Make = Callable[[list[Body], Work], list[Built]]


def _adt(focus: list[Body], work: Work) -> list[Built]:
    patient = next((one for one in focus if one["resourceType"] == "Patient"), None)
    visit = next((one for one in focus if one["resourceType"] == "Encounter"), None)
    if patient is None and visit is not None:
        patient = work.resource(visit.get("subject"), "Patient")
    return adt(patient, visit, work) if patient is not None else []


def _first(make: Callable[[Body, Work], list[Built]]) -> Make:
    """A message about one resource."""

    def made(focus: list[Body], work: Work) -> list[Built]:
        return make(focus[0], work)

    return made


_KINDS: Mapping[str, tuple[str, Make]] = MappingProxyType(
    {
        "ADT": ("Patient", _adt),
        "ORM": ("ServiceRequest", order_message),
        "OMG": ("ServiceRequest", order_message),
        "OML": ("ServiceRequest", order_message),
        "OMI": ("ServiceRequest", order_message),
        "ORU": ("DiagnosticReport", result_message),
        "ORR": ("ServiceRequest", order_answer),
        "ORG": ("ServiceRequest", order_answer),
        "ORL": ("ServiceRequest", order_answer),
        "ORI": ("ServiceRequest", order_answer),
        "REF": ("ServiceRequest", _first(referral_message)),
        "RRI": ("ServiceRequest", _first(referral_message)),
        "MDM": ("DocumentReference", _first(document_message)),
        "SIU": ("Appointment", _first(appointment_message)),
    }
)


def kinds() -> tuple[str, ...]:
    """The message codes that can be made."""
    return tuple(_KINDS)


def focus_of(code: str, event: str, pool: Pool) -> list[Body]:
    """The resources of a pool that a message of that kind is about."""
    if code == "ADT":
        patients = pool.of("Patient")
        if event in MERGES:
            patients = [one for one in patients if any(link.get("type") == "replaces" for link in one.get("link", ()))]
        return [*patients[:1], *pool.of("Encounter")[:1]]
    found = pool.of(_KINDS[code][0])
    if code in ("REF", "RRI"):
        answered = {one.get("reference") for request in found for one in request.get("basedOn", ())}
        referrals = [one for one in found if is_referral(one)]
        return [one for one in referrals if f"ServiceRequest/{one.get('id')}" not in answered] or referrals
    if code == "MDM":  # a parent is only mentioned: it has no content
        return [one for one in found if any(_content(part) for part in one.get("content", ()))] or found
    return [one for one in found if one["resourceType"] != "ServiceRequest" or not is_referral(one)]


def _content(part: Body) -> bool:
    return not {"data", "url", "title"}.isdisjoint(part.get("attachment", {}))


def _nobodys(pool: Pool, body: Body) -> bool:
    """Whether the resource is about a patient who is not at hand: a result of nobody is worse than none."""
    subject = body.get("subject", {})
    return subject.get("reference", "").startswith("Patient/") and pool.get(subject) is None


def render(focus: list[Body], pool: Pool, receiver: Receiver, envelope: Envelope) -> Rendered | Unfit:
    """The message of the kind that the envelope names."""
    kind, make = _KINDS[envelope.code]
    if not focus:
        return Unfit(kind)
    if any(map(partial(_nobodys, pool), focus)):
        return Unfit("Patient")
    made = make(focus, Work(receiver, pool, envelope))
    if not made:
        return Unfit(kind)
    segments = fitting(made, receiver.version, f"{envelope.code}^{envelope.event}")
    return Rendered(tuple(segments), written(segments, receiver.version))
