"""StructureDefinitions as JSON Schema 2020-12, the dialect of OpenAPI 3.1 (FHIR R4 json.html).

Every definition becomes `components/schemas` entries: one for the type, one for each element with children of its own
(`Patient.contact`). A schema says what JSON can say: members, lists, primitive forms, codes of small required value
sets. It is never stricter than R4, so invariants, choices and mandatory primitives are left to `$validate`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from profiles.definitions import Definition, json_names, primitive_types, structure
from profiles.terminology import expand

Schema = dict[str, Any]
PREFIX = "#/components/schemas/"
_MOST_CODES = 60
"""A code whose value set has more is any code."""
_JSON_TYPES: Mapping[str, Schema] = {
    "boolean": {"type": "boolean"},
    "decimal": {"type": "number"},
    "integer": {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1},
    "positiveInt": {"type": "integer", "minimum": 1, "maximum": 2**31 - 1},
    "unsignedInt": {"type": "integer", "minimum": 0, "maximum": 2**31 - 1},
    "base64Binary": {"type": "string", "contentEncoding": "base64"},
    "xhtml": {"type": "string", "contentMediaType": "application/xhtml+xml"},
}
"""Primitives that are no string, or whose pattern would say nothing a reader can use."""


def reference(name: str) -> Schema:
    """A link to a schema."""
    return {"$ref": PREFIX + name}


def schemas(types: Iterable[str]) -> dict[str, Schema]:
    """The schemas of these types and of all they are made of, by name."""
    found: dict[str, Schema] = {}
    waiting = list(types)
    while waiting:
        name = waiting.pop()
        if name in found or name == "Resource":
            continue
        made, used = _made(name)
        found.update(made)
        waiting += used - found.keys()
    return found | {"Resource": RESOURCE}


RESOURCE: Schema = {
    "type": "object",
    "description": "A resource of any type.",
    "properties": {
        "resourceType": {"type": "string", "pattern": "^[A-Z][A-Za-z]+$"},
        "id": reference("id"),
        "meta": reference("Meta"),
    },
    "required": ["resourceType"],
}


@cache
def _made(name: str) -> tuple[dict[str, Schema], frozenset[str]]:
    """The schemas of one definition, and the other definitions they link to."""
    if name in primitive_types():
        return {name: _primitive(name)}, frozenset()
    definition = structure(name)
    assert definition is not None, name
    elements = definition["snapshot"]["element"]
    parents = {element["path"].rpartition(".")[0] for element in elements[1:]}
    made: dict[str, Schema] = {path: _object(path, definition) for path in parents}
    used: set[str] = set()
    for element in elements[1:]:
        parent, _, last = element["path"].rpartition(".")
        _add(made[parent], last, element, element["path"] in parents, used)
    if definition["kind"] == "resource":
        made[name]["properties"]["id"] = reference("id")  # the snapshot says string
        used.add("id")
    return made, frozenset(used)


def _object(path: str, definition: Definition) -> Schema:
    whole = path == definition["type"] and definition["kind"] == "resource"
    own: Schema = {"resourceType": {"const": path}} if whole else {}
    required = {"required": ["resourceType"]} if whole else {}
    return {"type": "object", "properties": own, **required, "additionalProperties": False}


def _add(schema: Schema, last: str, element: Definition, nested: bool, used: set[str]) -> None:
    """The members of one element: one a choice, and `_name` for the extensions of a primitive."""
    properties: dict[str, Schema] = schema["properties"]
    if nested or "contentReference" in element:
        target = element.get("contentReference", "#" + element["path"]).partition("#")[2]
        properties[last] = _repeated(reference(target), element)
        if element["min"]:
            schema.setdefault("required", []).append(last)
        return
    for name, kind in zip(json_names(last, element), element["type"], strict=True):
        code = kind.get("fhirType", kind["code"]).rpartition(".")[2]
        code = "string" if code == "String" else code
        used.add(code)
        properties[name] = _repeated(_value(code, element), element, gaps=code in primitive_types())
        if code in primitive_types():
            # `id` and `url` of an element, and the text of a narrative, are attributes: they have no extensions
            if "representation" not in element and code != "xhtml":
                used.add("Element")
                properties[f"_{name}"] = _repeated(reference("Element"), element, gaps=True)
        elif element["min"] and not last.endswith("[x]"):
            schema.setdefault("required", []).append(name)


def _repeated(schema: Schema, element: Definition, *, gaps: bool = False) -> Schema:
    """A list where the element may repeat; those of a primitive may have gaps (json.html#primitive)."""
    base = element.get("base", element)["max"]
    if element["max"] == "1" and base == "1":
        return schema
    return {"type": "array", "items": {"anyOf": [schema, {"type": "null"}]} if gaps else schema}


def _value(code: str, element: Definition) -> Schema:
    binding = element.get("binding", {})
    if code == "code" and binding.get("strength") == "required":
        codes = _codes(binding.get("valueSet", ""))
        if codes:
            return {"type": "string", "enum": list(codes)}
    return reference(code)


@cache
def _codes(url: str) -> tuple[str, ...]:
    """The codes of a small value set that is wholly known, else nothing."""
    members = expand(url) if url else None
    if members is None or members.missing or members.syntaxes or len(members.codes) > _MOST_CODES:
        return ()
    return tuple(sorted(members.codes))


def _primitive(name: str) -> Schema:
    known = _JSON_TYPES.get(name)
    if known is not None:
        return known
    definition = structure(name)
    assert definition is not None, name
    value = next(each for each in definition["snapshot"]["element"] if each["path"] == f"{name}.value")
    pattern = value["type"][0].get("regex")
    return {"type": "string", **({"pattern": f"^(?:{pattern})$"} if pattern else {})}
