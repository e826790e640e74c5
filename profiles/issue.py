"""An issue: what was found, where, and how much it matters.

Issues are values, never exceptions. The wording, severity and codes of each stand once, in `issues.csv`
(columns: code, severity, fhir, hl7, http, spec, en, zh, hint_en, hint_zh; the hints, what to do about it, may be left
out). They carry locations, never patient values.
Sources: FHIR R4 OperationOutcome.issue, HL7 v2.5.1 2.15.4 (ERR) and table 0357.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal

Severity = Literal["fatal", "error", "warning", "information"]
REFUSING: frozenset[str] = frozenset({"fatal", "error"})
_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class IssueKind:
    """One row of the table: `fhir` is an issue-type code, `hl7` one of table 0357, `http` the status when refused."""

    code: str
    severity: Severity
    fhir: str
    hl7: str
    http: int
    spec: str
    en: str
    zh: str
    hint_en: str
    hint_zh: str


@dataclass(frozen=True, slots=True)
class Issue:
    """One finding. `expression` is a FHIRPath location, `location` a v2 location such as `PID-3[2].1`."""

    code: str
    expression: str = ""
    location: str = ""
    details: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    graded: Severity | None = None
    """The severity that a site gave this code; `None`: that of the table."""

    def __reduce__(self) -> tuple[type[Issue], tuple[str, str, str, dict[str, str], Severity | None]]:
        """Issues cross between processes; a mapping proxy does not."""
        return Issue, (self.code, self.expression, self.location, dict(self.details), self.graded)

    @property
    def kind(self) -> IssueKind:
        return kinds()[self.code]

    @property
    def severity(self) -> Severity:
        return self.graded or self.kind.severity

    @property
    def refuses(self) -> bool:
        return self.severity in REFUSING

    def text(self, language: Literal["en", "zh"] = "en") -> str:
        """The sentence for people; unknown placeholders stay visible as `{name}`."""
        template = self.kind.zh if language == "zh" else self.kind.en
        return template.format_map(_Visible(self.details))

    def hint(self, language: Literal["en", "zh"] = "en") -> str:
        """What to do about it; empty where the table says nothing."""
        template = self.kind.hint_zh if language == "zh" else self.kind.hint_en
        return template.format_map(_Visible(self.details))


class _Visible(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


@cache
def kinds() -> Mapping[str, IssueKind]:
    """Every issue code of the product, by code."""
    with (Path(__file__).parent / "issues.csv").open(encoding="utf-8", newline="") as table:
        given = csv.DictReader(table, restval="")
        rows = [IssueKind(**{**row, "http": int(row["http"])}) for row in given]  # type: ignore[arg-type]
    return MappingProxyType({row.code: row for row in rows})
