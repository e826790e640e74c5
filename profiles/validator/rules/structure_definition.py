"""StructureDefinition: a differential that fits its base, and slicing by what the sliced elements have.

Source: http://hl7.org/fhir/R4/profiling.html#snapshot, #discriminator ("a restricted FHIRPath").
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from profiles.issue import Issue
from profiles.registry import Registry
from profiles.snapshot import SnapshotError, snapshot
from profiles.validator.place import Place
from profiles.validator.tree import fixed_of
from profiles.validator.values import equal

Json = dict[str, Any]


def derivable(definition: Json, place: Place) -> Iterator[Issue]:
    """A constraint whose base is known."""
    base = definition.get("baseDefinition")
    if definition.get("derivation") != "constraint" or type(base) is not str or "differential" not in definition:
        return
    above = place.registry.structure(base)
    if above is None:
        return
    if above["type"] != definition.get("type"):
        yield place.issue("structure-type", ".type", type=str(above["type"]))
        return
    try:
        elements = snapshot(definition, lambda url: place.registry.structure(url) if type(url) is str else None)
    except SnapshotError as error:
        yield place.issue("profile-broken", ".differential", profile=str(definition.get("url", "")), why=str(error))
        return
    yield from _unfit(definition, place)
    yield from _profiled(definition, place)
    yield from _discriminators(definition, elements, place)
    yield from _fixed(definition, above, place)


def _unfit(definition: Json, place: Place) -> Iterator[Issue]:
    """What "can only be specified on a resource, data type, or extension definition, and never in a profile"."""
    if definition.get("type") == "Extension":
        return
    for index, element in enumerate(definition["differential"].get("element", ())):
        for name in element:
            if name.startswith(("defaultValue", "meaningWhenMissing")):
                yield place.issue("structure-property", f".differential.element[{index}].{name}", name=name)


_OPEN = frozenset({"Resource", "DomainResource", "Element", "BackboneElement"})


def _profiled(definition: Json, place: Place) -> Iterator[Issue]:
    """The profile of a type is a profile of that type."""
    for index, element in enumerate(definition["differential"].get("element", ())):
        for at, kind in enumerate(element.get("type", ())):
            for number, url in enumerate(kind.get("profile", ())):
                found = place.registry.structure(url)
                if found is not None and kind.get("code") not in _OPEN and found["type"] != kind.get("code"):
                    here = f".differential.element[{index}].type[{at}].profile[{number}]"
                    yield place.issue("structure-type-profile", here, type=str(found["type"]))


def _fixed(definition: Json, above: Json, place: Place) -> Iterator[Issue]:
    """A value that the base fixes is fixed to nothing else; by id, so slices are held against slices."""
    before = {element.get("id"): fixed for element in above["snapshot"]["element"] if (fixed := fixed_of(element))}
    for index, element in enumerate(definition["differential"].get("element", ())):
        said, wanted = fixed_of(element), before.get(element.get("id"))
        if said is None or wanted is None or wanted[0] != "fixed":
            continue
        if said[0] == "fixed" and not equal(said[1], wanted[1]):
            name = str(element.get("path", "")).rpartition(".")[2]
            yield place.issue("structure-fixed", f".differential.element[{index}]", name=name)


def _discriminators(definition: Json, elements: list[Json], place: Place) -> Iterator[Issue]:
    paths = {element["path"] for element in elements}
    types = {element["path"]: element.get("type", []) for element in elements}
    for index, element in enumerate(definition["differential"].get("element", ())):
        for at, row in enumerate((element.get("slicing") or {}).get("discriminator", ())):
            path = element.get("path", "")
            if not _leads(row.get("path", ""), path, paths, types.get(path, []), place.registry):
                here = f".differential.element[{index}].slicing.discriminator[{at}].path"
                yield place.issue("slicing-discriminator", here)


def _leads(discriminator: str, path: str, paths: set[str], types: list[Json], registry: Registry) -> bool:
    """Whether the first step of a discriminator is an element of what is sliced; functions are not followed."""
    step = discriminator.partition(".")[0]
    if not step or step.startswith("$") or "(" in step or discriminator.startswith("http"):
        return True
    if any(f"{path}.{name}" in paths for name in (step, step + "[x]")):
        return True
    structures = [registry.structure(kind["code"]) if type(kind.get("code")) is str else None for kind in types]
    return not structures or any(found is None or _has(found, step) for found in structures)


def _has(structure: Json, name: str) -> bool:
    if structure["type"] in ("Resource", "Element"):  # anything may stand there
        return True
    wanted = {f"{structure['type']}.{name}", f"{structure['type']}.{name}[x]"}
    return any(element["path"] in wanted for element in structure["snapshot"]["element"])
