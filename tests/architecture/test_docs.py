"""What the documents say is true: reference pages equal the code, links resolve, examples name what there is."""

from __future__ import annotations

import importlib.util
import re
import shlex
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import unquote, urlencode

import pytest

from tests.every_row import for_each

ROOT = Path(__file__).parent.parent.parent
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
READMES = [ROOT / "README.md", ROOT / "README.zh-CN.md"]
_FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)


@cache
def _generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_reference_generate", DOCS / "reference" / "generate.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@cache
def _commands() -> dict[str, Any]:
    return {name: command for name, (_, command) in _generator().commands().items()}


def _named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _read(*parts: str) -> str:
    return DOCS.joinpath(*parts).read_text(encoding="utf-8")


def _blocks(path: Path, *languages: str) -> Iterator[str]:
    for language, text in _FENCE.findall(path.read_text(encoding="utf-8")):
        if language in languages:
            yield text


def _lines(path: Path) -> Iterator[str]:
    """The lines of the shell examples, with continued ones joined."""
    for block in _blocks(path, "sh"):
        yield from (line.strip() for line in block.replace("\\\n", " ").splitlines() if line.strip())


@pytest.mark.parametrize("name", ["commands.md", "settings.md", "issue-codes.md"])
def test_reference_page_is_what_the_code_says(name: str) -> None:
    """When it fails: `.venv/bin/python docs/reference/generate.py`."""
    assert _read("reference", name) == _generator().pages()[name]


def test_every_command_and_option_is_documented() -> None:
    points = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["entry-points"]
    page = _read("reference", "commands.md")
    assert [name for name in points["qiao.commands"] if f"\n## qiao {name}\n" not in page] == []
    for name, command in _commands().items():
        section = page.partition(f"\n## qiao {name}\n")[2].partition("\n## ")[0]
        params = [param for one in _leaves(command) for param in one.params]
        options = [one for param in params for one in param.opts if one.startswith("--") and one != "--help"]
        assert [one for one in options if f"`{one}`" not in section] == [], name
    assert [name for name in points["qiao.commands"] if f"`{name}`" not in (ROOT / "CHANGELOG.md").read_text()] == []


def _leaves(command: Any) -> list[Any]:
    """The command, or those of the group."""
    return list(_generator().verbs(command).values()) or [command]


def test_every_setting_is_documented() -> None:
    from fhir_server.settings import names

    page = _read("reference", "settings.md")
    assert [name for name in names() if f"| `{name}` | `QIAO_{name.upper()}` |" not in page] == []


def test_every_issue_code_is_documented_in_both_languages() -> None:
    from profiles.issue import kinds

    page = _read("reference", "issue-codes.md")
    rows = {row.split("`")[1]: row for row in page.splitlines() if row.startswith("| `")}
    assert set(rows) == set(kinds())
    assert [
        kind.code for kind in kinds().values() if kind.en not in rows[kind.code] or kind.zh not in rows[kind.code]
    ] == []


def test_every_route_is_documented() -> None:
    from fhir_server.rest.router import ROUTES

    page = _read("reference", "http.md")
    missing = [r for r in ROUTES if not re.search(rf"\| {r.method} \| `/fhir{re.escape(r.address)}` \|", page)]
    assert missing == []


def test_every_table_and_column_of_the_store_is_documented() -> None:
    from fhir_server.store.schema import metadata

    page = _read("reference", "store.md")
    for table in metadata.tables.values():
        assert re.search(rf"^## .*\b{table.name}\b|^\| `{table.name}` \|", page, re.MULTILINE), table.name
        assert [column.name for column in table.columns if f"`{column.name}`" not in page] == [], table.name


def test_every_key_of_the_site_files_is_documented() -> None:
    from adapters import site
    from adapters.outbound.endpoint import OUTBOUND
    from adapters.quirks import QUIRKS
    from mappers.identifier_kind import kinds

    page = _read("reference", "site-toml.md")
    tables = (site._SITE, site._WIRE, site._IDENTITY, site._CONSORTIUM, site._INSTITUTION, OUTBOUND)
    keys = [key for table in tables for key in table]
    assert [
        key for key in (*keys, *site._SHAPES, *QUIRKS, *kinds()) if f"`{key}`" not in page and f"[{key}]" not in page
    ] == []
    both = [readme.read_text(encoding="utf-8") for readme in READMES]
    assert [
        key for key in (*site._SITE, *site._WIRE, *site._IDENTITY) for text in both if f"\n{key} = " not in text
    ] == []


