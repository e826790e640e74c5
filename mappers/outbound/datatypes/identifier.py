"""Identifier -> CX, EI, HD, ST, DLN. Inverse of `mappers.datatypes.identifier` and `.order_number`.

The authority is what the sender called it, else what the receiver calls the institution whose number it is; the
receiver's own numbers need none. The type is the receiver's word for that kind of number.
"""

from __future__ import annotations

from typing import Any

from mappers import systems
from mappers.identifier_kind import kind_of
from mappers.outbound.ask import Ask
from mappers.outbound.datatypes.moment import ends
from mappers.outbound.datatypes.person import extensions
from mappers.outbound.receiver import Receiver, Scope, kind_of_system, scope_of
from mappers.outbound.tree import Component, Repetition

_CHECK = (
    "http://hl7.org/fhir/StructureDefinition/identifier-checkDigit",
    "http://hl7.org/fhir/StructureDefinition/namingsystem-checkDigit",
)
_UNIVERSAL = (("urn:oid:", "ISO"), ("urn:uuid:", "UUID"))


def cx(value: Any, ask: Ask) -> Repetition | None:
    """CX."""
    if not isinstance(value, dict) or not value.get("value"):
        return None
    out: Repetition = {1: value["value"], **checked(value, 2)}
    if authority := assigner(value, ask.receiver):
        out[4] = authority
    if kind := type_of(value, ask.receiver):
        out[5] = kind
    out.update(ends(value.get("period"), ask, 7, 8))
    return out


def checked(value: dict[str, Any], component: int) -> Repetition:
    """The check digit in that component, the scheme that makes it in the next one."""
    more = extensions(value)
    return {number: more[url] for number, url in enumerate(_CHECK, component) if url in more}


def of_kind(*names: str) -> Any:
    """A CX for identifiers of one of the kinds, or of a type that a sender wrote there; others are declined."""

    def write(value: Any, ask: Ask) -> Repetition | None:
        out = cx(value, ask)
        if out is not None and not _typed(value) and kind_named(value) in names and out.get(5):
            del out[5]
        return out

    return write


def _typed(value: dict[str, Any]) -> bool:
    return bool(value.get("type", {}).get("text"))


def kind_named(value: dict[str, Any]) -> str:
    """The kind of a number by its system, `''` when the system does not tell."""
    system = value.get("system", "")
    scope = scope_of(system)
    if scope is not None:
        return scope.kind
    national = kind_of_system(system)
    return national.name if national is not None else ""


def type_of(value: dict[str, Any], receiver: Receiver) -> str:
    """CX.5."""
    kind, site = kind_named(value), receiver.site
    told = value.get("type", {}).get("text", "") or _coded(value)
    if told and (not kind or kind_of(site, told).name == kind):
        return told
    if kind in ("", site.untyped_identifier) and not told:
        return ""
    return receiver.type_of(kind) or told


def _coded(value: dict[str, Any]) -> str:
    return next((one.get("code", "") for one in value.get("type", {}).get("coding", ())), "")


def assigner(value: dict[str, Any], receiver: Receiver) -> Component:
    """The HD of the authority, `''` when the number is the receiver's own."""
    said = value.get("assigner", {}).get("display", "")
    if universal := _universal(value.get("system", "")):
        return {1: said, **universal} if said and said != universal[2] else universal
    scope = scope_of(value.get("system", ""))
    return said if said and _same(said, scope, receiver) else _authority(scope, receiver) or said


def _same(said: str, scope: Scope | None, receiver: Receiver) -> bool:
    """Whether the receiver understands the name that the sender used."""
    if scope is None or scope.foreign:
        return True
    return receiver.site.authorities.get(said) == scope.institution


def _universal(system: str) -> dict[int, str] | None:
    if kind_of_system(system) is not None:
        return None
    return next(({2: system[len(head) :], 3: kind} for head, kind in _UNIVERSAL if system.startswith(head)), None)


def _authority(scope: Scope | None, receiver: Receiver) -> str:
    if scope is None:
        return ""
    if scope.foreign:
        return scope.foreign
    return "" if scope.institution == receiver.site.institution else receiver.name_of(scope.institution)


def ei(value: Any, ask: Ask) -> Repetition | None:
    """EI."""
    if not isinstance(value, dict) or not value.get("value"):
        return None
    authority = assigner(value, ask.receiver)
    out: Repetition = {1: value["value"]}
    if isinstance(authority, str):
        return {**out, 2: authority} if authority else out
    return {**out, **{number + 1: text for number, text in authority.items()}}


def ei_of(kind: str) -> Any:
    """An EI for numbers of one kind; others are declined."""

    def write(value: Any, ask: Ask) -> Repetition | None:
        return ei(value, ask) if isinstance(value, dict) and _is(value, kind) else None

    return write


_TYPES = {"PLAC": "placer-order", "FILL": "filler-order", "PGN": "placer-group", "FGN": "filler-group"}


def _is(value: dict[str, Any], kind: str) -> bool:
    scope = scope_of(value.get("system", ""))
    if scope is not None and (scope.kind == kind or scope.kind != "number"):
        return scope.kind == kind
    return _TYPES.get(_coded(value)) == kind or not _coded(value)


def second(value: Any, ask: Ask) -> Repetition | None:
    """The second number of a doubled EI: it stands in 3 and 4."""
    if not isinstance(value, dict) or not _is(value, "barcode") or scope_of(value.get("system", "")) is None:
        return None
    found = ei(value, ask)
    return None if found is None else {number + 2: part for number, part in found.items() if number in (1, 2)}


def hd(value: Any, ask: Ask) -> Repetition | None:
    """HD: the namespace, or the universal id."""
    number = value.get("value", "") if isinstance(value, dict) else ""
    if value and value.get("system") == "urn:ietf:rfc:3986":
        universal = _universal(number)
        return dict(universal) if universal else None
    return {1: number} if number else None


def number(value: Any, ask: Ask) -> Repetition | None:
    """A bare number."""
    return {1: value["value"]} if isinstance(value, dict) and value.get("value") else None


def ssn(value: Any, ask: Ask) -> Repetition | None:
    """The SSN slot: in China it holds the resident identity number."""
    if not isinstance(value, dict) or value.get("system") != systems.RESIDENT_ID:
        return None
    return number(value, ask)


def licence(value: Any, ask: Ask) -> Repetition | None:
    """DLN."""
    if not isinstance(value, dict) or _coded(value) != "DL" or value.get("type", {}).get("text"):
        return None
    out: Repetition = {1: value.get("value", ""), 2: value.get("assigner", {}).get("display", "")}
    out.update(ends({"end": value.get("period", {}).get("end")}, ask, 99, 3))
    return {number: part for number, part in out.items() if part}


def half(component: int, kind: str) -> Any:
    """One half of an EIP: the number stands in the sub-components of the component."""
    write = ei_of(kind)

    def inside(value: Any, ask: Ask) -> Repetition | None:
        found = write(value, ask)
        flat = {number: part for number, part in (found or {}).items() if isinstance(part, str)}
        return {component: flat} if flat else None

    return inside


def logical(value: Any, ask: Ask) -> Repetition | None:
    """EI of a logical reference."""
    return ei(value.get("identifier"), ask) if isinstance(value, dict) else None
