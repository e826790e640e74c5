"""What runs beside the HTTP server in the same process: listeners, workers (entry points group `qiao.services`).

A package registers a factory under that group; the server starts what it makes after the store is open and stops it
before the store closes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from fhir_server.intake import Intake
from fhir_server.settings import Settings
from fhir_server.store.database import Database

GROUP = "qiao.services"


@dataclass(frozen=True, slots=True)
class Runtime:
    """What a service may use; all of it is open when the factory is called."""

    settings: Settings
    database: Database
    intake: Intake


class Service(Protocol):
    """`start` returns when the service is up, or raises; `stop` returns when nothing of it is left."""

    name: str

    async def start(self) -> None: ...
    async def stop(self) -> None: ...


Factory = Callable[[Runtime], Service | None]
"""None: the settings do not ask for this service."""
