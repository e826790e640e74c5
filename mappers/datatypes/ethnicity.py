"""CE, CWE -> the CodeableConcept of an ethnic group (民族), with its code of GB/T 3304.

The name decides, whatever code stands before it: senders number the groups in their own ways. Without a name a code
of two digits is one of GB/T 3304, for the standard writes it so. Source: HL7 v2.5.1 3.4.2.22 (PID-22); GB/T 3304-1991.
"""

from __future__ import annotations

from typing import Any

from mappers.codes import Unmapped, lookup
from mappers.datatypes.codeable_concept import codeable_concept
from mappers.use import Repetition, Use

_TABLE = "Ethnicity"


def ethnicity(value: Repetition, use: Use) -> dict[str, Any] | None:
    """The concept as written, and the national coding when the name or the code is one of the standard."""
    concept = codeable_concept(value, use)
    if concept is None:
        return None
    name = use.said(2) or use.said(9)
    component = 2 if use.said(2) else 9 if name else 1
    text = name or use.said(1)
    found = lookup(use.site, _TABLE, text.strip()) if text else None
    if text is None or found is None or isinstance(found, Unmapped):
        return concept
    codings = concept.setdefault("coding", [])
    if any(one.get("system") == found.system and one.get("code") == found.code for one in codings):
        return concept
    use.coded(component, f"coding[{len(codings)}].code", _TABLE, text, found.code)
    codings.append({"system": found.system, "code": found.code, "display": found.display})
    return concept
