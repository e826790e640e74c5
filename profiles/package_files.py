"""The files of a FHIR npm package, from an archive or a folder, bounded; a name that leads out of it is told, not used.

Law: links and special files of an archive are never followed; sizes are those the archive declares, summed before
anything is read. Raises OSError (tarfile.TarError is made one) for what cannot be read.
Source: https://confluence.hl7.org/display/FHIR/NPM+Package+Specification; CVE-2007-4559 (paths out of an archive).
"""

from __future__ import annotations

import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

MOST_BYTES = 512 * 1024 * 1024
MOST_FILES = 50_000
_FACTS = "package.json"
_NOT_RESOURCES = frozenset({_FACTS, ".index.json"})


@dataclass(frozen=True, slots=True)
class PackageFile:
    """One file; `name` is its path in the archive (`package/…`)."""

    name: str
    data: bytes = b""

    @property
    def outside(self) -> bool:
        parts = PurePosixPath(self.name.replace("\\", "/"))
        return parts.is_absolute() or ".." in parts.parts or self.name[1:2] == ":"

    @property
    def is_facts(self) -> bool:
        return self.name == f"package/{_FACTS}"

    @property
    def is_definition(self) -> bool:
        """A resource directly in `package/`: examples and tests lie deeper."""
        path = PurePosixPath(self.name)
        return path.parent == PurePosixPath("package") and path.suffix == ".json" and path.name not in _NOT_RESOURCES


def files_of(path: Path) -> Iterator[PackageFile]:
    """The files of a package that are of use, and those whose names lead out of it (without their bytes)."""
    if path.is_dir():
        folder = path / "package" if (path / "package" / _FACTS).is_file() else path
        for file in sorted(folder.glob("*.json")):
            yield PackageFile(f"package/{file.name}", file.read_bytes())
        return
    try:
        with tarfile.open(path) as archive:
            yield from _packed(archive)
    except (tarfile.TarError, zlib.error, UnicodeError) as error:
        raise OSError(0, f"no archive of a package: {error}" if str(error) else "no archive of a package") from None


def _packed(archive: tarfile.TarFile) -> Iterator[PackageFile]:
    total = 0
    for number, member in enumerate(archive):
        total += member.size
        if number >= MOST_FILES or total > MOST_BYTES:
            raise OSError(0, f"more than {MOST_FILES} files or {MOST_BYTES // 1024 // 1024} MiB")
        one = PackageFile(member.name.removeprefix("./"))
        if one.outside:
            yield one
        elif member.isreg() and (one.is_facts or one.is_definition):
            stream = archive.extractfile(member)
            assert stream is not None, "a regular file has bytes"
            yield PackageFile(one.name, stream.read())
