"""CE, CWE -> the CodeableConcept of a language that somebody speaks.

R4 wants a code of BCP 47 (the greatest value set of Patient.communication.language); a name of a language is none, and
nobody guesses which one it means: it is carried. Source: HL7 v2.5.1 3.4.2.15 (PID-15); FHIR R4 patient.html.
"""

from __future__ import annotations

from typing import Any

from mappers.datatypes.codeable_concept import codeable_concept
from mappers.use import Repetition, Use
from profiles.syntaxes import SYNTAXES

BCP_47 = "urn:ietf:bcp:47"
_LONGEST_PRIMARY = 3
"""Longer ones are reserved (RFC 5646 2.2.1); senders write names there."""


def language(value: Repetition, use: Use) -> dict[str, Any] | None:
    """The concept with a coding of BCP 47, or `None`."""
    concept = codeable_concept(value, use)
    if concept is None:
        return None
    codings = concept.setdefault("coding", [])
    if any(one.get("system") == BCP_47 and is_tag(one["code"]) for one in codings):
        return concept
    for component in (1, 4):
        primary, _, rest = (use.said(component) or "").strip().partition("-")
        tag = "-".join(filter(None, (primary.lower(), rest)))
        if is_tag(tag):
            use.coded(component, f"coding[{len(codings)}].code", "BCP 47", use.said(component) or "", tag)
            codings.append({"system": BCP_47, "code": tag})
            return concept
    return None


def is_tag(tag: str) -> bool:
    """Whether the text is a tag of BCP 47 whose language has a code of two or three letters."""
    return len(tag.partition("-")[0]) <= _LONGEST_PRIMARY and SYNTAXES[BCP_47](tag)
