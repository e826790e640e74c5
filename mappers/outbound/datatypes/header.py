"""The parts of a MessageHeader -> HD, PT, ST of MSH. Inverse of `mappers.datatypes.header_values`."""

from __future__ import annotations

from typing import Any

from mappers.outbound.ask import Ask
from mappers.outbound.datatypes.reference import hd_organization
from mappers.outbound.inverse import code_of
from mappers.outbound.tree import Repetition

_URI = "urn:ietf:rfc:3986"
_SCHEMES = (("urn:oid:", "ISO"), ("urn:uuid:", "UUID"), ("urn:dns:", "DNS"))


def _address(url: str) -> Repetition:
    """Universal id and its kind in 2 and 3."""
    for head, kind in _SCHEMES:
        if url.startswith(head):
            return {2: url[len(head) :], 3: kind}
    return {2: url} if url else {}


def name(value: Any, ask: Ask) -> Repetition | None:
    """The name of a source or destination."""
    return {1: value["name"]} if isinstance(value, dict) and value.get("name") else None


def endpoint(value: Any, ask: Ask) -> Repetition | None:
    """The address of a source."""
    return _address(value.get("endpoint", "")) or None if isinstance(value, dict) else None


def destination(value: Any, ask: Ask) -> Repetition | None:
    """Name and address of a destination."""
    return {**(name(value, ask) or {}), **(endpoint(value, ask) or {})} or None


def url(value: Any, ask: Ask) -> Repetition | None:
    """A network address: a plain one in 1, as most write it."""
    if not isinstance(value, str) or not value:
        return None
    found = _address(value)
    return found if 3 in found else {1: value}


def named(value: Any, ask: Ask) -> Repetition | None:
    """A logical reference: the display, else the number."""
    if not isinstance(value, dict):
        return None
    number = value.get("identifier", {})
    if value.get("display"):
        own = number.get("system", _URI) == _URI
        return {1: value["display"], **(_address(number.get("value", "")) if own else {})}
    return _address(number.get("value", "")) or hd_organization(value, ask)


def processing(value: Any, ask: Ask) -> Repetition | None:
    """PT: the tags."""
    out: Repetition = {}
    for tag in value.get("tag", ()) if isinstance(value, dict) else ():
        for component, table in ((1, "ProcessingID"), (2, "ProcessingMode")):
            found = code_of(ask.receiver, table, tag.get("code", ""))
            if found and tag.get("system", "").endswith(("0103", "0207")[component - 1]):
                out[component] = found
    return out or None


def label(value: Any, ask: Ask) -> Repetition | None:
    """Words on security."""
    return {1: value["display"]} if isinstance(value, dict) and value.get("display") and "code" not in value else None


def event(value: Any, ask: Ask) -> Repetition | None:
    """The event of MSH-9."""
    return {2: value["code"]} if isinstance(value, dict) and value.get("code") else None
