"""CodeSystem: properties that mean what HL7 says they mean, and concepts that use them as they are defined.

Sources: http://hl7.org/fhir/R4/codesystem.html#properties, codesystem-concept-properties.html.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from profiles.issue import Issue
from profiles.validator.place import Place

Json = dict[str, Any]
_HL7 = "http://hl7.org/fhir/concept-properties#"
# Those of R4, and those that later releases added to the same list.
_TYPES: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("inactive", "notSelectable"), "boolean"),
        **dict.fromkeys(("effectiveDate", "deprecationDate", "retirementDate"), "dateTime"),
        **dict.fromkeys(("parent", "child", "partOf", "synonym", "status"), "code"),
        "comment": "string",
        "itemWeight": "decimal",
    }
)
_OF_CODES = frozenset({"parent", "child", "partOf", "synonym"})


def properties(system: Json, place: Place) -> Iterator[Issue]:
    """The properties a code system defines, and their use."""
    defined: dict[str, Json] = {}
    seen: set[str] = set()
    for index, row in enumerate(system.get("property", ())):
        path = f".property[{index}]"
        code, uri = row.get("code", ""), row.get("uri")
        if code in defined:
            yield place.issue("code-system-property-repeated", path + ".code")
        else:
            defined[code] = row
        if type(uri) is str:
            if uri in seen:
                yield place.issue("code-system-property-repeated", path + ".uri")
            seen.add(uri)
            yield from _meant(row, uri, system, path, place)
    yield from _used(system, defined, place)


def _meant(row: Json, uri: str, system: Json, path: str, place: Place) -> Iterator[Issue]:
    """A property with an address of HL7's is the one that HL7 defined."""
    if ":" not in uri:
        yield place.issue("canonical-relative", path + ".uri")
        return
    if not uri.startswith(_HL7):
        return
    name = uri.removeprefix(_HL7)
    kind = _TYPES.get(name)
    if kind is None:
        if not str(system.get("url", "")).startswith(("http://hl7.org/fhir", "http://terminology.hl7.org")):
            yield place.issue("code-system-property-unknown", path + ".uri")
        return
    if row.get("code") in _TYPES and row["code"] != name:
        yield place.issue("code-system-property-name", path, name=name)
    if row.get("type") not in (None, kind):
        yield place.issue("code-system-property-type", path + ".type", type=kind)


def _used(system: Json, defined: Mapping[str, Json], place: Place) -> Iterator[Issue]:
    codes: set[str] = set()
    used: list[tuple[str, Json]] = []
    waiting: list[tuple[str, Json]] = [("", system)]
    while waiting:
        path, parent = waiting.pop()
        for index, concept in enumerate(parent.get("concept", ())):
            here = f"{path}.concept[{index}]"
            codes.add(concept.get("code", ""))
            used += [(f"{here}.property[{at}]", each) for at, each in enumerate(concept.get("property", ()))]
            waiting.append((here, concept))
    for path, row in used:
        yield from _row(path, row, defined, codes, place)
    count = system.get("count")
    if system.get("content") == "complete" and count is not None and codes and count != len(codes):
        yield place.issue("code-system-count", ".count")
    if system.get("content") == "not-present" and codes:
        yield place.issue("code-system-content", ".concept")


def _row(path: str, row: Json, defined: Mapping[str, Json], codes: set[str], place: Place) -> Iterator[Issue]:
    definition = defined.get(row.get("code", ""))
    given = next(((name.removeprefix("value"), value) for name, value in row.items() if name.startswith("value")), None)
    if definition is None:
        if row.get("code") not in _TYPES:
            yield place.issue("code-system-property-undefined", path)
    elif given is not None and given[0].lower() != str(definition.get("type", given[0])).lower():
        yield place.issue("code-system-property-value", path, type=str(definition.get("type")))
    name = str((definition or {}).get("uri", "")).removeprefix(_HL7)
    if name in _OF_CODES and given is not None and given[0] == "Code" and given[1] not in codes:
        yield place.issue("code-system-property-code", path)
