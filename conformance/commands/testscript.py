"""`qiao testscript`: FHIR R4 TestScripts against any FHIR server; TestReport, HTML and JUnit out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from conformance.testscript.result import ScriptResult
    from conformance.testscript.run import Bench
    from conformance.testscript.script import Script

command = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Run FHIR R4 TestScripts against any FHIR server: TestReport, HTML and JUnit out.",
)


@command.command("list")
def list_(
    files: Annotated[list[Path] | None, typer.Argument(help="Scripts or folders; none: those that come along.")] = None,
    json_: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """List scripts with their tests, by default those that come with Qiao."""
    import json

    scripts = _scripts(files or [], builtin=not files, only=())
    if json_:
        rows = [
            {"name": one.name, "title": one.title, "file": str(one.file), "tests": [test.name for test in one.tests]}
            for one in scripts
        ]
        typer.echo(json.dumps({"scripts": rows}, ensure_ascii=False))
        return
    for one in scripts:
        typer.echo(f"{one.file.parent.name + '/' + one.file.stem:44} {len(one.tests):3} {one.title or one.name}")


@command.command("run")
def run(
    files: Annotated[list[Path] | None, typer.Argument(help="TestScripts as JSON or XML, or folders of them.")] = None,
    server: Annotated[str, typer.Option(help="FHIR base address, e.g. http://127.0.0.1:8080/fhir.")] = "",
    builtin: Annotated[bool, typer.Option("--builtin", help="Run the scripts that come with Qiao.")] = False,
    only: Annotated[list[str] | None, typer.Option(help="Only scripts with this in name or path; repeatable.")] = None,
    variable: Annotated[list[str] | None, typer.Option(help="A variable of the scripts: name=value.")] = None,
    header: Annotated[list[str] | None, typer.Option(help="Header of every request: NAME:VALUE.")] = None,
    bearer: Annotated[str, typer.Option(envvar="QIAO_BEARER", help="Access token of every request.")] = "",
    insecure: Annotated[bool, typer.Option("--insecure", help="Do not check the server's certificate.")] = False,
    timeout: Annotated[float, typer.Option(help="Seconds to wait for an answer.")] = 30.0,
    form: Annotated[
        Literal["json", "xml"], typer.Option("--format", help="Format where a script names none.")
    ] = "json",
    fail_fast: Annotated[bool, typer.Option("--fail-fast", help="Stop after the first script that fails.")] = False,
    capabilities: Annotated[
        bool, typer.Option("--capabilities", help="Skip scripts that need what the server does not claim.")
    ] = False,
    report: Annotated[Path | None, typer.Option(help="TestReport file, or folder for one each.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write a page for people here.")] = None,
    junit: Annotated[Path | None, typer.Option(help="Write JUnit XML here.")] = None,
    language: Annotated[Literal["zh", "en"], typer.Option(help="Language the page shows first.")] = "zh",
    bodies: Annotated[
        bool, typer.Option("--bodies", help="Put bodies into the reports: they may hold patient data.")
    ] = False,
    json_: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Run TestScripts against a FHIR server; exit code 1 when one does not pass."""
    from conformance.testscript.output import Targets, summary, write
    from conformance.testscript.transport import Connection, connected

    if not server.startswith(("http://", "https://")):
        _fail("Say which server: --server http://127.0.0.1:8080/fhir", 2)
    scripts = _scripts(files or [], builtin=builtin, only=tuple(only or ()))
    values = _pairs(variable or [], "=", "--variable name=value")
    headers = list(_pairs(header or [], ":", "--header NAME:VALUE").items())
    if bearer:
        headers.append(("Authorization", f"Bearer {bearer}"))
    with connected(Connection(headers, timeout, insecure)) as transport:
        bench = _bench(server.rstrip("/"), transport, form, values, bodies=bodies, capabilities=capabilities)
        results = _run(scripts, bench, fail_fast=fail_fast, quiet=json_)
    try:
        write(results, Targets(report, html, junit), language)
    except OSError as error:
        _fail(f"{error.filename}: {error.strerror}", 3)
    if json_:
        from profiles.json_output import dump

        typer.echo(dump(summary(results, len(scripts))).decode())
    unanswered = bool(results) and all(_unanswered(one) for one in results)
    raise typer.Exit(3 if unanswered else 0 if all(one.passed for one in results) else 1)


