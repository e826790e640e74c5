"""HD, PT, MSG, ST of MSH -> the parts of a MessageHeader: who sent to whom, by which names and addresses.

An HD has two numbers: a name of its own (1) and a universal id (2) with its kind (3). A universal id of a known kind
is an address (`urn:oid:`, `urn:uuid:`, `urn:dns:`), any other one as it is written. Whom a message is sent to is named,
not stored: the reference is logical, and costs no resource. Source: HL7 v2.5.1 2.A.33 (HD), 2.A.56 (PT), 2.A.45 (MSG);
official maps HD[MessageHeader.source-name], HD[MessageHeader.source-endpoint], HD[MessageHeader.destination-name],
HD[MessageHeader.destination-endpoint], HD[Device], HD[Organization], PT[Meta], MSG[Coding].
"""

from __future__ import annotations

import re
from typing import Any

from mappers import systems
from mappers.codes import Unmapped, lookup
from mappers.datatypes.codeable_concept import message_type
from mappers.datatypes.language import is_tag
from mappers.datatypes.primitive import spaced
from mappers.organization import institution
from mappers.use import Repetition, Use

URI = "urn:ietf:rfc:3986"
_UUID = ("urn:uuid:", re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z"))
_SCHEMES = {
    "ISO": ("urn:oid:", re.compile(r"[0-2](\.(0|[1-9][0-9]*))+\Z")),
    "UUID": _UUID,
    "GUID": _UUID,
    "DNS": ("urn:dns:", re.compile(r"[A-Za-z0-9._-]+\Z")),
    "URI": ("", re.compile(r"\S+\Z")),
}
"""What a universal id of a kind looks like as an address. Senders write other things there."""
_PLAIN = re.compile(r"(?!urn:)\S+\Z")


def _address(use: Use, under: str) -> str | None:
    """The universal id as an address; `None` when there is none, or none that an address could be."""
    number = use.said(2)
    if number is None:
        return None
    scheme, syntax = _SCHEMES.get(use.said(3) or "", ("", _PLAIN))
    if syntax.match(number) is not None:
        use.leaf(2, under)
        if syntax is not _PLAIN:
            use.coded(3, under, "UniversalIDType", use.said(3) or "", scheme or "URI")
        return scheme + (number.lower() if syntax is _UUID[1] else number)
    if _PLAIN.match(number) is None:
        return None
    use.leaf(2, under)
    return number


def source_name(value: Repetition, use: Use) -> dict[str, Any] | None:
    """HD[MessageHeader.source-name]."""
    name = use.take(1, "name")
    return {"name": name} if name else None


def endpoint(value: Repetition, use: Use) -> dict[str, Any] | None:
    """HD[MessageHeader.source-endpoint]: the address of an application, when its HD has one."""
    found = _address(use, "endpoint")
    return {"endpoint": found} if found else None


def destination(value: Repetition, use: Use) -> dict[str, Any] | None:
    """HD[MessageHeader.destination-endpoint]: the name and, when there is one, the address."""
    found: dict[str, Any] = {}
    if name := use.take(1, "name"):
        found["name"] = name
    if address := _address(use, "endpoint"):
        found["endpoint"] = address
    return found or None


def network_address(value: Repetition, use: Use) -> str | None:
    """HD[url]: MSH-24 and MSH-25, an address in 2 or, as most senders write it, in 1."""
    if found := _address(use, ""):
        return found
    text = use.said(1)
    if text is None or _PLAIN.match(text) is None:
        return None
    use.leaf(1)
    return text


def device(value: Repetition, use: Use) -> dict[str, Any] | None:
    """HD[Device]: an application by its name, else by its universal id."""
    return _named(use, "Device", "application")


def sender(value: Repetition, use: Use) -> dict[str, Any] | None:
    """HD[Organization-Sender]: the institution that MSH-4 stands for, by the facts of the site."""
    name = use.said(1)
    if name is None:
        return None
    site = use.site
    house = institution(site.authorities.get(name, site.institution), use.draft)
    found: dict[str, Any] = {"reference": house.ref, "display": name}
    use.leaf(1, "display")
    if address := _address(use, "identifier.value"):
        found["identifier"] = {"system": URI, "value": address} if ":" in address else {"value": address}
    return found


def receiver(value: Repetition, use: Use) -> dict[str, Any] | None:
    """HD[Organization-Receiver]: an institution of the consortium by its code, any other as it is written."""
    name, site = use.said(1), use.site
    if name is None:
        return _named(use, "Organization", "organization")
    code = site.authorities.get(name, name if name in site.institutions else "")
    if not code:
        return _named(use, "Organization", "organization")
    use.leaf(1, "display")
    identifier = {"system": systems.INSTITUTION, "value": code}
    return {"type": "Organization", "identifier": identifier, "display": name}


def _named(use: Use, kind: str, namespace: str) -> dict[str, Any] | None:
    """A logical reference."""
    if name := use.take(1, "identifier.value"):
        system = systems.local(use.site.institution, namespace)
        return {"type": kind, "identifier": {"system": system, "value": name}, "display": name}
    address = _address(use, "identifier.value")
    if address is None:
        return None
    return {"type": kind, "identifier": {"system": URI, "value": address} if ":" in address else {"value": address}}


def event(value: Repetition, use: Use) -> dict[str, Any] | None:
    """MSG[Coding]: the event alone; the type as written is no display of it, and stands as text of the activity."""
    concept = message_type(value, use)
    use.notes = []
    if concept is None or "coding" not in concept:
        return None
    use.leaf(2, "code")
    coding: dict[str, Any] = concept["coding"][0]
    return coding


def processing(value: Repetition, use: Use) -> dict[str, Any] | None:
    """PT[Meta]: what the message is for (1) and how it is processed (2), as tags."""
    tags: list[dict[str, str]] = []
    for component, table in ((1, "ProcessingID"), (2, "ProcessingMode")):
        text = use.said(component)
        if text is None:
            continue
        found = lookup(use.site, table, text)
        if isinstance(found, Unmapped):
            continue
        use.coded(component, f"tag[{len(tags)}].code", table, text, found.code)
        tags.append({"system": found.system, "code": found.code})
    return {"tag": tags} if tags else None


def language(value: Repetition, use: Use) -> str | None:
    """CWE[code-language]: a tag of BCP 47, or nothing."""
    text = use.said(1)
    if text is None or not is_tag(spaced(text)):
        return None
    use.leaf(1)
    return spaced(text)


def label(value: Repetition, use: Use) -> dict[str, Any] | None:
    """ST[Coding]: words on security that nobody coded."""
    text = use.take(1, "display")
    return {"display": text} if text else None


HEADER_DATATYPES = {
    "HD[MessageHeader.source-name]": source_name,
    "HD[MessageHeader.source-endpoint]": endpoint,
    "HD[MessageHeader.destination-endpoint]": destination,
    "HD[MessageHeader.destination-name]": source_name,
    "HD[url]": network_address,
    "HD[Device]": device,
    "HD[Organization-Sender]": sender,
    "HD[Organization-Receiver]": receiver,
    "MSG[Coding]": event,
    "PT[Meta]": processing,
    "CWE[code-language]": language,
    "ST[Coding]": label,
}
