"""Ports for servers of tests, from below the range that the kernel gives to outgoing connections.

Law: a port that was given is not given again by this process; another worker starts elsewhere. A port asked of the
kernel (`bind` to 0) and closed again may be taken by any client before the server gets to it.
"""

from __future__ import annotations

import os
import random
import socket
from collections.abc import Iterator

_LOWEST, _HIGHEST = 10_000, 32_000


def _ports() -> Iterator[int]:
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    port = _LOWEST + (random.Random(os.getpid()).randrange(_HIGHEST - _LOWEST) + worker * 997) % (_HIGHEST - _LOWEST)
    while True:
        yield port
        port = port + 1 if port + 1 < _HIGHEST else _LOWEST


_NEXT = _ports()


def free_port() -> int:
    """A port of 127.0.0.1 at which nobody listens."""
    for port in _NEXT:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no end of ports")
