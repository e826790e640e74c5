"""One criterion as SQL (FHIR R4 search.html), in two forms: a probe on the row at hand, and a list of rids.

`matching` decides which form is used. The lists of keys hold no rows of deleted resources.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from sqlalchemy import ColumnElement, and_, false, not_, or_, true
from sqlalchemy.sql.expression import FromClause

from fhir_server.search.absence import missing_met
from fhir_server.search.alternatives import any_of
from fhir_server.search.condition import Criterion
from fhir_server.search.key_lists import hashes, key_params, keys_exist
from fhir_server.search.range_lists import ranges_met
from fhir_server.search.reference_lists import reference_met
from fhir_server.search.slots import SlotId
from fhir_server.search.text_lists import by_text, text_exists
from fhir_server.search.values import Missing, Span, Token, Value


def met(criterion: Criterion, table: FromClause) -> ColumnElement[bool]:
    """The criterion on the row of `table`, as a probe or a comparison with a column."""
    parameter, values = criterion.parameter, criterion.values
    if not parameter.sources:
        return _column(criterion, table)
    if criterion.modifier == "missing":
        return missing_met(parameter, values, table)
    if criterion.modifier in ("not", "not-in"):
        return not_(met(replace(criterion, modifier=""), table))
    if by_text(criterion):
        return text_exists(criterion, table)
    if parameter.kind in ("token", "uri", "string"):
        return keys_exist(key_params(criterion), hashes(criterion), table)
    if parameter.kind == "reference":
        return reference_met(criterion, table)
    return ranges_met(criterion, table)


def _column(criterion: Criterion, table: FromClause) -> ColumnElement[bool]:
    """`_id` and `_lastUpdated` are columns."""
    parameter, values = criterion.parameter, cast(tuple[Any, ...], criterion.values)
    if criterion.modifier == "missing":
        return true() if Missing(False) in values and Missing(True) not in values else false()
    if criterion.modifier == "not":
        return not_(_column(replace(criterion, modifier=""), table))
    if parameter.code == "_id":
        known = [v.id for v in values if isinstance(v, SlotId)]
        return table.c.id.in_(known or plain_ids(values))
    return any_of(_at(value, table.c.last_updated) for value in values if isinstance(value, Span))


def _at(span: Span, moment: ColumnElement[int]) -> ColumnElement[bool]:
    """`compared` for a moment: of two bounds the one that the other implies is left out, so that an index can serve."""
    match span.prefix:
        case "gt" | "sa":
            return moment > span.high
        case "lt" | "eb":
            return moment < span.low
        case "ge":
            return moment >= span.low
        case "le":
            return moment <= span.high
        case "ne":
            return or_(moment < span.low, moment > span.high)
        case _:
            return and_(moment >= span.low, moment <= span.high)


def plain_ids(values: tuple[Value, ...]) -> list[str]:
    """The ids an `_id` search names; PostgreSQL takes no NUL, and no id has one."""
    return sorted({v.code for v in values if isinstance(v, Token) and not v.system and "\x00" not in v.code})
