"""Subscriptions over WebSocket: `bind [id]` as R4 says, `bind-with-token [token]` as the Backport does.

R4: the client sends `bind [id]`, gets `bound [id]`, and `ping [id]` when something happened; it asks for what itself.
With a token the client gets notification Bundles, a handshake first. A socket may bind several Subscriptions. It shows
only what its caller may see; one that is not there and one he may not see look the same.
Source: FHIR R4 subscription.html#websocket, Backport 1.1 channels.html#websockets.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from fhir_server.rest.identity import id_issue
from fhir_server.security.scope import EVERYTHING, Scope
from fhir_server.store.database import Database
from fhir_server.store.schema import resource
from fhir_server.subscriptions.ledger import TYPE, Standing, body_of, events
from fhir_server.subscriptions.notification import Happened, bundle
from fhir_server.subscriptions.subscription import Subscribed
from fhir_server.subscriptions.ws_token import read_token

_MOST_BOUND = 100
_LONGEST = 600
"""Characters of a message of the client."""
_MOST_TOLD = 50


@dataclass(slots=True, eq=False)
class _Socket:
    """`told` has the number of the last event by Subscription, `at` when; `bundles` are those bound by a token."""

    send: Callable[[str], Any]
    told: dict[str, int] = field(default_factory=dict)
    at: dict[str, int] = field(default_factory=dict)
    bundles: set[str] = field(default_factory=set)
    busy: asyncio.Lock = field(default_factory=asyncio.Lock)


class Sockets:
    """The sockets of this process."""

    def __init__(self, database: Database, clock: Callable[[], int], base: str) -> None:
        self._database, self._clock, self._base = database, clock, base
        self._open: set[_Socket] = set()
        self._closers: dict[_Socket, Callable[[], Any]] = {}
        self._there: dict[str, Standing] = {}
        self._subscribed: dict[str, Subscribed] = {}
        self.key = b""
        self.wake: Callable[[], None] = lambda: None

    async def serve(self, websocket: Any, scope: Scope) -> None:
        """Talks to one client until it goes."""
        from starlette.websockets import WebSocketDisconnect

        await websocket.accept()
        socket = _Socket(websocket.send_text)
        self._open.add(socket)
        self._closers[socket] = websocket.close
        try:
            while True:
                text = await websocket.receive_text()
                await self._take(socket, text, scope)
        except (WebSocketDisconnect, RuntimeError, KeyError):
            return
        finally:
            self._open.discard(socket)
            self._closers.pop(socket, None)

    async def _take(self, socket: _Socket, text: str, scope: Scope) -> None:
        word, _, rest = text[:_LONGEST].strip().partition(" ")
        bound = [rest] if word == "bind" else []
        if word == "bind-with-token":
            token = read_token(self.key, rest.strip(), self._clock())
            bound = list(token or ())
            scope = EVERYTHING if token else scope  # the token was given to somebody who may see them
        if word not in ("bind", "bind-with-token") or not bound:
            await socket.send("error unknown command or token")
            return
        for name in bound:
            async with socket.busy:
                await self._bind(socket, name.strip(), scope, whole=word == "bind-with-token")
        self.wake()

    async def _bind(self, socket: _Socket, name: str, scope: Scope, *, whole: bool) -> None:
        last = await asyncio.to_thread(self._last, name, scope)
        if last is None or len(socket.told) >= _MOST_BOUND:
            await socket.send("error no such subscription")
            return
        socket.told[name], socket.at[name] = last, self._clock()
        if not whole:
            await socket.send(f"bound {name}")
            return
        socket.bundles.add(name)
        one, how = self._subscribed.get(name), self._there.get(name)
        if one is not None and how is not None:
            await socket.send(bundle(self._base, one, how, "handshake", self._clock()).decode())

    def _last(self, name: str, scope: Scope) -> int | None:
        """The number of its last event, when the caller may see that Subscription and it is one for sockets."""
        from fhir_server.store.body import parse
        from fhir_server.subscriptions.ledger import standing

        if id_issue(name):
            return None
        found = select(resource.c.body).where(
            resource.c.type == TYPE, resource.c.id == name, resource.c.deleted.is_(False), scope.predicate(resource)
        )
        with self._database.read() as connection:
            row = connection.execute(found).first()
            if row is None or not row.body or parse(bytes(row.body))["channel"]["type"] != "websocket":
                return None
            how = standing(connection, name)
        return how.event if how is not None else 0

    async def tell(self, there: dict[str, Standing], subscribed: dict[str, Subscribed]) -> None:
        """Tells every socket what is new for it."""
        self._there, self._subscribed = there, subscribed
        for socket in list(self._open):
            if socket.busy.locked():
                continue
            async with socket.busy:
                try:
                    for name in list(socket.told):
                        await asyncio.wait_for(self._tell_one(socket, name), 5)
                except Exception:
                    self._open.discard(socket)

    async def _tell_one(self, socket: _Socket, name: str) -> None:
        how, one, last = self._there.get(name), self._subscribed.get(name), socket.told[name]
        if how is None or one is None or how.state == "off":
            return
        now, whole = self._clock(), name in socket.bundles
        if how.event <= last:
            if whole and one.heartbeat and now - socket.at[name] >= one.heartbeat * 1_000_000:
                socket.at[name] = now
                await socket.send(bundle(self._base, one, how, "heartbeat", now).decode())
            return
        if not whole:
            await socket.send(f"ping {name}")
        else:
            happened = await asyncio.to_thread(self._happened, one, last + 1, how.event)
            for first in range(0, len(happened), one.most):
                some = happened[first : first + one.most]
                await socket.send(bundle(self._base, one, how, "event-notification", now, some).decode())
        socket.told[name], socket.at[name] = how.event, now

    def _happened(self, one: Subscribed, first: int, last: int) -> list[Happened]:
        whole = one.content == "full-resource"
        with self._database.read() as connection:
            found = events(connection, one.id, first, last, 10_000)
            return [Happened(event, body_of(connection, event) if whole else b"") for event in found]

    async def close(self) -> None:
        for close in list(self._closers.values()):
            try:
                await asyncio.wait_for(close(), 1)
            except Exception:  # noqa: S112 - it is gone already
                continue
