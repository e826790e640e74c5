"""Reads the zips that `profiles.core.build` makes: definitions by id, of which the neighbours are let go again.

Law: whoever needs a definition for long keeps it: here only the last few shards stay, for what is asked for together
stands together. A shard parsed again gives equal definitions, not the same ones; none must be changed.
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
"""Parsed shards that stay, of each kind; one is a third of a megabyte, and parsed in half a millisecond."""


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
            shard = self.member(place)
            if len(self._shards) >= _SHARDS:
                self._shards = dict(list(self._shards.items())[1 - _SHARDS :])
            self._shards[place] = shard
        return shard[name]


@cache
def core(kind: str) -> Archive:
    """The core archive of one kind: the name of one of the zips, such as `structures` or `value_sets`."""
    return Archive(CORE / f"{kind}.zip")
