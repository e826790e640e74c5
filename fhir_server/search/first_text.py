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

from fhir_server.search.elements import Chosen, Keys, parameter_places
from fhir_server.search.parameters import Parameter
from fhir_server.search.text import LONGEST
from fhir_server.store.schema import resource

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
    body = f"CAST({compiler.process(resource.c.body, **options)} AS TEXT)"
    before, chosen, after = _parted(element.path)
    if chosen is None:
        return f"CAST(json_extract({body}, '{_dollar(before)}') AS TEXT)"
    value = f"json_extract(item.value, '{_dollar(after)}')"
    return (
        f"(SELECT CAST({value} AS TEXT) FROM json_each({body}, '{_dollar(before)}') AS item"  # noqa: S608 - see _parted
        f" WHERE json_extract(item.value, '$.{chosen.name}') = '{chosen.value}' AND {value} IS NOT NULL"
        " ORDER BY item.key LIMIT 1)"
    )


@compiles(_BodyText, "postgresql")
def _postgresql(element: _BodyText, compiler: Any, **options: Any) -> str:
    body = f"convert_from({compiler.process(resource.c.body, **options)}, 'UTF8')::json"
    before, chosen, after = _parted(element.path)
    if chosen is None:
        return f'(({body} #>> {_braced(before)}) COLLATE "C")'
    return (
        f"((SELECT item.value #>> {_braced(after)} FROM json_array_elements({body} #> {_braced(before)})"  # noqa: S608
        f" WITH ORDINALITY AS item(value, number) WHERE item.value ->> '{chosen.name}' = '{chosen.value}'"
        f' AND item.value #>> {_braced(after)} IS NOT NULL ORDER BY item.number LIMIT 1) COLLATE "C")'
    )


def _parted(path: Keys) -> tuple[Keys, Chosen | None, Keys]:
    """What stands before and after the choice in a path. All of it is plain words of definitions (see `sortable`)."""
    place = next((n for n, key in enumerate(path) if isinstance(key, Chosen)), len(path))
    chosen = path[place] if place < len(path) else None
    return path[:place], chosen if isinstance(chosen, Chosen) else None, path[place + 1 :]


def _dollar(path: Keys) -> str:
    return "$" + "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path)


def _braced(path: Keys) -> str:
    return "'{" + ",".join(map(str, path)) + "}'"


def first_text(parameter: Parameter, missing: str) -> ColumnElement[Any]:
    """The text of the row of `resource`, its first LONGEST characters: a page link holds it. `missing` without one."""
    return func.substr(func.coalesce(*(_BodyText(path) for path in paths(parameter)), missing), 1, LONGEST)


def first_text_of(parameter: Parameter, body: Any, missing: str) -> str:
    """The same of a parsed body."""
    for path in paths(parameter):
        before, chosen, after = _parted(path)
        items = [_at(body, before)] if chosen is None else _chosen(_at(body, before), chosen)
        value = next((found for item in items if (found := _at(item, after)) is not None), None)
        if value is not None:
            return ("true" if value else "false") if isinstance(value, bool) else str(value)[:LONGEST]
    return missing


def _chosen(value: Any, chosen: Chosen) -> list[Any]:
    items = value if isinstance(value, list) else []
    return [item for item in items if isinstance(item, dict) and item.get(chosen.name) == chosen.value]


def _at(value: Any, path: Keys) -> Any:
    for key in path:
        if isinstance(key, int):
            value = value[key] if isinstance(value, list) and len(value) > key else None
        else:
            value = value.get(key) if isinstance(value, dict) else None
    return value
