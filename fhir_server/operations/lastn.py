"""$lastn: the most recent observations of each code (FHIR R4 observation-operation-lastn.html).

The parameters of the search choose the observations of a subject; `max` says how many of each code are given, 1 if it
is not there. Codes are equal that have a coding in common, be it through a third one; without codings, the same text.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from fhir_server.operations.parameters import GENERAL
from fhir_server.rest.bundle import bundle, resource_entry
from fhir_server.rest.document import document
from fhir_server.rest.exchange import Answer, Call, Services, refusal, refused
from fhir_server.rest.page_link import link
from fhir_server.search.query import Query, parse
from fhir_server.search.run import Found, Page, run
from fhir_server.search.values import Surroundings
from fhir_server.store import body as bodies
from fhir_server.store.body import instant
from profiles.issue import Issue

MOST = 20_000
"""Observations that one call looks through; more is refused, not cut off in silence."""
_SUBJECTS = frozenset({"subject", "patient"})
_SHAPING = frozenset({"_sort", "_count", "_cursor", "_total", "_include", "_revinclude", "_summary", "_elements"})


def lastn(call: Call, services: Services) -> Answer:
    """200 with a searchset Bundle: each code together, the newest first; 400 without a subject."""
    asked = _asked(call, services)
    if isinstance(asked, Answer):
        return asked
    most, pairs = asked
    around = Surroundings(services.clock(), call.base)
    limits = replace(services.limits, page=services.limits.page_most)
    query = parse("Observation", [*pairs, ("_sort", "-date")], around, call.preferences.handling, limits)
    if not isinstance(query, Query):
        return refusal(*query)
    found = _all(replace(query, total="none"), call, services)
    if not isinstance(found, list):
        return refusal(*found)
    chosen = [one for group in _groups(found) for one in group[:most]]
    entries = (
        resource_entry(f"{call.base}/Observation/{one.id}", one.body, b',"search":{"mode":"match"}') for one in chosen
    )
    links = [("self", link(call, "Observation/$lastn"))]
    return Answer(200, bundle("searchset", entries, links=links, total=len(chosen), at=instant(around.now)))


def _asked(call: Call, services: Services) -> tuple[int, list[tuple[str, str]]] | Answer:
    """(max, the parameters of the search)."""
    pairs = _pairs(call, services)
    if not isinstance(pairs, list):
        return refusal(*pairs)
    given = [text for name, text in pairs if name == "max"]
    if len(given) > 1:
        return refused("operation-parameter-many", "max", name="max", max="1")
    if given and not (given[0].isascii() and given[0].isdigit() and int(given[0][:9]) > 0):
        return refused("operation-parameter-value", "max", name="max", type="positiveInt")
    names = [name for name, _ in pairs]
    shaping = next((name for name in names if name.partition(":")[0] in _SHAPING), None)
    if shaping is not None:
        return refused("operation-parameter-unsupported", shaping, name=shaping.partition(":")[0])
    if not any(name.partition(":")[0].partition(".")[0] in _SUBJECTS for name in names):
        return refused("operation-parameter-missing", "subject", name="subject")
    most = int(given[0][:9]) if given else 1
    return most, [(name, text) for name, text in pairs if name != "max" and name not in GENERAL]


def _pairs(call: Call, services: Services) -> list[tuple[str, str]] | tuple[Issue, ...]:
    """Query parameters, and those of a Parameters resource: there every search parameter is a string."""
    pairs = list(call.parameters)
    if call.method != "POST" or not call.body:
        return pairs
    read = document(call, services)
    if not isinstance(read, dict):
        return read
    listed = read.get("parameter", [])
    if read.get("resourceType") != "Parameters" or not isinstance(listed, list):
        return (Issue("operation-input", "Resource"),)
    for place, row in enumerate(listed):
        values = [value for name, value in row.items() if name.startswith("value")] if isinstance(row, dict) else []
        if len(values) != 1 or not isinstance(values[0], str | int) or not isinstance(row.get("name"), str):
            details = {"name": "…", "type": "string"}
            return (Issue("operation-parameter-value", f"Parameters.parameter[{place}]", details=details),)
        pairs.append((row["name"], str(values[0])))
    return pairs


def _all(query: Query, call: Call, services: Services) -> list[Found] | tuple[Issue, ...]:
    """Every observation the search finds, the newest first."""
    found: list[Found] = []
    with services.database.read() as connection:
        while True:
            page = run(query, call.caller.scope, connection, services.cursor_key)
            if not isinstance(page, Page):
                return page
            found += page.matches
            if not page.next:
                return found
            if len(found) >= MOST:
                return (Issue("operation-too-costly", "http", details={"limit": str(MOST)}),)
            query = replace(query, cursor=page.next)


def _groups(found: Iterable[Found]) -> list[list[Found]]:
    """The observations by code, in the order in which the codes first appear."""
    parents: dict[Any, Any] = {}

    def root(name: Any) -> Any:
        while parents.setdefault(name, name) != name:
            name = parents[name] = parents[parents[name]]
        return name

    named = [(one, _names(one)) for one in found]
    for _, names in named:
        for name in names[1:]:
            parents[root(name)] = root(names[0])
    groups: dict[Any, list[Found]] = {}
    for one, names in named:
        groups.setdefault(root(names[0]), []).append(one)
    return list(groups.values())


def _names(one: Found) -> list[tuple[str, str, str]]:
    """What names the code of an observation: its codings, else its text, else the observation itself."""
    code = bodies.parse(one.body).get("code", {})
    codings = [
        ("coding", coding.get("system", ""), coding["code"]) for coding in code.get("coding", ()) if "code" in coding
    ]
    if codings:
        return codings
    text = code.get("text", "").strip().casefold()
    return [("text", "", text) if text else ("itself", "", one.id)]
