"""MSH and EVN. What the envelope says goes before what the Provenance of the message remembers.

Source: HL7 v2.5.1 2.15.9 (MSH), 3.4.1 (EVN); the message structures of MSH-9.3 by event.
"""

from __future__ import annotations

from typing import Any

from mappers.outbound.datatypes.moment import dtm
from mappers.outbound.engine import fill
from mappers.outbound.receiver import Work
from mappers.outbound.tree import Built

_STRUCTURES = {
    **dict.fromkeys(("A01", "A04", "A08", "A13"), "ADT_A01"),
    **dict.fromkeys(("A05", "A14", "A28", "A31"), "ADT_A05"),
    **dict.fromkeys(("A06", "A07"), "ADT_A06"),
    **dict.fromkeys(("A09", "A10", "A11", "A12"), "ADT_A09"),
    "A40": "ADT_A39",
    **dict.fromkeys(("I12", "I13", "I14"), "{code}_I12"),
}
"""MSH-9.3 where it is not the type and the event (HL7 table 0354)."""


def msh(work: Work) -> Built:
    """The header. What the envelope leaves open is what the MessageHeader of the Provenance remembers."""
    told, out = work.envelope, Built("MSH")
    source = provenance(work)
    for field, text in ((3, told.sending[0]), (4, told.sending[1]), (5, told.receiving[0]), (6, told.receiving[1])):
        out.put(field, text)
    out.put(7, dtm(told.time, work.receiver.site.offset))
    structure = _STRUCTURES.get(told.event, f"{told.code}_{told.event}").format(code=told.code)
    out.put(9, {1: told.code, 2: told.event, 3: structure if work.receiver.at_least("2.3.1") else ""})
    out.put(10, told.control_id)
    out.put(11, told.processing)
    out.put(12, work.receiver.version)
    for field, text in ((15, told.accept_ack), (16, told.application_ack), (17, told.country), (18, told.charset)):
        out.put(field, text)
    if source is not None and not any(told.sending):
        _remembered(source, out, work)
    out.put(11, "P")
    return out


def _remembered(source: dict[str, Any], out: Built, work: Work) -> None:
    fill("MSH[MessageHeader]", source, out, work)
    agent: dict[str, Any] = next(iter(source.get("agent", ())), {})
    house = work.resource(agent.get("onBehalfOf"), "Organization") or {}
    out.put(17, next((one.get("country", "") for one in house.get("address", ())), ""))
    application, facility = _sender(source, work)
    out.put(3, application)
    out.put(4, facility)


def provenance(work: Work) -> dict[str, Any] | None:
    """The Provenance of the message the resources came with, when it is at hand."""
    found = work.pool.of("Provenance")
    return next((one for one in found if any(e.get("role") == "source" for e in one.get("entity", ()))), None)


def _sender(source: dict[str, Any] | None, work: Work) -> tuple[str, str]:
    agent: dict[str, Any] = next(iter((source or {}).get("agent", ())), {})
    device = work.resource(agent.get("who"), "Device")
    if device is None:
        return "", agent.get("who", {}).get("display", "")
    number = next((one.get("value", "") for one in device.get("identifier", ())), "")
    return number, agent.get("onBehalfOf", {}).get("display", "")


def evn(work: Work) -> Built:
    """The event."""
    out, source = Built("EVN"), provenance(work)
    out.put(1, work.envelope.event)
    if source is not None:
        fill("EVN[Provenance]", source, out, work)
    out.put(2, dtm(work.envelope.time, work.receiver.site.offset))
    return out
