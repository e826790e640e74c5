"""gzip on the way in and out (RFC 9110 8.4, 12.5.3): nothing else is offered, nothing else is read.

Law: an answer shrinks only when the caller welcomes it and it is worth it; a body grows no further than the byte limit.
"""

from __future__ import annotations

import re
import zlib
from functools import lru_cache

from profiles.issue import Issue

SMALLEST = 1024
"""Below this many bytes compressing costs more than it saves."""
_LEVEL = 1
_PIECE = 1024
"""Bytes of a part that are looked at first, then four times as many."""
_GZIP = 31
_NAMES = frozenset({"gzip", "x-gzip"})
_PLAIN = frozenset({"", "identity"})
_NONE = re.compile(r"\s*q\s*=\s*0(?:\.0{0,3})?\s*", re.IGNORECASE)


@lru_cache(maxsize=128)
def welcomes_gzip(accept_encoding: str) -> bool:
    """Whether gzip is acceptable; `*` stands for it unless it is named."""
    said: dict[str, bool] = {}
    for part in accept_encoding.lower().split(","):
        name, _, given = part.partition(";")
        said[name.strip()] = not _NONE.fullmatch(given)
    return said.get("gzip", said.get("x-gzip", said.get("*", False)))


def compressible(media: str) -> bool:
    """Text shrinks; images, PDF and archives have been shrunk already. FHIR has no media type here."""
    return not media or media.startswith("text/") or any(word in media for word in ("json", "xml"))


def compressed(body: bytes) -> bytes:
    return zlib.compress(body, _LEVEL, _GZIP)


def coding_issue(content_encoding: str) -> Issue | None:
    """415 for a coding that is not read here."""
    known = content_encoding.strip().lower() in _NAMES | _PLAIN
    return None if known else Issue("content-encoding", "http.Content-Encoding")


def is_gzip(content_encoding: str) -> bool:
    return content_encoding.strip().lower() in _NAMES


def decompressed(body: bytes, limit: int) -> bytes | Issue:
    """The plain bytes; an Issue as soon as they are more than `limit`, or when this is no gzip.

    A body may be of many parts, each a gzip of its own. It is read in pieces: what lies behind a part is not copied for
    each of them.
    """
    parts, size, place = [], 0, 0
    while place < len(body):
        reader, length = zlib.decompressobj(_GZIP), _PIECE
        while not reader.eof:
            piece = body[place : place + length]
            if not piece:
                return Issue("body-not-gzip", "http")
            place, length = place + len(piece), length * 4
            try:
                part = reader.decompress(piece, limit - size + 1)
            except zlib.error:
                return Issue("body-not-gzip", "http")
            size += len(part)
            if size > limit:
                return Issue("body-too-large", "http", details={"limit": str(limit)})
            parts.append(part)
        place -= len(reader.unused_data)
    return b"".join(parts)
