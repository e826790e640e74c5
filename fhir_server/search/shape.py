"""The shape of a search and its values, apart: statements are made once for a shape and filled with values each time.

`outline` reads both from what is wanted; `stand_in` makes the same thing with slots instead of values, all that SQL
is ever made from. Both walk in the same order and take every value apart by the same function, `_leaves`. What has
no leaves here (rare modifiers, long lists) has no shape, and its statement is made for itself.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, cast

from sqlalchemy import ARRAY, BigInteger, ColumnElement, Text, bindparam

from fhir_server.search import conditions, key_lists, range_lists, reference_lists, text_lists
from fhir_server.search.compile import Wanted
from fhir_server.search.condition import Chain, Condition, Criterion, Every, Has, Member, Not, Some
from fhir_server.search.keys import exact_key
from fhir_server.search.parameters import Parameter
from fhir_server.search.slots import SLOTS_MOST, SlotId, SlotKey, SlotSpan, SlotText
from fhir_server.search.timed import Lists, lists_of
from fhir_server.search.values import Missing, Span, Target, Value, Words
from fhir_server.security.scope import Scope
from fhir_server.store.schema import resource

Key = tuple[Hashable, ...]
Take = Callable[[Any], Any]


class Unshaped(Exception):
    """The search has no shape: its statement is made for itself."""


@dataclass(frozen=True, slots=True)
class _Leaf:
    """One value taken apart: what of it is structure, what is bound, and the stand-in made of the slots."""

    tag: Hashable
    scalars: tuple[Any, ...]
    build: Callable[..., Any]


class SlotScope(Scope):
    """A scope whose institutions are slots."""

    def predicate(self, table: Any = resource) -> ColumnElement[bool]:
        return table.c.owner.in_(self.owners)


def outline(wanted: Wanted) -> tuple[Key, list[Any]]:
    """What makes the statement, and the values it is filled with. Raises Unshaped."""
    values: list[Any] = []
    key: list[Hashable] = [wanted.type, wanted.limit, wanted.back, wanted.params, wanted.drive, wanted.types]
    key += [_outlined(condition, values) for condition in wanted.conditions]
    key.append(tuple((sort.parameter.code, sort.parameter.params, sort.descending) for sort in wanted.sort))
    for leaf in _around(wanted):
        key.append(leaf.tag)
        values += leaf.scalars
    return tuple(key), values


def stand_in(wanted: Wanted, among: Callable[[Any, Any], Any]) -> Wanted:
    """The same with a slot `s0`, `s1`, … for each value. `among` tests a column against a list that is one value."""
    count = 0

    def take(value: Any) -> Any:
        nonlocal count
        count += 1
        kind = Text() if isinstance(value, str) else ARRAY(BigInteger) if isinstance(value, list) else BigInteger()
        return bindparam(f"s{count - 1}", None, type_=kind)

    inner = tuple(_stood_in(condition, take) for condition in wanted.conditions)
    scope, place, seq, rids = (leaf.build(*map(take, leaf.scalars)) for leaf in _around(wanted))
    return replace(wanted, conditions=inner, scope=scope, place=place, seq=seq, rids=rids and partial(among, rids[0]))


def _around(wanted: Wanted) -> tuple[_Leaf, ...]:
    """The values that are no conditions: whose data, where the page begins, the snapshot, where includes set out."""
    owners, place, seq, rids = wanted.scope.owners, wanted.place, wanted.seq, wanted.rids
    return (
        _Leaf(None, (), lambda: wanted.scope)
        if owners is None
        else _Leaf(len(owners), tuple(sorted(owners)), lambda *slots: SlotScope(slots)),  # type: ignore[arg-type]
        _Leaf(tuple(type(value) for value in place), place, lambda *slots: slots),
        _Leaf(None, (), lambda: None) if seq is None else _Leaf(True, (seq,), _same),
        _Leaf(bool(rids), (rids,) if rids else (), lambda *slots: slots),
    )


def _same(slot: Any) -> Any:
    return slot


# ------------------------------------------------------------------------------------- conditions


def _outlined(condition: Condition, values: list[Any]) -> Hashable:
    match condition:
        case Criterion(parameter, modifier):
            leaves = _leaves(condition)
            for leaf in leaves:
                values += leaf.scalars
            return (*_name(parameter), modifier, *(leaf.tag for leaf in leaves))
        case Chain(parameter, targets):
            return ("chain", *_name(parameter), *((kind, _outlined(inner, values)) for kind, inner in targets))
        case Has(parameter, inner):
            return ("has", *_name(parameter), _outlined(inner, values))
        case Every(several) | Some(several):
            return (type(condition).__name__, *(_outlined(inner, values) for inner in several))
        case Not(inner):
            return ("not", _outlined(inner, values))
        case Member(linked, kind, focus, itself):
            values.append(focus)
            return ("member", kind, itself, _outlined(linked, values))
        case _:
            raise Unshaped


def _stood_in(condition: Condition, take: Take) -> Condition:
    match condition:
        case Criterion(parameter, modifier):
            slots = tuple(leaf.build(*map(take, leaf.scalars)) for leaf in _leaves(condition))
            return Criterion(parameter, modifier, slots)
        case Chain(parameter, targets):
            return Chain(parameter, tuple((kind, _stood_in(inner, take)) for kind, inner in targets))
        case Has(parameter, inner):
            return Has(parameter, _stood_in(inner, take))
        case Every(several):
            return Every(tuple(_stood_in(inner, take) for inner in several))
        case Some(several):
            return Some(tuple(_stood_in(inner, take) for inner in several))
        case Not(inner):
            return Not(_stood_in(inner, take))
        case Member(linked, kind, focus, itself):
            slot = take(focus)
            return Member(cast(Criterion, _stood_in(linked, take)), kind, slot, itself)
        case _:
            raise Unshaped


def _name(parameter: Parameter) -> tuple[Hashable, ...]:
    """What tells parameters apart as far as their statements go."""
    return parameter.type, parameter.code, parameter.kind, parameter.params


# ----------------------------------------------------------------------------------------- leaves

_HASHED = frozenset({("token", ""), ("token", "not"), ("token", "of-type"), ("uri", ""), ("string", "exact")})
_RANGED = frozenset({"date", "number", "quantity"})


def _leaves(criterion: Criterion) -> list[_Leaf]:
    """The values of a criterion, each taken apart."""
    parameter, modifier, values = criterion.parameter, criterion.modifier, criterion.values
    kind = parameter.kind
    if len(values) > SLOTS_MOST:
        raise Unshaped
    if modifier == "missing":
        return [_Leaf(value, (), partial(_same, value)) for value in values if isinstance(value, Missing)]
    if not parameter.sources and parameter.code == "_id":
        return [_Leaf("id", (name,), SlotId) for name in conditions.plain_ids(values)] or _unshaped()
    if (kind, modifier) in _HASHED or modifier == "identifier":
        both = lists_of(criterion)
        if both is not None:
            return [_Leaf("timed", (*key_lists.hashes(criterion), both.plain, both.other), _timed)]
        keys = key_lists.hashes(criterion)  # one value may stand for many codes
        return [_Leaf("key", (key,), SlotKey) for key in keys] if 0 < len(keys) <= SLOTS_MOST else _unshaped()
    if kind == "string" and modifier in ("", "contains"):
        return [_text(*bounds) for value in values for bounds in text_lists.text_bounds(modifier, value)]
    if kind in _RANGED and modifier == "":
        return [_span(value, parameter.params) for value in values]
    if kind == "reference" and (modifier == "" or modifier[0].isupper()):
        return _references(criterion)
    return _unshaped()


def _timed(key: Any, plain: Any, other: Any) -> SlotKey:
    return SlotKey(key, Lists(plain, other))


def _unshaped() -> list[_Leaf]:
    raise Unshaped


def _text(low: str, high: str | None) -> _Leaf:
    if high is None:
        return _Leaf("like", (low,), lambda slot: SlotText(slot, None))
    return _Leaf("text", (low, high), SlotText)


def _span(value: Value, params: tuple[int, ...]) -> _Leaf:
    if not isinstance(value, Span):
        raise Unshaped
    if value.unit is None:
        return _Leaf(
            value.prefix, (value.low, value.high), lambda low, high: SlotSpan(value.prefix, low, high, None, params)
        )
    lists = range_lists.range_params(params, value)
    return _Leaf(
        (value.prefix, len(lists)),
        (value.low, value.high, *lists),
        lambda low, high, *slots: SlotSpan(value.prefix, low, high, None, slots),
    )


def _references(criterion: Criterion) -> list[_Leaf]:
    """Each resource the values may name, and the values that are addresses of elsewhere."""
    if not all(isinstance(value, Target | Words) for value in criterion.values):
        raise Unshaped
    targets = reference_lists.target_keys(criterion)
    if len(targets) > SLOTS_MOST or (not targets and any(isinstance(value, Target) for value in criterion.values)):
        raise Unshaped
    leaves = [_Leaf(kind, (name,), partial(Target, kind)) for kind, name in targets]
    words = [exact_key(value.text) for value in criterion.values if isinstance(value, Words)]
    return leaves + [_Leaf("key", (key,), SlotKey) for key in words]
