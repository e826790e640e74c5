"""$diff: what changed from one version to another, as a FHIRPath Patch (our own; FHIR R4 fhirpatch.html).

`Type/id/$diff?fromVersion=1&toVersion=3` (without: the last change), `Type/id/_history/3/$diff` (what made version 3),
`$diff?from=Type/id/_history/1&to=Type/id/_history/3` (also of two resources of one type).
"""

from __future__ import annotations

import re

from fhir_server.operations.difference import difference
from fhir_server.operations.parameters import Inputs, answered, inputs
from fhir_server.operations.stored import stored, stored_version
from fhir_server.rest.exchange import Answer, Call, Services, refusal, refused
from fhir_server.rest.identity import type_issue, version_number
from fhir_server.store.body import parse
from profiles.issue import Issue

_ADDRESS = re.compile(r"([A-Za-z]{1,64})/([A-Za-z0-9\-.]{1,64})(?:/_history/([A-Za-z0-9\-.]{1,64}))?", re.ASCII)


def diff(call: Call, services: Services) -> Answer:
    """200 with the changes between two versions of the instance."""
    given = inputs(call, services, "qiao-diff")
    if not isinstance(given, Inputs):
        return refusal(*given)
    named = given.given("fromVersion", "toVersion")
    if call.version and named:
        return refused("operation-parameter-unsupported", named[0], name=named[0])
    row = stored(call, services)
    if isinstance(row, Answer):
        return row
    to = version_number(given.one("toVersion") or call.version or str(row.version))
    since = version_number(given.one("fromVersion")) if given.one("fromVersion") else None if to is None else to - 1
    if to is None or since is None:
        return refused("not-found", call.type)
    old = b"" if since == 0 else stored_version(call, services, since)
    new = stored_version(call, services, to)
    return _compared(old, new, call.type)


def diff_any(call: Call, services: Services) -> Answer:
    """200 with the changes between two versions, or two resources, of one type."""
    given = inputs(call, services, "qiao-diff-any")
    if not isinstance(given, Inputs):
        return refusal(*given)
    one, other = (_address(given, name, call) for name in ("from", "to"))
    if isinstance(one, Issue) or isinstance(other, Issue):
        return refusal(*(each for each in (one, other) if isinstance(each, Issue)))
    if one.type != other.type:
        return refused("operation-parameter-value", "to", name="to", type=one.type)
    return _compared(_body(one, services), _body(other, services), one.type)


def _address(given: Inputs, name: str, call: Call) -> Call | Issue:
    found = _ADDRESS.fullmatch(given.one(name).removeprefix(call.base + "/"))
    if found is None or type_issue(found[1]) is not None:
        details = {"name": name, "type": "address of a resource or a version"}
        return Issue("operation-parameter-value", name, details=details)
    return call._replace(type=found[1], id=found[2], version=found[3] or "")


def _body(place: Call, services: Services) -> bytes | Answer:
    row = stored(place, services)
    if isinstance(row, Answer) or not place.version:
        return row if isinstance(row, Answer) else row.body
    number = version_number(place.version)
    return refused("not-found", place.type) if number is None else stored_version(place, services, number)


def _compared(old: bytes | Answer, new: bytes | Answer, resource_type: str) -> Answer:
    for each in (old, new):
        if isinstance(each, Answer):
            return each
    assert isinstance(old, bytes) and isinstance(new, bytes)
    before = parse(old) if old else {"resourceType": resource_type}
    return answered(*difference(before, parse(new)))
