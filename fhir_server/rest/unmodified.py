"""conditional read: 304 when the caller has this version already (FHIR R4 http.html#cread, RFC 9110 13).

If-None-Match decides alone when it is there; a date that cannot be read counts for nothing.
"""

from __future__ import annotations

import re
from datetime import datetime
from email.utils import parsedate_to_datetime

from fhir_server.rest.exchange import Call

_TAG = re.compile(r'(?:W/)?"([^"]*)"')


def unmodified(call: Call, version: int, last_updated: int) -> bool:
    """`last_updated` is in microseconds; HTTP dates know whole seconds only. Tags are compared weakly."""
    if call.if_none_match:
        return call.if_none_match.strip() == "*" or str(version) in _TAG.findall(call.if_none_match)
    if not call.if_modified_since:
        return False
    since = _moment(call.if_modified_since)
    return since is not None and last_updated // 1_000_000 <= since.timestamp()


def _moment(text: str) -> datetime | None:
    """An HTTP date, or the instant that stands in an entry of a Bundle."""
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            moment = read(text)
            return moment if moment.tzinfo is not None and 1 < moment.year < 9999 else None
        except (ValueError, TypeError, OverflowError, IndexError):
            continue
    return None
