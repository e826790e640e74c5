"""Organizations that a message mentions: institutions of the consortium, departments, payers, senders (HD, XON, ZPD).

An institution the site knows is always the same resource, whatever a sender calls it; others get an id from the
authority that numbered or named them. Mentions never overrule what the master data say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mappers import systems
from mappers.authority import Authority, assigner, authority
from mappers.datatypes.check_digit import check_digit
from mappers.datatypes.membership import holds
from mappers.datatypes.primitive import spaced
from mappers.derived import derived_id
from mappers.mapped import Weight
from mappers.site import Institution
from mappers.use import Use

if TYPE_CHECKING:
    from mappers.draft import Draft, Sheet

_ROLE = f"{systems.CANONICAL}/CodeSystem/consortium-role"
_LEVEL = f"{systems.CANONICAL}/CodeSystem/organization-level"
_CATEGORY = f"{systems.CANONICAL}/CodeSystem/ws-218"
_LEVELS = frozenset({"village", "township", "county", "prefecture", "province"})
_ROLES = {"consortium": "consortium", "village": "village"}
"""Levels that say the role themselves."""
DEPARTMENT = {
    "coding": [{"system": "http://terminology.hl7.org/CodeSystem/organization-type", "code": "dept"}],
}


def institution(code: str, draft: Draft) -> Sheet:
    """The Organization of an institution of the consortium, with its social credit code when the site knows it."""
    watched = draft.touched
    if watched is None:
        return _institution(code, draft)
    watched.append(code)
    draft.touched = None
    sheet = _institution(code, draft)
    draft.touched = watched
    return sheet


def _institution(code: str, draft: Draft) -> Sheet:
    sheet = draft.resource(
        "Organization", derived_id("Organization", systems.INSTITUTION, code), Weight.MENTION, owner=code
    )
    if "name" in sheet.body:
        return sheet
    known = draft.site.institutions.get(code)
    identifiers = [{"system": systems.INSTITUTION, "value": code}]
    if known is not None and known.uscc:
        identifiers.insert(0, {"system": systems.USCC, "value": known.uscc})
    sheet.body["identifier"] = identifiers
    sheet.body["name"] = known.name if known is not None else code
    if known is not None:
        _facts(known, sheet)
    if known is not None and known.part_of and known.part_of != code:
        sheet.body["partOf"] = {"reference": institution(known.part_of, draft).ref}
    return sheet


def _facts(known: Institution, sheet: Sheet) -> None:
    """What the site knows of an institution: its role in the consortium, its level, its category (WS 218)."""
    said = [
        {"url": f"{systems.CANONICAL}/StructureDefinition/{name}", "valueCoding": {"system": system, "code": code}}
        for name, code, system in (
            ("consortium-role", known.role or _ROLES.get(known.level, ""), _ROLE),
            ("organization-level", known.level if known.level in _LEVELS else "", _LEVEL),
        )
        if code
    ]
    if said:
        sheet.body["extension"] = said
    if known.category:
        sheet.body["type"] = [{"coding": [{"system": _CATEGORY, "code": known.category}]}]


def organization(code: str | None, name: str | None, draft: Draft, assigner: str = "") -> Sheet | None:
    """The Organization of that code (or only name); `assigner` is a foreign authority. `None` without either."""
    for text in (code, name):
        if text and not assigner and text in draft.site.authorities:
            return institution(draft.site.authorities[text], draft)
    for one in draft.site.institutions.values():
        if (code and code in (one.code, one.uscc)) or (name and name == one.name):
            return institution(one.code, draft)
    if not code and not name:
        return None
    system = systems.local(draft.site.institution, "organization" if code else "organization-name", assigner)
    sheet = draft.resource("Organization", derived_id("Organization", system, code or name or ""), Weight.MENTION)
    if code:
        sheet.body.setdefault("identifier", [{"system": system, "value": code}])
    if sheet.body.get("name", code) == code:  # the first name stays, whatever else the number is called later
        sheet.body["name"] = name or code
    return sheet


def department(code: str | None, name: str | None, draft: Draft) -> Sheet | None:
    """The Organization of a department of the sending institution."""
    if not code and not name:
        return None
    system = systems.local(draft.site.institution, "department" if code else "department-name")
    sheet = draft.resource("Organization", derived_id("Organization", system, code or name or ""), Weight.MENTION)
    if code:
        sheet.body.setdefault("identifier", [{"system": system, "value": code}])
    if name or "name" not in sheet.body:
        sheet.body["name"] = name or code
    sheet.body.setdefault("type", [dict(DEPARTMENT)])
    sheet.body.setdefault("partOf", {"reference": institution(draft.site.institution, draft).ref})
    return sheet


def reference(sheet: Sheet) -> dict[str, Any]:
    """A Reference with the name people read."""
    return {"reference": sheet.ref, "display": sheet.body["name"]}


def from_xon(use: Use) -> Sheet | None:
    """XON: name in 1, number in 10, else 3, authority in 6; CE-like `code^name` of Chinese senders is not an XON."""
    value = use.value
    name, code_at = use.said(1), 10 if use.said(10) else 3
    code = use.said(code_at)
    found = assigner(use.site, value, 6)
    known = found.institution if found.institution != use.site.institution else ""
    sheet = organization(code, name, use.draft, found.foreign or known)
    if sheet is None:
        return None
    if name and sheet.body["name"] == name:
        use.leaf(1, sheet.path("name"))
    elif name:
        sheet.add("alias", name)
        use.leaf(1, sheet.path(f"alias[{sheet.body['alias'].index(name)}]"))
    if code and sheet.body.get("identifier", [{}])[0].get("value") == code:
        use.leaf(code_at, sheet.path("identifier[0].value"))
        if len(value.components) > _CHECKED:
            _numbered(use, sheet, found)
    return sheet


_CHECKED = 3
"""The component of an XON behind which the facts about its number stand."""


def _numbered(use: Use, sheet: Sheet, found: Authority) -> None:
    """The check digit (4, 5), the authority (6) and the type (7) of the number."""
    identifier = sheet.body["identifier"][0]
    check_digit(use, 4, identifier, sheet.path("identifier[0]"))
    if (name := use.said(6)) and found.foreign:
        identifier.setdefault("assigner", {"display": name})
        use.leaf(6, sheet.path("identifier[0].assigner.display"))
    kind = use.said(7)
    if kind is not None:
        code = spaced(kind)
        listed = holds(systems.V2_0203, code)
        coding = {"system": systems.V2_0203, "code": code}
        identifier.setdefault("type", {"coding": [coding]} if listed else {"text": code})
        use.leaf(7, sheet.path(f"identifier[0].type.{'coding[0].code' if listed else 'text'}"))


def from_hd(use: Use) -> Sheet | None:
    """HD: namespace in 1, universal id in 2."""
    namespace, universal = use.said(1), use.said(2)
    sheet = organization(namespace or universal, None, use.draft)
    if sheet is None:
        return None
    if namespace:
        _named(use, 1, namespace, sheet)
    if universal:
        uri = authority(use.site, None, universal, use.value.get(3)).universal
        # A number of no kind that makes it universal is one of the sender's own.
        own = systems.local(use.site.institution, "universal-id", spaced(use.value.get(3) or ""))
        place = sheet.add("identifier", {"system": "urn:ietf:rfc:3986" if uri else own, "value": uri or universal})
        use.leaf(2, sheet.path(f"{place}.value"))
    return sheet


def _named(use: Use, component: int, text: str, sheet: Sheet) -> None:
    if sheet.body["name"] == text:
        use.leaf(component, sheet.path("name"))
    else:
        sheet.add("alias", text)
        use.leaf(component, sheet.path(f"alias[{sheet.body['alias'].index(text)}]"))
