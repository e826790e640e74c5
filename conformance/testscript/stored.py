"""What an id of a script can stand for: the content of a fixture, a request that was sent, a response that came.

Law: bytes are kept as they are and read when somebody asks; what cannot be read gives `Unparsed` with a reason.
Source: http://hl7.org/fhir/R4/testscript-definitions.html (requestId, responseId, sourceId).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from profiles.json_input import parse
from profiles.json_output import dump

JSON = "application/fhir+json"
XML = "application/fhir+xml"
LIMIT = 256 * 1024 * 1024

_SHORT = {
    "json": JSON,
    "xml": XML,
    "ttl": "text/turtle",
    "application/json+fhir": "application/json+fhir",
}
_VERSIONED = re.compile(r"/([A-Z][A-Za-z]+)/([A-Za-z0-9.-]{1,64})(?:/_history/([A-Za-z0-9.-]{1,64}))?/?(?:\?.*)?$")


@dataclass(frozen=True, slots=True)
class Unparsed:
    why: str


@dataclass(frozen=True, slots=True)
class Stored:
    """`status` is that of a response; `method` and `url` are those of a request."""

    data: bytes = b""
    media_type: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    status: int | None = None
    method: str = ""
    url: str = ""

    def header(self, name: str) -> str | None:
        """The value of a header, several of one name joined by a comma; None when it is not there."""
        found = [value for key, value in self.headers if key.lower() == name.lower()]
        return ", ".join(found) if found else None

    @property
    def is_xml(self) -> bool:
        return "xml" in self.media_type


@dataclass(frozen=True, slots=True)
class Identity:
    """Where a resource lives: what its body says, or the Location of the response."""

    type: str = ""
    id: str = ""
    version: str = ""


def media_type(code: str) -> str:
    """`json` and `xml` of scripts as media types; what is one already stays."""
    return _SHORT.get(code, code)


def bare(content_type: str) -> str:
    """A media type without its parameters."""
    return content_type.partition(";")[0].strip().lower()


def parsed(data: bytes, content_type: str) -> dict[str, Any] | Unparsed:
    """The resource in the bytes."""
    if "xml" in content_type or data.lstrip()[:1] == b"<":
        from profiles.xml_input import parse_xml

        resource, issues = parse_xml(data, limit=LIMIT)
    else:
        resource, issues = parse(data, limit=LIMIT)
    if resource is None:
        return Unparsed("; ".join(issue.text() for issue in issues) or "it holds no resource")
    return resource


def written(resource: dict[str, Any], content_type: str) -> bytes:
    """A resource as bytes of that form."""
    if "xml" in content_type:
        from profiles.xml_output import dump_xml

        return dump_xml(resource)
    return dump(resource)


def resource_of(stored: Stored) -> dict[str, Any] | Unparsed:
    if not stored.data:
        return Unparsed("there is no body")
    return parsed(stored.data, stored.media_type)


def identity(stored: Stored) -> Identity:
    """Type, id and version: from the body when it is a resource with an id, else from Location and ETag."""
    resource = resource_of(stored)
    said: dict[str, Any] = {} if isinstance(resource, Unparsed) else resource
    place = _VERSIONED.search(stored.header("Location") or stored.header("Content-Location") or "")
    name = said.get("id")
    if place and (not isinstance(name, str) or said.get("resourceType") in ("OperationOutcome", "Bundle")):
        return Identity(place[1], place[2], place[3] or _tag(stored))
    version = said.get("meta", {}).get("versionId") if isinstance(said.get("meta"), dict) else None
    kind = said.get("resourceType")
    return Identity(
        kind if isinstance(kind, str) else "",
        name if isinstance(name, str) else "",
        version if isinstance(version, str) else (place[3] or "" if place else "") or _tag(stored),
    )


def _tag(stored: Stored) -> str:
    tag = stored.header("ETag") or ""
    return tag.removeprefix("W/").strip('"')
