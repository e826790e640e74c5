"""`qiao learn`: a profile without a value of anybody, and a skeleton that loads and gets better by mapping."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from adapters.commands.learn import command
from adapters.shapes import shape
from adapters.site import load

app = typer.Typer()
app.command()(command)
NAME, NUMBER, PHONE = "张三丰", "999999199001010016", "13800000000"


def visit(number: int, kind: str = "家庭", event: str = "ADT^A04") -> bytes:
    lines = (
        f"MSH|^~\\&|NEW|CLINIC|||20261121080000||{event}|{number}|P|2.4",
        "EVN|A04|20261121080000",
        f"PID|1||8800{number}^^^ELSE^Karte~{NUMBER}^^^^IdNo||{NAME}||1990-01-01|1|||||{PHONE}",
        f"PV1|1|{kind}|||||||||||||||||V{number}",
        f"ZPX|1|{NAME}|A{number}",
    )
    return ("\n".join(lines) + "\n").encode("gb18030")


@pytest.fixture
def captured(tmp_path: Path) -> Path:
    folder = tmp_path / "captured"
    folder.mkdir()
    for number in range(6):
        (folder / f"{number}.hl7").write_bytes(visit(number, "夜诊" if number == 5 else "家庭"))
    (folder / "x.hl7").write_bytes(visit(7, event="ADT^ZQ1"))
    (folder / "y.hl7").write_bytes(b"noise")
    return folder


def run(*arguments: str) -> tuple[int, Any]:
    done = CliRunner().invoke(app, [*arguments, "--json"])
    return done.exit_code, json.loads(done.stdout) if done.stdout.startswith("{") else done.output


@pytest.mark.parametrize(
    ("text", "told"),
    [("1990-01-01", "9999-99-99"), ("A12345678", "A9{8}"), ("张三", "汉汉"), ("Ab", "Aa"), ("x" * 100, "text{<=128}")],
)
def test_a_shape_is_what_a_value_looks_like(text: str, told: str) -> None:
    assert shape(text) == told


def test_the_profile_tells_what_is_used(captured: Path) -> None:
    code, result = run(str(captured))
    (one,) = result["senders"]
    assert (code, result["messages"], result["unread"]) == (0, 7, 1)
    assert one["sender"] == ["NEW", "CLINIC"]
    assert one["types"] == {"ADT^A04": 6, "ADT^ZQ1": 1}
    assert one["charsets"] == {"none → gb18030": 7}
    assert one["line_ends"] == {"LF": 7}
    assert one["z_segments"] == {"ZPX": 7}
    assert one["fields"]["PID-7"] == {"filled": 7, "rate": 1.0, "shapes": {"9999-99-99": 7}}
    assert one["fields"]["PID-5"]["shapes"] == {"汉汉汉": 7}
    assert one["codes"]["PID-3.5 identifier-type"] == {"Karte": 7, "IdNo": 7}
    assert one["codes"]["PV1-2.1 PatientClass[EncounterClass]"] == {"家庭": 6, "夜诊": 1}
    assert one["tables"]["PatientClass[EncounterClass]"]["unmapped_share"] == 1.0


def test_the_profile_holds_no_value_of_anybody(captured: Path, tmp_path: Path) -> None:
    told = json.dumps(run(str(captured), "--out", str(tmp_path / "out"))[1], ensure_ascii=False)
    written = "".join(path.read_text("utf-8") for path in (tmp_path / "out").rglob("*") if path.is_file())
    for value in (NAME, NUMBER, PHONE, "19900101", "1990-01-01", "88001"):
        assert value not in told
        assert value not in written


def test_the_skeleton_loads_and_says_what_is_known(captured: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    code, result = run(str(captured), "--out", str(out))
    endpoint = load(out).by_sender("NEW", "CLINIC")
    assert code == 0 and endpoint is not None
    assert (endpoint.code, endpoint.charset, endpoint.line_end) == ("new-clinic", "gb18030", "\n")
    text = (out / "new-clinic" / "site.toml").read_text("utf-8")
    assert "ADT^ZQ1" in text and "ZPX" in text and "ELSE" in text
    assert len(result["written"]) == 3


def test_mapping_the_commented_rows_leaves_fewer_unmapped_codes(captured: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(str(captured), "--out", str(out))
    again = ("--sites", str(out), "--site", "new-clinic")
    before = run(str(captured), *again)[1]["senders"][0]
    path = out / "new-clinic" / "codes.csv"
    filled = path.read_text("utf-8").replace(
        "# PatientClass[EncounterClass],家庭,,", "PatientClass[EncounterClass],家庭,AMB,"
    )
    path.write_text(filled, "utf-8")
    after = run(str(captured), *again)[1]["senders"][0]
    assert len(after["unmapped"]) == len(before["unmapped"]) - 1
    assert after["verdicts"].get("AA", 0) > before["verdicts"].get("AA", 0)


def test_a_skeleton_overwrites_nothing(captured: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run(str(captured), "--out", str(out))[0] == 0
    before = (out / "new-clinic" / "site.toml").read_bytes()
    code, _ = run(str(captured), "--out", str(out))
    assert code == 0
    assert (out / "new-clinic" / "site.toml").read_bytes() == before


def test_nothing_to_learn_from_ends_with_1_and_no_folder_with_3(tmp_path: Path) -> None:
    (tmp_path / "n.hl7").write_bytes(b"noise")
    assert run(str(tmp_path / "n.hl7"))[0] == 1
    assert run(str(tmp_path / "none"))[0] == 3
