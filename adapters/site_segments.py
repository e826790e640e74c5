"""Z segments of a layer: `segments/Z01[Organization].csv`, rows as those of the official maps, read by their loader.

The file is named as its map, and a row's id begins with it: `Z01[Organization]#Z01-2`. Targets are elements of the
resource in brackets, one that the message makes (or, in MFN, that the segment is about).
"""

from __future__ import annotations

import re
from pathlib import Path

from mappers.engine import compile_rows
from mappers.rows import Row, RowError
from mappers.rows import read as read_rows
from profiles.definitions import resource_types
from profiles.xml_elements import resource_table

_MAP = re.compile(r"\A(Z[A-Z0-9]{2})\[([A-Z][A-Za-z]+)\]\Z")


def read(folder: Path, shown: str, problems: list[str]) -> dict[str, tuple[Row, ...]]:
    """The maps of one folder by name; a row that cannot be run is a problem that names it."""
    found: dict[str, tuple[Row, ...]] = {}
    for path in sorted(folder.glob("*.csv")):
        where = f"{shown}/{path.name}"
        named = _MAP.match(path.stem)
        if named is None:
            problems.append(f"{where}: must be called as its map, such as Z01[Organization].csv")
            continue
        try:
            maps = read_rows([path])
            for rows in maps.values():
                compile_rows(rows)
        except (RowError, UnicodeDecodeError) as mistake:
            problems.append(f"{where}: {mistake}")
            continue
        if set(maps) - {path.stem}:
            problems.append(f"{where}: every id must begin with {path.stem}#")
            continue
        found |= {name: rows for name, rows in maps.items() if _fits(named, rows, where, problems)}
    return found


def _fits(named: re.Match[str], rows: tuple[Row, ...], where: str, problems: list[str]) -> bool:
    """Whether the sources are of the segment and the targets begin with an element of the resource."""
    segment, kind = named[1], named[2]
    elements = _elements(kind)
    if not elements:
        problems.append(f"{where}: {kind!r} is no type of resource")
        return False
    fitting = True
    for row in rows:
        if row.source and not row.source.startswith(f"{segment}-"):
            problems.append(f"{where}: {row.id}: the source must be a field of {segment}")
            fitting = False
        first = re.split(r"[.\[]", row.target, maxsplit=1)[0].removeprefix("_")
        if first not in elements:
            problems.append(f"{where}: {row.id}: {first!r} is no element of {kind}; valid are {', '.join(elements)}")
            fitting = False
    return fitting


def by_segment(maps: dict[str, tuple[Row, ...]]) -> dict[str, tuple[tuple[str, tuple[Row, ...]], ...]]:
    """By segment: the types of resources and their rows."""
    found: dict[str, list[tuple[str, tuple[Row, ...]]]] = {}
    for name, rows in maps.items():
        segment, _, kind = name.rstrip("]").partition("[")
        found.setdefault(segment, []).append((kind, rows))
    return {segment: tuple(parts) for segment, parts in found.items()}


def _elements(kind: str) -> tuple[str, ...]:
    """The elements of that type of resource, none when there is no such type."""
    return tuple(resource_table(kind).elements) if kind in resource_types() else ()
