"""How much memory a real server and its translator hold after half of the county's day; `test_demo` looks at the demo.

Measured when this was written: the server 104 MiB, its translator 66.
What brings a number up by ten is a second copy of something, or a cache that keeps more than it should:
docs/decisions/2611-what-stays-in-memory.md says where it goes.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from adapters.batch import Item
from adapters.sender import Sender, send_many
from examples.county.generate import day
from tests.e2e.memory import children, resident
from tests.e2e.server import Server

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")

SERVER, TRANSLATOR = 115, 80
"""Mebibytes."""


def test_a_server_and_its_translator_hold_little_after_half_the_day(tmp_path: Path) -> None:
    server = Server(f"sqlite:///{tmp_path}/qiao.db", tmp_path)
    server.start()
    try:
        items = [Item(sent.raw, sent.label) for sent in day()[::2]]
        answers: Counter[str] = asyncio.run(
            send_many(items, lambda: Sender("127.0.0.1", server.mllp_port), lambda *_: None)
        )
        helping = [resident(pid) for pid in children(server.pid)]
        assert sum(answers.values()) == len(items)
        assert resident(server.pid) < SERVER
        assert len(helping) == 1
        assert helping[0] < TRANSLATOR
    finally:
        server.stop()
