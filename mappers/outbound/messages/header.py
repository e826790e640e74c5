"""MSH, SFT, MSA and EVN. What the envelope says goes before what the Provenance of the message remembers.

The software (SFT) is named only where the message is given back as it came: what we send, our software sends.
Source: HL7 v2.5.1 2.15.9 (MSH), 2.15.12 (SFT), 2.15.8 (MSA), 3.4.1 (EVN); table 0354 (`structures.csv`).
"""

from __future__ import annotations

from typing import Any

from mappers.outbound.datatypes.moment import dtm
from mappers.outbound.datatypes.person import extensions
from mappers.outbound.datatypes.reference import number_of
from mappers.outbound.engine import fill
from mappers.outbound.receiver import Work
from mappers.outbound.tree import Built, structure


def opening(work: Work) -> list[Built]:
    """MSH, and SFT and MSA when there is anything to say in them."""
    return [msh(work), *software(work), msa(work)]


def msh(work: Work) -> Built:
    """The header. What the envelope leaves open is what the MessageHeader of the Provenance remembers."""
    told, out = work.envelope, Built("MSH")
    source = provenance(work)
    for field, text in ((3, told.sending[0]), (4, told.sending[1]), (5, told.receiving[0]), (6, told.receiving[1])):
        out.put(field, text)
    out.put(7, dtm(told.time, work.receiver.site.offset))
    out.put(9, {1: told.code, 2: told.event, 3: _shape(source, work) if work.receiver.at_least("2.3.1") else ""})
    out.put(10, told.control_id)
    out.put(11, told.processing)
    out.put(12, work.receiver.version)
    for field, text in ((15, told.accept_ack), (16, told.application_ack), (17, told.country), (18, told.charset)):
        out.put(field, text)
    if source is not None and told.given_back:
        _remembered(source, out, work)
    out.put(11, "P")
    return out


def _shape(source: dict[str, Any] | None, work: Work) -> str:
    """MSH-9.3: as it came, when the message is given back; else what table 0354 has."""
    told = work.envelope
    came = (source or {}).get("activity", {}).get("text", "").split("^") if told.given_back else []
    if came[:2] == [told.code, told.event] and len(came) > 2:
        return str(came[2])
    return structure(f"{told.code}^{told.event}") or f"{told.code}_{told.event}"


def _remembered(source: dict[str, Any], out: Built, work: Work) -> None:
    fill("MSH[MessageHeader]", source, out, work)
    agent: dict[str, Any] = next(iter(source.get("agent", ())), {})
    house = work.resource(agent.get("onBehalfOf"), "Organization") or {}
    out.put(17, next((one.get("country", "") for one in house.get("address", ())), ""))
    application, facility = _sender(source, work)
    out.put(3, application)
    out.put(4, facility)


_INSTALLED = "http://hl7.org/fhir/5.0/StructureDefinition/extension-Device.version.installDate"


def software(work: Work) -> list[Built]:
    """SFT: the software that made the message, by its Devices. Inverse of `mappers.segments.sft_device`."""
    source, found = provenance(work), []
    if source is None or not work.envelope.given_back:
        return []
    for one in source.get("entity", [{}])[0].get("agent", ()):
        device = work.resource(one.get("who"), "Device")
        if device is None:
            continue
        out = Built("SFT")
        fill("SFT[Device]", device, out, work)
        out.put(2, source.get("contained", [{}])[0].get("source", {}).get("version"))
        installed = extensions(next(iter(device.get("version", ())), {})).get(_INSTALLED)
        out.put(6, dtm(installed, work.receiver.site.offset))
        maker = work.resource(device.get("owner"), "Organization")
        if maker is not None:
            out.beside(1, 10, number_of(maker)[1])
        found.append(out)
    return found


_RESULT_CODES = {"ok": "AA", "transient-error": "AE", "fatal-error": "AR"}
"""Table 0008 by http://hl7.org/fhir/response-code."""


def msa(work: Work) -> Built:
    """MSA of an answer: which message it answers, and how."""
    out, source = Built("MSA"), provenance(work)
    said: dict[str, Any] = (source or {}).get("contained", [{}])[0].get("response", {})
    answered = work.envelope.answers or said.get("identifier", "")
    if answered:
        out.put(1, _RESULT_CODES.get(said.get("code", "ok"), "AA"))
        out.put(2, answered)
    return out


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
