"""`qiao outbox` and `qiao map --reverse`, and a real server that is killed between sending and hearing."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from adapters import mllp
from adapters.cli import app
from adapters.outbound.ledger import FOLLOWER, Looked, Made
from adapters.sender import control_id
from adapters.site import SITES
from fhir_server.intake import Intake
from fhir_server.jobs.lead import Lead, Step
from fhir_server.store.database import Database

GOLDEN = Path(__file__).parent.parent / "mappers" / "golden"
RESULT = (
    "MSH|^~\\&|LIS|JYZX|QIAO|QINGHE|20260301080000||ORU^R01^ORU_R01|L1|P|2.5.1|||||CHN|UNICODE UTF-8\r"
    "PID|1||P1^^^YXWSY^MR||王小明||19900101|M\r"
    "ORC|RE|O1^YXWSY|R1^JYZX\r"
    "OBR|1|O1^YXWSY|R1^JYZX|XCG^血常规|||20260301070000|||||||||||||||20260301075900||LAB|F\r"
    "OBX|1|NM|WBC^白细胞||6.5|10^9/L|3.5-9.5|N|||F\r"
)


def run(*given: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(given))
    return result.exit_code, result.stdout


@pytest.fixture
def dead(database_url: str) -> str:
    """A store with one dead letter (1) and one that waits (2)."""
    database = Database(database_url)
    database.create()
    intake = Intake(database)
    made = [
        Made("ORU^R01", "township-a-his", "P1", f"Q1-{n}", 1, RESULT.encode(), b"[]", "unencodable" * (n == 1))
        for n in (1, 2)
    ]
    assert intake.submit(Lead(FOLLOWER, "me", 0, lambda _other: False)).result() == 0
    assert intake.submit(Looked(Step(FOLLOWER, "me", 0, 1), tuple(made))).result() is True
    assert (
        intake.submit(Looked(Step(FOLLOWER, "other", 1, 2), tuple(made))).result() is False
    )  # who does not lead writes nothing
    intake.close()
    database.close()
    return database_url


def test_dead_letters_are_listed_shown_sent_again_and_dropped(dead: str) -> None:
    code, out = run("outbox", "list", "--database", dead, "--json")
    rows = [json.loads(line) for line in out.splitlines()]
    assert code == 1 and [(row["id"], row["state"]) for row in rows] == [(2, "waiting"), (1, "dead")]
    assert "王小明" not in out
    code, out = run("outbox", "show", "1", "--database", dead, "--json")
    assert code == 0 and "王小明" in json.loads(out)["message"]
    assert run("outbox", "retry", "1", "--database", dead) == (0, "1 waiting\n")
    assert run("outbox", "drop", "1", "2", "--database", dead) == (0, "2 dropped\n")
    assert run("outbox", "list", "--state", "waiting", "--database", dead, "--json") == (0, "")


def test_what_is_not_there_is_a_finding_and_what_cannot_be_meant_a_usage_error(dead: str) -> None:
    assert run("outbox", "show", "9", "--database", dead)[0] == 1
    assert run("outbox", "retry", "9", "--database", dead)[0] == 1
    assert run("outbox", "retry", "--database", dead)[0] == 2
    assert run("outbox", "list", "--state", "gone", "--database", dead)[0] == 2


def test_a_bundle_becomes_a_message_of_the_version_that_was_asked_for() -> None:
    bundle = GOLDEN / "oru_r01_dirty_values" / "bundle.json"
    code, out = run("map", "--reverse", str(bundle), "--to", "ORU_R01", "--version", "2.4")
    assert code == 0 and out.startswith("MSH|^~\\&|") and "|ORU^R01^ORU_R01|" in out and "\nOBX|1|" in out
    assert "SPM|" not in out  # v2.4 has none
    assert run("map", "--reverse", str(bundle), "--to", "RRI_I12")[0] == 1
    assert run("map", "--reverse", str(bundle), "--to", "XYZ")[0] == 2


class Silent(threading.Thread):
    """A receiver that keeps the first message to itself and answers every later one."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.server = socket.create_server(("127.0.0.1", 0))
        self.got: list[bytes] = []
        self.start()

    def run(self) -> None:
        while True:
            try:
                connection, _ = self.server.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        framer = mllp.Framer()
        with connection:
            while data := connection.recv(65536):
                for event in framer.feed(data):
                    if isinstance(event, mllp.Frame):
                        self.got.append(event.data)
                        number = control_id(event.data)
                        if len(self.got) > 1:
                            connection.sendall(mllp.encode(f"MSH|^~\\&|H\rMSA|AA|{number}\r".encode()))


def serve(folder: Path, sites: Path) -> tuple[subprocess.Popen[str], int]:
    environment = {**os.environ, "QIAO_SITES": str(sites), "QIAO_TRANSLATORS": "0", "QIAO_MLLP_PORT": "0"}
    command = [sys.executable, "-m", "adapters.cli", "serve", "--port", "0", "--json"]
    command += ["--database", f"sqlite:///{folder}/qiao.db"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True, cwd=folder)
    assert process.stdout is not None
    told = json.loads(process.stdout.readline())
    return process, int(next(value for name, value in _flat(told) if "mllp" in name))


def _flat(told: dict[str, object], under: str = "") -> list[tuple[str, object]]:
    found: list[tuple[str, object]] = []
    for name, value in told.items():
        found += _flat(value, f"{under}{name}.") if isinstance(value, dict) else [(under + name, value)]
    return found


def until(true: object, seconds: float = 15.0) -> None:
    end = time.monotonic() + seconds
    while not true():  # type: ignore[operator]
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def test_a_server_killed_between_sending_and_hearing_sends_the_same_bytes_again(tmp_path: Path) -> None:
    sites, receiver = tmp_path / "sites", Silent()
    shutil.copytree(SITES, sites)
    toml = sites / "township-a-his" / "site.toml"
    port = receiver.server.getsockname()[1]
    section = f'\n[outbound]\nhost = "127.0.0.1"\nport = {port}\nmessages = ["ORU^R01"]\nsees = ["*"]\n'
    toml.write_text(toml.read_text("utf-8") + section, "utf-8")
    process, mllp_port = serve(tmp_path, sites)
    try:
        time.sleep(0.7)  # the first look at the log says where to begin
        with socket.create_connection(("127.0.0.1", mllp_port)) as sender:
            sender.sendall(mllp.encode(RESULT.encode()))
            assert b"MSA|AA|L1" in sender.recv(65536)
        until(lambda: len(receiver.got) == 1)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process, _ = serve(tmp_path, sites)
        until(lambda: len(receiver.got) == 2)
        assert receiver.got[0] == receiver.got[1]
        listed = ("outbox", "list", "--json", "--database", f"sqlite:///{tmp_path}/qiao.db")
        until(lambda: '"state": "done"' in run(*listed)[1])
    finally:
        process.terminate()
        process.wait()
        receiver.server.close()
