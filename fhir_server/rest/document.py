"""The resource in the body of a request: read strictly, of the type and id the address names (FHIR R4 http.html).

It comes as JSON or as XML, by `Call.content_type`; what follows sees one tree.
"""

from __future__ import annotations

from typing import Any

from fhir_server.rest.binary import is_content, wrapped
from fhir_server.rest.exchange import Call, Services
from fhir_server.rest.negotiation import FORMATS, Format, media_type
from profiles.issue import Issue
from profiles.json_input import parse

Resource = dict[str, Any]


def document(call: Call, services: Services) -> Resource | tuple[Issue, ...]:
    """The object in the body, or the issues that stand against it; XML gives the tree that JSON would give."""
    if FORMATS.get(media_type(call.content_type)) is Format.XML:
        from profiles.xml_input import parse_xml  # only who is sent XML pays for its parser

        resource, issues = parse_xml(call.body, limit=services.body_limit)
    else:
        resource, issues = parse(call.body, limit=services.body_limit)
    return issues if resource is None else resource


def resource_of(call: Call, services: Services) -> Resource | tuple[Issue, ...]:
    """The resource in the body when it is of the type in the address; any other content becomes a Binary there."""
    if call.type == "Binary" and is_content(call, services.body_limit):
        return wrapped(call)
    resource = document(call, services)
    if isinstance(resource, dict):
        issue = type_mismatch(resource, call.type)
        return (issue,) if issue else resource
    return resource


def type_mismatch(resource: Resource, resource_type: str, expression: str = "") -> Issue | None:
    if resource.get("resourceType") == resource_type:
        return None
    return Issue("type-mismatch", f"{expression or resource_type}.resourceType")


_SUBSETTED = frozenset(
    {"http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "http://hl7.org/fhir/v3/ObservationValue"}
)


def subsetted(resource: Resource, expression: str) -> Issue | None:
    """A part of a resource is not stored in the place of the whole: that is what the tag is for (search.html#elements,
    "to ensure that the incomplete resource is not accidentally used to overwrite a complete resource").
    """
    meta = resource.get("meta")
    tags = meta.get("tag") if isinstance(meta, dict) else None
    for tag in tags if isinstance(tags, list) else ():
        if isinstance(tag, dict) and tag.get("code") == "SUBSETTED" and tag.get("system") in _SUBSETTED:
            return Issue("resource-subsetted", f"{expression}.meta.tag")
    return None


def id_mismatch(resource: Resource, resource_id: str, expression: str) -> Issue | None:
    """An update carries the id of its address (http.html#update)."""
    return None if resource.get("id") == resource_id else Issue("id-mismatch", f"{expression}.id")
