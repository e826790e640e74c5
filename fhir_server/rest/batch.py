"""batch: every entry by itself, and the door to transactions (FHIR R4 http.html#transaction).

The writes of a batch are handed over one after the other and waited for together, so that they share commits; an entry
that is refused changes nothing for the others. Reads come after all writes. An entry that refers to another one by its
urn is refused: "References within a Bundle.entry.resource to another Bundle.entry.resource that is being created within
the batch are considered to be non-conformant" (http.html#brules).
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future

from fhir_server.rest.bundle import bundle
from fhir_server.rest.conditional import may_refer
from fhir_server.rest.create import saved
from fhir_server.rest.delete import deleted
from fhir_server.rest.document import Resource, document
from fhir_server.rest.entry import Entry, asked, entries
from fhir_server.rest.exchange import Answer, Call, Change, Return, Services, refusal, refused
from fhir_server.rest.links import placeholders
from fhir_server.rest.reading import Reader, reading_issue, sparing
from fhir_server.rest.response import response_entry
from fhir_server.rest.transaction import ORDER, too_many, transaction
from fhir_server.rest.writing import write_of
from fhir_server.store.write import Refused, Write, Written
from profiles.issue import Issue


def process(reader: Reader) -> Callable[[Call, Services], Answer | Change]:
    """The handler of POST [base]; `reader` carries out entries that read."""

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
    if len(read) > services.bundle_most:
        return too_many(services)
    reads = sparing(reader, services.database.seconds)
    known = [entry for entry in read if isinstance(entry, Entry)]
    answers |= {number: refusal(entry) for number, entry in enumerate(read) if isinstance(entry, Issue)}
    refers = may_refer(call.body, call.base)
    urns = {entry.full_url for entry in known if not entry.reads and entry.full_url.startswith("urn:")}
    for entry in sorted((entry for entry in known if not entry.reads), key=lambda entry: ORDER[entry.method]):
        write = _write(entry, call, services, refers=refers)
        dependent = isinstance(write, Write) and urns and _dependent(write, urns)
        if dependent:
            answers[entry.number] = refused("batch-reference", dependent)
        elif isinstance(write, Write):
            waiting[entry.number] = services.door.write((write,), call.caller.scope)
        else:
            answers[entry.number] = refusal(*write)
    by_number = {entry.number: entry for entry in known}
    for number, future in waiting.items():
        answers[number] = _written(call, by_number[number], future.result())
    for entry in known:
        if entry.number not in answers:
            issue = reading_issue(entry)
            answers[entry.number] = refusal(issue) if issue else reads(entry, call, services)
    whole = call.preferences.returned is Return.REPRESENTATION
    listed = [response_entry(answers[n], call, by_number.get(n), whole=whole) for n in range(len(read))]
    return Answer(200, bundle("batch-response", listed))


def _write(entry: Entry, call: Call, services: Services, *, refers: bool) -> Write | tuple[Issue, ...]:
    wanted = asked(entry, call.base, call.caller.owner, refers=refers)
    return (wanted,) if isinstance(wanted, Issue) else write_of(wanted, services)


def _dependent(write: Write, urns: set[str]) -> str:
    """Where the resource refers to an entry of the batch; '' when nowhere. What a Bundle holds is its own affair."""
    if write.resource is None or write.type == "Bundle":
        return ""
    found = placeholders(write.resource, write.expression or write.type)
    return next((where for where, urn in found if urn in urns), "")


def _written(call: Call, entry: Entry, outcome: tuple[Written, ...] | Refused) -> Answer:
    if isinstance(outcome, Refused):
        return refusal(*outcome.issues)
    return deleted(call, outcome[0]) if entry.method == "DELETE" else saved(call, outcome[0])
