"""HTTP in, HTTP out: the only module that knows both the protocol and the interactions (raw ASGI, no framework).

Every answer is FHIR JSON; whatever goes wrong is an OperationOutcome. An exception of our own is logged under an
incident id, with its class and place but never with values, and answered with that id.
"""

from __future__ import annotations

import asyncio
import re
import traceback
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import format_datetime
from time import perf_counter
from typing import Any
from uuid import uuid4

import structlog

from fhir_server.problem import outcome
from fhir_server.rest.address import pairs, segments
from fhir_server.rest.exchange import ANYONE, Answer, Call, Caller, Change, Services, refusal, refused
from fhir_server.rest.metrics import Metrics
from fhir_server.rest.negotiation import FHIR_JSON, answer_format, body_format, is_form, preferences, pretty
from fhir_server.rest.router import allowed, carry_out, find
from fhir_server.store.body import parse
from fhir_server.store.write import Refused
from fhir_server.store.writer import Unwritten
from profiles.issue import Issue
from profiles.json_output import dump_pretty

log = structlog.get_logger("qiao.rest")

Headers = Mapping[bytes, bytes]
Identify = Callable[[Headers], Caller]
"""From the headers of a request to who asks."""
LONGEST_ADDRESS = 16 * 1024
INLINE = 32 * 1024
_SHORT = frozenset({"create", "update", "delete"})
"""Interactions that read no database; with a body up to INLINE a hop to a thread would cost more than it saves."""
_ONE_ROW = frozenset({"read", "vread"})
"""Reads of one row: from an embedded database they take less than the hop to a thread (measured 60-100 µs of 250)."""
_HOST = re.compile(r"[A-Za-z0-9.\-]{1,253}(?::\d{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](?::\d{1,5})?", re.ASCII)
SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
)
_CONTENT_TYPE = (b"content-type", FHIR_JSON.encode())


def anyone(_headers: Headers) -> Caller:
    """The caller while no security is configured."""
    return ANYONE


@dataclass(frozen=True, slots=True)
class _Request:
    """What the endpoint keeps of the ASGI scope."""

    method: str
    path: tuple[str, ...]
    parameters: tuple[tuple[str, str], ...]
    headers: Headers
    base: str


