"""One criterion as SQL (FHIR R4 search.html), in two forms: a probe on the row at hand, and a list of rids.

`matching` decides which form is used. The lists of keys hold no rows of deleted resources.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    exists,
    false,
    literal,
    literal_column,
    not_,
    or_,
    select,
    true,
    tuple_,
    union_all,
)
from sqlalchemy.sql.expression import FromClause

from fhir_server.search.alternatives import LISTS, any_of
from fhir_server.search.condition import Criterion, Together
from fhir_server.search.convert import LONGEST_URI
from fhir_server.search.keys import (
    code_key,
    exact_key,
    system_code_key,
    system_key,
    system_value_key,
    unit_param,
    value_key,
)
from fhir_server.search.parameters import EVERY, Parameter, clinical_date, in_patient_column, types_of
from fhir_server.search.reference import identifier_param, of_type_param, text_param
from fhir_server.search.slots import SLOTS_MOST, SlotId, SlotKey, SlotSpan, SlotText
from fhir_server.search.text import LAST, normalised
from fhir_server.search.values import AnyOf, Missing, OfType, Span, Target, Token, Value, Words
from fhir_server.store.schema import (
    LONG,
    NO_DATE,
    dated_of,
    is_long,
    resource,
    sp_key,
    sp_range,
    sp_reference,
    sp_string,
)

Rids = Select[int]
_TARGET = resource.alias("target")


def met(criterion: Criterion, table: FromClause) -> ColumnElement[bool]:
    """The criterion on the row of `table`, as a probe or a comparison with a column."""
    parameter, values = criterion.parameter, criterion.values
    if not parameter.sources:
        return _column(criterion, table)
    if criterion.modifier == "missing":
        return _missing(parameter, values, table)
    if criterion.modifier in ("not", "not-in"):
        return not_(met(replace(criterion, modifier=""), table))
    if by_text(criterion):
        return _text_exists(criterion, table)
    if parameter.kind in ("token", "uri", "string"):
        return _keys_exist(key_params(criterion), hashes(criterion), table)
    if parameter.kind == "reference":
        return _reference(criterion, table)
    if len(values) > LISTS:
        there = select(literal(1)).select_from(sp_range).where(sp_range.c.rid == table.c.rid, _in_a_span(criterion))
        return probe(there.correlate(table))
    return any_of(_range_exists(parameter.params, value, table) for value in values if isinstance(value, Span))


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


# ------------------------------------------------------------------------------------------- keys


def key_params(criterion: Criterion) -> tuple[int, ...]:
    """The lists of keys a token, uri or `:identifier` search looks into."""
    params = criterion.parameter.params
    if criterion.modifier == "of-type":
        return tuple(of_type_param(param) for param in params)
    if criterion.modifier == "identifier":
        return tuple(identifier_param(param) for param in params)
    return params


def hashes(criterion: Criterion) -> tuple[int, ...]:
    """The keys of the OR values, each once."""
    found: dict[int, None] = {}
    for value in criterion.values:
        if isinstance(value, AnyOf):
            found.update((_hash(token), None) for token in value.tokens)
        elif criterion.modifier == "above" and isinstance(value, Words):
            found.update((exact_key(text), None) for text in _stems(value.text))
        else:
            found[_hash(value)] = None
    return tuple(found)


_LONGEST = 4096
"""Characters of a URL in which what lies above it is looked for: each step of its path is a key."""


def _stems(uri: str) -> list[str]:
    """A URL and every URL above it: `http://a/b/c`, `http://a/b`, `http://a`, each also with a slash at the end."""
    if uri.startswith("urn:"):
        return [uri]  # "not meaningful for URNs" (search.html#uri)
    root = uri.find("//") + 2
    ends = [place for place in range(root, min(len(uri), _LONGEST)) if uri[place] == "/"] if root > 1 else []
    return [uri, *(uri[:end] for end in ends), *(uri[: end + 1] for end in ends)]


def _hash(value: Value) -> int:
    match value:
        case SlotKey(key, _):
            return key
        case Token(system, code, True) if code:
            return value_key(code) if system is None else system_value_key(system, code)
        case Token(system, code) if system is None:
            return code_key(code)
        case Token(system, ""):
            return system_key(system or "")
        case Token(system, code):
            return system_code_key(system or "", code)
        case OfType(text) | Words(text):
            return exact_key(text)
        case _:
            raise TypeError(type(value).__name__)


def key_rids(params: tuple[int, ...], keys: tuple[int, ...]) -> Rids:
    return select(sp_key.c.rid).where(_any(sp_key.c.param, params), _any(sp_key.c.hash, keys))


def probe(found: Any) -> ColumnElement[bool]:
    """EXISTS for the row at hand. OFFSET 0 changes nothing, but for PostgreSQL: it keeps the sub-select as it stands,
    instead of reading all of a list to look up a few rows in it."""
    return exists(found.offset(literal_column("0")))


def _keys_exist(params: tuple[int, ...], keys: tuple[int, ...], table: FromClause) -> ColumnElement[bool]:
    return probe(
        select(literal(1))
        .select_from(sp_key)
        .where(_any(sp_key.c.param, params), _any(sp_key.c.hash, keys), sp_key.c.rid == table.c.rid)
        .correlate(table)
    )


def _any(column: ColumnElement[int], values: tuple[int, ...]) -> ColumnElement[bool]:
    return column == values[0] if len(values) == 1 else column.in_(values)


# ---------------------------------------------------------------------------------------- strings


def by_text(criterion: Criterion) -> bool:
    """Whether the criterion is answered by the lists of texts, and not by keys."""
    kind, modifier = criterion.parameter.kind, criterion.modifier
    return modifier not in ("exact", "missing") if kind == "string" else modifier in _TEXTS.get(kind, ())


_TEXTS = {"token": ("text",), "uri": ("below", "starts")}


def string_rids(criterion: Criterion) -> Rids:
    """Prefix by default, anywhere with `:contains`; width, case and accents do not count (`text`)."""
    return select(sp_string.c.rid).where(_any(sp_string.c.param, text_params(criterion)), fits(criterion, sp_string))


def fits(criterion: Criterion, texts: FromClause) -> ColumnElement[bool]:
    """Whether a row of `sp_string` is what the search looks for."""
    column = texts.c.value
    tests: list[ColumnElement[bool]] = []
    for value in criterion.values:
        if criterion.modifier == "differs" and isinstance(value, Words):
            tests.append(column != normalised(value.text))
        for low, high in text_bounds(criterion.modifier, value):
            tests.append(column.like(low, escape="/") if high is None else and_(column >= low, column < high))
    return any_of(tests)


def _text_exists(criterion: Criterion, table: FromClause) -> ColumnElement[bool]:
    return probe(
        select(literal(1))
        .select_from(sp_string)
        .where(
            sp_string.c.rid == table.c.rid,
            _any(sp_string.c.param, text_params(criterion)),
            fits(criterion, sp_string),
        )
        .correlate(table)
    )


def text_params(criterion: Criterion) -> tuple[int, ...]:
    params = criterion.parameter.params
    return tuple(text_param(param) for param in params) if criterion.modifier == "text" else params


def text_bounds(modifier: str, value: Value) -> list[tuple[str, str | None]]:
    """A string search as (low, high) of the values that begin so, or (pattern, None) of those that contain it."""
    if isinstance(value, SlotText):
        return [(value.low, value.high)]
    if modifier in ("below", "starts"):  # a uri, with case
        uri = value.text.replace("\x00", "")[:LONGEST_URI] if isinstance(value, Words) else ""
        if modifier == "starts" or uri.endswith("/"):
            return [(uri, uri + LAST)]
        return [(uri, uri + "\x01"), *((uri + mark, uri + mark + LAST) for mark in _inside(uri))]
    text = normalised(value.text) if isinstance(value, Words) else ""
    if not text or modifier == "differs":
        return []
    escaped = text.replace("/", "//").replace("%", "/%").replace("_", "/_")
    match modifier:
        case "contains":
            return [(f"%{escaped}%", None)]
        case "ends":
            return [(f"%{escaped}", None)]
        case "equals":
            return [(text, text + "\x01")]
        case "text" if text.isascii():  # the text begins so, or a word of it
            return [(text, text + LAST), (f"% {escaped}%", None)]
        case "text":  # Chinese has no blanks between words
            return [(f"%{escaped}%", None)]
        case _:
            return [(text, text + LAST)]


def _inside(uri: str) -> tuple[str, ...]:
    """What follows in a uri that lies below: a path, any version, what `url|1` begins the version of."""
    if "|" in uri:
        return (".",)
    return ("|",) if uri.startswith("urn:") else ("/", "|")


# -------------------------------------------------------------------------------------- references


def _reference(criterion: Criterion, table: FromClause) -> ColumnElement[bool]:
    if criterion.modifier == "identifier":
        return _keys_exist(key_params(criterion), hashes(criterion), table)
    tests: list[ColumnElement[bool]] = []
    targets = target_rids(criterion)
    if targets is not None:
        if names_patients(criterion):
            column = table.c.patient_rid
            tests.append(column == targets.scalar_subquery() if _alone(criterion) else column.in_(targets))
        else:
            tests.append(_reference_exists(criterion.parameter.params, targets, _alone(criterion), table))
    keys = tuple(_hash(value) for value in criterion.values if isinstance(value, Words | SlotKey))
    if keys:
        tests.append(_keys_exist(criterion.parameter.params, keys, table))
    return or_(*tests)


def _reference_exists(params: tuple[int, ...], targets: Rids, alone: bool, table: FromClause) -> ColumnElement[bool]:
    column = sp_reference.c.target
    return probe(
        select(literal(1))
        .select_from(sp_reference)
        .where(
            sp_reference.c.rid == table.c.rid,
            _any(sp_reference.c.param, params),
            column == targets.scalar_subquery() if alone else column.in_(targets),
        )
        .correlate(table)
    )


def _alone(criterion: Criterion) -> bool:
    """Whether the search names exactly one resource, so that its rid is a scalar."""
    return len(criterion.values) == 1 and len(target_keys(criterion)) == 1


def names_patients(criterion: Criterion) -> bool:
    """Whether every value is a Patient and the `patient_rid` column answers the search."""
    keys = target_keys(criterion)
    return bool(keys) and in_patient_column(criterion.parameter) and all(kind == "Patient" for kind, _ in keys)


def names_one_patient(criterion: Criterion) -> bool:
    """Whether the `patient_rid` column alone answers the search."""
    return criterion.parameter.kind == "reference" and _alone(criterion) and names_patients(criterion)


def target_keys(criterion: Criterion) -> list[tuple[str, str]]:
    """(type, id) of each resource the values may name; a bare id may be of any type the parameter allows."""
    parameter = criterion.parameter
    types = parameter.targets
    keys: dict[tuple[str, str], None] = {}
    for value in criterion.values:
        if isinstance(value, Target):
            wanted = (value.type,) if value.type else types
            if criterion.modifier and criterion.modifier[0].isupper():
                wanted = (criterion.modifier,) if value.type in ("", criterion.modifier) else ()
            keys.update(((kind, value.id), None) for kind in wanted if kind in types or not types)
    return list(keys)


def target_rids(criterion: Criterion) -> Rids | None:
    """The rids of the named resources, visible or not: a reference is a fact about the resource that holds it."""
    if not any(isinstance(value, Target) for value in criterion.values):
        return None
    keys = target_keys(criterion)
    target = _TARGET
    if 0 < len(keys) <= SLOTS_MOST:
        return select(target.c.rid).where(or_(*(and_(target.c.type == kind, target.c.id == key) for kind, key in keys)))
    return select(target.c.rid).where(tuple_(target.c.type, target.c.id).in_(keys))


def focus_rid(resource_type: str, resource_id: str) -> Rids:
    """The rid of one resource, visible or not."""
    return select(_TARGET.c.rid).where(_TARGET.c.type == resource_type, _TARGET.c.id == resource_id)


def reference_rids(criterion: Criterion) -> list[Rids]:
    """The rids of what refers to the values, as uncorrelated lists."""
    params, found = criterion.parameter.params, []
    targets = target_rids(criterion)
    if targets is not None:
        column = sp_reference.c.target
        test = column == targets.scalar_subquery() if _alone(criterion) else column.in_(targets)
        found.append(select(sp_reference.c.rid).where(_any(sp_reference.c.param, params), test))
    keys = tuple(_hash(value) for value in criterion.values if isinstance(value, Words | SlotKey))
    if keys:
        found.append(key_rids(params, keys))
    return found


# ------------------------------------------------------------------------------------------ ranges


def compared(span: Span, low: Any, high: Any) -> ColumnElement[bool]:
    """A stored range against the range of the query (search.html#prefix; `eq` is containment).

    Lists are sorted by `low`, so a bound on `low` is said even where the one on `high` implies it.
    """
    match span.prefix:
        case "eq":
            return and_(low >= span.low, low <= span.high, high <= span.high)
        case "ne":
            return or_(low < span.low, high > span.high)
        case "gt":
            return high > span.high
        case "lt":
            return low < span.low
        case "ge":
            return or_(low >= span.low, high > span.high)
        case "le":
            return and_(low <= span.high, or_(high <= span.high, low < span.low))
        case "sa":
            return low > span.high
        case "eb":
            return and_(low < span.low, high < span.low)
        case "ap" | "po":
            return and_(low <= span.high, high >= span.low)


def range_params(params: tuple[int, ...], span: Span) -> tuple[int, ...]:
    """The lists of numbers to look into: those of the unit, when the value names one."""
    if isinstance(span, SlotSpan):
        return span.params
    return params if span.unit is None else tuple(unit_param(param, *span.unit) for param in params)


def _range_exists(params: tuple[int, ...], span: Span, table: FromClause) -> ColumnElement[bool]:
    return probe(
        select(literal(1))
        .select_from(sp_range)
        .where(
            sp_range.c.rid == table.c.rid,
            _any(sp_range.c.param, range_params(params, span)),
            compared(span, sp_range.c.low, sp_range.c.high),
        )
        .correlate(table)
    )


def range_rids(criterion: Criterion) -> Any:
    """The rids of what has a range that meets one of the values, each read from the index that bounds it."""
    params = criterion.parameter.params
    if len(criterion.values) > LISTS:
        return select(sp_range.c.rid).where(_in_a_span(criterion))
    parts = [
        select(sp_range.c.rid).where(_any(sp_range.c.param, range_params(params, value)), part)
        for value in criterion.values
        if isinstance(value, Span)
        for part in bounded(value, sp_range)
    ]
    return parts[0] if len(parts) == 1 else union_all(*parts)


def _in_a_span(criterion: Criterion) -> ColumnElement[bool]:
    """A row of the list meets one of many values. They are looked through one after the other: a database that may
    look for each of them in an index takes longer to plan that than to read the whole list.
    """
    low, high = later(sp_range.c.low), later(sp_range.c.high)
    by_list: dict[tuple[int, ...], list[ColumnElement[bool]]] = {}
    for value in dict.fromkeys(criterion.values):
        if isinstance(value, Span):
            lists = range_params(criterion.parameter.params, value)
            by_list.setdefault(lists, []).append(compared(value, low, high))
    return any_of(and_(_any(sp_range.c.param, lists), any_of(tests)) for lists, tests in by_list.items())


def bounded(span: Span, ranges: FromClause) -> tuple[ColumnElement[bool], ...]:
    """`compared`, in parts that do not overlap and that each have a bound on an index.

    Lists are sorted by `low`. What only its end makes a match is looked for among the short ranges that begin shortly
    before, and among the long ones, which have an index by their end.
    """
    low, high = ranges.c.low, ranges.c.high
    if span.prefix not in _BY_END:
        return (compared(span, low, high),)
    # (ranges that begin here match whatever their end is, the end that makes the others match)
    inside, ending, end = {
        "gt": (low > span.high, high > span.high, span.high),
        "ge": (low >= span.low, high > span.high, span.high),
    }.get(span.prefix, (and_(low >= span.low, low <= span.high), high >= span.low, span.low))
    first = span.high if span.prefix == "gt" else span.low
    before = low <= first if span.prefix == "gt" else low < first
    long_ago = later(low) < end - LONG  # no index on where ranges begin is to serve
    return (
        inside,
        and_(low >= end - LONG, before, ending),
        and_(is_long(ranges), ending, long_ago, later(low) <= first if span.prefix == "gt" else later(low) < first),
    )


_BY_END = frozenset({"gt", "ge", "ap", "po"})


def later(number: ColumnElement[int]) -> ColumnElement[int]:
    """The same number in a form no index has: what is found is sorted or sifted afterwards."""
    return number + literal_column("0")


# ---------------------------------------------------------------------------------------- together


def together(condition: Together, table: FromClause) -> ColumnElement[bool]:
    """Both parts of a composite in one instance, on the row of `table`."""
    if condition.keys:
        return _keys_exist((condition.param,), condition.keys, table)
    return probe(
        select(literal(1))
        .select_from(sp_range)
        .where(sp_range.c.rid == table.c.rid, _ranged(condition))
        .correlate(table)
    )


def together_rids(condition: Together) -> Rids:
    if condition.keys:
        return key_rids((condition.param,), condition.keys)
    return select(sp_range.c.rid).where(_ranged(condition))


def _ranged(condition: Together) -> ColumnElement[bool]:
    low, high = sp_range.c.low, sp_range.c.high
    if condition.numbers is not None:
        first, second = condition.numbers
        return and_(sp_range.c.param == condition.param, compared(first, low, low), compared(second, high, high))
    return any_of(and_(_any(sp_range.c.param, params), compared(span, low, high)) for params, span in condition.spans)


# ----------------------------------------------------------------------------------------- missing


def _missing(parameter: Parameter, values: tuple[Value, ...], table: FromClause) -> ColumnElement[bool]:
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
        return table.c.rid.in_(select(listed.c.rid).where(_any(listed.c.param, params)))
    there = select(literal(1)).select_from(listed).where(listed.c.rid == table.c.rid, _any(listed.c.param, params))
    return probe(there.correlate(table))


def _without(parameter: Parameter, params: tuple[int, ...]) -> Any:
    every = select(_TARGET.c.rid)
    if parameter.type != EVERY:
        every = every.where(_TARGET.c.type.in_(types_of(parameter.type)))
    return every.except_(select(sp_key.c.rid).where(_any(sp_key.c.param, params)))
