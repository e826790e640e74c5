"""Lists of what has a code, sorted by its clinical date: `code=…&_sort=-date` and `code=…&date=…` read them in order.

One list for each code of `Type.code`, as `code` and as `system|code`, kept among the lists of ranges: whoever reads one
also asks for the code, since 31 bits are too few to tell all codes apart. What has exactly one date with a beginning
stands in the `plain` list with that range; all else in the `other` one, at its clinical date or at NO_DATE.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from fhir_server.search.condition import Criterion
from fhir_server.search.instants import EARLIEST
from fhir_server.search.keys import code_key, system_code_key, token_keys
from fhir_server.search.parameters import clinical_date, core_parameters
from fhir_server.search.slots import SlotKey
from fhir_server.search.values import Token
from fhir_server.store.schema import NO_DATE, param_id

Range = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Lists:
    """The numbers of both lists of one code."""

    plain: Any
    other: Any


@cache
def timed(resource_type: str) -> tuple[int, int] | None:
    """(list of codes, list of dates) of a type that has these lists, else None."""
    if "," in resource_type or resource_type == "*":
        return None
    code, date = core_parameters(resource_type).get("code"), clinical_date(resource_type)
    if code is None or date is None or code.kind != "token" or len(date.params) != 1:
        return None
    plain = len(code.sources) == 1 and code.sources[0].path.text == "code"
    return (code.params[0], date.params[0]) if plain else None


@lru_cache(maxsize=65536)
def lists(param: int, key: int) -> Lists:
    """The lists beside one key of a code."""
    return Lists(param_id(f"timed:{param}${key}"), param_id(f"timed:{param}${key}$other"))


def timed_rows(resource: dict[str, Any], ranges: set[Range], at: int | None) -> None:
    """Adds to the ranges of a resource where it stands in the lists; `at` is its clinical date."""
    places = timed(resource["resourceType"])
    keys = set(_keys(resource.get("code"))) if places else None
    if not places or not keys:
        return
    dates = [(low, high) for param, low, high in ranges if param == places[1]]
    plain = len(dates) == 1 and dates[0][0] != EARLIEST
    low, high = dates[0] if plain else (NO_DATE if at is None else at,) * 2
    for key in keys:
        both = lists(places[0], key)
        ranges.add((both.plain if plain else both.other, low, high))


def _keys(concept: Any) -> Iterator[int]:
    codings = concept.get("coding") if isinstance(concept, dict) else None
    for coding in codings if isinstance(codings, list) else ():
        code, system = (coding.get("code"), coding.get("system")) if isinstance(coding, dict) else (None, None)
        if isinstance(code, str) and code:
            yield from token_keys(system if isinstance(system, str) else "", code)[:2]


def lists_of(criterion: Any) -> Lists | None:
    """The lists that a criterion on one code can be read from."""
    if not isinstance(criterion, Criterion) or criterion.modifier or len(criterion.values) != 1:
        return None
    places = timed(criterion.parameter.type)
    if places is None or criterion.parameter.params != places[:1]:
        return None
    match criterion.values[0]:
        case SlotKey(_, Lists() as both):
            return both
        case Token(system, code, False) if code:
            return lists(places[0], code_key(code) if system is None else system_code_key(system, code))
    return None
