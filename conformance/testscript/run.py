"""Runs a script against a server: setup, then each test, then teardown, whatever came before.

Law: within setup and within a test the first action that fails or breaks ends it and the rest is skipped; a failed
setup skips every test; teardown always runs, and its trouble is a warning. An HTTP status alone fails nothing but an
implicit create: what is right, assertions say.
Source: http://hl7.org/fhir/R4/testscript.html (setup, test, teardown; fixture.autocreate, fixture.autodelete).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from conformance.count import Text
from conformance.testscript import advice
from conformance.testscript.capability import unmet
from conformance.testscript.judge import judge
from conformance.testscript.memory import Memory, Missing, Sources
from conformance.testscript.request import Form, request
from conformance.testscript.result import Exchange, Outcome, Phase, Result, ScriptResult, cut
from conformance.testscript.script import Action, Assertion, Fixture, Nothing, Operation, Script
from conformance.testscript.stored import JSON, Identity, Stored, Unparsed, identity, resource_of
from conformance.testscript.transport import NoAnswer, Transport

_PATIENCE, _PAUSE = 60.0, 0.2
_SHOWN_BODY = 20_000
_NO_EXCHANGE = Exchange()


@dataclass(frozen=True, slots=True)
class Bench:
    """What a run needs from outside. `seconds` is a steady clock."""

    server: str
    transport: Transport
    sources: Sources
    seconds: Callable[[], float]
    media_type: str = JSON
    variables: Mapping[str, str] = field(default_factory=dict)
    bodies: bool = False
    check_capabilities: bool = False


def run(script: Script, bench: Bench) -> ScriptResult:
    """What became of every action of the script."""
    memory = Memory(script, bench.variables, bench.sources)
    running = _Running(bench, memory)
    issued = bench.sources.now()
    why_not = unmet(script.capabilities, running.metadata) if bench.check_capabilities else ""
    setup = Phase("setup", "", ())
    if not why_not:
        setup = Phase("setup", "", running.prepare(script.fixtures, script.setup))
    skipping = bool(why_not) or setup.trouble is not None
    tests = tuple(
        Phase(test.name, test.description, running.actions(test.actions, skipping=skipping)) for test in script.tests
    )
    teardown = Phase("teardown", "", () if why_not else running.clean(script.fixtures, script.teardown))
    return ScriptResult(script, bench.server, issued, setup, tests, teardown, why_not)


@dataclass(slots=True)
class _Running:
    """One script on its way; `last` is the exchange the next assertions are about."""

    bench: Bench
    memory: Memory
    last: Exchange = _NO_EXCHANGE

    def metadata(self) -> dict[str, object] | str:
        """The CapabilityStatement of the server, or why there is none."""
        came = self.bench.transport.send(
            Stored(method="GET", url=f"{self.bench.server}/metadata", headers=(("Accept", JSON),))
        )
        if isinstance(came, NoAnswer):
            return came.why
        found = resource_of(came)
        return found.why if isinstance(found, Unparsed) else found

    def prepare(self, fixtures: Sequence[Fixture], actions: Sequence[Action]) -> tuple[Outcome, ...]:
        """Implicit creates, then the actions of setup."""
        done: list[Outcome] = []
        for fixture in fixtures:
            if fixture.create:
                failed = any(one.result in ("fail", "error") for one in done)
                done.append(_skipped(_create(fixture)) if failed else self._create(fixture))
        failed = any(one.result in ("fail", "error") for one in done)
        return (*done, *self.actions(actions, skipping=failed))

    def actions(self, actions: Sequence[Action], *, skipping: bool) -> tuple[Outcome, ...]:
        """The outcome of each action; those after the first trouble are skipped."""
        done: list[Outcome] = []
        for action in actions:
            outcome = _skipped(action) if skipping else self._action(action)
            skipping = skipping or outcome.result in ("fail", "error")
            done.append(outcome)
        return tuple(done)

    def clean(self, fixtures: Sequence[Fixture], actions: Sequence[Action]) -> tuple[Outcome, ...]:
        """Every action of teardown, then implicit deletes of what implicit creates made, last made first."""
        done = [_forgiven(self._action(action)) for action in actions]
        made = [one for one in reversed(fixtures) if one.delete and one.id in self.memory.created]
        return (*done, *(_forgiven(self._delete(one)) for one in made))

    # ---------------------------------------------------------------------------------------------- one action

    def _action(self, action: Action) -> Outcome:
        began = self.bench.seconds()
        if isinstance(action, Operation):
            outcome = self._operation(action)
        elif isinstance(action, Assertion):
            outcome = self._assertion(action)
        else:
            outcome = Outcome("operation", "error", "", "no action", action.why, next=advice.REPAIR)
        return replace(outcome, seconds=self.bench.seconds() - began)

    def _operation(self, asked: Operation) -> Outcome:
        sent = request(asked, self.memory, Form(self.bench.server, self.bench.media_type))
        if isinstance(sent, Missing):
            return Outcome("operation", "error", asked.label, what(asked), sent.why, next=advice.REPAIR)
        came = self._answer(asked, sent)
        if isinstance(came, NoAnswer):
            self.last = Exchange(f"{sent.method} {sent.url}", None, sent.url)
            return Outcome(
                "operation",
                "error",
                asked.label,
                what(asked),
                "the server gave no answer",
                "a response",
                cut(came.why),
                advice.UNREACHED,
                self.last,
            )
        self._keep(asked, replace(sent, url=came.url or sent.url), came)
        return Outcome("operation", "pass", asked.label, what(asked), f"status {came.status}", exchange=self.last)

    def _answer(self, asked: Operation, sent: Stored) -> Stored | NoAnswer:
        """What comes; while it means "not yet" to this operation, the request is sent again, for a time."""
        began = self.bench.seconds()
        while True:
            came = self.bench.transport.send(sent)
            waits = isinstance(came, Stored) and came.status in asked.repeat_while
            if not waits or self.bench.seconds() - began > _PATIENCE:
                return came
            self.bench.sources.pause(_PAUSE)

    def _keep(self, asked: Operation, sent: Stored, came: Stored) -> None:
        self.memory.request, self.memory.response = sent, came
        if asked.request_id:
            self.memory.kept[asked.request_id] = sent
        if asked.response_id:
            self.memory.kept[asked.response_id] = came
        self.last = Exchange(
            f"{sent.method} {sent.url}",
            came.status,
            sent.url,
            self._shown(sent),
            self._shown(came),
        )

    def _shown(self, stored: Stored) -> str:
        return stored.data[:_SHOWN_BODY].decode("utf-8", "replace") if self.bench.bodies else ""

    def _assertion(self, asked: Assertion) -> Outcome:
        found = judge(asked, self.memory)
        return Outcome(
            "assert",
            found.result,
            asked.label,
            what(asked),
            cut(found.message or asked.description),
            found.expected,
            found.came,
            _next(found.result, asked),
            self.last,
        )

    # ------------------------------------------------------------------------------------------ implicit actions

    def _create(self, fixture: Fixture) -> Outcome:
        """PUT under the id the fixture has, POST without; the server must take it."""
        asked = _create(fixture)
        source = self.memory.stored(fixture.id)
        if not isinstance(source, Missing) and identity(source).id:
            asked = replace(asked, type="updateCreate")
        outcome = self._operation(asked)
        came = self.memory.response
        if outcome.result != "pass" or came is None:
            return outcome
        if came.status not in (200, 201):
            said = judge(Assertion(("responseCode",), response_code="200,201"), self.memory)
            return replace(
                outcome,
                result="fail",
                message="the fixture was not created",
                expected=said.expected,
                came=said.came,
                next=advice.REFUSED,
            )
        made = identity(came)
        self.memory.created[fixture.id] = made if made.id or isinstance(source, Missing) else identity(source)
        return outcome

    def _delete(self, fixture: Fixture) -> Outcome:
        made: Identity = self.memory.created[fixture.id]
        return self._operation(Operation("delete", made.type, f"autodelete {fixture.id}", params=f"/{made.id}"))


def _create(fixture: Fixture) -> Operation:
    return Operation("create", label=f"autocreate {fixture.id}", source_id=fixture.id)


def _skipped(action: Action) -> Outcome:
    kind, label = ("assert" if isinstance(action, Assertion) else "operation"), getattr(action, "label", "")
    return Outcome(kind, "skip", label, what(action), "skipped: something before it failed")  # type: ignore[arg-type]


def _forgiven(outcome: Outcome) -> Outcome:
    """Teardown decides nothing: what it could not do is a warning."""
    status = outcome.exchange.status
    refused = status is not None and status >= 400 and status not in (404, 410)
    result: Result = "warning" if outcome.result in ("fail", "error") or refused else outcome.result
    return replace(outcome, result=result)


def what(action: Action) -> str:
    """An action in a few words, as the script has it."""
    if isinstance(action, Nothing):
        return "no action"
    if isinstance(action, Operation):
        place = action.url or " ".join(filter(None, (action.resource, action.params, action.target_id)))
        return cut(" ".join(filter(None, (action.type or action.method, place))))
    subject = action.given[0] if action.given else "nothing"
    shown = (
        action.expression
        or action.path
        or action.header
        or action.response
        or action.response_code
        or action.resource
        or action.minimum_id
        or action.content_type
        or action.request_url
        or action.request_method
        or action.profile_id
    )
    return cut(" ".join(filter(None, (subject, shown, action.operator, action.value or ""))))


_NEXT: Mapping[Result, Text] = {"fail": advice.DIFFERS, "error": advice.UNJUDGED, "warning": advice.WARNED}


def _next(result: Result, asked: Assertion) -> Text:
    if result == "fail" and asked.given in (("response",), ("responseCode",)):
        return advice.REFUSED
    return _NEXT.get(result, advice.NOTHING)
