"""Layers: what a site says, over what its vendor says, over what the county says of all senders.

Base, then vendor, then site; each is a folder with a TOML file, `codes.csv` and `segments/*.csv`, each may be left out.
Tables are merged key by key and the later layer goes before; a list is one value. Codes are merged row by row (table
and code), segment maps map by map. A vendor says how its product speaks, never who or where somebody is.
Every layer is checked by itself, so that a mistake is told with the file it stands in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapters import site_segments
from adapters.site_file import NAME, Key, Lines, Table, at, check_table, lines_of, read_codes, read_toml
from mappers.rows import Row

VENDORS = Path(__file__).parent / "vendors"
"""The dialects that come with the package."""
BASE = "base"
"""The folder of the layer under all vendors."""
LOCAL = frozenset({"institution", "senders", "networks", "certificates"})
"""Keys that say who or where: only a site has them."""
LOCAL_TABLES = frozenset({"authorities"})
LOCAL_OUTBOUND = frozenset({"host", "port", "sees", "authorities", "certificate", "key"})

Check = Callable[[Any, str, list[str], Lines], dict[str, Any]]
"""Of a table whose keys are free: what fits, of what was found at (file and table)."""
Codes = dict[tuple[str, str], tuple[str, dict[str, str]]]
Segments = Mapping[str, tuple[tuple[str, tuple[Row, ...]], ...]]


@dataclass(frozen=True, slots=True)
class Stack:
    """All layers of one site, merged: `head` are the keys before the first table; `codes` by table and code, with
    where the row stands."""

    head: dict[str, Any]
    tables: dict[str, Any]
    codes: Codes
    segments: Segments
    opens: bool
    """Whether the site itself, not only its vendor, has an `[outbound]`."""


def stack(site: Path, shapes: Mapping[str, Table | Check], head: Table, problems: list[str]) -> Stack:
    """The layers of the site of this folder. `shapes` are the tables: their keys, or the check of free ones."""
    vendors = site.parent / "vendors"
    own = read_toml(site / "site.toml", f"{site.name}/site.toml", problems)
    named = own.get("vendor", "")
    folders = [(_vendor(BASE, vendors), "vendor.toml"), (_named(named, own, site, vendors, problems), "vendor.toml")]
    merged_head: dict[str, Any] = {}
    tables: dict[str, Any] = {name: {} for name in shapes}
    codes: Codes = {}
    segments: dict[str, tuple[Row, ...]] = {}
    for folder, file in (*folders, (site, "site.toml")):
        if folder is None:
            continue
        vendor = file == "vendor.toml"
        shown = f"vendors/{folder.name}" if vendor else folder.name
        found = read_toml(folder / file, f"{shown}/{file}", problems) if vendor else own
        text = _text(folder / file)
        said = _check(found, shapes, head, f"{shown}/{file}", text, problems, vendor=folder.name if vendor else "")
        merged_head |= {name: value for name, value in said.pop("", {}).items() if not (vendor and name == "name")}
        for name, table in said.items():
            tables[name] = {**tables[name], **table}
        for line, row in read_codes(folder / "codes.csv", f"{shown}/codes.csv", problems):
            codes[row["table"], row["code"]] = (f"{shown}/codes.csv line {line}", row)
        segments |= site_segments.read(folder / "segments", f"{shown}/segments", problems)
    return Stack(merged_head, tables, codes, site_segments.by_segment(segments), "outbound" in own)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _vendor(name: str, own: Path) -> Path | None:
    """The folder of that vendor: the county's own before the one that comes with the package."""
    return next((one / name for one in (own, VENDORS) if (one / name / "vendor.toml").exists()), None)


def known_vendors(own: Path) -> list[str]:
    """The names that `vendor` may have."""
    return sorted({path.parent.name for one in (own, VENDORS) for path in one.glob("*/vendor.toml")} - {BASE})


def _named(name: Any, own: Mapping[str, Any], site: Path, vendors: Path, problems: list[str]) -> Path | None:
    if "vendor" not in own:
        return None
    found = _vendor(name, vendors) if isinstance(name, str) and name and "/" not in name and name != BASE else None
    if found is None:
        known = ", ".join(known_vendors(vendors)) or "none yet"
        line = at(lines_of(_text(site / "site.toml"), "")("vendor"))
        problems.append(f"{site.name}/site.toml: there is no vendor {name!r}; known are {known}{line}")
    return found


def _check(
    found: dict[str, Any],
    shapes: Mapping[str, Table | Check],
    head: Table,
    shown: str,
    text: str,
    problems: list[str],
    *,
    vendor: str,
) -> dict[str, Any]:
    """The fitting tables of one layer, its head under `""`. Of a vendor nothing is required."""
    if vendor:
        shapes, head = _of_vendor(shapes), {"name": Key(NAME)}
    rest = dict(found)
    said: dict[str, Any] = {}
    for name, shape in shapes.items():
        value = rest.pop(name, None)
        where, lines = f"{shown} [{name}]", lines_of(text, name)
        if callable(shape):
            said[name] = {} if value is None else shape(value, where, problems, lines)
        elif name == "authorities" or (name == "outbound" and not vendor):
            said[name] = _free({} if value is None else value, where, problems)  # checked when they are merged
        elif value is not None or not vendor:
            said[name] = check_table(value or {}, shape, where, problems, lines)
    for name in [name for name, value in rest.items() if isinstance(value, dict)]:
        place = at(lines_of(text, "")(name))
        problems.append(f"{shown}: unknown table {name!r}; valid tables are {', '.join(shapes)}{place}")
        del rest[name]
    said[""] = check_table(rest, head, shown, problems, lines_of(text, ""))
    return said


def _free(value: Any, where: str, problems: list[str]) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    problems.append(f"{where}: must be a table")
    return {}


def _of_vendor(shapes: Mapping[str, Table | Check]) -> dict[str, Table | Check]:
    """The same tables without the keys that say who or where, none of the rest required."""
    left: dict[str, Table | Check] = {}
    for name, shape in shapes.items():
        if name in LOCAL_TABLES:
            continue
        gone = LOCAL_OUTBOUND if name == "outbound" else LOCAL
        if callable(shape):
            left[name] = shape
        else:
            left[name] = {word: Key(key.kind) for word, key in shape.items() if word not in gone}
    return left
