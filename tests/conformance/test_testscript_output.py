"""TestReport, HTML and JUnit of a run, and the command that makes them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from typer.testing import CliRunner

from conformance.commands.testscript import command
from conformance.testscript.junit import junit
from conformance.testscript.page import page
from conformance.testscript.result import ScriptResult
from conformance.testscript.testreport import testreport as reported
from profiles.json_input import parse
from profiles.json_output import dump
from profiles.validator import validate
from tests.conformance.testscript_bench import Desk, answer, asking, asserting, ran, scripted

SECRET = "<script>Zhang&\x07"
PATIENT = {"resourceType": "Patient", "id": "1", "name": [{"family": SECRET}]}
READ = asking(resource="Patient", params="/1")


def _run(tmp_path: Path, **how: Any) -> ScriptResult:
    failing = asserting(expression="Patient.name.family", value="Li", label="the family")
    warning = asserting(response="created", warningOnly=True)
    source = scripted(
        READ,
        warning,
        failing,
        READ,
        setup={"action": [READ]},
        teardown={"action": [asking("delete", resource="Patient", params="/1")]},
        title="A <b>title</b>",
    )
    source["test"].append({"name": "good", "description": "it holds", "action": [READ, asserting(response="okay")]})
    return ran(source, tmp_path, Desk({"GET /Patient/1": answer(body=PATIENT)}), **how)


def test_testreport_is_valid_and_has_every_action_with_its_result(tmp_path: Path) -> None:
    report = reported(_run(tmp_path))
    again, issues = parse(dump(report))
    assert again is not None and not issues
    assert [issue for issue in validate(again) if issue.refuses] == []
    actions = [next(iter(action.values())) for test in report["test"] for action in test["action"]]
    assert [one["result"] for one in actions] == ["pass", "warning", "fail", "skip", "pass", "pass"]
    assert (report["result"], str(report["score"]), report["status"]) == ("fail", "50.0", "completed")
    assert report["setup"]["action"][0]["operation"]["detail"] == "http://server.test/fhir/Patient/1"
    assert report["testScript"]["reference"] == "http://example.org/TestScript/t"
    assert "expected equal to Li" in actions[2]["message"]
    assert report["teardown"]["action"][0]["operation"]["result"] == "pass"


def test_bodies_are_in_the_report_only_when_asked_for(tmp_path: Path) -> None:
    assert '"resourceType": "Patient"' not in reported(_run(tmp_path))["test"][0]["action"][2]["assert"]["message"]
    with_bodies = reported(_run(tmp_path, bodies=True))
    assert '"resourceType": "Patient"' in with_bodies["test"][0]["action"][2]["assert"]["message"]


def test_junit_is_well_formed_and_counts_tests_and_failures(tmp_path: Path) -> None:
    root = etree.fromstring(junit([_run(tmp_path)]).encode())
    suite = root[0]
    assert dict(root.attrib) == {**dict(root.attrib), "tests": "2", "failures": "1", "errors": "0", "skipped": "0"}
    assert [case.get("name") for case in suite] == ["test", "good"]
    assert "Li" in (suite[0][0].text or "") and suite[0][0].tag == "failure"


def test_page_escapes_what_was_said_and_carries_all_it_needs(tmp_path: Path) -> None:
    html = page([_run(tmp_path)], "en")
    assert "<script" not in html and "&lt;script&gt;Zhang&amp;" in html
    assert "A &lt;b&gt;title&lt;/b&gt;" in html
    assert 'lang="en"' in html and "default-src 'none'" in html.replace("&#39;", "'")
    assert " src=" not in html and "<link" not in html
    assert '<html lang="zh-CN">' in page([], "zh")


class _Server(BaseHTTPRequestHandler):
    """Gives a Patient, and says in a header what it was asked with."""

    def do_GET(self) -> None:
        data = json.dumps({"resourceType": "Patient", "id": "1"}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/fhir+json")
        self.send_header("X-Asked", "|".join(self.headers.get(name, "") for name in ("X-One", "Authorization")))
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_arguments: Any) -> None:
        """Silent."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Server) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/fhir"
        server.shutdown()


