"""Reads the zips that `profiles.core.build` makes: definitions by id, one shard at a time, each parsed once.

Sources: profiles/core/*.zip. Reads its own data files only; what it hands out is shared and must not be changed.
"""

from __future__ import annotations

import threading
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import jiter

CORE = Path(__file__).parent / "core"


class Archive:
    """One zip of definitions. Safe to share between threads: a zip handle is only used under the lock."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._zip = zipfile.ZipFile(path)
        self._shards: dict[str, dict[str, Any]] = {}
        self.places: dict[str, str] = self.member("_shards")

    def member(self, name: str) -> Any:
        with self._lock:
            data = self._zip.read(f"{name}.json")
        return jiter.from_json(data, float_mode="decimal")

    def entry(self, name: str) -> Any:
        """The definition with this id, or None."""
        place = self.places.get(name)
        if place is None:
            return None
        shard = self._shards.get(place)
        if shard is None:
            shard = self._shards.setdefault(place, self.member(place))
        return shard[name]


@cache
def core(kind: str) -> Archive:
    """The core archive of one kind: the name of one of the zips, such as `structures` or `value_sets`."""
    return Archive(CORE / f"{kind}.zip")
