"""Conformance resources from disk: a FHIR npm package (.tgz or folder), or a single file in JSON or XML.

Law: what cannot be read is an Issue that names the file; nothing is fetched. Archives are read in memory, bounded.
Source: https://confluence.hl7.org/display/FHIR/NPM+Package+Specification.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from profiles.issue import Issue
from profiles.registry import Registry
from profiles.shelf import GUIDE, Shelf, Shelves

Json = dict[str, Any]
LIMIT = 256 * 1024 * 1024
MOST_FILES = 50_000
_NOT_RESOURCES = frozenset({"package.json", ".index.json"})
_SKIPPED_FOLDERS = frozenset({"example", "examples", "tests", "node_modules", "other", "openapi", "xml"})


def load(paths: Iterable[Path], shelf: Shelf | Shelves = GUIDE) -> tuple[Registry, tuple[Issue, ...]]:
    """A registry of everything in the files, folders and archives before our guide (or what else is on the shelf), and
    what could not be read."""
    resources: list[Json] = []
    issues: list[Issue] = []
    for path in paths:
        try:
            for name, data in _members(path):
                resource, found = read(data, limit=LIMIT)
                if resource is None:
                    issues += [_unread(name, found)] if path.is_file() and not _is_archive(path) else []
                else:
                    resources.append(resource)
        except (OSError, tarfile.TarError, EOFError) as error:
            why = getattr(error, "strerror", None) or type(error).__name__
            issues.append(Issue("file-unreadable", location=str(path), details={"why": str(why)}))
    return Registry(resources, shelf), tuple(issues)


def _unread(name: str, found: tuple[Issue, ...]) -> Issue:
    why = f"{found[0].text()} {found[0].location}".strip() if found else "?"
    return Issue("file-unreadable", location=name, details={"why": why})


def read(data: bytes, *, limit: int) -> tuple[Json | None, tuple[Issue, ...]]:
    """A resource from bytes, JSON or XML by how they begin; of XML that breaks rules, what could be understood."""
    if is_xml(data):
        from profiles.xml_input import read_xml

        return read_xml(data, limit=limit)
    from profiles.json_input import parse

    return parse(data, limit=limit)


def is_xml(data: bytes) -> bool:
    """Whether the bytes look like XML rather than JSON."""
    return data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<"


def _is_archive(path: Path) -> bool:
    return path.name.endswith((".tgz", ".tar.gz"))


def _members(path: Path) -> Iterator[tuple[str, bytes]]:
    if path.is_dir():
        folder = path / "package" if (path / "package").is_dir() else path
        for file in sorted((*folder.glob("*.json"), *folder.glob("*.xml"))):
            if file.name not in _NOT_RESOURCES:
                yield str(file), file.read_bytes()
    elif _is_archive(path):
        with tarfile.open(path) as archive:
            yield from _packed(archive)
    else:
        yield str(path), path.read_bytes()


def _packed(archive: tarfile.TarFile) -> Iterator[tuple[str, bytes]]:
    total = 0
    for number, member in enumerate(archive):
        total += member.size
        if number > MOST_FILES or total > 4 * LIMIT:
            raise tarfile.ReadError("too large")
        parts = Path(member.name).parts
        if not member.isfile() or parts[-1] in _NOT_RESOURCES or not parts[-1].endswith(".json"):
            continue
        if len(parts) > 2 or _SKIPPED_FOLDERS.intersection(parts[:-1]):
            continue
        stream = archive.extractfile(member)
        if stream is not None:
            yield member.name, stream.read()
