"""Reference -> XCN, CNN, NDL, XON, HD, PL, DLD: what the resource it refers to says; else the display alone.

Inverse of `mappers.practitioner`, `.organization`, `.location`.
"""

from __future__ import annotations

from typing import Any

from mappers import systems
from mappers.location import LEVELS, PHYSICAL
from mappers.outbound.ask import Ask
from mappers.outbound.datatypes.identifier import assigner, checked
from mappers.outbound.datatypes.person import XCN, name_facts, name_parts
from mappers.outbound.inverse import code_of
from mappers.outbound.receiver import scope_of
from mappers.outbound.tree import Component, Repetition

Body = dict[str, Any]


def person_of(reference: Any, ask: Ask) -> Body | None:
    """The Practitioner, also the one behind a PractitionerRole."""
    found = ask.work.pool.get(reference)
    if found is not None and found["resourceType"] == "PractitionerRole":
        found = ask.work.pool.get(found.get("practitioner"))
    return (
        found if found is not None and found["resourceType"] in ("Practitioner", "RelatedPerson", "Patient") else None
    )


def organization_of(reference: Any, ask: Ask) -> Body | None:
    """The Organization, also the one behind a PractitionerRole."""
    found = ask.work.pool.get(reference)
    if found is not None and found["resourceType"] == "PractitionerRole":
        found = ask.work.pool.get(found.get("organization"))
    return found if found is not None and found["resourceType"] == "Organization" else None


def xcn(value: Any, ask: Ask) -> Repetition | None:
    """XCN of a Practitioner; `None` when it refers to something else."""
    person = person_of(value, ask)
    if person is None:
        return _display(value, 2, ("Practitioner/",)) or _nameless(value)
    number, name = _number(person), _name(person, value)
    out = name_parts(name, 1)
    if number.get("value"):
        out[1] = number["value"]
        if authority := assigner(number, ask.receiver):
            out[9] = authority
        out.update(checked(number, 11))
        if kind := _kind(number):
            out[13] = kind
    if degree := _degree(person, ask):
        out[7] = degree
    out.update(name_facts(name, ask, XCN))
    return out or None


def _nameless(value: Any) -> Repetition | None:
    """Somebody who is nowhere a resource: the words, when nothing is referred to at all."""
    if not isinstance(value, dict) or "reference" in value or not value.get("display"):
        return None
    return {2: value["display"]}


def cnn(value: Any, ask: Ask) -> Repetition | None:
    """CNN of a Practitioner: like XCN, with the authority as three components (9 to 11)."""
    person = person_of(value, ask)
    if person is None:
        return _display(value, 2, ("Practitioner/",))
    number, out = _number(person), name_parts(_name(person, value), 1)
    if number.get("value"):
        out[1] = number["value"]
        authority = assigner(number, ask.receiver)
        parts = {1: authority} if isinstance(authority, str) else authority
        out.update({place + 8: text for place, text in parts.items() if text})
    return out or None


def ndl(value: Any, ask: Ask) -> Repetition | None:
    """NDL: the CNN is its first component."""
    found = cnn(value, ask)
    flat = {number: part for number, part in (found or {}).items() if isinstance(part, str)}
    return {1: flat} if flat else None


def _number(person: Body) -> Body:
    return next(iter(person.get("identifier", ())), {})


def _name(person: Body, value: Any) -> Body:
    """Of several names the one by which the reference calls the person."""
    names: list[Body] = person.get("name", [])
    called = value.get("display") if isinstance(value, dict) else None
    return next((one for one in names if called and one.get("text") == called), next(iter(names), {}))


def _kind(number: Body) -> str:
    """What kind of number it is: the sender's word, else the code of table 0203."""
    kind = number.get("type", {})
    told: str = kind.get("text") or next((one.get("code", "") for one in kind.get("coding", ())), "")
    return told


def _degree(person: Body, ask: Ask) -> str:
    """XCN.7 by table 0360, else as it was written."""
    for one in person.get("qualification", ()):
        code = one.get("code", {})
        for coding in code.get("coding", ()):
            if found := code_of(ask.receiver, "DegreeLicenseCertificate", coding.get("code", "")):
                return found
        if code.get("text"):
            return str(code["text"])
    return ""


def _display(value: Any, component: int, kinds: tuple[str, ...]) -> Repetition | None:
    """Of something that is not here: the name people read."""
    if not isinstance(value, dict) or not value.get("display"):
        return None
    return {component: value["display"]} if value.get("reference", "").startswith(kinds) else None


def number_of(organization: Body) -> tuple[Body, str]:
    """The identifier of an Organization that others know it by, and its value."""
    numbers = organization.get("identifier", [])
    own = next((one for one in numbers if one.get("system") == systems.INSTITUTION), None)
    found: Body = own or next(iter(numbers), {})
    return found, found.get("value", "")


