"""Which addresses a rest-hook may call: those the operator has listed, compared part by part, never as text.

A prefix allows the addresses with its scheme, host and port whose path lies below its path. User names in addresses,
other schemes than http and https, and dots in the path are refused whatever the list says; `*` allows the rest.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import SplitResult, unquote, urlsplit

ANY = "*"
_FORM = re.compile(r"https?://[\x21-\x7e]{1,2000}", re.ASCII | re.IGNORECASE)
_PORTS = {"http": 80, "https": 443}


def allowed(endpoint: str, prefixes: Sequence[str]) -> bool:
    """Whether the server may call this address."""
    address = _split(endpoint)
    if address is None or _climbs(address.path):
        return False
    return any(prefix == ANY or _below(address, _split(prefix)) for prefix in prefixes)


def _split(text: str) -> SplitResult | None:
    if not _FORM.fullmatch(text) or "\\" in text:
        return None
    try:
        address = urlsplit(text)
        _ = address.port
    except ValueError:
        return None
    return address if address.hostname and "@" not in address.netloc and not address.fragment else None


def _climbs(path: str) -> bool:
    return any(part in (".", "..") for part in re.split(r"[/\\]", unquote(unquote(path))))


def _below(address: SplitResult, prefix: SplitResult | None) -> bool:
    if prefix is None or _place(address) != _place(prefix):
        return False
    folder = prefix.path.rstrip("/")
    return address.path == prefix.path or address.path == folder or address.path.startswith(folder + "/")


def _place(address: SplitResult) -> tuple[str, str, int]:
    scheme = address.scheme.lower()
    return scheme, (address.hostname or "").rstrip("."), address.port or _PORTS[scheme]
