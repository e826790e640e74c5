"""Results to FHIR TestReport resources, one a script.

Law: every action of the script has its action in the report, in order; headers never appear, bodies only where they
were asked for. A report is completed even when the script could not run.
Source: http://hl7.org/fhir/R4/testreport.html.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from conformance.testscript.result import Outcome, Phase, ScriptResult, clean
from profiles.systems import CANONICAL_BASE

_TESTER = "Qiao"


def testreport(found: ScriptResult) -> dict[str, Any]:
    """The TestReport of a script."""
    name = found.script.url or found.script.name
    report: dict[str, Any] = {
        "resourceType": "TestReport",
        "name": found.script.name,
        "status": "completed",
        "testScript": {"reference": name, "display": found.script.title or found.script.name}
        if found.script.url
        else {"display": name},
        "result": "pending" if found.skipped else "pass" if found.passed else "fail",
        "score": Decimal(f"{found.score:.1f}"),
        "tester": _TESTER,
        "issued": found.issued,
        "participant": [
            {"type": "test-engine", "uri": CANONICAL_BASE, "display": _TESTER},
            {"type": "server", "uri": found.server},
        ],
    }
    if found.setup.outcomes:
        report["setup"] = {"action": [_action(one) for one in found.setup.outcomes]}
    tests = [_test(one) for one in found.tests if one.outcomes]
    if tests:
        report["test"] = tests
    if found.teardown.outcomes:
        report["teardown"] = {"action": [_action(one) for one in found.teardown.outcomes]}
    return report


def _test(phase: Phase) -> dict[str, Any]:
    test: dict[str, Any] = {"name": phase.name}
    if phase.description:
        test["description"] = phase.description
    return test | {"action": [_action(one) for one in phase.outcomes]}


def _action(one: Outcome) -> dict[str, Any]:
    inner: dict[str, Any] = {"result": one.result}
    message = told(one)
    if message:
        inner["message"] = message
    if one.kind == "operation" and one.exchange.url:
        inner["detail"] = one.exchange.url
    elif one.kind == "assert" and one.came and one.result != "pass":
        inner["detail"] = one.came
    return {one.kind: inner}


def told(one: Outcome) -> str:
    """What a reader needs to know about an outcome, in one paragraph."""
    if one.result == "pass":
        return ": ".join(filter(None, (one.label, one.message)))
    parts = [
        " ".join(filter(None, (one.label, one.what))),
        one.message,
        f"expected {one.expected}" if one.expected else "",
        f"came {one.came}" if one.came else "",
        f"request {one.exchange.line}" if one.exchange.line else "",
        f"status {one.exchange.status}" if one.exchange.status is not None else "",
        one.next.en if one.result in ("fail", "error") else "",
        f"sent:\n{one.exchange.sent}" if one.exchange.sent else "",
        f"received:\n{one.exchange.received}" if one.exchange.received else "",
    ]
    return clean("\n".join(part for part in parts if part))
