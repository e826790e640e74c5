"""The whole package as one npm archive, the same bytes whenever and wherever it is made.

Law: files by name, no times, no owners; what is in it is what lies in `profiles/package`.
Source: https://confluence.hl7.org/display/FHIR/NPM+Package+Specification.
"""

from __future__ import annotations

import gzip
import io
import tarfile
from functools import cache

from profiles.shelf import GUIDE

_LEFT_OUT = frozenset({"manifest.json"})
_WHEN = 499_162_500
"""The time npm writes into every archive (26 October 1985), so that archives do not differ by when they were made."""


@cache
def archive() -> bytes:
    """The package as `package.tgz`."""
    folder = GUIDE.folder
    files = sorted(path for path in folder.rglob("*.json") if path.name not in _LEFT_OUT)
    unpacked = io.BytesIO()
    with tarfile.open(fileobj=unpacked, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path in files:
            data = path.read_bytes()
            member = tarfile.TarInfo(f"package/{path.relative_to(folder).as_posix()}")
            member.size, member.mtime, member.mode = len(data), _WHEN, 0o644
            tar.addfile(member, io.BytesIO(data))
    packed = io.BytesIO()
    with gzip.GzipFile(filename="", fileobj=packed, mode="wb", mtime=0) as stream:
        stream.write(unpacked.getvalue())
    return packed.getvalue()
