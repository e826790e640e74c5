"""Tokens, uris, `:exact` and `:identifier`: looked up by hash in the lists of keys (`sp_key`)."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Select, literal, select
from sqlalchemy.sql.expression import FromClause

from fhir_server.search.alternatives import one_of
from fhir_server.search.condition import Criterion
from fhir_server.search.keys import code_key, exact_key, system_code_key, system_key, system_value_key, value_key
from fhir_server.search.probe import probe
from fhir_server.search.reference import identifier_param, of_type_param
from fhir_server.search.slots import SlotKey
from fhir_server.search.values import AnyOf, OfType, Token, Value, Words
from fhir_server.store.schema import sp_key

Rids = Select[int]


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
            found.update((hash_of(token), None) for token in value.tokens)
        elif criterion.modifier == "above" and isinstance(value, Words):
            found.update((exact_key(text), None) for text in _stems(value.text))
        else:
            found[hash_of(value)] = None
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


def hash_of(value: Value) -> int:
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
    return select(sp_key.c.rid).where(one_of(sp_key.c.param, params), one_of(sp_key.c.hash, keys))


def keys_exist(params: tuple[int, ...], keys: tuple[int, ...], table: FromClause) -> ColumnElement[bool]:
    return probe(
        select(literal(1))
        .select_from(sp_key)
        .where(one_of(sp_key.c.param, params), one_of(sp_key.c.hash, keys), sp_key.c.rid == table.c.rid)
        .correlate(table)
    )
