"""XAD, SAD -> Address.

What is written stays as written: a Chinese address in the first component is `text`, never split by guess. A
placeholder (`无`, `同上`) is no address. Source: HL7 v2.5.1 2.A.85 (XAD); official maps XAD[Address], SAD[Address].
"""

from __future__ import annotations

from typing import Any

from mappers.codes import Unmapped, lookup
from mappers.datatypes.period import within
from mappers.datatypes.placeholder import is_placeholder
from mappers.message import NULL
from mappers.use import Repetition, Use

_PARTS = ((3, "city"), (4, "state"), (5, "postalCode"), (6, "country"), (9, "district"))
_CONTENT = (1, 2, 3, 4, 5, 6, 8, 9, 10, 19)
"""The components that say where."""
_BESIDE = (2, 3, 4, 9, 19)
"""Those that still do beside a placeholder in 1: a postal code alone is what a form was filled with."""
_STREETS = ((2, 1), (19, 1))
"""Component and sub-component of what stands beside a street."""
_USES = (("AddressType[Use]", "use"), ("AddressType[Type]", "type"))
CENSUS_TRACT = "http://hl7.org/fhir/StructureDefinition/iso21090-ADXP-censusTract"
AD_USE = "http://hl7.org/fhir/StructureDefinition/iso21090-AD-use"


def address(value: Repetition, use: Use) -> dict[str, Any] | None:
    """XAD[Address]; `None` when only a type or a placeholder is there."""
    nowhere = is_placeholder(value.get(1))
    if not any(value.get(component) not in (None, NULL) for component in (_BESIDE if nowhere else _CONTENT)):
        reason = "placeholder" if nowhere else "address-without-content"
        for leaf in value.leaves():
            use.drop(leaf.component, reason, leaf.subcomponent)
        return None
    found: dict[str, Any] = {}
    if nowhere:
        use.drop(1, "placeholder")
    _lines(use, found, _STREETS if nowhere else None)
    for component, name in _PARTS:
        if text := use.take(component, name):
            found[name] = text
    _kind(use, found)
    if tract := use.take(10, "_line[0].extension[0].valueString"):
        # R4 allows this extension on the lines of an address only.
        rest = [None] * (len(found.get("line", ())) - 1)
        found["_line"] = [{"extension": [{"url": CENSUS_TRACT, "valueString": tract}]}, *rest]
    if period := within(use, {"start": 13, "end": 14}, 12):
        found["period"] = period
    return found if any(name not in ("use", "type") for name in found) else None


def _lines(use: Use, found: dict[str, Any], rest: tuple[tuple[int, int], ...] | None) -> None:
    """The lines of the parts in `rest`, of all of them when it is not given."""
    first = use.value.get(1)
    if rest is None and first and not first.isascii() and not use.value.get(1, 2):
        found["text"] = use.take(1, "text")
        rest = _STREETS
    elif rest is None:
        rest = ((1, 1), (1, 2), (1, 3), (2, 1), (19, 1))
    lines: list[str] = []
    for component, sub in rest:
        if text := use.take(component, f"line[{len(lines)}]", sub):
            lines.append(text)
    if lines:
        found["line"] = lines


def _kind(use: Use, found: dict[str, Any]) -> None:
    written = use.value.get(7)
    if not written or written == NULL:
        return
    for table, name in _USES:
        coded = lookup(use.site, table, written)
        if not isinstance(coded, Unmapped) and coded.system == f"http://hl7.org/fhir/address-{name}":
            found[name] = coded.code
            use.coded(7, name, table, written, coded.code)
    if written == "HV":
        found.setdefault("extension", []).append({"url": AD_USE, "valueCode": "HV"})
        use.leaf(7, "extension[0].valueCode")
