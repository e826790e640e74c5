"""Search keys: 64-bit hashes of what a token, uri, reference or exact string search can ask for (FHIR R4 search.html).

A token is findable as `system|code`, as `code` in any system, as `|code` when it has no system, and as `system|`.
Codes are compared without case (search.html#token: "servers SHOULD treat tokens in a case-insensitive manner"),
systems and the values of identifiers with case: `a1` and `A1` are two patients, and a conditional create asks here.
"""

from __future__ import annotations

from functools import lru_cache

from fhir_server.store.schema import key_hash, param_id

_ANY = "\x01"
_SEPARATOR = "\x00"


def code_key(code: str) -> int:
    """`code`: in any system or in none."""
    return key_hash(_ANY + _SEPARATOR + code.casefold())


def system_code_key(system: str, code: str) -> int:
    """`system|code`; with an empty system `|code`."""
    return key_hash(system + _SEPARATOR + code.casefold())


def system_key(system: str) -> int:
    """`system|`: any code of the system."""
    return key_hash(system + _SEPARATOR)


def value_key(value: str) -> int:
    """The value of an identifier in any system or in none."""
    return key_hash(_ANY + _SEPARATOR + value)


def system_value_key(system: str, value: str) -> int:
    """`system|value` of an identifier."""
    return key_hash(system + _SEPARATOR + value)


def exact_key(text: str) -> int:
    """A whole value with case: uri, canonical, absolute reference, `:exact` string."""
    return key_hash(text)


def pair_key(first: int, second: int) -> int:
    """Two keys of one element instance, for composite parameters."""
    return key_hash(f"{first}${second}")


PRESENT = key_hash("\x02")
"""Stands in a list for a value that nothing else can find: only `:missing` asks for it."""


@lru_cache(maxsize=65536)
def token_keys(system: str, code: str) -> tuple[int, ...]:
    """Every key under which one token is found."""
    if not code:
        return (system_key(system),) if system else ()
    keys = (code_key(code), system_code_key(system, code))
    return (*keys, system_key(system)) if system else keys


@lru_cache(maxsize=16384)
def identifier_keys(system: str, value: str) -> tuple[int, ...]:
    """Every key under which an identifier is found."""
    if not value:
        return (system_key(system),) if system else ()
    keys = (value_key(value), system_value_key(system, value))
    return (*keys, system_key(system)) if system else keys


def unit_param(param: int, system: str, code: str) -> int:
    """The list of values of one quantity parameter in one unit: `|system|code`, or `||code` for an empty system."""
    return _unit_param(param, system, code)


@lru_cache(maxsize=16384)
def _unit_param(param: int, system: str, code: str) -> int:
    return param_id(f"{param}|{system}|{code}")


@lru_cache(maxsize=65536)
def composite_param(composite: int, param: int, key: int) -> int:
    """The list of ranges of one composite parameter beside one key of its first part (`code$value`).

    31 bits are too few to tell all codes apart, so who reads such a list also asks for both parts alone.
    """
    return param_id(f"{composite}${param}${key}")
