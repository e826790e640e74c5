"""patch: a change of the current resource, made where nobody can write in between (FHIR R4 http.html#patch).

JSON Patch, XML Patch or FHIRPath Patch, by the media type; in a Bundle a FHIRPath Patch is the Parameters of the entry,
the others come in a Binary. JSON Merge Patch is understood besides. A patch that is none: 400. One that does not fit,
or leaves no valid resource behind: 422. A `test` that fails: 409, the resource is another than the patch was made for
(RFC 5789 2.2). If-Match: 412.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable
from typing import Any, TypeVar

from fhir_server.patch import json_patch, merge_patch
from fhir_server.patch.depth import deeper_than
from fhir_server.patch.failure import PatchError
from fhir_server.rest.create import changing
from fhir_server.rest.document import document
from fhir_server.rest.exchange import Answer, Call, Change, Services, refusal
from fhir_server.rest.negotiation import media_type
from fhir_server.rest.writing import Asked, write_of
from fhir_server.store.write import Edit
from profiles.issue import Issue
from profiles.json_input import MAX_DEPTH, parse_any

Resource = dict[str, Any]
T = TypeVar("T")
JSON_PATCH, XML_PATCH = "application/json-patch+json", "application/xml-patch+xml"
MERGE_PATCH, PLAIN = "application/merge-patch+json", "application/json"


def patch(call: Call, services: Services) -> Answer | Change:
    """200 with the patched resource."""
    edit = _edit(call, services)
    if isinstance(edit, tuple):
        return refusal(*edit)
    asked = Asked(
        "PATCH",
        call.type,
        call.base,
        call.caller.owner,
        call.id,
        call.parameters,
        edit=edit,
        if_match=call.if_match,
    )
    return changing(call, services, write_of(asked, services))


def _edit(call: Call, services: Services) -> Edit | tuple[Issue, ...]:
    media = media_type(call.content_type)
    if media == PLAIN and call.body.lstrip()[:1] == b"[":  # a list of operations can be nothing else
        media = JSON_PATCH
    if media in (JSON_PATCH, XML_PATCH, MERGE_PATCH):
        return _of_bytes(media, call.body, services.body_limit)
    found = document(call, services)
    if not isinstance(found, dict):
        return found
    if media == PLAIN and found.get("resourceType") != "Parameters":
        return _editing(lambda: merge_patch.read(found), merge_patch.apply)
    return _of_parameters(found)


def entry_edit(resource: Resource, where: str) -> Edit | Issue:
    """The patch an entry of a Bundle carries."""
    edit: Edit | tuple[Issue, ...]
    if resource.get("resourceType") == "Binary":
        media, data = media_type(str(resource.get("contentType", ""))), resource.get("data")
        if media not in (JSON_PATCH, XML_PATCH, MERGE_PATCH) or not isinstance(data, str):
            return Issue("patch-malformed", where, details={"why": "the Binary holds neither a JSON nor an XML Patch"})
        try:
            content = b64decode(data, validate=True)
        except ValueError:
            return Issue("patch-malformed", f"{where}.data", details={"why": "not base64"})
        edit = _of_bytes(media, content, len(content))
    else:
        edit = _of_parameters(resource)
    return Issue(edit[0].code, where, details=edit[0].details) if isinstance(edit, tuple) else edit


def _of_bytes(media: str, content: bytes, limit: int) -> Edit | tuple[Issue, ...]:
    if media != XML_PATCH:
        document, issues = parse_any(content, limit=limit)
        if issues:
            return issues
        if media == MERGE_PATCH:
            return _editing(lambda: merge_patch.read(document), merge_patch.apply)
        return _editing(lambda: json_patch.read(document), json_patch.apply)
    from fhir_server.patch import xml_patch  # only who patches XML pays for its parser

    return _editing(lambda: xml_patch.read(content, limit=limit), xml_patch.apply)


def _of_parameters(parameters: Resource) -> Edit | tuple[Issue, ...]:
    from fhir_server.patch import fhirpath_patch  # FHIRPath is loaded when it is needed

    return _editing(lambda: fhirpath_patch.read(parameters), fhirpath_patch.apply)


def _editing(read: Callable[[], T], apply: Callable[[T, Resource], Any]) -> Edit | tuple[Issue, ...]:
    """What is read at once is applied later, to the resource as it is then."""
    try:
        operations = read()
    except PatchError as error:
        return error.issues

    def edit(resource: Resource) -> Resource | tuple[Issue, ...]:
        try:
            patched = apply(operations, resource)
        except PatchError as error:
            return error.issues
        if not isinstance(patched, dict):
            return (Issue("patch-failed", details={"why": "what is left is no resource"}),)
        if deeper_than(MAX_DEPTH, patched):
            return (Issue("patch-failed", details={"why": f"what is left nests deeper than {MAX_DEPTH} levels"}),)
        return patched

    return edit
