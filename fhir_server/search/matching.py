"""Which condition drives a search, and how conditions pass through other resources (FHIR R4 search.html#chaining).

The most selective condition is read as a list of keys in rid order; the others are probes on the row at hand: a probe
costs the row and not what else meets the condition. Chains and `_has` are the same thing one resource further, so they
are built by the same functions. Every resource on the way is held against the scope: an empty scope sees nothing
anywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, and_, false, literal, literal_column, not_, or_, select, true, union_all
from sqlalchemy.sql.expression import FromClause

from fhir_server.search import conditions, key_lists, range_lists, reference_lists, text_lists
from fhir_server.search.alternatives import LISTS, any_of
from fhir_server.search.condition import (
    Chain,
    Condition,
    Criterion,
    Every,
    Has,
    Listed,
    Member,
    Not,
    Some,
    Together,
    Tree,
)
from fhir_server.search.elements import types
from fhir_server.search.key_lists import Rids
from fhir_server.search.parameters import CURRENT_ENTRIES, EVERY, Parameter, in_patient_column, parameters, types_of
from fhir_server.search.probe import probe
from fhir_server.security.scope import Scope
from fhir_server.store.schema import resource, sp_key, sp_reference


class Drive(Enum):
    """What a search sets out from: the condition that is best by its kind; the first one, which is known to find few;
    or none, since all find many: then rows are read in the order asked for, and a page is soon full (see `plan`)."""

    RANK = "rank"
    FIRST = "first"
    WALK = "walk"


@dataclass(frozen=True, slots=True)
class Matching:
    """FROM and WHERE of a search. `rid` is the column that is read in order; `driven` when a list of keys drives, `few`
    when that list is short by nature (an identifier, a patient)."""

    source: FromClause
    table: FromClause
    rid: ColumnElement[int]
    where: tuple[ColumnElement[bool], ...]
    driven: bool
    few: bool


_DEEPEST = 16
_UNIONS = 3
"""Levels of alternatives that are lists: SQLite's parser has room for a hundred things that are not finished yet."""
_RESOURCES = (resource, *(resource.alias(f"resource_{depth}") for depth in range(1, _DEEPEST)))
_LINKS, URLS = sp_reference.alias("link"), sp_key.alias("url")
_KEYS = tuple(sp_key.alias(f"key_{depth}") for depth in range(_DEEPEST))
_REFERENCES = tuple(sp_reference.alias(f"reference_{depth}") for depth in range(_DEEPEST))
"""One set of tables for each level of nesting; making an alias costs more than running the statement."""


def visible(table: FromClause, resource_type: str, scope: Scope) -> ColumnElement[bool]:
    """What a search may find at all: living resources of the type that the caller may see."""
    living = _living(table, resource_type)
    return living if scope.owners is None else and_(living, scope.predicate(table))


@lru_cache(maxsize=2048)
def _living(table: FromClause, resource_type: str) -> ColumnElement[bool]:
    return and_(of_type(table, resource_type), table.c.deleted.is_(False), table.c.version > 0)


def of_type(table: FromClause, resource_type: str) -> ColumnElement[bool]:
    """The row is of the type, or of one of the types, a search is about."""
    if resource_type == EVERY:
        return true()
    types = types_of(resource_type)
    return table.c.type == types[0] if len(types) == 1 else table.c.type.in_(types)


def matching(
    resource_type: str, wanted: Sequence[Condition], scope: Scope, depth: int = 0, drive: Drive = Drive.RANK
) -> Matching:
    """The resources of a type that meet all conditions; `depth` counts the searches around this one."""
    table, keys = _RESOURCES[depth], _KEYS[depth]
    if drive is Drive.WALK:
        return walked(resource_type, wanted, scope)
    if drive is Drive.FIRST:
        ranked, rank = list(wanted), rank_of(wanted[0])
    else:
        ranked = sorted(flat(wanted), key=rank_of)
        rank = rank_of(ranked[0]) if ranked else _MANY
    key = single_key(ranked[0]) if ranked else None
    few = drive is Drive.FIRST or rank < _SOME
    base = _based(ranked[0] if rank < _MANY else None, table, resource_type, scope)
    probes = tuple(met(condition, table, scope, depth) for condition in ranked[1:])
    if key is not None:
        source = keys.join(table, table.c.rid == keys.c.rid)
        driving = (keys.c.param == key[0], keys.c.hash == key[1])
        return Matching(source, table, keys.c.rid, (*driving, base, *probes), driven=True, few=few)
    where = (base, *(_driving(each, table, resource_type, scope, depth) for each in ranked[:1]), *probes)
    return Matching(table, table, table.c.rid, where, driven=few or rank < _MANY, few=few)


