"""qiao validate: files against FHIR R4 and, when asked, a profile."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from profiles.issue import Issue


def command(
    files: Annotated[list[Path], typer.Argument(help="Resources as JSON files, or folders of them.")],
    profile: Annotated[str | None, typer.Option(help="Canonical URL of a profile to hold them against.")] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print an OperationOutcome, or one list for several files.")
    ] = False,
) -> None:
    """Validate FHIR R4 resources; exit code 1 when one has an error."""
    from fhir_server.commands.output import Exit, fail, say, show
    from fhir_server.problem import entries

    paths = list(_paths(files))
    if not paths:
        fail("there is no JSON file there", Exit.USAGE, "Give files, or a folder with *.json in it.")
    results = [(path, *_validated(path, profile)) for path in paths]
    if json and len(paths) == 1:
        show({"resourceType": "OperationOutcome", "issue": entries(results[0][1])})
    elif json:
        show({"files": [{"file": str(path), "issue": entries(issues)} for path, issues, _ in results]})
    else:
        for path, issues, _ in results:
            for issue in issues:
                print(f"{path}: {issue.severity}: {issue.expression or issue.location}: {issue.text()} [{issue.code}]")
    unread = sum(1 for _, _, read in results if not read)
    wrong = sum(1 for _, issues, _ in results if any(issue.refuses for issue in issues))
    say(f"{len(paths)} files, {wrong} with errors" + (f", {unread} could not be read" if unread else ""))
    if unread:
        raise typer.Exit(int(Exit.IO if unread == len(paths) else Exit.PARTLY))
    raise typer.Exit(int(Exit.FINDINGS if wrong else Exit.FINE))


def _paths(files: list[Path]) -> Iterator[Path]:
    for file in files:
        if file.is_dir():
            yield from sorted(path for path in file.rglob("*.json") if path.is_file())
        else:
            yield file


def _validated(path: Path, profile: str | None) -> tuple[tuple[Issue, ...], bool]:
    """(issues, whether the file could be read)."""
    from profiles.json_input import parse
    from profiles.validator import validate

    try:
        data = path.read_bytes()
    except OSError as error:
        return (Issue("file-unreadable", details={"why": error.strerror or type(error).__name__}),), False
    resource, issues = parse(data, limit=256 * 1024 * 1024)
    return (issues if resource is None else validate(resource, profile=profile)), True
