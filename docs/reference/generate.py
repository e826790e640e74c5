"""Writes the reference pages that repeat what the code says: commands.md, settings.md, issue-codes.md.

`python docs/reference/generate.py` writes them; `tests/architecture/test_docs.py` fails when a committed page is not
what `pages()` gives. The commands are those of `pyproject.toml`, not those that happen to be installed.
"""

from __future__ import annotations

import inspect
import sys
import tomllib
from collections.abc import Callable
from dataclasses import MISSING, fields
from importlib import import_module
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
_NOTE = "<!-- Made by docs/reference/generate.py: change the code, then run it again. -->\n"


def pages() -> dict[str, str]:
    """The text of each page by file name."""
    return {"commands.md": commands_page(), "settings.md": settings_page(), "issue-codes.md": issues_page()}


def commands() -> dict[str, tuple[Any, Any]]:
    """Every command by name, in the order of `qiao --help`: its function or group, and the command made of it."""
    import typer

    from adapters.cli import STORY

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    points: dict[str, str] = project["entry-points"]["qiao.commands"]
    named = [name for name in STORY if name in points]
    found: dict[str, tuple[Any, Any]] = {}
    for name in (*named, *sorted(set(points) - set(named))):
        module, _, attribute = points[name].partition(":")
        function = getattr(import_module(module), attribute)
        if isinstance(function, typer.Typer):
            found[name] = function, typer.main.get_command(function)
            continue
        app = typer.Typer(add_completion=False)
        app.command(name)(function)
        found[name] = function, typer.main.get_command(app)
    return found


def verbs(group: Any) -> dict[str, Any]:
    """The commands of a group by name; none for a command that is not a group."""
    return dict(getattr(group, "commands", {}))


def commands_page() -> str:
    parts = [
        _NOTE,
        "# Commands\n",
        "`qiao` is one command with verbs. Data goes to stdout, everything else to stderr. Each takes `--help`.\n",
        "| exit code | meaning |\n|---|---|",
        "| 0 | fine |",
        "| 1 | findings: a refused message, an invalid resource, nothing found |",
        "| 2 | wrong usage, or settings or site files that cannot be used |",
        "| 3 | input or output failed: no such file, no database, no answer |",
        "| 4 | partly done |\n",
        *(_command(name, *found) for name, found in commands().items()),
    ]
    return "\n".join(parts)


def _command(name: str, function: Any, command: Any) -> str:
    inner = verbs(command)
    if not inner:
        return _verb(f"## qiao {name}", name, function, command)
    parts = [f"## qiao {name}\n", (command.help or "").strip() + "\n"]
    parts += [_verb(f"### qiao {name} {verb}", f"{name} {verb}", one.callback, one) for verb, one in inner.items()]
    return "\n".join(parts)


def _verb(heading: str, name: str, function: Callable[..., None], command: Any) -> str:
    kinds = get_type_hints(inspect.unwrap(function))
    arguments = [one for one in command.params if one.opts[0][0] != "-"]
    options = [one for one in command.params if one.opts[0][0] == "-" and "--help" not in one.opts]
    usage = " ".join(["qiao", name, "[OPTIONS]", *(_placeholder(one) for one in arguments)])
    lines = [f"{heading}\n", (command.help or "").strip() + "\n", f"```text\n{usage}\n```\n"]
    if arguments:
        lines += ["| argument | meaning |\n|---|---|"]
        lines += [f"| `{_placeholder(one)}` | {_cell(one.help)} |" for one in arguments] + [""]
    lines += ["| option | value | default | meaning |\n|---|---|---|---|"]
    for one in options:
        value = "" if one.is_flag else _type(kinds[one.name]) + (", may be repeated" if one.multiple else "")
        lines.append(f"| {_names(one)} | {value} | {_default(one)} | {_meaning(one)} |")
    return "\n".join([*lines, ""])


def _placeholder(argument: Any) -> str:
    shown = argument.name.upper() + ("…" if argument.nargs == -1 else "")
    return shown if argument.required else f"[{shown}]"


def _names(option: Any) -> str:
    return ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))


