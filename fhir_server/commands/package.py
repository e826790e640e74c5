"""qiao package: FHIR npm packages beside the guide: install one, see what is there, take one away."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from profiles.issue import Issue

if TYPE_CHECKING:
    from profiles.installed import Package

command = typer.Typer(
    help="FHIR packages beside the guide: install one, list them, show what is in one, remove one.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
_To = Annotated[
    Path | None,
    typer.Option("--to", help="Data folder of the server; default: QIAO_DATA_FOLDER, or qiao-data beside the store."),
]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]


@command.command()
def install(
    package: Annotated[Path, typer.Argument(help="A FHIR npm package: a .tgz, or a folder with package.json.")],
    to: _To = None,
    json: _Json = False,
) -> None:
    """Check a package and install it; `qiao validate` and a server started afterwards know its definitions."""
    from fhir_server.commands.output import Exit, fail, say
    from profiles.installed import beside, candidate, installed
    from profiles.installed import install as write

    if not package.exists():
        fail(f"{package}: there is no such file or folder", Exit.IO, "Give the path of a .tgz or of a folder.")
    folder = _folder(to)
    one, found = candidate(package)
    issues = (*found, *(beside(one, installed(folder)) if one is not None else ()))
    if one is None or any(issue.refuses for issue in issues):
        _report(None, issues, as_json=json)
        unread = one is None and any(issue.code == "file-unreadable" for issue in issues)
        raise typer.Exit(int(Exit.IO if unread else Exit.FINDINGS))
    try:
        written = write(one, folder)
    except OSError as error:
        fail(f"{folder}: {error.strerror or error}", Exit.IO, "Choose another folder with --to.")
    _report(written, issues, as_json=json)
    say(f"{written.label} installed in {written.folder}. A server that runs knows it after its next start.")


@command.command("list")
def list_(to: _To = None, json: _Json = False) -> None:
    """List the installed packages, and the guide that comes with the product."""
    from fhir_server.commands.output import say, show
    from profiles.installed import built_in, installed

    folder = _folder(to)
    found = installed(folder)
    if json:
        show({"folder": str(folder), "packages": [_row(one) for one in (built_in(), *found)]})
        return
    for one in (built_in(), *found):
        print(f"{one.label:40} {sum(one.counts.values()):>6} {one.title}")
    say(f"{len(found)} installed in {folder}")


@command.command()
def show(
    name: Annotated[str, typer.Argument(help="Name of a package, with #version where several are installed.")],
    to: _To = None,
    json: _Json = False,
) -> None:
    """Show what a package says of itself, what is in it, and which dependencies are missing."""
    from fhir_server.commands.output import show as print_json
    from profiles.installed import built_in, definitions, installed, missing

    found = installed(_folder(to))
    one = _named(name, (built_in(), *found), as_json=json)
    issues = missing(one, found)
    rows = definitions(one)
    if json:
        print_json({**_row(one), "definitions": rows, "issue": _entries(issues)})
        return
    print(f"{one.label} {one.title}".rstrip())
    for title, value in (
        ("canonical", one.canonical),
        ("fhir", ", ".join(one.fhir_versions)),
        ("folder", str(one.folder)),
        ("needs", ", ".join(f"{key}#{version}" for key, version in one.dependencies.items())),
        ("holds", ", ".join(f"{count} {kind}" for kind, count in one.counts.items())),
    ):
        if value:
            print(f"{title:10} {value}")
    for row in rows:
        print(f"{row['type']:22} {row['url']}{'|' + row['version'] if row['version'] else ''}")
    _say_issues(issues)


@command.command()
def remove(
    name: Annotated[str, typer.Argument(help="Name of an installed package, with #version where there are several.")],
    to: _To = None,
    json: _Json = False,
) -> None:
    """Take an installed package away; a server that runs forgets it when it is started again."""
    from fhir_server.commands.output import say
    from fhir_server.commands.output import show as print_json
    from profiles.installed import installed
    from profiles.installed import remove as take_away

    one = _named(name, installed(_folder(to)), as_json=json)
    take_away(one)
    if json:
        print_json({"removed": _row(one)})
    say(f"{one.label} removed")


def _folder(to: Path | None) -> Path:
    from fhir_server.data_folder import surrounding_data_folder
    from profiles.installed import packages_folder

    return packages_folder(to.absolute() if to is not None else surrounding_data_folder())


def _named(name: str, packages: Sequence[Package], *, as_json: bool) -> Package:
    """The one package of this name, or the end of the command."""
    from fhir_server.commands.output import Exit, fail

    found = [one for one in packages if name in (one.name, one.label)]
    if not found:
        _report(None, (Issue("package-unknown", details={"name": name}),), as_json=as_json)
        raise typer.Exit(int(Exit.FINDINGS))
    if len(found) > 1:
        fail(f"{name} is installed in several versions", Exit.USAGE, " or ".join(one.label for one in found))
    return found[0]


def _report(package: Package | None, issues: Sequence[Issue], *, as_json: bool) -> None:
    from fhir_server.commands.output import show as print_json

    if as_json:
        print_json({"installed": None if package is None else _row(package), "issue": _entries(issues)})
    _say_issues(issues)


def _say_issues(issues: Sequence[Issue]) -> None:
    from fhir_server.commands.output import say

    for issue in issues[:_MOST_SAID]:
        place = issue.expression or issue.location
        say(f"{issue.severity}: {place + ': ' if place else ''}{issue.text()} · {issue.text('zh')} [{issue.code}]")
        say(f"    fix: {issue.hint()} · {issue.hint('zh')}")
    if len(issues) > _MOST_SAID:
        say(f"… and {len(issues) - _MOST_SAID} more: --json shows all")


_MOST_SAID = 20


def _entries(issues: Sequence[Issue]) -> list[dict[str, Any]]:
    from fhir_server.problem import entries

    return entries(issues) if issues else []


def _row(one: Package) -> dict[str, Any]:
    return {
        "name": one.name,
        "version": one.version,
        "title": one.title,
        "canonical": one.canonical,
        "fhirVersions": list(one.fhir_versions),
        "dependencies": dict(one.dependencies),
        "folder": str(one.folder),
        "counts": dict(one.counts),
    }
