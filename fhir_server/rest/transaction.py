"""transaction: all entries or none, in the order DELETE, POST, PUT, GET (FHIR R4 http.html#trules)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fhir_server.rest.bundle import bundle
from fhir_server.rest.create import saved
from fhir_server.rest.delete import deleted
from fhir_server.rest.document import Resource, id_mismatch, type_mismatch
from fhir_server.rest.entry import Entry, entries, write_issue
from fhir_server.rest.exchange import Answer, Call, Change, Return, Services, refusal
from fhir_server.rest.identity import etag_version
from fhir_server.rest.links import linked
from fhir_server.rest.reading import Reader, reading_issue
from fhir_server.rest.response import response_entry
from fhir_server.store.write import Write, Written
from profiles.issue import Issue

_ORDER = {"DELETE": 0, "POST": 1, "PUT": 2, "GET": 3, "HEAD": 3}


@dataclass(frozen=True, slots=True)
class _Planned:
    """An entry and the identity it gets."""

    entry: Entry
    type: str
    id: str


def transaction(call: Call, services: Services, document: Resource, reader: Reader) -> Answer | Change:
    """200 with a transaction-response in the order of the request; or the refusals, and nothing done."""
    read = entries(document, call.base)
    issues = [entry for entry in read if isinstance(entry, Issue)]
    known = [entry for entry in read if isinstance(entry, Entry)]
    issues += [issue for entry in known if (issue := _entry_issue(entry)) is not None]
    if issues:
        return refusal(*issues)
    planned = [_planned(entry, services) for entry in known if entry.method not in ("GET", "HEAD")]
    issues = _duplicates(planned)
    if issues:
        return refusal(*issues)
    ordered = sorted(planned, key=lambda plan: _ORDER[plan.entry.method])
    addresses = _addresses(planned)
    writes = [_write(plan, addresses, call) for plan in ordered]
    issues = [issue for write in writes if isinstance(write, tuple) for issue in write]
    if issues:
        return refusal(*issues)
    done = tuple(write for write in writes if isinstance(write, Write))
    return Change(done, lambda written: _answer(call, services, known, ordered, written, reader))


def _entry_issue(entry: Entry) -> Issue | None:
    return reading_issue(entry) if entry.method in ("GET", "HEAD") else write_issue(entry)


def _planned(entry: Entry, services: Services) -> _Planned:
    return _Planned(entry, entry.segments[0], services.new_id() if entry.method == "POST" else entry.segments[1])


def _duplicates(planned: Sequence[_Planned]) -> list[Issue]:
    """Two entries with one identity, or one fullUrl for two creates: both are named."""
    issues: list[Issue] = []
    seen: dict[tuple[str, ...], Entry] = {}
    for plan in planned:
        names: list[tuple[str, ...]] = [(plan.type, plan.id)]
        if plan.entry.full_url and plan.entry.method == "POST":
            names.append((plan.entry.full_url,))
        for name in names:
            first = seen.setdefault(name, plan.entry)
            if first is not plan.entry:
                issues += [
                    Issue("bundle-duplicate", first.expression),
                    Issue("bundle-duplicate", plan.entry.expression),
                ]
    return issues


def _addresses(planned: Sequence[_Planned]) -> Mapping[str, str]:
    """From fullUrl to the address each resource gets; a RESTful fullUrl also counts by its relative form."""
    addresses: dict[str, str] = {}
    for plan in planned:
        full_url, address = plan.entry.full_url, f"{plan.type}/{plan.id}"
        if not full_url or plan.entry.method == "DELETE":
            continue
        addresses[full_url] = address
        relative = "/".join(full_url.rsplit("/", 2)[-2:])
        if plan.entry.method == "POST" and not full_url.startswith("urn:") and relative.startswith(plan.type + "/"):
            addresses[relative] = address
    return {name: address for name, address in addresses.items() if name != address}


def _write(plan: _Planned, addresses: Mapping[str, str], call: Call) -> Write | tuple[Issue, ...]:
    entry, where = plan.entry, f"{plan.entry.expression}.resource"
    if_match = etag_version(entry.if_match) if entry.if_match else None
    if isinstance(if_match, Issue):
        return (Issue(if_match.code, f"{entry.expression}.request.ifMatch", details=if_match.details),)
    if entry.method == "DELETE":
        return Write("DELETE", plan.type, plan.id, None, if_match, call.caller.owner, entry.expression)
    assert entry.resource is not None
    issue = type_mismatch(entry.resource, plan.type, where)
    if issue is None and entry.method == "PUT":
        issue = id_mismatch(entry.resource, plan.id, where)
    if issue is not None:
        return (issue,)
    resource = linked(entry.resource, addresses) | {"id": plan.id}
    return Write(
        "POST" if entry.method == "POST" else "PUT", plan.type, plan.id, resource, if_match, call.caller.owner, where
    )


def _answer(
    call: Call,
    services: Services,
    known: Sequence[Entry],
    ordered: Sequence[_Planned],
    written: Sequence[Written],
    reader: Reader,
) -> Answer:
    answers: dict[int, Answer] = {}
    for plan, one in zip(ordered, written, strict=True):
        gone = plan.entry.method == "DELETE"
        # Deleting what never was is no failure of the whole: it is as gone as was asked.
        answers[plan.entry.number] = (Answer(204) if one.version == 0 else deleted(one)) if gone else saved(call, one)
    for entry in known:
        if entry.number not in answers:
            answers[entry.number] = reader(entry, call, services)
    whole = call.preferences.returned is Return.REPRESENTATION
    listed = [response_entry(answers[entry.number], call, entry, whole=whole) for entry in known]
    return Answer(200, bundle("transaction-response", listed))
