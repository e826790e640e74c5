"""Inputs of a replay from files, and the bookmark that lets it go on where it stopped."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

from adapters import batch, quirks, replay


def inputs(paths: Iterable[Path], *, site: str = "", flat: bool = False) -> Iterator[replay.Input]:
    """Every message of the files and folders, in order; `flat` splits those that lost their line ends."""
    for path in paths:
        for one in replay.from_files(batch.messages(path), site=site):
            yield replace(one, raw=quirks.repair_flat(one.raw)) if flat else one


class Bookmark:
    """How many messages are done, in a small JSON file; without a file it remembers nothing."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._done = 0
        if path is not None and path.exists():
            self._done = int(json.loads(path.read_text(encoding="utf-8"))["done"])

    def skip(self, source: Iterator[replay.Input]) -> Iterator[replay.Input]:
        return islice(source, self._done, None)

    def step(self) -> None:
        self._done += 1

    def save(self) -> None:
        if self._path is not None:
            self._path.write_text(json.dumps({"done": self._done}), encoding="utf-8")
