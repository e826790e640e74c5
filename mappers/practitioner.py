"""Practitioners that a message mentions (XCN, CNN): `000001^张三`, `000001&张三`, or only a name.

Id by authority and number; a name without a number gives an id of authority and name, in a system of its own, so that a
name never meets a number. Mentions never overrule what the master data say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mappers import systems
from mappers.authority import Authority, assigner, authority
from mappers.codes import Coded, lookup
from mappers.datatypes.check_digit import check_digit
from mappers.datatypes.human_name import name_facts, name_parts
from mappers.datatypes.membership import holds
from mappers.datatypes.placeholder import is_placeholder
from mappers.datatypes.primitive import spaced
from mappers.derived import derived_id
from mappers.mapped import Weight
from mappers.message import Value
from mappers.use import Use

if TYPE_CHECKING:
    from mappers.draft import Draft, Sheet


_MORE = 7
"""The component of an XCN from which on few senders write anything."""
NAME_AT = {"use": 10, "order": 18, "start": 19, "end": 20, "range": 17}
"""Where an XCN has what an XPN has in 7, 11, 12, 13 and 10."""


def practitioner(value: Value, draft: Draft, rule: str) -> dict[str, Any] | None:
    """A Reference to the practitioner of an XCN; `None` when it has neither number nor name. Writes the ledger
    itself.
    """
    use = Use(draft, value, rule)
    sheet = from_xcn(use)
    if sheet is None:
        return None
    use.settle(sheet.path(""))
    return reference(sheet)


def reference(sheet: Sheet) -> dict[str, Any]:
    """A Reference with the name people read."""
    names = sheet.body.get("name")
    found: dict[str, Any] = {"reference": sheet.ref}
    if names:
        found["display"] = names[0]["text"]
    return found


def from_xcn(use: Use) -> Sheet | None:
    """XCN: number 1, name 2–6, degree 7, authority 9, name type 10, check digit 11–12, identifier type 13."""
    value = use.value
    if isinstance(value, Value) and use.said(1, 2) and not use.said(2):
        return from_cnn(use.inside(1))
    code, name = _meant(use.said(1)), _meant(use.said(2)) or _meant(use.said(3))
    if code and not name and not code.isascii():
        return _named(use, code, 1)
    found = assigner(use.site, value, 9)
    sheet = _sheet(use, code, name, found)
    if sheet is None:
        return None
    if code:
        use.leaf(1, sheet.path("identifier[0].value"))
        if value.get(9) and found.foreign:
            sheet.body["identifier"][0].setdefault("assigner", {"display": value.get(9)})
            use.leaf(9, sheet.path("identifier[0].assigner.display"))
        elif value.get(9):
            use.leaf(9, sheet.path("identifier[0].system"))
        _type(use, 13, sheet)
    if name and (spoken := name_parts(use, 1, sheet.path("name[0]."))):
        if len(value.components) > _MORE:
            name_facts(use, spoken, sheet.path("name[0]"), NAME_AT)
        _called(use, spoken, sheet)
    if len(value.components) >= _MORE:
        _facts(use, sheet, code)
    return sheet


def _meant(text: str | None) -> str | None:
    """The text, unless it stands for nobody (`无`)."""
    return None if is_placeholder(text) else text


def _called(use: Use, spoken: dict[str, Any], sheet: Sheet) -> None:
    """Puts the name beside the others that the message has for the number; what repeats a part of one is that one."""
    names = sheet.body.setdefault("name", [])
    told = {part: said for part, said in spoken.items() if part != "text" or len(spoken) == 1}
    same = [index for index, known in enumerate(names) if all(known.get(part) == said for part, said in told.items())]
    index = same[0] if same else len(names)
    if not same:
        names.append(spoken)
    if index:
        first, own = sheet.path("name[0]"), sheet.path(f"name[{index}]")
        use.notes[:] = [(leaf, told, path.replace(first, own), rule) for leaf, told, path, rule in use.notes]


def _facts(use: Use, sheet: Sheet, code: str | None) -> None:
    """What few senders tell: degree (7), and the check digit of the number with its scheme (11, 12)."""
    degree = use.said(7)
    if degree:
        found = lookup(use.site, "DegreeLicenseCertificate", degree)
        kind: dict[str, Any] = {"text": degree}
        if isinstance(found, Coded):
            kind = {"coding": [{"system": found.system, "code": found.code}]}
        place = sheet.add("qualification", {"code": kind})
        use.leaf(7, sheet.path(f"{place}.code.{'coding[0].code' if 'coding' in kind else 'text'}"))
    if code and "identifier" in sheet.body:
        check_digit(use, 11, sheet.body["identifier"][0], sheet.path("identifier[0]"))


def from_cnn(use: Use) -> Sheet | None:
    """CNN as components (of NDL.1, or an XCN written `id&name`): number 1, name 2–6, namespace 9, universal id 10."""
    value = use.value
    code, name = _meant(use.said(1)), _meant(use.said(2)) or _meant(use.said(3))
    if code and not name and not code.isascii():
        return _named(use, code, 1)
    found = authority(use.site, value.get(9), value.get(10), value.get(11))
    sheet = _sheet(use, code, name, found)
    if sheet is None:
        return None
    if code:
        use.leaf(1, sheet.path("identifier[0].value"))
    if name and (spoken := name_parts(use, 1, sheet.path("name[0]."))):
        _called(use, spoken, sheet)
    return sheet


def _sheet(use: Use, code: str | None, name: str | None, found: Authority) -> Sheet | None:
    if not code:
        if not name:
            return None
        system = systems.local(found.institution, "practitioner-name", found.foreign)
        full = "|".join(use.value.get(part) or "" for part in (2, 3))
        return use.draft.resource("Practitioner", derived_id("Practitioner", system, full), Weight.MENTION)
    system = found.universal or systems.local(found.institution, "practitioner", found.foreign)
    sheet = use.draft.resource("Practitioner", derived_id("Practitioner", system, code), Weight.MENTION)
    sheet.body.setdefault("identifier", [{"system": system, "value": code}])
    return sheet


def _named(use: Use, name: str, component: int) -> Sheet:
    system = systems.local(use.site.institution, "practitioner-name")
    sheet = use.draft.resource("Practitioner", derived_id("Practitioner", system, f"{name}|"), Weight.MENTION)
    sheet.body.setdefault("name", [{"text": name}])
    use.leaf(component, sheet.path("name[0].text"))
    return sheet


def _type(use: Use, component: int, sheet: Sheet) -> None:
    """The kind of the number by table 0203; a word that is not of the table is text."""
    written = use.said(component)
    if written is None:
        return
    code = spaced(written)
    listed = holds(systems.V2_0203, code)
    use.take(component, sheet.path(f"identifier[0].type.{'coding[0].code' if listed else 'text'}"))
    kind = {"coding": [{"system": systems.V2_0203, "code": code}]} if listed else {"text": code}
    sheet.body["identifier"][0].setdefault("type", kind)
