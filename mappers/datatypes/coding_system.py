"""Table 0396: what the name of a coding system in a message is in FHIR.

`LN` counts only when the code passes the LOINC check digit: senders write it behind local codes. A name nobody knows,
and a code without a name, belong to the sending institution. Source: HL7 table 0396; `tables/coding_systems.csv`.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from mappers import systems


@cache
def named() -> Mapping[str, str]:
    """URL by name of table 0396."""
    path = Path(__file__).parent.parent / "tables" / "coding_systems.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return MappingProxyType({row["name"]: row["url"] for row in csv.DictReader(file)})


def system_of(name: str | None, institution: str, field: str) -> str:
    """The URL of the coding system of a code; `field` (`OBX-3`) scopes codes that come without a system."""
    if not name:
        return systems.local_codes(institution, field)
    known = named().get(name.upper())
    if known is not None:
        return known
    if name.upper().startswith("HL7") and name[3:].isdigit() and len(name) == 7:
        return f"http://terminology.hl7.org/CodeSystem/v2-{name[3:]}"
    if name.startswith(("http://", "https://", "urn:")) and " " not in name:
        return name
    return systems.local_codes(institution, name)
