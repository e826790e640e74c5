"""Vocabulary read backwards: the v2 code of a target code.

Order: the receiver's own codes, then the first row of the table that has the target (the official rows stand first).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from mappers.codes import table
from mappers.datatypes.coding_system import named
from mappers.outbound.receiver import Receiver


@cache
def _back(name: str) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for code, coded in table(name).codes.items():
        if coded.code:
            found.setdefault(coded.code, code)
    return MappingProxyType(found)


def code_of(receiver: Receiver, name: str, target: str, system: str = "") -> str:
    """The v2 code, `''` when the table has none for the target."""
    own = receiver.own_code(name, target) or (receiver.own_code(name, f"{system}|{target}") if system else "")
    return own or _back(name).get(target, "")


@cache
def _names() -> Mapping[str, str]:
    found: dict[str, str] = {}
    for name, url in named().items():
        found.setdefault(url, name)
    return MappingProxyType(found)


_V2 = "http://terminology.hl7.org/CodeSystem/v2-"


def system_name(url: str) -> str:
    """The name of table 0396 of a code system that is not local: `HL70002`, `LN`, else the URL itself."""
    if url.startswith(_V2) and url[len(_V2) :].isdigit():
        return f"HL7{url[len(_V2) :]}"
    return _names().get(url, url)
