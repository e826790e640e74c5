"""The text a code, a reference or a uri is sorted by: that of its first value in the body (FHIR R4 search.html#sort).

Their lists hold hashes, which have no order, so the text is read from the body: it costs nothing on write, and a sorted
search pays for its hits. A coded value is sorted by its first code, else by its text; an identifier by its value.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Text, func
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.visitors import InternalTraversal

from fhir_server.search.elements import parameter_places
from fhir_server.search.parameters import Parameter
from fhir_server.store.schema import resource

Keys = tuple[str | int, ...]
_LEAVES: Mapping[str, tuple[Keys, ...]] = MappingProxyType(
    {
        "CodeableConcept": (("coding", 0, "code"), ("text",)),
        "Coding": (("code",),),
        "Identifier": (("value",),),
        "ContactPoint": (("value",),),
        "Reference": (("reference",), ("identifier", "value")),
    }
)
"""What is read of a data type, in order; a primitive is read itself."""


@cache
def paths(parameter: Parameter) -> tuple[Keys, ...]:
    """Where the text may stand, in order."""
    found = ((*place.keys, *leaf) for place in parameter_places(parameter) for leaf in _LEAVES.get(place.type, ((),)))
    return tuple(dict.fromkeys(found))


class _BodyText(ColumnElement[str]):
    """The text at a path of the body, or null; the path is a constant of the statement, from the definitions of R4."""

    __visit_name__ = "body_text"
    type = Text()
    inherit_cache = True
    _traverse_internals = [("path", InternalTraversal.dp_plain_obj)]  # noqa: RUF012 - as SQLAlchemy declares it

    def __init__(self, path: Keys) -> None:
        self.path = path


@compiles(_BodyText, "sqlite")
def _sqlite(element: _BodyText, compiler: Any, **options: Any) -> str:
    steps = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in element.path)
    return f"CAST(json_extract(CAST({compiler.process(resource.c.body, **options)} AS TEXT), '${steps}') AS TEXT)"


@compiles(_BodyText, "postgresql")
def _postgresql(element: _BodyText, compiler: Any, **options: Any) -> str:
    steps = ",".join(map(str, element.path))
    body = compiler.process(resource.c.body, **options)
    return f"((convert_from({body}, 'UTF8')::json #>> '{{{steps}}}') COLLATE \"C\")"


def first_text(parameter: Parameter, missing: str) -> ColumnElement[Any]:
    """The text of the row of `resource`; `missing` when it has none."""
    return func.coalesce(*(_BodyText(path) for path in paths(parameter)), missing)


def first_text_of(parameter: Parameter, body: Any, missing: str) -> str:
    """The same of a parsed body."""
    for path in paths(parameter):
        value = body
        for key in path:
            if isinstance(key, int):
                value = value[key] if isinstance(value, list) and len(value) > key else None
            else:
                value = value.get(key) if isinstance(value, dict) else None
        if value is not None:
            return ("true" if value else "false") if isinstance(value, bool) else str(value)
    return missing
