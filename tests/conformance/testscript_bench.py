"""A server that answers from a list, and scripts in a few lines, for tests of the runner."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from conformance.testscript.load import load
from conformance.testscript.memory import Sources
from conformance.testscript.result import Phase, ScriptResult
from conformance.testscript.run import Bench, run
from conformance.testscript.script import Script
from conformance.testscript.stored import JSON, Stored
from conformance.testscript.transport import NoAnswer

BASE = "http://server.test/fhir"
SOURCES = Sources(
    letters=lambda alphabet, count: alphabet[0] * count,
    uuid=lambda: "0-0",
    now=lambda: "2026-11-01T08:00:00+08:00",
    pause=lambda seconds: None,
)
Answer = Stored | NoAnswer


def answer(status: int = 200, body: Any = None, media_type: str = JSON, **headers: str) -> Stored:
    data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    said = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Stored(data, media_type if data else "", said, status)


class Desk:
    """Answers each `METHOD address` as told (404 otherwise) and remembers what it was asked."""

    def __init__(self, answers: dict[str, Answer | Callable[[Stored], Answer]] | None = None) -> None:
        self.answers = answers or {}
        self.asked: list[Stored] = []

    def send(self, request: Stored) -> Answer:
        self.asked.append(request)
        found = self.answers.get(f"{request.method} {request.url.removeprefix(BASE)}", answer(404))
        return found(request) if callable(found) else found

    @property
    def lines(self) -> list[str]:
        return [f"{one.method} {one.url.removeprefix(BASE)}" for one in self.asked]


def asserting(**how: Any) -> dict[str, Any]:
    return {"assert": {"warningOnly": False, **how}}


def asking(code: str = "read", **how: Any) -> dict[str, Any]:
    return {"operation": {"type": {"code": code}, "encodeRequestUrl": True, **how}}


def scripted(*actions: dict[str, Any], **parts: Any) -> dict[str, Any]:
    """A TestScript with one test of these actions."""
    source: dict[str, Any] = {
        "resourceType": "TestScript",
        "url": "http://example.org/TestScript/t",
        "name": "T",
        "status": "draft",
        **parts,
    }
    if actions:
        source["test"] = [{"name": "test", "action": list(actions)}]
    return source


def fixture(resource: dict[str, Any], **how: Any) -> dict[str, Any]:
    """`contained` and `fixture` for one resource."""
    entry = {"id": resource["id"], "autocreate": False, "autodelete": False, **how}
    return {"contained": [resource], "fixture": [{**entry, "resource": {"reference": f"#{resource['id']}"}}]}


_numbers = itertools.count()


def loaded(source: dict[str, Any], folder: Path) -> Script:
    file = folder / f"{next(_numbers)}.json"
    file.write_text(json.dumps(source), encoding="utf-8")
    scripts, wrong = load([file])
    assert not wrong, wrong
    return scripts[0]


def ran(source: dict[str, Any], folder: Path, desk: Desk, **how: Any) -> ScriptResult:
    ticks = itertools.count()
    return run(loaded(source, folder), Bench(BASE, desk, SOURCES, lambda: float(next(ticks)), **how))


def results(phase: Phase) -> list[str]:
    return [one.result for one in phase.outcomes]