def xon(value: Any, ask: Ask) -> Repetition | None:
    """XON: name 1, number 3 (10 from v2.5 on) with its check digit 4 and 5, authority 6 and type 7."""
    organization = organization_of(value, ask)
    if organization is None:
        return _display(value, 1, ("Organization/",))
    number, code = number_of(organization)
    alias = organization.get("alias", [])
    out: Repetition = {1: alias[0] if alias else organization.get("name", "")}
    if number.get("system") == systems.INSTITUTION:
        code = ask.receiver.name_of(code)
    elif code:
        code = code.removeprefix("urn:oid:")
        out.update(checked(number, 4))
        if authority := _authority(number, ask):
            out[6] = authority
        out[7] = _kind(number)
    if code:
        out[10 if ask.receiver.at_least("2.5") else 3] = code
    return {number: part for number, part in out.items() if part} or None


def _authority(number: Body, ask: Ask) -> Component:
    """Who numbered the institution, when a sender named somebody."""
    scope = scope_of(number.get("system", ""))
    if scope is not None and not scope.foreign:
        return ""
    return assigner(number, ask.receiver)


def producer(value: Any, ask: Ask) -> Repetition | None:
    """CWE of an Organization: code 1, name 2 (OBX-15)."""
    organization = organization_of(value, ask)
    if organization is None:
        return None
    number, code = number_of(organization)
    if number.get("system") == systems.INSTITUTION:
        code = ask.receiver.name_of(code)
    out: Repetition = {1: code, 2: organization.get("name", "")}
    if out[2] == code:
        del out[2]
    return {number: part for number, part in out.items() if part} or None


def hd_organization(value: Any, ask: Ask) -> Repetition | None:
    """HD of an Organization: its name, and the universal number beside it."""
    organization = organization_of(value, ask)
    if organization is None:
        return None
    alias = organization.get("alias", [])
    out: Repetition = {1: alias[0] if alias else organization.get("name", "")}
    for number in organization.get("identifier", ()):
        out.update(_universal(number))
        if 2 in out:
            break
    if out.get(2) == out.get(1):
        del out[1]
    return {number: part for number, part in out.items() if part} or None


_SCHEMES = (("urn:oid:", "ISO"), ("urn:uuid:", "UUID"))


def _universal(number: Body) -> Repetition:
    """Universal id (2) and its type (3), `{}` when the number is none."""
    system, text = number.get("system", ""), number.get("value", "")
    if system == "urn:ietf:rfc:3986":
        return next(({2: text[len(head) :], 3: kind} for head, kind in _SCHEMES if text.startswith(head)), {2: text})
    scope = scope_of(system)
    if scope is None or scope.kind != "universal-id":
        return {}
    return {2: text, 3: scope.foreign} if scope.foreign else {2: text}


def pl(value: Any, ask: Ask) -> Repetition | None:
    """PL: a component for each level, from the Location outwards."""
    place = ask.work.resource(value, "Location")
    out: Repetition = {}
    levels = {physical: component for component, physical in LEVELS}
    at: Body | None = place
    for _ in range(len(LEVELS) + 1):
        if at is None:
            break
        number = next((one.get("value", "") for one in at.get("identifier", ())), "")
        component = levels.get(_physical(at), 4)
        out.setdefault(component, number or at.get("name", ""))
        if component == 4 and at.get("name") and at["name"] != number:
            out.setdefault(5, at["name"])
        at = ask.work.resource(at.get("partOf"), "Location")
    if place is not None and place.get("description"):
        out[9] = place["description"]
    if place is not None and 4 not in out:
        _house(place, out, ask)
    return out or _display(value, 1, ("Location/",))


def _physical(place: Body) -> str:
    codings = place.get("physicalType", {}).get("coding", ())
    return next((one.get("code", "") for one in codings if one.get("system") == PHYSICAL), "")


def _house(place: Body, out: Repetition, ask: Ask) -> None:
    """Whose ward it is, when it is not the receiver's."""
    scope = scope_of(next((one.get("system", "") for one in place.get("identifier", ())), ""))
    if scope is not None and scope.institution != ask.receiver.site.institution:
        out[4] = ask.receiver.name_of(scope.institution)


def hd_location(value: Any, ask: Ask) -> Repetition | None:
    """HD of a place known by one code."""
    place = ask.work.resource(value, "Location")
    number = next((one.get("value", "") for one in (place or {}).get("identifier", ())), "")
    return {1: number} if number else None


def dld(value: Any, ask: Ask) -> Repetition | None:
    """DLD: the code (and name) of the place in 1."""
    place, found = ask.work.resource(value, "Location"), hd_location(value, ask)
    if place is None or found is None:
        return None
    name = place.get("name", "")
    return found if name in ("", found[1]) else {1: {1: str(found[1]), 2: name}}


def device(value: Any, ask: Ask) -> Repetition | None:
    """EI of a Device: its number, and its name as the namespace (OBX-18)."""
    found = ask.work.resource(value, "Device")
    if found is None:
        return None
    number = next((one.get("value", "") for one in found.get("identifier", ())), "")
    name = next((one.get("name", "") for one in found.get("deviceName", ())), "")
    return {number: part for number, part in {1: number, 2: name}.items() if part} or None
