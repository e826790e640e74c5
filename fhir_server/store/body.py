"""Bodies and fragments as bytes: how a resource is written, and how a statement is kept.

Every stored resource begins with resourceType, id and meta, so that a version costs one serialisation and reading
`meta` needs no parsing of the rest.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import jiter
import orjson

from fhir_server.store.fold import Said
from profiles.json_output import dump

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@lru_cache(maxsize=256)
def instant(microseconds: int) -> str:
    """A FHIR instant in UTC with milliseconds, as `meta.lastUpdated` shows it. All versions of a commit have one."""
    at = _EPOCH + timedelta(microseconds=microseconds)
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def precise_instant(microseconds: int) -> str:
    """A FHIR instant in UTC with microseconds: names one commit, so that what came after it can be asked for."""
    return (_EPOCH + timedelta(microseconds=microseconds)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def canonical(resource: dict[str, Any]) -> bytes:
    """The resource as bytes without version and time: what statements and contents are compared by."""
    meta = resource.get("meta", {})
    # The union has the order of the first and the values of the second.
    whole = {"resourceType": resource["resourceType"], "id": resource["id"], "meta": meta} | resource
    if "versionId" in meta or "lastUpdated" in meta:
        whole["meta"] = {name: value for name, value in meta.items() if name not in ("versionId", "lastUpdated")}
    return dump(whole)


_BEFORE_META = len(b'{"resourceType":"","id":"","meta":{')


def stamped(text: bytes, key: tuple[str, str], version: int, now: int) -> bytes:
    """The canonical bytes of a resource as those of a version."""
    at = _BEFORE_META + len(key[0]) + len(key[1])
    comma = b"" if text[at : at + 1] == b"}" else b","
    return b'%s"versionId":"%d","lastUpdated":"%s"%s%s' % (text[:at], version, _stamp(now), comma, text[at:])


@lru_cache(maxsize=4)
def _stamp(now: int) -> bytes:
    """All versions of a batch have one time."""
    return instant(now).encode()


def digest(text: bytes) -> bytes:
    """The 16-byte hash by which equal contents and statements are known."""
    return blake2b(text, digest_size=16).digest()


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
