"""The application as a whole: health, metrics, start page, services, settings, and `qiao serve` as a process."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from fhir_server.security.secret import Secret
from fhir_server.service import Runtime
from fhir_server.settings import Settings, SettingsError, load
from tests.fhir_server.conftest import patient, running


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(database=f"sqlite:///{tmp_path}/qiao.db")


def test_a_running_server_is_alive_and_ready_and_counts_what_it_does(settings: Settings) -> None:
    with running(settings) as address:
        assert httpx.get(f"{address}/livez").json() == {"status": "alive"}
        assert httpx.get(f"{address}/readyz").json() == {"status": "ready"}
        httpx.put(f"{address}/fhir/Patient/p", json=patient("p"))
        httpx.get(f"{address}/fhir/Patient/p")
        httpx.get(f"{address}/fhir/Patient/none")
        metrics = httpx.get(f"{address}/metrics").text
    assert 'qiao_http_requests_total{interaction="read",status="200"} 1.0' in metrics
    assert 'qiao_http_requests_total{interaction="read",status="404"} 1.0' in metrics
    assert 'qiao_http_requests_total{interaction="update",status="201"} 1.0' in metrics
    assert "none" not in re.sub(r'interaction="none"', "", metrics)


def test_the_start_page_names_the_doors_and_is_safe(settings: Settings) -> None:
    with running(settings) as address:
        page = httpx.get(f"{address}/")
    assert f"{address}/fhir/metadata" in page.text
    assert "default-src 'self'" in page.headers["content-security-policy"]


@pytest.mark.parametrize("path", ["/docs", "/openapi.json", "/redoc", "/nothing"])
def test_there_are_no_pages_by_default_that_describe_the_inside(settings: Settings, path: str) -> None:
    with running(settings) as address:
        answer = httpx.get(f"{address}{path}")
    assert answer.status_code == 404
    assert answer.json()["resourceType"] == "OperationOutcome"


class Recorder:
    """A service that writes down what happened to it."""

    name = "recorder"

    def __init__(self, runtime: Runtime, seen: list[str]) -> None:
        self._runtime, self._seen = runtime, seen

    async def start(self) -> None:
        assert self._runtime.intake.healthy
        self._seen.append("start")

    async def stop(self) -> None:
        assert self._runtime.intake.healthy
        self._seen.append("stop")


def test_services_start_when_the_store_is_open_and_stop_before_it_closes(settings: Settings) -> None:
    seen: list[str] = []
    with running(settings, factories=[lambda runtime: Recorder(runtime, seen), lambda _: None]):
        assert seen == ["start"]
    assert seen == ["start", "stop"]


def test_a_public_base_url_stands_in_every_link(tmp_path: Path) -> None:
    public = Settings(database=f"sqlite:///{tmp_path}/q.db", base_url="https://fhir.example.cn/fhir/")
    with running(public) as address:
        created = httpx.post(f"{address}/fhir/Patient", json={"resourceType": "Patient"})
        bundle = httpx.get(f"{address}/fhir/Patient").json()
        metadata = httpx.get(f"{address}/fhir/metadata").json()
    assert created.headers["location"].startswith("https://fhir.example.cn/fhir/Patient/")
    assert bundle["entry"][0]["fullUrl"].startswith("https://fhir.example.cn/fhir/Patient/")
    assert metadata["implementation"]["url"] == "https://fhir.example.cn/fhir"


# -------------------------------------------------------------------------------------- settings


def test_the_command_line_wins_over_the_environment_and_that_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "qiao.toml"
    file.write_text('port = 1\nhost = "10.0.0.1"\npage_size = 5\nlog_level = "debug"\n')
    monkeypatch.setenv("QIAO_PORT", "2")
    monkeypatch.setenv("QIAO_HOST", "10.0.0.2")
    found = load(file, port=3, database=None)
    assert (found.port, found.host, found.page_size, found.log_level) == (3, "10.0.0.2", 5, "debug")
    assert found.database == "sqlite:///qiao.db"


def test_defaults_listen_on_this_machine_only() -> None:
    found = load()
    assert (found.host, found.port, found.mllp_host, found.mllp_port) == ("127.0.0.1", 8080, "127.0.0.1", 2575)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ports = 1", "unknown key ports. Valid keys: host, port,"),
        ("port = 70000", "port"),
        ('port = "x"', "port"),
        ("port = ", "not valid TOML"),
        ('log_level = "loud"', "log_level"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_by_name(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "qiao.toml"
    file.write_text(text)
    with pytest.raises(SettingsError, match=re.escape(message)):
        load(file)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"none\.toml cannot be read"):
        load(tmp_path / "none.toml")


def test_a_secret_does_not_show_itself() -> None:
    assert "hunter2" not in repr(Settings(cursor_key=Secret("hunter2")))


def test_two_servers_without_a_key_of_their_own_sign_differently() -> None:
    assert Settings().cursor_key != Settings().cursor_key


# ----------------------------------------------------------------------------------- as a process

RUN = "import typer; from fhir_server.commands.serve import command; a = typer.Typer(); a.command()(command); a()"


def start(tmp_path: Path, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", RUN, "--database", f"sqlite:///{tmp_path}/q.db", "--mllp-port", "-1", *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_serve_says_where_it_listens_and_ends_gracefully_when_told(tmp_path: Path) -> None:
    begun = time.monotonic()
    process = start(tmp_path, "--port", "0", "--json")
    try:
        assert process.stdout is not None
        where = json.loads(process.stdout.readline())
        ready = time.monotonic() - begun
        answer = httpx.get(where["metadata"])
        assert answer.json()["resourceType"] == "CapabilityStatement"
        assert "server" not in answer.headers
    finally:
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 0, said
    assert "Traceback" not in said
    assert ready < float(os.environ.get("QIAO_TEST_READY_SECONDS", "8"))  # 2 s on an idle machine


def test_serve_on_a_port_that_is_taken_says_so_and_what_to_do(tmp_path: Path) -> None:
    with running(Settings(database=f"sqlite:///{tmp_path}/other.db")) as address:
        process = start(tmp_path, "--port", address.rpartition(":")[2])
        _, said = process.communicate(timeout=30)
    assert process.returncode == 3
    assert "--port" in said
    assert "Traceback" not in said


def test_serve_with_a_wrong_setting_ends_with_the_usage_code(tmp_path: Path) -> None:
    process = start(tmp_path, "--config", str(tmp_path / "none.toml"))
    _, said = process.communicate(timeout=30)
    assert (process.returncode, "none.toml" in said) == (2, True)


def test_serve_without_a_database_says_so_without_the_password(tmp_path: Path) -> None:
    process = start(tmp_path, "--database", "postgresql://qiao:hunter2@127.0.0.1:9/none")
    _, said = process.communicate(timeout=30)
    assert (process.returncode, "--database" in said, "hunter2" in said) == (3, True, False)
