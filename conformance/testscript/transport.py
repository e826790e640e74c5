"""Requests over HTTP: what was sent and what came, as values; the only place that touches the network.

Law: no redirect is followed, certificates are checked unless told otherwise, nothing waits longer than the time limit;
a connection that fails is `NoAnswer` with a sentence.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from conformance.testscript.stored import Stored


@dataclass(frozen=True, slots=True)
class NoAnswer:
    why: str


class Transport(Protocol):
    """Sends one request and waits for its response."""

    def send(self, request: Stored) -> Stored | NoAnswer: ...


@dataclass(frozen=True, slots=True)
class Connection:
    """How to reach the server. `headers` go with every request and are never shown in a report."""

    headers: Sequence[tuple[str, str]] = ()
    timeout: float = 30.0
    insecure: bool = False


@contextmanager
def connected(how: Connection) -> Iterator[Transport]:
    """A transport over httpx, its connections kept open."""
    import httpx

    with httpx.Client(timeout=how.timeout, verify=not how.insecure, follow_redirects=False, trust_env=True) as client:
        yield _Http(client, tuple(how.headers))


class _Http:
    def __init__(self, client: object, headers: tuple[tuple[str, str], ...]) -> None:
        self._client, self._headers = client, headers

    def send(self, request: Stored) -> Stored | NoAnswer:
        import httpx

        assert isinstance(self._client, httpx.Client)
        said = {name.lower() for name, _ in request.headers}
        headers = [*request.headers, *((name, value) for name, value in self._headers if name.lower() not in said)]
        sent = [(name.encode("latin-1", "replace"), value.encode("utf-8")) for name, value in headers]
        try:
            answer = self._client.request(
                request.method, request.url, headers=sent, content=request.data or (None if _bare(request) else b"")
            )
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            return NoAnswer(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)
        return Stored(
            answer.content,
            answer.headers.get("Content-Type", ""),
            tuple(answer.headers.multi_items()),
            answer.status_code,
            request.method,
            str(answer.request.url),
        )


def _bare(request: Stored) -> bool:
    """Whether the method has no body at all, so that no Content-Length: 0 is sent."""
    return request.method in ("GET", "HEAD", "DELETE", "OPTIONS")