def walked(resource_type: str, wanted: Sequence[Condition], scope: Scope) -> Matching:
    """The same as rows of the type at which each condition is probed."""
    probes = tuple(met(condition, resource, scope, 0) for condition in wanted)
    where = (visible(resource, resource_type, scope), *probes)
    return Matching(resource, resource, resource.c.rid, where, driven=False, few=False)


def _based(driving: Condition | None, table: FromClause, resource_type: str, scope: Scope) -> ColumnElement[bool]:
    """`visible`, so said that no index on the type is preferred to a list of rids that drives.

    The lists of a parameter hold resources of its own type only, so there the type need not be said at all.
    """
    match driving:
        case Has() | Listed() | Some() | Member(itself=True):
            kinds = true() if resource_type == EVERY else hidden(table.c.type).in_(types_of(resource_type))
            return and_(visible(table, EVERY, scope), kinds)
        case Member(linked):
            return _based(linked, table, resource_type, scope)
        case Together() | Tree():
            return visible(table, EVERY, scope)
        case Chain(parameter, targets) if not _by_patient(parameter, targets):
            return visible(table, EVERY, scope)
        case Criterion(parameter) if parameter.sources and not reference_lists.names_patients(driving):
            return visible(table, EVERY, scope)
        case _:
            return visible(table, resource_type, scope)


def hidden(text: ColumnElement[str]) -> ColumnElement[str]:
    """The same text in a form no index has."""
    return text + literal_column("''")


def _by_patient(parameter: Parameter, targets: Sequence[tuple[str, Condition]]) -> bool:
    """Whether a chain is answered by the `patient_rid` column."""
    return [kind for kind, _ in targets] == ["Patient"] and in_patient_column(parameter)


def flat(conditions: Iterable[Condition]) -> Iterator[Condition]:
    """Conditions that are all to be met stand side by side, so that the best of them can drive."""
    for condition in conditions:
        if isinstance(condition, Every):
            yield from flat(condition.conditions)
        else:
            yield condition


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
            return _chained(parameter, targets, table, scope, depth)
        case Every(several):
            return and_(*(met(each, table, scope, depth) for each in several))
        case Some(several):
            return any_of(met(each, table, scope, depth) for each in several)
        case Not(inner):
            return not_(met(inner, table, scope, depth))
        case Together():
            return range_lists.together(condition, table)
        case Tree():
            return table.c.rid.in_(tree_rids(condition, scope, depth + 1))
        case Listed(name):
            return table.c.rid.in_(_entries(name, scope, depth + 1))
        case Member():
            return conditions.met(condition.linked, table) if not condition.itself else _member(condition, table)
        case Has(parameter, inner):
            return _had(parameter, inner, table, scope, depth)


def _chained(
    parameter: Parameter, targets: Sequence[tuple[str, Condition]], table: FromClause, scope: Scope, depth: int
) -> ColumnElement[bool]:
    """A chain as a probe: what the row at hand refers to."""
    if by_url(parameter) or depth + 1 >= _DEEPEST:
        return _chain(parameter, targets, table, scope, depth)
    target, link = _RESOURCES[depth + 1], _REFERENCES[depth]
    inner = or_(*(and_(visible(target, kind, scope), met(each, target, scope, depth + 1)) for kind, each in targets))
    if _by_patient(parameter, targets):
        found = select(literal(1)).select_from(target).where(target.c.rid == table.c.patient_rid, inner)
        return probe(found.correlate(table))
    source = link.join(target, target.c.rid == link.c.target)
    through = link.c.param.in_(parameter.params)
    found = select(literal(1)).select_from(source).where(link.c.rid == table.c.rid, through, inner)
    return probe(found.correlate(table))


def _had(parameter: Parameter, inner: Condition, table: FromClause, scope: Scope, depth: int) -> ColumnElement[bool]:
    """`_has` as a probe: what refers to the row at hand."""
    if by_url(parameter) or depth + 1 >= _DEEPEST:
        return _has(parameter, inner, table, scope, depth)
    source, link = _RESOURCES[depth + 1], _REFERENCES[depth]
    found = (
        select(literal(1))
        .select_from(link.join(source, source.c.rid == link.c.rid))
        .where(
            link.c.target == table.c.rid,
            link.c.param.in_(parameter.params),
            visible(source, EVERY, scope),  # the lists hold resources of their own type only
            met(inner, source, scope, depth + 1),
        )
    )
    return probe(found.correlate(table))


def _has(parameter: Parameter, inner: Condition, table: FromClause, scope: Scope, depth: int) -> ColumnElement[bool]:
    """`_has` as a list."""
    sources = rids(parameter.type, inner, scope, depth + 1)
    targets_of = select(sp_reference.c.target).where(
        sp_reference.c.rid.in_(sources), sp_reference.c.param.in_(parameter.params)
    )
    if not by_url(parameter):
        return table.c.rid.in_(targets_of)
    named = select(sp_key.c.hash).where(sp_key.c.rid.in_(sources), sp_key.c.param.in_(parameter.params))
    return or_(table.c.rid.in_(targets_of), table.c.rid.in_(_with_url(parameter.targets, named)))


