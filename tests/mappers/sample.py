"""What the tests of the mappers share: a county site with Chinese habits, and a message written as lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from adapters.er7 import parse
from mappers import Context, Institution, Mapped, Message, Site, map_message
from mappers.mapped import Weight

SITE = Site(
    code="township-his",
    institution="T01",
    authorities={"COUNTY": "C01", "TOWNSHIP": "T01"},
    identifier_types={
        "IDCARD": "visit-card",
        "PATIENTNO": "inpatient-no",
        "CARD_NO": "outpatient-no",
        "IDENTIFYNO": "resident-id",
        "LOCALID": "mrn",
        "MRN": "mrn",
    },
    codes={
        ("PatientClass[EncounterClass]", "住院"): "IMP",
        ("PatientClass[EncounterClass]", "T"): "AMB",
    },
    institutions={
        "C01": Institution("C01", "测试县人民医院", "county", uscc="12999999000000001Q"),
        "T01": Institution("T01", "测试镇卫生院", "township", part_of="C01"),
    },
)
RESIDENT = "999999199001010016"
"""A synthetic number (area 999999): male, born on 1990-01-01."""

HEADER = "MSH|^~\\&|HIS|TOWNSHIP|QIAO|C01|20260301080000||{type}|M1|P|2.4"


def message(type_: str, *segments: str) -> Message:
    """A message of that type (`ADT^A01`) with the segments after MSH."""
    parsed = parse("\r".join((HEADER.format(type=type_), *segments)) + "\r").message
    assert parsed is not None
    return parsed


def line(name: str, fields: dict[int, str]) -> str:
    """A segment by field numbers."""
    return "|".join([name, *(fields.get(number, "") for number in range(1, max(fields) + 1))])


def translate(read: Message, site: Site = SITE, received: str = "2026-03-01T08:00:01+08:00") -> Mapped:
    return map_message(read, Context(site, received, f"urn:qiao:message:{site.code}:{read.control_id}"))


def adt(event: str, *segments: str, site: Site = SITE) -> Mapped:
    """The translation of an ADT; a PID and an EVN are added unless given."""
    names = {segment[:3] for segment in segments}
    lines = [] if "EVN" in names else [f"EVN|{event}|20260301075900"]
    if "PID" not in names:
        lines.append("PID|1||100200^^^^MRN||张三||19900101|M")
    return translate(message(f"ADT^{event}", *lines, *segments), site)


def resources(mapped: Mapped, kind: str) -> list[dict[str, Any]]:
    return [one.resource for one in mapped.statements if one.resource["resourceType"] == kind]


def only(mapped: Mapped, kind: str) -> dict[str, Any]:
    """The one resource of that type."""
    (found,) = resources(mapped, kind)
    return found


def weight(mapped: Mapped, kind: str) -> Weight:
    """The weight of what is stated of the one resource of that type."""
    (found,) = [one.weight for one in mapped.statements if one.key[0] == kind]
    return found


def codes(mapped: Mapped) -> list[str]:
    return [issue.code for issue in mapped.issues]


def references(node: Any) -> Iterator[str]:
    """Every `reference` in a resource that leads out of it."""
    if isinstance(node, dict):
        for name, child in node.items():
            if name == "reference" and isinstance(child, str) and not child.startswith("#"):
                yield child
            else:
                yield from references(child)
    elif isinstance(node, list):
        for child in node:
            yield from references(child)


def dangling(mapped: Mapped) -> set[str]:
    """References to resources that are not in the bundle."""
    there = {f"{kind}/{identity}" for kind, identity in (one.key for one in mapped.statements)}
    return {reference for one in mapped.statements for reference in references(one.resource)} - there


def with_keys(*kinds: str) -> Site:
    return replace(SITE, patient_keys=kinds)
