"""Results to files and to the lines of a terminal.

Law: a folder gets one TestReport a script; a file (.json, .xml) a TestReport or, of several scripts, a Bundle of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.testscript.junit import junit
from conformance.testscript.page import Language, page
from conformance.testscript.result import Outcome, Phase, ScriptResult
from conformance.testscript.testreport import testreport
from profiles.json_output import dump_pretty
from profiles.xml_output import dump_xml_pretty

_FORMS = {".json": dump_pretty, ".xml": dump_xml_pretty}
_UNSAFE = re.compile(r"[^\w.-]+")


@dataclass(frozen=True, slots=True)
class Targets:
    """Where the results go; None: nowhere."""

    report: Path | None = None
    html: Path | None = None
    junit: Path | None = None


def write(results: Sequence[ScriptResult], targets: Targets, language: Language) -> None:
    """Raises OSError."""
    if targets.report is not None:
        _reports(results, targets.report)
    if targets.html is not None:
        _file(targets.html, page(results, language).encode())
    if targets.junit is not None:
        _file(targets.junit, junit(results).encode())


def _reports(results: Sequence[ScriptResult], target: Path) -> None:
    made = [testreport(one) for one in results]
    if target.suffix not in _FORMS:
        for one, report in zip(results, made, strict=True):
            name = _UNSAFE.sub("-", f"{one.script.file.parent.name}-{one.script.file.stem}")
            _file(target / f"{name}.json", dump_pretty(report))
        return
    entries = [{"resource": report} for report in made]
    whole = made[0] if len(made) == 1 else {"resourceType": "Bundle", "type": "collection", "entry": entries}
    _file(target, _FORMS[target.suffix](whole))


def _file(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def summary(results: Sequence[ScriptResult], asked: int) -> dict[str, Any]:
    """What a program wants to know."""
    return {
        "passed": len(results) == asked and all(one.passed for one in results),
        "scripts": [
            {
                "name": one.script.name,
                "file": str(one.script.file),
                "result": one.result,
                "score": round(one.score, 1),
                "failures": [_failure(phase, trouble) for phase in one.phases if (trouble := phase.trouble)],
            }
            for one in results
        ],
        "not_run": asked - len(results),
    }


def _failure(phase: Phase, one: Outcome) -> dict[str, Any]:
    return {
        "test": phase.name,
        "action": one.what,
        "result": one.result,
        "message": one.message,
        "request": one.exchange.line,
        "status": one.exchange.status,
        "expected": one.expected,
        "came": one.came,
        "next": one.next.en,
    }


def lines(found: ScriptResult) -> Iterator[str]:
    """A line for the script, and a block for each thing that went wrong."""
    good = sum(test.result in ("pass", "warning") for test in found.tests)
    shown = f"{found.script.file.parent.name}/{found.script.file.stem}"
    yield f"{found.result:5} {shown:44} {good}/{len(found.tests)}{': ' + found.skipped if found.skipped else ''}"
    for phase in found.phases:
        one = phase.trouble
        if one is None:
            continue
        yield f"      {phase.name}: {' '.join(filter(None, (one.label, one.what)))}"
        facts = (
            ("", one.message),
            ("request ", one.exchange.line),
            ("status ", "" if one.exchange.status is None else str(one.exchange.status)),
            ("expected ", one.expected),
            ("came ", one.came),
            ("-> ", one.next.en),
        )
        yield from (f"        {name}{text}" for name, text in facts if text)
