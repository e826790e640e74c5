"""Packages that were installed: checked once, written as the FHIR package cache has them, read as they are needed.

Law: nothing is fetched, nothing is written before every check has passed, and a package is whole or not there (written
beside its place, then moved). What lies in an archive never decides where it is written: its files are named anew.
A folder holds `name#version/package/*.json`, as `~/.fhir/packages` does.
Source: https://confluence.hl7.org/display/FHIR/NPM+Package+Specification, …/FHIR+Package+Cache.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from profiles.issue import Issue
from profiles.json_input import parse
from profiles.json_output import dump, dump_pretty
from profiles.package_files import PackageFile, files_of
from profiles.packages import LIMIT, read
from profiles.shelf import GUIDE, Shelf

Json = dict[str, Any]
BUILT_IN = "hl7.fhir.r4.core"
"""The package whose definitions are part of the product (profiles/core)."""
_NAME = re.compile(r"[a-z][a-z0-9-]*(\.[a-z0-9-]+)*")
_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+-]{0,63}")
_FILE = re.compile(r"[^A-Za-z0-9.-]")
_INDEXED = ("id", "url", "version", "kind", "type", "derivation", "supplements", "content")
_CONFORMANCE = frozenset(
    {
        *("StructureDefinition", "CodeSystem", "ValueSet", "ConceptMap", "NamingSystem", "SearchParameter"),
        *("OperationDefinition", "CapabilityStatement", "ImplementationGuide", "Questionnaire", "Measure", "Library"),
        *("CompartmentDefinition", "StructureMap", "GraphDefinition", "MessageDefinition", "ExampleScenario"),
        *("TerminologyCapabilities", "PlanDefinition", "ActivityDefinition", "ObservationDefinition"),
    }
)


@dataclass(frozen=True)
class Package:
    """What `package.json` says of a package, and what is in it by type."""

    name: str
    version: str
    fhir_versions: tuple[str, ...]
    dependencies: Mapping[str, str]
    title: str = ""
    canonical: str = ""
    folder: Path = Path()
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def label(self) -> str:
        return f"{self.name}#{self.version}"


@dataclass(frozen=True)
class Candidate:
    """A package that was read, not yet installed."""

    package: Package
    facts: Json
    resources: tuple[Json, ...]


def packages_folder(data_folder: Path) -> Path:
    """Where the installed packages of a store lie, below its data folder."""
    return data_folder / "packages"


def installed(folder: Path) -> tuple[Package, ...]:
    """The packages in a folder, by name and version; what is no package is left aside."""
    found = (_found(path) for path in sorted(folder.glob("*#*")) if path.is_dir())
    return tuple(package for package in found if package is not None)


def shelves(folder: Path) -> tuple[Shelf, ...]:
    """The installed packages as shelves of definitions."""
    return tuple(Shelf(package.folder / "package", ("",)) for package in installed(folder))


def _found(path: Path) -> Package | None:
    facts = path / "package" / "package.json"
    if not facts.is_file() or not (path / "package" / ".index.json").is_file():
        return None
    described = parse(facts.read_bytes(), limit=LIMIT)[0]
    index = parse((path / "package" / ".index.json").read_bytes(), limit=LIMIT)[0]
    if described is None or index is None:
        return None
    return _package(described, Counter(row["resourceType"] for row in index["files"]), path)


# ---------------------------------------------------------------------------------------------------------- checking


def candidate(path: Path) -> tuple[Candidate | None, tuple[Issue, ...]]:
    """The package at a path (.tgz or folder), or the issues why it is none; nothing is written."""
    try:
        files = list(files_of(path))
    except (OSError, EOFError) as error:
        why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return None, (Issue("file-unreadable", location=str(path), details={"why": str(why)}),)
    outside = [Issue("package-path", location=one.name) for one in files if one.outside]
    described = next((one.data for one in files if one.is_facts), b"")
    facts = parse(described, limit=LIMIT)[0] if described else None
    if outside or facts is None:
        return None, tuple(outside) or (Issue("package-facts", location=str(path)),)
    resources, unread = _resources(files)
    package = _package(facts, Counter(one["resourceType"] for one in resources), path)
    return Candidate(package, facts, resources), (*unread, *_issues(package, resources))


def _resources(files: Iterable[PackageFile]) -> tuple[tuple[Json, ...], tuple[Issue, ...]]:
    """The conformance resources of a package, and what could not be read of it; other JSON is none of ours."""
    found: list[Json] = []
    issues: list[Issue] = []
    for one in files:
        if not one.is_definition:
            continue
        resource, unread = read(one.data, limit=LIMIT)
        if resource is None:
            details = {"why": unread[0].text() if unread else "?"}
            issues.append(Issue("file-unreadable", location=one.name, details=details))
        elif resource.get("resourceType") in _CONFORMANCE:
            found.append(resource)
    return tuple(found), tuple(issues)


def _issues(package: Package, resources: tuple[Json, ...]) -> Iterator[Issue]:
    if not _NAME.fullmatch(package.name):
        yield Issue("package-name", "name", details={"name": package.name[:80]})
    if not _VERSION.fullmatch(package.version):
        yield Issue("package-version", "version", details={"version": package.version[:80]})
    if package.name in (BUILT_IN, built_in().name):
        yield Issue("package-built-in", "name", details={"name": package.name})
    if package.fhir_versions and not any(version.startswith("4.0") for version in package.fhir_versions):
        yield Issue("package-fhir-version", "fhirVersions", details={"versions": ", ".join(package.fhir_versions)})
    if not resources:
        yield Issue("package-empty", details={"name": package.name})
    counts = Counter(filter(None, map(_canonical, resources)))
    for canonical, count in counts.items():
        if count > 1:
            yield Issue("package-repeated", details={"canonical": canonical})


def beside(one: Candidate, others: Iterable[Package]) -> tuple[Issue, ...]:
    """What stands against a package among those that are installed: itself, missing dependencies, equal definitions."""
    others = tuple(others)
    if any(other.label == one.package.label for other in others):
        return (Issue("package-there", details={"name": one.package.label}),)
    mine = set(filter(None, map(_canonical, one.resources)))
    return (
        *missing(one.package, others),
        *(issue for other in (*others, built_in()) for issue in _shared(mine, other)),
    )


def missing(package: Package, others: Iterable[Package]) -> tuple[Issue, ...]:
    """The dependencies of a package that are neither installed nor part of the product."""
    known: dict[str, list[str]] = {}
    for other in (*others, built_in()):
        known.setdefault(other.name, []).append(other.version)
    return tuple(
        Issue("package-dependency", f"dependencies.{name}", details={"name": name, "version": version})
        for name, version in package.dependencies.items()
        if name != BUILT_IN and not any(_fits(version, there) for there in known.get(name, ()))
    )


def definitions(package: Package) -> list[dict[str, str]]:
    """Type, URL and version of everything with a canonical URL in a package."""
    folder = package.folder / "package" if (package.folder / "package").is_dir() else package.folder
    return [
        {"type": row["resourceType"], "url": row["url"], "version": row.get("version", "")}
        for row in _rows(folder)
        if "url" in row
    ]


def _shared(mine: set[str], other: Package) -> Iterator[Issue]:
    for row in _rows(other.folder / "package" if (other.folder / "package").is_dir() else other.folder):
        canonical = _canonical(row)
        if canonical in mine:
            yield Issue("package-duplicate", details={"canonical": canonical, "other": other.label})


def _fits(wanted: str, version: str) -> bool:
    """Whether a version is the one a dependency names: exact, `x` for any last part, or none in particular."""
    if wanted in ("", "*", "latest", "current", "dev"):
        return True
    pattern = re.escape(wanted.lstrip("~^")).replace(r"\.x", r"(\.[0-9A-Za-z-]+)+")
    return re.fullmatch(pattern, version) is not None


# ----------------------------------------------------------------------------------------------------------- writing


def install(one: Candidate, folder: Path) -> Package:
    """Writes a package that was checked; raises OSError when the folder cannot be written."""
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / one.package.label
    with tempfile.TemporaryDirectory(prefix=".installing-", dir=folder) as beside_it:
        made = Path(beside_it) / "made"
        (made / "package").mkdir(parents=True)
        rows: list[Json] = []
        for number, resource in enumerate(one.resources):
            name = _file_name(resource, number, {row["filename"] for row in rows})
            (made / "package" / name).write_bytes(dump(resource))
            told = {key: resource[key] for key in _INDEXED if isinstance(resource.get(key), str)}
            rows.append({"filename": name, "resourceType": resource["resourceType"], **told})
        (made / "package" / ".index.json").write_bytes(dump_pretty({"index-version": 2, "files": rows}))
        (made / "package" / "package.json").write_bytes(dump_pretty(one.facts))
        made.rename(place)
    found = _found(place)
    assert found is not None
    return found


def remove(package: Package) -> None:
    """Takes an installed package away."""
    shutil.rmtree(package.folder)


def _file_name(resource: Json, number: int, taken: set[str]) -> str:
    name = f"{resource['resourceType']}-{_FILE.sub('-', str(resource.get('id', number)))[:100]}.json"
    return f"{resource['resourceType']}-{number}.json" if name in taken else name


# ------------------------------------------------------------------------------------------------------------- facts


def _package(facts: Json, counts: Mapping[str, int], folder: Path) -> Package:
    versions = facts.get("fhirVersions") or facts.get("fhir-version-list") or ()
    dependencies = facts.get("dependencies")
    return Package(
        _text(facts.get("name")),
        _text(facts.get("version")),
        tuple(str(each) for each in versions) if isinstance(versions, list) else (),
        {str(k): str(v) for k, v in dependencies.items()} if isinstance(dependencies, dict) else {},
        _text(facts.get("title")),
        _text(facts.get("canonical")),
        folder,
        dict(sorted(counts.items())),
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def built_in() -> Package:
    """The guide that comes with the product."""
    facts = parse((GUIDE.folder / "package.json").read_bytes(), limit=LIMIT)[0]
    assert facts is not None
    return _package(facts, Counter(row["resourceType"] for row in _rows(GUIDE.folder)), GUIDE.folder)


def _rows(folder: Path) -> list[Json]:
    index = parse((folder / ".index.json").read_bytes(), limit=LIMIT)[0]
    return [] if index is None else list(index["files"])


def _canonical(resource: Mapping[str, Any]) -> str:
    url, version = resource.get("url"), resource.get("version")
    return f"{url}|{version or ''}" if isinstance(url, str) else ""
