"""Document notifications."""

from __future__ import annotations

from base64 import b64decode, b64encode

import pytest

from mappers import Mapped
from mappers.mapped import Weight
from tests.mappers.orders_sample import PID, mapped
from tests.mappers.sample import codes, only, resources

TXA = "TXA|1|PATH^病理报告^L|AP|20260301070000||20260301080000|||0001^唐医生|||D100^LAB|||||AU||AV"
PDF = b64encode(b"%PDF-1.4 test").decode()
ED = f"OBX|1|ED|PDF^病理报告^L||LAB^application^pdf^Base64^{PDF}||||||F"


def document(txa: str = TXA, *segments: str, event: str = "T02") -> Mapped:
    return mapped(f"MDM^{event}", PID, txa, *(segments or (ED,)))


def test_a_document_has_its_number_type_author_and_content() -> None:
    found = only(document(), "DocumentReference")
    assert (found["status"], found["docStatus"]) == ("current", "final")
    assert found["masterIdentifier"]["value"] == "D100"
    assert found["type"]["text"] == "病理报告"
    assert found["date"] == "2026-03-01T08:00:00+08:00"
    assert found["author"][0]["display"] == "唐医生"
    assert found["content"][0]["attachment"]["contentType"] == "application/pdf"


@pytest.mark.parametrize(
    ("code", "status"), [("PA", "preliminary"), ("AU", "final"), ("LA", "final"), ("IN", "preliminary")]
)
def test_txa_17_is_the_status_of_the_content(code: str, status: str) -> None:
    assert only(document(TXA.replace("|AU|", f"|{code}|")), "DocumentReference")["docStatus"] == status


def test_the_lines_of_a_transcription_are_one_text() -> None:
    done = document(TXA, "OBX|1|TX|A^所见^L||第一行~第二行||||||F", "OBX|2|TX|B^结论^L||正常||||||F")
    (content,) = only(done, "DocumentReference")["content"]
    assert b64decode(content["attachment"]["data"]).decode() == "【所见】\n第一行\n第二行\n【结论】\n正常"


def test_a_replacement_supersedes_its_parent() -> None:
    done = document(TXA.replace("D100^LAB", "D101^LAB|D100^LAB"), event="T10")
    new, old = resources(done, "DocumentReference")
    assert new["relatesTo"] == [{"code": "replaces", "target": {"reference": f"DocumentReference/{old['id']}"}}]
    assert old["status"] == "superseded"
    assert old["id"] == only(document(), "DocumentReference")["id"]


def test_a_cancelled_document_is_entered_in_error() -> None:
    done = document(event="T11")
    assert only(done, "DocumentReference")["status"] == "entered-in-error"
    assert [one.weight for one in done.statements if one.key[0] == "DocumentReference"] == [Weight.REVOKED]


def test_a_broken_attachment_leaves_a_document_that_says_so() -> None:
    done = document(TXA, ED.replace(PDF, "%%%"))
    assert "attachment-invalid" in codes(done)
    assert only(done, "DocumentReference")["content"][0]["attachment"]["extension"][0]["valueCode"] == "unknown"


def test_the_order_of_txa_14_is_the_context() -> None:
    done = document(TXA.replace("D100^LAB||", "D100^LAB||A100^TOWNSHIP"))
    request = only(done, "ServiceRequest")
    assert only(done, "DocumentReference")["context"]["related"] == [{"reference": f"ServiceRequest/{request['id']}"}]


def test_the_report_of_txa_15_is_the_context_by_its_number() -> None:
    done = document(TXA.replace("D100^LAB||", "D100^LAB||A100^TOWNSHIP|R200^LAB"))
    order, report = only(done, "DocumentReference")["context"]["related"]
    assert order == {"reference": f"ServiceRequest/{only(done, 'ServiceRequest')['id']}"}
    assert (report["type"], report["identifier"]["value"]) == ("DiagnosticReport", "R200")
    assert report["identifier"]["system"].endswith("/L01/filler-order")
    assert done.order_key.endswith("placer-order|A100")


def test_a_report_number_alone_makes_no_order() -> None:
    done = document(TXA.replace("D100^LAB||", "D100^LAB|||R200^LAB"))
    assert resources(done, "ServiceRequest") == []
    assert done.order_key.endswith("filler-order|R200")


PATHOLOGY = TXA.replace("D100^LAB||", "D100^LAB||A100^TOWNSHIP").replace("PATH^", "11526-1^").replace("^L|", "^LN|", 1)


@pytest.mark.parametrize(("code", "tasks"), [("AU", ["completed"]), ("PA", [])])
def test_the_final_report_of_pathology_completes_the_work_on_its_order(code: str, tasks: list[str]) -> None:
    done = document(PATHOLOGY.replace("|AU|", f"|{code}|"))
    assert [one["status"] for one in resources(done, "Task")] == tasks


def test_a_document_of_another_kind_completes_no_order() -> None:
    done = document(TXA.replace("D100^LAB||", "D100^LAB||A100^TOWNSHIP"))
    assert resources(done, "Task") == []


def test_a_new_document_without_a_number_is_known_by_its_message() -> None:
    done = document(TXA.replace("D100^LAB", ""))
    assert codes(done) == ["unnumbered"]
    assert "masterIdentifier" not in only(done, "DocumentReference")
    assert only(done, "DocumentReference") == only(document(TXA.replace("D100^LAB", "")), "DocumentReference")


def test_a_replacement_without_a_number_is_refused() -> None:
    done = document(TXA.replace("D100^LAB", ""), event="T10")
    assert codes(done) == ["order-unidentified"]
