"""Runs the rows of a segment map over one segment.

The rows of a map become one function when it is first asked for (`mappers.generator`): parsing of conditions, paths
and constants is never repeated. `apply` is all a message translation calls; what a row cannot place stays unaccounted
and is carried by `finish`.
"""

from __future__ import annotations

import linecache
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from mappers import path
from mappers.generator import write
from mappers.message import Segment
from mappers.rows import Row, maps

if TYPE_CHECKING:
    from mappers.draft import Draft, Sheet

Applied = Callable[[Segment, "Sheet", "Draft", path.Items], None]


def apply(map_id: str, segment: Segment, sheet: Sheet, draft: Draft, items: path.Items | None = None) -> None:
    """Runs the rows of `map_id`, for example `PID[Patient]`, over the segment into the sheet.

    `items` tells of list items that the caller began: `{("diagnosis", ":", path.WHOLE): 2}`.
    """
    compiled(map_id)(segment, sheet, draft, {} if items is None else items)


@cache
def compiled(map_id: str) -> Applied:
    """The function of a map. A mistake in a row is an error here, not at message time."""
    rows = maps().get(map_id)
    if rows is None:
        raise KeyError(f"there is no map {map_id}")
    return compile_rows(rows)


@cache
def compile_rows(rows: tuple[Row, ...]) -> Applied:
    """The function of these rows; also of those that a site brings. Its lines show in tracebacks and profiles."""
    written = write(rows)
    lines = written.source.splitlines(keepends=True)
    file = f"<rows of {rows[0].map}>"
    if linecache.getlines(file) not in ([], lines):  # two sites have rows of one name
        file = f"<rows of {rows[0].map}, {len(linecache.cache)}>"
    linecache.cache[file] = len(written.source), None, lines, file
    names = dict(written.names)
    exec(compile(written.source, file, "exec"), names)  # noqa: S102 - made of our tables by `mappers.generator`
    made: Applied = names[written.function]
    return made
