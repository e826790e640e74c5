"""An ER7 message written as HL7 v2 XML, with its groups and the datatypes of the standard, as a sender would."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from functools import cache

from lxml import etree

from adapters import v2_xml
from adapters.grammar import group, structure_of, version_of
from mappers.message import Message, Segment


@cache
def _fields(version: str) -> dict[str, str]:
    """The datatype of every field (`PID_3`), from hl7apy's tables."""
    tables = importlib.import_module("hl7apy.v" + version.replace(".", "_"))
    return {name: row[2] for name, row in tables.FIELDS.items()}


def copy(message: Message) -> bytes:
    version = version_of(message)[0]
    structure = structure_of(message)

    def types(segment: str, field: int) -> str:
        kind = _fields(version).get(f"{segment}_{field}", "")
        return kind if kind and kind not in ("ST", "ID", "IS", "NM", "SI", "DT", "TX", "FT", "varies") else ""

    def groups(told: Message) -> Iterator[tuple[v2_xml.Group, Segment]]:
        return group(told).walk()

    root = v2_xml.render(message, structure.name if structure else message.code, types, groups)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=False)