class FhirEndpoint:
    """The ASGI application under /fhir."""

    def __init__(
        self,
        services: Services,
        executor: Executor,
        metrics: Metrics,
        *,
        base_url: str = "",
        identify: Identify = anyone,
        prefix: str = "/fhir",
    ) -> None:
        self._services, self._executor, self._metrics = services, executor, metrics
        self._short = _SHORT | _ONE_ROW if services.database.dialect == "sqlite" else _SHORT
        self._base_url, self._identify, self._prefix = base_url.rstrip("/"), identify, prefix

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        started = perf_counter()
        interaction, request = "none", None
        try:
            request = self._request(scope)
            if isinstance(request, Answer):
                answer = request
            else:
                interaction, answer = await self._answer(request, receive)
        except Unwritten:
            answer = refused("store-unavailable")
        except Exception as error:
            answer = _incident(error, interaction)
        shown = request if isinstance(request, _Request) else None
        await _send(send, answer, scope["method"], shown)
        self._metrics.seen(interaction, answer.status, perf_counter() - started)

    def _request(self, scope: Any) -> _Request | Answer:
        query, raw_path = scope["query_string"], scope.get("raw_path") or scope["path"].encode()
        if len(query) + len(raw_path) > LONGEST_ADDRESS:
            return refused("url-too-long", "http", limit=str(LONGEST_ADDRESS))
        raw_path = raw_path.partition(b"?")[0]
        path = segments(raw_path.removeprefix(self._prefix.encode()))
        parameters = pairs(query.decode("latin-1"))
        if isinstance(path, Issue):
            return refusal(path)
        if isinstance(parameters, Issue):
            return refusal(parameters)
        headers = dict(scope["headers"])
        return _Request(scope["method"], path, parameters, headers, self._base(scope, headers))

    def _base(self, scope: Any, headers: Headers) -> str:
        if self._base_url:
            return self._base_url
        host = headers.get(b"host", b"").decode("latin-1")
        if not _HOST.fullmatch(host):
            host = "localhost"
        return f"{scope.get('scheme', 'http')}://{host}{self._prefix}"

    async def _answer(self, request: _Request, receive: Any) -> tuple[str, Answer]:
        issue = answer_format(_text(request.headers, b"accept"), request.parameters)
        if issue is not None:
            return "none", refusal(issue)
        found = find(request.method, request.path)
        if isinstance(found, Answer):
            return "none", found
        route, placed = found
        call = self._call(request)
        if request.method in ("POST", "PUT", "PATCH"):
            read = await self._with_body(call, request, receive, form=request.path[1:] == ("_search",))
            if isinstance(read, Answer):
                return route.interaction, read
            call = read
        inline = route.interaction in self._short and len(call.body) <= INLINE
        work = self._here if inline else self._in_thread
        result = await work(carry_out, route, placed, call, self._services)
        if isinstance(result, Change):
            result = await self._committed(result, call, work)
        return route.interaction, result

    def _call(self, request: _Request) -> Call:
        headers = request.headers
        none_exist = headers.get(b"if-none-exist")
        return Call(
            method=request.method,
            parameters=request.parameters,
            base=request.base,
            caller=self._identify(headers),
            preferences=preferences(_text(headers, b"prefer")),
            if_match=_text(headers, b"if-match"),
            if_none_match=_text(headers, b"if-none-match"),
            if_none_exist=None if none_exist is None else none_exist.decode("latin-1"),
            if_modified_since=_text(headers, b"if-modified-since"),
            content_type=_text(headers, b"content-type"),
            accept=_text(headers, b"accept"),
        )

    async def _with_body(self, call: Call, request: _Request, receive: Any, *, form: bool) -> Call | Answer:
        content_type = _text(request.headers, b"content-type")
        issue = None if form and is_form(content_type) else body_format(content_type)
        if issue is not None:
            return refusal(issue)
        body = await _body(receive, request.headers, self._services.body_limit)
        if isinstance(body, Issue):
            return refusal(body)
        if not form:
            return replace(call, body=body)
        given = pairs(body.decode("latin-1"))
        return refusal(given) if isinstance(given, Issue) else replace(call, parameters=(*call.parameters, *given))

    async def _in_thread(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._executor, function, *arguments)

    async def _here(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return function(*arguments)

    async def _committed(self, change: Change, call: Call, work: Callable[..., Any]) -> Answer:
        """The answer after the commit; waiting holds no thread, so many writes share one commit."""
        future = await work(self._services.door.write, change.writes, call.caller.scope)
        written = await asyncio.wrap_future(future)
        if isinstance(written, Refused):
            return refusal(*written.issues)
        answer: Answer = await work(change.answer, written)
        return answer


async def _body(receive: Any, headers: Headers, limit: int) -> bytes | Issue:
    """The whole body, refused as soon as it is known to be too large."""
    too_large = Issue("body-too-large", "http", details={"limit": str(limit)})
    declared = headers.get(b"content-length", b"")
    if declared.isdigit() and int(declared[:20]) > limit:
        return too_large
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return Issue("json-malformed", "http", details={"why": "the connection was closed"})
        part = message.get("body", b"")
        size += len(part)
        if size > limit:
            return too_large
        parts.append(part)
        more = message.get("more_body", False)
    return b"".join(parts)


def _text(headers: Headers, name: bytes) -> str:
    return headers.get(name, b"").decode("latin-1")


def _incident(error: Exception, interaction: str) -> Answer:
    """500 under an incident id. The log gets the class and the place; a message may quote values, so it stays out."""
    incident = uuid4().hex[:12]
    place = traceback.extract_tb(error.__traceback__)[-1]
    frame = f"{place.filename.rpartition('/')[2]}:{place.lineno}"
    log.error("incident", incident=incident, interaction=interaction, error=type(error).__name__, place=frame)
    return Answer(500, outcome((Issue("internal-error", details={"incident": incident}),)))


async def _send(send: Any, answer: Answer, method: str, request: _Request | None) -> None:
    body = answer.body
    if body and not answer.media_type and request is not None and pretty(request.parameters):
        body = dump_pretty(parse(body))
    headers = [*SECURITY_HEADERS, *_headers(answer, request)]
    if body:
        headers.append((b"content-type", answer.media_type.encode()) if answer.media_type else _CONTENT_TYPE)
    if answer.status not in (204, 304):
        headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else body})


def _headers(answer: Answer, request: _Request | None) -> list[tuple[bytes, bytes]]:
    headers = []
    if answer.version:
        headers.append((b"etag", b'W/"%d"' % answer.version))
    if answer.last_modified is not None:
        moment = datetime.fromtimestamp(answer.last_modified // 1_000_000, UTC)
        headers.append((b"last-modified", format_datetime(moment, usegmt=True).encode()))
    if answer.location:
        headers.append((b"location", answer.location.encode()))
    headers += [(name.lower().encode(), text.encode("latin-1")) for name, text in answer.headers]
    if answer.status == 405 and request is not None:
        headers.append((b"allow", ", ".join(allowed(request.path)).encode()))
    return headers
