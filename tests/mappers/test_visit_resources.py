"""What a visit brings along only when a field says so: contacts, episodes, history, accounts, wills, changes."""

from __future__ import annotations

import pytest

from tests.mappers.sample import adt, dangling, line, only, resources

PV1 = {2: "I", 3: "W1^101^2", 19: "V1", 44: "20260301080000"}


def test_a_plain_visit_brings_nothing_of_them() -> None:
    mapped = adt("A01", line("PV1", PV1))
    kinds = {one.key[0] for one in mapped.statements}
    assert not kinds & {"EpisodeOfCare", "Basic", "Coverage", "Account", "Observation"}
    assert len(resources(mapped, "Provenance")) == 1


def test_next_of_kin_is_a_contact_of_the_patient_too() -> None:
    mapped = adt("A08", "NK1|1|李四|SPO^夫妻||13800000001")
    (contact,) = only(mapped, "Patient")["contact"]
    assert contact["name"] == only(mapped, "RelatedPerson")["name"][0]
    assert contact["telecom"][0]["value"] == "13800000001"


def test_a_contact_of_nothing_is_no_contact() -> None:
    assert "contact" not in only(adt("A08", "NK1|1||SPO^夫妻"), "Patient")


def test_the_episode_of_a_visit_has_its_diagnoses() -> None:
    mapped = adt(
        "A01", line("PV1", {**PV1, 53: "孕期管理", 54: "E1"}), line("DG1", {3: "O09^孕期^I10", 6: "A", 15: "1"})
    )
    episode = only(mapped, "EpisodeOfCare")
    assert only(mapped, "Encounter")["episodeOfCare"] == [{"reference": f"EpisodeOfCare/{episode['id']}"}]
    assert episode["status"] == "active"
    assert episode["diagnosis"][0]["rank"] == 1
    assert dangling(mapped) == set()


def test_of_a_visit_that_is_over_nothing_says_that_its_episode_is() -> None:
    episode = only(adt("A03", line("PV1", {**PV1, 54: "E1"})), "EpisodeOfCare")
    assert "status" not in episode
    assert episode["_status"]["extension"][0]["valueCode"] == "unknown"


def test_a_prior_temporary_location_is_history() -> None:
    mapped = adt("A02", line("PV1", {**PV1, 43: "W8^1^1"}))
    found = only(mapped, "Basic")
    assert found["code"]["coding"][0]["code"] == "EncounterHistory"
    assert dangling(mapped) == set()


def test_the_financial_class_is_the_type_of_a_coverage() -> None:
    found = only(adt("A01", line("PV1", {**PV1, 20: "01&自费^20260101"})), "Coverage")
    assert found["type"]["text"] == "自费"
    assert found["period"] == {"start": "2026-01-01"}
    assert found["payor"][0]["extension"][0]["valueCode"] == "unknown"


def test_an_insured_of_the_same_name_is_the_patient_and_another_one_a_related_person() -> None:
    mapped = adt("A01", "IN1|1|2|310|医保局||||||||||||张三")
    assert only(mapped, "Coverage")["subscriber"]["reference"].startswith("Patient/")
    mapped = adt("A01", "IN1|1|2|310|医保局||||||||||||王五|SPO")
    assert only(mapped, "RelatedPerson")["name"][0]["text"] == "王五"


def test_a_merge_ends_the_prior_account() -> None:
    account = only(adt("A40", "PID|1||1^^^^MRN||张三", "MRG|2^^^^MRN||A9"), "Account")
    assert (account["status"], account["identifier"][0]["value"]) == ("unknown", "A9")


def test_a_last_change_said_twice_is_one_provenance() -> None:
    pid = line("PID", {3: "1^^^^MRN", 5: "张三", 33: "20260228101010"})
    found = [
        next(one for one in resources(adt(event, pid), "Provenance") if "entity" not in one) for event in ("A08", "A31")
    ]
    assert found[0] == found[1]
    assert found[0]["recorded"] == "2026-02-28T10:10:10+08:00"


def test_a_parent_diagnosis_of_the_message_is_referred_to() -> None:
    mapped = adt(
        "A01",
        line("PV1", PV1),
        line("DG1", {3: "J18.9^肺炎^I10", 20: "D1"}),
        line("DG1", {3: "J96.0^呼衰^I10", 20: "D2", 22: "D1"}),
    )
    first, second = resources(mapped, "Condition")
    (due,) = [one for one in second["extension"] if one["url"].endswith("condition-dueTo")]
    assert due["valueReference"]["reference"] == f"Condition/{first['id']}"


def test_the_words_of_the_clinician_are_the_text_of_a_diagnosis() -> None:
    code = only(adt("A01", line("DG1", {3: "J18.9^肺炎^I10", 4: "右下肺炎"})), "Condition")["code"]
    assert (code["text"], code["coding"][0]["display"]) == ("右下肺炎", "肺炎")


@pytest.mark.parametrize(
    ("sent", "code"), [("1^汉族", "01"), ("^蒙古", "02"), ("05", "05"), ("01^壮族^L", "08"), ("7", None)]
)
def test_the_name_of_an_ethnic_group_decides_its_code(sent: str, code: str | None) -> None:
    (found,) = only(adt("A08", line("PID", {3: "1^^^^MRN", 5: "张三", 22: sent})), "Patient")["extension"]
    national = [one["code"] for one in found["valueCodeableConcept"]["coding"] if "2.3.3.3" in one["system"]]
    assert national == ([code] if code else [])


def test_a_deleted_allergy_was_entered_in_error() -> None:
    found = only(adt("A60", "IAM|1|FA|P02^虾|MI|R1^皮疹|D|K2||||||||||resolved"), "AllergyIntolerance")
    assert found["verificationStatus"]["coding"][0]["code"] == "entered-in-error"
    assert "clinicalStatus" not in found


def test_an_institution_has_the_facts_of_the_county() -> None:
    (found,) = [one for one in resources(adt("A08"), "Organization") if one["name"] == "测试镇卫生院"]
    assert [one["valueCoding"]["code"] for one in found["extension"]] == ["township"]
