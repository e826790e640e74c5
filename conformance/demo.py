"""The demonstration: a synthetic county's day of messages over real MLLP into the real server of this process.

One connection for each sending system, each sending in the order its messages were due; every message must be answered.
What is written and how it is answered is the business of the rooms below: nothing here is a shortcut.
"""

from __future__ import annotations

import asyncio
import importlib
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import func, select

from adapters.sender import Sender
from adapters.service import MllpService
from adapters.service import mllp as mllp_service
from fhir_server.app import create_app
from fhir_server.security.scope import EVERYTHING
from fhir_server.service import Runtime
from fhir_server.settings import Settings
from fhir_server.store import journal
from fhir_server.store.database import Database
from fhir_server.store.schema import resource

SECONDS = 60.0
"""How long to wait for one answer."""
_HERE = Path(__file__).parent
ROOTS = (_HERE.parent, _HERE / "packaged")
"""Where the folder `examples/county` may lie: beside the rooms in a checkout, inside this room in a wheel."""


class Sent(Protocol):
    """What the generator gives for each message: `answer` is the verdict it deserves."""

    @property
    def site(self) -> str: ...
    @property
    def raw(self) -> bytes: ...
    @property
    def due(self) -> datetime: ...
    @property
    def label(self) -> str: ...
    @property
    def answer(self) -> str: ...


class NoCounty(RuntimeError):
    """The generator of the county is not installed with this copy of the program."""


def county_day(seed: int | None) -> list[Sent]:
    """The messages of the day in the order they are due; `None` takes the seed of the generator."""
    root = next((root for root in ROOTS if (root / "examples" / "county" / "generate.py").exists()), None)
    if root is None:
        raise NoCounty
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    generate = importlib.import_module("examples.county.generate")
    found: list[Sent] = generate.day() if seed is None else generate.day(seed)
    return found


@dataclass(slots=True)
class Sending:
    """What came back: verdicts, the labels of messages without an answer, and of those answered otherwise than due."""

    answers: Counter[str] = field(default_factory=Counter)
    unanswered: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)

    def take(self, message: Sent, verdict: str) -> None:
        if not verdict:
            self.unanswered.append(message.label)
            return
        self.answers[verdict] += 1
        if verdict != message.answer:
            self.unexpected.append(f"{message.label}: {verdict} instead of {message.answer}")

    @property
    def messages(self) -> int:
        return sum(self.answers.values()) + len(self.unanswered)


async def send_day(
    messages: Sequence[Sent], host: str, port: int, *, speed: float = 0, seen: Callable[[], None] = lambda: None
) -> Sending:
    """Sends everything; `speed` 3600 lets an hour of the day pass in a second, 0 is as fast as it goes."""
    sending = Sending()
    lines: dict[str, list[Sent]] = {}
    for message in messages:
        lines.setdefault(message.site, []).append(message)
    start = min((message.due for message in messages), default=None)
    began = asyncio.get_running_loop().time()

    async def line(queue: Iterable[Sent]) -> None:
        async with Sender(host, port) as sender:
            for message in queue:
                if speed and start is not None:
                    due = began + (message.due - start).total_seconds() / speed
                    await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))
                answer = await sender.send(message.raw, SECONDS)
                sending.take(message, answer.verdict)
                seen()

    await asyncio.gather(*(line(queue) for queue in lines.values()))
    return sending


@dataclass(frozen=True, slots=True)
class Running:
    """A server that is up. `stopped` ends when somebody asked it to stop."""

    runtime: Runtime
    base: str
    mllp_host: str
    mllp_port: int
    stopped: asyncio.Task[None]


class PortTaken(RuntimeError):
    """The server could not listen."""


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Running]:
    """The application on uvicorn with its MLLP listener, on this event loop; stopped at the end of the block."""
    import uvicorn

    services: list[MllpService] = []

    def listening(runtime: Runtime) -> MllpService | None:
        service = mllp_service(runtime)
        services.extend([service] if service else [])
        return service

    app = create_app(settings, factories=(listening,))
    options: dict[str, Any] = {"log_level": "critical", "access_log": False, "lifespan": "on", "server_header": False}
    server = uvicorn.Server(uvicorn.Config(app, host=settings.host, port=settings.port, **options))
    task = asyncio.create_task(_serve(server))
    while not server.started and not task.done():
        await asyncio.sleep(0.01)
    if not server.started:
        raise PortTaken(f"{settings.host}:{settings.port} or {settings.mllp_host}:{settings.mllp_port}")
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        base = f"http://{settings.host}:{port}"
        yield Running(app.state.runtime, base, settings.mllp_host, services[0].port, task)
    finally:
        server.should_exit = True
        await task


async def _serve(server: Any) -> None:
    """Serves; a server that cannot listen ends by SystemExit, which must not end the program in passing."""
    try:
        await server.serve()
    except SystemExit:
        return


@dataclass(frozen=True, slots=True)
class Stored:
    """What the store holds afterwards."""

    resources: Mapping[str, int]
    issues: Mapping[str, int]
    unaccounted: int


def stored(database: Database) -> Stored:
    """Living resources by type, issues of the journal by code, and values nobody accounted for."""
    living = select(resource.c.type, func.count()).where(resource.c.version > 0, resource.c.deleted.is_(False))
    issues: Counter[str] = Counter()
    unaccounted = 0
    with database.read() as connection:
        types = {row[0]: row[1] for row in connection.execute(living.group_by(resource.c.type))}
        for entry in journal.find(connection, EVERYTHING, journal.Wanted()):
            issues.update(issue["code"] for issue in entry.issues)
            unaccounted += entry.unaccounted
    ranked = sorted(issues.items(), key=lambda item: (-item[1], item[0]))
    return Stored(dict(sorted(types.items())), dict(ranked), unaccounted)