def _chain(
    parameter: Parameter, targets: Sequence[tuple[str, Condition]], table: FromClause, scope: Scope, depth: int
) -> ColumnElement[bool]:
    """A chain as a list."""
    lists = [rids(kind, inner, scope, depth + 1) for kind, inner in targets]
    if _by_patient(parameter, targets):
        return table.c.patient_rid.in_(lists[0])
    column = sp_reference.c.target
    referred = column.in_(lists[0]) if len(lists) == 1 else column.in_(union_all(*lists))
    found = table.c.rid.in_(select(sp_reference.c.rid).where(sp_reference.c.param.in_(parameter.params), referred))
    if not by_url(parameter):
        return found
    urls = [_urls(kind, each) for (kind, _), each in zip(targets, lists, strict=True) if url_params((kind,))]
    naming = select(sp_key.c.rid).where(
        sp_key.c.param.in_(parameter.params), or_(false(), *map(sp_key.c.hash.in_, urls))
    )
    return or_(found, table.c.rid.in_(naming))


# ----------------------------------------------------------------- references by canonical URL


@lru_cache(maxsize=4096)
def by_url(parameter: Parameter) -> bool:
    """Whether the references are canonical URLs, which name their target by its `url` (references.html#canonical)."""
    return bool(types(parameter) & {"canonical", "uri"})


@lru_cache(maxsize=1024)
def url_params(kinds: tuple[str, ...]) -> tuple[int, ...]:
    """The lists of the `url` of those types that have one."""
    known = (parameters(kind).get("url") for kind in kinds)
    return tuple(param for each in known if each is not None and each.kind == "uri" for param in each.params)


def _urls(kind: str, targets: Rids) -> Rids:
    return select(URLS.c.hash).where(URLS.c.param.in_(url_params((kind,))), URLS.c.rid.in_(targets))


def _with_url(kinds: tuple[str, ...], hashes: Rids) -> Rids:
    return select(URLS.c.rid).where(URLS.c.param.in_(url_params(kinds)), URLS.c.hash.in_(hashes))


# -------------------------------------------------------------------------- hierarchies and lists


def tree_rids(tree: Tree, scope: Scope, depth: int) -> Rids:
    """The rids of what refers to the named resources, or to others up or down the tree that the caller may see."""
    start = reference_lists.target_rids(tree.criterion)
    assert start is not None
    link, node = _LINKS, _RESOURCES[depth]
    known = start.cte(f"tree_{depth}", recursive=True)
    step, towards = (link.c.rid, link.c.target) if tree.direction == "below" else (link.c.target, link.c.rid)
    known = known.union(
        select(step)
        .select_from(link.join(known, known.c.rid == towards).join(node, node.c.rid == link.c.rid))
        .where(link.c.param.in_(tree.links), node.c.deleted.is_(False), node.c.version > 0, scope.predicate(node))
    )
    params = tree.criterion.parameter.params
    return select(sp_reference.c.rid).where(
        sp_reference.c.param.in_(params), sp_reference.c.target.in_(select(known.c.rid))
    )


def _entries(name: str, scope: Scope, depth: int) -> Rids:
    holder = _RESOURCES[depth]
    return select(sp_reference.c.target).where(
        sp_reference.c.param == CURRENT_ENTRIES,
        sp_reference.c.rid.in_(select(holder.c.rid).where(holder.c.id == name, visible(holder, "List", scope))),
    )


def _member(condition: Member, table: FromClause) -> ColumnElement[bool]:
    """What is linked to the focus, and the focus itself, as one list."""
    focus = reference_lists.focus_rid(condition.type, condition.id)
    lists = reference_lists.reference_rids(condition.linked) if condition.linked.parameter.sources else []
    return table.c.rid.in_(union_all(focus, *lists))


def single_key(condition: Condition) -> tuple[int, int] | None:
    """(param, hash) of a condition that is one range of `sp_key`: it can be joined without making duplicates."""
    if not isinstance(condition, Criterion) or not condition.parameter.sources:
        return None
    kind, modifier = condition.parameter.kind, condition.modifier
    if not (kind in ("token", "uri") and modifier in ("", "of-type")) and modifier not in ("exact", "identifier"):
        return None
    params, keys = key_lists.key_params(condition), key_lists.hashes(condition)
    return (params[0], keys[0]) if len(params) == len(keys) == 1 else None


def is_list(condition: Condition) -> bool:
    """Whether what meets the condition is one range of one index, each resource once."""
    if not isinstance(condition, Criterion) or not condition.parameter.sources:
        return False
    return single_key(condition) is not None or reference_lists.names_one_patient(condition)


