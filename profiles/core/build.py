"""Trims the official package `hl7.fhir.r4.core` 4.0.1 to the facts a server needs, one compressed entry per definition.

    python -m profiles.core.build PATH_TO_hl7.fhir.r4.core.tgz

Facts stay in FHIR's own shape and words; prose (definition, comment, mapping, narrative, xpath) goes.
Writes one zip per kind and `manifest.json` with the SHA-256 of the source and of each zip. A zip holds shards of about
SHARD bytes (neighbours compress well together), `_shards.json` (which shard holds which id) and `_index.json` (what the
kind needs to find an id). A shard is lines: the ids in it, then one line for each, so that one is read by itself.
The same source gives the same bytes (with the same zlib). It is never run by the product.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Json = dict[str, Any]
HERE = Path(__file__).parent
SHARD = 48 * 1024
FHIR_TYPE = "http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type"
REGEX = "http://hl7.org/fhir/StructureDefinition/regex"
MAX_VALUE_SET = "http://hl7.org/fhir/StructureDefinition/elementdefinition-maxValueSet"

STRUCTURE = (
    "resourceType", "id", "url", "version", "name", "kind", "abstract", "context", "contextInvariant", "type",
    "baseDefinition", "derivation",
)  # fmt: skip
ELEMENT = ("id", "path", "sliceName", "min", "max", "contentReference", "maxLength", "mustSupport")
VALUE_SET = ("resourceType", "id", "url", "version", "name", "title", "status", "immutable")
CODE_SYSTEM = (
    "resourceType", "id", "url", "version", "name", "title", "status", "caseSensitive", "valueSet", "hierarchyMeaning",
    "compositional", "content", "supplements", "filter", "property",
)  # fmt: skip
SEARCH_PARAMETER = (
    "resourceType", "id", "url", "version", "name", "code", "base", "type", "expression", "target", "multipleOr",
    "multipleAnd", "comparator", "modifier", "component",
)  # fmt: skip
COMPARTMENT = ("resourceType", "id", "url", "version", "name", "code", "search", "resource")
OPERATION = (
    "resourceType", "id", "url", "version", "name", "kind", "affectsState", "code", "resource", "system", "type",
    "instance", "inputProfile", "outputProfile", "parameter",
)  # fmt: skip
PROSE = frozenset({"documentation", "description", "definition", "extension", "designation"})
KEPT_PROPERTIES = frozenset({"child", "notSelectable", "abstract", "status"})


@dataclass(frozen=True, slots=True)
class Kind:
    """What goes into one zip: the entries by id, and further members (`_index`, `_constraints`) by name."""

    entries: dict[str, Any]
    members: dict[str, Any] = field(default_factory=dict)


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("usage: python -m profiles.core.build PATH_TO_hl7.fhir.r4.core.tgz", file=sys.stderr)
        return 2
    source = Path(arguments[0])
    definitions = list(_definitions(source))
    files = {name: _write(HERE / name, make(definitions)) for name, make in KINDS.items()}
    manifest = {
        "package": "hl7.fhir.r4.core#4.0.1",
        "source_sha256": hashlib.sha256(source.read_bytes()).hexdigest(),
        "files": files,
    }
    (HERE / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    return 0


def _definitions(source: Path) -> Iterator[Json]:
    with tarfile.open(source) as package:
        for member in package:
            parts = Path(member.name).parts
            if len(parts) == 2 and parts[1].endswith(".json") and "-" in parts[1]:
                stream = package.extractfile(member)
                assert stream is not None
                yield json.load(stream)


def _write(path: Path, kind: Kind) -> Json:
    shards, places = _shards(kind.entries)
    members = {name: _compact(value) for name, value in {**kind.members, "_shards": places}.items()} | shards
    with zipfile.ZipFile(path, "w") as archive:
        for name in sorted(members):
            entry = zipfile.ZipInfo(f"{name}.json", (2019, 11, 1, 9, 29, 22))
            archive.writestr(entry, members[name], zipfile.ZIP_DEFLATED, 9)
    data = path.read_bytes()
    return {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data), "entries": len(kind.entries)}


def _shards(entries: dict[str, Any]) -> tuple[dict[str, bytes], dict[str, str]]:
    """The shards by name, and the shard of each id."""
    shards: list[list[str]] = []
    size = SHARD
    for name in sorted(entries):
        if size >= SHARD:
            size = 0
            shards.append([])
        shards[-1].append(name)
        size += len(_compact(entries[name]))
    made = {f"{at:03}": names for at, names in enumerate(shards)}
    lines = {shard: [_compact(names), *(_compact(entries[name]) for name in names)] for shard, names in made.items()}
    places = {name: shard for shard, names in made.items() for name in names}
    return {shard: b"\n".join(listed) for shard, listed in lines.items()}, places


def _compact(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _of_kind(definitions: list[Json], resource_type: str) -> list[Json]:
    return sorted((d for d in definitions if d["resourceType"] == resource_type), key=lambda d: d["id"])


def _kept(source: Json, names: tuple[str, ...]) -> Json:
    return {name: source[name] for name in names if name in source}


def _without_prose(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_prose(child) for key, child in value.items() if key not in PROSE}
    if isinstance(value, list):
        return [_without_prose(child) for child in value]
    return value


# ---------------------------------------------------------------------------------------------- structures


def structures(definitions: list[Json]) -> Kind:
    """One entry per StructureDefinition; constraints are shared in `_constraints` and named by their place there."""
    constraints: list[Json] = []
    places: dict[str, int] = {}
    entries: dict[str, Any] = {}
    index: dict[str, list[Any]] = {}
    for source in _of_kind(definitions, "StructureDefinition"):
        if "snapshot" not in source:
            continue
        kept = _kept(source, STRUCTURE)
        elements = [_element(element, constraints, places) for element in source["snapshot"]["element"]]
        kept["snapshot"] = {"element": elements}
        entries[source["id"]] = kept
        index[source["id"]] = [
            source["url"], source["kind"], source["abstract"], source.get("derivation", ""), source["type"],
        ]  # fmt: skip
    return Kind(entries, {"_constraints": constraints, "_index": index})


def _element(source: Json, constraints: list[Json], places: dict[str, int]) -> Json:
    kept = _kept(source, ELEMENT)
    if "base" in source and {"path", "min", "max"} & {k for k, v in source["base"].items() if v != source[k]}:
        kept["base"] = source["base"]
    if "type" in source:
        kept["type"] = [_type(entry) for entry in source["type"]]
    if "binding" in source:
        kept["binding"] = _binding(source["binding"])
    for name in ("isModifier", "isSummary"):
        if source.get(name):
            kept[name] = True
    for name, value in source.items():
        if name.startswith(("fixed", "pattern", "minValue", "maxValue")):
            kept[name] = value
    if "representation" in source:
        kept["representation"] = source["representation"]
    if "slicing" in source:
        kept["slicing"] = _without_prose(source["slicing"])
    if "constraint" in source:
        kept["constraint"] = [_place(constraint, constraints, places) for constraint in source["constraint"]]
    return kept


def _place(source: Json, constraints: list[Json], places: dict[str, int]) -> int:
    kept = _kept(source, ("key", "severity", "human", "expression", "source"))
    identity = json.dumps(kept, sort_keys=True)
    if identity not in places:
        places[identity] = len(constraints)
        constraints.append(kept)
    return places[identity]


def _type(source: Json) -> Json:
    kept = _kept(source, ("code", "profile", "targetProfile"))
    for extension in source.get("extension", ()):
        if extension["url"] == FHIR_TYPE:
            kept["fhirType"] = extension["valueUrl"]
        elif extension["url"] == REGEX:
            kept["regex"] = extension["valueString"]
    return kept


def _binding(source: Json) -> Json:
    kept = _kept(source, ("strength", "valueSet"))
    for extension in source.get("extension", ()):
        if extension["url"] == MAX_VALUE_SET:
            kept["maxValueSet"] = extension["valueCanonical"]
    return kept


# --------------------------------------------------------------------------------------------- terminology


def value_sets(definitions: list[Json]) -> Kind:
    entries: dict[str, Any] = {}
    for source in _of_kind(definitions, "ValueSet"):
        entries[source["id"]] = {**_kept(source, VALUE_SET), "compose": _without_prose(source.get("compose", {}))}
    return Kind(entries, {"_index": {entry["url"]: name for name, entry in entries.items()}})


def code_systems(definitions: list[Json]) -> Kind:
    entries: dict[str, Any] = {}
    for source in _of_kind(definitions, "CodeSystem"):
        kept = _without_prose(_kept(source, CODE_SYSTEM))
        kept["concept"] = [_concept(concept) for concept in source.get("concept", ())]
        entries[source["id"]] = kept
    return Kind(entries, {"_index": {entry["url"]: name for name, entry in entries.items()}})


def _concept(source: Json) -> Json:
    kept = _kept(source, ("code", "display"))
    properties = [p for p in source.get("property", ()) if p["code"] in KEPT_PROPERTIES]
    if properties:
        kept["property"] = properties
    designations = [_kept(each, ("language", "value")) for each in source.get("designation", ())]
    if designations:
        kept["designation"] = designations
    if source.get("concept"):
        kept["concept"] = [_concept(child) for child in source["concept"]]
    return kept


# ------------------------------------------------------------------------------- searching, compartments, operations


def search_parameters(definitions: list[Json]) -> Kind:
    """One entry per base type: the parameters defined on it, by code; and `_index` of url to [base, code]."""
    entries: dict[str, Any] = {}
    index: dict[str, list[str]] = {}
    for source in _of_kind(definitions, "SearchParameter"):
        if "base" not in source or source["id"].startswith("example"):
            continue
        kept = _kept(source, SEARCH_PARAMETER)
        for base in source["base"]:
            entries.setdefault(base, []).append(kept)
        index[source["url"]] = [source["base"][0], source["code"]]
    return Kind(entries, {"_index": index})


def compartments(definitions: list[Json]) -> Kind:
    sources = [s for s in _of_kind(definitions, "CompartmentDefinition") if s["id"] != "example"]
    return Kind({source["code"]: _without_prose(_kept(source, COMPARTMENT)) for source in sources})


def operations(definitions: list[Json]) -> Kind:
    sources = [s for s in _of_kind(definitions, "OperationDefinition") if s["id"] != "example"]
    entries = {source["id"]: _without_prose(_kept(source, OPERATION)) for source in sources}
    return Kind(entries, {"_index": {entry["url"]: name for name, entry in entries.items()}})


KINDS: dict[str, Callable[[list[Json]], Kind]] = {
    "structures.zip": structures,
    "value_sets.zip": value_sets,
    "code_systems.zip": code_systems,
    "search_parameters.zip": search_parameters,
    "compartments.zip": compartments,
    "operations.zip": operations,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
