"""Which web pages may call the API from a browser (Fetch standard, CORS protocol).

Law: without the setting `cors_origins` no page may; an origin that is not listed gets an answer without permission, and
nothing a request says is repeated but an origin that is listed. Credentials of the browser are never asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

Header = tuple[bytes, bytes]
_EXPOSED = (
    b"access-control-expose-headers",
    b"ETag, Location, Content-Location, Last-Modified, X-Progress, Retry-After, Expires",
)
_ALLOWED = (
    b"access-control-allow-headers",
    b"Accept, Authorization, Content-Type, Content-Encoding, If-Match, If-Modified-Since, If-None-Exist, If-None-Match,"
    b" Prefer, X-Requested-With, X-Provenance, X-Security-Context",
)
_MAX_AGE = (b"access-control-max-age", b"600")


class Cors:
    """The permissions of a server; `origins` are `https://host[:port]`, or `*` for all."""

    def __init__(self, origins: Iterable[str] = ()) -> None:
        listed = frozenset(origin.strip().rstrip("/").lower() for origin in origins if origin.strip())
        self._all, self._origins = "*" in listed, listed
        self.active = bool(listed)

    def permission(self, origin: str) -> Sequence[Header]:
        """What an answer says to a page of this origin."""
        if not self.active:
            return ()
        allowed = self._origin(origin)
        vary = () if self._all else ((b"vary", b"Origin"),)
        return (*vary, (b"access-control-allow-origin", allowed), _EXPOSED) if allowed else vary

    def preflight(self, origin: str, methods: Iterable[str]) -> Sequence[Header]:
        """What the answer to OPTIONS says besides."""
        if not self._origin(origin):
            return ()
        return ((b"access-control-allow-methods", ", ".join(methods).encode()), _ALLOWED, _MAX_AGE)

    def _origin(self, origin: str) -> bytes:
        if not origin or not self.active:
            return b""
        if self._all:
            return b"*"
        return origin.encode("latin-1") if origin.lower() in self._origins else b""
