"""The demonstration, end to end: a county's day over real MLLP, every message answered, everything accounted for."""

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

from tests.e2e.memory import resident

ROOT = Path(__file__).parent.parent.parent
MEASURED = Path("/proc/self/status").exists()


def demo(*options: str) -> list[str]:
    return [sys.executable, "-m", "adapters.cli", "demo", *options]


@pytest.mark.slow
def test_the_day_is_answered_as_it_deserves_and_stored(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/qiao.db"
    run = subprocess.run(
        demo("--no-serve", "--json", "--database", url), cwd=ROOT, capture_output=True, text=True, timeout=180
    )
    assert run.returncode == 0, run.stderr[-2000:]
    result = json.loads(run.stdout)
    assert result["messages"] >= 600
    assert result["unanswered"] == 0
    assert result["unexpected"] == []
    assert sum(result["answers"].values()) == result["messages"]
    assert result["unaccounted_values"] == 0
    assert result["resources"]["Patient"] > 100
    assert result["resources"]["DiagnosticReport"] > 100
    for verdict, number in result["answers"].items():
        assert sum(one[verdict] for one in result["institutions"].values()) == number
    assert sum(one["messages"] for one in result["institutions"].values()) == result["messages"]


@pytest.mark.slow
def test_it_holds_less_than_150_mib_stays_up_until_interrupted_and_leaves_nothing(tmp_path: Path) -> None:
    """Where the memory goes: docs/decisions/2611-what-stays-in-memory.md; 144 to 146 MiB when this was written."""

    run = subprocess.Popen(
        demo("--json", "--port", "0", "--mllp-port", "0"),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    try:
        assert run.stdout is not None
        urls = json.loads(run.stdout.readline())["urls"]
        assert not MEASURED or resident(run.pid) < 150
        assert httpx.get(urls["patients"], timeout=10).json()["entry"]
        assert re.match(r"file:///.*/report/index\.html", urls["report"])
        assert len(list(tmp_path.rglob("*.html"))) >= 9
        run.send_signal(signal.SIGINT)
        assert run.wait(30) == 0
    finally:
        run.kill()
        run.communicate()
    for _ in range(20):
        if not any(tmp_path.iterdir()):
            break
        time.sleep(0.1)
    assert not any(tmp_path.iterdir())


def test_a_port_in_use_ends_with_a_sentence_and_exit_3() -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        run = subprocess.run(demo("--port", port), cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert run.returncode == 3
    assert f"127.0.0.1:{port}" in run.stderr
    assert "Traceback" not in run.stderr
