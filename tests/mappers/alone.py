"""What becomes of a message when it is the first that a process reads: `python -m tests.mappers.alone < cases`.

Each message is translated by a process of its own, forked from one that has loaded the mappers, their tables and their
functions and has never translated. So nothing has to be known of what the mappers remember, or where. The definitions
of R4 are read beforehand (by translating, before the mappers are loaded anew): they are the same for everybody.
"""

from __future__ import annotations

import gc
import inspect
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.mappers.neighbour_sources import Case
    from tests.mappers.told import World

ROOT = Path(__file__).parents[2]
_OURS = ("mappers", "adapters", "tests")
_JOBS = 2


def outcomes(cases: Sequence[Case]) -> list[str | None]:
    """What each message becomes that no other came before (`tests.mappers.told`); `None` for what is no message."""
    from tests.mappers.neighbour_sources import dumped

    command = [sys.executable, "-m", "tests.mappers.alone"]
    done = subprocess.run(command, input=dumped(cases).encode(), capture_output=True, cwd=ROOT, check=True)
    found: list[str | None] = json.loads(done.stdout)
    return found


def _main() -> None:
    text = sys.stdin.read()
    _translate_all(text)
    _forget()
    there = _load()
    gc.collect()
    gc.freeze()
    from tests.mappers.neighbour_sources import loaded

    with TemporaryDirectory(prefix="qiao-alone-") as folder:
        cases = loaded(text)
        running = 0
        for number, case in enumerate(cases):
            if running == _JOBS:
                _reap()
                running -= 1
            if os.fork() == 0:
                (Path(folder) / str(number)).write_text(json.dumps(_outcome(case, there)), encoding="utf-8")
                os._exit(0)
            running += 1
        for _ in range(running):
            _reap()
        found = [json.loads((Path(folder) / str(number)).read_text(encoding="utf-8")) for number in range(len(cases))]
    json.dump(found, sys.stdout)


def _reap() -> None:
    if os.wait()[1] != 0:
        raise SystemExit("a message could not be translated")


def _outcome(case: Case, there: World) -> str | None:
    from tests.mappers.told import translate

    found = translate(case, there)
    return None if found is None else found()


def _translate_all(text: str) -> None:
    from tests.mappers.neighbour_sources import loaded
    from tests.mappers.told import world

    there = world()
    for case in loaded(text):
        _outcome(case, there)


def _forget() -> None:
    """Drops every module of ours that could have learnt something."""
    for name in [name for name in sys.modules if name.partition(".")[0] in _OURS and name != __name__]:
        del sys.modules[name]


def _load() -> World:
    """The mappers anew, with their functions and tables, which no message has a part in."""
    from mappers.engine import compiled
    from mappers.rows import maps
    from tests.mappers.told import world

    for name in maps():
        compiled(name)
    for module in [one for name, one in sys.modules.items() if name.startswith(("mappers.", "adapters."))]:
        for known in list(vars(module).values()):
            parameters = getattr(known, "cache_parameters", None)
            if parameters and parameters()["maxsize"] is None and not inspect.signature(known).parameters:
                known()
    return world()


if __name__ == "__main__":
    _main()
