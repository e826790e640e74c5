"""What ends a test, what skips it, what always runs: the order and the verdicts of a TestScript run."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.testscript.script import REPEAT
from conformance.testscript.transport import NoAnswer
from tests.conformance.testscript_bench import (
    Desk,
    answer,
    asking,
    asserting,
    fixture,
    ran,
    results,
    scripted,
)

PATIENT = {"resourceType": "Patient", "id": "1", "gender": "male"}
OKAY = asserting(response="okay")
READ = asking(resource="Patient", params="/1")


def test_everything_that_holds_is_a_pass(tmp_path: Path) -> None:
    found = ran(scripted(READ, OKAY), tmp_path, Desk({"GET /Patient/1": answer(body=PATIENT)}))
    assert (found.passed, found.score, results(found.tests[0])) == (True, 100.0, ["pass", "pass"])


def test_a_failing_assertion_fails_the_test_and_skips_the_rest_of_it(tmp_path: Path) -> None:
    desk = Desk({"GET /Patient/1": answer(410)})
    source = scripted(READ, OKAY, READ, OKAY)
    source["test"].append({"name": "second", "action": [asking(resource="Patient", params="/2"), OKAY]})
    found = ran(source, tmp_path, desk)
    assert results(found.tests[0]) == ["pass", "fail", "skip", "skip"]
    assert results(found.tests[1]) == ["pass", "fail"], "the next test is run all the same"
    assert (found.passed, found.score) == (False, 0.0)


def test_a_failure_says_what_was_asked_expected_and_got_and_what_to_do(tmp_path: Path) -> None:
    outcome = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "diagnostics": "It is gone"}]}
    found = ran(scripted(READ, OKAY), tmp_path, Desk({"GET /Patient/1": answer(410, outcome)}))
    trouble = found.tests[0].trouble
    assert trouble is not None
    assert trouble.exchange.line == "GET http://server.test/fhir/Patient/1"
    assert trouble.exchange.status == 410
    assert trouble.expected == "status 200 okay"
    assert trouble.came == "status 410: It is gone"
    assert trouble.next.en and trouble.next.zh


def test_warning_only_is_shown_and_fails_nothing(tmp_path: Path) -> None:
    warned = [asserting(warningOnly=True, **how) for how in ({"response": "created"}, {"expression": "nonsense("})]
    found = ran(scripted(READ, *warned, OKAY), tmp_path, Desk({"GET /Patient/1": answer(body=PATIENT)}))
    assert results(found.tests[0]) == ["pass", "warning", "warning", "pass"]
    assert (found.passed, found.tests[0].result) == (True, "warning")


def test_a_failed_setup_skips_every_test_and_teardown_still_runs(tmp_path: Path) -> None:
    desk = Desk()
    teardown = {"action": [asking("delete", resource="Patient", params="/1")]}
    found = ran(scripted(READ, OKAY, setup={"action": [READ, OKAY, READ]}, teardown=teardown), tmp_path, desk)
    assert results(found.setup) == ["pass", "fail", "skip"]
    assert results(found.tests[0]) == ["skip", "skip"]
    assert desk.lines == ["GET /Patient/1", "DELETE /Patient/1"]
    assert not found.passed


def test_teardown_runs_after_a_failing_test_and_decides_nothing(tmp_path: Path) -> None:
    desk = Desk({"GET /Patient/1": answer(body=PATIENT), "DELETE /Patient/1": answer(500)})
    teardown = {"action": [asking("delete", resource="Patient", params="/1")]}
    found = ran(scripted(READ, OKAY, teardown=teardown), tmp_path, desk)
    assert results(found.teardown) == ["warning"]
    assert found.passed


def test_a_server_that_does_not_answer_is_an_error(tmp_path: Path) -> None:
    found = ran(scripted(READ, OKAY), tmp_path, Desk({"GET /Patient/1": NoAnswer("ConnectError: refused")}))
    assert results(found.tests[0]) == ["error", "skip"]
    trouble = found.tests[0].trouble
    assert trouble is not None and trouble.came == "ConnectError: refused"
    assert not found.passed


def test_an_action_with_neither_or_both_parts_or_a_modifier_is_an_error(tmp_path: Path) -> None:
    modified = asserting(response="okay", modifierExtension=[{"url": "http://example.org/x", "valueBoolean": True}])
    for action in ({}, {**READ, **OKAY}, modified):
        found = ran(scripted(action), tmp_path, Desk())
        assert results(found.tests[0]) == ["error"]


def test_an_assertion_before_any_request_is_an_error(tmp_path: Path) -> None:
    assert results(ran(scripted(OKAY), tmp_path, Desk()).tests[0]) == ["error"]


def test_autocreate_puts_what_has_an_id_and_autodelete_removes_it(tmp_path: Path) -> None:
    desk = Desk({"PUT /Patient/1": answer(201, PATIENT), "GET /Patient/1": answer(body=PATIENT)})
    source = scripted(asking(targetId="1"), OKAY, **fixture(PATIENT, autocreate=True, autodelete=True))
    found = ran(source, tmp_path, desk)
    assert found.passed
    assert desk.lines == ["PUT /Patient/1", "GET /Patient/1", "DELETE /Patient/1"]


def test_a_fixture_the_server_refuses_fails_the_setup(tmp_path: Path) -> None:
    desk = Desk({"PUT /Patient/1": answer(422)})
    found = ran(scripted(READ, **fixture(PATIENT, autocreate=True, autodelete=True)), tmp_path, desk)
    assert (found.setup.result, found.tests[0].result) == ("fail", "skip")
    assert desk.lines == ["PUT /Patient/1"], "what was not made is not deleted"


def test_an_operation_is_repeated_while_its_answer_means_not_yet(tmp_path: Path) -> None:
    coming = iter([answer(202), answer(202), answer(body=PATIENT)])
    waiting = asking(resource="Patient", params="/1", extension=[{"url": REPEAT, "valueString": "202,409"}])
    desk = Desk({"GET /Patient/1": lambda _request: next(coming)})
    assert ran(scripted(waiting, OKAY), tmp_path, desk).passed
    assert len(desk.asked) == 3
    never = Desk({"GET /Patient/1": answer(202)})
    assert not ran(scripted(waiting, OKAY), tmp_path, never).passed
    assert 3 < len(never.asked) < 100, "patience ends"


def _needing(code: str) -> dict[str, object]:
    rest = [{"mode": "server", "resource": [{"type": "Patient", "interaction": [{"code": code}]}]}]
    statement = {"resourceType": "CapabilityStatement", "id": "needs", "rest": rest}
    needed = {"required": True, "validated": False, "capabilities": "#needs"}
    return {"contained": [statement], "metadata": {"capability": [needed]}}


@pytest.mark.parametrize(("code", "verdict"), [("read", "pass"), ("patch", "skip")])
def test_a_script_the_server_does_not_claim_to_serve_is_skipped(tmp_path: Path, code: str, verdict: str) -> None:
    rest = [{"mode": "server", "resource": [{"type": "Patient", "interaction": [{"code": "read"}]}]}]
    claimed = {"resourceType": "CapabilityStatement", "rest": rest}
    desk = Desk({"GET /metadata": answer(body=claimed), "GET /Patient/1": answer(body=PATIENT)})
    found = ran(scripted(READ, OKAY, **_needing(code)), tmp_path, desk, check_capabilities=True)
    assert found.result == verdict
    assert ("Patient interaction patch" in found.skipped) is (verdict == "skip")
