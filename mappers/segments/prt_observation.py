"""PRT behind OBX -> device, performer and place of the Observation; PRT behind ORC, OBR or RXA -> who asks for it,
makes and reads the report, takes the sample, gives the vaccine.

Source: HL7 v2.8 7.4.4 (PRT), table 0912; official maps PRT[Device], PRT[Observation-Location], PRT[PractitionerRole] in
OML_O21, ORU_R01 and VXU_V04.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mappers import systems
from mappers.derived import derived_id
from mappers.draft import Draft, Sheet
from mappers.engine import apply
from mappers.mapped import Weight
from mappers.message import NULL, Segment
from mappers.segments.rol_careteam import acting

_ORDERER, _COLLECTOR = "OP", "SC"
_OF_REPORT = {"ARI": "performer", "TN": "performer", "TR": "performer", "PRI": "resultsInterpreter"}
_V2_0443 = "http://terminology.hl7.org/CodeSystem/v2-0443"
_GIVERS = ("OP", "AP")


def take_part(segments: Iterable[Segment], sheet: Sheet, draft: Draft) -> None:
    """Devices, performers and places of one Observation."""
    for prt in segments:
        number = prt.get(10)
        if number and number != NULL and "device" not in sheet.body:
            device = _device(prt, number, draft)
            sheet.body["device"] = {"reference": device.ref}
        apply("PRT[Observation]", prt, sheet, draft)
        who = acting(prt, draft) if prt.raw(5) else None
        if who is not None:
            sheet.add("performer", {"reference": who.ref})


def _device(prt: Segment, number: str, draft: Draft) -> Sheet:
    system = systems.local(draft.site.institution, "device", prt.get(10, 2) or "")
    sheet = draft.resource("Device", derived_id("Device", system, number), Weight.MENTION)
    apply("PRT[Device]", prt, sheet, draft)
    return sheet


def orderer(segments: Iterable[Segment], draft: Draft) -> dict[str, Any] | None:
    """The role of who orders (PRT-4 `OP`), `None` when no segment names him."""
    for prt in segments:
        if prt.get(4) == _ORDERER and (found := acting(prt, draft)) is not None:
            return {"reference": found.ref}
    return None


def of_report(segments: Iterable[Segment], report: Sheet, draft: Draft) -> None:
    """Who transcribed, made and read a report: its performers and interpreters."""
    for prt in segments:
        element = _OF_REPORT.get(prt.get(4) or "")
        if element is not None and (who := acting(prt, draft)) is not None:
            report.add(element, {"reference": who.ref})


def collected(segments: Iterable[Segment], specimens: Iterable[Sheet], draft: Draft) -> None:
    """Who took the samples, where nobody else is told."""
    for prt in segments:
        if prt.get(4) != _COLLECTOR or (who := acting(prt, draft)) is None:
            continue
        for specimen in specimens:
            specimen.body.setdefault("collection", {}).setdefault("collector", {"reference": who.ref})


def gave(segments: Iterable[Segment], immunization: Sheet, draft: Draft) -> None:
    """Who ordered and who gave a vaccine."""
    for prt in segments:
        code = prt.get(4)
        if code in _GIVERS and (who := acting(prt, draft)) is not None:
            function = {"coding": [{"system": _V2_0443, "code": code}]}
            immunization.add("performer", {"function": function, "actor": {"reference": who.ref}})
