"""MLLP over TCP: frames in, answers out, strictly in the order the frames came, one answer for every frame but an
acknowledgement.

Up to `in_flight` frames of a connection are with the handler at once; when it is full, or the peer does not read its
answers, no more is read (back-pressure). A frame that stays unfinished is answered AR and the connection closed. What
happens outside frames is told to the handler as an event, so that nothing is dropped silently.
Sources: HL7 Minimal Lower Layer Protocol R1; HL7 v2.5.1 2.9 (every message is answered).
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import socket
import ssl
import traceback
import uuid
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Protocol

from adapters import ack, charset, mllp
from profiles.issue import Issue

log = logging.getLogger(__name__)

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
EventKind = Literal[
    "frame-junk", "frame-missing-cr", "frame-oversize", "frame-timeout", "frame-truncated", "peer-refused"
]
_QUIET = 0.2
"""Seconds without a byte after which a frame without its CR, or junk, is taken as complete."""


@dataclass(frozen=True, slots=True)
class Peer:
    """Who is at the other end: address, and the names of its client certificate (CN and DNS) when it showed one."""

    host: str
    port: int = 0
    names: tuple[str, ...] = ()

    @property
    def local(self) -> bool:
        """Whether this is a drop folder: who may write there is the file system's to say."""
        return self.host.startswith("folder:")

    def within(self, networks: tuple[Network, ...]) -> bool:
        """Whether the address lies in one of the networks; `()` means no restriction."""
        if not networks:
            return True
        try:
            address = ipaddress.ip_address(self.host.partition("%")[0])
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None) or address
        return any(mapped in network for network in networks)


class Handler(Protocol):
    """What the listener needs of the pipeline. The awaitables give the bytes of the ACK, unframed, `b""` where none is
    due."""

    def submit(self, raw: bytes, peer: Peer) -> Awaitable[bytes]:
        """One frame; called in the order of arrival, awaited concurrently with the frames after it."""

    def oversize(self, head: bytes, size: int, peer: Peer) -> Awaitable[bytes]:
        """A frame beyond the limit, of which only the head is left."""

    def timeout(self, partial: bytes, peer: Peer) -> Awaitable[bytes]:
        """A frame that was not finished in time."""

    def event(self, kind: EventKind, sample: bytes, peer: Peer) -> None:
        """Something outside the frames; must not block."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one listener bears. Seconds, bytes and counts; `idle` `None` lets a quiet connection stay for ever."""

    frame: int = mllp.LIMIT
    frame_seconds: float = 30.0
    idle: float | None = None
    in_flight: int = 64
    connections: int = 1000
    connections_per_host: int = 100


def hl7_now() -> str:
    """The clock of this machine as an HL7 DTM with offset."""
    return datetime.now().astimezone().strftime("%Y%m%d%H%M%S%z")


