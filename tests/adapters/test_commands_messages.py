"""The verbs of the interface engineer, run as a person runs them."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from adapters.cli import STORY

ROOT = Path(__file__).parent.parent.parent
HEADER = "MSH|^~\\&|X|Y|||20261021080000||ADT^A04^ADT_A01|{control}|P|2.5.1\r"
BODY = "EVN|A04|20261021080000\rPID|1||P1^^^^MR||测试||19900101|F\rPV1|1|O|||||||||||||||||V1\r"


def visit(control: str = "1", body: str = BODY) -> bytes:
    return (HEADER.format(control=control) + body).encode()


def qiao(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "adapters.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=120, check=False)


def printed(done: subprocess.CompletedProcess[str]) -> Any:
    assert done.stdout.count("\n") == 1, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_help_names_every_verb() -> None:
    done = qiao("--help")
    assert done.returncode == 0
    for verb in STORY:
        assert f" {verb} " in done.stdout


def test_replay_counts_answers_and_writes_nothing_unless_told(tmp_path: Path) -> None:
    lines = [
        json.dumps({"message": base64.b64encode(raw).decode()})
        for raw in (visit("1"), visit("2", BODY.replace("PV1|1|O", "PV1|1|?")), b"noise")
    ]
    source = tmp_path / "day.jsonl"
    source.write_text("\n".join(lines))
    url = f"sqlite:///{tmp_path}/qiao.db"
    done = qiao("replay", str(source), "--database", url, "--json")
    result = printed(done)
    assert done.returncode == 1
    assert {name: result[name] for name in ("messages", "AA", "AE", "AR", "crashed", "unaccounted_values")} == {
        "messages": 3,
        "AA": 1,
        "AE": 1,
        "AR": 1,
        "crashed": 0,
        "unaccounted_values": 0,
    }
    assert not (tmp_path / "qiao.db").exists()
    assert qiao("replay", str(source), "--database", url, "--apply", "--json").returncode == 1
    again = printed(qiao("replay", str(source), "--database", url, "--apply", "--json"))
    assert again["duplicates"] == 2  # noise has no control id to be known by


def test_a_replay_from_the_journal_is_linked_and_changes_nothing_without_new_rules(tmp_path: Path) -> None:
    source, url = tmp_path / "one.hl7", f"sqlite:///{tmp_path}/qiao.db"
    source.write_bytes(visit())
    qiao("replay", str(source), "--database", url, "--apply")
    first = json.loads(qiao("search", "Patient", "--database", url, "--json").stdout)
    result = printed(qiao("replay", "--from-journal", "--type", "ADT", "--database", url, "--apply", "--json"))
    assert (result["messages"], result["AA"]) == (1, 1)
    rows = json.loads(qiao("search", "journal", "--database", url, "--json").stdout)["messages"]
    assert [row["original"] for row in rows] == [None, rows[0]["id"]]
    second = json.loads(qiao("search", "Patient", "--database", url, "--json").stdout)
    assert second["entry"] == first["entry"]


def test_a_replay_resumes_where_it_stopped(tmp_path: Path) -> None:
    source, bookmark = tmp_path / "two.hl7", tmp_path / "bookmark.json"
    source.write_bytes(visit("1") + visit("2"))
    one = printed(qiao("replay", str(source), "--limit", "1", "--resume", str(bookmark), "--json"))
    rest = printed(qiao("replay", str(source), "--resume", str(bookmark), "--json"))
    assert (one["messages"], rest["messages"]) == (1, 1)


def test_explain_says_where_each_value_went(tmp_path: Path) -> None:
    source = tmp_path / "one.hl7"
    source.write_bytes(visit())
    result = printed(qiao("explain", str(source), "--json"))
    homes = {value["location"]: value["to"] for value in result["values"]}
    assert any(home["path"].startswith("Patient/") and "name" in home["path"] for home in homes["PID-5"])
    assert all(homes.values())
    table = qiao("explain", str(source), "--where", "PID-5")
    assert "PID-5" in table.stdout and "PID-3" not in table.stdout


def test_explain_reads_a_message_of_the_journal(tmp_path: Path) -> None:
    source, url = tmp_path / "one.hl7", f"sqlite:///{tmp_path}/qiao.db"
    source.write_bytes(visit())
    qiao("replay", str(source), "--database", url, "--apply")
    number = json.loads(qiao("search", "journal", "--database", url, "--json").stdout)["messages"][0]["id"]
    result = printed(qiao("explain", str(number), "--database", url, "--json"))
    assert (result["control_id"], result["verdict"], result["journal"]) == ("1", "AA", number)
    assert qiao("explain", "999999", "--database", url).returncode == 1


def test_map_prints_the_bundle(tmp_path: Path) -> None:
    source = tmp_path / "one.hl7"
    source.write_bytes(visit())
    bundle = printed(qiao("map", str(source), "--json"))
    assert (bundle["resourceType"], bundle["type"]) == ("Bundle", "transaction")
    assert "Patient" in {entry["resource"]["resourceType"] for entry in bundle["entry"]}


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["replay"], 2, "--from-journal"),
        (["replay", "/nowhere/at/all"], 3, "no such file"),
        (["explain", "/nowhere/at/all"], 3, "no such file"),
        (["send", "/nowhere/at/all"], 3, "no such file"),
        (["replay", "README.md", "--site", "nobody"], 2, "known are"),
        (["replay", "--from-journal", "--since", "yesterday"], 2, "2026-10-21"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value),
)
def test_a_failure_says_what_to_do(arguments: list[str], code: int, sentence: str) -> None:
    done = qiao(*arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_listen_and_send_talk_to_each_other(tmp_path: Path) -> None:
    source = tmp_path / "two.hl7"
    source.write_bytes(visit("1") + visit("2"))
    url = f"sqlite:///{tmp_path}/qiao.db"
    command = [sys.executable, "-m", "adapters.cli", "listen", "--port", "0", "--database", url, "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as listener:
        try:
            assert listener.stdout is not None
            port = json.loads(listener.stdout.readline())["mllp"].rpartition(":")[2]
            done = qiao("send", str(source), "--port", port, "--json")
        finally:
            listener.terminate()
            assert listener.wait(20) == 0
    assert printed(done) == {"messages": 2, "answers": {"AA": 2}, "unanswered": []}
