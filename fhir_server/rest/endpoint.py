"""HTTP in, HTTP out: the only module that knows both the protocol and the interactions (raw ASGI, no framework).

Handlers speak JSON bytes; what the caller wants instead (XML, indented, compressed) is made here, at the edge. Whatever
goes wrong is an OperationOutcome. An exception of our own is logged under an incident id, with its class and place but
never with values, and answered with that id.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from datetime import UTC, datetime
from email.utils import format_datetime
from time import perf_counter
from typing import Any, NamedTuple
from uuid import uuid4

from fhir_server.log import log
from fhir_server.problem import outcome
from fhir_server.rest.address import form_text, pairs, parameters_of, segments
from fhir_server.rest.content_coding import coding_issue, decompressed, is_gzip, welcomes_gzip
from fhir_server.rest.cors import Cors
from fhir_server.rest.exchange import ANYONE, Answer, Call, Caller, Change, Services, refusal, refused
from fhir_server.rest.landing import Landing
from fhir_server.rest.metrics import Metrics
from fhir_server.rest.negotiation import (
    EXPLICIT,
    PATCHES,
    Format,
    answer_format,
    body_format,
    is_form,
    media_type,
    patch_issue,
    preferences,
    pretty,
)
from fhir_server.rest.public_base import Public, direct
from fhir_server.rest.rendering import AS_IT_IS, Form, rendered, work_left
from fhir_server.rest.router import Route, allowed, carry_out, find
from fhir_server.rest.upload import NDJSON, uploaded
from fhir_server.store.write import Refused, Written
from fhir_server.store.writer import Unwritten
from profiles.issue import Issue

Headers = Mapping[bytes, bytes]
Identify = Callable[[Headers], Caller]
"""From the headers of a request to who asks."""
LONGEST_ADDRESS = 16 * 1024
INLINE = 32 * 1024
_SHORT = frozenset({"create", "update", "delete"})
"""Interactions that read no database; with a body up to INLINE a hop to a thread would cost more than it saves.
Not those of a Binary, whose content is large and has to be unpacked."""
_ONE_ROW = frozenset({"read", "vread"})
"""Reads of one row: from an embedded database they take less than the hop to a thread (measured 60-100 µs of 250)."""
_FEW = 40
"""Writes whose answer is made in less time than the hop to a thread takes."""
_OWN_MEDIA = frozenset({"job-file", "openapi"})
"""Interactions whose answer is no resource: Accept says nothing about it."""
_LISTS = frozenset({b"accept", b"accept-encoding", b"forwarded", b"if-none-match", b"prefer", b"x-forwarded-host"})
"""Headers that may stand several times and then are one list (RFC 9110 5.3)."""
SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"vary", b"Accept, Accept-Encoding"),
)
_GZIP = b"\x1f\x8b"
_TRACED = frozenset({b"x-request-id", b"x-correlation-id"})
"""Headers by which a caller finds an answer again: they come back as they were (http.html, custom headers)."""
_TRACE = re.compile(rb"[\x21-\x7e]{1,128}")


def anyone(_headers: Headers) -> Caller:
    """The caller while no security is configured."""
    return ANYONE


class _Request(NamedTuple):
    """What the endpoint keeps of the ASGI scope."""

    method: str
    path: tuple[str, ...]
    parameters: tuple[tuple[str, str], ...]
    headers: Headers
    base: str
    format: Format | Issue
    issue: Issue | None = None
    """What is wrong with the address itself."""

    @property
    def form(self) -> Form:
        """How the answer leaves; a format that cannot be given is refused in JSON."""
        gzip = b"accept-encoding" in self.headers and welcomes_gzip(_text(self.headers, b"accept-encoding"))
        form = self.format if isinstance(self.format, Format) else Format.JSON
        return Form(form, bool(self.parameters) and pretty(self.parameters), gzip)


class _Begun(NamedTuple):
    """A change on its way, and what is going to come of it."""

    change: Change
    outcome: Future[tuple[Written, ...] | Refused]


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
        public: Public = direct,
        cors: Cors | None = None,
    ) -> None:
        self._services, self._executor, self._metrics = services, executor, metrics
        self._short = _SHORT | _ONE_ROW if services.database.dialect == "sqlite" else _SHORT
        self._base_url, self._identify, self._prefix = base_url.rstrip("/"), identify, prefix
        self._public = public
        self._cors = cors or Cors()
        self._landing: Landing[Any] = Landing()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        started = perf_counter()
        request = self._request(scope)
        interaction, form = "none", AS_IT_IS
        try:
            interaction, answer, request = await self._answer(request, receive)
            form = request.form
            body = await self._rendered(answer, form) if work_left(answer, form) else answer.body
        except Unwritten:
            answer = refused("store-unavailable")
            body, form = _plain(answer, request)
        except Exception as error:
            answer = _incident(error, interaction)
            body, form = _plain(answer, request)
        await self._send(send, answer, body, form.format.value, request)
        self._metrics.seen(interaction, answer.status, perf_counter() - started)

    def _request(self, scope: Any) -> _Request:
        query, raw_path = scope["query_string"], scope.get("raw_path") or scope["path"].encode()
        path: tuple[str, ...] | Issue
        parameters: tuple[tuple[str, str], ...] | Issue
        if len(query) + len(raw_path) > LONGEST_ADDRESS:
            path, parameters = Issue("url-too-long", "http", details={"limit": str(LONGEST_ADDRESS)}), ()
        else:
            path = segments(raw_path.partition(b"?")[0].removeprefix(self._prefix.encode()))
            below = () if isinstance(path, Issue) else path
            parameters = parameters_of(scope["method"], below, query.decode("latin-1")) if query else ()
        issue = next((each for each in (path, parameters) if isinstance(each, Issue)), None)
        if isinstance(path, Issue) or isinstance(parameters, Issue):
            path, parameters = (), ()
        headers = _joined(scope["headers"])
        if len(headers) < len(scope["headers"]) and _named_twice(scope["headers"]):
            issue = Issue("host-repeated", "http.Host")
        base = self._base_url or self._public(headers, scope.get("scheme", "http"), self._prefix, _peer(scope))
        form = answer_format(_text(headers, b"accept"), parameters)
        return _Request(scope["method"], path, parameters, headers, base, form, issue)

    async def _answer(self, request: _Request, receive: Any) -> tuple[str, Answer, _Request]:
        if request.issue is not None:
            return "none", refusal(request.issue), request
        if request.method == "OPTIONS":
            return "options", self._options(request), request
        found = find(request.method, request.path)
        if isinstance(found, Answer):
            return "none", found, request
        route, placed = found
        if isinstance(request.format, Issue) and not _own_media(route, placed):
            return "none", refusal(request.format), request
        call = self._call(request, placed)
        if request.method in ("POST", "PUT", "PATCH"):
            read = await self._with_body(call, request, receive, route, placed)
            if isinstance(read, Answer):
                return route.interaction, read, request
            if read.parameters is not call.parameters:
                request = request._replace(
                    parameters=read.parameters, format=answer_format(read.accept, read.parameters)
                )
                if isinstance(request.format, Issue):
                    return "none", refusal(request.format), request
            call = read
        inline = route.interaction in self._short and len(call.body) <= INLINE and placed.get("type") != "Binary"
        work = self._here if inline else self._in_thread
        result = await work(self._begun, route, call)
        if isinstance(result, _Begun):
            result = await self._committed(result, work)
        return route.interaction, result, request

    def _begun(self, route: Route, call: Call) -> Answer | _Begun:
        """The answer, or the change that was handed to the one door: in the same thread, since each hop costs."""
        result = carry_out(route, {}, call, self._services)
        if not isinstance(result, Change):
            return result
        return _Begun(result, self._services.door.write(result.writes, call.caller.scope))

    def _options(self, request: _Request) -> Answer:
        """204 with what may be done here; to a page's preflight also whether it may."""
        methods = allowed(request.path)
        if not methods:
            return refused("interaction-unknown", "http")
        preflight = self._cors.preflight(_text(request.headers, b"origin"), methods)
        headers = tuple((name.decode(), text.decode()) for name, text in preflight)
        if "PATCH" in methods:
            headers += (("accept-patch", ", ".join(sorted(PATCHES | EXPLICIT))),)
        return Answer(204, headers=(("allow", ", ".join((*methods, "OPTIONS"))), *headers))

    def _call(self, request: _Request, placed: Mapping[str, str]) -> Call:
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
            security_context=_text(headers, b"x-security-context"),
            provenance=_text(headers, b"x-provenance"),
            **placed,  # type: ignore[arg-type]
        )

    async def _with_body(
        self, call: Call, request: _Request, receive: Any, route: Route, placed: Mapping[str, str]
    ) -> Call | Answer:
        if route.interaction == "$import" and media_type(call.content_type) in NDJSON:
            return await self._uploaded(call, request, receive)
        form = request.path[-1:] == ("_search",) and bool(call.content_type)
        issue = None if form and is_form(call.content_type) else _body_issue(call, route, placed)
        if issue is None and form and not is_form(call.content_type):
            issue = Issue("media-type-form", "http.Content-Type")
        issue = issue or coding_issue(_text(request.headers, b"content-encoding"))
        if issue is not None:
            return refusal(issue)
        body = await _body(receive, request.headers, self._services.body_limit)
        if isinstance(body, bytes) and is_gzip(_text(request.headers, b"content-encoding")):
            work = self._here if len(body) <= INLINE else self._in_thread
            body = await work(decompressed, body, self._services.body_limit)
        if isinstance(body, Issue):
            return refusal(body)
        if not form:
            return call._replace(body=body)
        given = pairs(form_text(body))
        return refusal(given) if isinstance(given, Issue) else call._replace(parameters=(*call.parameters, *given))

    async def _uploaded(self, call: Call, request: _Request, receive: Any) -> Call | Answer:
        """The body of an import lies in a file, as it came."""
        desk = self._services.jobs
        assert desk is not None, "only a server has jobs"
        if _text(request.headers, b"content-encoding") not in ("", "identity"):
            return refused("content-encoding", "http.Content-Encoding")
        found = await uploaded(receive, request.headers, desk.folder, desk.import_limit)
        return refusal(found) if isinstance(found, Issue) else call._replace(upload=found)

    async def _rendered(self, answer: Answer, form: Form) -> bytes:
        """The bytes to send; a large body is turned over in a thread."""
        work = self._here if len(answer.body) <= INLINE else self._in_thread
        body: bytes = await work(rendered, answer, form)
        return body

    async def _send(self, send: Any, answer: Answer, body: bytes, media_type: str, request: _Request) -> None:
        headers = _headers(answer, request.path)
        if answer.media_type:  # content of others may come with rules of its own
            own = {name for name, _ in headers}
            headers += [pair for pair in SECURITY_HEADERS if pair[0] not in own]
        else:
            headers += SECURITY_HEADERS
        if answer.body or answer.media_type:
            headers.append((b"content-type", (answer.media_type or media_type).encode()))
        if body is not answer.body and body.startswith(_GZIP):
            headers.append((b"content-encoding", b"gzip"))
        if answer.status not in (204, 304):
            headers.append((b"content-length", str(len(body)).encode()))
        for name in _TRACED & request.headers.keys():
            if _TRACE.fullmatch(request.headers[name]):
                headers.append((name, request.headers[name]))
        if self._cors.active:
            headers += self._cors.permission(_text(request.headers, b"origin"))
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if request.method == "HEAD" else body})

    async def _in_thread(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return await self._landing.outcome(self._executor.submit(function, *arguments))

    async def _here(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return function(*arguments)

    async def _committed(self, begun: _Begun, work: Callable[..., Any]) -> Answer:
        """The answer after the commit; waiting holds no thread, so many writes share one commit."""
        written = await self._landing.outcome(begun.outcome)
        if isinstance(written, Refused):
            return refusal(*written.issues)
        if not begun.change.reads and len(written) <= _FEW:
            work = self._here
        answer: Answer = await work(begun.change.answer, written)
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


def _plain(answer: Answer, request: _Request) -> tuple[bytes, Form]:
    """A fault of ours in the format that was asked for, if that is not what is at fault."""
    form = request.form._replace(gzip=False)
    try:
        return rendered(answer, form), form
    except Exception as error:
        log.error("an answer cannot be rendered", error=type(error).__name__)
        return answer.body, AS_IT_IS


def _peer(scope: Any) -> str:
    """The address a request came from, '' over a socket that has none."""
    return (scope.get("client") or ("",))[0]


def _text(headers: Headers, name: bytes) -> str:
    return headers.get(name, b"").decode("latin-1")


def _incident(error: Exception, interaction: str) -> Answer:
    """500 under an incident id. The log gets the class and the place; a message may quote values, so it stays out."""
    incident = uuid4().hex[:12]
    place = traceback.extract_tb(error.__traceback__)[-1]
    frame = f"{place.filename.rpartition('/')[2]}:{place.lineno}"
    log.error("incident", incident=incident, interaction=interaction, error=type(error).__name__, place=frame)
    return Answer(500, outcome((Issue("internal-error", details={"incident": incident}),)))


def _joined(listed: list[tuple[bytes, bytes]]) -> Headers:
    """The headers by name; of one that stands twice the last counts, unless it is a list."""
    headers = dict(listed)
    if len(headers) < len(listed):
        for name in _LISTS & headers.keys():
            headers[name] = b",".join(text for other, text in listed if other == name)
    return headers


def _named_twice(listed: list[tuple[bytes, bytes]]) -> bool:
    """Whether the request names two hosts: each of those who pass it on may go by another (RFC 9112 3.2)."""
    return sum(name == b"host" for name, _ in listed) > 1


def _own_media(route: Route, placed: Mapping[str, str]) -> bool:
    """Whether an answer may be something else than a resource, whatever Accept says."""
    return route.interaction in _OWN_MEDIA or (route.interaction in _ONE_ROW and placed.get("type") == "Binary")


def _body_issue(call: Call, route: Route, placed: Mapping[str, str]) -> Issue | None:
    """Why a body of this Content-Type is not read; a Binary takes every type there is."""
    if route.interaction in ("create", "update") and placed.get("type") == "Binary":
        return None
    if call.method == "PATCH":
        return patch_issue(call.content_type)
    form = body_format(call.content_type)
    return form if isinstance(form, Issue) else None


def _headers(answer: Answer, path: tuple[str, ...]) -> list[tuple[bytes, bytes]]:
    headers = []
    if answer.version:
        headers.append((b"etag", b'W/"%d"' % answer.version))
    if answer.last_modified is not None:
        moment = datetime.fromtimestamp(answer.last_modified // 1_000_000, UTC)
        headers.append((b"last-modified", format_datetime(moment, usegmt=True).encode()))
    if answer.location:
        headers.append((b"location", answer.location.encode()))
        if answer.body and not answer.body.startswith(_OUTCOME):
            headers.append((b"content-location", answer.location.encode()))
    headers += [(name.lower().encode(), text.encode("latin-1")) for name, text in answer.headers]
    if answer.status == 405:
        headers.append((b"allow", ", ".join(allowed(path)).encode()))
    if answer.status == 415:
        headers.append((b"accept-encoding", b"gzip"))
    return headers


_OUTCOME = b'{"resourceType":"OperationOutcome"'
