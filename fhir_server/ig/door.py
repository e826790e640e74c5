"""GET /ig: pages, files and the package, with a language, an ETag and a strict content security policy.

Law: what is sent is made once, kept packed, and answered with 304 to whoever has it; nothing of the request is shown.
Sources: RFC 9110 12 (negotiation), 13.1.2 (If-None-Match); https://www.w3.org/TR/CSP3/.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from fhir_server.ig import pages
from fhir_server.ig.download import archive
from fhir_server.ig.guide import Language, guide
from fhir_server.rest.content_coding import welcomes_gzip
from profiles.json_output import dump_pretty
from profiles.xml_output import dump_xml_pretty

_STATIC = Path(__file__).parent / "static"
_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
_HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
    "vary": "Accept-Language, Accept-Encoding",
}
_PACKED = "application/gzip"
_MOST_KEPT = 2048
_SMALL = 512


@dataclass(frozen=True, slots=True)
class Kept:
    """What is sent, packed with gzip."""

    packed: bytes
    media_type: str
    etag: str


class Door:
    """The ASGI application below `/ig`."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await (await self._answer(Request(scope, receive)))(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if request.method not in ("GET", "HEAD"):
            return Response(status_code=405, headers={**_HEADERS, "allow": "GET, HEAD"})
        place = request.scope["path"].removeprefix("/ig")
        if not place:
            asked = f"?{request.url.query}" if request.url.query else ""
            return RedirectResponse(f"ig/{asked}", 307, headers=_HEADERS)
        chosen = request.query_params.get("lang", "")
        chosen = chosen if chosen in ("zh", "en") else ""
        language: Language = chosen or preferred(request.headers.get("accept-language", ""))  # type: ignore[assignment]
        found = await run_in_threadpool(kept, place.removeprefix("/"), language, chosen)
        return _sent(found or _missing(language), request, 200 if found else 404)


def preferred(header: str) -> Language:
    """The language a browser prefers; Chinese where it says nothing of the two."""
    best: tuple[float, Language] = (0.0, "zh")
    for part in header[:1000].split(","):
        tag, _, weight = part.strip().lower().partition(";q=")
        language: Language = "en" if tag.startswith("en") else "zh"
        try:
            quality = float(weight or 1)
        except ValueError:
            continue
        if tag[:2] in ("zh", "en") and quality > best[0]:
            best = (quality, language)
    return best[1]


def kept(place: str, language: Language, chosen: str) -> Kept | None:
    """What stands at a place; only what there is is remembered, so that no one fills the memory with names."""
    found = _file(place)
    if found is not None:
        return found
    known = place == "" or place in guide().by_place or place.removeprefix("invalid/") in guide().refused
    return _page(place, language, chosen) if known else None


@lru_cache(maxsize=_MOST_KEPT)
def _page(place: str, language: Language, chosen: str) -> Kept | None:
    text = pages.html(place, language, chosen)
    return None if text is None else _kept(text.encode(), "text/html; charset=utf-8")


def _missing(language: Language) -> Kept:
    return _kept(pages.missing(language).encode(), "text/html; charset=utf-8")


def _file(place: str) -> Kept | None:
    """The package, a static file, or a resource as JSON or XML."""
    name, dot, suffix = place.rpartition(".")
    known = place == "package.tgz" or place in _static() or (dot and suffix in ("json", "xml") and _resource(name))
    return _made(place) if known else None


@lru_cache(maxsize=_MOST_KEPT)
def _made(place: str) -> Kept:
    if place == "package.tgz":
        return _kept(archive(), _PACKED)
    if place in _static():
        return _kept(_static()[place].read_bytes(), _TYPES[_static()[place].suffix])
    name, _, suffix = place.rpartition(".")
    resource = _resource(name)
    assert resource is not None
    if suffix == "xml":
        return _kept(dump_xml_pretty(resource), "application/fhir+xml; charset=utf-8")
    return _kept(dump_pretty(resource), "application/fhir+json; charset=utf-8")


def _resource(place: str) -> dict[str, object] | None:
    if place.startswith("invalid/"):
        case = guide().refused.get(place.removeprefix("invalid/"))
        return case.resource if case else None
    artefact = guide().by_place.get(place)
    return artefact.resource if artefact else None


@lru_cache(maxsize=1)
def _static() -> dict[str, Path]:
    return {f"static/{path.name}": path for path in _STATIC.iterdir() if path.suffix in _TYPES}


def _kept(data: bytes, media_type: str) -> Kept:
    return Kept(gzip.compress(data, 6, mtime=0), media_type, f'W/"{sha256(data).hexdigest()[:24]}"')


def _sent(found: Kept, request: Request, status: int) -> Response:
    headers = {**_HEADERS, "etag": found.etag}
    asked = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    if status == 200 and (found.etag.removeprefix("W/") in asked or asked == ["*"]):
        return Response(status_code=304, headers=headers)
    if found.media_type == _PACKED:
        headers["content-disposition"] = f'attachment; filename="{guide().facts["name"]}.tgz"'
    elif welcomes_gzip(request.headers.get("accept-encoding", "")) and len(found.packed) > _SMALL:
        return Response(found.packed, status, {**headers, "content-encoding": "gzip"}, found.media_type)
    return Response(gzip.decompress(found.packed), status, headers, found.media_type)
