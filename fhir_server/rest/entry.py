"""Bundle.entry: what one entry of a batch or a transaction asks for (FHIR R4 http.html#transaction)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from fhir_server.rest.address import pairs
from fhir_server.rest.identity import id_issue, type_issue
from profiles.issue import Issue

Resource = dict[str, Any]
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One request. `url` is relative to the base, without a slash in front."""

    number: int
    method: str
    segments: tuple[str, ...]
    parameters: tuple[tuple[str, str], ...]
    full_url: str
    resource: Resource | None
    if_match: str
    if_none_match: str
    if_none_exist: str | None

    @property
    def expression(self) -> str:
        return f"Bundle.entry[{self.number}]"


def entries(bundle: Resource, base: str) -> list[Entry | Issue]:
    """Every entry, or the Issue that says why it cannot be carried out."""
    listed = bundle.get("entry", [])
    if not isinstance(listed, list):
        return [Issue("bundle-entry", "Bundle.entry")]
    return [_entry(number, entry, base) for number, entry in enumerate(listed)]


def _entry(number: int, entry: Any, base: str) -> Entry | Issue:
    where = f"Bundle.entry[{number}]"
    request = entry.get("request") if isinstance(entry, dict) else None
    if not isinstance(request, dict) or request.get("method") not in METHODS or not isinstance(request.get("url"), str):
        return Issue("bundle-entry", f"{where}.request")
    address = request["url"].removeprefix(base).lstrip("/")
    parts = urlsplit("/" + address)
    parameters = pairs(parts.query)
    resource, full_url = entry.get("resource"), entry.get("fullUrl", "")
    if isinstance(parameters, Issue) or (resource is not None and not isinstance(resource, dict)):
        return Issue("bundle-entry", f"{where}.request.url" if isinstance(parameters, Issue) else f"{where}.resource")
    headers = {name: request.get(name) for name in ("ifMatch", "ifNoneMatch", "ifNoneExist")}
    if any(value is not None and not isinstance(value, str) for value in headers.values()):
        return Issue("bundle-entry", f"{where}.request")
    return Entry(
        number,
        request["method"],
        tuple(unquote(segment) for segment in parts.path.strip("/").split("/") if segment),
        parameters,
        full_url if isinstance(full_url, str) else "",
        resource,
        headers["ifMatch"] or "",
        headers["ifNoneMatch"] or "",
        headers["ifNoneExist"],
    )


def write_issue(entry: Entry) -> Issue | None:
    """Why a POST, PUT or DELETE entry cannot be carried out, as far as the entry itself says it."""
    where = f"{entry.expression}.request.url"
    wanted = 1 if entry.method == "POST" else 2
    if (entry.parameters and entry.method != "POST") or entry.if_none_exist is not None:
        return Issue("conditional-unsupported", where, details={"interaction": _CONDITIONAL[entry.method]})
    if len(entry.segments) != wanted:
        return Issue("bundle-entry", where)
    issue = type_issue(entry.segments[0]) or (id_issue(entry.segments[1], where) if wanted == 2 else None)
    if issue is not None:
        return Issue(issue.code, where, details=issue.details)
    if entry.method != "DELETE" and entry.resource is None:
        return Issue("bundle-entry", f"{entry.expression}.resource")
    return None


_CONDITIONAL = {"POST": "create", "PUT": "update", "DELETE": "delete", "GET": "read", "HEAD": "read"}
