"""batch: every entry by itself, and the door to transactions (FHIR R4 http.html#transaction).

The writes of a batch are handed over one after the other and waited for together, so that they share commits; an entry
that is refused changes nothing for the others. Reads come after all writes.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future

from fhir_server.rest.bundle import bundle
from fhir_server.rest.create import saved
from fhir_server.rest.delete import deleted
from fhir_server.rest.document import Resource, document, id_mismatch, type_mismatch
from fhir_server.rest.entry import Entry, entries, write_issue
from fhir_server.rest.exchange import Answer, Call, Change, Return, Services, refusal, refused
from fhir_server.rest.identity import etag_version
from fhir_server.rest.reading import Reader, reading_issue
from fhir_server.rest.response import response_entry
from fhir_server.rest.transaction import transaction
from fhir_server.store.write import Refused, Write, Written
from profiles.issue import Issue

_ORDER = {"DELETE": 0, "POST": 1, "PUT": 2}


def process(reader: Reader) -> Callable[[Call, Services], Answer | Change]:
    """The handler of POST [base]; `reader` carries out GET entries."""

    def handle(call: Call, services: Services) -> Answer | Change:
        read = document(call, services)
        if not isinstance(read, dict):
            return refusal(*read)
        if read.get("resourceType") != "Bundle":
            return refused("type-mismatch", "resourceType")
        match read.get("type"):
            case "transaction":
                return transaction(call, services, read, reader)
            case "batch":
                return batch(call, services, read, reader)
            case _:
                return refused("bundle-type", "Bundle.type")

    return handle


def batch(call: Call, services: Services, bundled: Resource, reader: Reader) -> Answer:
    """200 with a batch-response, its entries in the order of the request."""
    read = entries(bundled, call.base)
    answers: dict[int, Answer] = {}
    waiting: dict[int, Future[tuple[Written, ...] | Refused]] = {}
    known = [entry for entry in read if isinstance(entry, Entry)]
    for number, entry in enumerate(read):
        if isinstance(entry, Issue):
            answers[number] = refusal(entry)
    writing = [entry for entry in known if entry.method in _ORDER]
    for entry in sorted(writing, key=lambda entry: _ORDER[entry.method]):
        write = _write(entry, call, services)
        if isinstance(write, Issue):
            answers[entry.number] = refusal(write)
        else:
            waiting[entry.number] = services.door.write((write,), call.caller.scope)
    for number, future in waiting.items():
        answers[number] = _written(call, future.result())
    for entry in known:
        if entry.number not in answers:
            issue = reading_issue(entry)
            answers[entry.number] = refusal(issue) if issue else reader(entry, call, services)
    whole = call.preferences.returned is Return.REPRESENTATION
    by_number = {entry.number: entry for entry in known}
    listed = [response_entry(answers[n], call, by_number.get(n), whole=whole) for n in range(len(read))]
    return Answer(200, bundle("batch-response", listed))


def _write(entry: Entry, call: Call, services: Services) -> Write | Issue:
    issue = write_issue(entry)
    if issue is not None:
        return issue
    if_match = etag_version(entry.if_match) if entry.if_match else None
    if isinstance(if_match, Issue):
        return Issue(if_match.code, f"{entry.expression}.request.ifMatch", details=if_match.details)
    kind, where = entry.segments[0], f"{entry.expression}.resource"
    if entry.method == "DELETE":
        return Write("DELETE", kind, entry.segments[1], None, if_match, call.caller.owner, entry.expression)
    assert entry.resource is not None
    issue = type_mismatch(entry.resource, kind, where)
    if entry.method == "POST":
        name = services.new_id()
        return issue or Write("POST", kind, name, entry.resource | {"id": name}, None, call.caller.owner, where)
    name = entry.segments[1]
    issue = issue or id_mismatch(entry.resource, name, where)
    return issue or Write("PUT", kind, name, entry.resource, if_match, call.caller.owner, where)


def _written(call: Call, outcome: tuple[Written, ...] | Refused) -> Answer:
    if isinstance(outcome, Refused):
        return refusal(*outcome.issues)
    one = outcome[0]
    return deleted(one) if not one.body else saved(call, one)