@for_each(PAGES, _named)
def test_every_link_leads_somewhere(page: Path) -> None:
    broken = []
    for link in _LINK.findall(_FENCE.sub("", page.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", link):
            continue
        target, _, anchor = unquote(link).partition("#")
        file = (page.parent / target).resolve() if target else page
        inside = file.exists() and ROOT in (file, *file.parents)
        if not inside or (anchor and anchor not in _anchors(file)):
            broken.append(link)
    assert broken == []


def _anchors(file: Path) -> set[str]:
    headings = _HEADING.findall(_FENCE.sub("", file.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_page_is_reached_from_the_index() -> None:
    index = {(DOCS / link).resolve() for link in _LINK.findall(_read("README.md"))}
    assert [_named(page) for page in DOCS.rglob("*.md") if page not in index and page != DOCS / "README.md"] == []


@pytest.mark.parametrize("readme", READMES, ids=_named)
def test_readme_opens_with_the_two_commands(readme: Path) -> None:
    text = readme.read_text(encoding="utf-8")
    assert re.match(r"# .+\n\n```sh\nmake demo +#.+\nmake test +#.+\n```\n", text)


def test_both_readmes_show_the_same_examples() -> None:
    shown = [[line.partition(" #")[0].rstrip() for line in _lines(readme) if line[0] != "#"] for readme in READMES]
    assert shown[0] == shown[1]
    assert len(shown[0]) > 20


@for_each(PAGES, _named)
def test_make_examples_name_real_targets(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    used = {target for line in _lines(page) for target in re.findall(r"(?:^|&& )make ([a-z-]+)", line)}
    assert used - targets == set()


def _uses(page: Path) -> Iterator[list[str]]:
    """The words of every use of `qiao` in examples, in running text, and in the ARGS of `make demo`."""
    text = page.read_text(encoding="utf-8")
    inline = re.findall(r"(?<!`)`((?:\.venv/bin/)?qiao [^`\n]+)`(?!`)", _FENCE.sub("", text))
    for line in (*_lines(page), *inline):
        for part in re.split(r" (?:\||&&|;) ", line):
            words = shlex.split(part, comments=True)
            if words and words[0] in ("qiao", ".venv/bin/qiao") and words[1:2] != ["…"]:
                yield words[1:]
            elif words[:2] == ["make", "demo"] and words[2:]:
                yield ["demo", *shlex.split(words[2].removeprefix("ARGS="))]


@for_each([page for page in PAGES if page.parent != DOCS / "decisions"], _named)
def test_examples_name_real_commands_and_options(page: Path) -> None:
    wrong = []
    for words in _uses(page):
        command = _commands().get(words[0]) if words[0] != "--help" else None
        if command is None:
            wrong += [words] if words[0] != "--help" else []
            continue
        verbs = _generator().verbs(command)
        leaves = [verbs[words[1]]] if len(words) > 1 and words[1] in verbs else _leaves(command)
        wrong += [words] if verbs and words[1:2] != ["--help"] and words[1:2] and words[1] not in verbs else []
        params = [param for one in leaves for param in one.params]
        known = {one for param in params for one in (*param.opts, *param.secondary_opts)} | {"--help"}
        wrong += [words for word in words[1:] if word.startswith("--") and word.partition("=")[0] not in known]
    assert wrong == []


def _gets(readme: Path) -> Iterator[str]:
    """The searches of the curl examples as `Type?query`; those that show an error are marked 4xx and left out."""
    for line in _lines(readme):
        words = shlex.split(line, comments=True)
        if words[:1] != ["curl"] or re.search(r"# 4\d\d", line):
            continue
        pairs = [tuple(words[at + 1].split("=", 1)) for at, w in enumerate(words) if w in ("-d", "--data-urlencode")]
        yield next(w for w in words if w.startswith("$FHIR/")).removeprefix("$FHIR/") + "?" + urlencode(pairs)


@cache
def _mentioned() -> tuple[bytes, ...]:
    """The messages of the synthetic day that the examples of the READMEs need, and one referral."""
    from examples.county.generate import day

    marks = (b"QH00000083", b"229100057", b"229100058")
    messages = day()
    needed = [message.raw for message in messages if any(mark in message.raw for mark in marks)]
    return (*needed, next(message.raw for message in messages if "REF^I12" in message.label))


def test_searches_of_the_readme_find_something_in_the_demo(tmp_path: Path) -> None:
    from adapters.pipeline import Door, handle
    from adapters.site import load
    from fhir_server.commands.sources import from_database
    from fhir_server.intake import Intake, system_clock
    from fhir_server.store.body import parse
    from fhir_server.store.database import Database

    url = f"sqlite:///{tmp_path}/readme.db"
    database = Database(url)
    database.create()
    intake = Intake(database)
    for raw in _mentioned():
        assert handle(raw, Door(load(), intake, system_clock)).verdict == "AA"
    intake.close()
    database.close()
    searches = list(_gets(READMES[0]))
    assert len(searches) >= 9
    for search in searches:
        status, body = from_database(url, search)
        assert (status, bool(parse(body).get("entry"))) == (200, True), search


@for_each(PAGES, _named)
def test_examples_of_files_can_be_read(page: Path) -> None:
    import json

    for block in _blocks(page, "toml"):
        tomllib.loads(block)
    for block in _blocks(page, "json"):
        json.loads(block)


def test_site_file_of_the_readmes_is_one_that_loads(tmp_path: Path) -> None:
    from adapters.site import SITES, load

    for readme in READMES:
        site = tmp_path / readme.stem / "shown"
        site.mkdir(parents=True)
        (site.parent / "county.toml").write_bytes((SITES / "county.toml").read_bytes())
        (site / "site.toml").write_text(next(_blocks(readme, "toml")), encoding="utf-8")
        (site / "codes.csv").write_text(next(_blocks(readme, "csv")), encoding="utf-8")
        assert load(site.parent).by_sender("HIS", "SLWSY") is not None


def test_documents_say_loudly_that_there_is_no_authentication() -> None:
    """Goes when there is one."""
    shouted = [
        ROOT / "README.md",
        DOCS / "README.md",
        DOCS / "reference" / "http.md",
        DOCS / "explanation" / "security.md",
    ]
    for page in shouted:
        assert re.search(r"\*\*[^*]*no authentication[^*]*\*\*", page.read_text(encoding="utf-8")), _named(page)
    assert "**0.1.0 版还没有身份认证。**" in (ROOT / "README.zh-CN.md").read_text(encoding="utf-8")


def test_documents_do_not_speak_of_the_machine_they_were_written_on() -> None:
    for page in PAGES:
        assert not re.search(r"(?<![\w.])/(?:root|home|tmp|Users)/", page.read_text(encoding="utf-8")), _named(page)
