"""The sum of a replay: answers, issues, and what went wrong, counted as messages go by."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from fhir_server.arrivals.arrival import Receipt
from profiles.issue import Issue


@dataclass(slots=True)
class Tally:
    """Counts by verdict, issue code and resource type; `crashed` names the messages whose handling raised an error."""

    messages: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    issues: Counter[str] = field(default_factory=Counter)
    resources: Counter[str] = field(default_factory=Counter)
    unaccounted: int = 0
    duplicates: int = 0
    crashed: list[str] = field(default_factory=list)

    def count(self, verdict: str, issues: tuple[Issue, ...], unaccounted: int, types: list[str]) -> None:
        self.messages += 1
        self.verdicts[verdict] += 1
        self.issues.update(issue.code for issue in issues)
        self.resources.update(types)
        self.unaccounted += unaccounted

    def receipt(self, receipt: Receipt) -> None:
        self.duplicates += receipt.duplicate is not None

    def crash(self, label: str) -> None:
        self.messages += 1
        self.crashed.append(label)

    def json(self) -> dict[str, Any]:
        """The object that `--json` prints."""
        return {
            "messages": self.messages,
            "AA": self.verdicts["AA"],
            "AE": self.verdicts["AE"],
            "AR": self.verdicts["AR"],
            "crashed": len(self.crashed),
            "unaccounted_values": self.unaccounted,
            "issues": dict(self.issues.most_common()),
            "duplicates": self.duplicates,
            "resources": dict(sorted(self.resources.items())),
            "crashed_messages": self.crashed[:100],
        }
