"""A real `qiao serve` in a process of its own, that can be killed without warning."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from tests.ports import free_port

ROOT = Path(__file__).parent.parent.parent


class Server:
    """`start` returns when `/readyz` answers; `kill` is SIGKILL, `stop` is SIGTERM."""

    def __init__(self, database: str, folder: Path) -> None:
        self.database = database
        self.port, self.mllp_port = free_port(), free_port()
        self.folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.ready_seconds = 0.0

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        command = [sys.executable, "-m", "adapters.cli", "serve", "--database", self.database]
        command += ["--port", str(self.port), "--mllp-port", str(self.mllp_port)]
        started = time.monotonic()
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd=ROOT)
        while time.monotonic() - started < 30:
            try:
                with urllib.request.urlopen(f"{self.base}/readyz", timeout=2) as answer:
                    if answer.status == 200:
                        self.ready_seconds = time.monotonic() - started
                        return
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                if self._process.poll() is not None:
                    break
                time.sleep(0.02)
        raise RuntimeError("the server did not get ready:\n" + (self.folder / "server.log").read_text()[-3000:])

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        return self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> int:
        assert self._process is not None
        self._process.send_signal(how)
        return self._process.wait(30)
