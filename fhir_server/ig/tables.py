"""A StructureDefinition as the rows of a tree: what stands in an element table (FHIR R4 formats.html#table).

Pure: a definition in, rows out. The rows are those of the snapshot; `changed` says which the profile speaks about.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fhir_server.ig.guide import Language, text_of

Json = dict[str, Any]
_FHIR_TYPE = "http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type"
_INHERITED_RULES = frozenset({"ele-1", "ext-1"})


@dataclass(frozen=True, slots=True)
class Type:
    """A type of an element; `profiles` and `targets` are canonical URLs."""

    code: str
    profiles: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """An invariant, where it stands, and whether this profile brings it."""

    key: str
    severity: str
    human: str
    expression: str
    paths: tuple[str, ...]
    own: bool


@dataclass(frozen=True, slots=True)
class Binding:
    path: str
    strength: str
    value_set: str
    description: str


@dataclass(frozen=True, slots=True)
class Slicing:
    """How the repetitions of an element are told apart."""

    by: tuple[str, ...]
    rules: str
    ordered: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One element. `fixed` is (kind, value) where a value is given, `kept` the names of rules that hold here."""

    id: str
    depth: int
    name: str
    slice_name: str
    flags: tuple[str, ...]
    least: int
    most: str
    types: tuple[Type, ...]
    short: str
    slicing: Slicing | None
    binding: Binding | None
    fixed: tuple[str, Any] | None
    kept: tuple[str, ...]
    content: str
    changed: bool

    @property
    def forbidden(self) -> bool:
        return self.most == "0"


def rows(definition: Json, language: Language) -> tuple[Row, ...]:
    """Every element of the snapshot, in order."""
    differential = {element["id"]: element for element in definition.get("differential", {}).get("element", ())}
    base = definition["url"]
    return tuple(_row(element, differential, base, language) for element in definition["snapshot"]["element"])


def key_rows(found: Iterable[Row]) -> tuple[Row, ...]:
    """The elements the profile speaks about, and those above them."""
    listed = tuple(found)
    wanted: set[str] = set()
    for row in listed:
        if row.changed:
            wanted.add(row.id)
            wanted.update(above(row.id))
    return tuple(row for row in listed if row.id in wanted)


def above(element_id: str) -> Iterable[str]:
    """The ids of the elements an element stands in, and of what a slice is a slice of."""
    parts = element_id.split(".")
    for length in range(1, len(parts) + 1):
        head = ".".join(parts[:length])
        if length < len(parts):
            yield head
        if ":" in parts[length - 1]:
            yield head.rpartition(":")[0]


def rules(definition: Json, language: Language) -> tuple[Rule, ...]:
    """The invariants of a profile by key, its own first; those every element has are left out."""
    found: dict[str, Rule] = {}
    for element in definition["snapshot"]["element"]:
        for each in element.get("constraint", ()):
            key = each["key"]
            if key in _INHERITED_RULES:
                continue
            human, own = text_of(each, "human", language), _own(each, definition["url"])
            paths = (*found[key].paths, element["id"]) if key in found else (element["id"],)
            found[key] = Rule(key, each["severity"], human, each.get("expression", ""), paths, own)
    return tuple(sorted(found.values(), key=lambda rule: not rule.own))


def bindings(found: Iterable[Row]) -> tuple[Binding, ...]:
    return tuple(row.binding for row in found if row.binding is not None)


def _row(element: Json, differential: Mapping[str, Json], base: str, language: Language) -> Row:
    name = element["id"].rpartition(".")[2]
    return Row(
        id=element["id"],
        depth=element["id"].count(".") + element["id"].count(":"),
        name=name.partition(":")[0],
        slice_name=element.get("sliceName", "") if ":" in name else "",
        flags=_flags(element, base),
        least=element.get("min", 0),
        most=element.get("max", ""),
        types=tuple(_type(each) for each in element.get("type", ())),
        short=text_of(differential.get(element["id"], {}), "short", language) or text_of(element, "short", language),
        slicing=_slicing(element.get("slicing")),
        binding=_binding(element, language),
        fixed=next(
            ((key[:7] if key[:7] == "pattern" else "fixed", element[key]) for key in element if _is_given(key)), None
        ),
        kept=tuple(each["key"] for each in element.get("constraint", ()) if _own(each, base)),
        content=element.get("contentReference", "").rpartition("#")[2],
        changed=element["id"] in differential,
    )


def _is_given(key: str) -> bool:
    return key.startswith(("fixed", "pattern"))


def _own(constraint: Json, base: str) -> bool:
    return constraint.get("source", "") == base or constraint["key"].startswith("cmc-")


def _flags(element: Json, base: str) -> tuple[str, ...]:
    flags = (
        ("S", element.get("mustSupport")),
        ("?!", element.get("isModifier")),
        ("Σ", element.get("isSummary")),
        ("I", any(_own(each, base) for each in element.get("constraint", ()))),
    )
    return tuple(flag for flag, held in flags if held)


def _type(each: Json) -> Type:
    code = each.get("code", "")
    if code.startswith("http://hl7.org/fhirpath/"):
        said = [one.get("valueUrl", "") for one in each.get("extension", ()) if one["url"] == _FHIR_TYPE]
        code = said[0] if said else code.rpartition(".")[2].lower()
    return Type(code, tuple(each.get("profile", ())), tuple(each.get("targetProfile", ())))


def _slicing(given: Json | None) -> Slicing | None:
    if given is None:
        return None
    by = tuple(f"{each['type']}: {each['path']}" for each in given.get("discriminator", ()))
    return Slicing(by, given.get("rules", "open"), bool(given.get("ordered")))


def _binding(element: Json, language: Language) -> Binding | None:
    given = element.get("binding")
    if given is None:
        return None
    described = text_of(given, "description", language)
    return Binding(element["id"], given["strength"], given.get("valueSet", ""), described)
