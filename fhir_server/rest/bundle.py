"""Bundles as bytes: stored bodies are set in as they are, nothing is parsed (FHIR R4 bundle.html)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import orjson

Link = tuple[str, str]


def bundle(
    kind: str,
    entries: Iterable[bytes],
    *,
    links: Sequence[Link] = (),
    total: int | None = None,
    at: str = "",
    identifier: Mapping[str, str] | None = None,
) -> bytes:
    """A Bundle of the given type; `entries` are JSON objects."""
    head: dict[str, object] = {"resourceType": "Bundle"}
    if identifier is not None:
        head["identifier"] = identifier
    head["type"] = kind
    if at:
        head["timestamp"] = at
    if total is not None:
        head["total"] = total
    if links:
        head["link"] = [{"relation": relation, "url": url} for relation, url in links]
    listed = b",".join(entries)
    return orjson.dumps(head)[:-1] + (b',"entry":[' + listed + b"]}" if listed else b"}")


def resource_entry(full_url: str, body: bytes, extra: bytes = b"") -> bytes:
    """An entry with a resource; `extra` are more members, beginning with a comma."""
    return b'{"fullUrl":' + orjson.dumps(full_url) + b',"resource":' + body + extra + b"}"
