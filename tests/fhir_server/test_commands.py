"""qiao search, show and validate: what they print, and how they end."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from fhir_server.arrivals.arrival import Arrival
from fhir_server.commands import search, show, validate
from fhir_server.masking import HIDDEN, masked, masked_message
from fhir_server.settings import Settings
from tests.fhir_server.conftest import Store, observation, patient, running

NAME, NUMBER = "张三丰", "999999199001010019"


def run(module: Any, *arguments: str) -> Result:
    app = typer.Typer()
    app.command()(module.command)
    return CliRunner().invoke(app, list(arguments))


@pytest.fixture
def filled(store: Store, database_url: str) -> str:
    store.put(
        patient("p", name=[{"text": NAME}], identifier=[{"system": "urn:id", "value": NUMBER}], birthDate="1990-01-01"),
        observation("o", subject={"reference": "Patient/p", "display": NAME}),
    )
    store.put(patient("p", name=[{"text": NAME}], gender="male"))
    return database_url


def test_search_lists_what_matches_without_personal_values(filled: str) -> None:
    result = run(search, "Patient?name=张", "--database", filled)
    assert result.exit_code == 0
    assert result.stdout.startswith("Patient/p  v2  20")
    assert NAME not in result.stdout


def test_search_prints_the_bundle_as_json(filled: str) -> None:
    bundle = json.loads(
        run(search, "Observation?patient=p&_include=Observation:subject", "--database", filled, "--json").stdout
    )
    assert [entry["search"]["mode"] for entry in bundle["entry"]] == ["match", "include"]


@pytest.mark.parametrize("query", ["Patient?colour=red", "Nothing", "Patient?birthdate=x", "Patient?name=%FF"])
def test_a_search_that_cannot_be_understood_ends_with_the_usage_code(filled: str, query: str) -> None:
    result = run(search, query, "--database", filled)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "refused" in result.stderr


def test_search_asks_any_server(tmp_path: Path) -> None:
    import httpx

    with running(Settings(database=f"sqlite:///{tmp_path}/q.db")) as address:
        httpx.put(f"{address}/fhir/Patient/p", json=patient("p"))
        result = run(search, "Patient", "--server", f"{address}/fhir")
        nothing = run(search, "Patient", "--server", f"{address}/")
    assert result.stdout.startswith("Patient/p  v1")
    assert nothing.exit_code in (2, 3)
    assert run(search, "Patient", "--server", "http://127.0.0.1:9/fhir").exit_code == 3


def test_a_store_that_is_not_there_ends_with_the_input_code(tmp_path: Path) -> None:
    result = run(search, "Patient", "--database", f"sqlite:///{tmp_path}/none/none.db")
    assert result.exit_code == 3
    assert "--database" in result.stderr


def test_show_masks_personal_values_unless_asked(filled: str) -> None:
    hidden, open_ = (
        run(show, "Patient/p/_history/1", "--database", filled),
        run(show, "Patient/p", "--database", filled, "--unmask"),
    )
    shown = json.loads(hidden.stdout)
    assert NAME not in hidden.stdout
    assert NUMBER not in hidden.stdout
    assert shown["identifier"] == [{"system": "urn:id", "value": HIDDEN}]
    assert shown["birthDate"] == HIDDEN
    assert NAME in open_.stdout


def test_show_gives_all_versions(filled: str) -> None:
    bundle = json.loads(run(show, "Patient/p", "--versions", "--database", filled).stdout)
    assert [entry["resource"]["meta"]["versionId"] for entry in bundle["entry"]] == ["2", "1"]
    assert NAME not in json.dumps(bundle, ensure_ascii=False)


def test_show_says_when_there_is_nothing(filled: str) -> None:
    assert run(show, "Patient/none", "--database", filled).exit_code == 1
    assert run(show, "77", "--database", filled).exit_code == 1


def test_show_gives_a_message_of_the_journal_with_the_person_blanked_out(store: Store, database_url: str) -> None:
    raw = f"MSH|^~\\&|HIS|T1|||20260501||ADT^A04|7|P|2.4\rPID|1||A1^^^T||{NAME}\rPV1|1|O\rNTE|1||{NUMBER}\r".encode(
        "gb18030"
    )
    arrival = Arrival(
        endpoint="mllp", raw=raw, sha256=sha256(raw).digest(), verdict="AA", status="accepted",
        control_id="7", type="ADT^A04", charset="gb18030",
    )  # fmt: skip
    number = store.intake.accept(arrival, lambda _receipt: b"MSA|AA|7\r").result(30).journal
    hidden = run(show, str(number), "--database", database_url)
    assert hidden.exit_code == 0
    assert "ADT^A04" in hidden.stdout
    assert "PID|*||**^^^*||***" in hidden.stdout
    assert NAME not in hidden.stdout
    assert NUMBER not in hidden.stdout
    as_json = json.loads(run(show, str(number), "--database", database_url, "--json", "--unmask").stdout)
    assert NAME in as_json["raw"]
    assert as_json["answer"] == "MSA|AA|7\r"


def write(folder: Path, name: str, content: Any) -> str:
    file = folder / name
    file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return str(file)


def test_validate_accepts_what_is_right_and_refuses_what_is_not(tmp_path: Path) -> None:
    right, wrong = write(tmp_path, "a.json", patient("p")), write(tmp_path, "b.json", patient("p", gender="x"))
    assert run(validate, right).exit_code == 0
    refused = run(validate, wrong)
    assert refused.exit_code == 1
    assert "Patient.gender" in refused.stdout


def test_validate_prints_one_outcome_for_one_file_and_a_list_for_several(tmp_path: Path) -> None:
    right, wrong = write(tmp_path, "a.json", patient("p")), write(tmp_path, "b.json", patient("p", gender="x"))
    one = json.loads(run(validate, wrong, "--json").stdout)
    assert one["resourceType"] == "OperationOutcome"
    assert one["issue"][0]["severity"] == "error"
    several = json.loads(run(validate, right, wrong, "--json").stdout)
    assert [Path(each["file"]).name for each in several["files"]] == ["a.json", "b.json"]
    assert [each["issue"][0]["severity"] for each in several["files"]] == ["information", "error"]


def test_validate_takes_folders_and_names_what_cannot_be_read(tmp_path: Path) -> None:
    write(tmp_path, "a.json", patient("p"))
    broken = write(tmp_path, "b.json", "{")
    assert run(validate, str(tmp_path)).exit_code == 1
    assert run(validate, broken, "--json").exit_code == 1
    assert run(validate, str(tmp_path / "none.json")).exit_code == 3
    assert run(validate, str(tmp_path / "a.json"), str(tmp_path / "none.json")).exit_code == 4
    (tmp_path / "empty").mkdir()
    assert run(validate, str(tmp_path / "empty")).exit_code == 2


def test_masking_hides_persons_wherever_they_stand_and_keeps_the_clinical_facts() -> None:
    bundle = {
        "resourceType": "Bundle",
        "entry": [
            {"resource": patient("p", name=[{"text": NAME, "use": "official"}], contact=[{"name": {"text": NAME}}])},
            {"resource": observation("o", subject={"display": NAME}, valueString=f"电话 13900000000 {NUMBER}")},
            {"resource": {"resourceType": "Organization", "id": "org", "name": "县医院"}},
        ],
    }
    text = json.dumps(masked(bundle), ensure_ascii=False)
    assert NAME not in text
    assert NUMBER not in text
    assert "13900000000" not in text
    assert '"use": "official"' in text
    assert "县医院" in text


def test_masking_a_message_keeps_its_delimiters() -> None:
    message = f"MSH|^~\\&|HIS\rPID|1||A1^^^T~B2||{NAME}^{NAME}\rOBX|1|NM|718-7||6.3\r"
    assert masked_message(message) == "MSH|^~\\&|HIS\rPID|*||**^^^*~**||***^***\rOBX|1|NM|718-7||6.3\r"
