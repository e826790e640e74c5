"""Ids the server draws for new resources: UUIDs of version 4 (RFC 9562 5.4).

Random bytes are fetched for many ids at once: each fetch is a system call that gives the interpreter lock away, and a
Bundle would do that for every entry.
"""

from __future__ import annotations

import os
from collections import deque

_BLOCK = 64
_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}
_ready: deque[str] = deque()


def drawn_id() -> str:
    """A fresh id; any thread may ask."""
    while True:
        try:
            return _ready.popleft()
        except IndexError:
            _ready.extend(_block())


def _block() -> list[str]:
    text = os.urandom(16 * _BLOCK).hex()
    return [_uuid(text[start : start + 32]) for start in range(0, len(text), 32)]


def _uuid(text: str) -> str:
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{_VARIANT[text[16]]}{text[17:20]}-{text[20:]}"


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_ready.clear)  # a child must not draw what its parent draws
