"""The explanation of one prepared message as plain data: values with their homes, issues, verdict."""

from __future__ import annotations

from typing import Any

from adapters.pipeline import Prepared
from profiles.issue import Issue


def explain(prepared: Prepared, where: str = "") -> dict[str, Any]:
    """`{type, version, …, verdict, values: [{location, value, to: [{outcome, path, rule}]}], issues}`."""
    arrival = prepared.arrival
    return {
        "type": arrival.type,
        "version": arrival.message_version,
        "control_id": arrival.control_id,
        "site": arrival.site,
        "charset": arrival.charset,
        "charset_declared": arrival.charset_declared,
        "verdict": arrival.verdict,
        "unaccounted_values": arrival.unaccounted,
        "values": [value for value in _values(prepared) if value["location"].startswith(where)],
        "issues": [spoken(issue) for issue in arrival.issues],
    }


def _values(prepared: Prepared) -> list[dict[str, Any]]:
    message, mapped = prepared.message, prepared.mapped
    if message is None:
        return []
    lines = mapped.ledger.lines if mapped else {}
    return [
        {
            "location": message.locate(leaf),
            "value": message.value(leaf),
            "to": [{"outcome": one.outcome, "path": one.path, "rule": one.rule} for one in lines.get(leaf, ())],
        }
        for leaf in message.leaves()
    ]


def spoken(issue: Issue) -> dict[str, str]:
    """An issue with its sentence in both languages."""
    return {
        "code": issue.code,
        "severity": issue.severity,
        "location": issue.location,
        "expression": issue.expression,
        "text": issue.text("en"),
        "text_zh": issue.text("zh"),
    }