def _file(folder: Path, *actions: dict[str, Any], name: str = "One") -> str:
    file = folder / f"{name}.json"
    file.write_text(json.dumps(scripted(*actions) | {"name": name}), encoding="utf-8")
    return str(file)


def _called(*words: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(command, list(words))
    return done.exit_code, done.stdout, done.stderr


def test_command_writes_all_reports_and_exits_0_when_all_passes(tmp_path: Path, address: str) -> None:
    file = _file(tmp_path, READ, asserting(headerField="X-Asked", operator="contains", value="a: b|Bearer"))
    out = tmp_path / "out"
    code, stdout, stderr = _called(
        *("run", file, "--server", address + "/", "--header", "X-One:a: b", "--bearer", "s3cr3t", "--json"),
        *("--report", str(out / "reports"), "--html", str(out / "page.html"), "--junit", str(out / "junit.xml")),
    )
    assert code == 0, stderr
    assert json.loads(stdout)["passed"] is True
    assert "1 of 1 scripts, 1 of 1 tests passed" in stderr
    assert (out / "page.html").exists() and (out / "junit.xml").exists()
    report = json.loads(next((out / "reports").glob("*.json")).read_text())
    assert report["result"] == "pass"
    assert "s3cr3t" not in (out / "page.html").read_text() + (out / "junit.xml").read_text() + json.dumps(report)


def test_command_exits_1_and_says_what_failed_and_fail_fast_stops(tmp_path: Path, address: str) -> None:
    wrong = asserting(response="created")
    files = [_file(tmp_path, READ, wrong, name=name) for name in ("A", "B")]
    code, stdout, stderr = _called("run", *files, "--server", address, "--json")
    failure = json.loads(stdout)["scripts"][0]["failures"][0]
    assert (code, failure["status"], failure["expected"]) == (1, 200, "status 201 created")
    assert failure["request"] == f"GET {address}/Patient/1" and failure["next"]
    assert stderr.count("expected status 201 created") == 2
    code, stdout, _ = _called("run", *files, "--server", address, "--json", "--fail-fast")
    found = json.loads(stdout)
    assert (code, len(found["scripts"]), found["not_run"], found["passed"]) == (1, 1, 1, False)


def test_command_takes_variables_formats_and_a_choice(tmp_path: Path, address: str) -> None:
    files = [_file(tmp_path, asking(url="Patient/${id}"), asserting(requestURL="Patient/9"), name=n) for n in "AB"]
    code, stdout, _ = _called(
        "run", *files, "--server", address, "--variable", "id=9", "--only", "B", "--format", "xml", "--json"
    )
    assert (code, [one["name"] for one in json.loads(stdout)["scripts"]]) == (0, ["B"])


@pytest.mark.parametrize(
    ("words", "exit_code", "said"),
    [
        (("run", "--builtin"), 2, "--server"),
        (("run", "--server", "http://127.0.0.1:9/fhir"), 2, "--builtin"),
        (("run", "missing.json", "--server", "http://127.0.0.1:9/fhir"), 3, "missing.json"),
        (("run", "--builtin", "--server", "http://a", "--variable", "x"), 2, "name=value"),
        (("run", "--builtin", "--server", "http://a", "--only", "nonsense"), 2, "qiao testscript list"),
        (("run", "--builtin", "--server", "http://127.0.0.1:9/fhir", "--only", "ReadI"), 2, "qiao testscript list"),
        (("run", "--builtin", "--server", "http://127.0.0.1:9/fhir", "--only", "InteractionsRead"), 3, "no answer"),
    ],
)
def test_command_says_wrong_usage_and_failed_connections(words: tuple[str, ...], exit_code: int, said: str) -> None:
    code, _, stderr = _called(*words)
    assert (code, said in stderr) == (exit_code, True), stderr


def test_list_names_the_scripts_that_come_along() -> None:
    code, stdout, _ = _called("list", "--json")
    names = [one["name"] for one in json.loads(stdout)["scripts"]]
    assert code == 0 and len(names) == len(set(names)) >= 90
    assert "interactions/create" in _called("list")[1]
