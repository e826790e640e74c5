"""The services of the adapters: MLLP listener, drop folder, messages over HTTP (entry points `qiao.services`)."""

from __future__ import annotations

import asyncio

from adapters.folder import Folder
from adapters.listener import Limits, Listener, server_tls
from adapters.reception import Reception
from adapters.site import SITES, load
from adapters.translators import Translators
from fhir_server.intake import system_clock
from fhir_server.service import Runtime, Service


class MllpService:
    """Listens on `mllp_host:mllp_port`; `port` is the real one once started."""

    name = "mllp"

    def __init__(self, runtime: Runtime) -> None:
        self._settings = runtime.settings
        self.reception = _reception(runtime, "mllp")
        settings = runtime.settings
        tls = None
        if settings.mllp_certificate and settings.mllp_key:
            tls = server_tls(settings.mllp_certificate, settings.mllp_key, settings.mllp_client_authorities)
        self._listener = Listener(self.reception, Limits(frame=settings.mllp_limit), tls=tls)

    @property
    def port(self) -> int:
        return self._listener.port

    async def start(self) -> None:
        await self._listener.start(self._settings.mllp_host, self._settings.mllp_port)

    async def stop(self) -> None:
        await self._listener.close()
        await asyncio.to_thread(self.reception.close)


class FolderService:
    """Watches `drop_folder`."""

    name = "folder"

    def __init__(self, runtime: Runtime) -> None:
        assert runtime.settings.drop_folder is not None
        self._reception = _reception(runtime, "folder")
        self._folder = Folder(runtime.settings.drop_folder, self._reception)
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._folder.watch(self._stop))

    async def stop(self) -> None:
        self._stop.set()
        if self._task is not None:
            await self._task
        await asyncio.to_thread(self._reception.close)


class HttpService:
    """Takes messages on the port of the HTTP server: `routes`."""

    name = "http-messages"

    def __init__(self, runtime: Runtime) -> None:
        from adapters.http_door import routes
        from adapters.soap_service import Service

        settings = runtime.settings
        self._reception = _reception(runtime, "http", translators=0)
        service = Service(
            settings.soap_namespace,
            operation=settings.soap_operation,
            parameter=settings.soap_parameter,
            result=settings.soap_result,
        )
        self.routes = routes(self._reception, limit=settings.mllp_limit, service=service)

    async def start(self) -> None:
        """Nothing to open: the server listens."""

    async def stop(self) -> None:
        await asyncio.to_thread(self._reception.close)


def _reception(runtime: Runtime, channel: str, translators: int | None = None) -> Reception:
    settings = runtime.settings
    sites = settings.sites or SITES
    count = settings.translators if translators is None else translators
    book = load(sites)
    return Reception(
        book,
        runtime.intake,
        system_clock,
        channel=channel,
        language=settings.language,
        strangers=settings.unknown_senders,
        limit=settings.mllp_limit,
        translators=Translators(book, sites, count, channel) if count else None,
    )


def mllp(runtime: Runtime) -> MllpService | None:
    """The factory the server calls; no listener when `mllp_port` is -1."""
    return MllpService(runtime) if runtime.settings.mllp_port >= 0 else None


def folder(runtime: Runtime) -> FolderService | None:
    """The factory the server calls; nothing without `drop_folder`."""
    return FolderService(runtime) if runtime.settings.drop_folder else None


def http_messages(runtime: Runtime) -> HttpService | None:
    """The factory the server calls; nothing when `http_messages` is false."""
    return HttpService(runtime) if runtime.settings.http_messages else None


def outbound(runtime: Runtime) -> Service | None:
    """The factory the server calls; nothing, and nothing loaded, when no site has a section `[outbound]`."""
    book = load(runtime.settings.sites or SITES)
    receivers = {code: one for code, one in book.endpoints.items() if one.outbound is not None}
    if not receivers:
        return None
    from adapters.outbound.service import OutboundService

    sender = next((one.code for one in book.institutions.values() if one.level == "consortium"), "")
    return OutboundService(runtime, receivers, sender)
