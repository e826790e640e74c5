"""A real `qiao demo` that had its day and is still up."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.ports import free_port

_ROOT = Path(__file__).parent.parent.parent


@contextmanager
def demo() -> Iterator[int]:
    """The number of its process, from when it says where it can be reached to the end of the block."""
    command = [sys.executable, "-m", "adapters.cli", "demo", "--port", str(free_port())]
    command += ["--mllp-port", str(free_port())]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=_ROOT) as process:
        try:
            assert process.stdout is not None
            while not (line := process.stdout.readline()).startswith("mllp"):
                if not line:
                    raise RuntimeError("the demo ended before it was up")
            yield process.pid
        finally:
            process.send_signal(signal.SIGINT)
