"""An operation of a script to the request it means: method, address, headers, body.

Law: what the script says outright (url, method, params, headers) wins over what its type implies; a part that cannot be
worked out is `Missing` with a sentence, and then nothing is sent. `params` may lack its `?` or `/`.
Sources: http://hl7.org/fhir/R4/testscript.html (table of operations), http://hl7.org/fhir/R4/http.html#summary.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal
from urllib.parse import quote

from conformance.testscript.memory import Memory, Missing
from conformance.testscript.script import Operation
from conformance.testscript.stored import (
    JSON,
    Identity,
    Stored,
    Unparsed,
    bare,
    media_type,
    parsed,
    written,
)

Place = Literal["instance", "version", "type", "source", "history", "metadata", "system", "operation"]


@dataclass(frozen=True, slots=True)
class Interaction:
    """`place` is what the address names when the script gives neither url nor params."""

    method: str
    place: Place


INTERACTIONS: Mapping[str, Interaction] = {
    "read": Interaction("GET", "instance"),
    "vread": Interaction("GET", "version"),
    "head": Interaction("HEAD", "instance"),
    "update": Interaction("PUT", "source"),
    "updateCreate": Interaction("PUT", "source"),
    "patch": Interaction("PATCH", "instance"),
    "delete": Interaction("DELETE", "instance"),
    "deleteCondSingle": Interaction("DELETE", "type"),
    "deleteCondMultiple": Interaction("DELETE", "type"),
    "create": Interaction("POST", "type"),
    "search": Interaction("GET", "type"),
    "history": Interaction("GET", "history"),
    "batch": Interaction("POST", "system"),
    "transaction": Interaction("POST", "system"),
    "capabilities": Interaction("GET", "metadata"),
    "options": Interaction("OPTIONS", "system"),
}
_FORM = "application/x-www-form-urlencoded"
_BODILESS = ("GET", "HEAD", "DELETE", "OPTIONS")
_URL_SAFE = "!#$%&'()*+,/:;=?@[]~|"


@dataclass(frozen=True, slots=True)
class Form:
    """What applies where the script says nothing: the base of the server and the media type."""

    base: str
    media_type: str = JSON


def request(asked: Operation, memory: Memory, form: Form) -> Stored | Missing:
    """The request; `Stored.media_type` is that of its body."""
    filled = _filled(asked, memory)
    if isinstance(filled, Missing):
        return filled
    body = _body(filled, memory, form)
    if isinstance(body, Missing):
        return body
    url = _url(filled, memory, form, body)
    if isinstance(url, Missing):
        return url
    method = _method(filled, body)
    if filled.type == "search" and method == "POST" and not filled.url:
        url, body = _posted_search(url, body)
    if method in _BODILESS and not filled.source_id:
        body = Stored()
    return replace(body, method=method, url=url, headers=_headers(filled, body, form))


def _filled(asked: Operation, memory: Memory) -> Operation | Missing:
    """The operation with its variables filled in."""
    values: dict[str, Any] = {}
    for name in ("type", "resource", "accept", "content_type", "params", "url"):
        value = memory.fill(getattr(asked, name))
        if isinstance(value, Missing):
            return value
        values[name] = value
    headers = []
    for field, text in asked.headers:
        value = memory.fill(text)
        if isinstance(value, Missing):
            return value
        headers.append((field, value))
    return replace(asked, headers=tuple(headers), **values)


def _method(asked: Operation, body: Stored) -> str:
    if asked.method:
        return asked.method.upper()
    known = INTERACTIONS.get(asked.type)
    if known:
        return known.method
    return "POST" if body.data else "GET"


# ----------------------------------------------------------------------------------------------------- the address


def _url(asked: Operation, memory: Memory, form: Form, body: Stored) -> str | Missing:
    if asked.url:
        return _encoded(_absolute(asked.url, form.base), asked)
    if not (asked.type or asked.params or asked.resource):
        return Missing("the operation says neither what it is (type) nor where it goes (url, params)")
    place = _address(asked, memory, body)
    return place if isinstance(place, Missing) else _encoded(_absolute(place, form.base), asked)


def _absolute(url: str, base: str) -> str:
    if url.startswith(("http://", "https://")):
        return url
    return f"{base}{url}" if url.startswith("?") else f"{base}/{url.lstrip('/')}"


def _encoded(url: str, asked: Operation) -> str:
    """Percent-encodes what may not stand in an address; what is encoded already stays."""
    return quote(url, safe=_URL_SAFE) if asked.encode else quote(url, safe=_URL_SAFE + '"<>\\^`{}')


def _address(asked: Operation, memory: Memory, body: Stored) -> str | Missing:
    """The address below the base."""
    where = _where(asked, memory, body)
    if isinstance(where, Missing):
        return where
    kind = asked.resource or where.type
    if asked.params:
        return _with_params(asked, kind, where)
    known = INTERACTIONS.get(asked.type)
    place: Place = known.place if known else "operation"
    if place in ("instance", "source", "version") and not where.id:
        return Missing(f"the operation {asked.type} names no resource: it needs params, targetId or url")
    if place == "version" and not where.version:
        return Missing(f"{asked.target_id} says no version: neither its body, its Location nor its ETag has one")
    return {
        "instance": f"{kind}/{where.id}",
        "source": f"{kind}/{where.id}",
        "version": f"{kind}/{where.id}/_history/{where.version}",
        "type": kind,
        "history": "/".join(filter(None, (kind, where.id, "_history"))),
        "metadata": "metadata",
        "system": "",
        "operation": "/".join(filter(None, (kind, where.id, "$" + asked.type.removeprefix("$")))),
    }[place]


def _where(asked: Operation, memory: Memory, body: Stored) -> Identity | Missing:
    """The resource the operation is about: its target, or what an update carries."""
    if asked.target_id:
        return memory.target(asked.target_id)
    known = INTERACTIONS.get(asked.type)
    if known and known.place in ("source", "type") and asked.source_id:
        resource = parsed(body.data, body.media_type)
        if not isinstance(resource, Unparsed):
            name = resource.get("id") if known.place == "source" else None
            return Identity(str(resource.get("resourceType", "")), name if isinstance(name, str) else "")
    return Identity()


def _with_params(asked: Operation, kind: str, where: Identity) -> str:
    """`params` go after the type (and after the id and the operation, where they only are a query)."""
    params = asked.params
    if params[0] not in "?/":
        params = ("?" if "=" in params else "/") + params
    known = INTERACTIONS.get(asked.type)
    if params[0] == "/":
        tail = "" if known or "$" in params else "/$" + asked.type.removeprefix("$") if asked.type else ""
        return f"{kind}{_before_query(params, tail)}"
    if known is None and asked.type:
        return "/".join(filter(None, (kind, where.id, "$" + asked.type.removeprefix("$")))) + params
    last = {"history": "_history", "metadata": "metadata"}.get(known.place if known else "", "")
    name = where.id if known is None or known.place != "source" or asked.target_id else ""
    return "/".join(filter(None, (kind, name, last))) + params


def _before_query(params: str, tail: str) -> str:
    path, mark, query = params.partition("?")
    return path.rstrip("/") + tail + mark + query if tail else params


def _posted_search(url: str, body: Stored) -> tuple[str, Stored]:
    """A search by POST has its parameters in the body (http.html#search)."""
    path, _, query = url.partition("?")
    path = path if path.endswith("/_search") else path.rstrip("/") + "/_search"
    return path, body if body.data else Stored(query.encode(), _FORM)


# ----------------------------------------------------------------------------------------------- headers and body


def _headers(asked: Operation, body: Stored, form: Form) -> tuple[tuple[str, str], ...]:
    """A header of the script stands instead of the one that would be sent by itself."""
    said = {name.lower() for name, _ in asked.headers}
    accept = "" if asked.accept == "none" else media_type(asked.accept) or form.media_type
    own = (("Accept", accept), ("Content-Type", body.media_type if body.data else ""))
    return (*((name, value) for name, value in own if value and name.lower() not in said), *asked.headers)


def _body(asked: Operation, memory: Memory, form: Form) -> Stored | Missing:
    if not asked.source_id:
        return Stored()
    found = memory.stored(asked.source_id)
    if isinstance(found, Missing):
        return found
    wanted = "" if asked.content_type == "none" else media_type(asked.content_type)
    if wanted and (content := _content_of(found, wanted)) is not None:
        return _content(content, wanted, memory)
    return _shaped(found, wanted or form.media_type)


def _content_of(found: Stored, wanted: str) -> str | None:
    """The base64 of a Binary to be sent as what it holds: the script names its very media type, or no FHIR form.

    A script has no other way to say what is not a resource (binary.html, http.html#patch).
    """
    short = bare(wanted)
    resource = parsed(found.data, found.media_type)
    if isinstance(resource, Unparsed) or resource.get("resourceType") != "Binary":
        return None
    if short in _RESOURCE_FORMS and short != bare(str(resource.get("contentType", ""))):
        return None
    return str(resource.get("data", ""))


def _shaped(found: Stored, wanted: str) -> Stored:
    """The fixture in the form that is to be sent."""
    short = bare(wanted)
    if ("xml" in short) is found.is_xml or not ("xml" in short or "json" in short):
        return Stored(found.data, wanted)
    resource = parsed(found.data, found.media_type)
    return Stored(found.data if isinstance(resource, Unparsed) else written(resource, short), wanted)


_RESOURCE_FORMS = frozenset(
    {
        "application/fhir+json",
        "application/fhir+xml",
        "application/json",
        "application/xml",
        "text/xml",
        "text/json",
        "application/json+fhir",
        "application/xml+fhir",
    }
)


def _content(encoded: str, wanted: str, memory: Memory) -> Stored | Missing:
    try:
        data = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        return Missing("the data of the Binary is not base64")
    try:
        text = memory.fill(data.decode())
    except UnicodeDecodeError:
        return Stored(data, wanted)
    return text if isinstance(text, Missing) else Stored(text.encode(), wanted)
