"""The application: opens the store, mounts the doors, starts the services (the rim where all effects come in).

`create_app(settings)` makes an ASGI application; entering its lifespan opens the database and the intake and starts
what packages have registered under `qiao.services`.
"""

from __future__ import annotations

import html
from collections.abc import AsyncIterator, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.metadata import entry_points
from typing import Any

from sqlalchemy import text
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute

from fhir_server.background import Socket, start_jobs, start_subscriptions
from fhir_server.data_folder import data_folder
from fhir_server.intake import Intake, system_clock
from fhir_server.integrity import Integrity
from fhir_server.jobs.desk import Desk
from fhir_server.log import log
from fhir_server.problem import outcome
from fhir_server.rest.cors import Cors
from fhir_server.rest.drawn import drawn_id
from fhir_server.rest.endpoint import FhirEndpoint, Identify, anyone
from fhir_server.rest.exchange import Services
from fhir_server.rest.metrics import Metrics
from fhir_server.rest.public_base import direct, through
from fhir_server.search.definition import define
from fhir_server.search.query import Limits
from fhir_server.service import GROUP, Factory, Runtime, Service, metrics_of, routes_of
from fhir_server.settings import Settings
from fhir_server.store.database import Database
from profiles.issue import Issue

_PAGE_HEADERS = {
    "content-security-policy": "default-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}


def create_app(
    settings: Settings, *, identify: Identify = anyone, factories: Iterable[Factory] | None = None
) -> Starlette:
    """The application. `identify` says who asks; `factories` are the services, by default the registered ones."""
    metrics = Metrics()

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as opened:
            runtime = _open(settings, opened)
            executor = ThreadPoolExecutor(settings.threads, thread_name_prefix="qiao-read")
            opened.callback(executor.shutdown)
            desk = start_jobs(runtime, opened)
            app.state.runtime = runtime
            app.state.subscriptions = start_subscriptions(runtime, opened)
            app.state.fhir = FhirEndpoint(
                _services(runtime, desk),
                executor,
                metrics,
                base_url=settings.base_url,
                identify=identify,
                public=through(settings.trusted_proxies) if settings.trust_forwarded else direct,
                cors=Cors(settings.cors_origins.split(",")),
            )
            app.state.services = [
                service
                for factory in (registered() if factories is None else factories)
                if (service := await _started(factory, runtime, opened)) is not None
            ]
            app.router.routes.extend(route for service in app.state.services for route in routes_of(service))
            yield

    def counted() -> bytes:
        return b"".join((metrics.text(), *(metrics_of(service) for service in getattr(app.state, "services", ()))))

    app = _Application(
        lifespan=lifespan,
        routes=[
            Route("/", _start_page),
            Route("/livez", _alive),
            Route("/readyz", _ready),
            Route("/metrics", lambda _request: Response(counted(), media_type="text/plain; version=0.0.4")),
            WebSocketRoute("/fhir/ws", Socket(identify)),
            Mount("/ig", app=_Guide()),
            Route("/ig", _Guide()),
        ],
        exception_handlers={404: _not_found, 405: _not_allowed},
    )
    app.state.settings = settings
    return app


class _Application(Starlette):
    """What is below /fhir goes straight to the endpoint of the application that is running: the framework's layers
    cost a sixth of a create.
    """

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and (scope["path"] == "/fhir" or scope["path"].startswith("/fhir/")):
            await self.state.fhir(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


class _Guide:
    """The pages of the guide; what they need is imported when the first is asked for."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        from fhir_server.ig.door import Door

        await Door()(scope, receive, send)


def registered() -> list[Factory]:
    """The factories that installed packages have registered."""
    return [point.load() for point in sorted(entry_points(group=GROUP), key=lambda point: point.name)]


def _put_packages(settings: Settings) -> None:
    """What was installed stands beside our guide from now on: for validation, the store's door and terminology."""
    from profiles.registry import OWN

    folder = data_folder(settings.data_folder, settings.database) / "packages"
    if not folder.is_dir():
        OWN.put(())
        return
    from profiles.installed import shelves

    found = shelves(folder)
    OWN.put(found)
    log.info("packages", installed=[shelf.folder.parent.name for shelf in found])


def _open(settings: Settings, opened: AsyncExitStack) -> Runtime:
    _put_packages(settings)
    database = Database(settings.database)
    opened.callback(database.close)
    database.create()
    integrity = Integrity.CHECKED if settings.referential_integrity else Integrity.UNCHECKED
    intake = Intake(database, integrity=integrity, condition_seconds=settings.condition_seconds)
    intake.checks["SearchParameter"] = lambda resource, _owner, _scope: define(resource, "").issues
    opened.callback(intake.close)
    return Runtime(settings, database, intake)


def _services(runtime: Runtime, desk: Desk) -> Services:
    settings = runtime.settings
    return Services(
        database=runtime.database.within(settings.read_seconds),
        door=runtime.intake,
        clock=system_clock,
        new_id=drawn_id,
        cursor_key=settings.cursor_key.get_secret_value().encode(),
        limits=Limits(page=settings.page_size, page_most=settings.page_most),
        body_limit=settings.body_limit,
        jobs=desk,
        delete_most=settings.delete_most,
        bundle_most=settings.bundle_most,
        references_checked=settings.referential_integrity,
    )


async def _started(factory: Factory, runtime: Runtime, opened: AsyncExitStack) -> Service | None:
    service: Service | None = factory(runtime)
    if service is not None:
        await service.start()
        opened.push_async_callback(service.stop)
        log.info("service started", service=service.name)
    return service


async def _start_page(request: Request) -> Response:
    base = html.escape(str(request.base_url), quote=True)
    links = (
        ("fhir/metadata", "CapabilityStatement"),
        ("fhir/openapi.json", "OpenAPI 3.1"),
        ("ig/", "Implementation guide 实施指南"),
        ("fhir/Patient?_count=10", "Patients"),
        ("fhir/DiagnosticReport?_sort=-date", "Reports, newest first"),
        ("livez", "alive"),
        ("readyz", "ready"),
        ("metrics", "metrics"),
    )
    items = "".join(f'<li><a href="{base}{path}">{base}{html.escape(path)}</a> {name}</li>' for path, name in links)
    page = f"<!doctype html><html lang=zh><meta charset=utf-8><title>Qiao 桥</title><h1>Qiao 桥</h1><ul>{items}</ul>"
    return HTMLResponse(page, headers=_PAGE_HEADERS)


async def _alive(_request: Request) -> Response:
    return JSONResponse({"status": "alive"})


async def _ready(request: Request) -> Response:
    """503 while the store takes no writes or no reads: a load balancer looks elsewhere."""
    runtime: Runtime = request.app.state.runtime
    if not runtime.intake.healthy or not _reads(runtime.database):
        return JSONResponse({"status": "unavailable"}, status_code=503)
    return JSONResponse({"status": "ready"})


def _reads(database: Database) -> bool:
    try:
        with database.read() as connection:
            return connection.execute(text("SELECT 1")).scalar_one() == 1
    except Exception as error:
        log.error("the database cannot be read", error=type(error).__name__)
        return False


async def _not_found(_request: Request, _error: Exception) -> Response:
    return _problem(Issue("interaction-unknown", "http"))


async def _not_allowed(request: Request, _error: Exception) -> Response:
    return _problem(Issue("method-not-allowed", "http", details={"method": request.method[:12]}))


def _problem(issue: Issue) -> Response:
    return Response(outcome((issue,)), issue.kind.http, media_type="application/fhir+json", headers=_PAGE_HEADERS)
