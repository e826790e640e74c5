"""Runs the application on uvicorn: one process, one event loop, graceful on SIGTERM and SIGINT."""

from __future__ import annotations

import gc
import signal
import socket
import sys
from types import FrameType

import uvicorn
from starlette.applications import Starlette

from fhir_server.app import create_app
from fhir_server.log import configure
from fhir_server.request_head import LimitedHead
from fhir_server.settings import Settings
from fhir_server.store.database import Database
from fhir_server.store.outdated import OutdatedStore
from profiles.json_output import dump

_LONGEST_HEAD = 128 * 1024
"""Request line and headers together; the endpoint refuses long addresses with an OperationOutcome well before."""


class _Server(uvicorn.Server):
    """Says where it listens as soon as it does."""

    def __init__(self, config: uvicorn.Config, app: Starlette, *, as_json: bool) -> None:
        super().__init__(config)
        self._app, self._settings, self._as_json = app, app.state.settings, as_json

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        await super().startup(sockets)  # type: ignore[arg-type]
        if self.started:
            # Requests make next to no reference cycles; with the usual thresholds the collector took a tenth of a
            # create, walking through definitions and tables again and again.
            gc.freeze()
            gc.set_threshold(30_000, 20, 50)
            self._announce()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Being told to stop is no failure: the signal is not raised again afterwards, and the exit code is 0."""
        if self.should_exit and sig == signal.SIGINT:
            self.force_exit = True
        self.should_exit = True

    def _announce(self) -> None:
        port = self.servers[0].sockets[0].getsockname()[1]
        base = f"http://{self._settings.host}:{port}"
        shown: dict[str, str | int] = {
            "url": f"{base}/",
            "fhir": self._settings.base_url or f"{base}/fhir",
            "metadata": f"{base}/fhir/metadata",
        }
        for service in self._app.state.services:
            if isinstance(getattr(service, "port", None), int):
                shown[f"{service.name}_port"] = service.port
        if self._as_json:
            print(dump(shown).decode(), flush=True)
            return
        for name, url in shown.items():
            print(f"{name:10} {url}", file=sys.stderr, flush=True)


class StoreUnavailable(Exception):
    """The database cannot be opened; the message is safe to show."""


def serve(settings: Settings, *, as_json: bool = False) -> None:
    """Serves until told to stop. Raises OSError for an address that is taken, StoreUnavailable without a database."""
    configure(settings.log_level)
    _try_store(settings.database)
    listening = _listen(settings.host, settings.port)
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=True,
        proxy_headers=False,  # what a proxy says is the endpoint's to believe (`trust_forwarded`)
        timeout_graceful_shutdown=20,
        h11_max_incomplete_event_size=_LONGEST_HEAD,
        lifespan="on",
        http=LimitedHead,
    )
    server = _Server(config, app, as_json=as_json)
    server.run(sockets=[listening])


def _try_store(url: str) -> None:
    """Finds out before anything is started, while the reason can still be said in one sentence."""
    try:
        database = Database(url)
        database.create()
        database.close()
    except OutdatedStore as error:
        raise StoreUnavailable(str(error)) from None
    except Exception as error:
        # A driver's message may repeat the URL with its password, so only its class is shown.
        raise StoreUnavailable(f"the database cannot be opened ({type(error).__name__})") from None


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=2048)
