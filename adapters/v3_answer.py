"""The answer to an HL7 V3 message: accept acknowledgement, or for a registration the accepted or refused one.

`PRPA_IN201311UV02` (and 201314) is answered by `PRPA_IN201312UV02` or `PRPA_IN201313UV02`, everything else by
`MCCI_IN000002UV01`. Sender and receiver change places; every issue is an acknowledgementDetail with code, place and
our own sentence, never with a value. Source: WS/T 846-2024 (transmission wrapper), HL7 V3 MCCI.
"""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from adapters import xml_text
from adapters.answered import Answered
from adapters.xml_names import NAMESPACE_V3
from adapters.xml_text import local, plain
from profiles.issue import Issue

MESSAGE = "2.16.156.10011.2.5.1.1"
INTERACTION = "2.16.156.10011.2.5.1.2"
SYSTEM = "2.16.156.10011.2.5.1.3"
_REGISTRATIONS = frozenset({"PRPA_IN201311UV02", "PRPA_IN201314UV02"})
_MOST = 20


def render(said: Answered, name: str) -> bytes:
    """The answer as bytes in the character set `name`."""
    asked = xml_text.tree(xml_text.decode(said.raw).text)
    root = None if isinstance(asked, Issue) else asked
    accepted = said.verdict in ("AA", "CA")
    kind = "MCCI_IN000002UV01"
    if root is not None and local(root) in _REGISTRATIONS:
        kind = "PRPA_IN201312UV02" if accepted else "PRPA_IN201313UV02"
    answer = etree.Element(_tag(kind), nsmap={None: NAMESPACE_V3}, ITSVersion="XML_1.0")
    _add(answer, "id", root=MESSAGE, extension=said.control_id)
    _add(answer, "creationTime", value=said.now[:14])
    _add(answer, "interactionId", root=INTERACTION, extension=kind)
    _add(answer, "processingCode", code=_attribute(root, "processingCode", "code") or "P")
    _add(answer, "processingModeCode")
    _add(answer, "acceptAckCode", code="NE")
    for role, code, other in (("receiver", "RCV", "sender"), ("sender", "SND", "receiver")):
        _party(answer, role, code, _device(root, other))
    _acknowledgement(answer, said, root)
    if kind == "PRPA_IN201312UV02":
        _registered(answer, root)
    return xml_text.written(answer, name)


def _acknowledgement(answer: etree._Element, said: Answered, root: etree._Element | None) -> None:
    told = _add(answer, "acknowledgement", typeCode=said.verdict)
    target = _add(told, "targetMessage")
    _add(target, "id", root=_attribute(root, "id", "root") or MESSAGE, extension=_attribute(root, "id", "extension"))
    for issue in said.issues[:_MOST]:
        detail = _add(told, "acknowledgementDetail", typeCode="E" if issue.refuses else "W")
        _add(detail, "code", code=issue.code)
        _add(detail, "text", value=plain(issue.text(said.language)))
        if issue.location:
            _add(detail, "location", value=plain(issue.location))
    if not said.issues:
        _add(_add(told, "acknowledgementDetail", typeCode="I"), "text", value={"zh": "成功"}.get(said.language, "OK"))


def _registered(answer: etree._Element, root: etree._Element | None) -> None:
    """The numbers of the patient under which it was registered, as they came."""
    subject = _add(_add(answer, "controlActProcess", classCode="CACT", moodCode="EVN"), "subject", typeCode="SUBJ")
    event = _add(subject, "registrationEvent", classCode="REG", moodCode="EVN")
    _add(event, "statusCode", code="active")
    patient = _add(_add(event, "subject1", typeCode="SBJ"), "patient", classCode="PAT")
    numbers = _add(patient, "id")
    for item in _items(root):
        _add(numbers, "item", root=item.get("root", ""), extension=item.get("extension", ""))


def _items(root: etree._Element | None) -> Iterator[etree._Element]:
    """The identifiers of the patient of a registration."""
    for patient in root.iter("{*}patient") if root is not None else ():
        for identifier in patient:
            if local(identifier) == "id":
                yield from (one for one in (identifier, *identifier) if one.get("extension"))


def _device(root: etree._Element | None, role: str) -> str:
    party = next((one for one in root if local(one) == role), None) if root is not None else None
    if party is None:
        return ""
    told = [one.get("extension", "") for one in party.iter() if one.get("extension")]
    return told[0] if told else party.get("code", "")


def _party(answer: etree._Element, role: str, code: str, system: str) -> None:
    device = _add(_add(answer, role, typeCode=code), "device", classCode="DEV", determinerCode="INSTANCE")
    _add(_add(device, "id"), "item", root=SYSTEM, extension=system or "QIAO")


def _attribute(root: etree._Element | None, name: str, attribute: str) -> str:
    found = next((one for one in root if local(one) == name), None) if root is not None else None
    return found.get(attribute, "") if found is not None else ""


def _add(parent: etree._Element, name: str, **attributes: str) -> etree._Element:
    return etree.SubElement(parent, _tag(name), attributes)


def _tag(name: str) -> str:
    return f"{{{NAMESPACE_V3}}}{name}"
