"""Results, as the centres send them: what is final, what is said, and what is never guessed."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import pytest

from fhir_server.store.fold import Said, fold
from mappers import Mapped
from mappers.derived import derived_id
from mappers.mapped import Weight
from mappers.systems import INSTITUTION
from tests.mappers.orders_sample import LAB, OBR, PID, TOWNSHIP, WBC, mapped, order, result
from tests.mappers.sample import codes, only, resources, weight


def observation(text: str) -> dict[str, object]:
    return only(result(text), "Observation")


def test_a_result_becomes_a_report_with_its_observation_and_its_order() -> None:
    done = result(WBC)
    report, measured = only(done, "DiagnosticReport"), only(done, "Observation")
    assert report["status"] == "final"
    assert report["result"] == [{"reference": f"Observation/{measured['id']}"}]
    assert report["basedOn"] == [{"reference": f"ServiceRequest/{only(done, 'ServiceRequest')['id']}"}]
    assert report["effectiveDateTime"] == "2026-03-01T07:00:00+08:00"
    assert report["issued"] == "2026-03-01T08:00:00+08:00"
    assert measured["valueQuantity"]["value"] == Decimal("6.50")
    assert measured["valueQuantity"]["code"] == "10*9/L"
    assert measured["effectiveDateTime"] == report["effectiveDateTime"]
    assert measured["category"][0]["coding"][0]["code"] == "laboratory"


def test_the_order_of_a_result_is_the_order_that_the_township_placed() -> None:
    placed = order("ORC|NW|A100", "OBR|1|A100||BR^血常规^L")
    assert only(result(WBC), "ServiceRequest")["id"] == only(placed, "ServiceRequest")["id"]


def test_equal_order_numbers_of_two_institutions_are_two_orders() -> None:
    other = result(WBC, obr=OBR.replace("A100^TOWNSHIP", "A100^HOSPITAL"))
    assert only(result(WBC), "ServiceRequest")["id"] != only(other, "ServiceRequest")["id"]


def test_a_placer_number_without_authority_belongs_to_the_receiver_of_the_result() -> None:
    bare = result(WBC, obr=OBR.replace("A100^TOWNSHIP", "A100"))
    assert only(bare, "ServiceRequest")["id"] == only(result(WBC), "ServiceRequest")["id"]


def test_a_result_only_mentions_its_order_and_reports_the_work_on_it() -> None:
    done = result(WBC)
    assert weight(done, "ServiceRequest") == Weight.MENTION
    assert only(done, "ServiceRequest")["status"] == "unknown"
    assert only(done, "Task")["status"] == "completed"


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("P", "preliminary", Weight.STATED),
        ("F", "final", Weight.FINAL),
        ("C", "corrected", Weight.CORRECTED),
        ("X", "cancelled", Weight.REVOKED),
    ],
)
def test_the_status_of_obr_25_decides_what_the_report_may_overrule(code: str, status: str, expected: Weight) -> None:
    done = result(WBC.replace("|||F", f"|||{code}"), obr=OBR.removesuffix("F") + code)
    assert only(done, "DiagnosticReport")["status"] == status
    assert weight(done, "DiagnosticReport") == expected
    assert weight(done, "Observation") == expected


def test_a_correction_is_the_same_report_and_the_same_observation() -> None:
    first = result(WBC)
    second = result(WBC.replace("6.50", "7.10").replace("|||F", "|||C"), obr=OBR.removesuffix("F") + "C")
    for kind in ("DiagnosticReport", "Observation"):
        assert only(first, kind)["id"] == only(second, kind)["id"]


def test_two_panels_under_one_report_number_are_two_reports() -> None:
    other = OBR.replace("OBR|1", "OBR|2").replace("BR^血常规", "CRP^C反应蛋白")
    done = mapped(
        "ORU^R01", PID, OBR, WBC, other, "OBX|1|NM|CRP^C反应蛋白^L||5|mg/L||||||F".replace("||||||F", "|||||F")
    )
    assert len(resources(done, "DiagnosticReport")) == 2


@pytest.mark.parametrize("code", ["1", "0", "完成", "f"])
def test_an_unknown_report_status_refuses_the_report(code: str) -> None:
    done = result(WBC, obr=OBR.removesuffix("F") + code)
    assert "status-unknown" in codes(done)
    assert done.refused


@pytest.mark.parametrize("code", ["1", "0", "4"])
def test_an_abnormal_level_in_obx_11_refuses_the_report(code: str) -> None:
    done = result(WBC.replace("|||F", f"|||{code}"))
    assert codes(done) == ["status-unknown"]
    assert done.refused


def test_a_site_may_say_what_its_statuses_mean() -> None:
    site = replace(LAB, codes={("observation-status", "0"): "F", ("report-status", "9"): "F"})
    done = result(WBC.replace("|||F", "|||0"), obr=OBR.removesuffix("F") + "9", site=site)
    assert only(done, "Observation")["status"] == "final"


def test_a_result_without_obx_11_has_the_status_of_its_report() -> None:
    assert only(result(WBC.removesuffix("|||F")), "Observation")["status"] == "final"


def test_a_report_without_obr_25_is_final_only_when_all_its_results_are() -> None:
    bare = OBR.removesuffix("|F")
    second = "OBX|2|NM|RBC^红细胞^L||4.2|10^12/L||||||P".replace("||||||P", "|||||P")
    assert only(result(WBC, obr=bare), "DiagnosticReport")["status"] == "final"
    assert only(mapped("ORU^R01", PID, bare, WBC, second), "DiagnosticReport")["status"] == "partial"


def test_without_any_status_nothing_is_called_final() -> None:
    done = result(WBC.removesuffix("|||F"), obr=OBR.removesuffix("|F"))
    assert codes(done) == ["status-absent"]
    assert only(done, "DiagnosticReport")["status"] == only(done, "Observation")["status"] == "unknown"


def test_msh_15_ce_revokes_the_report_of_those_who_overload_it() -> None:
    done = result(WBC, head={15: "CE"})
    assert only(done, "DiagnosticReport")["status"] == "cancelled"
    assert only(done, "Observation")["status"] == "cancelled"
    assert weight(done, "DiagnosticReport") == Weight.REVOKED


def test_a_result_without_an_order_is_kept_and_said() -> None:
    done = result(WBC, obr=OBR.replace("A100^TOWNSHIP", ""))
    assert resources(done, "ServiceRequest") == []
    assert codes(done) == ["order-unknown"]


def _unnumbered(obr: str = OBR) -> Mapped:
    return result(WBC, obr=obr.replace("A100^TOWNSHIP", "").replace("R200^LAB", ""))


def test_a_report_without_any_number_is_known_by_patient_examination_and_time() -> None:
    done = _unnumbered()
    assert "unnumbered" in codes(done)
    found = only(done, "DiagnosticReport")
    assert "identifier" not in found
    assert found["id"] == only(_unnumbered(OBR.replace("|F", "|C")), "DiagnosticReport")["id"]
    for other in (OBR.replace("BR^", "SH^"), OBR.replace("20260301070000", "20260301070100")):
        assert found["id"] != only(_unnumbered(other), "DiagnosticReport")["id"]


def test_two_reports_without_a_number_in_one_message_are_two() -> None:
    bare = OBR.replace("A100^TOWNSHIP", "").replace("R200^LAB", "")
    done = mapped("ORU^R01", PID, bare, WBC, bare, WBC)
    assert len(resources(done, "DiagnosticReport")) == 2


def test_a_result_without_a_time_says_so_and_borrows_none() -> None:
    found = only(result(WBC, obr=OBR.replace("20260301070000", "")), "Observation")
    assert "effectiveDateTime" not in found
    assert found["_effectiveDateTime"]["extension"][0]["valueCode"] == "unknown"


def test_the_time_of_the_observation_goes_before_that_of_the_report() -> None:
    assert observation(WBC + "|||20260301065959")["effectiveDateTime"] == "2026-03-01T06:59:59+08:00"


def test_a_report_from_before_its_sample_is_stored_and_said() -> None:
    done = result(WBC, obr=OBR.replace("20260301080000", "20260228080000"))
    assert "date-order" in codes(done)
    assert not done.refused


def test_a_report_from_the_future_is_stored_and_said() -> None:
    done = result(WBC, obr=OBR.replace("20260301080000", "20270301080000"))
    assert "date-future" in codes(done)
    assert not done.refused


def test_a_missing_value_has_a_reason() -> None:
    found = observation(WBC.replace("6.50", "").replace("|||F", "|||X"))
    assert found["status"] == "cancelled"
    assert found["dataAbsentReason"]["coding"][0]["code"] == "unknown"  # type: ignore[index]


def test_a_result_without_a_name_stands_under_the_name_of_its_report() -> None:
    done = result("OBX|1|TX|||印象：未见异常||||||F")
    assert only(done, "Observation")["code"]["text"] == "血常规"
    assert codes(done) == ["observation-unnamed"]


def test_notes_belong_to_what_stands_before_them() -> None:
    done = mapped("ORU^R01", PID, OBR, "NTE|1||标本溶血", WBC, "NTE|1||已复查")
    assert only(done, "Observation")["note"] == [{"text": "已复查"}]
    assert only(done, "DiagnosticReport")["extension"][-1]["valueAnnotation"] == {"text": "标本溶血"}


def test_a_quality_control_result_is_accepted_and_stores_nothing() -> None:
    done = mapped("ORU^R01", "OBR|1|1|GLU|Analyser||20260301070000", head={16: "2"})
    assert codes(done) == ["quality-control"]
    assert done.statements == ()
    assert not done.refused


def test_a_result_without_a_patient_is_refused() -> None:
    done = mapped("ORU^R01", OBR, WBC)
    assert codes(done) == ["segment-missing"]
    assert done.refused


def test_results_of_two_patients_in_one_message_stay_apart() -> None:
    other = PID.replace("100200", "100300").replace("张三", "李四")
    done = mapped("ORU^R01", PID, OBR, WBC, other, OBR.replace("R200", "R201").replace("A100", "A101"), WBC)
    subjects = {one["subject"]["reference"] for one in resources(done, "Observation")}
    assert len(subjects) == 2


def test_a_control_character_does_not_reach_the_resource() -> None:
    assert observation("OBX|1|TX|A^甲^L||一\x01二||||||F")["valueString"] == "一\N{REPLACEMENT CHARACTER}二"


def test_the_same_message_always_gives_the_same_bundle() -> None:
    assert result(WBC).bundle == result(WBC).bundle


ANALYSER = replace(LAB, obr2="barcode")
SAMPLE = "OBR|1|LAB-0007|7|Analyser^BS-QH1||||||||||||serum||||||||||F"


def test_the_bar_code_of_an_analyser_names_the_sample_and_no_order() -> None:
    done = result(WBC, obr=SAMPLE, site=ANALYSER)
    assert codes(done) == []
    assert resources(done, "ServiceRequest") == resources(done, "Task") == []
    specimen = only(done, "Specimen")
    assert specimen["accessionIdentifier"]["value"] == "LAB-0007"
    assert only(done, "DiagnosticReport")["specimen"] == [{"reference": f"Specimen/{specimen['id']}"}]


def test_samples_of_two_days_with_one_count_are_two_reports() -> None:
    today, tomorrow = (result(WBC, obr=SAMPLE.replace("0007", end), site=ANALYSER) for end in ("0007", "1007"))
    assert only(today, "DiagnosticReport")["id"] != only(tomorrow, "DiagnosticReport")["id"]


def folded(kind: str, *stated: Mapped) -> dict[str, object]:
    """The one resource of that type as the store makes it of what the messages stated."""
    said = []
    for one in stated:
        time = int(datetime.fromisoformat(one.event_time).timestamp())
        (found,) = [each for each in one.statements if each.key[0] == kind]
        said.append(Said(found.weight, time, time, repr(found.resource).encode(), time, found.resource))
    return fold(said)


VISIT = "PV1|1|I|{place}||||||||||||||||V77{authority}"


@pytest.mark.parametrize("authority", ["^^^TOWNSHIP", ""])
def test_the_visit_that_a_centre_reports_on_belongs_to_the_house_of_the_patient(authority: str) -> None:
    done = mapped("ORU^R01", PID, VISIT.format(place="", authority=authority), OBR, WBC)
    (visit,) = [one for one in done.statements if one.key[0] == "Encounter"]
    house = derived_id("Organization", INSTITUTION, "T01")
    assert visit.owner == "T01"
    assert visit.resource["serviceProvider"]["reference"] == f"Organization/{house}"


def test_the_house_of_the_visit_number_goes_before_the_house_of_the_patient() -> None:
    done = mapped("ORU^R01", PID, VISIT.format(place="", authority="^^^HOSPITAL"), OBR, WBC)
    assert [one.owner for one in done.statements if one.key[0] == "Encounter"] == ["C01"]


def test_a_result_tells_a_place_of_the_visit_but_never_where_the_patient_is_now() -> None:
    done = mapped("ORU^R01", PID, VISIT.format(place="W1^01^02", authority="^^^TOWNSHIP"), OBR, WBC)
    (place,) = only(done, "Encounter")["location"]
    assert place.keys() == {"location"}


@pytest.mark.parametrize("time", ["20260301060000", "20260301090000"])
def test_a_result_adds_no_second_active_place_to_the_visit(time: str) -> None:
    visit = VISIT.format(place="W2^05^01^TOWNSHIP", authority="")
    head = {3: "HIS", 4: "TOWNSHIP", 7: "20260301070000"}
    moved = mapped("ADT^A02", "EVN|A02|20260301070000", PID, visit, site=TOWNSHIP, head=head)
    place = VISIT.format(place="W1^01^02^TOWNSHIP", authority="^^^TOWNSHIP")
    done = mapped("ORU^R01", PID, place, OBR, WBC, head={7: time})
    places = folded("Encounter", moved, done)["location"]
    assert isinstance(places, list)
    assert [one["location"]["display"] for one in places if one.get("status") == "active"] == ["W2-05-01"]


def carried(done: Mapped) -> dict[str, str]:
    """v2 location → text, as the Provenance carries it."""
    extensions = [one for one in only(done, "Provenance").get("extension", []) if "extension" in one]
    return {one["extension"][0]["valueString"]: one["extension"][1]["valueString"] for one in extensions}


def test_the_type_and_the_side_of_a_note_stand_in_the_annotation() -> None:
    (note,) = only(result(WBC, "NTE|1|L|标本无溶血|RE^备注^L"), "Observation")["note"]
    assert note["authorString"] == "Ancillary (filler) department"
    assert note["extension"][0]["url"].endswith("/annotationType")
    assert note["extension"][0]["valueCodeableConcept"]["coding"][0]["code"] == "RE"


def test_who_entered_a_note_goes_before_the_side_that_it_comes_from() -> None:
    (note,) = only(result(WBC, "NTE|1|L|标本无溶血||0002^李技师"), "Observation")["note"]
    assert note["authorReference"]["display"] == "李技师"
    assert "authorString" not in note


def test_the_name_of_an_alternate_without_a_code_is_kept_once() -> None:
    done = result(
        WBC.replace("WBC^白细胞^L", "WBC^白细胞^L^^白细胞"), WBC.replace("WBC^白细胞^L", "PLT^血小板^L^^PLT计数")
    )
    same, other = (one["code"]["coding"] for one in resources(done, "Observation"))
    assert [one.get("display") for one in same] == ["白细胞"]
    assert [one.get("display") for one in other] == ["血小板", "PLT计数"]
    assert not any(location.startswith("OBX") for location in carried(done))


def test_a_local_coding_system_of_laboratory_and_analyser_is_the_system_of_its_number() -> None:
    done = result(f"{WBC}|||20260301|JYK^检验科^L||M1^速率法^L|AU5800^生化分析仪^L")
    assert not any(location.startswith("OBX") for location in carried(done))


def test_a_field_that_is_left_over_as_a_whole_is_carried_as_one() -> None:
    found = carried(result(f"{WBC}|||20260301||||||||||||A&1^B\\T\\C^^D"))
    assert found["OBX-26"] == "A&1^B\\T\\C^^D"
    assert not any(location.startswith("OBX-26.") for location in found)


def test_a_leaf_beside_others_that_have_a_place_is_carried_with_its_own_location() -> None:
    found = carried(result(f"{WBC}|||20260301|LAB^检验科^X77"))
    assert found["OBX-15.3"] == "X77"
