"""capabilities: what this server does, made from what it does it with (FHIR R4 http.html#capabilities).

Routes, operations, search parameters, formats and settings are read from their tables, so the statement cannot say
anything else than the code. The bytes are made once for each base URL and state of the search parameters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Protocol

from fhir_server.operations.registry import OPERATIONS, Level, Operation
from fhir_server.rest.exchange import Answer, Call, Services, refusal, refused
from fhir_server.rest.identity import NOT_STORED
from fhir_server.rest.negotiation import EXPLICIT, FORMATS, PATCHES
from fhir_server.rest.subset import requested
from fhir_server.search.compartment import COMPARTMENTS
from fhir_server.search.composite import composites
from fhir_server.search.overlay import current as known_parameters
from fhir_server.search.parameters import EVERY, Parameter, parameters
from fhir_server.subscriptions.subscription import BACKPORT
from fhir_server.subscriptions.topics import TOPICS
from profiles.definitions import resource_types
from profiles.issue import Issue
from profiles.json_output import dump

RELEASED = "2026-11-21"
"""Changes when what the server does changes."""
NORMATIVE = frozenset(
    {
        *("Binary", "Bundle", "CapabilityStatement", "CodeSystem", "Observation", "OperationDefinition"),
        *("OperationOutcome", "Parameters", "Patient", "StructureDefinition", "ValueSet"),
    }
)
"""The resources that are normative in R4 (http://hl7.org/fhir/R4/versions.html#std-process)."""
TYPE_INTERACTIONS = (
    *("read", "vread", "update", "patch", "delete", "history-instance", "history-type", "create", "search-type"),
)
SYSTEM_INTERACTIONS = ("transaction", "batch", "search-system", "history-system")
SPECIAL = (("_filter", "special"), ("_has", "special"), ("_list", "special"))
"""Search parameters of every type that have no SearchParameter resource (search.html)."""
WEBSOCKET = "http://hl7.org/fhir/StructureDefinition/capabilitystatement-websocket"
TOPIC = f"{BACKPORT}capabilitystatement-subscriptiontopic-canonical"
"""Where Subscriptions are pushed, and which topics there are (Subscriptions R5 Backport 1.1)."""
_MODES = frozenset({"full", "normative", "terminology"})


class Routed(Protocol):
    """A row of the route table."""

    @property
    def method(self) -> str: ...
    @property
    def address(self) -> str: ...
    @property
    def interaction(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Doing:
    """What decides the statement, besides the search parameters. `routes` are (method, address, interaction)."""

    base: str
    mode: str
    routes: tuple[tuple[str, str, str], ...]
    operations: tuple[Operation, ...]
    delete_most: int
    integrity: bool


def capabilities(call: Call, services: Services, routes: Sequence[Routed]) -> Answer:
    """200 with the CapabilityStatement, or with the TerminologyCapabilities for `mode=terminology`; 304 when known."""
    mode = next((text for name, text in call.parameters if name == "mode"), "full")
    if mode not in _MODES:
        return refused("search-value", "http.mode", name="mode", type="code")
    part = requested(call)
    if isinstance(part, Issue):
        return refusal(part)
    table = tuple((route.method, route.address, route.interaction) for route in routes)
    doing = Doing(call.base, mode, table, OPERATIONS, services.delete_most, services.references_checked)
    kind, body, tag = _made(doing, known_parameters().generation)
    headers = (("etag", tag),)
    if tag in call.if_none_match:
        return Answer(304, headers=headers)
    return Answer(200, part(kind, body) if part else body, headers=headers)


@lru_cache(maxsize=16)
def _made(doing: Doing, _generation: int) -> tuple[str, bytes, str]:
    """(type, bytes, weak ETag)."""
    if doing.mode == "terminology":
        from fhir_server.rest.terminology_capabilities import terminology_capabilities

        stated = terminology_capabilities(doing.base, about())
    else:
        stated = _statement(doing)
    body = dump(stated)
    return stated["resourceType"], body, f'W/"{blake2b(body, digest_size=8).hexdigest()}"'


def about() -> dict[str, Any]:
    """The elements both statements begin with."""
    number = _version()
    return {
        "version": number,
        "status": "active",
        "date": RELEASED,
        "publisher": "Qiao",
        "kind": "instance",
        "software": {"name": "Qiao", "version": number},
    }


def _version() -> str:
    try:
        return version("qiao-fhir")
    except PackageNotFoundError:
        return "0.1.0"


def _statement(doing: Doing) -> dict[str, Any]:
    return {
        "resourceType": "CapabilityStatement",
        "id": "qiao",
        "url": f"{doing.base}/metadata",
        "name": "Qiao",
        "title": "Qiao (桥), FHIR R4 bridge of a county medical consortium",
        **about(),
        "implementation": {"description": "Qiao FHIR R4 API", "url": doing.base},
        "fhirVersion": "4.0.1",
        "format": [*sorted(EXPLICIT), *(name for name in ("json", "xml") if name in FORMATS)],
        "patchFormat": [*sorted(EXPLICIT), *sorted(PATCHES)],
        "rest": [_rest(doing)],
    }


def _rest(doing: Doing) -> dict[str, Any]:
    types = sorted(resource_types() - NOT_STORED)
    if doing.mode == "normative":
        types = [kind for kind in types if kind in NORMATIVE]
    system = {code for _, _, code in doing.routes} | {"transaction"}
    shown = {
        "extension": [{"url": WEBSOCKET, "valueUri": "ws" + doing.base.removeprefix("http") + "/ws"}],
        "mode": "server",
        "documentation": f"The same as an OpenAPI 3.1 document: {doing.base}/openapi.json",
        "resource": [_resource(kind, doing) for kind in types],
        "interaction": [{"code": code} for code in SYSTEM_INTERACTIONS if code in system],
        "searchParam": _search_parameters(EVERY) if "search-system" in system else [],
        "operation": [_operation(each) for each in doing.operations if Level.SYSTEM in each.levels],
        "compartment": _compartments(doing),
    }
    return {name: value for name, value in shown.items() if value != []}


def _compartments(doing: Doing) -> list[str]:
    searched = any("compartment" in interaction for _, _, interaction in doing.routes)
    return [f"http://hl7.org/fhir/CompartmentDefinition/{name.lower()}" for name in COMPARTMENTS if searched]


def _operation(each: Operation) -> dict[str, str]:
    return {"name": each.code, "definition": each.definition}


def _resource(kind: str, doing: Doing) -> dict[str, Any]:
    known = parameters(kind)
    references = [parameter.code for parameter in known.values() if parameter.kind == "reference"]
    routed = {code for _, address, code in doing.routes if "{type}" in address}
    # An interaction on a type without an id is the conditional one.
    conditional = {code for _, address, code in doing.routes if address == "/{type}"}
    most = "multiple" if doing.delete_most > 1 else "single"
    topics = [{"url": TOPIC, "valueCanonical": topic.url} for topic in TOPICS] if kind == "Subscription" else []
    shown: dict[str, Any] = {
        "extension": topics,
        "type": kind,
        "interaction": [{"code": code} for code in TYPE_INTERACTIONS if code in routed],
        "versioning": "versioned-update",
        "readHistory": "vread" in routed,
        "updateCreate": "update" in routed,
        "conditionalCreate": "update" in conditional,
        "conditionalRead": "full-support",
        "conditionalUpdate": "update" in conditional,
        "conditionalDelete": most if "delete" in conditional else "not-supported",
        "referencePolicy": ["literal", "logical", *(["enforced"] if doing.integrity else [])],
        "searchInclude": ["*", *(f"{kind}:{code}" for code in references)] if references else [],
        "searchRevInclude": list(_referring(known_parameters().generation).get(kind, ())),
        "searchParam": _search_parameters(kind),
        "operation": [_operation(each) for each in doing.operations if _of_type(each, kind)],
    }
    return {name: value for name, value in shown.items() if value != []}


def _of_type(each: Operation, kind: str) -> bool:
    return any(each.answers(level, kind) for level in Level if level is not Level.SYSTEM)


def _search_parameters(kind: str) -> list[dict[str, Any]]:
    listed = [_search_parameter(each) for each in parameters(kind).values()]
    listed += [{"name": each.code, "definition": each.url, "type": "composite"} for each in composites(kind).values()]
    special = [{"name": name, "type": of} for name, of in SPECIAL if name not in parameters(kind)]
    return sorted([*listed, *special], key=lambda row: str(row["name"]))


def _search_parameter(parameter: Parameter) -> dict[str, Any]:
    shown = {"name": parameter.code, "definition": parameter.url, "type": parameter.kind}
    return {name: value for name, value in shown.items() if value}


@lru_cache(maxsize=4)
def _referring(_generation: int) -> dict[str, list[str]]:
    """Which `Type:parameter` may point to a type."""
    found: dict[str, list[str]] = {}
    for source in sorted(resource_types() - NOT_STORED):
        for parameter in parameters(source).values():
            if parameter.kind == "reference":
                for target in parameter.targets:
                    found.setdefault(target, []).append(f"{source}:{parameter.code}")
    return found
