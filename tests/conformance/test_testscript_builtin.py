"""The scripts that come along: valid, what their source says, and green on our own server on both databases."""

from __future__ import annotations

import secrets
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.testscript.authoring.collection import files
from conformance.testscript.builtin import FOLDER
from conformance.testscript.builtin import files as committed
from conformance.testscript.load import load
from conformance.testscript.memory import Sources
from conformance.testscript.output import lines
from conformance.testscript.run import Bench, run
from conformance.testscript.stored import media_type
from conformance.testscript.testreport import testreport as reported
from conformance.testscript.transport import Connection, connected
from fhir_server.security.secret import Secret
from fhir_server.settings import Settings
from profiles.json_input import parse
from profiles.json_output import dump
from profiles.validator import validate
from tests.fhir_server.conftest import running
from tests.postgres_server import PostgresServer

SOURCES = Sources(
    letters=lambda alphabet, count: "".join(secrets.choice(alphabet) for _ in range(count)),
    uuid=lambda: str(uuid.uuid4()),
    now=lambda: "2026-11-01T08:00:00+08:00",
    pause=time.sleep,
)
NAMES = sorted(files())


def test_committed_files_are_what_their_source_makes() -> None:
    """When it fails: `python -m conformance.testscript.authoring`."""
    assert {path.relative_to(FOLDER).as_posix(): path.read_bytes() for path in committed()} == files()


@pytest.mark.parametrize("name", NAMES)
def test_script_is_a_valid_testscript(name: str) -> None:
    resource, issues = parse(files()[name])
    assert resource is not None and not issues
    assert [f"{issue.expression} {issue.text()}" for issue in validate(resource) if issue.refuses] == []


def test_every_script_tests_something_and_cleans_up_what_it_put() -> None:
    for name in NAMES:
        script = load([FOLDER / name])[0][0]
        assert script.tests and all(len(test.actions) > 1 for test in script.tests), name
        assert script.teardown or not script.setup, name


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One server for all scripts, with everything switched on that they ask for."""
    folder = tmp_path_factory.mktemp("testscript")
    url, dropped = f"sqlite:///{folder}/qiao.db", None
    if request.param == "postgresql":
        dropped = request.getfixturevalue("postgres_server")
        assert isinstance(dropped, PostgresServer)
        url = dropped.create("testscript_builtin")
    settings = Settings(
        database=url,
        cursor_key=Secret("k"),
        data_folder=folder / "data",
        subscription_endpoints=["*"],
        trust_forwarded=True,
        cors_origins="*",
    )
    with running(settings) as address:
        yield f"{address}/fhir"
    if dropped is not None:
        dropped.drop("testscript_builtin")


@pytest.mark.parametrize("name", NAMES)
def test_script_is_green_on_our_own_server(name: str, server: str) -> None:
    script = load([FOLDER / name])[0][0]
    with connected(Connection(timeout=60)) as transport:
        found = run(script, Bench(server, transport, SOURCES, time.monotonic))
    assert found.passed, "\n".join(lines(found))
    report, issues = parse(dump(reported(found)))
    assert report is not None and not issues
    assert [issue for issue in validate(report) if issue.refuses] == []


def test_a_second_run_on_the_same_server_is_green_as_well(server: str) -> None:
    """A script that leaves something behind would trip over it."""
    chosen = [FOLDER / name for name in NAMES if Path(name).stem in ("create", "update-as-create", "references")]
    with connected(Connection(timeout=60)) as transport:
        for _ in range(2):
            for script in load(chosen)[0]:
                found = run(script, Bench(server, transport, SOURCES, time.monotonic))
                assert found.passed, "\n".join(lines(found))


def test_scripts_are_green_in_xml_as_well(server: str) -> None:
    """What names no format is sent and asked for in XML: the same expressions must hold."""
    themes = ("interactions", "transaction", "search", "terminology")
    chosen = [FOLDER / name for name in NAMES if name.split("/")[0] in themes][::7]
    with connected(Connection(timeout=60)) as transport:
        for script in load(chosen)[0]:
            found = run(script, Bench(server, transport, SOURCES, time.monotonic, media_type("xml")))
            assert found.passed, "\n".join(lines(found))
