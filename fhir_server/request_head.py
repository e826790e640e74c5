"""How long the head of a request may be, and how slowly a request may come: a client without end would fill the memory,
one that stops in the middle would hold its connection for ever.

uvicorn's fast parser has no such limits of its own (its slow one has the first).
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from fhir_server.one_write import OneWrite

LONGEST = 64 * 1024
"""Bytes of request line and headers: three times what the endpoint takes as an address, and room for headers."""
SLOWEST = 30.0
"""Seconds from the connection to the end of its first head."""
IDLE = 60.0
"""Seconds without a byte in the middle of a request."""
_TOO_LONG = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class LimitedHead(HttpToolsProtocol):
    """A connection that is closed when a head grows too long, its first does not come, or a request stops halfway."""

    _read = 0
    _complete = False
    _halfway = False
    _seen = 0.0
    _writes: OneWrite | None = None
    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._writes = OneWrite(transport, self.loop)
        self._patience = self.loop.call_later(SLOWEST, self._give_up)

    def connection_lost(self, exc: Exception | None) -> None:
        self._cease()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        self._read, self._complete, self._halfway = 0, False, True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._complete = True
        self._cease()
        super().on_headers_complete()
        if self._writes is not None and self.cycle is not None:
            self.cycle.transport = self._writes  # type: ignore[assignment]

    def on_message_complete(self) -> None:
        self._halfway = False
        self._cease()
        super().on_message_complete()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._halfway and not self.transport.is_closing():
            self._seen = self.loop.time()
            if self._patience is None:
                self._patience = self.loop.call_later(IDLE, self._idle)
        if not self._complete and not self.transport.is_closing():
            self._read += len(data)
            if self._read > LONGEST:
                self.transport.write(_TOO_LONG)
                self.transport.close()

    def handle_websocket_upgrade(self) -> None:
        self._halfway = False  # whoever has the connection from now on has rules of his own
        self._cease()
        super().handle_websocket_upgrade()

    def _cease(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _idle(self) -> None:
        """Closes a connection that said nothing for so long; not when it is we who do not read on."""
        left = IDLE if self.flow.read_paused else self._seen + IDLE - self.loop.time()
        if left > 0:
            self._patience = self.loop.call_later(left, self._idle)
        else:
            self._give_up()

    def _give_up(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()
