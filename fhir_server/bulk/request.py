"""The parameters of `$export`, from the query or a Parameters resource (Bulk Data Access IG, #query-parameters).

An unknown parameter refuses the request, unless the caller asked for lenient handling: then it is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from fhir_server.jobs.job import Json
from fhir_server.rest.document import document
from fhir_server.rest.exchange import Call, Services
from fhir_server.search.instants import instant_range
from fhir_server.search.query import Handling
from profiles.definitions import resource_types
from profiles.issue import Issue

Pairs = list[tuple[str, str]]
_FORMATS = frozenset({"application/fhir+ndjson", "application/ndjson", "ndjson"})
_PASSED_OVER = frozenset({"_format", "_pretty", "includeAssociatedData"})
_NEXT_QUERY = re.compile(r",(?=[A-Z][A-Za-z]*\?)", re.ASCII)
_LATEST = 2**62
_ID = re.compile(r"(?:.*/)?Patient/([A-Za-z0-9\-.]{1,64})", re.ASCII)


def read(call: Call, services: Services) -> Json | tuple[Issue, ...]:
    """`types`, `filters`, `elements`, `patients` (lists), `since` (-1: none) and `until` in microseconds; or issues.

    What is exported was written after `since`. An instant that is not told to the microsecond counts from just before
    its beginning: `lastUpdated` is shown in milliseconds, and of two changes in one of them none may be lost. What a
    manifest gave as `transactionTime` is told to the microsecond, so nothing comes twice.
    """
    pairs: Pairs = [(name, text) for name, text in call.parameters if name not in _PASSED_OVER]
    if call.method == "POST" and call.body:
        body = document(call, services)
        if not isinstance(body, dict):
            return body
        if body.get("resourceType") != "Parameters":
            return (Issue("operation-input", "Resource"),)
        pairs += _members(body)
    wanted: Json = {"types": [], "filters": [], "elements": [], "patients": [], "since": -1, "until": _LATEST}
    issues = []
    for name, text in pairs:
        reader = _READERS.get(name)
        if reader is None:
            shown = name if re.fullmatch(r"[A-Za-z_]{1,40}", name, re.ASCII) else "…"
            if call.preferences.handling is not Handling.LENIENT:
                issues.append(Issue("operation-parameter-unknown", f"http.{shown}", details={"name": shown}))
        elif not reader(wanted, text):
            kind = _KINDS.get(name, "string")
            issues.append(Issue("operation-parameter-value", f"http.{name}", details={"name": name, "type": kind}))
    return tuple(issues) or wanted


def _members(body: Mapping[str, Any]) -> Pairs:
    """The parameters of the body as text; what is no parameter of ours keeps its name and is refused by it."""
    found: Pairs = []
    listed = body.get("parameter", [])
    for row in listed if isinstance(listed, list) else []:
        if not isinstance(row, dict) or row.get("name") in _PASSED_OVER:
            continue
        value = next((value for key, value in row.items() if key.startswith("value")), "")
        if isinstance(value, dict):
            value = value.get("reference", "")
        found.append((str(row.get("name", "")), value if isinstance(value, str) else ""))
    return found


def _format(_wanted: Json, text: str) -> bool:
    return text.replace(" ", "+") in _FORMATS  # a + that was not escaped arrives as a blank


def _since(wanted: Json, text: str) -> bool:
    return _moment(wanted, "since", text)


def _until(wanted: Json, text: str) -> bool:
    return _moment(wanted, "until", text)


def _moment(wanted: Json, name: str, text: str) -> bool:
    text = text.replace(" ", "+")
    moment = instant_range(text) if "T" in text else None
    if moment is None:
        return False
    first, last = moment
    wanted[name] = max(first if first == last else first - 1, 0) if name == "since" else last
    return True


def _types(wanted: Json, text: str) -> bool:
    named = [part for part in text.split(",") if part]
    wanted["types"] += [kind for kind in named if kind not in wanted["types"]]
    return bool(named) and set(named) <= resource_types()


def _elements(wanted: Json, text: str) -> bool:
    wanted["elements"] += [part for part in text.split(",") if part]
    return bool(wanted["elements"])


def _filters(wanted: Json, text: str) -> bool:
    named = _NEXT_QUERY.split(text)
    wanted["filters"] += named
    return all(re.match(r"[A-Z][A-Za-z]*\?", one, re.ASCII) for one in named)


def _patient(wanted: Json, text: str) -> bool:
    found = _ID.fullmatch(text)
    if found is not None:
        wanted["patients"].append(found[1])
    return found is not None and len(wanted["patients"]) <= 1000


_READERS: Mapping[str, Callable[[Json, str], bool]] = {
    "_outputFormat": _format,
    "_since": _since,
    "_until": _until,
    "_type": _types,
    "_elements": _elements,
    "_typeFilter": _filters,
    "patient": _patient,
}
_KINDS = {
    "_outputFormat": "format that is supported (application/fhir+ndjson)",
    "_since": "instant",
    "_until": "instant",
    "_type": "list of resource types",
    "_typeFilter": "list of Type?query",
    "patient": "Reference(Patient)",
}
