"""What requests and answers look like, interaction by interaction: the tables of the OpenAPI document.

Source: FHIR R4 http.html, search.html, operations.html, async.html. A status stands here when the code can give it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from fhir_server.rest.negotiation import FORMATS
from fhir_server.rest.openapi_schemas import reference
from profiles.issue import kinds

Json = dict[str, Any]
JSON, XML, NDJSON = "application/fhir+json", "application/fhir+xml", "application/fhir+ndjson"
JSON_PATCH, XML_PATCH = "application/json-patch+json", "application/xml-patch+xml"
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Shape:
    """One interaction: `parameters` and `body` name components; `answers` gives the content of each success.

    The content is the name of a schema (`Own`: the type of the address), a media type, or '' for no body.
    """

    says: str
    parameters: tuple[str, ...]
    answers: Mapping[int, tuple[str, ...]]
    refusals: tuple[int, ...]
    body: str = ""


_ALWAYS = (400, 404, 406, 414, 500)
_BODY = (413, 415)
_WRITE = (403, 409, 412, 422, 503)
_FORMATTED = ("_format", "_pretty")
_TOLD = ("X-Provenance", "Prefer", *_FORMATTED)
_PART = ("_summary", "_elements", *_FORMATTED)
_READ = (*_PART, "If-None-Match", "If-Modified-Since")
_SEARCH = (
    *("_count", "_sort", "_include", "_revinclude", "_total", "_contained", *_PART),
    *("_filter", "_list", "criteria", "Prefer"),
)
_HISTORY = ("_count", "_since", "_at", "_total", *_PART, "Prefer")
_SAVED = MappingProxyType({200: ("Own", "OperationOutcome"), 201: ("Own", "OperationOutcome")})
_BUNDLE: Mapping[int, tuple[str, ...]] = MappingProxyType({200: ("Bundle",)})

SHAPES: Mapping[str, Shape] = MappingProxyType(
    {
        "capabilities": Shape(
            "What this server can do",
            ("mode", *_READ),
            {200: ("CapabilityStatement", "TerminologyCapabilities"), 304: ()},
            _ALWAYS,
        ),
        "openapi": Shape(
            "This document", ("_type", "If-None-Match"), {200: ("application/json",), 304: ()}, (400, 404, 414)
        ),
        "batch": Shape(
            "A batch or a transaction", (*_FORMATTED, "Prefer"), _BUNDLE, (*_ALWAYS, *_BODY, *_WRITE, 410), "Bundle"
        ),
        "job-status": Shape(
            "How far a job is, or its result",
            _FORMATTED,
            {200: ("application/json", "Resource"), 202: ()},
            (*_ALWAYS, 409, 422, 503),
        ),
        "job-cancel": Shape("Takes a job back", _FORMATTED, {202: ()}, (*_ALWAYS, 503)),
        "job-file": Shape("A file of a result", (), {200: (NDJSON,)}, (400, 404, 410, 414, 500)),
        "search-type": Shape("Search", _SEARCH, _BUNDLE, (*_ALWAYS, 409, 410)),
        "search-system": Shape("Search over several types", ("_type", *_SEARCH), _BUNDLE, (*_ALWAYS, 409, 410)),
        "search-compartment": Shape("Search in a compartment", ("_type", *_SEARCH), _BUNDLE, (*_ALWAYS, 409, 410)),
        "create": Shape("Create", ("If-None-Exist", *_TOLD), _SAVED, (*_ALWAYS, *_BODY, *_WRITE), "Own"),
        "read": Shape("Read", _READ, {200: ("Own",), 304: ()}, (*_ALWAYS, 410)),
        "vread": Shape("Read a version", _READ, {200: ("Own",), 304: ()}, (*_ALWAYS, 410)),
        "update": Shape(
            "Update, or create under an id",
            ("If-Match", "If-None-Match", *_TOLD),
            _SAVED,
            (*_ALWAYS, *_BODY, *_WRITE),
            "Own",
        ),
        "patch": Shape(
            "Change parts",
            ("If-Match", *_TOLD),
            {200: ("Own", "OperationOutcome")},
            (*_ALWAYS, 410, *_BODY, *_WRITE),
            "Patch",
        ),
        "delete": Shape(
            "Delete",
            ("If-Match", "Prefer", *_FORMATTED),
            {200: ("OperationOutcome",), 204: ()},
            (*_ALWAYS, *_WRITE),
        ),
        "history-system": Shape("Every version of everything", _HISTORY, _BUNDLE, (*_ALWAYS, 410)),
        "history-type": Shape("Every version of a type", _HISTORY, _BUNDLE, (*_ALWAYS, 410)),
        "history-instance": Shape("Every version of a resource", _HISTORY, _BUNDLE, (*_ALWAYS, 410)),
    }
)
"""By the interaction of a route."""

ASKING = Shape("Operation", _FORMATTED, {200: ("Resource",), 202: ()}, (*_ALWAYS, 403, 409, 410, 412, 422, 503))
"""An operation called by GET; by POST it has a body besides."""
CONDITIONAL = ("criteria",)
"""What an update, patch or delete without an id takes besides."""

OPERATION_INPUTS: Mapping[str, tuple[tuple[str, str], ...]] = MappingProxyType(
    {
        "import": (),
        "export": (
            *(("_outputFormat", "string"), ("_since", "instant"), ("_until", "instant"), ("_type", "string")),
            *(("_typeFilter", "string"), ("_elements", "string")),
        ),
        "status": (("id", "id"), ("status", "code")),
        "events": (("eventsSinceNumber", "string"), ("eventsUntilNumber", "string"), ("content", "code")),
        "get-ws-binding-token": (("id", "id"),),
    }
)
"""Of operations whose definitions stand in other guides than R4: name and type."""


# ------------------------------------------------------------------------------------------------------- components


def _query(name: str, says: str, schema: Json, *, example: str = "") -> Json:
    shown = {"name": name, "in": "query", "description": says, "schema": schema}
    return shown | ({"example": example} if example else {})


def _header(name: str, says: str, example: str = "") -> Json:
    shown = {"name": name, "in": "header", "description": says, "schema": {"type": "string"}}
    return shown | ({"example": example} if example else {})


def _choice(*names: str) -> Json:
    return {"type": "string", "enum": list(names)}


_TEXT: Json = {"type": "string"}
_LIST: Json = {"type": "array", "items": _TEXT}
PARAMETERS: Mapping[str, Json] = MappingProxyType(
    {
        "id": {"name": "id", "in": "path", "required": True, "schema": reference("id"), "example": "example"},
        "version": {
            **{"name": "version", "in": "path", "required": True, "example": "1"},
            "schema": {"type": "string", "pattern": "^[1-9][0-9]{0,8}$"},
        },
        "job": {"name": "id", "in": "path", "required": True, "schema": reference("id")},
        "file": {"name": "name", "in": "path", "required": True, "schema": reference("id")},
        "_format": _query("_format", "Goes before Accept", _choice(*sorted(FORMATS)), example="json"),
        "_pretty": _query("_pretty", "Indented", {"type": "boolean"}),
        "_summary": _query("_summary", "A part", _choice("true", "text", "data", "count", "false")),
        "_elements": _query("_elements", "These elements and the mandatory ones", _TEXT, example="id,meta"),
        "_count": _query("_count", "Resources on a page", {"type": "integer", "minimum": 0, "maximum": 999999999}),
        "_sort": _query("_sort", "Parameters to sort by, `-` for descending", _TEXT, example="-_lastUpdated"),
        "_include": _query("_include", "Type:parameter[:Target]", _LIST),
        "_revinclude": _query("_revinclude", "Type:parameter[:Target]", _LIST),
        "_total": _query("_total", "How the total is made", _choice("none", "estimate", "accurate")),
        "_contained": _query("_contained", "Contained resources are not searched", _choice("false")),
        "_filter": _query("_filter", "An expression (search_filter.html)", _TEXT),
        "_list": _query("_list", "What a List holds", reference("id")),
        "_type": _query("_type", "Types, by commas", _TEXT, example="Patient,Observation"),
        "_since": _query("_since", "From this instant on", reference("instant")),
        "_at": _query("_at", "Current at this time", reference("dateTime")),
        "mode": _query("mode", "Which statement", _choice("full", "normative", "terminology")),
        "criteria": {
            **_query(
                "criteria",
                "Search parameters of the type, with modifiers, chains and `_has`: /metadata lists them",
                {"type": "object", "additionalProperties": _TEXT},
            ),
            **{"style": "form", "explode": True},
        },
        "If-Match": _header("If-Match", "Only when this is the version", 'W/"1"'),
        "If-None-Match": _header("If-None-Match", "Read: not these versions; update: `*` only when there is none"),
        "If-None-Exist": _header("If-None-Exist", "Conditional create: search parameters", "identifier=http://s|1"),
        "If-Modified-Since": _header("If-Modified-Since", "An HTTP date", "Wed, 01 Jul 2026 00:00:00 GMT"),
        "X-Provenance": _header("X-Provenance", "A Provenance in JSON, without its target: what is written with it"),
        "Prefer": _header("Prefer", "return=…, handling=…, respond-async", "return=representation"),
    }
)

HEADERS: Mapping[str, Json] = MappingProxyType(
    {
        name: {"description": says, "schema": {"type": "string"}}
        for name, says in (
            ("ETag", "The version, weak"),
            ("Last-Modified", "When the version was made"),
            ("Location", "The version that was written"),
            ("Content-Location", "The version that is in the body, or where the job is looked after"),
            ("X-Progress", "How far the job is"),
            ("Retry-After", "Seconds"),
            ("Expires", "Until when the result is kept"),
        )
    }
)
HEADERS_OF: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "capabilities": ("ETag",),
        "openapi": ("ETag",),
        "read": ("ETag", "Last-Modified", "Content-Location"),
        "vread": ("ETag", "Last-Modified", "Content-Location"),
        **dict.fromkeys(("create", "update", "patch"), ("ETag", "Last-Modified", "Location", "Content-Location")),
        "delete": ("ETag",),
        "job-status": ("X-Progress", "Retry-After", "Expires"),
        "job-file": ("Expires",),
    }
)
"""Of the answers of an interaction that is no refusal."""


def refusals() -> dict[str, Json]:
    """One response component a status, with the codes of our own that lead to it."""
    found: dict[str, Json] = {}
    for status in sorted({kind.http for kind in kinds().values() if kind.http >= 400} | {405, 500}):
        found[str(status)] = {
            "description": HTTPStatus(status).phrase,
            "content": {JSON: {"schema": reference("OperationOutcome")}, XML: {}},
        }
    return found


REQUEST_BODIES: Mapping[str, Json] = MappingProxyType(
    {
        "Patch": {
            "required": True,
            "content": {
                JSON_PATCH: {
                    "schema": reference("JsonPatch"),
                    "example": [{"op": "replace", "path": "/active", "value": False}],
                },
                JSON: {"schema": reference("Parameters")},
                XML_PATCH: {},
                XML: {},
            },
        },
        "Form": {"content": {FORM: {"schema": {"type": "object", "additionalProperties": _TEXT}}}},
        "Lines": {"required": True, "content": {NDJSON: {}, JSON: {"schema": reference("Parameters")}, XML: {}}},
    }
)

JSON_PATCH_SCHEMA: Json = {
    "type": "array",
    "maxItems": 1000,
    "items": {
        "type": "object",
        "required": ["op", "path"],
        "properties": {
            "op": _choice("add", "remove", "replace", "move", "copy", "test"),
            "path": {"type": "string", "pattern": "^(/[^/]*)*$"},
            "from": {"type": "string", "pattern": "^(/[^/]*)*$"},
            "value": {},
        },
    },
}