def _fail(sentence: str, exit_code: int) -> None:
    from adapters.commands.said import fail

    fail(sentence, exit_code=exit_code)


def _scripts(files: list[Path], *, builtin: bool, only: tuple[str, ...]) -> tuple[Script, ...]:
    """The scripts that were asked for; ends the command when there are none, or when one cannot be read."""
    from conformance.testscript.builtin import FOLDER
    from conformance.testscript.load import load

    scripts, wrong = load([*files, *([FOLDER] if builtin else [])])
    if wrong:
        _fail("; ".join(f"{one.file}: {one.why}" for one in wrong), 3)
    chosen = tuple(
        one for one in scripts if not only or any(part in one.name or part in str(one.file) for part in only)
    )
    if not chosen:
        _fail("There is no TestScript: give files, folders or --builtin, and see `qiao testscript list`.", 2)
    return chosen


def _pairs(texts: list[str], mark: str, usage: str) -> dict[str, str]:
    pairs = {}
    for text in texts:
        name, found, value = text.partition(mark)
        if not found or not name.strip():
            _fail(f"{text.partition(mark)[0]!r} is not of the form {usage}.", 2)
        pairs[name.strip()] = value.strip() if mark == ":" else value
    return pairs


def _bench(
    server: str, transport: Any, form: str, values: dict[str, str], *, bodies: bool, capabilities: bool
) -> Bench:
    import secrets
    import time
    import uuid
    from datetime import UTC, datetime

    from conformance.testscript.memory import Sources
    from conformance.testscript.run import Bench
    from conformance.testscript.stored import media_type

    sources = Sources(
        letters=lambda alphabet, count: "".join(secrets.choice(alphabet) for _ in range(count)),
        uuid=lambda: str(uuid.uuid4()),
        now=lambda: datetime.now(UTC).astimezone().isoformat(timespec="seconds"),
        pause=time.sleep,
    )
    return Bench(
        server, transport, sources, time.monotonic, media_type(form), values, bodies, check_capabilities=capabilities
    )


def _run(scripts: Sequence[Script], bench: Bench, *, fail_fast: bool, quiet: bool) -> list[ScriptResult]:
    import sys

    from adapters.commands.said import progress
    from conformance.testscript.output import lines
    from conformance.testscript.run import run as run_script

    results: list[ScriptResult] = []
    watched = sys.stderr.isatty() and not quiet
    with progress("testscript", quiet=quiet, total=len(scripts)) as step:
        for script in scripts:
            results.append(run_script(script, bench))
            step()
            if not watched:  # beside a bar, lines would tear it
                _say(lines(results[-1]))
            if fail_fast and not results[-1].passed:
                break
    for one in results if watched else ():
        _say(lines(one))
    passed = sum(one.passed for one in results)
    tests = [test for one in results for test in one.tests]
    good = sum(test.result in ("pass", "warning") for test in tests)
    typer.echo(f"{passed} of {len(results)} scripts, {good} of {len(tests)} tests passed", err=True)
    return results


def _say(lines: Iterable[str]) -> None:
    for line in lines:
        typer.echo(line, err=True)


def _unanswered(found: ScriptResult) -> bool:
    """Whether the server never answered: then the script says nothing about it."""
    operations = [one for phase in found.phases for one in phase.outcomes if one.kind == "operation"]
    asked = [one for one in operations if one.result != "skip"]
    return bool(asked) and all(one.exchange.status is None and one.exchange.line for one in asked)
