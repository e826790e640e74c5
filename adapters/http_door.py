"""HL7 over HTTP: a POST with one message, answered 200 with its acknowledgement in the same syntax; 204 where none is
due, for an acknowledgement is not acknowledged.

Routes: `/v2/messages` (ER7, v2 XML, either of them in a JSON string), `/v3` (HL7 V3), `/v2/soap` and `/v3/soap` (SOAP).
The message takes the way of every message (`adapters.reception`); HTTP says only whether there was one: 413 and 415
come with a reason, a verdict of ours (AA, AE, AR) is always 200. Never raises for what a peer sent.
Source: HAPI "HL7 over HTTP" specification (media types, charset parameter, acknowledgement in the response).
"""

from __future__ import annotations

import codecs
import json
from dataclasses import dataclass
from typing import Any, Literal

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from adapters import charset
from adapters.listener import Handler, Peer
from adapters.soap_service import Service
from adapters.syntaxes import is_xml

ER7 = frozenset({"application/hl7-v2", "application/hl7-v2+er7", "x-application/hl7-v2+er7"})
XML = frozenset({"application/hl7-v2+xml", "x-application/hl7-v2+xml", "application/xml", "text/xml"})
PLAIN = frozenset({"", "text/plain", "application/octet-stream", "application/hl7-v3+xml"})
JSON = frozenset({"application/json"})
_NAMES = {"gb18030": "GB18030", "big5": "Big5", "utf-16": "UTF-16"}
_HEADERS = {"cache-control": "no-store", "x-content-type-options": "nosniff"}


@dataclass(frozen=True, slots=True)
class Door:
    """One door of a server: who takes the messages, the largest body in bytes, and how SOAP names its parts."""

    handler: Handler
    limit: int
    service: Service


class TooLarge(Exception):
    """The body goes on beyond the limit; the argument holds its first bytes."""

    def __init__(self, head: bytes) -> None:
        super().__init__()
        self.head = head


def routes(handler: Handler, *, limit: int, service: Service | None = None) -> list[Route]:
    """The routes of the door, for the application of the server."""
    door = Door(handler, limit, service or Service())

    async def messages(request: Request) -> Response:
        return await _answered(request, door, _message)

    async def envelopes(request: Request) -> Response:
        return await _answered(request, door, _envelope)

    return [
        Route("/v2/messages", messages, methods=["POST"]),
        Route("/v3", messages, methods=["POST"]),
        Route("/v2/soap", envelopes, methods=["GET", "POST"]),
        Route("/v3/soap", envelopes, methods=["GET", "POST"]),
    ]


async def _answered(request: Request, door: Door, take: Any) -> Response:
    try:
        response: Response = await take(request, door)
    except ClientDisconnect:
        return Response(status_code=400)
    response.headers.update(_HEADERS)
    return response


async def _message(request: Request, door: Door) -> Response:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ER7 | XML | PLAIN | JSON:
        accepted = ", ".join(sorted(ER7 | XML | JSON))
        return Response(f"unsupported media type; use one of {accepted}\n", 415, media_type="text/plain")
    try:
        body = await whole(request, door.limit)
    except TooLarge as large:
        answer = await door.handler.oversize(large.head, door.limit + 1, peer(request))
        return _reply(answer, kind, 413)
    if kind in JSON:
        return await _json(body, request, door)
    return _reply(await door.handler.submit(body, peer(request)), kind, 200)


async def _json(body: bytes, request: Request, door: Door) -> Response:
    """A message as a JSON string, or in the member `message` of an object; the answer has the same form."""
    form: Literal["text", "member", ""] = ""
    text = ""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, str):
        form, text = "text", found
    elif isinstance(found, dict) and isinstance(found.get("message"), str):
        form, text = "member", found["message"]
    if not form:
        reason = 'the body is neither a JSON string nor an object with the text member "message"\n'
        return Response(reason, 400, media_type="text/plain")
    raw = await door.handler.submit(unambiguous(text), peer(request))
    if not raw:
        return Response(status_code=204)
    answer = charset.decode(raw).text
    told = answer if form == "text" else {"message": answer}
    return Response(json.dumps(told, ensure_ascii=False), 200, media_type="application/json")


async def _envelope(request: Request, door: Door) -> Response:
    if request.method == "GET":
        return Response(door.service.wsdl(str(request.url.replace(query=""))), media_type="text/xml; charset=utf-8")
    try:
        body = await whole(request, door.limit)
    except TooLarge:
        return Response("the envelope is too large\n", 413, media_type="text/plain")
    from adapters.soap import soap  # lxml is loaded with the first envelope

    return await soap(body, door.service, lambda raw: door.handler.submit(raw, peer(request)))


async def whole(request: Request, limit: int) -> bytes:
    """The body; stops reading at the limit."""
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        parts.append(part)
        if size > limit:
            raise TooLarge(b"".join(parts)[:4096])
    return b"".join(parts)


def peer(request: Request) -> Peer:
    client = request.client
    return Peer(client.host, client.port) if client is not None else Peer("")


def unambiguous(text: str) -> bytes:
    """Text that is known to be text, as bytes nobody can read in another character set."""
    return text.encode() if text.isascii() else codecs.BOM_UTF8 + text.encode("utf-8", "replace")


def _reply(answer: bytes, kind: str, status: int) -> Response:
    """The acknowledgement with the media type of the message and the character set it is in."""
    if not answer:
        return Response(status_code=204)
    if is_xml(answer):
        media = kind if kind in XML else "application/xml"
        return Response(answer, status, headers={"content-type": media})
    media = kind if kind in ER7 else "application/hl7-v2"
    name = _NAMES.get(charset.decode(answer).detected, "UTF-8")
    return Response(answer, status, headers={"content-type": f"{media}; charset={name}"})
