"""GET entries of a batch or a transaction: which of them there are, before anything is written, and what they may cost.

A Bundle is answered whole, so the answers of its reads lie in memory together: a few bytes can ask for gigabytes.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from time import monotonic

from fhir_server.rest.entry import Entry
from fhir_server.rest.exchange import Answer, Call, Services, refused
from fhir_server.rest.identity import id_issue, type_issue
from profiles.issue import Issue

Reader = Callable[[Entry, Call, Services], Answer]
"""Carries out a GET entry through the route table."""
MOST_BYTES = 64 * 1024 * 1024
"""Of the answers of one Bundle together."""


_READS = 4
"""Reads that took all the time one may take, after which there is none left for others."""


def sparing(reader: Reader, seconds: float) -> Reader:
    """The reader for one Bundle; `seconds` is how long one read may take (0: any time). What is asked for after a few
    times that, or after so many bytes, is refused.
    """
    until, left = monotonic() + _READS * seconds if seconds else inf, MOST_BYTES

    def read(entry: Entry, call: Call, services: Services) -> Answer:
        nonlocal left
        if left <= 0 or monotonic() > until:
            return refused("bundle-too-costly", entry.expression)
        answer = reader(entry, call, services)
        left -= len(answer.body)
        return answer

    return read


def reading_issue(entry: Entry) -> Issue | None:
    """Why a GET entry cannot be carried out, as far as its address says it."""
    where = f"{entry.expression}.request.url"
    if not entry.segments:
        return Issue("bundle-entry", where)
    general = entry.segments[0] == "metadata" or entry.segments[0][0] in "_$"
    issue = None if general else type_issue(entry.segments[0])
    if issue is None and len(entry.segments) > 1 and entry.segments[1][0] not in "_$":
        issue = id_issue(entry.segments[1])
    return Issue(issue.code, where, details=issue.details) if issue else None
