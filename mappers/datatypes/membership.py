"""Whether a table of HL7 holds a code, and what it calls it.

A code stands under the system of a table only when the table has it; what it does not have is the sender's own. So with
displays. Of a table that is not loaded nothing is known, and what was written stands. Source: FHIR R4
datatypes.html#Coding (`code` "SHALL be valid within the code system", `display` "as defined by the system").
"""

from __future__ import annotations

from functools import lru_cache

from profiles.code_system import names_of
from profiles.coding import folded
from profiles.terminology import system as loaded

_OF_HL7 = ("http://terminology.hl7.org/CodeSystem/", "http://hl7.org/fhir/")
_NONE: frozenset[str] = frozenset()


@lru_cache(maxsize=8192)
def holds(system: str, code: str) -> bool:
    """Whether the code may stand under the system."""
    table = loaded(system) if system.startswith(_OF_HL7) else None
    return table is None or not table.complete or code in table.concepts


@lru_cache(maxsize=8192)
def calls(system: str, code: str, display: str) -> bool:
    """Whether the display may stand beside the code."""
    table = loaded(system) if system.startswith(_OF_HL7) else None
    concept = table.concepts.get(code) if table is not None else None
    names = _NONE if concept is None else frozenset(folded(name) for name in names_of(concept))
    return not names or folded(display) in names
