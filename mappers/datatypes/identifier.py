"""CX, EI, HD, DLN, PLN, ST -> Identifier.

An identifier has the system of its authority: a national one for national numbers, else that of the institution (or
of a foreign authority, kept apart by its name). A repetition without a value is no identifier.
Source: HL7 v2.5.1 2.A.14 (CX), 2.A.28 (EI), 2.A.36 (HD); official maps CX[Identifier], EI[Identifier-*],
HD[Identifier].
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from mappers import systems
from mappers.authority import Authority, assigner, authority, scheme
from mappers.codes import Unmapped, lookup
from mappers.datatypes.membership import holds
from mappers.datatypes.period import within
from mappers.identifier_kind import Kind, kind_of, kinds
from mappers.message import NULL, Value
from mappers.organization import institution
from mappers.use import Repetition, Use
from profiles.identifiers import resident_id

_CHECK_DIGIT = (
    (2, "http://hl7.org/fhir/StructureDefinition/identifier-checkDigit"),
    (3, "http://hl7.org/fhir/StructureDefinition/namingsystem-checkDigit"),
)


def cx(value: Repetition, use: Use) -> dict[str, Any] | None:
    """CX[Identifier]: number 1, check digit 2–3, authority 4, type 5, period 7–8."""
    number = value.get(1)
    if number is None or number == NULL:
        for leaf in value.leaves():
            use.drop(leaf.component, "identifier-without-value", leaf.subcomponent)
        return None
    found = assigner(use.site, value, 4)
    kind = kind_of(use.site, value.get(5))
    return build(use, number, found, kind)


def cx_of(untyped: str) -> Callable[[Repetition, Use], dict[str, Any] | None]:
    """A CX[Identifier] whose field says what an untyped number is: a visit number in PV1-19, an account in PID-18."""

    def convert(value: Repetition, use: Use) -> dict[str, Any] | None:
        number = value.get(1)
        if value.get(5) or number is None or number == NULL:
            return cx(value, use)
        found = assigner(use.site, value, 4)
        return build(use, number, found, kinds()[untyped])

    return convert


def build(use: Use, number: str, found: Authority, kind: Kind) -> dict[str, Any]:
    """The Identifier of a CX whose authority and kind are known."""
    number = number.strip()
    system = system_of(number, found, kind)
    if kind.name == "resident-id" and resident_id(number) is None:
        use.issue("identifier-check-digit")
    identifier: dict[str, Any] = {
        "system": system,
        "value": number.upper() if system == systems.RESIDENT_ID else number,
    }
    use.leaf(1, "value")
    written = use.value.get(5)
    if kind.hl7:
        identifier["type"] = {"coding": [{"system": systems.V2_0203, "code": kind.hl7}]}
    if written and written != NULL:
        _type(use, identifier, written, kind)
    extensions: list[dict[str, Any]] = []
    for component, url in _CHECK_DIGIT:
        if text := use.take(component, f"extension[{len(extensions)}].valueString"):
            extensions.append({"url": url, "valueString": text})
    if extensions:
        identifier["extension"] = extensions
    if period := within(use, {"start": 7, "end": 8}):
        identifier["period"] = period
    _assigner(use, identifier, found)
    return identifier


def system_of(number: str, found: Authority, kind: Kind) -> str:
    """The system of a number. A resident identity number that fails its check digit stays in a local system."""
    if kind.name == "resident-id":
        if len(number) == 18 and resident_id(number) is not None:
            return kind.system
        return systems.local(found.institution, "unverified-resident-id", found.foreign)
    return kind.system or found.universal or systems.local(found.institution, kind.name, found.foreign)


def _type(use: Use, identifier: dict[str, Any], written: str, kind: Kind) -> None:
    coded = lookup(use.site, "IdentifierType", written)
    place: dict[str, Any] = identifier.setdefault("type", {})
    if not isinstance(coded, Unmapped) and holds(coded.system or systems.V2_0203, coded.code):
        place["coding"] = [{"system": coded.system or systems.V2_0203, "code": coded.code}]
        use.leaf(5, "type.coding[0].code")
        return
    place["text"] = written
    use.leaf(5, "type.text")
    if not kind.known:
        use.issue("identifier-type-unknown", 5)


def _assigner(use: Use, identifier: dict[str, Any], found: Authority) -> None:
    namespace = use.value.get(4)
    if not namespace or namespace == NULL:
        return
    assigner: dict[str, Any] = {"display": namespace}
    if not found.foreign:
        assigner["reference"] = institution(found.institution, use.draft).ref
    identifier["assigner"] = assigner
    use.leaf(4, "assigner.display")
    if found.universal and identifier["system"] == found.universal and isinstance(use.value, Value):
        use.leaf(4, "system", 2)
        scheme(use.inside(4), 3, found.universal)


def ei(value: Repetition, use: Use) -> dict[str, Any] | None:
    """EI[Identifier]: number 1, namespace 2, universal id 3, its type 4. Kind: the field it stands in decides
    elsewhere.
    """
    return ei_of(use, "entity")


def ei_reference(kind: str) -> Callable[[Repetition, Use], dict[str, Any] | None]:
    """EI[Condition]: a logical reference to the resource of that number."""

    def convert(value: Repetition, use: Use) -> dict[str, Any] | None:
        found = ei_of(use, "entity")
        use.notes = [(leaf, outcome, f"identifier.{path}", rule) for leaf, outcome, path, rule in use.notes]
        return {"type": kind, "identifier": found} if found else None

    return convert


def ei_of(use: Use, kind: str) -> dict[str, Any] | None:
    """The Identifier of an EI, in the system of its authority for numbers of `kind` (`placer-order`, `filler-order`
    …).
    """
    value = use.value
    number = value.get(1)
    if number is None or number == NULL:
        return None
    found = authority(use.site, value.get(2), value.get(3), value.get(4))
    identifier: dict[str, Any] = {
        "system": found.universal or systems.local(found.institution, kind, found.foreign),
        "value": number.strip(),
    }
    use.leaf(1, "value")
    namespace = use.take(2, "assigner.display")
    if namespace:
        identifier["assigner"] = {"display": namespace}
        if not found.foreign:
            identifier["assigner"]["reference"] = institution(found.institution, use.draft).ref
    if found.universal:
        use.leaf(3, "system")
        scheme(use, 4, found.universal)
    return identifier


def hd(value: Repetition, use: Use) -> dict[str, Any] | None:
    """HD[Identifier]: the namespace id, else the universal id."""
    if universal := value.get(2):
        found = authority(use.site, None, universal, value.get(3))
        if found.universal and not value.get(1):
            use.leaf(2, "value")
            scheme(use, 3, found.universal, "value")
            return {"system": "urn:ietf:rfc:3986", "value": found.universal}
    number = use.take(1, "value") or use.take(2, "value")
    return {"system": systems.local(use.site.institution, "namespace"), "value": number} if number else None


def number(value: Repetition, use: Use) -> dict[str, Any] | None:
    """ST[Identifier]: a bare number of the institution."""
    text = use.take(1, "value")
    return {"system": systems.local(use.site.institution, "number"), "value": text} if text else None


def licence(value: Repetition, use: Use) -> dict[str, Any] | None:
    """DLN[Identifier]: number 1, issuing state 2, expiry 3."""
    text = use.take(1, "value")
    if not text:
        return None
    identifier: dict[str, Any] = {
        "type": {"coding": [{"system": systems.V2_0203, "code": "DL"}]},
        "system": systems.local(use.site.institution, "driver-licence"),
        "value": text,
    }
    if state := use.take(2, "assigner.display"):
        identifier["assigner"] = {"display": state}
    if period := within(use, {"end": 3}):
        identifier["period"] = period
    return identifier


def practitioner_licence(value: Repetition, use: Use) -> dict[str, Any] | None:
    """PLN[Identifier]: number 1, type 2, issuing state or agency 3, expiry 4."""
    text = use.take(1, "value")
    if not text:
        return None
    identifier: dict[str, Any] = {
        "system": systems.local(use.site.institution, "practitioner-licence", use.value.get(3) or ""),
        "value": text,
    }
    if kind := use.take(2, "type.text"):
        identifier["type"] = {"text": kind}
    if state := use.take(3, "assigner.display"):
        identifier["assigner"] = {"display": state}
    if period := within(use, {"end": 4}):
        identifier["period"] = period
    return identifier


_RESIDENT_FORM = re.compile(r"(?:[0-9]{17}[0-9Xx]|[0-9]{15})\Z")


def social_security(number: str) -> Kind:
    """The kind of a number in an SSN slot: what has the form of an identity number is meant as one, valid or not."""
    return kinds()["resident-id" if _RESIDENT_FORM.match(number.strip()) else "social-security"]


def ssn(value: Repetition, use: Use) -> dict[str, Any] | None:
    """ST[Identifier-SSN], the SSN slot (PID-19, NK1-37): in China it holds the resident identity number, seldom
    anything else.
    """
    text = value.get(1)
    if not text or text == NULL:
        return None
    return build(use, text, Authority(use.site.institution), social_security(text))
