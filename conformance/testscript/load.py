"""Files and folders to scripts: JSON or XML, fixtures from `contained` or from files beside the script.

Law: nothing is fetched from a network, and a fixture never comes from outside of the folder the script was given with;
what cannot be read is an `Unreadable` for a script and a `trouble` for a fixture, never an exception.
Source: http://hl7.org/fhir/R4/testscript-definitions.html#TestScript.fixture.resource.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from conformance.testscript.script import (
    Capability,
    Fixture,
    Json,
    Script,
    actions,
    tests,
    variable,
)
from conformance.testscript.stored import JSON, Unparsed, parsed, written

LIMIT = 64 * 1024 * 1024
_FORMS = (".json", ".xml")


@dataclass(frozen=True, slots=True)
class Unreadable:
    file: Path
    why: str


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a script lies, and the folder its fixtures may come from."""

    file: Path
    root: Path


def load(paths: Sequence[Path]) -> tuple[tuple[Script, ...], tuple[Unreadable, ...]]:
    """The scripts of files and folders in order. In a folder, resources that are no TestScript are passed over."""
    scripts, wrong = [], []
    for given in paths:
        for file in _files(given):
            root = given if given.is_dir() else given.parent.parent
            found = _load(_Place(file, root), among_others=given.is_dir())
            if isinstance(found, Script):
                scripts.append(found)
            elif found is not None:
                wrong.append(found)
    return tuple(scripts), tuple(wrong)


def _files(given: Path) -> Iterator[Path]:
    if given.is_dir():
        yield from sorted(file for file in given.rglob("*") if file.suffix in _FORMS and file.is_file())
    else:
        yield given


def _load(place: _Place, *, among_others: bool) -> Script | Unreadable | None:
    try:
        data = place.file.read_bytes()
    except OSError as error:
        return Unreadable(place.file, error.strerror or type(error).__name__)
    if among_others and b"TestScript" not in data:
        return None
    resource = parsed(data, _media_type(place.file.name))
    if isinstance(resource, Unparsed):
        return Unreadable(place.file, resource.why)
    if resource.get("resourceType") != "TestScript":
        return None if among_others else Unreadable(place.file, "this is not a TestScript")
    return _script(resource, place)


def _script(source: Json, place: _Place) -> Script:
    contained = {one["id"]: one for one in source.get("contained", ()) if isinstance(one, dict) and "id" in one}
    return Script(
        name=str(source.get("name") or source.get("id") or place.file.stem),
        url=str(source.get("url") or ""),
        title=str(source.get("title") or ""),
        description=str(source.get("description") or ""),
        file=place.file,
        fixtures=tuple(_fixture(one, contained, place) for one in source.get("fixture", ())),
        variables=tuple(variable(one) for one in source.get("variable", ())),
        profiles={str(one.get("id", "")): str(one.get("reference", "")) for one in source.get("profile", ())},
        capabilities=tuple(_capability(one, contained) for one in (source.get("metadata") or {}).get("capability", ())),
        setup=actions(source.get("setup")),
        tests=tests(source),
        teardown=actions(source.get("teardown")),
    )


def _capability(source: Json, contained: dict[str, Json]) -> Capability:
    reference = str(source.get("capabilities") or "")
    return Capability(
        source.get("required") is True, str(source.get("description") or ""), contained.get(reference.lstrip("#"))
    )


def _fixture(source: Json, contained: dict[str, Json], place: _Place) -> Fixture:
    name = str(source.get("id") or "")
    reference = str((source.get("resource") or {}).get("reference") or "")
    create, delete = source.get("autocreate") is True, source.get("autodelete") is True
    if reference.startswith("#"):
        found = contained.get(reference[1:])
        if found is None:
            return Fixture(name, "", JSON, create, delete, f"the script contains no resource {reference}")
        return Fixture(name, written(found, JSON).decode(), JSON, create, delete)
    text, trouble = _beside(reference, place)
    return Fixture(name, text, _media_type(reference), create, delete, trouble)


def _beside(reference: str, place: _Place) -> tuple[str, str]:
    """(text, trouble) of a file named relative to the script, else to a folder above it up to the root of the suite.

    `Patient/example` finds `Patient/example.json`.
    """
    if not reference:
        return "", "the fixture names no resource"
    if "://" in reference:
        return "", f"{reference} is an address: fixtures are never fetched, put the file beside the script"
    root, folder = place.root.resolve(), place.file.parent.resolve()
    if not (folder / reference).resolve().is_relative_to(root):
        return "", f"{reference} lies outside of {place.root}: run the folder that holds both"
    above = [one for one in (folder, *folder.parents) if one.is_relative_to(root)]
    for file in ((one / (reference + ending)).resolve() for one in above for ending in ("", *_FORMS)):
        if file.is_file() and file.is_relative_to(root):
            try:
                if file.stat().st_size > LIMIT:
                    return "", f"{reference} is larger than {LIMIT} bytes"
                return file.read_text(encoding="utf-8-sig"), ""
            except (OSError, UnicodeDecodeError) as error:
                return "", f"{reference} cannot be read: {type(error).__name__}"
    return "", f"there is no file {reference} beside the script"


def _media_type(name: str) -> str:
    return "application/fhir+xml" if name.endswith(".xml") else JSON