def _default(option: Any) -> str:
    if option.is_flag:
        chosen = option.opts[0] if option.default else (option.secondary_opts or [""])[0]
        return f"`{chosen}`" if chosen else ""
    value = option.default
    return "" if callable(value) or value in (None, "", [], ()) else f"`{value}`"


def _meaning(option: Any) -> str:
    variable = option.envvar
    return _cell(option.help) + (f" Environment: `{variable}`." if isinstance(variable, str) else "")


def _cell(text: str | None) -> str:
    return (text or "").replace("|", "\\|").replace("\n", " ").strip()


def settings_page() -> str:
    from fhir_server.settings import Settings, meanings

    types, meant = get_type_hints(Settings), meanings()
    rows = [
        f"| `{field.name}` | `QIAO_{field.name.upper()}` | {_type(types[field.name])} | {_setting_default(field)} "
        f"| {_cell(meant[field.name])} |"
        for field in fields(Settings)
    ]
    return "\n".join(
        [
            _NOTE,
            "# Settings\n",
            "The settings of `qiao serve` and `qiao listen`. A value on the command line wins over the environment,",
            "the environment over the file given with `--config`, the file over the default. An unknown key in the",
            "file is refused, and the message names the keys there are.\n",
            "```toml",
            "# qiao.toml",
            'database = "postgresql://qiao@db.example/qiao"',
            'mllp_host = "10.20.0.5"',
            'sites = "/etc/qiao/sites"',
            "```\n",
            "| key | environment | type | default | meaning |\n|---|---|---|---|---|",
            *rows,
            "",
            "`mllp_certificate` and `mllp_key` go together: see [MLLP over TLS](../how-to/mllp-over-tls.md).",
            "Keep `cursor_key` and a database password out of files that others can read: use the environment.",
            "",
        ]
    )


def _type(annotation: Any) -> str:
    words = get_args(annotation)
    if get_origin(annotation) is tuple:
        return f"list of {_type(words[0])}"
    if words and all(isinstance(word, str) for word in words):
        return " or ".join(f"`{word}`" for word in words)
    if words:
        return " or ".join(_type(one) for one in words if one is not NoneType)
    names = {
        "bool": "true or false",
        "str": "text",
        "int": "integer",
        "float": "number",
        "Path": "path",
        "Secret": "secret text",
    }
    return names[annotation.__name__]


def _setting_default(field: Any) -> str:
    if field.default is MISSING:
        return "made at start"
    return "" if field.default in (None, "", ()) else f"`{field.default}`"


def issues_page() -> str:
    from profiles.issue import kinds

    return "\n".join(
        [
            _NOTE,
            "# Issue codes\n",
            "Everything Qiao finds has one of these codes: in an acknowledgement (ERR-5), an OperationOutcome",
            "(`details.coding.code`), the journal, `qiao explain` and the reports. `fatal` and `error` refuse the",
            "message or the request; `warning` and `information` do not. *HL7* is the code of table 0357 in ERR-3",
            "(where none stands: 207 when refused, else 0), *HTTP* the status of a refused request. Words in braces",
            "are filled in with locations, codes and limits, never with what belongs to a patient.\n",
            "Below each finding stands what to do about it: the end of `diagnostics` in an OperationOutcome, and the",
            "second line of a finding of `qiao validate`.\n",
            "| code | severity | FHIR | HL7 | HTTP | English | 中文 | source |\n|---|---|---|---|---|---|---|---|",
            *(_issue_row(kind) for kind in sorted(kinds().values(), key=lambda kind: kind.code)),
            "",
        ]
    )


def _issue_row(kind: Any) -> str:
    cells = (kind.severity, kind.fhir, kind.hl7, str(kind.http), kind.en, kind.zh, _source(kind.spec))
    row = [_cell(cell) for cell in cells]
    for place, hint in ((4, kind.hint_en), (5, kind.hint_zh)):
        row[place] += f"<br>→ {_cell(hint)}" if hint else ""
    return f"| `{kind.code}` | " + " | ".join(row) + " |"


def _source(spec: str) -> str:
    return f"<{spec}>" if spec.startswith("http") else spec


def main() -> None:
    for name, text in pages().items():
        (HERE / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
