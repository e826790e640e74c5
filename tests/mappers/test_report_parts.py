"""What stands in a report beside its measurements: attachments, studies, samples, notes, flags, quality control."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mappers.mapped import Weight
from tests.mappers.orders_sample import LAB, OBR, PID, WBC, mapped, order, read, result
from tests.mappers.sample import codes, line, only, resources, translate

UID = "2.25.8.8.8.8"


@pytest.mark.parametrize("name", ["", "^", '""', '""^""'])
@pytest.mark.parametrize("value", ["RP|{}||https://r.example.org/1.pdf", "ST|{}||https://r.example.org/1.pdf"])
def test_an_attachment_without_a_name_has_no_title_and_is_taken(value: str, name: str) -> None:
    done = result(f"OBX|1|{value.format(name)}||||||F")
    (form,) = only(done, "DiagnosticReport")["presentedForm"]
    assert form["url"] == "https://r.example.org/1.pdf"
    assert "title" not in form
    assert not done.refused


@pytest.mark.parametrize(
    ("kind", "value", "linked"),
    [
        ("ST", "https://r.example.org/1", True),
        ("TX", "https://r.example.org/1", True),
        ("FT", " https://r.example.org/1 ", True),
        ("", "https://r.example.org/1", True),
        ("rp", "https://r.example.org/1", True),
        ("ST", "见 https://r.example.org/1", False),
        ("NM", "https://r.example.org/1", False),
        ("ST", "附件", False),
    ],
)
def test_a_text_that_is_nothing_but_an_address_is_a_link(kind: str, value: str, linked: bool) -> None:
    done = result(f"OBX|1|{kind}|URL^链接^L||{value}||||||F")
    assert ("presentedForm" in only(done, "DiagnosticReport")) is linked
    assert (resources(done, "Observation") == []) is linked


@pytest.mark.parametrize(
    ("name", "value", "uid"),
    [
        ("113014^DICOM Study^DCM", UID, UID),
        ("110180^Study Instance UID^DCM", UID, UID),
        ("X^Study Instance UID^L", UID, UID),
        ("STUDY_UID", f"urn:oid:{UID}", UID),
        ("dicomstudy", f"PACS^{UID}", UID),
        ("StudyUID", f"A^B^{UID}", UID),
        ("STUDYUID", "没有", None),
        ("STUDYUID", "2.25." + "1" * 64, None),
        ("STUDYUID", "2.025.1", None),
        ("STUDY^检查所见^L", UID, None),
    ],
)
def test_a_result_that_names_a_study_is_a_reference_to_its_images(name: str, value: str, uid: str | None) -> None:
    done = result(f"OBX|1|ST|{name}||{value}||||||F")
    found = resources(done, "ImagingStudy")
    assert [one["identifier"][0]["value"] for one in found] == ([f"urn:oid:{uid}"] if uid else [])
    for one in found:
        assert one["status"] == "available"
        assert only(done, "DiagnosticReport")["imagingStudy"] == [{"reference": f"ImagingStudy/{one['id']}"}]
        assert [each.weight for each in done.statements if each.key[1] == one["id"]] == [Weight.MENTION]
    assert (resources(done, "Observation") == []) is (uid is not None)


@pytest.mark.parametrize(
    ("ipc", "accession", "modality", "studies"),
    [
        (f"IPC|ACC1^PACS|P1|{UID}|S1|CT", "ACC1", "CT", 1),
        (f"IPC|ACC1||{UID}", "ACC1", None, 1),
        (f'IPC|""||{UID}||""', None, None, 1),
        ("IPC|ACC1||无", "ACC1", None, 0),
        ("IPC|ACC1", "ACC1", None, 0),
    ],
)
def test_an_order_reserves_its_study_and_has_its_accession(
    ipc: str, accession: str | None, modality: str | None, studies: int
) -> None:
    done = order("ORC|NW|A100", "OBR|1|A100||CT1^胸部CT^L", ipc, kind="OMI^O23")
    numbers = [one for one in only(done, "ServiceRequest")["identifier"] if "accession" in one["system"]]
    assert [one["value"] for one in numbers] == ([accession] if accession else [])
    assert [one["type"]["coding"][0]["code"] for one in numbers] == (["ACSN"] if accession else [])
    found = resources(done, "ImagingStudy")
    assert [one["status"] for one in found] == ["registered"] * studies
    assert [one["modality"][0]["code"] for one in found if "modality" in one] == ([modality] if modality else [])


@pytest.mark.parametrize(
    ("name", "conclusion"),
    [
        ("IMP", True),
        ("CT1&IMP^印象甲^L", True),
        ("19005-8^Impression^LN", True),
        ("Z1^诊断意见：^L", True),
        ("Z1^ *结论* ^L", True),
        ("impression", True),
        ("Z9^意见^L", True),
        ("Z1^所见^L", False),
    ],
)
def test_a_conclusion_is_known_by_its_code_its_suffix_its_name_or_the_site(name: str, conclusion: bool) -> None:
    site = replace(LAB, codes={("conclusion", "Z9"): "1"})
    done = result(f"OBX|1|TX|{name}||肺炎||||||F", "OBX|2|TX|IMP||复查||||||F", site=site)
    assert only(done, "DiagnosticReport")["conclusion"] == ("肺炎\n复查" if conclusion else "复查")
    assert len(resources(done, "Observation")) == 2


def test_a_revoked_report_revokes_its_pictures_and_alarms() -> None:
    picture = "OBX|2|ED|P^图^L||L^image^png^Base64^iVBORw0KGgo=||||||F"
    done = result(WBC.replace("|N|", "|HH|"), picture, head={15: "CE"})
    assert only(done, "DiagnosticReport")["status"] == "cancelled"
    assert only(done, "Media")["status"] == "entered-in-error"
    assert only(done, "Communication")["status"] == "entered-in-error"
    revoked = ("DiagnosticReport", "Media", "Communication", "Observation")
    assert {one.weight for one in done.statements if one.key[0] in revoked} == {Weight.REVOKED}
    assert resources(done, "Task") == []


@pytest.mark.parametrize(
    ("flags", "given"),
    [
        ("H~L", ["H", "L"]),
        ('H~""~ ', ["H"]),
        ("高", ["H"]),
        ("危急值", ["AA"]),
    ],
)
def test_every_flag_is_an_interpretation(flags: str, given: list[str]) -> None:
    found = only(result(WBC.replace("|N|", f"|{flags}|")), "Observation")["interpretation"]
    assert [one["coding"][0]["code"] for one in found] == given
    assert all(one["coding"][0]["display"] for one in found)
    assert [one.get("text") for one in found] == [None if flag in ("H", "L") else flag for flag in flags.split("~")][
        : len(given)
    ]


@pytest.mark.parametrize(
    ("status", "kept"), [("F", "preliminary"), ("C", "preliminary"), ("P", "preliminary"), ("X", "cancelled")]
)
def test_a_result_that_its_instrument_disowns_is_at_most_preliminary(status: str, kept: str) -> None:
    site = replace(LAB, codes={("abnormal-flag", "E1"): "error"})
    done = result(WBC.replace("|N|||F", f"|E1|||{status}"), site=site)
    found = only(done, "Observation")
    assert found["status"] == kept
    assert found["interpretation"] == [{"text": "E1"}]
    assert "flag-error" in codes(done)


@pytest.mark.parametrize(
    ("note", "expected"),
    [
        ("NTE|1|L|复查", {"text": "复查", "authorString": "Ancillary (filler) department"}),
        ("NTE|1|本科|复查", {"text": "复查", "authorString": "本科"}),
        ('NTE|1|""|复查', {"text": "复查"}),
        ("NTE|1||一~二", {"text": "一\n二"}),
        ("NTE|1||复查|||20260301074600", {"text": "复查", "time": "2026-03-01T07:46:00+08:00"}),
        ("NTE|1||复查|||2026139", {"text": "复查"}),
        ('NTE|1||""', None),
        ("NTE|1|L|", None),
    ],
)
def test_a_note_is_an_annotation(note: str, expected: dict[str, str] | None) -> None:
    assert only(result(WBC, note), "Observation").get("note") == ([expected] if expected else None)


def test_a_note_of_a_report_is_the_extension_that_later_versions_have_as_an_element() -> None:
    *_, found = only(result("NTE|1||溶血", WBC), "DiagnosticReport")["extension"]
    assert found["url"].endswith("extension-DiagnosticReport.note")
    assert found["valueAnnotation"] == {"text": "溶血"}


@pytest.mark.parametrize(
    ("head", "segments", "told"),
    [
        ({16: "1"}, ("OBR|1|||QC", "OBX|1|NM|WBC||5"), True),
        ({16: "2"}, ("OBR|1|||QC", "OBX|1|NM|WBC||5"), True),
        ({}, (line("OBR", {4: "QC", 11: "Q"}), "OBX|1|NM|WBC||5"), True),
        ({}, ("OBR|1|||QC", line("SPM", {11: "Q"}), "OBX|1|NM|WBC||5"), True),
        ({16: "0"}, ("OBR|1|||QC", "OBX|1|NM|WBC||5"), False),
        ({16: "1"}, (PID, OBR, WBC), False),
    ],
)
def test_a_control_sample_without_a_patient_is_no_result(
    head: dict[int, str], segments: tuple[str, ...], told: bool
) -> None:
    done = translate(read("ORU^R01", *segments, head=head), LAB)
    assert ("quality-control" in codes(done)) is told
    assert not told or done.statements == ()


@pytest.mark.parametrize(
    ("segments", "time"),
    [
        ((OBR, WBC), "2026-03-01T07:00:00+08:00"),
        (
            (OBR.replace("20260301070000", ""), line("SPM", {2: "S1", 17: "20260301065000"}), WBC),
            "2026-03-01T06:50:00+08:00",
        ),
        ((line("OBR", {2: "A1", 3: "R1", 4: "BR", 14: "20260301064000", 25: "F"}), WBC), "2026-03-01T06:40:00+08:00"),
        ((OBR.replace("20260301070000", ""), WBC), None),
    ],
)
def test_the_time_of_a_report_is_its_own_else_that_of_its_sample_else_when_that_was_received(
    segments: tuple[str, ...], time: str | None
) -> None:
    done = mapped("ORU^R01", PID, *segments)
    for one in (only(done, "DiagnosticReport"), only(done, "Observation")):
        assert one.get("effectiveDateTime") == time
        assert ("_effectiveDateTime" in one) is (time is None)


def test_a_parent_sample_is_mentioned_by_its_numbers() -> None:
    done = mapped("ORU^R01", PID, OBR, line("SPM", {2: "S1&LAB", 3: "S0&LAB^S9&LAB~S1&LAB", 4: "BLD"}), WBC)
    child, parent = resources(done, "Specimen")
    assert child["parent"] == [{"reference": f"Specimen/{parent['id']}"}]
    assert [one["value"] for one in parent["identifier"]] == ["S0", "S9"]
    assert parent["subject"] == child["subject"]
    heavy = {one.key[1]: one.weight for one in done.statements}
    assert (heavy[child["id"]], heavy[parent["id"]]) == (Weight.STATED, Weight.MENTION)


@pytest.mark.parametrize(
    ("segments", "count"),
    [
        ((OBR, WBC), 0),
        ((line("OBR", {2: "A1", 3: "R1", 4: "BR", 15: "BLD", 25: "F"}), WBC), 1),
        ((line("OBR", {2: "A1", 3: "R1", 4: "BR", 9: "5", 25: "F"}), WBC), 1),
        ((OBR, "SPM|1|||BLD", "SPM|2|||URI", WBC), 2),
    ],
)
def test_only_a_result_of_one_sample_says_which_it_was_measured_on(segments: tuple[str, ...], count: int) -> None:
    done = mapped("ORU^R01", PID, *segments)
    found = [f"Specimen/{one['id']}" for one in resources(done, "Specimen")]
    assert len(found) == count
    assert [one["reference"] for one in only(done, "DiagnosticReport").get("specimen", [])] == found
    assert ("specimen" in only(done, "Observation")) is (count == 1)
