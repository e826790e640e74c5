"""Period: a start and an end of different precision on the same day, of which FHIRPath cannot say which is earlier.

Law: only a conformance report minds: rule per-1 asks that `start <= end` is true, and what is empty is not true.
Source: http://hl7.org/fhir/R4/datatypes.html#Period (per-1), http://hl7.org/fhirpath/N1/#comparison.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from profiles.issue import Issue
from profiles.validator.place import Place


def comparable(period: dict[str, Any], place: Place) -> Iterable[Issue]:
    """Start and end, where both are given."""
    start, end = period.get("start"), period.get("end")
    if not place.strict or start is None or end is None or len(start) == len(end):
        return ()
    shared = min(len(start), len(end), 10)
    if (len(start) > 10 and len(end) > 10) or start[:shared] != end[:shared]:
        return ()
    return (place.issue("invariant-failed", key="per-1", rule="start SHALL have a lower value than end"),)
