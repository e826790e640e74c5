"""Reads the zips that `profiles.core.build` makes: definitions by id, each by itself.

Law: whoever needs a definition for long keeps it: here only the bytes of the last few shards stay, for what is asked
for together stands together. A definition read again is an equal one, not the same; none must be changed.
Sources: profiles/core/*.zip. Reads its own data files only.
"""

from __future__ import annotations

import threading
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import jiter

CORE = Path(__file__).parent / "core"
_SHARDS = 2
"""Unpacked shards that stay, of each kind; one is 50 kilobytes, and unpacked in a fifth of a millisecond."""


class Archive:
    """One zip of definitions. Safe to share between threads: a zip handle is only used under the lock."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._zip = zipfile.ZipFile(path)
        self._shards: dict[str, dict[str, bytes]] = {}
        self.places: dict[str, str] = self.member("_shards")

    def member(self, name: str) -> Any:
        return _read(self._unpacked(name))

    def entry(self, name: str) -> Any:
        """The definition with this id, or None."""
        place = self.places.get(name)
        if place is None:
            return None
        shard = self._shards.get(place)
        if shard is None:
            names, *lines = self._unpacked(place).split(b"\n")
            shard = dict(zip(_read(names), lines, strict=True))
            if len(self._shards) >= _SHARDS:
                self._shards = dict(list(self._shards.items())[1 - _SHARDS :])
            self._shards[place] = shard
        return _read(shard[name])

    def _unpacked(self, name: str) -> bytes:
        with self._lock:
            return self._zip.read(f"{name}.json")


def _read(data: bytes) -> Any:
    return jiter.from_json(data, float_mode="decimal")


@cache
def core(kind: str) -> Archive:
    """The core archive of one kind: the name of one of the zips, such as `structures` or `value_sets`."""
    return Archive(CORE / f"{kind}.zip")
