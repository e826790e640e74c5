"""Reference -> XCN, CNN, NDL, XON, HD, PL, DLD: what the resource it refers to says; else the display alone.

Inverse of `mappers.practitioner`, `.organization`, `.location`.
"""

from __future__ import annotations

from typing import Any

from mappers import systems
from mappers.location import LEVELS, PHYSICAL
from mappers.outbound.ask import Ask
from mappers.outbound.datatypes.identifier import assigner
from mappers.outbound.datatypes.person import name_parts
from mappers.outbound.receiver import scope_of
from mappers.outbound.tree import Repetition

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
        return _display(value, 2, ("Practitioner/",))
    return _person(person, ask, 9)


def cnn(value: Any, ask: Ask) -> Repetition | None:
    """CNN of a Practitioner."""
    person = person_of(value, ask)
    return _display(value, 2, ("Practitioner/",)) if person is None else _person(person, ask, 9)


def ndl(value: Any, ask: Ask) -> Repetition | None:
    """NDL: the CNN is its first component."""
    found = cnn(value, ask)
    flat = {number: part for number, part in (found or {}).items() if isinstance(part, str)}
    return {1: flat} if flat else None


def _person(person: Body, ask: Ask, authority_at: int) -> Repetition | None:
    out: Repetition = {}
    number: Body = next(iter(person.get("identifier", ())), {})
    if number.get("value"):
        out[1] = number["value"]
        if authority := assigner(number, ask.receiver):
            out[authority_at] = authority
        kind = number.get("type", {})
        told = kind.get("text") or next((one.get("code", "") for one in kind.get("coding", ())), "")
        if told:
            out[13] = told
    for name in person.get("name", ())[:1]:
        out.update(name_parts(name, 1))
    return out or None


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
    """XON: name 1, number 3 (and 10 from v2.5 on)."""
    organization = organization_of(value, ask)
    if organization is None:
        return _display(value, 1, ("Organization/",))
    number, code = number_of(organization)
    alias = organization.get("alias", [])
    out: Repetition = {1: alias[0] if alias else organization.get("name", "")}
    if number.get("system") == systems.INSTITUTION:
        code = ask.receiver.name_of(code)
    if code:
        out[10 if ask.receiver.at_least("2.5") else 3] = code
        scope = scope_of(number.get("system", ""))
        if scope is not None and scope.foreign:
            out[6] = scope.foreign
    return {number: part for number, part in out.items() if part} or None


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
    """HD of an Organization."""
    organization = organization_of(value, ask)
    if organization is None:
        return None
    alias = organization.get("alias", [])
    return {1: alias[0] if alias else organization.get("name", "")}


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
