"""Which condition drives a search, and how conditions pass through other resources (FHIR R4 search.html#chaining).

The most selective condition is read as a list of keys in rid order; the others are probes on the row at hand. Chains
and `_has` are the same thing one resource further, so they are built by the same function. Every resource on the way
is held against the scope: an empty scope sees nothing anywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import ColumnElement, and_, false, or_, select, union_all
from sqlalchemy.sql.expression import FromClause

from fhir_server.search import conditions
from fhir_server.search.conditions import Rids
from fhir_server.search.parameters import Parameter, in_patient_column
from fhir_server.search.query import Chain, Condition, Criterion, Has
from fhir_server.security.scope import Scope
from fhir_server.store.schema import resource, sp_key, sp_reference


@dataclass(frozen=True, slots=True)
class Matching:
    """FROM and WHERE of a search. `rid` is the column that is read in order; `driven` when a list of keys drives."""

    source: FromClause
    table: FromClause
    rid: ColumnElement[int]
    where: tuple[ColumnElement[bool], ...]
    driven: bool


_DEEPEST = 16
_RESOURCES = (resource, *(resource.alias(f"resource_{depth}") for depth in range(1, _DEEPEST)))
_KEYS = tuple(sp_key.alias(f"key_{depth}") for depth in range(_DEEPEST))
"""One set of tables for each level of nesting; making an alias costs more than running the statement."""


def visible(table: FromClause, resource_type: str, scope: Scope) -> ColumnElement[bool]:
    """What a search may find at all: living resources of the type that the caller may see."""
    living = _living(table, resource_type)
    return living if scope.owners is None else and_(living, scope.predicate(table))


@lru_cache(maxsize=2048)
def _living(table: FromClause, resource_type: str) -> ColumnElement[bool]:
    return and_(table.c.type == resource_type, table.c.deleted.is_(False), table.c.version > 0)


def matching(resource_type: str, wanted: Sequence[Condition], scope: Scope, depth: int = 0) -> Matching:
    """The resources of a type that meet all conditions; `depth` counts the searches around this one."""
    table, keys = _RESOURCES[depth], _KEYS[depth]
    base = visible(table, resource_type, scope)
    ranked = sorted(wanted, key=_rank)
    probes = tuple(met(condition, table, scope, depth) for condition in ranked[1:])
    key = _single_key(ranked[0]) if ranked else None
    if key is not None:
        source = keys.join(table, table.c.rid == keys.c.rid)
        return Matching(source, table, keys.c.rid, (keys.c.param == key[0], keys.c.hash == key[1], base, *probes), True)
    driving = (_driving(ranked[0], table, scope, depth),) if ranked else ()
    return Matching(table, table, table.c.rid, (base, *driving, *probes), bool(ranked) and _rank(ranked[0]) < _MANY)


def rids(resource_type: str, wanted: Condition, scope: Scope, depth: int) -> Rids:
    """The same as a sub-select, over tables of its own."""
    found = matching(resource_type, [wanted], scope, depth)
    return select(found.rid).select_from(found.source).where(*found.where).correlate(None)


def met(condition: Condition, table: FromClause, scope: Scope, depth: int) -> ColumnElement[bool]:
    """The condition on the row of `table`."""
    match condition:
        case Criterion():
            return conditions.met(condition, table)
        case Chain(parameter, targets):
            return _chain(parameter, targets, table, scope, depth)
        case Has(parameter, inner):
            sources = rids(parameter.type, inner, scope, depth + 1)
            targets_of = select(sp_reference.c.target).where(
                sp_reference.c.rid.in_(sources), sp_reference.c.param.in_(parameter.params)
            )
            return table.c.rid.in_(targets_of)


def _chain(
    parameter: Parameter, targets: Sequence[tuple[str, Condition]], table: FromClause, scope: Scope, depth: int
) -> ColumnElement[bool]:
    lists = [rids(kind, inner, scope, depth + 1) for kind, inner in targets]
    if [kind for kind, _ in targets] == ["Patient"] and in_patient_column(parameter):
        return table.c.patient_rid.in_(lists[0])
    column = sp_reference.c.target
    referred = column.in_(lists[0]) if len(lists) == 1 else column.in_(union_all(*lists))
    return table.c.rid.in_(select(sp_reference.c.rid).where(sp_reference.c.param.in_(parameter.params), referred))


def _single_key(condition: Condition) -> tuple[int, int] | None:
    """(param, hash) of a condition that is one range of `sp_key`: it can be joined without making duplicates."""
    if not isinstance(condition, Criterion) or not condition.parameter.sources:
        return None
    kind, modifier = condition.parameter.kind, condition.modifier
    if not (kind in ("token", "uri") and modifier in ("", "of-type")) and modifier not in ("exact", "identifier"):
        return None
    params, keys = conditions.key_params(condition), conditions.hashes(condition)
    return (params[0], keys[0]) if len(params) == len(keys) == 1 else None


def _driving(condition: Condition, table: FromClause, scope: Scope, depth: int) -> ColumnElement[bool]:
    """The condition as an uncorrelated list of rids where it has one, for the database to start from."""
    if isinstance(condition, Criterion) and condition.parameter.sources and condition.modifier in ("", "of-type"):
        kind = condition.parameter.kind
        if kind in ("token", "uri"):
            return table.c.rid.in_(conditions.key_rids(conditions.key_params(condition), conditions.hashes(condition)))
        if kind == "reference" and not conditions.names_patients(condition):
            return or_(false(), *(table.c.rid.in_(each) for each in conditions.reference_rids(condition)))
        if kind in ("date", "number", "quantity"):
            return table.c.rid.in_(conditions.range_rids(condition))
    return met(condition, table, scope, depth)


_BUSINESS_KEYS = frozenset({"identifier", "accession", "_id"})
_BY_KIND = {"reference": 20, "uri": 35, "string": 40, "token": 50, "quantity": 60, "number": 60, "date": 70}
_MANY = 80


def _rank(condition: Condition) -> int:
    """Lower drives. An estimate by kind: identifiers find one, patients few, codes many, dates most."""
    match condition:
        case Chain() | Has():
            return 30
        case Criterion(parameter, modifier):
            if modifier in ("not", "missing") or parameter.code == "_lastUpdated":
                return 90
            if parameter.code in _BUSINESS_KEYS or modifier in ("identifier", "of-type"):
                return 10
            return _BY_KIND[parameter.kind]
