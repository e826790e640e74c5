"""Strict reading of `county.toml`, `site.toml` and `codes.csv`: a file says exactly what is known, or is refused.

An unknown table, an unknown key, a wrong type or a value outside its list is a problem in words an interface engineer
can act on: file, key, what was found, what is valid. Problems are collected and told at once.
"""

from __future__ import annotations

import csv
import io
import ipaddress
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CODE_COLUMNS = ("table", "code", "target", "text")


class SiteError(ValueError):
    """The site files cannot be used. `problems` holds one sentence for each thing to mend."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("The site files cannot be used:\n" + "\n".join(f"  - {problem}" for problem in self.problems))


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of TOML value: how it is named to people, and the test it must pass."""

    words: str
    fits: Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a table."""

    kind: Kind
    required: str = ""
    """`required` or empty."""


Table = Mapping[str, Key]


def one_of(*words: str) -> Kind:
    """A string from a closed list."""
    return Kind("one of " + ", ".join(words), lambda found: isinstance(found, str) and found in words)


def some_of(*words: str) -> Kind:
    """A list of strings from a closed list."""
    return _list_of("a list of " + ", ".join(words), lambda part: isinstance(part, str) and part in words)


def _is_pair(found: Any) -> bool:
    return isinstance(found, list) and len(found) == 2 and all(isinstance(part, str) for part in found)


def _is_network(found: Any) -> bool:
    if not isinstance(found, str):
        return False
    try:
        ipaddress.ip_network(found)
    except ValueError:
        return False
    return True


def _list_of(words: str, fits: Callable[[Any], bool]) -> Kind:
    return Kind(words, lambda found: isinstance(found, list) and all(fits(part) for part in found))


def _is_move(found: Any) -> bool:
    return isinstance(found, list) and len(found) == 2 and all(type(part) is int and 3 <= part <= 25 for part in found)


TEXT = Kind("a text", lambda found: isinstance(found, str))
NAME = Kind("a text that is not empty", lambda found: isinstance(found, str) and bool(found.strip()))
TEXTS = _list_of("a list of texts", lambda part: isinstance(part, str))
PAIRS = _list_of('a list of pairs such as [["HIS", "HOSPITAL"]]', _is_pair)
MOVES = _list_of("a list of pairs of MSH fields (3 to 25), from and to, such as [[17, 18]]", _is_move)
NETWORKS = _list_of('a list of IP networks such as ["10.20.0.0/16"]', _is_network)
OFFSET = Kind(
    "an offset such as +08:00",
    lambda found: (
        isinstance(found, str)
        and len(found) == 6
        and found[0] in "+-"
        and found[3] == ":"
        and (found[1:3] + found[4:]).isdigit()
    ),
)


def read_toml(path: Path, shown: str, problems: list[str]) -> dict[str, Any]:
    """The file as a dictionary; an unreadable file is a problem and reads as empty."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        problems.append(f"{shown}: the file is missing")
    except UnicodeDecodeError:
        problems.append(f"{shown}: the file is not UTF-8")
    except tomllib.TOMLDecodeError as error:
        problems.append(f"{shown}: not valid TOML: {error}")
    return {}


Lines = Callable[[str], int]
"""The line on which a key of a table stands, 0 when it cannot be told."""


def lines_of(text: str, table: str) -> Lines:
    """Finds keys of `[table]` in the text of a TOML file; `""` is what stands before the first table."""

    def line(name: str) -> int:
        inside = ""
        for number, written in enumerate(text.splitlines(), 1):
            bare = written.strip()
            if bare.startswith("["):
                inside = bare.strip("[] ")
                if not table and inside == name:
                    return number
            elif inside == table and bare.partition("=")[0].strip().strip("\"'") == name:
                return number
        return 0

    return line


def at(line: int) -> str:
    """Where a problem stands, for its end: ` (line 7)`."""
    return f" (line {line})" if line else ""


def check_table(
    found: Any, shape: Table, where: str, problems: list[str], lines: Lines = lambda _name: 0
) -> dict[str, Any]:
    """The keys of `found` that fit `shape`; everything else becomes a problem at `where` (file and table)."""
    if not isinstance(found, dict):
        problems.append(f"{where}: must be a table")
        return {}
    fitting: dict[str, Any] = {}
    for name, value in found.items():
        key = shape.get(name)
        if key is None:
            problems.append(f"{where}: unknown key {name!r}; valid keys are {', '.join(shape)}{at(lines(name))}")
        elif not key.kind.fits(value):
            problems.append(f"{where}: {name} must be {key.kind.words}, not {_shown(value)}{at(lines(name))}")
        else:
            fitting[name] = value
    problems.extend(
        f"{where}: the key {name!r} is missing" for name, key in shape.items() if key.required and name not in found
    )
    return fitting


def _shown(value: Any) -> str:
    words = repr(value)
    return words if len(words) <= 60 else words[:57] + "..."


def read_codes(path: Path, shown: str, problems: list[str]) -> list[tuple[int, dict[str, str]]]:
    """The rows of a `codes.csv` with their line numbers; `#` begins a comment. The file may be absent; a row without
    target is a problem."""
    if not path.exists():
        return []
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        problems.append(f"{shown}: the file is not UTF-8")
        return []
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    if tuple(reader.fieldnames or ()) != CODE_COLUMNS:
        problems.append(f"{shown}: the first line must be {','.join(CODE_COLUMNS)}")
        return []
    rows: list[tuple[int, dict[str, str]]] = []
    seen: dict[tuple[str, str], int] = {}
    for row in reader:
        line = reader.line_num
        if row["table"].startswith("#"):
            continue
        if None in row or None in row.values():
            problems.append(f"{shown} line {line}: must have {len(CODE_COLUMNS)} columns")
            continue
        key = (row["table"], row["code"])
        if not row["table"] or not row["code"] or not row["target"]:
            problems.append(f"{shown} line {line}: table, code and target must not be empty")
        elif key in seen:
            problems.append(f"{shown} line {line}: {key[0]} {key[1]!r} stands already on line {seen[key]}")
        else:
            seen[key] = line
            rows.append((line, row))
    return rows
