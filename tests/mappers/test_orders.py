"""Orders, as townships and hospitals send them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mappers.mapped import Weight
from tests.mappers.orders_sample import PID, TOWNSHIP, mapped, order
from tests.mappers.sample import codes, line, only, resources

ORC = "ORC|NW|A100|||||||20260301063000|||0001^王医生"
OBR = line("OBR", {1: "1", 2: "A100", 4: "BR^血常规^L", 24: "LAB"})


def test_a_new_order_is_an_active_request_and_a_requested_task() -> None:
    done = order(ORC, OBR)
    request, task = only(done, "ServiceRequest"), only(done, "Task")
    assert (request["status"], request["intent"]) == ("active", "order")
    assert request["authoredOn"] == "2026-03-01T06:30:00+08:00"
    assert request["identifier"][0]["value"] == "A100"
    assert request["category"][1]["coding"][0]["code"] == "lab"
    assert (task["status"], task["focus"]["reference"]) == ("requested", f"ServiceRequest/{request['id']}")
    assert task["owner"] == request["performer"][0]


def test_the_requester_is_the_doctor_at_the_institution_and_the_performer_the_centre() -> None:
    done = order(ORC, OBR)
    request, role = only(done, "ServiceRequest"), only(done, "PractitionerRole")
    assert request["requester"]["reference"] == f"PractitionerRole/{role['id']}"
    assert role["organization"]["display"] == "测试镇卫生院"
    assert role["practitioner"]["display"] == "王医生"
    assert request["performer"][0]["display"] == "测试县检验中心"


@pytest.mark.parametrize(
    ("control", "status", "request_status", "task"),
    [
        ("CA", "", "revoked", "cancelled"),
        ("OC", "", "revoked", "cancelled"),
        ("XO", "", "active", "requested"),
        ("SC", "IP", "active", "in-progress"),
        ("SC", "CM", "completed", "completed"),
        ("HD", "", "on-hold", "on-hold"),
        ("UA", "", "active", "rejected"),
        ("NW", "CM", "completed", "completed"),
    ],
)
def test_orc_5_goes_before_orc_1(control: str, status: str, request_status: str, task: str) -> None:
    done = order(f"ORC|{control}|A100|||{status}", OBR)
    assert only(done, "ServiceRequest")["status"] == request_status
    assert only(done, "Task")["status"] == task


def test_a_cancelled_order_cannot_be_revived_by_an_older_message() -> None:
    done = order("ORC|CA|A100", OBR)
    assert [one.weight for one in done.statements if one.key[0] == "ServiceRequest"] == [Weight.REVOKED]


def test_a_status_nobody_knows_is_unknown_and_on_the_work_list() -> None:
    done = order("ORC|??|A100", OBR)
    assert only(done, "ServiceRequest")["status"] == "unknown"
    assert resources(done, "Task") == []
    assert [(one["table"], one["code"]) for one in done.unmapped] == [("order-control", "??")]


def test_a_site_may_say_what_its_order_controls_mean() -> None:
    site = replace(TOWNSHIP, codes={("order-control", "新开"): "NW"})
    assert only(order("ORC|新开|A100", OBR, site=site), "ServiceRequest")["status"] == "active"


def test_an_orc_behind_its_obr_is_the_same_order() -> None:
    (one,) = resources(order(OBR, ORC), "ServiceRequest")
    assert one["authoredOn"] == "2026-03-01T06:30:00+08:00"


def test_a_cancellation_without_obr_finds_its_order() -> None:
    assert only(order("ORC|CA|A100"), "ServiceRequest")["id"] == only(order(ORC, OBR), "ServiceRequest")["id"]


def test_an_order_without_orc_is_an_order_of_unknown_state() -> None:
    assert only(order(OBR), "ServiceRequest")["status"] == "unknown"


def test_two_items_under_one_number_are_two_requests() -> None:
    done = order(ORC, OBR, "OBR|2|A100||SH^生化^L")
    first, second = resources(done, "ServiceRequest")
    assert first["id"] != second["id"]
    assert first["id"] == only(order(ORC, OBR), "ServiceRequest")["id"]
    assert {one["code"]["text"] for one in (first, second)} == {"血常规", "生化"}


def test_an_order_without_any_number_is_refused() -> None:
    done = order("ORC|NW", "OBR|1|||BR^血常规^L")
    assert codes(done) == ["order-unidentified"]
    assert done.refused


def test_a_number_only_in_ei_3_is_the_number() -> None:
    done = order("ORC|NW", "OBR|1|^^1900000001^TOWNSHIP||BR^血常规^L")
    assert only(done, "ServiceRequest")["identifier"][0]["value"] == "1900000001"


def test_a_second_number_in_one_ei_is_kept_as_bar_code() -> None:
    done = order("ORC|NW|A100^TOWNSHIP^1803^TOWNSHIP", "OBR|1|||BR^血常规^L")
    values = [one["value"] for one in only(done, "ServiceRequest")["identifier"]]
    assert values == ["A100", "1803"]


def test_a_universal_id_is_no_second_number() -> None:
    done = order("ORC|NW|A100^HIS^2.999.1^ISO", "OBR|1|||BR^血常规^L")
    (one,) = only(done, "ServiceRequest")["identifier"]
    assert (one["system"], one["value"]) == ("urn:oid:2.999.1", "A100")


def test_an_add_on_order_is_still_an_order_and_a_reflex_order_says_so() -> None:
    plain, reflex = OBR.split("|"), OBR.split("|")
    plain[11], reflex[11] = "A", "G"
    assert only(order(ORC, "|".join(plain)), "ServiceRequest")["intent"] == "order"
    assert only(order(ORC, "|".join(reflex)), "ServiceRequest")["intent"] == "reflex-order"


@pytest.mark.parametrize(("written", "priority"), [("S", "stat"), ("R", "routine"), ("加急", "urgent")])
def test_the_priority_of_obr_5_is_coded(written: str, priority: str) -> None:
    fields = OBR.split("|")
    fields[5] = written
    assert only(order(ORC, "|".join(fields)), "ServiceRequest")["priority"] == priority


def test_the_diagnosis_is_the_reason() -> None:
    done = order(ORC, OBR, "DG1|1||J18.900^肺炎^I10|||W")
    reason = only(done, "ServiceRequest")["reasonReference"]
    assert reason == [{"reference": f"Condition/{only(done, 'Condition')['id']}"}]


def test_an_observation_sent_with_the_order_informs_it() -> None:
    done = order(ORC, OBR, "OBX|1|NM|HT^身高^L||172|cm")
    found = only(done, "Observation")
    assert found["status"] == "unknown"
    assert only(done, "ServiceRequest")["supportingInfo"] == [{"reference": f"Observation/{found['id']}"}]


def test_the_specimen_of_an_order_and_of_its_result_are_one() -> None:
    spm = "SPM|1|^S77&LAB||SER^血清"
    placed = order(ORC, OBR, spm, kind="OML^O21")
    reported = mapped("OUL^R22", PID, spm, line("OBR", {2: "A100^TOWNSHIP", 3: "R1", 4: "BR", 25: "F"}))
    assert only(placed, "Specimen")["id"] == only(reported, "Specimen")["id"]


def test_an_imaging_order_reserves_its_study() -> None:
    done = order(ORC, OBR.replace("LAB", "CT"), "IPC|ACC1|P1|2.25.7.7.7.7|S1|CT", kind="OMI^O23")
    study, request = only(done, "ImagingStudy"), only(done, "ServiceRequest")
    assert (study["status"], study["basedOn"][0]["reference"]) == ("registered", f"ServiceRequest/{request['id']}")
    assert request["category"][1]["coding"][0]["code"] == "imaging"
    assert "ACC1" in {one["value"] for one in request["identifier"]}


def test_a_medicine_order_is_a_medication_request_and_no_service() -> None:
    done = order("ORC|NW|A100", "RXO|123^药^L")
    assert not done.refused
    assert resources(done, "ServiceRequest") == []
    assert only(done, "MedicationRequest")["medicationCodeableConcept"]["text"] == "药"


def test_an_order_for_a_diet_is_not_taken_for_a_service() -> None:
    done = order("ORC|NW|A100", "ODS|D||LOWNA^低盐^L")
    assert resources(done, "ServiceRequest") == []
    assert only(done, "NutritionOrder")["oralDiet"]["type"][0]["text"] == "低盐"


def test_an_order_for_blood_is_not_taken_for_a_service() -> None:
    done = order("ORC|NW|A100", "BPO|1|RBC^红细胞^L")
    assert done.refused
    assert resources(done, "ServiceRequest") == []


def test_a_section_nobody_knows_is_on_the_work_list() -> None:
    done = order(ORC, OBR.replace("LAB", "检验"))
    assert "category" not in only(done, "ServiceRequest")
    assert [(one["table"], one["code"]) for one in done.unmapped] == [("service-category", "检验")]


def test_a_site_names_its_sections() -> None:
    site = replace(TOWNSHIP, codes={("service-category", "检验"): "LAB"})
    done = order(ORC, OBR.replace("LAB", "检验"), site=site)
    assert only(done, "ServiceRequest")["category"][0]["coding"][0]["code"] == "LAB"


def test_an_order_never_overrules_what_registration_said() -> None:
    done = order(ORC, OBR)
    assert {one.weight for one in done.statements if one.key[0] in ("Patient", "Person")} == {Weight.MENTION}
