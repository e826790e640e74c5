"""The one renderer: issues become an OperationOutcome and a status (FHIR R4 operationoutcome.html).

Every message stands in the issue table in English and Chinese; nothing of the request but locations is repeated.
`details` says what was found, `diagnostics` the same with its source and what to do about it (`Fix: …`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from profiles.issue import Issue
from profiles.systems import CANONICAL_BASE

ISSUE_SYSTEM = f"{CANONICAL_BASE}/CodeSystem/issue"
"""Code system of our own issue codes."""
_TRANSLATION = "http://hl7.org/fhir/StructureDefinition/translation"


def outcome(issues: Sequence[Issue]) -> bytes:
    """The OperationOutcome as bytes; without an issue it says that all is well."""
    return orjson.dumps({"resourceType": "OperationOutcome", "issue": entries(issues)})


def entries(issues: Sequence[Issue]) -> list[dict[str, Any]]:
    """The `issue` elements; an OperationOutcome has at least one."""
    return [_entry(issue) for issue in issues] or [
        {"severity": "information", "code": "informational", "diagnostics": "All OK"}
    ]


def status(issues: Sequence[Issue]) -> int:
    """The status of the first issue that refuses, 200 when none does."""
    return next((issue.kind.http for issue in issues if issue.refuses), 200)


def _entry(issue: Issue) -> dict[str, Any]:
    kind = issue.kind
    hint = issue.hint()
    entry: dict[str, Any] = {
        "severity": kind.severity,
        "code": kind.fhir,
        "details": {
            "coding": [{"system": ISSUE_SYSTEM, "code": issue.code}],
            "text": issue.text("en"),
            "_text": {"extension": [_translation("zh", issue.text("zh"))]},
        },
        "diagnostics": f"{issue.text()} ({kind.spec})" if kind.spec else issue.text(),
    }
    if hint:
        entry["diagnostics"] += f". Fix: {hint}"
        entry["_diagnostics"] = {"extension": [_translation("zh", f"{issue.text('zh')}。处理：{issue.hint('zh')}")]}
    if issue.location:
        entry["location"] = [issue.location]
    if issue.expression:
        entry["expression"] = [issue.expression]
    return entry


def _translation(language: str, text: str) -> dict[str, Any]:
    return {
        "url": _TRANSLATION,
        "extension": [{"url": "lang", "valueCode": language}, {"url": "content", "valueString": text}],
    }
