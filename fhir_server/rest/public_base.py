"""Under which address the caller knows this server: what links, `Location` and `self` begin with.

Law: a header of a proxy counts only when the setting `trust_forwarded` says so, only when it comes from one of the
`trusted_proxies` if any are named, and only when it has the form of a host, scheme, port or path; anything else is as
if it were not there. Source: RFC 7239; X-Forwarded-* by usage.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from ipaddress import ip_address, ip_network

_HOST = re.compile(r"[A-Za-z0-9._\-]{1,253}(?::\d{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](?::\d{1,5})?", re.ASCII)
_PORT = re.compile(r"\d{1,5}", re.ASCII)
_PREFIX = re.compile(r"(?:/[A-Za-z0-9._~\-]{1,100}){1,10}/?", re.ASCII)
_SCHEMES = frozenset({"http", "https"})
_PAIR = re.compile(r'\s*([A-Za-z]+)=("[^"]*"|[^;,"\s]*)\s*(?:;|$)', re.ASCII)
_LONGEST = 1024
_DEFAULT_PORT = {"http": "80", "https": "443"}

Public = Callable[[Mapping[bytes, bytes], str, str, str], str]
"""From the headers, the scheme and the prefix of a request, and the address it came from, to the base of its links."""
_MOST_PEERS = 1024


def through(proxies: Sequence[str]) -> Public:
    """The base as these proxies tell it, or whoever connects when none are named."""
    if not proxies:
        return forwarded
    known = [ip_network(text) for text in proxies]

    @lru_cache(_MOST_PEERS)
    def trusted(peer: str) -> bool:
        try:
            address = ip_address(peer)
        except ValueError:
            return False
        address = getattr(address, "ipv4_mapped", None) or address
        return any(address in network for network in known)

    return lambda headers, scheme, prefix, peer: (forwarded if trusted(peer) else direct)(headers, scheme, prefix)


def direct(headers: Mapping[bytes, bytes], scheme: str, prefix: str, _peer: str = "") -> str:
    """The base as this server was called itself; `localhost` when Host is no host."""
    host = headers.get(b"host", b"").decode("latin-1")
    return f"{scheme}://{host if _HOST.fullmatch(host) else 'localhost'}{prefix}"


def forwarded(headers: Mapping[bytes, bytes], scheme: str, prefix: str, _peer: str = "") -> str:
    """The base as the outermost proxy was called, as far as the proxies tell; the standard header comes first."""
    said = _standard(_first(headers, b"forwarded"))
    host = _fitting(_HOST, said.get("host", "")) or _fitting(_HOST, _first(headers, b"x-forwarded-host"))
    scheme = _scheme(said.get("proto", "")) or _scheme(_first(headers, b"x-forwarded-proto")) or scheme
    port = _fitting(_PORT, _first(headers, b"x-forwarded-port"))
    before = _fitting(_PREFIX, _first(headers, b"x-forwarded-prefix")).rstrip("/")
    if not host:
        host = _fitting(_HOST, headers.get(b"host", b"").decode("latin-1")) or "localhost"
    elif port and not re.search(r":\d+$", host) and port != _DEFAULT_PORT[scheme]:
        host = f"{host}:{port}"
    return f"{scheme}://{host}{before}{prefix}"


def _first(headers: Mapping[bytes, bytes], name: bytes) -> str:
    """Each proxy appends; the first has spoken with the caller. Nothing sensible is longer than a host and some."""
    return headers.get(name, b"")[:_LONGEST].decode("latin-1").partition(",")[0].strip()


def _standard(text: str) -> dict[str, str]:
    return {name.lower(): value.strip('"') for name, value in _PAIR.findall(text)}


def _fitting(form: re.Pattern[str], text: str) -> str:
    return text if form.fullmatch(text) else ""


def _scheme(text: str) -> str:
    return text.lower() if text.lower() in _SCHEMES else ""
