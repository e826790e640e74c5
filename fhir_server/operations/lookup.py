"""CodeSystem/$lookup: what a code system says of a code (FHIR R4 codesystem-operation-lookup.html)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fhir_server.operations.asked_codings import asked_codings
from fhir_server.operations.parameters import Inputs, answered, group, inputs, parameter
from fhir_server.operations.terminology_sources import Library
from fhir_server.rest.exchange import Answer, Call, Services, refusal, refused
from profiles.code_system import System, display_of, is_abstract, is_inactive
from profiles.issue import Issue

_ALWAYS = frozenset({"system", "name", "version", "display", "designation"})
"""Properties that have a place of their own in the answer."""


def lookup(call: Call, services: Services) -> Answer:
    """200 with name, version, display, designations and properties; 404 for a code the system does not have."""
    given = inputs(call, services, "CodeSystem-lookup")
    if not isinstance(given, Inputs):
        return refusal(*given)
    if given.given("date"):
        return refused("operation-parameter-unsupported", "date", name="date")
    codings = asked_codings(given)
    if isinstance(codings, Issue):
        return refusal(codings)
    coding = codings[0]
    with services.database.read() as connection:
        library = Library(connection, call, services)
        system = library.code_system(coding.system, coding.version)
        elsewhere = system is None and coding.version and library.code_system(coding.system) is not None
    if system is None:
        return refused("version-unloaded" if elsewhere else "code-system-unloaded", "system", system=coding.system)
    concept = system.find(coding.code)
    if concept is None:
        return refused("code-unknown", "code", system=coding.system)
    wanted = frozenset(given.all("property"))
    language = given.one("displayLanguage") or ""
    return answered(
        parameter("name", "string", system.definition.get("name") or system.definition.get("title") or system.url),
        parameter("version", "string", system.version) if system.version else None,
        parameter("display", "string", display_of(concept, language) or concept["code"]),
        *_designations(concept, wanted),
        *_properties(system, concept, wanted),
    )


def _designations(concept: Mapping[str, Any], wanted: frozenset[str]) -> Iterator[dict[str, Any]]:
    for one in concept.get("designation", ()):
        language = one.get("language", "")
        if wanted and "designation" not in wanted and f"lang.{language}" not in wanted:
            continue
        yield group(
            "designation",
            parameter("language", "code", language) if language else None,
            parameter("use", "Coding", one["use"]) if "use" in one else None,
            parameter("value", "string", one["value"]),
        )


def _properties(system: System, concept: Mapping[str, Any], wanted: frozenset[str]) -> Iterator[dict[str, Any]]:
    """Parents, children, whether it is in use, its definition, and what the code system itself says of it."""
    every = not wanted or "*" in wanted
    code = concept["code"]
    for name, codes in (("parent", system.parents), ("child", system.children)):
        if every or name in wanted:
            for one in codes.get(code, ()):
                yield _property(name, "code", one, description=(system.find(one) or {}).get("display", ""))
    if every or "inactive" in wanted:
        yield _property("inactive", "boolean", is_inactive(concept))
    if is_abstract(concept) and (every or "abstract" in wanted):
        yield _property("abstract", "boolean", True)
    if "definition" in concept and (every or "definition" in wanted):
        yield _property("definition", "string", concept["definition"])
    for entry in concept.get("property", ()):
        name = entry["code"]
        if name in ("parent", "child", "inactive", "abstract") or not (every or name in wanted):
            continue
        key = next((key for key in entry if key.startswith("value")), None)
        if key is not None:
            yield group("property", parameter("code", "code", name), {"name": "value", key: entry[key]})


def _property(name: str, kind: str, value: Any, *, description: str = "") -> dict[str, Any]:
    return group(
        "property",
        parameter("code", "code", name),
        parameter("value", kind, value),
        parameter("description", "string", description) if description else None,
    )
