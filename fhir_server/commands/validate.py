"""qiao validate: files against FHIR R4, the profiles they claim, and the one that is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from profiles.issue import Issue

if TYPE_CHECKING:
    from profiles.registry import Registry
    from profiles.shelf import Shelf
    from profiles.validator.place import Rigour

_LIMIT = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Judged:
    """One file: its issues, whether it could be read, and what was in it, where somebody else is to be asked."""

    path: Path
    issues: tuple[Issue, ...]
    read: bool = True
    resource: dict[str, Any] | None = None

    @property
    def refused(self) -> bool:
        return any(issue.refuses for issue in self.issues)


def command(
    files: Annotated[list[Path], typer.Argument(help="Resources as JSON or XML files, or folders of them.")],
    profile: Annotated[
        str | None, typer.Option(help="Canonical URL of a profile to hold them against, or its file.")
    ] = None,
    package: Annotated[
        list[Path] | None,
        typer.Option(help="FHIR package (.tgz or folder) or one conformance resource to load; may be repeated."),
    ] = None,
    data_folder: Annotated[
        Path | None,
        typer.Option(
            help="Data folder whose installed packages count; default: QIAO_DATA_FOLDER, or qiao-data beside the store."
        ),
    ] = None,
    extensions: Annotated[
        str, typer.Option(help="known: an extension that nothing loaded defines is an error; any: it is a warning.")
    ] = "known",
    json: Annotated[
        bool, typer.Option("--json", help="Print an OperationOutcome, or one list for several files.")
    ] = False,
    html: Annotated[bool, typer.Option("--html", help="Print a page that stands by itself.")] = False,
    cross_check: Annotated[
        bool, typer.Option("--cross-check", help="Ask fhir.resources (R4B), too, and say where it differs.")
    ] = False,
) -> None:
    """Validate FHIR R4 resources; exit code 1 when one has an error."""
    from fhir_server.commands.output import Exit, fail, say

    paths = list(_paths(files))
    if not paths:
        fail("there is no JSON or XML file there", Exit.USAGE, "Give files, or a folder with *.json or *.xml in it.")
    if extensions not in ("known", "any"):
        fail("--extensions is known or any", Exit.USAGE)
    registry, wanted = _loaded(package or [], profile, _installed(data_folder))
    results = [_judged(path, wanted, registry, extensions, keep=cross_check) for path in paths]
    _print(results, form="json" if json else "html" if html else "text")
    if cross_check:
        from fhir_server.commands.second_opinion import opinions

        for line in opinions([(str(one.path), one.resource, one.refused) for one in results]):
            say(line)
    unread = sum(1 for one in results if not one.read)
    wrong = sum(1 for one in results if one.refused)
    say(f"{len(paths)} files, {wrong} with errors" + (f", {unread} could not be read" if unread else ""))
    if unread:
        raise typer.Exit(int(Exit.IO if unread == len(paths) else Exit.PARTLY))
    raise typer.Exit(int(Exit.FINDINGS if wrong else Exit.FINE))


def _paths(files: list[Path]) -> Iterator[Path]:
    for file in files:
        if file.is_dir():
            found = (path for path in file.rglob("*") if path.suffix in (".json", ".xml") and path.is_file())
            yield from sorted(found)
        else:
            yield file


def _installed(data: Path | None) -> tuple[Shelf, ...]:
    """The packages that were installed (`qiao package install`) in a data folder."""
    from fhir_server.data_folder import surrounding_data_folder

    folder = (data.absolute() if data is not None else surrounding_data_folder()) / "packages"
    if not folder.is_dir():
        return ()
    from profiles.installed import shelves

    return shelves(folder)


def _loaded(packages: list[Path], profile: str | None, installed: tuple[Shelf, ...]) -> tuple[Registry, str | None]:
    """The registry of the packages, and the canonical URL of the profile."""
    from fhir_server.commands.output import Exit, fail
    from profiles.packages import load
    from profiles.registry import OWN
    from profiles.shelf import GUIDE, Shelves

    file = Path(profile) if profile and "://" not in profile and not profile.startswith("urn:") else None
    if file is not None and not file.is_file():
        file = None
    if not packages and file is None:
        OWN.put(installed)
        return OWN, profile
    registry, issues = load([*packages, *([file] if file is not None else [])], Shelves((*installed, GUIDE)))
    if issues:
        fail(f"{issues[0].location}: {issues[0].text()}", Exit.IO, "A package is a .tgz, a folder or one resource.")
    if file is None:
        return registry, profile
    from profiles.packages import read

    definition = read(file.read_bytes(), limit=_LIMIT)[0] or {}
    if definition.get("resourceType") != "StructureDefinition" or not isinstance(definition.get("url"), str):
        fail(f"{file} is no StructureDefinition with a url", Exit.USAGE)
    return registry, definition["url"]


def _judged(path: Path, profile: str | None, registry: Registry, extensions: str, *, keep: bool) -> Judged:
    from profiles.json_positions import json_positions
    from profiles.packages import is_xml
    from profiles.validator import validate

    try:
        data = path.read_bytes()
    except OSError as error:
        why = error.strerror or type(error).__name__
        return Judged(path, (Issue("file-unreadable", details={"why": why}),), read=False)
    positions: dict[str, tuple[int, int]] = {}
    if is_xml(data):
        from profiles.xml_input import read_xml

        resource, found = read_xml(data, limit=_LIMIT, places=positions)
        positions = {path[len(path.partition(".")[0]) :]: place for path, place in positions.items()}
    else:
        from profiles.json_input import parse

        resource, found = parse(data, limit=_LIMIT)
    if resource is None:
        return Judged(path, found)
    rigour: Rigour = "strict" if extensions == "known" else "accepting"
    issues = validate(resource, profile=profile, registry=registry, rigour=rigour)
    if issues and not positions:
        positions = dict(json_positions(data, [issue.expression for issue in issues]))
    known = {(issue.code, issue.expression) for issue in found}
    placed = (_placed(issue, positions) for issue in issues if (issue.code, issue.expression) not in known)
    return Judged(path, (*found, *placed), resource=resource if keep else None)


def _placed(issue: Issue, positions: dict[str, tuple[int, int]]) -> Issue:
    from profiles.json_positions import position

    place = position(issue.expression, positions) if issue.expression else None
    return issue if place is None else replace(issue, location=f"line {place[0]}, column {place[1]}")


def _print(results: list[Judged], *, form: str) -> None:
    from fhir_server.commands.output import show
    from fhir_server.problem import entries

    if form == "html":
        from fhir_server.commands.validation_page import page

        print(page([(str(one.path), one.issues) for one in results]))
    elif form == "json" and len(results) == 1:
        show({"resourceType": "OperationOutcome", "issue": entries(results[0].issues)})
    elif form == "json":
        show({"files": [{"file": str(one.path), "issue": entries(one.issues)} for one in results]})
    else:
        for one in results:
            for issue in one.issues:
                place = " ".join(part for part in (issue.expression, issue.location and f"({issue.location})") if part)
                print(f"{one.path}: {issue.severity}: {place}: {issue.text()} [{issue.code}]")
                if issue.hint():
                    print(f"    fix: {issue.hint()} · {issue.hint('zh')}")
