"""Binary: raw content in, raw content out; as a resource only when it is one, or when a FHIR format is asked for.

Law: what is stored may be hostile, so a browser is told to keep it apart: sandboxed, never sniffed, saved.
Sources: http://hl7.org/fhir/R4/binary.html#rest, http.html#mime-type.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from typing import Any

from fhir_server.rest.exchange import Answer, Call
from fhir_server.rest.negotiation import EXPLICIT, FORMATS, Format, body_format, media_type, ranges
from fhir_server.store.body import parse
from profiles.issue import Issue
from profiles.json_input import parse as parse_json

Resource = dict[str, Any]
_CONTENT_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,100}/[A-Za-z0-9!#$&^_.+-]{1,100}(?: ?;[ -~]{0,200})?", re.ASCII)
_REFERENCE = re.compile(r"[!-~]{1,500}", re.ASCII)
_UNKNOWN = "application/octet-stream"
_POLICY = "sandbox; default-src 'none'; frame-ancestors 'none'"


def is_content(call: Call, limit: int) -> bool:
    """Whether the body of a create or an update is content to keep, and not a Binary resource that carries it."""
    form = body_format(call.content_type)
    if isinstance(form, Issue):
        return True
    explicit = media_type(call.content_type) in EXPLICIT
    if form is Format.XML:
        return not _is_binary_xml(call.body, limit)
    resource, _ = parse_json(call.body, limit=limit)
    return not explicit if resource is None else resource.get("resourceType") != "Binary"


def _is_binary_xml(body: bytes, limit: int) -> bool:
    from profiles.xml_document import FHIR, root

    return getattr(root(body, limit=limit), "tag", None) == f"{{{FHIR}}}Binary"


def wrapped(call: Call) -> Resource | tuple[Issue, ...]:
    """The Binary that carries the body."""
    content_type = " ".join(call.content_type.split()) or _UNKNOWN
    if not _CONTENT_TYPE.fullmatch(content_type):
        return (Issue("media-type", "http.Content-Type"),)
    if call.security_context and not _REFERENCE.fullmatch(call.security_context):
        name = "X-Security-Context"
        return (Issue("header-invalid", f"http.{name}", details={"name": name}),)
    resource: Resource = {"resourceType": "Binary"}
    if call.id:
        resource["id"] = call.id
    resource["contentType"] = content_type
    if call.security_context:
        resource["securityContext"] = {"reference": call.security_context}
    if call.body:
        resource["data"] = b64encode(call.body).decode("ascii")
    return resource


def native(answer: Answer, call: Call) -> Answer:
    """The answer to a read as the caller wants it: the content itself, unless a FHIR format is preferred."""
    if any(name == "_format" for name, _ in call.parameters):
        return answer
    resource = parse(answer.body)
    declared = resource.get("contentType", "")
    if _prefers_resource(call.accept, media_type(declared)):
        return answer
    context = resource.get("securityContext", {}).get("reference", "")
    headers = [
        *answer.headers,
        ("Content-Security-Policy", _POLICY),
        ("Content-Disposition", f'attachment; filename="{call.id}"'),
    ]
    if _REFERENCE.fullmatch(context):
        headers.append(("X-Security-Context", context))
    media = declared if _CONTENT_TYPE.fullmatch(declared) else _UNKNOWN
    return answer._replace(body=b64decode(resource.get("data", "")), media_type=media, headers=tuple(headers))


def _prefers_resource(accept: str, content: str) -> bool:
    """Whether a FHIR format is named with a higher quality than the content itself has."""
    as_resource = as_content = 0.0
    for media, quality in ranges(accept):
        if media == content and content not in EXPLICIT:
            as_content = max(as_content, quality)
        elif media in FORMATS:
            as_resource = max(as_resource, quality)
        elif media in ("*/*", content.partition("/")[0] + "/*"):
            as_content = max(as_content, quality)
    return as_resource > 0 and as_resource >= as_content
