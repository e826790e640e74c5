"""Datatypes of orders, results and referrals that become extensions, references or quantities.

Source: HL7 v2.5.1 2.A.15 (CQ), 2.A.47 (NDL), 2.A.48 (OG of v2.8), 2.A.70 (SPS); official maps of the same names. The
extensions are those of HL7 (`hl7.fhir.uv.extensions`) that the official rows name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from mappers import practitioner, systems
from mappers.datatypes import codeable_concept as cc
from mappers.datatypes import order_number
from mappers.datatypes.contact_point import contact_point
from mappers.datatypes.membership import holds
from mappers.datatypes.number import decimal
from mappers.datatypes.period import date_time
from mappers.datatypes.reference import to_practitioner
from mappers.datatypes.reference_range import quantity
from mappers.datatypes.units import unit, unit_place
from mappers.derived import derived_id
from mappers.mapped import Weight
from mappers.message import NULL, Value
from mappers.organization import organization, reference
from mappers.use import Part, Repetition, Use

if TYPE_CHECKING:
    from mappers.draft import Sheet

_NEW = tuple.__new__
"""Makes a `Leaf` in half the time its own constructor takes."""
EXTENSION = "http://hl7.org/fhir/StructureDefinition/"
_SUB_ID = ((1, "original-sub-identifier"), (2, "group"), (3, "sequence"), (4, "identifier"))


def _inside(use: Use, name: str) -> None:
    """What the uses noted so far stands below `name`."""
    use.notes = [
        (leaf, outcome, path if "#" in path else f"{name}.{path}" if path else name, rule)
        for leaf, outcome, path, rule in use.notes
    ]


def _extension(
    url: str, name: str, convert: Callable[[Repetition, Use], Any], value: Repetition, use: Use
) -> dict[str, Any] | None:
    found = convert(value, use)
    if found is None:
        return None
    _inside(use, name)
    return {"url": EXTENSION + url, name: found}


def sub_id(value: Repetition, use: Use) -> dict[str, Any] | None:
    """OG[SubId-Extension]: OBX-4, also written as one text."""
    parts: list[dict[str, Any]] = []
    for component, name in _SUB_ID:
        if text := use.take(component, f"extension[{len(parts)}].valueString"):
            parts.append({"url": name, "valueString": text})
    return {"url": EXTENSION + "observation-v2-subid", "extension": parts} if parts else None


def amount(value: Repetition, use: Use) -> dict[str, Any] | None:
    """CQ[Quantity]: number 1, units 2; `5 mL` and `5` are read as well, anything else is carried."""
    text = value.get(1)
    if not text or text == NULL:
        return None
    head, _, tail = text.strip().partition(" ")
    number = decimal(head)
    written = value.get(2) or tail.strip()
    if number is None or number < 0:
        use.issue("field-value", 1, type="quantity")
        return None
    use.leaf(1, "value")
    if not written or written == NULL:
        return {"value": number}
    found = unit(Value(value.segment, value.field, value.repetition, written))
    if value.get(2) and found is not None:
        for leaf in value.leaves():
            if (leaf.subcomponent if isinstance(value, Part) else leaf.component) == 2:
                said = value.get(2) if isinstance(value, Part) else value.get(2, leaf.subcomponent)
                use.notes.append((leaf, *unit_place(said or "", found, "unit"), use.rule))
    return quantity(number, found)


def unit_of(value: Repetition, use: Use) -> dict[str, Any] | None:
    """CWE[Quantity]: the unit of a number that stands in another field."""
    if not isinstance(value, Value) or value.is_null or (found := unit(value)) is None:
        return None
    for leaf in value.leaves():
        said = value.get(leaf.component, leaf.subcomponent) or ""
        use.notes.append((leaf, *unit_place(said, found, "unit"), use.rule))
    return {name: text for name, text in quantity(Decimal(0), found).items() if name != "value"}


def named_practitioner(value: Repetition, use: Use) -> dict[str, Any] | None:
    """NDL[Practitioner]: a CNN in component 1 (`id&name`); `id^name` and a bare name as senders write them too."""
    second = value.get(2)
    if isinstance(value, Value) and (value.get(1, 2) or (second and second[:8].isdigit())):
        sheet = practitioner.from_cnn(use.inside(1))
    else:
        sheet = practitioner.from_xcn(use)
    return practitioner.reference(sheet) if sheet else None


def _said(value: Repetition, component: int) -> str | None:
    """The text of a component, `None` when it is absent, blank or `""`."""
    text = (value.get(component) or "").strip()
    return text if text and text != NULL else None


def producer(value: Repetition, use: Use) -> dict[str, Any] | None:
    """CWE[Organization]: code 1, name 2 or 9 (OBX-15)."""
    code, name = _said(value, 1), _said(value, 2) or _said(value, 9)
    sheet = organization(code, name, use.draft)
    if sheet is None:
        return None
    if code:
        use.leaf(1, sheet.path("identifier[0].value" if sheet.body.get("identifier") else "name"))
    _local(use, sheet)
    for component in (2, 9):
        if name and _said(value, component) == sheet.body["name"]:
            use.leaf(component, sheet.path("name"))
    return reference(sheet)


def _local(use: Use, sheet: Sheet) -> None:
    """Component 3, the coding system: that it is a local one (`L`) is what the system of the identifier says; a name of
    its own (`99zzz`) is carried."""
    if use.said(3) == "L" and "identifier" in sheet.body:
        use.notes.append((use.at(3), "coded", sheet.path("identifier[0].system"), use.rule))


def device(value: Repetition, use: Use) -> dict[str, Any] | None:
    """EI[Device]: the analyser that measured (OBX-18)."""
    number = _said(value, 1)
    if number is None:
        return None
    system = systems.local(use.site.institution, "device", _said(value, 2) or "")
    sheet = use.draft.resource("Device", derived_id("Device", system, number), Weight.MENTION)
    sheet.body.setdefault("identifier", [{"system": system, "value": number}])
    use.leaf(1, sheet.path("identifier[0].value"))
    _local(use, sheet)
    if name := use.take(2, sheet.path("deviceName[0].name")):
        sheet.body.setdefault("deviceName", [{"name": name, "type": "other"}])
    return {"reference": sheet.ref, "display": " ".join(part for part in (name, number) if part)}


def specimen_type(value: Repetition, use: Use) -> dict[str, Any] | None:
    """SPS[SpecimenType]: OBR-15 as `code&text` in component 1, or as `code^text`, where SPS wants an additive."""
    named = value.get(2)
    if isinstance(value, Value) and named and not named.isascii() and not value.get(1, 2):
        return cc.codeable_concept(value, use)
    inner = use.inside(1)
    inner.table = use.table
    return cc.codeable_concept(inner.value, inner)


def of_table(system: str, value: Repetition, use: Use) -> dict[str, Any] | None:
    """A code of one HL7 table as CodeableConcept; what is not of the table is its text."""
    code = use.said(1)
    if code is None:
        return None
    if holds(system, code) and not _SPACED.search(code):
        use.leaf(1, "coding[0].code")
        return {"coding": [{"system": system, "code": code}]}
    use.leaf(1, "text")
    return {"text": code}


_SPACED = re.compile(r"\A\s|\s\s|\s\Z")
"""White space that no FHIR code has (datatypes.html#code)."""
_ACTIVITY = {"NW": "CREATE", "SC": "UPDATE", "XO": "UPDATE", "SN": "UPDATE", "OC": "CANCEL", "CA": "CANCEL"}


def activity(value: Repetition, use: Use) -> dict[str, Any] | None:
    """ID[Activity]: what ORC-1 did to the data about the order, as DataOperation."""
    code = _ACTIVITY.get(use.said(1) or "")
    if code is None:
        return None
    use.coded(1, "coding[0].code", "DataOperation", use.said(1) or "", code)
    return {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-DataOperation", "code": code}]}


def note(value: Repetition, use: Use) -> dict[str, Any] | None:
    """CWE[Annotation]: the text of a coded comment."""
    text = cc.string(value, use)
    if text is None:
        return None
    _inside(use, "text")
    return {"text": text}


def _numbers() -> dict[str, Callable[[Repetition, Use], Any]]:
    kinds = {
        "Placer": order_number.PLACER,
        "Filler": order_number.FILLER,
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
        "Prescription": "prescription",
        "Transaction": "transaction",
    }
    return {f"EI[Identifier-{name}]": partial(order_number.identifier, kind=kind) for name, kind in kinds.items()}


ORDER_DATATYPES: Mapping[str, Callable[[Repetition, Use], Any]] = MappingProxyType(
    {
        **_numbers(),
        "EI[Identifier-Second]": order_number.second,
        "EI[Identifier-PlacerGroup]": order_number.either("placer-group"),
        "EIP[Identifier-FillerGroup]": order_number.pair(2, "filler-group"),
        "EIP[Identifier-PlacerOrder]": order_number.pair(1, order_number.PLACER),
        "EIP[Identifier-FillerOrder]": order_number.pair(2, order_number.FILLER),
        "ID[ObservationType]": partial(of_table, "http://terminology.hl7.org/CodeSystem/v2-0936"),
        "ID[ObservationSubtype-Extension]": partial(
            _extension,
            "observation-structure-type",
            "valueCodeableConcept",
            partial(of_table, "http://terminology.hl7.org/CodeSystem/v2-0937"),
        ),
        "EIP[Identifier-Placer]": order_number.specimen,
        "EIP[Identifier-Filler]": order_number.specimen,
        "XTN[ContactPoint-Extension]": partial(
            _extension, "servicerequest-order-callback-phone-number", "valueContactPoint", contact_point
        ),
        "CWE[StatusReason-Extension]": partial(
            _extension, "request-statusReason", "valueCodeableConcept", cc.codeable_concept
        ),
        "CWE[EventStatusReason-Extension]": partial(
            _extension, "event-statusReason", "valueCodeableConcept", cc.codeable_concept
        ),
        "ID[AbnormalNature-Extension]": partial(
            _extension, "observation-nature-of-abnormal-test", "valueCodeableConcept", cc.codeable_concept
        ),
        "TS[AnalysisTime-Extension]": partial(_extension, "observation-analysis-date-time", "valueDateTime", date_time),
        "OG[SubId-Extension]": sub_id,
        "CQ[Quantity]": amount,
        "CWE[Quantity]": unit_of,
        "NDL[Practitioner]": named_practitioner,
        "CWE[Organization]": producer,
        "CWE[ObservationCode]": cc.codeable_concept,
        "CWE[ObservationMethod]": cc.codeable_concept,
        "EI[Device]": device,
        "CWE[Device]": device,
        "ID[Activity]": activity,
        "XCN[Observer]": to_practitioner,
        "CWE[Annotation]": note,
        "SPS[SpecimenType]": specimen_type,
    }
)
"""Names of the datatype registry that orders, results, referrals and appointments add."""
