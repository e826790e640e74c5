"""Test patients: those whose name says so (China 7d 19: `pacs测试1`) carry the tag HTEST and the issue `patient-test`.

Nothing else is changed: the patient is stored like any other, and indicators leave it out. The names are rows of
`tables/test_patients.csv`: `contains` anywhere in the name, `word` as a Latin word of its own, also before digits.
Source: HL7 v3 ActReason HTEST (test health data); FHIR R4 resource.html#Meta.tag.
"""

from __future__ import annotations

import csv
import re
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mappers.draft import Draft, Sheet

HTEST = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ActReason",
    "code": "HTEST",
    "display": "test health data",
}
_FORMS = {"contains": "{}", "word": "(?<![a-z]){}(?![a-z])"}


@cache
def _names() -> re.Pattern[str]:
    path = Path(__file__).parent / "tables" / "test_patients.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, strict=True))
    return re.compile("|".join(_FORMS[row["form"]].format(re.escape(row["text"])) for row in rows), re.IGNORECASE)


@lru_cache(maxsize=8192)
def is_test(name: str) -> bool:
    """Whether the name is one that testers give."""
    return _names().search(name) is not None


def mark(patient: Sheet, draft: Draft) -> None:
    """Tags the Patient when one of its names says that it is a test, and says so."""
    if any(is_test(name.get("text", "")) for name in patient.body.get("name", ())):
        patient.body["meta"] = {"tag": [dict(HTEST)]}
        draft.issue("patient-test", "PID-5", "Patient.name")
