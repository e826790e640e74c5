"""Check digits of CX, XCN and XON: extensions of the Identifier, the digit and the scheme that makes it.

Source: HL7 v2.5.1 2.A.14.2, 2.A.86.11, 2.A.87.4; official rows XCN.11, XCN.12, XON.4, XON.5; FHIR extensions
identifier-checkDigit, namingsystem-checkDigit.
"""

from __future__ import annotations

from typing import Any

from mappers.use import Use

_EXTENSION = "http://hl7.org/fhir/StructureDefinition/"
_URLS = ("identifier-checkDigit", "namingsystem-checkDigit")


def check_digit(use: Use, component: int, identifier: dict[str, Any], place: str) -> None:
    """Adds the digit of `component` and the scheme of the next one to the identifier that stands at `place`."""
    for at, url in enumerate(_URLS, component):
        if not use.said(at):
            continue
        array = identifier.setdefault("extension", [])
        index = next((n for n, one in enumerate(array) if one["url"] == _EXTENSION + url), len(array))
        text = use.take(at, f"{place}.extension[{index}].valueString")
        if index == len(array):
            array.append({"url": _EXTENSION + url, "valueString": text})
