"""ST, TX, FT, NM, SI, ID -> string, markdown, integer, decimal: values that need no structure.

TX and FT keep separators that senders forget to escape. A number that is none is not stored.
"""

from __future__ import annotations

import re
from decimal import Decimal
from html import escape
from typing import Any

from mappers.datatypes.number import decimal as read_decimal
from mappers.message import NULL
from mappers.use import Repetition, Use

_OID = re.compile(r"[0-2](?:\.(?:0|[1-9][0-9]*)){2,}")


def spaced(text: str) -> str:
    """The text as a FHIR code may have it: no white space but single blanks inside (R4 datatypes.html#code)."""
    return " ".join(text.split())


def string(value: Repetition, use: Use) -> str | None:
    """ST[string]."""
    return use.take(1)


def oid(value: Repetition, use: Use) -> str | None:
    """ST[oid]: an OID or a UID of DICOM as a URI (R4 datatypes.html#oid); what is none finds no place."""
    written = (use.said(1) or "").strip().removeprefix("urn:oid:")
    if not _OID.fullmatch(written):
        return None
    use.leaf(1)
    return f"urn:oid:{written}"


def text(value: Repetition, use: Use) -> str | None:
    """FT[string], TX[string]: the whole repetition, separators kept."""
    whole = value.text()
    if whole is None or whole == NULL or not whole.strip():
        return None
    use.all()
    return whole.strip()


def annotation(value: Repetition, use: Use) -> dict[str, Any] | None:
    """FT[Annotation]: the text of a comment."""
    whole = value.text()
    if whole is None or whole == NULL or not whole.strip():
        return None
    use.all("text")
    return {"text": whole.strip()}


def narrative(value: Repetition, use: Use) -> dict[str, Any] | None:
    """ST[Narrative]: words of the sender that no element says: an `additional` text."""
    text = use.take(1, "div")
    if not text:
        return None
    return {"status": "additional", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{escape(text)}</div>'}


def _whole(value: Repetition, use: Use, least: int) -> int | None:
    found = value.get(1)
    if found is None or found == NULL:
        return None
    number = read_decimal(found)
    if number is None or number != number.to_integral_value() or not least <= number < 2**31:
        use.issue("field-value", 1, type="integer")
        return None
    use.leaf(1)
    return int(number)


def integer(value: Repetition, use: Use) -> int | None:
    """NM[integer]."""
    return _whole(value, use, -(2**31))


def unsigned_int(value: Repetition, use: Use) -> int | None:
    """NM[unsignedInt]."""
    return _whole(value, use, 0)


def positive_int(value: Repetition, use: Use) -> int | None:
    """NM[positiveInt]."""
    return _whole(value, use, 1)


def decimal(value: Repetition, use: Use) -> Decimal | None:
    """NM[decimal], with the precision as written."""
    found = value.get(1)
    if found is None or found == NULL:
        return None
    number = read_decimal(found)
    if number is None:
        use.issue("field-value", 1, type="decimal")
        return None
    use.leaf(1)
    return number


def days(value: Repetition, use: Use) -> dict[str, Any] | None:
    """NM[Quantity-LengthOfStay]: a Duration in days."""
    number = decimal(value, use)
    if number is None:
        return None
    use.notes = [(leaf, outcome, "value", rule) for leaf, outcome, _, rule in use.notes]
    return {"value": number, "unit": "d", "system": "http://unitsofmeasure.org", "code": "d"}
