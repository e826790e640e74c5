"""References: which of them name a resource of this store (FHIR R4 references.html#literal)."""

from __future__ import annotations

import re
from functools import lru_cache

from fhir_server.store.schema import param_id

_LOCAL = re.compile(r"([A-Z][A-Za-z]{2,63})/([A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]{1,64})?", re.ASCII)


@lru_cache(maxsize=16384)
def local(reference: str) -> tuple[str, str] | None:
    """`Patient/1` or `Patient/1/_history/2` as (type, id); None for an absolute, contained or logical reference."""
    found = _LOCAL.fullmatch(reference)
    return (found[1], found[2]) if found else None


def of_type_param(param: int) -> int:
    """The list of `type system|type code|value` of identifiers (`identifier:of-type`)."""
    return param_id(f"{param}:of-type")


@lru_cache(maxsize=4096)
def inside_param(param: int) -> int:
    """The list of the pieces of long texts (see `text`)."""
    return param_id(f"{param}:inside")


def text_param(param: int) -> int:
    """The list of the texts and displays of a token (`code:text`)."""
    return _text_param(param)


@lru_cache(maxsize=4096)
def _text_param(param: int) -> int:
    return param_id(f"{param}:text")


def identifier_param(param: int) -> int:
    """The list of the identifiers inside references (`subject:identifier`)."""
    return param_id(f"{param}:identifier")
