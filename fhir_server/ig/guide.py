"""What the guide holds: its artefacts by address and by group, its examples, and the cases that must be refused.

Law: read from the package that comes with the product, once, when the first page is asked for; nothing is changed.
Sources: profiles/package/*.json, profiles/package/example/*.json, profiles/fsh/invalid/*.json.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import profiles
from profiles.json_input import parse
from profiles.shelf import GUIDE

Json = dict[str, Any]
Language = Literal["zh", "en"]
ROOM = Path(profiles.__file__).parent
INVALID = ROOM / "fsh" / "invalid"
_TRANSLATION = "http://hl7.org/fhir/StructureDefinition/translation"

GROUPS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "people": ("Patient", "Person", "RelatedPerson", "Coverage", "Account"),
        "organisations": ("Organization", "Practitioner", "PractitionerRole", "Location", "Device"),
        "care": ("Encounter", "Condition", "AllergyIntolerance", "Procedure", "Appointment"),
        "referral": ("cmc-referral", "cmc-referral-*"),
        "orders": ("ServiceRequest", "cmc-order-task"),
        "results": (
            *("Observation", "DiagnosticReport", "Specimen", "ImagingStudy", "Media", "DocumentReference"),
            *("Communication", "cmc-critical-value-task"),
        ),
        "recognition": ("cmc-recognition-*",),
        "audit": ("Provenance", "AuditEvent", "cmc-identity-review", "cmc-unmapped-code"),
    }
)
"""The profiles by theme: an id, ids that begin alike, or every profile of a type that no id claims."""


@dataclass(frozen=True)
class Artefact:
    """One resource of the package. `place` is its page below `/ig/`."""

    resource: Json
    place: str
    example: bool = False

    @property
    def type(self) -> str:
        return str(self.resource["resourceType"])

    @property
    def id(self) -> str:
        return str(self.resource["id"])

    @property
    def url(self) -> str:
        return str(self.resource.get("url", ""))

    @property
    def name(self) -> str:
        return str(self.resource.get("title") or self.resource.get("name") or self.id)

    def title(self, language: Language) -> str:
        return text_of(self.resource, "title", language) or self.name

    def description(self, language: Language) -> str:
        return text_of(self.resource, "description", language)


@dataclass(frozen=True)
class Refused:
    """An example that must be refused: why, with which issue, and the resource."""

    name: str
    profile: str
    why: Mapping[Language, str]
    resource: Json

    @property
    def place(self) -> str:
        return f"invalid/{self.name}"


@dataclass(frozen=True)
class Guide:
    """`by_url` has no examples; `by_place` has everything that has a page, but the refused cases."""

    facts: Json
    by_place: Mapping[str, Artefact]
    by_url: Mapping[str, Artefact]
    refused: Mapping[str, Refused]
    texts: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Name and description of the examples, by place."""

    def of_type(self, resource_type: str) -> tuple[Artefact, ...]:
        found = (one for one in self.by_place.values() if one.type == resource_type and not one.example)
        return tuple(sorted(found, key=lambda one: one.id))

    @property
    def profiles(self) -> tuple[Artefact, ...]:
        return tuple(one for one in self.of_type("StructureDefinition") if one.resource["type"] != "Extension")

    @property
    def extensions(self) -> tuple[Artefact, ...]:
        return tuple(one for one in self.of_type("StructureDefinition") if one.resource["type"] == "Extension")

    @property
    def examples(self) -> tuple[Artefact, ...]:
        found = (one for one in self.by_place.values() if one.example)
        return tuple(sorted(found, key=lambda one: (one.type, one.id)))

    def group(self, name: str) -> tuple[Artefact, ...]:
        return tuple(one for one in self.profiles if group_of(one) == name)

    def examples_of(self, profile: str) -> tuple[Artefact, ...]:
        return tuple(one for one in self.examples if profile in one.resource.get("meta", {}).get("profile", ()))

    def refused_of(self, profile: str) -> tuple[Refused, ...]:
        return tuple(one for one in self.refused.values() if one.profile == profile)

    def derived_from(self, url: str) -> tuple[Artefact, ...]:
        return tuple(one for one in self.of_type("StructureDefinition") if one.resource.get("baseDefinition") == url)

    def users_of(self, url: str) -> tuple[Artefact, ...]:
        """The profiles and other definitions that name this address in what they add to their base."""
        return tuple(one for one in self.by_url.values() if one.url != url and url in _named(one))


def group_of(profile: Artefact) -> str:
    """The theme of a profile; an id says more than a type."""
    for name, marks in GROUPS.items():
        if any(profile.id == mark or (mark[-1] == "*" and profile.id.startswith(mark[:-1])) for mark in marks):
            return name
    return next((name for name, marks in GROUPS.items() if profile.resource["type"] in marks), "")


def text_of(element: Mapping[str, Any], name: str, language: Language) -> str:
    """The text of a primitive in a language: its translation, or else what stands there."""
    if language == "zh":
        for extension in element.get("_" + name, {}).get("extension", ()):
            parts = {part["url"]: part for part in extension.get("extension", ())}
            if extension["url"] == _TRANSLATION and parts["lang"]["valueCode"].startswith("zh"):
                return str(parts["content"]["valueString"])
    return str(element.get(name, ""))


@cache
def guide() -> Guide:
    """The guide of the consortium."""
    definitions = [Artefact(one, f"{one['resourceType']}/{one['id']}") for one in _read(GUIDE.folder.glob("[A-Z]*"))]
    examples = [
        Artefact(one, f"{one['resourceType']}/{one['id']}", example=True)
        for one in _read((GUIDE.folder / "example").glob("[A-Z]*.json"))
    ]
    facts = _parsed(GUIDE.folder / "package.json")
    return Guide(
        facts,
        MappingProxyType({one.place: one for one in (*definitions, *examples)}),
        MappingProxyType({one.url: one for one in definitions if one.url}),
        MappingProxyType({path.stem: _refused(path) for path in sorted(INVALID.glob("*.json"))}),
        MappingProxyType({place: texts for one in definitions for place, texts in _listed(one)}),
    )


def _listed(artefact: Artefact) -> Iterable[tuple[str, tuple[str, str]]]:
    if artefact.type == "ImplementationGuide":
        for row in artefact.resource["definition"]["resource"]:
            yield row["reference"]["reference"], (row.get("name", ""), row.get("description", ""))


def _refused(path: Path) -> Refused:
    case = _parsed(path)
    return Refused(path.stem, case["profile"], case["why"], case["resource"])


def _read(paths: Iterable[Path]) -> list[Json]:
    return [_parsed(path) for path in sorted(paths)]


def _parsed(path: Path) -> Json:
    found, issues = parse(path.read_bytes(), limit=path.stat().st_size)
    assert found is not None, (path, issues)
    return found


def _named(artefact: Artefact) -> frozenset[str]:
    """Every address in a definition; of a structure only those of its differential."""
    known = _NAMED.get(artefact.place)
    if known is None:
        source = {k: v for k, v in artefact.resource.items() if k not in ("snapshot", "url", "baseDefinition")}
        known = _NAMED.setdefault(artefact.place, frozenset(_strings(source)))
    return known


_NAMED: dict[str, frozenset[str]] = {}


def _strings(value: Any) -> Iterable[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)
    elif isinstance(value, str) and ":" in value:
        yield value.partition("|")[0]
