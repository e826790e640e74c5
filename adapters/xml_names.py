"""The names by which messages in XML are known: their namespaces, and the form of the names of V3 interactions."""

from __future__ import annotations

NAMESPACE_V2 = "urn:hl7-org:v2xml"
NAMESPACE_V3 = "urn:hl7-org:v3"


def is_interaction(name: str) -> bool:
    """`POOR_IN200901UV`, `PRPA_IN201311UV02`: V3 whose sender forgot the namespace."""
    return len(name) >= 13 and name[4:7] == "_IN" and name[:4].isalpha() and name[7:13].isdigit()
