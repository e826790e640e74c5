"""`qiao report` on a store of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from conformance.commands.report import command
from fhir_server.store.database import Database

SITES = {
    "county.toml": """
[consortium]
code = "c"
name = "县医共体"
[[institutions]]
code = "hospital"
name = "县医院"
level = "county"
[[institutions]]
code = "lab"
name = "检验中心"
level = "county"
part_of = "hospital"
[[institutions]]
code = "town"
name = "镇卫生院"
level = "township"
""",
    **{
        f"{site}/site.toml": f'name = "{site}"\ninstitution = "{code}"\n[wire]\nsenders = [["{site}", ""]]\n'
        for site, code in (("hospital-his", "hospital"), ("lab-lis", "lab"), ("town-his", "town"))
    },
}


@pytest.fixture
def sites(tmp_path: Path) -> Path:
    for name, text in SITES.items():
        (tmp_path / "sites" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "sites" / name).write_text(text, encoding="utf-8")
    return tmp_path / "sites"


@pytest.fixture
def run(known: Database, sites: Path):  # type: ignore[no-untyped-def]
    app = typer.Typer()
    app.command()(command)
    url = known.url.render_as_string(hide_password=False).replace("+psycopg", "")

    def call(*options: str) -> Result:
        return CliRunner().invoke(app, ["--database", url, "--sites", str(sites), *options])

    return call


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_one_page_and_one_json_for_each_institution_and_the_consortium(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    result = run("--out", str(tmp_path / "out"), "--json")
    assert result.exit_code == 0, result.output
    written = json.loads(result.stdout)["reports"]
    codes = {"c", "hospital", "lab", "town", "unregistered"}
    assert {one["institution"] for one in written} == codes
    names = {f"{name}.{kind}" for name in (codes - {"c"}) | {"index"} for kind in ("html", "json")}
    assert set(files(tmp_path / "out")) == names
    assert json.loads((tmp_path / "out" / "town.json").read_bytes())["institution"]["name"] == "镇卫生院"


def test_two_runs_write_the_same_bytes(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    run("--out", str(tmp_path / "one"))
    run("--out", str(tmp_path / "two"))
    assert files(tmp_path / "one") == files(tmp_path / "two")
    assert files(tmp_path / "one")


def test_one_institution_and_one_day(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    run("--out", str(tmp_path / "out"), "--institution", "town", "--day", "2026-10-22")
    assert set(files(tmp_path / "out")) == {"town.html", "town.json"}
    made = json.loads((tmp_path / "out" / "town.json").read_bytes())
    assert made["period"]["since"] == "2026-10-22"
    assert made["sections"][0]["counts"][0]["number"] == 0


def test_the_printed_command_lists_what_the_number_counts(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    import shlex

    run("--out", str(tmp_path / "out"))
    made = json.loads((tmp_path / "out" / "town.json").read_bytes())
    checked = 0
    for section in made["sections"]:
        for count in section["counts"]:
            for part in count.get("parts", ()):
                listed = run(*shlex.split(part["find"])[2:]).stdout.split()
                assert part["ids"] == listed[: len(part["ids"])]
                checked += 1
    assert checked > 15


@pytest.mark.parametrize(
    "options",
    [
        ("--day", "21.10.2026"),
        ("--day", "2026-10-21", "--since", "2026-10-21"),
        ("--since", "2026-10-21", "--until", "2026-10-21"),
        ("--institution", "nowhere"),
        ("--language", "fr"),
    ],
)
def test_wrong_options_end_with_a_sentence_and_exit_2(run, options: tuple[str, ...]) -> None:  # type: ignore[no-untyped-def]
    result = run(*options)
    assert result.exit_code == 2
    assert "Traceback" not in result.output


def test_a_store_that_is_not_there_is_exit_3(sites: Path, tmp_path: Path) -> None:
    app = typer.Typer()
    app.command()(command)
    result = CliRunner().invoke(app, ["--database", f"sqlite:///{tmp_path}/none.db", "--sites", str(sites)])
    assert result.exit_code == 3
