"""HumanName, Address, ContactPoint -> XPN (and the name inside XCN), XAD, XTN.

Inverse of `mappers.datatypes.human_name`, `.address`, `.contact_point`: a name that was never split stands whole in the
first component, as Chinese systems read it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from mappers import systems
from mappers.datatypes.address import AD_USE, CENSUS_TRACT
from mappers.outbound.ask import Ask
from mappers.outbound.datatypes.moment import ends
from mappers.outbound.inverse import code_of
from mappers.outbound.tree import Component, Repetition

_OWN = {
    "http://hl7.org/fhir/StructureDefinition/humanname-own-prefix": 2,
    "http://hl7.org/fhir/StructureDefinition/humanname-own-name": 3,
    "http://hl7.org/fhir/StructureDefinition/humanname-partner-prefix": 4,
    "http://hl7.org/fhir/StructureDefinition/humanname-partner-name": 5,
}
_ORDER = "http://hl7.org/fhir/StructureDefinition/humanname-assembly-order"
_PHONE = {
    f"http://hl7.org/fhir/StructureDefinition/contactpoint-{name}": component
    for name, component in (("country", 5), ("area", 6), ("local", 7), ("extension", 8))
}


def extensions(node: dict[str, Any]) -> dict[str, Any]:
    """The value of each extension by its URL."""
    found: dict[str, Any] = {}
    for one in node.get("extension", ()):
        value = next((child for name, child in one.items() if name.startswith("value")), None)
        if value is not None:
            found.setdefault(one.get("url", ""), value)
    return found


def name_parts(name: dict[str, Any], offset: int) -> Repetition:
    """Components 1–6 of an XPN, shifted by `offset` (1 for XCN)."""
    out: Repetition = {}
    given, suffix, prefix = name.get("given", []), name.get("suffix", []), name.get("prefix", [])
    if name.get("family"):
        out[1 + offset] = _family(name)
        for number, text in zip((2, 3), (given[:1], given[1:]), strict=True):
            if text:
                out[number + offset] = " ".join(text)
    elif name.get("text"):
        out[1 + offset] = _bare(name)
        if given:
            out[3 + offset] = " ".join(given)
    pinyin = extensions(name).get(systems.PINYIN)
    if pinyin and 2 + offset not in out:
        out[2 + offset] = pinyin
    if prefix:
        out[5 + offset] = " ".join(prefix)
    for component, text in zip((4 + offset, 6 if not offset else 21, 14 if not offset else 0), suffix, strict=False):
        if component:
            out[component] = text
    return out


def _family(name: dict[str, Any]) -> Component:
    own = extensions(name.get("_family", {}))
    parts = {_OWN[url]: text for url, text in own.items() if url in _OWN}
    return {1: name["family"], **parts} if parts else str(name["family"])


def _bare(name: dict[str, Any]) -> str:
    """The text without the parts that have components of their own."""
    text = str(name["text"])
    for part in name.get("prefix", ()):
        text = text.removeprefix(f"{part} ")
    for part in (*reversed(name.get("suffix", ())), *reversed(name.get("given", ()))):
        text = text.removesuffix(f" {part}")
    return text


def human_name(value: Any, ask: Ask) -> Repetition | None:
    """XPN."""
    if not isinstance(value, dict):
        return None
    out = name_parts(value, 0)
    if not out:
        return None
    out.update(name_facts(value, ask, _XPN))
    return out


class At(NamedTuple):
    """The components of a name's use, order of assembly and validity (start; as a range before v2.5)."""

    use: int
    order: int
    start: int
    range: int


_XPN, XCN = At(7, 11, 12, 10), At(10, 18, 19, 17)


def name_facts(name: dict[str, Any], ask: Ask, at: At) -> Repetition:
    """What is said about a name besides its parts."""
    out: Repetition = {}
    if use := code_of(ask.receiver, "NameType", name.get("use", "")):
        out[at.use] = use
    if order := code_of(ask.receiver, "NameAssemblyOrder", extensions(name).get(_ORDER, "")):
        out[at.order] = order
    _period(name, out, ask, at.range, at.start)
    return out


def _period(value: dict[str, Any], out: Repetition, ask: Ask, nested: int, start: int) -> None:
    """A validity: in the two components of v2.5, in the range (DR) of older versions."""
    if ask.receiver.at_least("2.5"):
        out.update(ends(value.get("period"), ask, start, start + 1))
        return
    inner = {number: part for number, part in ends(value.get("period"), ask, 1, 2).items() if isinstance(part, str)}
    if inner:
        out[nested] = inner


def name_string(value: Any, ask: Ask) -> Repetition | None:
    """XPN of a name that is one text."""
    return {1: value} if isinstance(value, str) and value else None


def address(value: Any, ask: Ask) -> Repetition | None:
    """XAD."""
    if not isinstance(value, dict):
        return None
    out = _lines(value)
    for component, name in ((3, "city"), (4, "state"), (5, "postalCode"), (6, "country"), (9, "district")):
        if value.get(name):
            out[component] = value[name]
    more = extensions(value) | _on_lines(value)
    kind = more.get(AD_USE) or code_of(ask.receiver, "AddressType[Use]", value.get("use", ""))
    if kind := kind or code_of(ask.receiver, "AddressType[Type]", value.get("type", "")):
        out[7] = kind
    if CENSUS_TRACT in more:
        out[10] = more[CENSUS_TRACT]
    _period(value, out, ask, 12, 13)
    return out if any(number != 7 for number in out) else None


def _lines(value: dict[str, Any]) -> Repetition:
    """The lines in 1, 2 and 19; of more than three the first ones are street, name and number inside 1 (SAD)."""
    lines = [*filter(None, (value.get("text"),)), *filter(None, value.get("line", ()))]
    if len(lines) <= 3 or "text" in value:
        out: Repetition = dict(zip((1, 2, 19), [*lines[:2], " ".join(lines[2:])], strict=False))
        return {number: part for number, part in out.items() if part}
    street = lines[:-2][:3]
    rest = lines[len(street) :]
    return {1: dict(enumerate(street, 1)), 2: rest[0], 19: " ".join(rest[1:])}


def _on_lines(value: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for one in value.get("_line", ()):
        found |= extensions(one or {})
    return found


def contact_point(value: Any, ask: Ask) -> Repetition | None:
    """XTN: an address of the Internet in 4, a number in 1 and in the parts that the sender split it into."""
    number = value.get("value") if isinstance(value, dict) else None
    if not number:
        return None
    parts = {_PHONE[url]: text for url, text in extensions(value).items() if url in _PHONE}
    mail = value.get("system") == "email"
    out: Repetition = {4 if mail else 1: number, **parts}
    if parts and not mail and _joined(parts) == number:
        del out[1]
    kind = "Internet" if mail else _equipment(value, ask)
    if kind:
        out[3] = kind
    use = value.get("use", "")
    if use and use != "mobile" and (told := code_of(ask.receiver, "TelecommunicationUseCode", use)):
        out[2] = told
    out.update(ends(value.get("period"), ask, 13, 14))
    if value.get("rank"):
        out[18] = str(value["rank"])
    return out


def _joined(parts: dict[int, str]) -> str:
    text = " ".join(filter(None, (f"+{parts[5]}" if 5 in parts else "", parts.get(6, ""), parts.get(7, ""))))
    return f"{text} X{parts[8]}" if 8 in parts else text


def _equipment(value: dict[str, Any], ask: Ask) -> str:
    if value.get("use") == "mobile":
        return "CP"
    system = value.get("system", "")
    return code_of(ask.receiver, "TelecommunicationEquipmentType", system) if system not in ("", "phone") else ""
