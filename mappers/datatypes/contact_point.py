"""XTN -> ContactPoint.

The number is wherever the sender put it: 12 (unformatted), 1, 7 with its prefixes 5, 6 and 8, or 9 (the text component,
where Chinese senders of v2.4 write it); an address of the Internet is in 4. `无` and `同上` are no numbers.
Source: HL7 v2.5.1 2.A.89 (XTN); official map XTN[ContactPoint].
"""

from __future__ import annotations

from typing import Any

from mappers.codes import Unmapped, lookup
from mappers.datatypes.period import within
from mappers.datatypes.placeholder import is_placeholder
from mappers.message import NULL
from mappers.use import Part, Repetition, Use

_EXTENSIONS = (
    (5, "http://hl7.org/fhir/StructureDefinition/contactpoint-country"),
    (6, "http://hl7.org/fhir/StructureDefinition/contactpoint-area"),
    (7, "http://hl7.org/fhir/StructureDefinition/contactpoint-local"),
    (8, "http://hl7.org/fhir/StructureDefinition/contactpoint-extension"),
)
_INTERNET = frozenset({"Internet", "X.400", "NET"})


def contact_point(value: Repetition, use: Use) -> dict[str, Any] | None:
    """XTN[ContactPoint]; `None` when there is no number or address in it."""
    net = value.get(3) in _INTERNET or bool(not value.get(3) and value.get(4) and "@" in (value.get(4) or ""))
    found: dict[str, Any] = {}
    number = _address(use) if net else None
    number = number or _number(use, found)
    if number is None:
        for leaf in value.leaves():
            use.drop(leaf.component, "telecom-without-number", leaf.subcomponent)
        return None
    found["value"] = number
    if net and "@" not in number:  # table 0202 calls all of the Internet mail
        found["system"] = "url" if "://" in number else "phone"
    else:
        found["system"] = _coded(use, 3, "TelecommunicationEquipmentType", "system") or (
            "email" if "@" in number else "phone"
        )
    kind = _coded(use, 2, "TelecommunicationUseCode", "use")
    mobile = _coded(use, 3, "TelecommunicationEquipmentType", "use")
    if mobile or kind:
        found["use"] = mobile or kind
    if isinstance(value, Part):
        return found
    if period := within(use, {"start": 13, "end": 14}):
        found["period"] = period
    rank = value.get(18)
    if rank and rank.isdigit() and int(rank) > 0:
        found["rank"] = int(rank)
        use.leaf(18, "rank")
    return found


def _address(use: Use) -> str | None:
    """The address of the Internet: in 4, or in 1 where people write it."""
    for component in (4, 1):
        text = use.value.get(component)
        if text and text != NULL and "@" in text:
            return use.take(component, "value")
    text = use.value.get(4)
    return use.take(4, "value") if text and not is_placeholder(text) else None


def _number(use: Use, found: dict[str, Any]) -> str | None:
    value = use.value
    numbers = [component for component in (12, 1, 9, 4) if _usable(value.get(component))]
    for component in (12, 1, 9, 4):
        if is_placeholder(value.get(component)):
            use.drop(component, "placeholder")
    _parts(use, found)
    if numbers:
        chosen = use.take(numbers[0], "value")
        for component in numbers[1:]:
            if value.get(component) == chosen:
                use.leaf(component, "value")
        return chosen
    local = value.get(7)
    if not _usable(local):
        return None
    country, area, inner = (text if _usable(text := value.get(component)) else None for component in (5, 6, 8))
    text = " ".join(part for part in (f"+{country}" if country else "", area or "", local or "") if part)
    return f"{text} X{inner}" if inner else text


def _usable(text: str | None) -> bool:
    return bool(text) and text != NULL and not is_placeholder(text)


def _parts(use: Use, found: dict[str, Any]) -> None:
    extensions: list[dict[str, Any]] = []
    for component, url in _EXTENSIONS:
        if is_placeholder(use.value.get(component)):
            use.drop(component, "placeholder")
        elif text := use.take(component, f"extension[{len(extensions)}].valueString"):
            extensions.append({"url": url, "valueString": text})
    if extensions:
        found["extension"] = extensions


def _coded(use: Use, component: int, table: str, name: str) -> str | None:
    """The code of a component when its target belongs to ContactPoint.`name` (CP, a cell phone, is a use: mobile)."""
    written = use.value.get(component)
    if not written or written == NULL:
        return None
    coded = lookup(use.site, table, written)
    if isinstance(coded, Unmapped) or coded.system != f"http://hl7.org/fhir/contact-point-{name}":
        return None
    use.coded(component, name, table, written, coded.code)
    return coded.code
