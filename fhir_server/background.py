"""What a server does beside answering: long jobs, and keeping Subscriptions; started and stopped with it."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Any

from fhir_server.data_folder import data_folder
from fhir_server.intake import system_clock
from fhir_server.jobs.desk import Desk
from fhir_server.jobs.runner import Runner
from fhir_server.rest.endpoint import Identify
from fhir_server.service import Runtime
from fhir_server.subscriptions.guard import guard
from fhir_server.subscriptions.worker import Worker


def start_jobs(runtime: Runtime, opened: AsyncExitStack) -> Desk:
    """The long work of this store, and the thread of this process that does it."""
    settings, submit = runtime.settings, runtime.intake.submit
    folder = data_folder(settings.data_folder, settings.database)
    runner = Runner(runtime.database, submit, settings, system_clock, folder, runtime.intake.checks)
    runner.start()
    opened.push_async_callback(asyncio.to_thread, runner.stop)
    return Desk(runtime.database, submit, runner.wake, folder, settings)


def start_subscriptions(runtime: Runtime, opened: AsyncExitStack) -> Worker:
    """Subscriptions are checked when they are written, and kept from now on."""
    settings, intake = runtime.settings, runtime.intake
    base = settings.base_url.rstrip("/") or f"http://{settings.host}:{settings.port}/fhir"
    worker = Worker(runtime.database, intake.submit, settings, system_clock, base)
    worker.sockets.key = settings.cursor_key.get_secret_value().encode()
    worker.sockets.wake = worker.wake
    intake.checks["Subscription"] = guard(tuple(settings.subscription_endpoints), system_clock)
    intake.on_commit(worker.committed)
    worker.start()
    opened.push_async_callback(worker.stop)
    opened.callback(intake.on_commit, None)
    return worker


class Socket:
    """The ASGI application of `ws(s)://…/fhir/ws`."""

    def __init__(self, identify: Identify) -> None:
        self._identify = identify

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        from starlette.websockets import WebSocket

        caller = self._identify(dict(scope["headers"]))
        worker: Worker = scope["app"].state.subscriptions
        await worker.sockets.serve(WebSocket(scope, receive, send), caller.scope)
