"""The inverse of the datatype registry: by the names that rows use."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from mappers.datatypes.order_values import EXTENSION
from mappers.outbound.ask import Ask, Write
from mappers.outbound.datatypes import coded, header, identifier, moment, person, primitive, reference, timing
from mappers.outbound.tree import Repetition

_SUB_ID = {"original-sub-identifier": 1, "group": 2, "sequence": 3, "identifier": 4}


def _of_extension(url: str, name: str, write: Write) -> Write:
    """The inverse datatype of the value of one extension; other extensions are declined."""

    def inside(value: Any, ask: Ask) -> Repetition | None:
        if not isinstance(value, dict) or value.get("url") != EXTENSION + url:
            return None
        return write(value.get(name), ask)

    return inside


def _sub_id(value: Any, ask: Ask) -> Repetition | None:
    """OG: OBX-4; before v2.8 the text alone is understood, and senders wrote the parts all the same."""
    if not isinstance(value, dict) or value.get("url") != f"{EXTENSION}observation-v2-subid":
        return None
    return {
        _SUB_ID[one["url"]]: one["valueString"]
        for one in value.get("extension", ())
        if one.get("url") in _SUB_ID and one.get("valueString")
    } or None


def _specimen_type(value: Any, ask: Ask) -> Repetition | None:
    """SPS: the type is its first component."""
    found = coded.concept(value, ask)
    flat = {number: part for number, part in (found or {}).items() if isinstance(part, str)}
    return {1: flat} if flat else None


def _note(value: Any, ask: Ask) -> Repetition | None:
    """CWE of an Annotation: the words in 2."""
    found = primitive.annotation(value, ask)
    return {2: found[1]} if found else None


_NUMBERS = {
    "Placer": "placer-order",
    "Filler": "filler-order",
    "PlacerGroup": "placer-group",
    "FillerGroup": "filler-group",
    "Shipment": "shipment",
    "Observation": "observation",
    "Document": "document",
    "PlacerAppointment": "placer-appointment",
    "FillerAppointment": "filler-appointment",
    "Referral": "referral",
    "ReferralExternal": "referral-external",
    "Authorization": "authorization",
}

REGISTRY: Mapping[str, Write] = MappingProxyType(
    {
        **{f"{name}[CodeableConcept]": coded.concept for name in ("CE", "CWE", "CNE", "CF", "IS", "ID")},
        "ST[CodeableConcept]": coded.text_concept,
        "CWE[Language]": coded.concept,
        "CWE[ObservationCode]": coded.concept,
        "CWE[ObservationMethod]": coded.concept,
        **{f"{name}[Coding]": coded.coding for name in ("CE", "CWE", "ID", "IS")},
        "CWE[Coding-Required]": coded.coding,
        "MSG[CodeableConcept]": coded.message_type,
        **{f"{name}[code]": primitive.code for name in ("CE", "CWE", "ID", "IS")},
        **{f"{name}[string]": coded.string for name in ("CE", "CWE", "CNE")},
        "XON[string]": primitive.string,
        "ID[boolean]": primitive.boolean,
        "CX[Identifier]": identifier.cx,
        "CX[Identifier-Visit]": identifier.of_kind("visit-no"),
        "CX[Identifier-Account]": identifier.of_kind("account"),
        "CX[Identifier-Employee]": identifier.of_kind("employee"),
        "CX[Identifier-Specimen]": identifier.of_kind("specimen"),
        "CX[Identifier-Accession]": identifier.of_kind("accession"),
        "CX[Identifier-Order]": identifier.of_kind("alternate-order"),
        "CX[Identifier-Guarantor]": identifier.of_kind("guarantor"),
        "CX[Identifier-Group]": identifier.of_kind("insured-group"),
        "CX[Identifier-Member]": identifier.of_kind("member"),
        "CWE[Coverage.class]": coded.plan,
        "EI[Identifier]": identifier.ei,
        **{f"EI[Identifier-{name}]": identifier.ei_of(kind) for name, kind in _NUMBERS.items()},
        "EI[Identifier-Second]": identifier.second,
        "EIP[Identifier-Placer]": identifier.ei_of("specimen"),
        "EIP[Identifier-Filler]": identifier.ei_of("specimen"),
        "HD[Identifier]": identifier.hd,
        "ST[Identifier]": identifier.number,
        "ST[Identifier-SSN]": identifier.ssn,
        "DLN[Identifier]": identifier.licence,
        "XPN[HumanName]": person.human_name,
        "XPN[string]": person.name_string,
        "XAD[Address]": person.address,
        "XTN[ContactPoint]": person.contact_point,
        "DTM[dateTime-birthTime]": moment.time,
        "DR[Period]": moment.period,
        **{f"{name}[dateTime]": moment.time for name in ("DTM", "TS", "DT")},
        **{f"{name}[instant]": moment.time for name in ("DTM", "TS")},
        **{f"{name}[date]": moment.day for name in ("DTM", "TS", "DT")},
        **{f"{name}[string]": primitive.string for name in ("ST", "ID", "IS", "NM", "SI", "TX", "FT")},
        **{f"{name}[Annotation]": primitive.annotation for name in ("TX", "FT", "ST")},
        **{f"NM[{name}]": primitive.number for name in ("integer", "unsignedInt", "positiveInt", "decimal")},
        "NM[Quantity-LengthOfStay]": primitive.days,
        "XCN[Practitioner]": reference.xcn,
        "XCN[Observer]": reference.xcn,
        "CNN[Practitioner]": reference.cnn,
        "NDL[Practitioner]": reference.ndl,
        "XON[Organization]": reference.xon,
        "HD[Organization]": reference.hd_organization,
        "PL[Location]": reference.pl,
        "HD[Location]": reference.hd_location,
        "DLD[Location-Discharge]": reference.dld,
        "CWE[Organization]": reference.producer,
        "EI[Device]": reference.device,
        "CWE[Device]": reference.device,
        **dict.fromkeys(("EI[Condition]", "EI[Procedure]"), identifier.logical),
        "CX[Identifier-Episode]": identifier.of_kind("episode"),
        "CWE[Ethnicity]": coded.ethnicity,
        "ST[Narrative]": primitive.narrative,
        "CWE[Quantity]": primitive.unit,
        "ID[ObservationType]": coded.of_table,
        "ID[ObservationSubtype-Extension]": _of_extension(
            "observation-structure-type", "valueCodeableConcept", coded.of_table
        ),
        "EIP[Identifier-PlacerOrder]": identifier.half(1, "placer-order"),
        "EIP[Identifier-FillerOrder]": identifier.half(2, "filler-order"),
        "EIP[Identifier-FillerGroup]": identifier.half(2, "filler-group"),
        "HD[MessageHeader.source-name]": header.name,
        "HD[MessageHeader.source-endpoint]": header.endpoint,
        "HD[MessageHeader.destination-name]": header.name,
        "HD[MessageHeader.destination-endpoint]": header.destination,
        "HD[url]": header.url,
        "HD[Device]": header.named,
        "HD[Organization-Sender]": header.named,
        "HD[Organization-Receiver]": header.named,
        "MSG[Coding]": header.event,
        "PT[Meta]": header.processing,
        "CWE[code-language]": primitive.string,
        "ST[Coding]": header.label,
        "CQ[Quantity]": primitive.quantity,
        "RPT[Timing]": timing.pattern,
        "CQ[Duration]": timing.duration,
        "CQ[Timing-Duration]": timing.each,
        "TM[time]": timing.clock,
        "SPS[SpecimenType]": _specimen_type,
        "CWE[Annotation]": _note,
        "OG[SubId-Extension]": _sub_id,
        "XTN[ContactPoint-Extension]": _of_extension(
            "servicerequest-order-callback-phone-number", "valueContactPoint", person.contact_point
        ),
        "CWE[StatusReason-Extension]": _of_extension("request-statusReason", "valueCodeableConcept", coded.concept),
        "CWE[EventStatusReason-Extension]": _of_extension("event-statusReason", "valueCodeableConcept", coded.concept),
        "ID[AbnormalNature-Extension]": _of_extension(
            "observation-nature-of-abnormal-test", "valueCodeableConcept", coded.concept
        ),
        "TS[AnalysisTime-Extension]": _of_extension("observation-analysis-date-time", "valueDateTime", moment.time),
    }
)
"""By name. A datatype without an inverse is a gap that `engine.gaps()` names and a test holds to a list."""
