"""Bundle.entry: what one entry of a batch or a transaction asks for (FHIR R4 http.html#transaction)."""

from __future__ import annotations

from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from fhir_server.rest.address import parameters_of
from fhir_server.rest.identity import type_issue
from fhir_server.rest.patch import entry_edit
from fhir_server.rest.writing import Asked
from profiles.issue import Issue

Resource = dict[str, Any]
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})
_HEADERS = ("ifMatch", "ifNoneMatch", "ifNoneExist", "ifModifiedSince")


class Entry(NamedTuple):
    """One request. `segments` are the path below the base."""

    number: int
    method: str
    segments: tuple[str, ...]
    parameters: tuple[tuple[str, str], ...]
    full_url: str
    resource: Resource | None
    if_match: str
    if_none_match: str
    if_none_exist: str | None
    if_modified_since: str

    @property
    def expression(self) -> str:
        return f"Bundle.entry[{self.number}]"

    @property
    def reads(self) -> bool:
        """A GET, and a POST of `$validate` or `_search`: such entries see what the others have written."""
        last = self.segments[-1] if self.segments else ""
        return self.method in ("GET", "HEAD") or (self.method == "POST" and (last == "_search" or last[:1] == "$"))


def entries(bundle: Resource, base: str) -> list[Entry | Issue]:
    """Every entry, or the Issue that says why it cannot be carried out."""
    listed = bundle.get("entry", [])
    if not isinstance(listed, list):
        return [Issue("bundle-entry", "Bundle.entry")]
    return [_entry(number, entry, base) for number, entry in enumerate(listed)]


def _entry(number: int, entry: Any, base: str) -> Entry | Issue:
    where = f"Bundle.entry[{number}]"
    request = entry.get("request") if isinstance(entry, dict) else None
    if (
        not isinstance(request, dict)
        or str(request.get("method")) not in METHODS
        or not isinstance(request.get("url"), str)
    ):
        return Issue("bundle-entry", f"{where}.request")
    segments, query = _address(request["url"].removeprefix(base).lstrip("/"))
    parameters = parameters_of(request["method"], segments, query) if query else ()
    resource, full_url = entry.get("resource"), entry.get("fullUrl", "")
    if isinstance(parameters, Issue) or (resource is not None and not isinstance(resource, dict)):
        return Issue("bundle-entry", f"{where}.request.url" if isinstance(parameters, Issue) else f"{where}.resource")
    headers = {name: request.get(name) for name in _HEADERS}
    if any(value is not None and not isinstance(value, str) for value in headers.values()):
        return Issue("bundle-entry", f"{where}.request")
    return Entry(
        number,
        request["method"],
        segments,
        parameters,
        full_url if isinstance(full_url, str) else "",
        resource,
        headers["ifMatch"] or "",
        headers["ifNoneMatch"] or "",
        headers["ifNoneExist"],
        headers["ifModifiedSince"] or "",
    )


def _address(address: str) -> tuple[tuple[str, ...], str]:
    """The segments of the path and the query; most entries name a type and nothing else."""
    if address.isalpha() and address.isascii():
        return (address,), ""
    parts = urlsplit("/" + address)
    return tuple(unquote(segment) for segment in parts.path.strip("/").split("/") if segment), parts.query


def asked(entry: Entry, base: str, owner: str, *, refers: bool) -> Asked | Issue:
    """The write an entry asks for, or why its form is none."""
    where, length = f"{entry.expression}.request.url", len(entry.segments)
    if not entry.segments or length > 2 or (entry.method == "POST" and length == 2):
        return Issue("bundle-entry", where)
    issue = type_issue(entry.segments[0])
    if issue is not None:
        return Issue(issue.code, where, details=issue.details)
    if entry.method != "DELETE" and entry.resource is None:
        return Issue("bundle-entry", f"{entry.expression}.resource")
    patch = entry.resource if entry.method == "PATCH" else None
    edit = None if patch is None else entry_edit(patch, f"{entry.expression}.resource")
    if isinstance(edit, Issue):
        return edit
    return Asked(
        entry.method,  # type: ignore[arg-type]
        entry.segments[0],
        base,
        owner,
        entry.segments[1] if length == 2 else "",
        entry.parameters,
        entry.resource if entry.method in ("POST", "PUT") else None,
        edit,
        entry.if_match,
        entry.if_none_match,
        entry.if_none_exist,
        entry.expression,
        refers,
    )
