"""The R4 types as an expression sees them: which children a type has, where each stands in JSON, what type it is.

Law: shared and growing by equal entries only; an unknown type is None, an unknown child is None. A choice is one child
with several places: `Observation.value` reads `valueQuantity`, and `valueQuantity` is no name of the model.
Source: http://hl7.org/fhir/R4/fhirpath.html#types, http://hl7.org/fhir/R4/json.html.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

from profiles.definitions import STRUCTURES, Definition, json_names, resource_types, structure

SYSTEM_TYPES = frozenset({"Any", "Boolean", "String", "Integer", "Decimal", "Date", "DateTime", "Time", "Quantity"})
_SYSTEM_URL = "http://hl7.org/fhirpath/System."
_TEMPORAL = {"date": "Date", "dateTime": "DateTime", "instant": "DateTime", "time": "Time"}
_NUMBERS = {"decimal": "Decimal", "integer": "Integer", "positiveInt": "Integer", "unsignedInt": "Integer"}


class Model:
    """A type. `name` is the FHIR name (`Patient`, `BackboneElement`), `path` where it is defined (`Patient.contact`);
    `ancestors` has the names of the type and of all it specialises; `system` is the System type of a primitive's value,
    'Quantity' for the quantities, '' for the rest."""

    __slots__ = ("_children", "ancestors", "fields", "name", "path", "primitive", "resource", "system", "url")

    def __init__(self, name: str, path: str, url: str, ancestors: frozenset[str], kind: str) -> None:
        self.name = name
        self.path = path
        self.url = url
        self.ancestors = ancestors
        self.primitive = kind == "primitive-type"
        self.resource = kind == "resource"
        self.system = ""
        if self.primitive:
            self.system = _TEMPORAL.get(name) or _NUMBERS.get(name) or ("Boolean" if name == "boolean" else "String")
        elif "Quantity" in ancestors:
            self.system = "Quantity"
        self._children: Mapping[str, Child] | None = None
        self.fields: dict[str, Field] = {}

    def children(self) -> Mapping[str, Child]:
        """By FHIRPath name, in the order of the definition; `fields` has the same by JSON name once this was called."""
        if self._children is None:
            found = _children(self)
            self.fields = {key: field for child in found.values() for key, field in child.fields.items()}
            self._children = found
        return self._children

    def child(self, name: str) -> Child | None:
        return self.children().get(name)

    def __repr__(self) -> str:
        return f"<{self.path}>"


class Field:
    """One place of a child in JSON: its key and the type it stands for (None: a resource says its own)."""

    __slots__ = ("_target", "key", "many", "name", "under")

    def __init__(self, key: str, name: str, target: str, *, many: str) -> None:
        self.key = key
        self.name = name
        self.under = "_" + key
        self._target = target
        self.many = many != "1"

    @property
    def model(self) -> Model | None:
        return None if self._target in _ANY_RESOURCE else at_path(self._target)


class Child:
    """What a name of a type stands for."""

    __slots__ = ("fields", "name")

    def __init__(self, name: str, fields: dict[str, Field]) -> None:
        self.name = name
        self.fields = fields

    @property
    def single(self) -> Field | None:
        """The only place, None for a choice."""
        return next(iter(self.fields.values())) if len(self.fields) == 1 else None


_ANY_RESOURCE = frozenset({"Resource", "DomainResource"})


class _Untyped(Model):
    """A tree whose type nobody said: every key is a child, every value is what JSON says it is."""

    __slots__ = ("_seen",)

    def __init__(self) -> None:
        super().__init__("", "", "", frozenset(), "")

    def child(self, name: str) -> Child | None:
        return Child(name, {name: _UntypedField(name)})


class _UntypedField(Field):
    __slots__ = ()

    def __init__(self, key: str) -> None:
        super().__init__(key, key, "", many="*")

    @property
    def model(self) -> Model | None:
        return UNTYPED


UNTYPED: Model = _Untyped()


def model(name: str) -> Model | None:
    """A data type, primitive type or resource type by its name; None for another."""
    definition = structure(name)
    if definition is None or definition.get("derivation") == "constraint" or definition["id"] != name:
        return None  # not remembered: the names in expressions are anybody's
    return _model(name)


@cache
def _model(name: str) -> Model:
    definition = structure(name)
    assert definition is not None, name
    ancestors, base = {name}, definition
    while "baseDefinition" in base:
        parent = structure(base["baseDefinition"])
        assert parent is not None, base["baseDefinition"]
        base = parent
        ancestors.add(base["id"])
    return Model(name, name, definition["url"], frozenset(ancestors), definition["kind"])


@lru_cache(maxsize=8192)
def at_path(path: str) -> Model | None:
    """A type, or the part of one that stands at a path: `Patient.contact` has its own children."""
    if "." not in path:
        return model(path)
    elements = _elements(path.partition(".")[0]).get(path)
    if elements is None:
        return None
    if "contentReference" in elements[0]:
        return at_path(elements[0]["contentReference"].rpartition("#")[2])
    name = elements[0].get("type", [{"code": "BackboneElement"}])[0]["code"]
    base = model(name)
    if name not in ("BackboneElement", "Element") or base is None:
        return base
    return Model(name, path, "", base.ancestors, "complex-type")


@lru_cache(maxsize=1024)
def _elements(root: str) -> Mapping[str, list[Definition]]:
    """Of a definition: by path, the element and the elements right below it."""
    definition = structure(root)
    found: dict[str, list[Definition]] = {}
    for element in () if definition is None else definition["snapshot"]["element"]:
        if ":" in element["id"] or "/" in element["id"]:
            continue
        path = element["path"]
        found.setdefault(path, [element])
        if "." in path:
            found[path.rpartition(".")[0]].append(element)
    return found


def _children(of: Model) -> Mapping[str, Child]:
    found: dict[str, Child] = {}
    for element in _elements(of.path.partition(".")[0]).get(of.path, [{}])[1:]:
        last = element["path"].rpartition(".")[2]
        name = last.removesuffix("[x]")
        if of.primitive and name == "value":
            continue
        targets = _targets(element, of)
        keys = json_names(last, element) if "type" in element else (last,)
        fields = {
            key: Field(key, name, target, many=element["max"]) for key, target in zip(keys, targets, strict=False)
        }
        found[name] = Child(name, fields)
    return found


def _targets(element: Definition, of: Model) -> list[str]:
    """The name or path of each type of an element."""
    if "contentReference" in element:
        return [element["contentReference"].rpartition("#")[2]]
    codes = [kind["code"] for kind in element["type"]]
    if codes[0].startswith(_SYSTEM_URL):
        name = element["path"].rpartition(".")[2]
        return ["id" if name == "id" and of.resource else element["type"][0].get("fhirType", "string")]
    if codes[0] in ("BackboneElement", "Element"):
        return [element["path"]]
    return codes


_seen: dict[str, Model] = {}


def model_of(value: Any, fallback: Model = UNTYPED) -> Model:
    """The type a resource says it is, else `fallback`."""
    if type(value) is not dict:
        return fallback
    name = value.get("resourceType")
    if type(name) is not str:
        return fallback
    known = _seen.get(name)
    if known is not None:
        return known
    found = model(name) if name in resource_types() else None
    if found is None:
        return fallback
    _seen[name] = found
    return found


def named(specifier: str) -> tuple[str, str] | None:
    """`(namespace, name)` of a type specifier; an unqualified name is FHIR's if FHIR has it, else System's."""
    namespace, dot, name = specifier.rpartition(".")
    if dot and namespace not in ("FHIR", "System"):
        return None
    if namespace != "System" and model(name) is not None:
        return "FHIR", name
    if namespace != "FHIR" and name in SYSTEM_TYPES:
        return "System", name
    # A namespace that does not have the name: known to be nothing's type (`System.Patient`).
    return (namespace, name) if dot and (name in SYSTEM_TYPES or model(name) is not None) else None


def canonical_type(url: str) -> str | None:
    """The type whose definition has this URL, None for another URL."""
    definition = structure(url)
    if definition is None or definition.get("derivation") == "constraint" or not url.startswith(STRUCTURES):
        return None
    return str(definition["id"])
