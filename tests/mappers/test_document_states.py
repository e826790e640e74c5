"""How a document stands, what it replaces, and what its content is."""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import replace

import pytest

from mappers import Mapped, Site
from mappers.mapped import Weight
from tests.mappers.orders_sample import LAB, PID, mapped
from tests.mappers.sample import line, only, resources

PDF = b64encode(b"%PDF-1.4 test").decode()
ED = f"OBX|1|ED|PDF^病理报告^L||LAB^application^pdf^Base64^{PDF}||||||F"
FIELDS = {1: "1", 2: "PATH^病理报告^L", 6: "20260301080000", 12: "D100^LAB", 17: "AU", 19: "AV"}


def document(fields: dict[int, str], *segments: str, event: str = "T02", site: Site = LAB) -> Mapped:
    return mapped(f"MDM^{event}", PID, line("TXA", {**FIELDS, **fields}), *(segments or (ED,)), site=site)


def weights(done: Mapped) -> list[Weight]:
    return [one.weight for one in done.statements if one.key[0] == "DocumentReference"]


@pytest.mark.parametrize(
    ("fields", "event", "status", "weight"),
    [
        ({}, "T02", "current", Weight.FINAL),
        ({17: "LA"}, "T02", "current", Weight.FINAL),
        ({17: "PA"}, "T02", "current", Weight.STATED),
        ({17: ""}, "T01", "current", Weight.STATED),
        ({19: "UN"}, "T02", "current", Weight.FINAL),
        ({19: "OB"}, "T02", "superseded", Weight.FINAL),
        ({19: "CA"}, "T02", "entered-in-error", Weight.REVOKED),
        ({19: ""}, "T02", "current", Weight.FINAL),
        ({19: '""'}, "T02", "current", Weight.FINAL),
        ({19: "作废"}, "T02", "entered-in-error", Weight.REVOKED),
        ({19: "?"}, "T02", "current", Weight.FINAL),
        ({}, "T11", "entered-in-error", Weight.REVOKED),
    ],
)
def test_txa_19_and_the_event_say_how_a_document_stands(
    fields: dict[int, str], event: str, status: str, weight: Weight
) -> None:
    site = replace(LAB, codes={("document-availability", "作废"): "CA"})
    done = document(fields, event=event, site=site)
    assert only(done, "DocumentReference")["status"] == status
    assert weights(done) == [weight]
    listed = [(one["table"], one["code"], one["location"]) for one in done.unmapped]
    assert listed == ([("document-availability", "?", "TXA-19")] if fields.get(19) == "?" else [])


@pytest.mark.parametrize(
    ("event", "relation", "parent", "weight"),
    [
        ("T05", "appends", "current", Weight.MENTION),
        ("T06", "appends", "current", Weight.MENTION),
        ("T02", "appends", "current", Weight.MENTION),
        ("T09", "replaces", "superseded", Weight.STATED),
        ("T10", "replaces", "superseded", Weight.STATED),
    ],
)
def test_the_event_says_how_a_document_relates_to_its_parent(
    event: str, relation: str, parent: str, weight: Weight
) -> None:
    done = document({13: "D099^LAB"}, event=event)
    new, old = resources(done, "DocumentReference")
    assert new["relatesTo"] == [{"code": relation, "target": {"reference": f"DocumentReference/{old['id']}"}}]
    assert (old["status"], old["masterIdentifier"]["value"], old["subject"]) == (parent, "D099", new["subject"])
    assert old["identifier"] == [old["masterIdentifier"]]
    assert old["content"][0]["attachment"]["extension"][0]["valueCode"] == "unknown"
    assert weights(done) == [Weight.FINAL, weight]


@pytest.mark.parametrize("parent", ["", "D100^LAB"])
def test_a_document_is_never_its_own_parent(parent: str) -> None:
    assert "relatesTo" not in only(document({13: parent}, event="T10"), "DocumentReference")


def test_the_numbers_of_a_document_begin_with_its_own() -> None:
    found = only(document({16: "file1.pdf"}), "DocumentReference")
    assert found["identifier"][0] == found["masterIdentifier"]
    assert found["custodian"]["display"] == "测试县检验中心"


def contents(done: Mapped) -> list[dict[str, object]]:
    return [one["attachment"] for one in only(done, "DocumentReference")["content"]]


@pytest.mark.parametrize(
    ("said", "own", "kind"),
    [
        ("AP", "application^pdf", "application/pdf"),
        ("application/pdf", "application^pdf", "application/pdf"),
        ("TX", "application^pdf", "application/pdf"),
    ],
)
def test_a_content_that_says_its_kind_keeps_it(said: str, own: str, kind: str) -> None:
    (found,) = contents(document({3: said}, ED.replace("application^pdf", own)))
    assert found["contentType"] == kind


