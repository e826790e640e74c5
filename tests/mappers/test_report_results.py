"""What stands in a result: its flag, value, unit and range, its findings, pictures and specimen."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from decimal import Decimal

import pytest

from mappers.mapped import Weight
from tests.mappers.orders_sample import LAB, OBR, WBC, result
from tests.mappers.sample import codes, only, resources, weight

PDF = b64encode(b"%PDF-1.4 test").decode()


def observation(text: str) -> dict[str, object]:
    return only(result(text), "Observation")


@pytest.mark.parametrize(("flag", "code"), [("H", "H"), ("LL", "LL"), ("↑", "H"), ("A", "A")])
def test_a_known_flag_is_coded(flag: str, code: str) -> None:
    found = observation(WBC.replace("|N|", f"|{flag}|"))
    assert found["interpretation"][0]["coding"][0]["code"] == code  # type: ignore[index]


@pytest.mark.parametrize("flag", ["M", "Q", "危", "7"])
def test_an_unknown_flag_is_kept_and_never_taken_as_normal(flag: str) -> None:
    done = result(WBC.replace("|N|", f"|{flag}|"))
    assert only(done, "Observation")["interpretation"] == [{"text": flag}]
    assert "flag-unknown" in codes(done)
    assert [(one["table"], one["code"]) for one in done.unmapped] == [("abnormal-flag", flag)]
    assert not done.refused


def test_a_site_may_give_a_letter_another_meaning_than_table_0078() -> None:
    site = replace(LAB, codes={("abnormal-flag", "N"): "NEG"})
    found = only(result(WBC, site=site), "Observation")
    assert found["interpretation"][0]["coding"][0]["code"] == "NEG"
    assert found["interpretation"][0]["text"] == "N"


def test_a_result_that_the_instrument_disowns_is_not_final() -> None:
    done = result(WBC.replace("|N|", "|E|"), site=replace(LAB, codes={("abnormal-flag", "E"): "error"}))
    assert only(done, "Observation")["status"] == "preliminary"
    assert weight(done, "Observation") == Weight.STATED
    assert "flag-error" in codes(done)


def test_an_arrow_inside_the_value_is_the_flag_when_obx_8_is_silent() -> None:
    found = observation("OBX|1|ST|K^钾^L||6.1↑|mmol/L|3.5-5.3||||F")
    assert found["interpretation"][0]["coding"][0]["code"] == "H"  # type: ignore[index]
    assert found["extension"][0]["valueString"] == "6.1↑"  # type: ignore[index]


@pytest.mark.parametrize("flag", ["HH", "LL", "AA"])
def test_a_critical_value_raises_an_alarm_to_who_ordered_it(flag: str) -> None:
    done = result(WBC.replace("|N|", f"|{flag}|"))
    alarm = only(done, "Communication")
    assert (alarm["status"], alarm["priority"]) == ("in-progress", "stat")
    assert alarm["about"][0]["reference"] == f"Observation/{only(done, 'Observation')['id']}"
    assert alarm["sent"] == "2026-03-01T08:00:00+08:00"
    assert alarm["recipient"] == [only(done, "ServiceRequest")["requester"]]


def test_a_high_value_raises_no_alarm() -> None:
    assert resources(result(WBC.replace("|N|", "|H|")), "Communication") == []


def test_an_unknown_unit_is_text_and_said() -> None:
    done = result(WBC.replace("10^9/L", "勺"))
    assert only(done, "Observation")["valueQuantity"] == {"value": Decimal("6.50"), "unit": "勺"}
    assert "unit-unknown" in codes(done)


def test_a_range_with_an_unescaped_tilde_is_one_range() -> None:
    (found,) = observation(WBC.replace("3.5-9.5", "3.5~9.5"))["referenceRange"]  # type: ignore[misc]
    assert (found["low"]["value"], found["high"]["value"]) == (Decimal("3.5"), Decimal("9.5"))


def test_an_address_in_obx_7_is_a_form_of_the_report_and_no_range() -> None:
    done = result(WBC.replace("3.5-9.5", "http://192.168.10.5/r/1.pdf"))
    assert only(done, "DiagnosticReport")["presentedForm"] == [{"url": "http://192.168.10.5/r/1.pdf"}]
    assert "referenceRange" not in only(done, "Observation")
    assert "attachment-private-url" in codes(done)


@pytest.mark.parametrize("kind", ["TX", "FT"])
def test_findings_keep_their_unescaped_separators_and_line_breaks(kind: str) -> None:
    found = observation(f"OBX|1|{kind}|US^检查所见^L||肝脏正常^胆囊 A&B\\.br\\建议复查\\X0D\\完||||||F")
    assert found["valueString"] == "肝脏正常^胆囊 A&B\n建议复查\n完"


def test_the_lines_of_a_repeated_text_are_one_value() -> None:
    assert observation("OBX|1|TX|US^检查所见^L||第一行~第二行||||||F")["valueString"] == "第一行\n第二行"


def test_repeated_codes_are_components() -> None:
    found = observation("OBX|1|CE|G^基因型^L||A^甲^L~B^乙^L||||||F")
    assert [one["valueCodeableConcept"]["coding"][0]["code"] for one in found["component"]] == ["A", "B"]  # type: ignore[attr-defined]
    assert "valueCodeableConcept" not in found


def test_the_conclusion_of_an_imaging_report_stands_in_the_report_as_well() -> None:
    done = result("OBX|1|TX|1^检查结论||胆囊结石。||||||F")
    assert only(done, "DiagnosticReport")["conclusion"] == "胆囊结石。"
    assert only(done, "Observation")["valueString"] == "胆囊结石。"


def test_a_code_that_fails_the_loinc_check_digit_stays_local() -> None:
    done = result("OBX|1|TX|1037^检查所见^LN||正常||||||F")
    assert "loinc" not in only(done, "Observation")["code"]["coding"][0]["system"]
    assert "code-system-fake" in codes(done)


def test_a_dicom_study_is_an_imaging_study_and_no_observation() -> None:
    done = result("OBX|1|ST|113014^DICOM Study^DCM||2.25.99999900798881641229||||||F")
    study = only(done, "ImagingStudy")
    assert study["identifier"][0]["value"] == "urn:oid:2.25.99999900798881641229"
    assert only(done, "DiagnosticReport")["imagingStudy"] == [{"reference": f"ImagingStudy/{study['id']}"}]
    assert resources(done, "Observation") == []


def test_an_embedded_pdf_is_a_form_of_the_report() -> None:
    broken = f"{PDF[:8]}\\.br\\{PDF[8:]}"
    form = only(result(f"OBX|1|ED|PDF^报告^L||LIS^application^pdf^Base64^{broken}||||||F"), "DiagnosticReport")
    assert form["presentedForm"][0]["contentType"] == "application/pdf"
    assert form["presentedForm"][0]["data"] == PDF
    assert form["presentedForm"][0]["title"] == "报告"


def test_a_picture_is_media_of_the_report() -> None:
    picture = b64encode(b"\x89PNG\r\n\x1a\n0000").decode()
    done = result(f"OBX|1|ED|ECG^心电图^L||ECG^image^png^Base64^{picture}||||||F")
    assert only(done, "Media")["content"]["contentType"] == "image/png"
    assert only(done, "DiagnosticReport")["media"][0]["link"]["reference"] == f"Media/{only(done, 'Media')['id']}"


def test_a_broken_attachment_is_dropped_and_the_report_kept() -> None:
    done = result(WBC, "OBX|2|ED|PDF^报告^L||LIS^application^pdf^Base64^不是base64!!||||||F")
    assert "presentedForm" not in only(done, "DiagnosticReport")
    assert only(done, "Observation")["valueQuantity"]
    assert "attachment-invalid" in codes(done)
    assert not done.refused


def test_a_link_is_kept_and_a_private_one_flagged() -> None:
    done = result("OBX|1|RP|IMG^影像^L||http://10.0.0.8/view?a=1&b=2^PACS||||||F")
    assert only(done, "DiagnosticReport")["presentedForm"][0]["url"] == "http://10.0.0.8/view?a=1&b=2"
    assert "attachment-private-url" in codes(done)


def test_a_specimen_behind_the_results_loses_no_result() -> None:
    done = result(WBC, "SPM|1|^S77&LAB||SER^血清|||||||||||||20260301065000")
    specimen = only(done, "Specimen")
    assert only(done, "Observation")["specimen"] == {"reference": f"Specimen/{specimen['id']}"}
    assert specimen["collection"]["collectedDateTime"] == "2026-03-01T06:50:00+08:00"


def test_results_behind_the_specimen_are_results_too() -> None:
    done = result("SPM|1|^S77&LAB", WBC)
    assert len(only(done, "DiagnosticReport")["result"]) == 1


def test_a_bar_code_in_the_third_subcomponent_identifies_the_specimen() -> None:
    one, other = result(WBC, "SPM|1|&&S77"), result(WBC, "SPM|1|&&S78")
    assert only(one, "Specimen")["identifier"][0]["value"] == "S77"
    assert only(one, "Specimen")["id"] != only(other, "Specimen")["id"]


@pytest.mark.parametrize("source", ["C&血清", "C^血清"])
def test_obr_15_names_the_specimen_in_either_writing(source: str) -> None:
    fields = OBR.split("|")
    fields[15] = source
    found = only(result(WBC, obr="|".join(fields)), "Specimen")["type"]
    assert (found["coding"][0]["code"], found["text"]) == ("C", "血清")


@pytest.mark.parametrize("text", ["阴性", "阴性(-)", "阴性（－）", "Negative", "阴性(-)^"])
def test_a_word_for_a_qualitative_result_is_a_readable_range(text: str) -> None:
    done = result(WBC.replace("6.50|10^9/L|3.5-9.5", f"阴性||{text}"))
    assert "range-unreadable" not in codes(done)
    assert only(done, "Observation")["referenceRange"] == [{"text": text.rstrip("^")}]
