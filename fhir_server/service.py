"""What runs beside the HTTP server in the same process: listeners, workers (entry points group `qiao.services`).

A package registers a factory under that group; the server starts what it makes after the store is open and stops it
before the store closes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from starlette.routing import BaseRoute

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
    """`start` returns when the service is up, or raises; `stop` returns when nothing of it is left. A service that has
    `routes` (Starlette's) serves them beside the FHIR API, on the port of the HTTP server."""

    name: str

    async def start(self) -> None: ...
    async def stop(self) -> None: ...


def metrics_of(service: Service) -> bytes:
    """What a service counts, in the exposition format of Prometheus; most count nothing here."""
    told: Callable[[], bytes] | None = getattr(service, "metrics", None)
    return told() if told is not None else b""


def routes_of(service: Service) -> Sequence[BaseRoute]:
    """The HTTP routes that a service brings along, mostly none."""
    found: Sequence[BaseRoute] = getattr(service, "routes", ())
    return found


Factory = Callable[[Runtime], Service | None]
"""None: the settings do not ask for this service."""
