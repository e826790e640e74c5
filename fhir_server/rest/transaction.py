"""transaction: all entries or none, in the order DELETE, POST, PUT and PATCH, GET (FHIR R4 http.html#trules).

Each entry that writes gets an address at once, drawn when the server is to choose it, and every link to its fullUrl
becomes that address. What a condition matches is known only under the commit lock: the writer then puts the address of
the match in its place (`fhir_server.writes.plan`).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from fhir_server.rest.bundle import bundle
from fhir_server.rest.conditional import may_refer
from fhir_server.rest.create import saved
from fhir_server.rest.delete import deleted
from fhir_server.rest.document import Resource
from fhir_server.rest.entry import Entry, asked, entries
from fhir_server.rest.exchange import Answer, Call, Change, Return, Services, refusal, refused
from fhir_server.rest.full_url import full_url_issue, names_of
from fhir_server.rest.links import linked, names_urn, placeholders
from fhir_server.rest.reading import Reader, reading_issue, sparing
from fhir_server.rest.response import response_entry
from fhir_server.rest.writing import write_of
from fhir_server.store.write import Write, Written
from profiles.issue import Issue

ORDER: Mapping[str, int] = MappingProxyType({"DELETE": 0, "POST": 1, "PUT": 2, "PATCH": 2})


class _Planned(NamedTuple):
    """An entry and its write."""

    entry: Entry
    write: Write


def transaction(call: Call, services: Services, document: Resource, reader: Reader) -> Answer | Change:
    """200 with a transaction-response in the order of the request; or the refusals, and nothing done."""
    read = entries(document, call.base)
    if len(read) > services.bundle_most:
        return too_many(services)
    known = [entry for entry in read if isinstance(entry, Entry)]
    issues = [entry for entry in read if isinstance(entry, Issue)]
    issues += [issue for entry in known if (issue := _entry_issue(entry)) is not None]
    planned: list[_Planned] = []
    refers = may_refer(call.body, call.base)
    for entry in () if issues else known:
        if not entry.reads:
            write = _write(entry, call, services, refers=refers)
            if isinstance(write, Write):
                planned.append(_Planned(entry, write))
            else:
                issues += write
    issues = issues or _duplicates(planned)
    if issues:
        return refusal(*issues)
    ordered = sorted(planned, key=lambda plan: ORDER[plan.entry.method])
    addresses = _addresses(planned)
    writes = tuple(_linked(plan.write, addresses) for plan in ordered)
    lost = _lost(writes) if services.references_checked and b"urn:" in call.body else []
    if lost:
        return refusal(*lost)
    unread = _unreadable(call, services, known, planned, reader)
    if unread is not None:
        return unread
    return Change(
        writes,
        lambda written: _answer(call, services, known, ordered, written, reader),
        reads=len(planned) < len(known),
    )


def too_many(services: Services) -> Answer:
    """The refusal of a Bundle with more entries than one request may have."""
    return refused("bundle-too-many", "Bundle.entry", limit=str(services.bundle_most))


def _entry_issue(entry: Entry) -> Issue | None:
    return reading_issue(entry) if entry.reads else full_url_issue(entry)


def _write(entry: Entry, call: Call, services: Services, *, refers: bool) -> Write | tuple[Issue, ...]:
    wanted = asked(entry, call.base, call.caller.owner, refers=refers)
    return (wanted,) if isinstance(wanted, Issue) else write_of(wanted, services)


def _duplicates(planned: Sequence[_Planned]) -> list[Issue]:
    """Two entries with one identity, one condition or one fullUrl: both are named."""
    issues: list[Issue] = []
    seen: dict[Hashable, Entry] = {}
    for plan in planned:
        write, names = plan.write, list[Hashable]()
        if write.criteria is None:
            names.append((write.type, write.id))
        else:
            names.append((write.type, tuple(sorted(write.criteria.pairs))))
        if plan.entry.full_url and plan.entry.method != "DELETE":
            names.append(plan.entry.full_url)
        first = next((seen[name] for name in names if name in seen), None)
        if first is not None:
            both = (first.expression, plan.entry.expression)
            issues += [Issue("bundle-duplicate", expression) for expression in both]
        for name in names:
            seen.setdefault(name, plan.entry)
    return issues


def _addresses(planned: Sequence[_Planned]) -> dict[str, str]:
    """From every name of an entry to the address its resource gets."""
    addresses: dict[str, str] = {}
    for plan in planned:
        if plan.entry.method != "DELETE":
            address = f"{plan.write.type}/{plan.write.id}"
            addresses.update((name, address) for name in names_of(plan.entry, plan.write.type) if name != address)
    return addresses


def _linked(write: Write, addresses: Mapping[str, str]) -> Write:
    if write.resource is None or not addresses:
        return write
    return write._replace(resource=linked(write.resource, addresses))


def _lost(writes: Sequence[Write]) -> list[Issue]:
    """References to a urn that no entry has; what stands in a Bundle that is stored is its own affair."""
    return [
        Issue("reference-placeholder", where)
        for write in writes
        if write.resource is not None and write.type != "Bundle" and names_urn(write.resource)
        for where, _ in placeholders(write.resource, write.expression or write.type)
    ]


def _unreadable(
    call: Call, services: Services, known: Sequence[Entry], planned: Sequence[_Planned], reader: Reader
) -> Answer | None:
    """The refusal of a reading entry: a transaction is carried out only when every entry gives a 2xx or a 3xx.

    Reads come last, after the commit, so they are tried before anything is written; what the writes are about to
    create or change may not be there yet.
    """
    reads = sparing(reader, services.database.seconds)
    coming = {(plan.write.type, plan.write.id) for plan in planned if plan.entry.method != "DELETE"}
    going = {(plan.write.type, plan.write.id) for plan in planned if plan.entry.method == "DELETE"}
    for entry in known:
        if not entry.reads or entry.segments[:2] in coming:
            continue
        gone = entry.segments in going and entry.method in ("GET", "HEAD")
        answer = refused("gone", f"{entry.expression}.request.url") if gone else reads(entry, call, services)
        if answer.status >= 400:
            return answer
    return None


def _answer(
    call: Call,
    services: Services,
    known: Sequence[Entry],
    ordered: Sequence[_Planned],
    written: Sequence[Written],
    reader: Reader,
) -> Answer:
    answers: dict[int, Answer] = {}
    reads = sparing(reader, services.database.seconds)
    for plan, one in zip(ordered, written, strict=True):
        gone = plan.entry.method == "DELETE"
        answers[plan.entry.number] = deleted(call, one) if gone else saved(call, one)
    for entry in known:
        if entry.number not in answers:
            answers[entry.number] = reads(entry, call, services)
    whole = call.preferences.returned is Return.REPRESENTATION
    listed = [response_entry(answers[entry.number], call, entry, whole=whole) for entry in known]
    return Answer(200, bundle("transaction-response", listed))
