"""Runs the application on uvicorn: one process, one event loop, graceful on SIGTERM and SIGINT."""

from __future__ import annotations

import logging
import sys

import structlog
import uvicorn

from fhir_server.app import create_app
from fhir_server.settings import Settings
from profiles.json_output import dump

_LONGEST_HEAD = 128 * 1024
"""Request line and headers together; the endpoint refuses long addresses with an OperationOutcome well before."""


def configure_logging(level: str) -> None:
    """Log lines are JSON on stderr: control characters are escaped, so no value can forge a line."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


class _Server(uvicorn.Server):
    """Says where it listens as soon as it does."""

    def __init__(self, config: uvicorn.Config, settings: Settings, *, as_json: bool) -> None:
        super().__init__(config)
        self._settings, self._as_json = settings, as_json

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        await super().startup(sockets)  # type: ignore[arg-type]
        if self.started:
            self._announce()

    def _announce(self) -> None:
        port = self.servers[0].sockets[0].getsockname()[1]
        base = f"http://{self._settings.host}:{port}"
        shown = {
            "url": f"{base}/",
            "fhir": self._settings.base_url or f"{base}/fhir",
            "metadata": f"{base}/fhir/metadata",
        }
        if self._as_json:
            print(dump(shown).decode(), flush=True)
            return
        for name, url in shown.items():
            print(f"{name:9} {url}", file=sys.stderr, flush=True)


def serve(settings: Settings, *, as_json: bool = False) -> None:
    """Serves until told to stop. Raises OSError when the address is taken, RuntimeError when the start failed."""
    configure_logging(settings.log_level)
    config = uvicorn.Config(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=True,
        timeout_graceful_shutdown=20,
        h11_max_incomplete_event_size=_LONGEST_HEAD,
        lifespan="on",
    )
    server = _Server(config, settings, as_json=as_json)
    server.run()
    if not server.started:
        raise RuntimeError("the server did not start")
