"""Resources in, the text of one v2 message out: pure, the same for the same resources, receiver and envelope.

`focus` are the resources the message is about, of one patient; `pool` what they refer to. What a kind of message cannot
be made of is an `Unfit`, a value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from mappers.outbound.messages.adt import adt
from mappers.outbound.messages.orders import order_message
from mappers.outbound.messages.referrals import is_referral, referral_message
from mappers.outbound.messages.results import result_message
from mappers.outbound.pool import Pool
from mappers.outbound.receiver import Envelope, Receiver, Work
from mappers.outbound.tree import Built, written

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


def _referral(focus: list[Body], work: Work) -> list[Built]:
    return referral_message(focus[0], work)


_KINDS: Mapping[str, tuple[str, Make]] = MappingProxyType(
    {
        "ADT": ("Patient", _adt),
        "ORM": ("ServiceRequest", order_message),
        "OMG": ("ServiceRequest", order_message),
        "OML": ("ServiceRequest", order_message),
        "OMI": ("ServiceRequest", order_message),
        "ORU": ("DiagnosticReport", result_message),
        "REF": ("ServiceRequest", _referral),
        "RRI": ("ServiceRequest", _referral),
    }
)


def kinds() -> tuple[str, ...]:
    """The message codes that can be made."""
    return tuple(_KINDS)


def focus_of(code: str, event: str, pool: Pool) -> list[Body]:
    """The resources of a pool that a message of that kind is about."""
    if code == "ADT":
        patients = pool.of("Patient")
        if event in ("A18", "A34", "A39", "A40"):
            patients = [one for one in patients if any(link.get("type") == "replaces" for link in one.get("link", ()))]
        return [*patients[:1], *pool.of("Encounter")[:1]]
    found = pool.of(_KINDS[code][0])
    if code in ("REF", "RRI"):
        answered = {one.get("reference") for request in found for one in request.get("basedOn", ())}
        referrals = [one for one in found if is_referral(one)]
        return [one for one in referrals if f"ServiceRequest/{one.get('id')}" not in answered] or referrals
    return [one for one in found if not is_referral(one)] if code != "ORU" else found


def render(focus: list[Body], pool: Pool, receiver: Receiver, envelope: Envelope) -> Rendered | Unfit:
    """The message of the kind that the envelope names."""
    kind, make = _KINDS[envelope.code]
    if not focus:
        return Unfit(kind)
    segments = make(focus, Work(receiver, pool, envelope))
    if not segments:
        return Unfit(kind)
    return Rendered(tuple(segments), written(segments, receiver.version))
