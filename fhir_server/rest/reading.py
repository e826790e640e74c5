"""GET entries of a batch or a transaction: which of them there are, before anything is written."""

from __future__ import annotations

from collections.abc import Callable

from fhir_server.rest.entry import Entry
from fhir_server.rest.exchange import Answer, Call, Services
from fhir_server.rest.identity import id_issue, type_issue
from profiles.issue import Issue

Reader = Callable[[Entry, Call, Services], Answer]
"""Carries out a GET entry through the route table."""


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
