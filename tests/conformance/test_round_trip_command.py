"""`qiao round-trip` tells what comes back, what is lost, and how much it leaves out of the measure and why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from adapters.cli import app

VISIT = (
    "MSH|^~\\&|HIS|YXWSY|QIAO|QINGHE|20260301080000||ADT^A01^ADT_A01|{number}|P|{version}|||||CHN\r"
    "EVN|A01|20260301080000\rPID|1||P1^^^YXWSY^MR||王小明||19900101|M\r"
    "NK1|1|王大明|FTH^父亲{more}\rPV1|1|I|W1^101^2||||||||||||||||{visit}\r"
)
NEW_FIELD = "|" * 38 + "^WPN^PH^^^^5550100"
"""NK1-41, which came with v2.7."""
MESSAGES = (
    VISIT.format(number=1, version="2.5.1", visit="V1", more=""),
    VISIT.format(number=2, version="2.8", visit="V1", more=NEW_FIELD),
    VISIT.format(number=3, version="2.5.1", visit="", more=""),
    "MSH|^~\\&|HIS|YXWSY|||20260301080000||QRY^A19|4|P|2.3\rQRD|20260301|R|I|1|||1^RD|P1|DEM\r",
    "MSH|^~\\&|HIS|YXWSY|||20260301080000||ADT^A01|5|P|2.5.1\r",
)


def told(path: Path, *options: str) -> str:
    done = CliRunner().invoke(app, ["round-trip", str(path), *options])
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "messages.hl7"
    path.write_bytes("".join(MESSAGES).encode())
    return path


def test_what_is_not_measured_is_counted_with_its_reasons(file: Path) -> None:
    found: dict[str, Any] = json.loads(told(file, "--json"))
    visits = found["kinds"]["ADT"]
    assert (visits["messages"], visits["unsent"]) == (4, {"refused": 1})
    assert visits["fates"]["lost"] == 0 and visits["share"] == 1.0
    assert visits["fields"]["beyond"] == {"NK1-41": visits["fates"]["beyond"]} and visits["fates"]["beyond"] > 0
    left_out = sum(visits["fates"][fate] for fate in ("beyond", "overruled", "stranded"))
    assert visits["unmeasured"] == round(left_out / visits["values"], 5)
    assert sum(visits["fates"].values()) == visits["values"] > 40
    query = found["kinds"]["QRY"]
    assert (query["unsent"], query["share"], query["unmeasured"]) == ({"read-only": 1}, None, None)
    assert (found["messages"], found["values"]) == (5, visits["values"])


def test_the_table_names_the_fields_when_asked(file: Path) -> None:
    lines = told(file, "--fields").splitlines()
    assert lines[0].split()[-5:] == ["share", "beyond", "overruled", "stranded", "unmeasured"]
    assert [line.split()[0] for line in lines if line.endswith(("%", "—"))] == ["ADT", "QRY", "all"]
    assert any("beyond: NK1-41" in line for line in lines) and any("unsent: refused 1" in line for line in lines)
    assert "NK1-41" not in told(file)


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--version", "2.9"], 2, "--version must be one of 2.3"),
        (["--site", "nowhere"], 2, "There is no site 'nowhere'"),
    ],
)
def test_a_mistake_names_what_is_valid(file: Path, options: list[str], code: int, said: str) -> None:
    done = CliRunner().invoke(app, ["round-trip", str(file), *options])
    assert (done.exit_code, said in done.stderr) == (code, True)


def test_a_file_that_is_not_there_is_said_to_be_so(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["round-trip", str(tmp_path / "nothing.hl7")])
    assert (done.exit_code, "There is no such file" in done.stderr) == (3, True)
