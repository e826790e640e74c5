"""Values out of a body: by FHIRPath, by XPath on the XML form, by JSONPath on the JSON form; always as texts.

Law: the path says which language it is (`$…` and `.…` are JSONPath, `/…` and `fhir:…` are XPath), and the body is
turned into that form when it came in the other one; a primitive is its FHIR text, a complex value its JSON.
Sources: TestScript `expression` and `path` (http://hl7.org/fhir/R4/testscript-definitions.html), http://hl7.org/fhirpath.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from conformance.testscript import jsonpath
from conformance.testscript.stored import XML, Stored, Unparsed, resource_of, written
from profiles.json_output import decimal_text, dump

_SLASHED = re.compile(r"[A-Za-z]\w*(?:/[A-Za-z]\w*)+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Unselected:
    """Why nothing could be looked for: no resource, or an expression that cannot be read."""

    why: str


Values = tuple[str, ...] | Unselected


def selected(stored: Stored, *, expression: str = "", path: str = "") -> Values:
    """The values, in document order."""
    return by_fhirpath(stored, expression) if expression else by_path(stored, path)


def by_fhirpath(stored: Stored, expression: str) -> Values:
    from profiles.fhirpath import FhirPathError
    from profiles.fhirpath import compile as compiled

    resource = resource_of(stored)
    if isinstance(resource, Unparsed):
        return Unselected(f"the body cannot be read as a resource: {resource.why}")
    try:
        return tuple(text(value) for value in compiled(expression)(resource))
    except FhirPathError as error:
        return Unselected(f"the FHIRPath {expression!r} cannot be evaluated: {error}")


def by_path(stored: Stored, path: str) -> Values:
    return _by_xpath(stored, path) if _is_xpath(path) else _by_jsonpath(stored, path)


def _is_xpath(path: str) -> bool:
    if path.startswith(("$", ".")) and not path.startswith(("./", "..//")):
        return False
    return path.startswith(("/", "./")) or "fhir:" in path or "f:" in path or "/@" in path or "(" in path


def _by_jsonpath(stored: Stored, path: str) -> Values:
    resource: Any = _any_json(stored)
    if isinstance(resource, Unparsed):
        return Unselected(f"the body cannot be read: {resource.why}")
    found = jsonpath.find(resource, _pointed(resource, path))
    if isinstance(found, jsonpath.NotAPath):
        return Unselected(f"the JSONPath {path!r} cannot be read at {found.rest!r}")
    return tuple(text(value) for value in found)


def _pointed(resource: Any, path: str) -> str:
    """`Patient/id` as `id`: how R4's own example (testscript-example.html) writes the path of a JSON fixture."""
    if not _SLASHED.fullmatch(path):
        return path
    first, *rest = path.split("/")
    named = isinstance(resource, dict) and resource.get("resourceType") == first
    return ".".join(rest if named else (first, *rest))


def _any_json(stored: Stored) -> Any:
    """A JSON body need not be a resource here."""
    if stored.is_xml or stored.data[:1] == b"{":
        return resource_of(stored)
    import json

    try:
        return json.loads(stored.data, parse_float=Decimal)
    except ValueError:
        return Unparsed("it is not JSON")


def _by_xpath(stored: Stored, path: str) -> Values:
    from profiles.xml_xpath import NotAnXPath, select

    data = stored.data
    if not stored.is_xml and data.lstrip()[:1] != b"<":
        resource = resource_of(stored)
        if isinstance(resource, Unparsed):
            return Unselected(f"the body cannot be read as a resource: {resource.why}")
        data = written(resource, XML)
    found = select(data, path)
    return Unselected(found.why) if isinstance(found, NotAnXPath) else found


def text(value: Any) -> str:
    """A value as scripts write it."""
    value = getattr(value, "value", value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, dict | list):
        return dump(value).decode()
    return "" if value is None else str(value)
