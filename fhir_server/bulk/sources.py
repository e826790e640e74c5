"""What `$import` may read: bodies that were sent to it, and files below the import folder of the server.

Nothing is ever fetched: an address in a request is a name below `import_folder`, or it is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fhir_server.operations.parameters import GENERAL
from profiles.definitions import resource_types
from profiles.issue import Issue

FORMATS = frozenset({"application/fhir+ndjson", "application/ndjson", "ndjson"})
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):")
_PASSED_OVER = frozenset({"inputSource", "storageDetail", "mode", *GENERAL})

Input = dict[str, str]
"""`name` as the request gave it, `path` of the file, `type` or ''."""


def inputs(parameters: Mapping[str, Any], folder: Path | None) -> list[Input] | tuple[Issue, ...]:
    """The files a Parameters resource names, or what stands against them."""
    found: list[Input] = []
    issues: list[Issue] = []
    for row in parameters.get("parameter", ()):
        name = row.get("name")
        if name == "inputFormat":
            if _value(row) not in FORMATS:
                issues.append(_wrong("inputFormat", "format that is supported (application/fhir+ndjson)"))
        elif name == "input":
            parts = {part.get("name"): _value(part) for part in row.get("part", ())}
            one = _input(parts.get("url", ""), parts.get("type", ""), folder)
            found += [one] if isinstance(one, dict) else []
            issues += [one] if isinstance(one, Issue) else []
        elif name not in _PASSED_OVER:
            shown = name if isinstance(name, str) and re.fullmatch(r"[A-Za-z_]{1,40}", name, re.ASCII) else "…"
            issues.append(Issue("operation-parameter-unknown", "Parameters", details={"name": shown}))
    if not found and not issues:
        issues.append(Issue("operation-parameter-missing", "Parameters", details={"name": "input"}))
    return tuple(issues) or found


def _input(url: str, kind: str, folder: Path | None) -> Input | Issue:
    if kind and kind not in resource_types():
        return _wrong("input.type", "resource type")
    scheme = _SCHEME.match(url)
    if scheme is not None and scheme[1].lower() != "file":
        return Issue("import-source", "Parameters.parameter")
    if folder is None:
        return Issue("import-folder", "Parameters.parameter")
    root = folder.resolve()
    name = re.sub(r"^file:(//)?", "", url)
    path = (root / name).resolve()
    if not name or root not in path.parents or not path.is_file():
        return Issue("import-source", "Parameters.parameter")
    return {"name": path.relative_to(root).as_posix(), "path": str(path), "type": kind}


def _value(row: Mapping[str, Any]) -> str:
    value = next((value for key, value in row.items() if key.startswith("value")), "")
    return value if isinstance(value, str) else ""


def _wrong(name: str, kind: str) -> Issue:
    return Issue("operation-parameter-value", "Parameters", details={"name": name, "type": kind})


def lines(path: Path, offset: int, limit: int) -> Iterator[tuple[bytes, int]]:
    """Each line from the offset with where the next begins; a line longer than the limit comes as its first bytes."""
    with path.open("rb") as file:
        file.seek(offset)
        while line := file.readline(limit + 1):
            if len(line) > limit and not line.endswith(b"\n"):
                while (rest := file.readline(1 << 20)) and not rest.endswith(b"\n"):
                    pass
            yield line, file.tell()