@dataclass(slots=True)
class Listener:
    """One listening socket. `start`, then `close`; `allow` are the networks peers may come from, `()` meaning all."""

    handler: Handler
    limits: Limits = field(default_factory=Limits)
    allow: tuple[Network, ...] = ()
    tls: ssl.SSLContext | None = None
    now: Callable[[], str] = hl7_now
    port: int = 0
    _server: asyncio.Server | None = None
    _connections: set[_Connection] = field(default_factory=set)
    _hosts: Counter[str] = field(default_factory=Counter)

    async def start(self, host: str, port: int) -> None:
        """Begins to accept; `port` 0 takes a free one, which `self.port` then names."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), host, port, ssl=self.tls, backlog=512)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self, seconds: float = 10.0) -> None:
        """Accepts nothing more, answers what was read, closes; what is not answered in time is cut off."""
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.finish()
        ends = [connection.closed for connection in self._connections]
        if ends:
            await asyncio.wait(ends, timeout=seconds)
        for connection in list(self._connections):
            connection.abort()

    @property
    def connections(self) -> int:
        return len(self._connections)

    def _admit(self, connection: _Connection) -> str:
        """Why the connection is refused, `""` when it is not; an admitted one is counted."""
        host = connection.peer.host
        if not connection.peer.within(self.allow):
            return "address"
        if len(self._connections) >= self.limits.connections:
            return "too many connections"
        if self._hosts[host] >= self.limits.connections_per_host:
            return "too many connections from one address"
        self._connections.add(connection)
        self._hosts[host] += 1
        return ""

    def _leave(self, connection: _Connection) -> None:
        if connection in self._connections:
            self._connections.discard(connection)
            self._hosts[connection.peer.host] -= 1
            if not self._hosts[connection.peer.host]:
                del self._hosts[connection.peer.host]


class _Connection(asyncio.Protocol):
    """One peer: framer, the queue of frames not yet handed over, and the answers due, in order."""

    def __init__(self, listener: Listener) -> None:
        self.listener = listener
        self.handler = listener.handler
        self.limits = listener.limits
        self.loop = asyncio.get_running_loop()
        self.closed: asyncio.Future[None] = self.loop.create_future()
        self.peer = Peer("")
        self.framer = mllp.Framer(listener.limits.frame)
        self.transport: Any = None
        self.backlog: deque[mllp.Event] = deque()
        self.due: deque[asyncio.Future[bytes]] = deque()
        self.finishing = False
        self.reading = True
        self.writable = True
        self.noted: set[str] = set()
        self.timers: dict[str, asyncio.TimerHandle] = {}
        self.active = self.loop.time()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.peer = _peer(transport)
        why = self.listener._admit(self)
        if why:
            self.handler.event("peer-refused", why.encode(), self.peer)
            self.transport.abort()
            return
        _keep_alive(transport.get_extra_info("socket"))
        self._watch_idle()

    def data_received(self, data: bytes) -> None:
        self.active = self.loop.time()
        self._stop("quiet")
        events = self.framer.feed(data)
        self.backlog.extend(events)
        if events or not self.framer.inside:
            self._stop("frame")
        if self.framer.inside:
            self._start("frame", self.limits.frame_seconds, self._frame_timeout)
        elif self.framer.waiting:
            self._start("quiet", _QUIET, self._went_quiet)
        self._advance()

    def eof_received(self) -> bool:
        """The peer sends no more, but may still read the answers it is owed."""
        self.backlog.extend(self.framer.eof())
        self.finish()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        for name in list(self.timers):
            self._stop(name)
        for event in (*self.backlog, *self.framer.eof()):
            if not isinstance(event, mllp.Frame | mllp.Oversize):
                self._tell(event)
        self.backlog.clear()
        self.listener._leave(self)
        if not self.closed.done():
            self.closed.set_result(None)

    def pause_writing(self) -> None:
        self.writable = False
        self._steer()

    def resume_writing(self) -> None:
        self.writable = True
        self._advance()

    def finish(self) -> None:
        """Reads no more, answers what was read, then closes."""
        self.finishing = True
        self._stop("frame")
        self._advance()

    def abort(self) -> None:
        if self.transport is not None:
            self.transport.abort()

    def _advance(self) -> None:
        """Hands over what the bounds allow, writes what is due, and reads on or waits."""
        while self.backlog and len(self.due) < self.limits.in_flight and self.writable:
            self._take(self.backlog.popleft())
        while self.due and self.due[0].done() and self.writable:
            self._write(self.due.popleft().result())
        self._steer()

    def _steer(self) -> None:
        if self.transport is None or self.transport.is_closing():
            return
        if self.finishing and not self.backlog and not self.due:
            self.transport.close()
            return
        wanted = self.writable and not self.finishing and not self.backlog and len(self.due) < self.limits.in_flight
        if wanted != self.reading:
            self.reading = wanted
            (self.transport.resume_reading if wanted else self.transport.pause_reading)()

    def _take(self, event: mllp.Event) -> None:
        self._tell(event)
        if isinstance(event, mllp.Frame):
            self._owe(self.handler.submit, event.data, event.data)
        elif isinstance(event, mllp.Oversize):
            self._owe(self.handler.oversize, event.head, event.head, event.size)

    def _tell(self, event: mllp.Event) -> None:
        if isinstance(event, mllp.Junk):
            self.handler.event("frame-junk", event.sample, self.peer)
        elif isinstance(event, mllp.Truncated):
            self.handler.event("frame-truncated", event.data, self.peer)
        elif isinstance(event, mllp.Oversize):
            self.handler.event("frame-oversize", event.head, self.peer)
        elif event.missing_cr and "cr" not in self.noted:
            self.noted.add("cr")
            self.handler.event("frame-missing-cr", b"", self.peer)

    def _owe(self, handle: Callable[..., Awaitable[bytes]], head: bytes, *arguments: Any) -> None:
        """Calls the handler now, so that calls are in order; the answer is due in its turn."""
        try:
            pending: Awaitable[bytes] = handle(*arguments, self.peer)
        except Exception as error:
            self.due.append(_done(self.loop, self._internal_error(head, error)))
            return
        task = asyncio.ensure_future(self._answer(pending, head[:4096]))
        task.add_done_callback(lambda _: self._advance())
        self.due.append(task)

    async def _answer(self, pending: Awaitable[bytes], head: bytes) -> bytes:
        try:
            return await pending
        except Exception as error:
            return self._internal_error(head, error)

    def _internal_error(self, head: bytes, error: Exception) -> bytes:
        """AR for an error of ours. The log names the place, never the text of the exception, which may hold values."""
        incident = uuid.uuid4().hex[:12]
        frames = traceback.extract_tb(error.__traceback__)
        where = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"
        log.error("handler failed: incident=%s error=%s at=%s", incident, type(error).__name__, where)
        text = ack.render(
            None,
            "AR",
            [Issue("internal-error", details={"incident": incident})],
            raw_head=head,
            now=self.listener.now(),
            control_id=incident,
            application="QIAO",
            facility="",
        )
        return charset.encode(text, charset.decode(head).detected or "utf-8")

    def _write(self, answer: bytes) -> None:
        if answer and not self.transport.is_closing():
            self.active = self.loop.time()
            self.transport.write(mllp.encode(answer))

    def _went_quiet(self) -> None:
        self.timers.pop("quiet", None)
        self.backlog.extend(self.framer.flush())
        self._advance()

    def _frame_timeout(self) -> None:
        """AR for the frame that stopped half-way; the connection cannot be trusted to be in step any more."""
        self.timers.pop("frame", None)
        for event in self.framer.eof():
            if isinstance(event, mllp.Truncated | mllp.Oversize):
                partial = event.data if isinstance(event, mllp.Truncated) else event.head
                self.handler.event("frame-timeout", partial, self.peer)
                self._owe(self.handler.timeout, partial, partial)
        self.finish()

    def _watch_idle(self) -> None:
        """Closes a connection on which nothing was read, written or pending for the idle time."""
        if self.limits.idle is None:
            return
        left = self.active + self.limits.idle - self.loop.time()
        if left <= 0 and not self.due and not self.backlog:
            self.finish()
            return
        self.timers["idle"] = self.loop.call_later(max(left, 0.05), self._watch_idle)

    def _start(self, name: str, seconds: float, call: Callable[[], None]) -> None:
        if name not in self.timers:
            self.timers[name] = self.loop.call_later(seconds, call)

    def _stop(self, name: str) -> None:
        timer = self.timers.pop(name, None)
        if timer is not None:
            timer.cancel()


def server_tls(certificate: Path, key: Path, client_authorities: Path | None = None) -> ssl.SSLContext:
    """TLS 1.2 or later for a listener; with `client_authorities` a peer must show a certificate one of them signed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    if client_authorities is not None:
        context.load_verify_locations(client_authorities)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _done(loop: asyncio.AbstractEventLoop, answer: bytes) -> asyncio.Future[bytes]:
    future: asyncio.Future[bytes] = loop.create_future()
    future.set_result(answer)
    return future


def _peer(transport: asyncio.BaseTransport) -> Peer:
    name = transport.get_extra_info("peername") or ("", 0)
    certificate = transport.get_extra_info("peercert") or {}
    common = [value for part in certificate.get("subject", ()) for key, value in part if key == "commonName"]
    alternative = [value for key, value in certificate.get("subjectAltName", ()) if key == "DNS"]
    return Peer(str(name[0]), int(name[1]), tuple(dict.fromkeys([*common, *alternative])))


def _keep_alive(sock: Any) -> None:
    """Finds dead peers behind hospital firewalls within minutes; options this system lacks are left alone."""
    if sock is None:
        return
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4)):
            if hasattr(socket, option):
                sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
