"""How long, and for how long, the head of a request may come: a client without end would fill the memory.

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
_TOO_LONG = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class LimitedHead(HttpToolsProtocol):
    """A connection that is closed when a head grows too long, or its first does not come."""

    _read = 0
    _complete = False
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
        self._read, self._complete = 0, False
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._complete = True
        self._cease()
        super().on_headers_complete()
        if self._writes is not None and self.cycle is not None:
            self.cycle.transport = self._writes  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if not self._complete and not self.transport.is_closing():
            self._read += len(data)
            if self._read > LONGEST:
                self.transport.write(_TOO_LONG)
                self.transport.close()

    def _cease(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _give_up(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()