@pytest.mark.parametrize(
    ("name", "title"),
    [("PDF^病理报告^L", "病理报告"), ("PDF", "PDF"), ("", None), ('""', None), ("^ ", None)],
)
def test_the_name_of_the_result_is_the_title_of_its_attachment(name: str, title: str | None) -> None:
    (found,) = contents(document({}, ED.replace("PDF^病理报告^L", name)))
    assert found.get("title") == title


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (["OBX|1|TX|A^所见^L||一~二"], "一\n二"),
        (["OBX|1|TX|A^所见^L||一", "OBX|2|TX|A^所见^L||二"], "【所见】\n一\n二"),
        (["OBX|1|TX|A^所见^L||一", "OBX|2|TX|B||二", "OBX|3|TX|A^所见^L||三"], "【所见】\n一\n【B】\n二\n【所见】\n三"),
        (["OBX|1|TX|||一", "OBX|2|TX|||二"], "一\n二"),
        (["OBX|1|TX|A^所见^L||", "OBX|2|TX|B^结论^L||二"], "【结论】\n二"),
        (['OBX|1|TX|A^所见^L||""~二'], "二"),
    ],
)
def test_the_texts_of_a_document_are_one_text_with_headings(lines: list[str], text: str) -> None:
    (found,) = contents(document({}, *(f"{one}||||||F" for one in lines)))
    data = b64decode(str(found["data"]))
    assert data.decode() == text
    assert (found["size"], found["contentType"]) == (len(data), "text/plain; charset=utf-8")


def test_a_document_without_content_says_that_it_is_absent() -> None:
    (found,) = contents(document({}, "OBX|1|TX|A^所见^L|||||||F"))
    assert list(found) == ["extension"]


def test_attachments_come_before_the_text_and_a_broken_one_leaves_no_hole() -> None:
    broken = ED.replace(PDF, "%%%")
    done = document({}, "OBX|1|TX|A^所见^L||正文||||||F", broken, ED)
    assert [one["contentType"] for one in contents(done)] == ["application/pdf", "text/plain; charset=utf-8"]


ORC, OBR = "ORC|SC|A300^HOSPITAL", "OBR|1|A300^HOSPITAL||CT1^胸部CT^L||||||||||||||||||||{}"


@pytest.mark.parametrize(
    ("section", "fields", "status"),
    [
        ("RAD", {}, ["completed"]),
        ("RAD", {17: "PA"}, []),
        ("RAD", {19: "OB"}, []),
        ("", {}, []),
        ("", {2: "11526-1^病理报告^LN"}, ["completed"]),
    ],
)
def test_the_final_report_of_a_centre_completes_the_work_on_its_order(
    section: str, fields: dict[int, str], status: list[str]
) -> None:
    done = document(fields, ORC, OBR.format(section), ED)
    assert [one["status"] for one in resources(done, "Task")] == status
    assert done.order_key.endswith("placer-order|A300")


def test_every_order_of_a_document_is_its_context() -> None:
    done = document({14: "A400^HOSPITAL"}, ORC, OBR.format("RAD"), ED)
    requests = [f"ServiceRequest/{one['id']}" for one in resources(done, "ServiceRequest")]
    assert [one["reference"] for one in only(done, "DocumentReference")["context"]["related"]] == requests
    assert len(requests) == 2


@pytest.mark.parametrize("field", [8, 23, 26])
def test_an_edit_a_copy_or_a_reason_makes_a_provenance_of_the_document(field: int) -> None:
    value = {8: "20260301075900", 23: "0011^接收者", 26: "错字"}[field]
    done = document({field: value})
    (found,) = [one for one in resources(done, "Provenance") if "entity" not in one]
    assert found["target"] == [{"reference": f"DocumentReference/{only(done, 'DocumentReference')['id']}"}]
    assert found["recorded"] == ("2026-03-01T07:59:00+08:00" if field == 8 else "2026-03-01T08:00:00+08:00")
    assert found["agent"][0]["who"]["reference"].split("/")[0] == ("Practitioner" if field == 23 else "Organization")
    again = [one for one in resources(document({field: value}), "Provenance") if "entity" not in one]
    assert again[0]["id"] == found["id"]


@pytest.mark.parametrize("fields", [{}, {8: '""'}, {26: '""'}])
def test_a_first_edition_has_no_provenance_of_its_own(fields: dict[int, str]) -> None:
    assert [one for one in resources(document(fields), "Provenance") if "entity" not in one] == []
