"""What became of a script: an outcome for every action, gathered into phases and a verdict.

Law: an outcome that is no pass says what was expected, what came and what to do next; `came` is cut, bodies are kept
apart. Results are the R4 codes of report-action-result-codes; a verdict is pass only when nothing failed or broke.
Source: http://hl7.org/fhir/R4/testreport.html.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from conformance.count import Text
from conformance.testscript.advice import NOTHING
from conformance.testscript.script import Script

Result = Literal["pass", "skip", "fail", "warning", "error"]
Kind = Literal["operation", "assert"]
CUT = 240
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Exchange:
    """The request an action is about: its line, the status that came, and the bodies for those who ask for them."""

    line: str = ""
    status: int | None = None
    url: str = ""
    sent: str = ""
    received: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One action. `label` is what the script calls it, `what` what it does."""

    kind: Kind
    result: Result
    label: str
    what: str
    message: str = ""
    expected: str = ""
    came: str = ""
    next: Text = NOTHING
    exchange: Exchange = Exchange()
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Phase:
    """Setup, one test, or teardown."""

    name: str
    description: str
    outcomes: tuple[Outcome, ...]

    @property
    def result(self) -> Result:
        """The gravest of its outcomes; skipped when nothing was done."""
        return gravest([one.result for one in self.outcomes])

    @property
    def seconds(self) -> float:
        return sum(one.seconds for one in self.outcomes)

    @property
    def trouble(self) -> Outcome | None:
        """The first outcome that decided against it."""
        return next((one for one in self.outcomes if one.result in ("fail", "error")), None)


@dataclass(frozen=True, slots=True)
class ScriptResult:
    script: Script
    server: str
    issued: str
    setup: Phase
    tests: tuple[Phase, ...]
    teardown: Phase
    skipped: str = ""
    """Why the script was not run at all: the server does not claim what it needs."""

    @property
    def passed(self) -> bool:
        """A script that tests nothing passes when its setup does; a failing teardown is shown, but no verdict."""
        return not self.skipped and all(one.result in ("pass", "warning") for one in (self.setup, *self.tests))

    @property
    def result(self) -> Result:
        return "skip" if self.skipped else "pass" if self.passed else "fail"

    @property
    def score(self) -> float:
        """The share of tests that passed, of 100."""
        counted = self.tests or (self.setup,)
        return 100.0 * sum(one.result in ("pass", "warning") for one in counted) / len(counted)

    @property
    def seconds(self) -> float:
        return sum(one.seconds for one in (self.setup, *self.tests, self.teardown))

    @property
    def phases(self) -> tuple[Phase, ...]:
        return tuple(one for one in (self.setup, *self.tests, self.teardown) if one.outcomes)


def gravest(results: list[Result]) -> Result:
    for one in ("error", "fail"):
        if one in results:
            return one
    if results and all(one == "skip" for one in results):
        return "skip"
    return "warning" if "warning" in results else "pass"


def clean(text: str) -> str:
    """A text a FHIR string can hold: what a server sent may have control characters."""
    return _CONTROL.sub("\ufffd", text)


def cut(text: str) -> str:
    """A text short enough for one line of a report."""
    line = " ".join(clean(text).split())
    return line if len(line) <= CUT else line[: CUT - 1] + "…"
