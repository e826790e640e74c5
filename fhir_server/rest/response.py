"""Bundle.entry.response: an Answer inside a batch-response or transaction-response (FHIR R4 bundle.html)."""

from __future__ import annotations

from functools import cache
from http import HTTPStatus

import orjson

from fhir_server.rest.entry import Entry
from fhir_server.rest.exchange import Answer, Call, Return
from fhir_server.store.body import instant


@cache
def _line(status: int) -> str:
    return f"{status} {HTTPStatus(status).phrase}"


def response_entry(answer: Answer, call: Call, entry: Entry | None, *, whole: bool) -> bytes:
    """The entry of the answer; a written resource is repeated only when `whole`, a read one always."""
    response: dict[str, object] = {"status": _line(answer.status)}
    if answer.location:
        response["location"] = answer.location
    if answer.version:
        response["etag"] = f'W/"{answer.version}"'
    if answer.last_modified is not None:
        response["lastModified"] = instant(answer.last_modified)
    members = []
    reads = entry is not None and entry.reads
    if answer.location:
        members.append(b'"fullUrl":' + orjson.dumps(answer.location.partition("/_history/")[0]))
    if answer.body and answer.status < 400 and (whole or reads):
        members.append(b'"resource":' + answer.body)
    text = orjson.dumps(response)
    told = call.preferences.returned is Return.OUTCOME and not reads
    if answer.body and (answer.status >= 400 or told):
        text = text[:-1] + b',"outcome":' + answer.body + b"}"
    members.append(b'"response":' + text)
    return b"{" + b",".join(members) + b"}"
