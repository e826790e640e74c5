"""Bodies and fragments as bytes: how a resource is written, and how a statement is kept.

Every stored resource begins with resourceType, id and meta, so that a version costs one serialisation and reading
`meta` needs no parsing of the rest.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any

import jiter
import orjson

from fhir_server.store.fold import Said
from profiles.json_output import dump

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def instant(microseconds: int) -> str:
    """A FHIR instant in UTC with milliseconds, as `meta.lastUpdated` shows it."""
    at = _EPOCH + timedelta(microseconds=microseconds)
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def assemble(resource: dict[str, Any], version: int, now: int) -> tuple[bytes, bytes]:
    """(bytes of the version, hash of its content without version and time)."""
    meta = {k: v for k, v in resource.get("meta", {}).items() if k not in ("versionId", "lastUpdated")}
    rest = {name: value for name, value in resource.items() if name not in ("resourceType", "id", "meta")}
    start = dump({"resourceType": resource["resourceType"], "id": resource["id"]})[:-1]
    stamp = {"versionId": str(version), "lastUpdated": instant(now)}
    end = dump(rest) if rest else b"}"
    tail = b"," + end[1:] if rest else end
    text = start + b',"meta":' + dump(stamp | meta) + tail
    return text, blake2b(dump(meta) + tail, digest_size=16).digest()


def content(text: bytes) -> dict[str, Any]:
    """A stored body as a resource again, without versionId and lastUpdated."""
    resource = parse(text)
    meta = {k: v for k, v in resource.get("meta", {}).items() if k not in ("versionId", "lastUpdated")}
    if meta:
        resource["meta"] = meta
    else:
        resource.pop("meta", None)
    return resource


def parse(text: bytes) -> dict[str, Any]:
    """Stored bytes as a tree; decimals keep their digits. For bytes of our own only: nothing is checked."""
    value = jiter.from_json(text, float_mode="decimal")
    assert isinstance(value, dict)
    return value


def pack(one: Said) -> bytes:
    """The fragment column: `{"r": resource, "d": deleted, "n": renamed, "w": whole}`, only what is there."""
    value: dict[str, Any] = {}
    if one.body is not None:
        value["r"] = one.body
    if one.deleted:
        value["d"] = list(one.deleted)
    if one.renamed is not None:
        value["n"] = dict(one.renamed)
    if one.whole:
        value["w"] = True
    return dump(value)


def unpack(one: Said, fragment: bytes) -> Said:
    """The statement with what its fragment says; an empty fragment leaves the body to be read from the resource."""
    if not fragment:
        return one
    value = parse(fragment)
    return replace(
        one,
        body=value.get("r"),
        deleted=tuple(value.get("d", ())),
        renamed=value.get("n"),
        whole=bool(value.get("w")),
    )


def issues_json(issues: Any) -> bytes:
    """Issues for the journal: code, severity, location, expression, details."""
    return orjson.dumps(
        [
            {
                "code": issue.code,
                "severity": issue.severity,
                "location": issue.location,
                "expression": issue.expression,
                "details": dict(issue.details),
            }
            for issue in issues
        ]
    )
