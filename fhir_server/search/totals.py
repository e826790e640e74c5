"""How many resources match (FHIR R4 search.html#total): from a counter, from one index, or by counting hits.

A number is exact or it is not given. What was not asked for is counted only as far as it costs no more than the page.
"""

from __future__ import annotations

from dataclasses import replace

from fhir_server.search import compile as sql
from fhir_server.search.compile import Wanted
from fhir_server.search.matching import Drive, negative
from fhir_server.search.seen import Seen

HITS_MOST = 1000
"""Hits that are counted without being asked for, one row at a time."""
INDEX_MOST = 2000
"""Entries of one index that are counted without being asked for: as many as are counted to plan a search."""


def exact(wanted: Wanted, seen: Seen) -> int:
    """However long it takes."""
    if not wanted.conditions:
        return int(seen.rows(sql.type_total, _bare(wanted, 0))[0][1])
    return int(seen.rows(sql.total, _bare(wanted, 0))[0][1])


def affordable(wanted: Wanted, seen: Seen) -> int | None:
    """The number when it costs little, else None."""
    if not wanted.conditions:
        return exact(wanted, seen)
    if wanted.drive is Drive.WALK and (
        not any(map(negative, wanted.conditions)) or exact(replace(wanted, conditions=()), seen) > INDEX_MOST
    ):
        return None  # each condition alone is met by many
    most = INDEX_MOST if sql.counted_by_index(wanted) else HITS_MOST
    counted = int(seen.rows(sql.total, _bare(wanted, most + 1))[0][1])
    return counted if counted <= most else None


def _bare(wanted: Wanted, most: int) -> Wanted:
    """Without what is about a page only."""
    return replace(wanted, sort=(), limit=most, place=(), seq=None, back=False, types=())
