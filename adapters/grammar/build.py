"""Writes `grammar.zip`: the message structures and required fields of v2.1 to v2.8.2, one JSON member a version.

Run by hand when hl7apy changes: `python -m adapters.grammar.build`. The facts come from hl7apy's tables (MIT, see
`LICENSE.hl7apy`); names are shortened, datatypes and tables left out. The same input gives the same bytes.
A node is `[segment, min, max]` or `[group, min, max, [nodes]]`, max 0 meaning no limit; of a choice no branch is
required.
"""

from __future__ import annotations

import importlib
import json
import zipfile
from pathlib import Path
from typing import Any

VERSIONS = ("2.1", "2.2", "2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6", "2.7", "2.8", "2.8.1", "2.8.2")
DATA = Path(__file__).with_name("grammar.zip")
_EPOCH = (1980, 1, 1, 0, 0, 0)


def main() -> None:
    with zipfile.ZipFile(DATA, "w") as archive:
        for version in VERSIONS:
            _add(archive, f"{version}.json", facts(version))
        _add(archive, "segments.json", sorted({name for version in VERSIONS for name in _segments(version)}))


def _add(archive: zipfile.ZipFile, member: str, value: Any) -> None:
    text = json.dumps(value, separators=(",", ":"), sort_keys=True)
    archive.writestr(zipfile.ZipInfo(member, _EPOCH), text, zipfile.ZIP_DEFLATED, 9)


def _tables(version: str) -> Any:
    return importlib.import_module("hl7apy.v" + version.replace(".", "_"))


def _segments(version: str) -> list[str]:
    return [name for name in _tables(version).SEGMENTS if len(name) == 3]


def facts(version: str) -> dict[str, Any]:
    """`structures` by name and `required` field numbers by segment."""
    tables = _tables(version)
    required = {name: _required(name, node[1]) for name, node in tables.SEGMENTS.items() if len(node) > 1}
    return {
        "structures": {name: _nodes(name, node) for name, node in tables.MESSAGES.items()},
        "required": {name: numbers for name, numbers in required.items() if numbers},
    }


def _nodes(structure: str, node: Any) -> list[Any]:
    kind, children = node[0], node[1]
    return [_node(structure, child, kind) for child in children]


def _node(structure: str, child: Any, parent: str) -> list[Any]:
    name, reference, (low, high), kind = child
    bounds = [0 if parent == "choice" else max(low, 0), max(high, 0)]
    if kind == "SEG":
        return [name, *bounds]
    return [name.removeprefix(structure + "_"), *bounds, _nodes(structure, reference)]


def _required(segment: str, fields: Any) -> list[int]:
    """Of the 2.1 tables one row (ORO) is not a list of fields."""
    if fields and isinstance(fields[0], str):
        return []
    numbers = [int(name.rpartition("_")[2]) for name, _, (low, _high), _kind in fields if low > 0]
    return sorted(number for number in numbers if segment != "MSH" or number > 2)


if __name__ == "__main__":
    main()
