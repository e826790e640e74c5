"""A folder senders drop files into: every file is read, handed over message by message, answered and renamed.

`name.ack` holds the answers, one ACK after the other; then `name` becomes `name.done`, or `name.error` when a
message was refused. Both appear by renaming, never half written. A crash in between, or a store that takes nothing,
means the file is read again, which the journal recognises as duplicates. A file is taken when its size has not changed
since the look before; files go one by one, in the order of their names.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from adapters import batch
from adapters.listener import Handler, Peer
from adapters.reception import NOTHING_KEPT
from adapters.sender import control_id, read_answer

log = logging.getLogger(__name__)

_OURS = (".ack", ".done", ".error", ".part", ".tmp")


@dataclass(slots=True)
class Folder:
    """One watched folder, not its sub-folders."""

    path: Path
    handler: Handler
    seconds: float = 2.0
    _sizes: dict[Path, int] = field(default_factory=dict)

    async def watch(self, stop: asyncio.Event) -> None:
        """Looks again and again until `stop` is set; the file at hand is finished first."""
        while not stop.is_set():
            await self.look()
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(stop.wait(), self.seconds)

    async def look(self) -> int:
        """Takes the files that are complete, in the order of their names; how many there were."""
        try:
            ready, self._sizes = await asyncio.to_thread(_ready, self.path, self._sizes)
        except OSError as error:  # the folder is away for a while; what is in it is still there when it comes back
            log.error("folder cannot be read: error=%s errno=%s", type(error).__name__, error.errno)
            return 0
        for file in ready:
            try:
                await self._take(file)
            except OSError as error:
                log.error("folder file failed: error=%s errno=%s", type(error).__name__, error.errno)
        return len(ready)

    async def _take(self, file: Path) -> None:
        peer = Peer(f"folder:{self.path.name}")
        messages = batch.messages(file)
        refused = stored = False
        answers = file.with_name(file.name + ".part")
        with answers.open("wb") as stream:
            while (item := await asyncio.to_thread(next, messages, None)) is not None:
                answer = await self.handler.submit(item.raw, peer)
                if control_id(answer) == NOTHING_KEPT:
                    break
                refused = refused or (answer != b"" and not read_answer(answer).accepted)
                stream.write(answer)
            else:
                stored = True
        if not stored:  # the file stays, and is read again: what is in the journal already is recognised there
            await asyncio.to_thread(answers.unlink)
            return
        await asyncio.to_thread(_finish, file, answers, ".error" if refused else ".done")


def _ready(path: Path, before: dict[Path, int]) -> tuple[list[Path], dict[Path, int]]:
    """The files whose size is the same as before, and all sizes now."""
    sizes: dict[Path, int] = {}
    for file in _candidates(path):
        with contextlib.suppress(FileNotFoundError):  # renamed by its sender in this very moment
            sizes[file] = file.stat().st_size
    ready = [file for file, size in sizes.items() if before.get(file) == size]
    return sorted(ready, key=lambda file: file.name), sizes


def _candidates(path: Path) -> Iterator[Path]:
    for entry in os.scandir(path):
        if entry.is_file(follow_symlinks=False) and not entry.name.startswith(".") and not entry.name.endswith(_OURS):
            yield Path(entry.path)


def _finish(file: Path, answers: Path, suffix: str) -> None:
    """The answers first: a file is never renamed without them."""
    answers.replace(_free(file, ".ack"))
    file.replace(_free(file, suffix))


def _free(file: Path, suffix: str) -> Path:
    """A name not taken by an earlier file of the same name."""
    target = file.with_name(file.name + suffix)
    number = 1
    while target.exists():
        number += 1
        target = file.with_name(f"{file.name}.{number}{suffix}")
    return target
