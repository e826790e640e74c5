"""openapi: the API as an OpenAPI 3.1 document, made from the route table and the definitions, as /metadata is.

Without `_type` it describes the addresses of every type once (`/{type}/{id}`) and has the schemas of all types;
`_type=Patient,Observation` gives these types addresses, search parameters and bodies of their own.
Source: https://spec.openapis.org/oas/v3.1.0.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import orjson

from fhir_server.operations.definitions import operation_definition
from fhir_server.operations.registry import OPERATIONS, Level, Operation
from fhir_server.rest.capabilities import Routed, about
from fhir_server.rest.exchange import Answer, Call, Services, refusal, refused
from fhir_server.rest.identity import NOT_STORED, type_issue
from fhir_server.rest.openapi_schemas import reference, schemas
from fhir_server.rest.openapi_shapes import (
    ASKING,
    CONDITIONAL,
    HEADERS,
    HEADERS_OF,
    JSON,
    JSON_PATCH_SCHEMA,
    OPERATION_INPUTS,
    PARAMETERS,
    REQUEST_BODIES,
    SHAPES,
    XML,
    Shape,
    refusals,
)
from fhir_server.search.compartment import COMPARTMENTS
from fhir_server.search.composite import composites
from fhir_server.search.overlay import current as known_parameters
from fhir_server.search.parameters import parameters
from profiles.definitions import primitive_types, resource_types

Json = dict[str, Any]
Rows = tuple[tuple[str, str, str], ...]
"""(method, address, interaction)."""
_ANY = "{type}"
_MOST_TYPES = 40
"""Each takes 50 kB: all of them would be 7 MB that no viewer opens."""
_TRAVELLING = ("Bundle", "CapabilityStatement", "OperationOutcome", "Parameters", "TerminologyCapabilities")
"""Types that every document needs."""
_LEVELS: Mapping[Level, str] = {
    Level.SYSTEM: "/$",
    Level.TYPE: "/{type}/$",
    Level.INSTANCE: "/{type}/{id}/$",
    Level.VERSION: "/{type}/{id}/_history/{version}/$",
}


def openapi(call: Call, _services: Services, routes: Sequence[Routed]) -> Answer:
    """200 with the document; 304 when the caller has it; 404 for a type that is not stored."""
    asked = [text for name, text in call.parameters if name == "_type"]
    types = tuple(sorted({kind for text in asked for kind in text.split(",") if kind}))
    issue = next(filter(None, map(type_issue, types)), None)
    if issue is not None:
        return refusal(issue)
    if len(types) > _MOST_TYPES:
        return refused("search-value", "http._type", name="_type", type=f"list of at most {_MOST_TYPES} types")
    rows = tuple((route.method, route.address, route.interaction) for route in routes)
    rest = _made(rows, types, known_parameters().generation)
    # The base comes from the request: it is put in front of the bytes that are the same for all.
    body = b'{"openapi":"3.1.0","servers":[{"url":%s}],' % orjson.dumps(call.base) + rest[1:]
    tag = f'W/"{blake2b(body, digest_size=8).hexdigest()}"'
    if tag in call.if_none_match:
        return Answer(304, headers=(("etag", tag),))
    return Answer(200, body, headers=(("etag", tag),), media_type="application/json")


@lru_cache(maxsize=8)
def _made(rows: Rows, types: tuple[str, ...], _generation: int) -> bytes:
    """The document without its servers."""
    paths: dict[str, Json] = {}
    for place in types or (_ANY,):
        for address, method, described in _described(rows, place):
            paths.setdefault(address, {})[method] = described
    known = set(types) if types else set(resource_types())
    stored = sorted(resource_types() - NOT_STORED)
    document = {
        "info": {
            "title": "Qiao FHIR R4 API",
            "version": about()["version"],
            "description": "HEAD works wherever GET does. /metadata says the same in the words of FHIR.",
        },
        "externalDocs": {"url": "http://hl7.org/fhir/R4/http.html"},
        "tags": [{"name": name} for name in ("System", "Jobs", *(types or ("Resources",)))],
        "paths": dict(sorted(paths.items())),
        "components": {
            "parameters": {
                **PARAMETERS,
                "type": _path_parameter("type", {"type": "string", "enum": stored}, "Patient"),
                "member": _path_parameter("name", {"type": "string", "enum": ["*", *stored]}, "Observation"),
                "compartment": _path_parameter("type", {"type": "string", "enum": sorted(COMPARTMENTS)}, "Patient"),
            },
            "headers": dict(HEADERS),
            "responses": refusals(),
            "requestBodies": dict(REQUEST_BODIES),
            "schemas": {**schemas({*known, *_TRAVELLING}), "JsonPatch": JSON_PATCH_SCHEMA},
        },
    }
    return orjson.dumps(document)


def _path_parameter(name: str, schema: Json, example: str) -> Json:
    return {"name": name, "in": "path", "required": True, "schema": schema, "example": example}


# ------------------------------------------------------------------------------------------------------------ paths


def _described(rows: Rows, place: str) -> Iterator[tuple[str, str, Json]]:
    """(address, method, operation) of everything that answers at `{type}`, or at one type."""
    for method, address, interaction in rows:
        if interaction == "search-compartment" and place not in (_ANY, *COMPARTMENTS):
            continue
        yield _placed(address, place), method.lower(), _interaction(method, address, interaction, place)
    for each in OPERATIONS:
        for level, start in _LEVELS.items():
            if level in each.levels and _at(each, level, place):
                # One that answers at a few types only stands at these, also where the rest is described once.
                own = sorted(each.types) if place == _ANY and each.types and level is not Level.SYSTEM else [place]
                for kind in own:
                    for method in ("post",) if each.affects_state else ("get", "post"):
                        address = _placed(start + each.code, kind)
                        yield address, method, _operation(each, method, address, kind)


def _at(each: Operation, level: Level, place: str) -> bool:
    return level is Level.SYSTEM or place == _ANY or each.answers(level, place)


def _placed(address: str, place: str) -> str:
    return address.replace(_ANY, place)


def _interaction(method: str, address: str, interaction: str, place: str) -> Json:
    shape = SHAPES[interaction]
    own = place if _ANY in address else ""
    named = [_address_parameter(part, address, own) for part in address.split("/") if part[:1] == "{"]
    listed = [each for each in named if each]
    by_form, conditional = address.endswith("_search"), address == "/{type}" and interaction in _BY_CRITERIA
    listed += CONDITIONAL if conditional else ()
    listed += () if by_form else shape.parameters
    links = [{"$ref": f"#/components/parameters/{name}"} for name in listed]
    searched = own if interaction == "search-type" and not by_form and own != _ANY else ""
    words = (*interaction.split("-"), *(["form"] if by_form else ()), *(["conditional"] if conditional else ()))
    return _whole(
        shape,
        _camel((*words, own.strip("{}"))),
        [*links, *_search_parameters(searched)] if searched else links,
        own,
        tag="Jobs" if interaction.startswith("job") else "",
        body="Form" if by_form else shape.body,
        headers=HEADERS_OF.get(interaction, ()),
    )


_BY_CRITERIA = frozenset({"update", "patch", "delete"})
"""Interactions that without an id are conditional."""


def _camel(words: Iterable[str]) -> str:
    first, *others = words
    return first + "".join(word[:1].upper() + word[1:] for word in others)


def _address_parameter(part: str, address: str, own: str) -> str:
    """The component a part of an address is; '' where a type stands in its place."""
    name = part[1:-1]
    if address.startswith("/_job"):
        return {"id": "job", "name": "file"}[name]
    if name == "type" and own != _ANY:
        return ""
    if "{name}" in address:
        return {"type": "compartment", "name": "member"}.get(name, name)
    return name


def _search_parameters(kind: str) -> list[Json]:
    listed: list[tuple[str, str]] = [(each.code, each.kind) for each in parameters(kind).values()]
    listed += [(code, "composite") for code in composites(kind)]
    return [
        {
            "name": code,
            "in": "query",
            "description": of,
            "schema": {"type": "array", "items": {"type": "string"}},
        }
        for code, of in sorted(listed)
    ]


def _operation(each: Operation, method: str, address: str, place: str) -> Json:
    own = place if place in address else ""
    named = [_address_parameter(part, address, own) for part in address.split("/") if part[:1] == "{"]
    links = [{"$ref": f"#/components/parameters/{name}"} for name in (*filter(None, named), *ASKING.parameters)]
    inputs = [
        {"name": name, "in": "query", "schema": reference(kind)} for name, kind in _inputs(each) if name != "id" or own
    ]
    refused = ASKING.refusals if method == "get" else (*ASKING.refusals, 413, 415)
    shape = Shape(f"${each.code}", (), ASKING.answers, refused)
    places = [part.strip("{}_") for part in address.strip("/").split("/")[:-1]]
    name = _camel([*each.code.split("-"), *places, method])
    body = "" if method == "get" else "Lines" if each.code == "import" else "Parameters"
    described = _whole(shape, name, [*links, *(inputs if method == "get" else [])], own, tag="", body=body)
    return described | {"externalDocs": {"url": each.definition}}


def _inputs(each: Operation) -> list[tuple[str, str]]:
    """The in-parameters that a query can carry."""
    if each.code in OPERATION_INPUTS:
        return list(OPERATION_INPUTS[each.code])
    listed = operation_definition(each.definition)["parameter"]
    named = [(row["name"], row.get("type", "")) for row in listed if row["use"] == "in"]
    return [(name, kind) for name, kind in named if kind in primitive_types()]


# ------------------------------------------------------------------------------------------------------- operations


def _whole(
    shape: Shape, name: str, listed: list[Json], own: str, *, tag: str, body: str, headers: Sequence[str] = ()
) -> Json:
    kind = "Resource" if own in ("", _ANY) else own
    described: Json = {
        "operationId": name,
        "summary": shape.says,
        "tags": [tag or ("System" if not own else "Resources" if own == _ANY else own)],
        "parameters": listed,
        "responses": {
            **{str(status): _answer(status, content, kind, headers) for status, content in shape.answers.items()},
            **{str(status): {"$ref": f"#/components/responses/{status}"} for status in sorted(shape.refusals)},
        },
    }
    if body:
        described["requestBody"] = _body(body, kind)
    return {key: value for key, value in described.items() if value != []}


def _answer(status: int, content: Sequence[str], kind: str, headers: Sequence[str]) -> Json:
    said: Json = {"description": {200: "OK", 201: "Created", 202: "Accepted", 204: "Done"}.get(status, "Not modified")}
    names = (*headers, "Content-Location", "X-Progress", "Retry-After") if status == 202 else headers
    if names:
        said["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in dict.fromkeys(names)}
    given: Json = {name: {} for name in content if "/" in name}
    links = [reference(kind if name == "Own" else name) for name in content if "/" not in name]
    if links:
        given |= {JSON: {"schema": links[0] if len(links) == 1 else {"anyOf": links}}, XML: {}}
    if "Own" in content and kind in ("Resource", "Binary") and status == 200:
        given["*/*"] = {}  # the content of a Binary
    return said | ({"content": given} if given else {})


def _body(body: str, kind: str) -> Json:
    if body in REQUEST_BODIES:
        return {"$ref": f"#/components/requestBodies/{body}"}
    name = kind if body == "Own" else body
    content: Json = {JSON: {"schema": reference(name)}, XML: {}}
    example = _EXAMPLES.get(name)
    if example:
        content[JSON]["example"] = example
    if name in ("Resource", "Binary"):
        content["*/*"] = {}
    return {"required": body != "Parameters", "content": content}


_EXAMPLES: Mapping[str, Json] = {
    "Resource": {"resourceType": "Patient", "active": True},
    "Patient": {"resourceType": "Patient", "active": True, "gender": "female"},
    "Observation": {"resourceType": "Observation", "status": "final", "code": {"text": "K"}},
    "Bundle": {
        "resourceType": "Bundle",
        "type": "batch",
        "entry": [{"request": {"method": "GET", "url": "Patient?_count=1"}}],
    },
    "Parameters": {"resourceType": "Parameters"},
}