def listed_rids(condition: Condition, resource_type: str) -> Any:
    """What meets the condition, as the list that would drive a search; None when it has none that can be counted."""
    if isinstance(condition, Together):
        return range_lists.together_rids(condition)
    if not isinstance(condition, Criterion) or condition.modifier in _UNLISTED:
        return None
    if not condition.parameter.sources:
        if condition.parameter.code != "_lastUpdated":
            return None
        return select(resource.c.rid).where(of_type(resource, resource_type), conditions.met(condition, resource))
    if text_lists.by_text(condition):
        return text_lists.string_rids(condition) if condition.modifier in ("", "starts", "below") else None
    if condition.parameter.kind in ("date", "number", "quantity"):
        return range_lists.range_rids(condition)
    if condition.parameter.kind != "reference" or condition.modifier == "identifier":
        return key_lists.key_rids(key_lists.key_params(condition), key_lists.hashes(condition))
    lists = [] if reference_lists.names_patients(condition) else reference_lists.reference_rids(condition)
    return union_all(*lists) if len(lists) > 1 else lists[0] if lists else None


def negative(condition: Condition) -> bool:
    """Whether it asks for what is not there: no list can tell how many meet it."""
    return isinstance(condition, Not) or (isinstance(condition, Criterion) and condition.modifier in _UNLISTED)


_UNLISTED = frozenset({"not", "not-in", "missing", "differs"})


def matching_list(condition: Condition) -> Rids | None:
    """That range as a list of rids: only living resources are in it."""
    key = single_key(condition)
    if key is not None:
        return select(sp_key.c.rid).where(sp_key.c.param == key[0], sp_key.c.hash == key[1])
    if not isinstance(condition, Criterion) or not reference_lists.names_one_patient(condition):
        return None
    test = conditions.met(condition, resource)
    return select(resource.c.rid).where(of_type(resource, condition.parameter.type), test)


def _driving(
    condition: Condition, table: FromClause, resource_type: str, scope: Scope, depth: int
) -> ColumnElement[bool]:
    """The condition as an uncorrelated list of rids where it has one, for the database to start from."""
    few = isinstance(condition, Some) and len(condition.conditions) <= LISTS
    if isinstance(condition, Some) and few and rank_of(condition) < _MANY and depth < _UNIONS:
        lists = [rids(resource_type, each, scope, depth + 1) for each in condition.conditions]
        return table.c.rid.in_(union_all(*lists))
    if isinstance(condition, Together):
        return table.c.rid.in_(range_lists.together_rids(condition))
    if isinstance(condition, Chain):
        return _chain(condition.parameter, condition.targets, table, scope, depth)
    if isinstance(condition, Has):
        return _has(condition.parameter, condition.inner, table, scope, depth)
    if isinstance(condition, Member) and not condition.itself:
        return _driving(condition.linked, table, resource_type, scope, depth)
    if not isinstance(condition, Criterion) or not condition.parameter.sources:
        return met(condition, table, scope, depth)
    if text_lists.by_text(condition) and condition.modifier != "missing":
        return table.c.rid.in_(text_lists.string_rids(condition))
    if condition.modifier in ("", "of-type"):
        kind = condition.parameter.kind
        if kind in ("token", "uri"):
            return table.c.rid.in_(key_lists.key_rids(key_lists.key_params(condition), key_lists.hashes(condition)))
        if kind == "reference" and not reference_lists.names_patients(condition):
            return or_(false(), *(table.c.rid.in_(each) for each in reference_lists.reference_rids(condition)))
        if kind in ("date", "number", "quantity"):
            return table.c.rid.in_(range_lists.range_rids(condition))
    return met(condition, table, scope, depth)


_BUSINESS_KEYS = frozenset({"identifier", "accession", "_id"})
_BY_KIND = {"reference": 20, "uri": 35, "string": 40, "token": 50, "quantity": 60, "number": 60, "date": 70}
_SOME, _MANY = 35, 80


def rank_of(condition: Condition) -> int:
    """Lower drives. An estimate by kind: identifiers find one, patients few, codes many, dates most."""
    match condition:
        case Chain() | Has() | Tree():
            return 30
        case Listed():
            return 15
        case Together():
            return 45
        case Every(several):
            return min(map(rank_of, several))
        case Some(several):
            return max(map(rank_of, several))
        case Not():
            return 85
        case Member():
            return _BY_KIND["reference"]
        case Criterion(parameter, modifier):
            if modifier in ("not", "not-in", "missing", "differs") or parameter.code == "_lastUpdated":
                return 90
            if parameter.code in _BUSINESS_KEYS or modifier in ("identifier", "of-type"):
                return 10
            return _BY_KIND[parameter.kind]
