"""Strings, `:text` and uris with `:below`: compared in the lists of texts (`sp_string`; see `text`)."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, literal, select
from sqlalchemy.sql.expression import FromClause

from fhir_server.search.alternatives import any_of, one_of
from fhir_server.search.condition import Criterion
from fhir_server.search.convert import LONGEST_URI
from fhir_server.search.key_lists import Rids
from fhir_server.search.parameters import Parameter
from fhir_server.search.probe import probe
from fhir_server.search.reference import inside_param, text_param
from fhir_server.search.slots import SlotText
from fhir_server.search.text import LAST, LONGEST, normalised
from fhir_server.search.values import Value, Words
from fhir_server.store.schema import sp_string


def by_text(criterion: Criterion) -> bool:
    """Whether the criterion is answered by the lists of texts, and not by keys."""
    kind, modifier = criterion.parameter.kind, criterion.modifier
    return modifier not in ("exact", "missing") if kind == "string" else modifier in _TEXTS.get(kind, ())


_TEXTS = {"token": ("text",), "uri": ("below", "starts")}


def string_rids(criterion: Criterion) -> Rids:
    """Prefix by default, anywhere with `:contains`; width, case and accents do not count (`text`)."""
    return select(sp_string.c.rid).where(one_of(sp_string.c.param, text_params(criterion)), fits(criterion, sp_string))


def fits(criterion: Criterion, texts: FromClause) -> ColumnElement[bool]:
    """Whether a row of `sp_string` is what the search looks for."""
    column = texts.c.value
    tests: list[ColumnElement[bool]] = []
    for value in criterion.values:
        if criterion.modifier == "differs" and isinstance(value, Words):
            tests.append(column != normalised(value.text))
        for low, high in text_bounds(criterion.modifier, value):
            if high is None:
                tests.append(column.like(low, escape="/"))
            elif criterion.modifier in _ANYWHERE:  # a piece begins anywhere
                tests.append(and_(one_of(texts.c.param, _whole(criterion)), column >= low, column < high))
            else:
                tests.append(and_(column >= low, column < high))
    return any_of(tests)


def text_exists(criterion: Criterion, table: FromClause) -> ColumnElement[bool]:
    return probe(
        select(literal(1))
        .select_from(sp_string)
        .where(
            sp_string.c.rid == table.c.rid,
            one_of(sp_string.c.param, text_params(criterion)),
            fits(criterion, sp_string),
        )
        .correlate(table)
    )


_ANYWHERE = frozenset({"contains", "ends", "text"})
"""Modifiers that look into long texts, too."""


def text_params(criterion: Criterion) -> tuple[int, ...]:
    """The lists of texts, and where it matters those of the pieces of long ones."""
    params = _whole(criterion)
    return (*params, *map(inside_param, params)) if criterion.modifier in _ANYWHERE else params


def _whole(criterion: Criterion) -> tuple[int, ...]:
    params = criterion.parameter.params
    return tuple(text_param(param) for param in params) if criterion.modifier == "text" else params


def longest_text(parameter: Parameter, modifier: str) -> int | None:
    """How many characters a text may have that is looked for so; None when there is no limit."""
    if not by_text(Criterion(parameter, modifier, ())):
        return None
    return LONGEST_URI if parameter.kind == "uri" else LONGEST


def text_bounds(modifier: str, value: Value) -> list[tuple[str, str | None]]:
    """A string search as (low, high) of the values that begin so, or (pattern, None) of those that contain it."""
    if isinstance(value, SlotText):
        return [(value.low, value.high)]
    if modifier in ("below", "starts"):  # a uri, with case
        uri = value.text.replace("\x00", "") if isinstance(value, Words) else ""
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
