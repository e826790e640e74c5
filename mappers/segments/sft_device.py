"""SFT -> Device: the software that made or passed on the message; MSA -> what the MessageHeader answers.

The first SFT is the software of the sender: its name and version stand in the contained MessageHeader as well. Each is
an agent to which the Provenance attributes the message.
Source: HL7 v2.5.1 2.15.12 (SFT), 2.15.8 (MSA); official maps SFT[Device], SFT[MessageHeader], MSA[MessageHeader].
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from mappers import dtm, systems
from mappers.derived import derived_id
from mappers.draft import Draft, Sheet
from mappers.engine import apply
from mappers.mapped import Weight
from mappers.message import NULL, Leaf, Segment
from mappers.organization import organization

_INSTALLED = "http://hl7.org/fhir/5.0/StructureDefinition/extension-Device.version.installDate"
_TYPE = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
_ANSWERS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("AA", "CA"), "ok"),
        **dict.fromkeys(("AE", "CE"), "transient-error"),
        **dict.fromkeys(("AR", "CR"), "fatal-error"),
    }
)
"""Table 0008 and http://hl7.org/fhir/response-code."""


def software(segments: tuple[Segment, ...], provenance: Sheet, draft: Draft) -> None:
    """The Devices of the SFT segments, as entities of the Provenance."""
    for index, sft in enumerate(segments):
        if index == 0:
            apply("SFT[MessageHeader]", sft, provenance, draft)
        name = sft.get(3)
        if not name or name == NULL:
            continue
        system = systems.local(draft.site.institution, "software")
        key = f"{sft.get(1) or ''}|{name}|{sft.get(2) or ''}"
        sheet = draft.resource("Device", derived_id("Device", system, key), Weight.MENTION)
        apply("SFT[Device]", sft, sheet, draft)
        _maker(sft, sheet, draft)
        _installed(sft, sheet, draft)
        made = {"type": {"coding": [{"system": _TYPE, "code": "assembler"}]}, "who": {"reference": sheet.ref}}
        provenance.body["entity"][0].setdefault("agent", []).append(made)


def _maker(sft: Segment, sheet: Sheet, draft: Draft) -> None:
    """SFT-1.10: the number of the maker is that of an Organization."""
    number, name = sft.get(1, 10), sft.get(1)
    found = organization(number, name, draft) if number and number != NULL else None
    if found is not None:
        sheet.body["owner"] = {"reference": found.ref}
        draft.ledger.note(Leaf(sft.position, 1, 1, 10, 1), "stored", found.path("identifier"), "SFT[Device]#SFT-1")


def _installed(sft: Segment, sheet: Sheet, draft: Draft) -> None:
    text = sft.get(6)
    time = dtm.dateTime(text, draft.site.offset) if text and text != NULL else None
    if time is None or "version" not in sheet.body:
        return
    sheet.body["version"][0]["extension"] = [{"url": _INSTALLED, "valueDateTime": time}]
    place = sheet.path("version[0].extension[0].valueDateTime")
    draft.ledger.note(Leaf(sft.position, 6, 1, 1, 1), "stored", place, "SFT[Device]#SFT-6")


ID = re.compile(r"[A-Za-z0-9.\-]{1,64}", re.ASCII)
"""The form of a FHIR id, which R4 wants of the number of the message that is answered."""


def answer(msa: Segment, provenance: Sheet, draft: Draft) -> None:
    """MSA-1 and MSA-2 of an answer that is translated (RRI): to which message, and how."""
    number, code = msa.get(2), _ANSWERS.get(msa.get(1) or "")
    if not number or number == NULL or code is None or not ID.fullmatch(number):
        return
    provenance.body["contained"][0]["response"] = {"identifier": number, "code": code}
    note = draft.ledger.note
    place = "contained[0].response"
    note(Leaf(msa.position, 1, 1, 1, 1), "coded", provenance.path(f"{place}.code"), "MSA[MessageHeader]#MSA-1")
    note(Leaf(msa.position, 2, 1, 1, 1), "stored", provenance.path(f"{place}.identifier"), "MSA[MessageHeader]#MSA-2")
