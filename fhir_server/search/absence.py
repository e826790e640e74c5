"""`:missing`: whether a resource stands in any list of a parameter (FHIR R4 search.html#modifiers)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, false, literal, literal_column, not_, or_, select
from sqlalchemy.sql.expression import FromClause

from fhir_server.search.alternatives import one_of
from fhir_server.search.parameters import EVERY, Parameter, clinical_date, types_of
from fhir_server.search.probe import probe
from fhir_server.search.reference import identifier_param, text_param
from fhir_server.search.reference_lists import TARGET
from fhir_server.search.values import Missing, Value
from fhir_server.store.schema import NO_DATE, dated_of, sp_key, sp_range, sp_reference, sp_string


def missing_met(parameter: Parameter, values: tuple[Value, ...], table: FromClause) -> ColumnElement[bool]:
    """`:missing`: whether any list of the parameter has the rid."""
    wanted = {value.missing for value in values if isinstance(value, Missing)}
    if len(wanted) != 1:
        return false()
    present = or_(*(_in_list(each, params, table) for each, params in _lists(parameter)))
    if wanted == {False}:
        return present
    # The list of keys has no index by resource, so its resources are taken away from all at once.
    absent = [
        table.c.rid.in_(_without(parameter, params)) if each is sp_key else not_(_in_list(each, params, table))
        for each, params in _lists(parameter)
    ]
    if parameter == clinical_date(parameter.type):
        absent.insert(0, dated_of(table) == literal_column(str(NO_DATE)))
    return and_(*absent)


def _lists(parameter: Parameter) -> list[tuple[Any, tuple[int, ...]]]:
    """The lists that have a rid when the parameter has a value."""
    params = parameter.params
    return {
        "token": [(sp_key, params), (sp_string, tuple(text_param(param) for param in params))],
        "uri": [(sp_key, params)],
        "string": [(sp_string, params)],
        "reference": [(sp_reference, params), (sp_key, (*params, *(identifier_param(param) for param in params)))],
    }.get(parameter.kind, [(sp_range, params)])


def _in_list(listed: Any, params: tuple[int, ...], table: FromClause) -> ColumnElement[bool]:
    if listed is sp_key:
        return table.c.rid.in_(select(listed.c.rid).where(one_of(listed.c.param, params)))
    there = select(literal(1)).select_from(listed).where(listed.c.rid == table.c.rid, one_of(listed.c.param, params))
    return probe(there.correlate(table))


def _without(parameter: Parameter, params: tuple[int, ...]) -> Any:
    every = select(TARGET.c.rid)
    if parameter.type != EVERY:
        every = every.where(TARGET.c.type.in_(types_of(parameter.type)))
    return every.except_(select(sp_key.c.rid).where(one_of(sp_key.c.param, params)))
