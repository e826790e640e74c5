"""Statements as text, made once for a shape and kept; each execution fills in its values (see `shape`).

Building and rendering a statement with SQLAlchemy costs several times what the database takes to run it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.dialects.sqlite import pysqlite
from sqlalchemy.engine import Dialect

from fhir_server.search.compile import Wanted
from fhir_server.search.shape import Key, Unshaped, outline, stand_in
from fhir_server.store.reading import Reader, Row

MOST = 4000
"""Statements kept; a caller who invents more shapes than that starts the collection anew."""


@dataclass(frozen=True, slots=True)
class Template:
    """SQL in the driver's own form; `slots` are (position, number of the value), the others are constant."""

    sql: str
    parameters: tuple[Any, ...]
    slots: tuple[tuple[int, int], ...]

    def filled(self, values: Sequence[Any]) -> list[Any]:
        bound = list(self.parameters)
        for position, number in self.slots:
            bound[position] = values[number]
        return bound


_KEPT: dict[Key, Template] = {}


def fetch(reader: Reader, make: Callable[[Wanted], Select[Any]], wanted: Wanted) -> list[Row]:
    """The rows of the statement that `make` gives for what is wanted."""
    try:
        shape, values = outline(wanted)
    except Unshaped:
        whole = rendered(make(wanted), reader.dialect)
        return reader.all(whole.sql, whole.parameters)
    key = (make.__name__, reader.dialect, shape)
    template = _KEPT.get(key)
    if template is None:
        if len(_KEPT) >= MOST:
            _KEPT.clear()
        template = _KEPT[key] = rendered(make(stand_in(wanted, _AMONG[reader.dialect])), reader.dialect)
    return reader.all(template.sql, template.filled(values))


def rendered(statement: Select[Any], dialect: str) -> Template:
    """The statement as text; parameters named `s0`, `s1`, … are slots."""
    compiled = statement.compile(dialect=_dialect(dialect), compile_kwargs={"render_postcompile": True})
    names = compiled.positiontup or []
    given = compiled.construct_params(_check=False)
    slots = tuple((position, int(name[1:])) for position, name in enumerate(names) if _is_slot(name))
    return Template(str(compiled), tuple(given[name] for name in names), slots)


def _is_slot(name: str) -> bool:
    return name[0] == "s" and name[1:].isdigit()


@cache
def _dialect(name: str) -> Dialect:
    if name == "sqlite":
        return pysqlite.dialect(paramstyle="qmark")
    from sqlalchemy.dialects.postgresql import psycopg  # costs a start that has no use for it

    return psycopg.dialect(paramstyle="format")


_AMONG: dict[str, Callable[[Any, Any], Any]] = {
    # A list of any length is one value, so that the length is no part of the shape.
    "sqlite": lambda listed, column: column.in_(select(func.json_each(listed).table_valued("value").c.value)),
    "postgresql": lambda listed, column: column == func.any(listed),
}
