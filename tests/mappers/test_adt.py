"""ADT: what happened to a visit, and what stands around it."""

from __future__ import annotations

import pytest

from mappers import Weight
from mappers.derived import derived_id
from tests.mappers.sample import adt, codes, dangling, line, message, only, resources, translate

LOCAL = "https://qiao-fhir.github.io/cmc/sid"
VISIT = {1: "1", 2: "I", 3: "W1^101^2", 6: "W0^^1", 7: "D1^测试医师", 14: "1", 19: "V77", 44: "20260228093000"}
PV1 = line("PV1", VISIT)


def test_an_admission_is_a_visit_in_progress() -> None:
    found = only(adt("A01", PV1), "Encounter")
    assert found["id"] == derived_id("Encounter", f"{LOCAL}/T01/visit-no", "V77")
    assert found["status"] == "in-progress"
    assert found["class"] == {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"}
    assert found["period"] == {"start": "2026-02-28T09:30:00+08:00"}
    assert found["identifier"][0]["value"] == "V77"
    assert found["identifier"][0]["type"]["coding"][0]["code"] == "VN"


def test_every_reference_resolves_inside_the_bundle() -> None:
    found = adt("A01", PV1, "NK1|1|李四|SPO^配偶", "DG1|1||I10^高血压", "AL1|1|DA|P^青霉素", "IN1|1|A|B|C")
    assert dangling(found) == set()


def test_places_are_a_chain_from_ward_to_bed() -> None:
    mapped = adt("A01", PV1)
    places = {one["id"]: one for one in resources(mapped, "Location")}
    active, before = only(mapped, "Encounter")["location"]
    assert (active["status"], before["status"]) == ("active", "completed")
    bed = places[active["location"]["reference"].partition("/")[2]]
    room = places[bed["partOf"]["reference"].partition("/")[2]]
    ward = places[room["partOf"]["reference"].partition("/")[2]]
    assert [one["name"] for one in (bed, room, ward)] == ["W1-101-2", "W1-101", "W1"]
    assert bed["identifier"][0]["value"] == "2"


def test_doctors_are_participants_with_their_role() -> None:
    mapped = adt("A01", PV1)
    (participant,) = only(mapped, "Encounter")["participant"]
    assert participant["type"][0]["coding"][0]["code"] == "ATND"
    assert participant["individual"]["reference"] == f"Practitioner/{only(mapped, 'Practitioner')['id']}"
    (statement,) = [one for one in mapped.statements if one.key[0] == "Practitioner"]
    assert statement.weight is Weight.MENTION


STATUS = {
    "A01": "in-progress",
    "A02": "in-progress",
    "A03": "finished",
    "A04": "arrived",
    "A05": "planned",
    "A08": "in-progress",
    "A11": "cancelled",
    "A12": "in-progress",
    "A13": "in-progress",
}


@pytest.mark.parametrize(("event", "status"), STATUS.items())
def test_the_event_gives_the_status(event: str, status: str) -> None:
    assert only(adt(event, PV1), "Encounter")["status"] == status


def test_an_update_of_a_visit_that_has_an_end_is_finished() -> None:
    assert only(adt("A08", f"{PV1}|20260301070000"), "Encounter")["status"] == "finished"


def test_a_discharge_without_an_end_ends_when_the_event_says() -> None:
    assert only(adt("A03", PV1), "Encounter")["period"]["end"] == "2026-03-01T07:59:00+08:00"
    assert only(adt("A03", f"{PV1}|20260301070000"), "Encounter")["period"]["end"] == "2026-03-01T07:00:00+08:00"


def test_a_cancelled_discharge_has_no_end() -> None:
    mapped = adt("A13", f"{PV1}|20260301070000")
    assert only(mapped, "Encounter")["period"] == {"start": "2026-02-28T09:30:00+08:00"}
    (statement,) = [one for one in mapped.statements if one.key[0] == "Encounter"]
    assert statement.deleted == {"period.end"}
    read = message("ADT^A13", "EVN|A13|20260301", "PID|1||1^^^^MRN||张三", f"{PV1}|20260301070000")
    assert translate(read).ledger.unaccounted(read) == []


def test_an_end_before_the_beginning_is_left_out_and_said() -> None:
    mapped = adt("A08", f"{PV1}|20260101")
    assert "date-order" in codes(mapped)
    assert "end" not in only(mapped, "Encounter")["period"]


def test_an_unmapped_class_refuses_the_message() -> None:
    mapped = adt("A01", PV1.replace("|I|", "|?|"))
    assert "code-unmapped-refused" in codes(mapped)
    assert mapped.refused
    assert resources(mapped, "Encounter") == []


def test_a_class_of_the_site_is_mapped() -> None:
    assert only(adt("A01", PV1.replace("|I|", "|住院|")), "Encounter")["class"]["code"] == "IMP"


def test_a_visit_without_a_number_is_found_again_by_patient_class_and_admission_time() -> None:
    bare = PV1.replace("V77", "")
    assert only(adt("A01", bare), "Encounter")["id"] == only(adt("A03", bare), "Encounter")["id"]


def test_a_visit_that_cannot_be_identified_is_left_out_and_said() -> None:
    mapped = adt("A02", "PV1|1|I|W1")
    assert resources(mapped, "Encounter") == []
    assert "resource-left-out" in codes(mapped)


def test_a_diagnosis_is_a_condition_of_the_visit_with_use_and_rank() -> None:
    mapped = adt("A01", PV1, "DG1|1||I10.x00^高血压^ICD-10-CN||20260228|A|||||||||1")
    condition = only(mapped, "Condition")
    assert condition["code"]["coding"][0] == {
        "system": "urn:oid:2.16.156.10011.2.3.3.11",
        "code": "I10.x00",
        "display": "高血压",
    }
    (diagnosis,) = only(mapped, "Encounter")["diagnosis"]
    assert diagnosis["condition"] == {"reference": f"Condition/{condition['id']}"}
    assert diagnosis["rank"] == 1
    assert diagnosis["use"]["coding"][0]["code"] == "AD"


def test_working_and_final_diagnoses_are_codes_of_hl7_and_no_work_for_anybody() -> None:
    mapped = adt("A01", PV1, "DG1|1||I10^高血压|||W", "DG1|2||E11^糖尿病|||F")
    uses = [one["use"]["coding"] for one in only(mapped, "Encounter")["diagnosis"]]
    system = "http://terminology.hl7.org/CodeSystem/v2-0052"
    assert uses == [
        [{"system": system, "code": "W", "display": "Working"}],
        [{"system": system, "code": "F", "display": "Final"}],
    ]
    assert mapped.unmapped == ()


def test_a_deleted_diagnosis_is_entered_in_error_and_no_diagnosis_of_the_visit() -> None:
    mapped = adt("A08", PV1, line("DG1", {1: "1", 3: "I10^高血压", 21: "D"}))
    assert only(mapped, "Condition")["verificationStatus"]["coding"][0]["code"] == "entered-in-error"
    assert "diagnosis" not in only(mapped, "Encounter")


def test_a_relative_without_a_name_or_a_number_is_nobody() -> None:
    assert resources(adt("A01", "NK1|1||^0"), "RelatedPerson") == []
    relative = only(adt("A01", "NK1|1|李四|SPO^配偶||13800000001"), "RelatedPerson")
    assert relative["relationship"][0]["coding"][0]["code"] == "SPS"
    assert relative["telecom"][0]["value"] == "13800000001"


def test_insurance_without_a_payer_is_left_out_and_said() -> None:
    assert "resource-left-out" in codes(adt("A01", "IN1|1|A"))
    coverage = only(adt("A01", "IN1|1|A^普通医保|310|测试医保局"), "Coverage")
    assert coverage["payor"][0]["display"] == "测试医保局"
    assert coverage["class"][0]["value"] == "A"


def test_a_payer_with_number_and_name_is_one_organization() -> None:
    payers = resources(adt("A01", "IN1|1|A^普通医保|310|测试医保局"), "Organization")
    assert [one["identifier"][0]["value"] for one in payers if one["name"] == "测试医保局"] == ["310"]


def test_the_code_of_a_plan_identifies_no_coverage() -> None:
    coverage = only(adt("A01", "IN1|1|A^普通医保|310|测试医保局"), "Coverage")
    assert "identifier" not in coverage
    (plan,) = coverage["class"]
    assert (plan["type"]["coding"][0]["code"], plan["value"], plan["name"]) == ("plan", "A", "普通医保")


def test_severity_is_criticality_unless_there_is_a_reaction() -> None:
    assert only(adt("A01", "AL1|1|DA|P^青霉素|SV"), "AllergyIntolerance")["criticality"] == "high"
    found = only(adt("A01", "AL1|1|DA|P^青霉素|SV|皮疹"), "AllergyIntolerance")
    assert found["reaction"] == [{"manifestation": [{"text": "皮疹"}], "severity": "severe"}]
    assert "criticality" not in found


def test_null_deletes_and_empty_says_nothing() -> None:
    mapped = adt("A08", 'PID|1||1^^^^MRN||张三||""|M||||""||')
    (statement,) = [one for one in mapped.statements if one.key[0] == "Patient"]
    assert statement.deleted == {"birthDate", "address"}
    assert not {"birthDate", "address"} & set(statement.resource)
    empty = adt("A08", "PID|1||1^^^^MRN||张三|||M")
    (statement,) = [one for one in empty.statements if one.key[0] == "Patient"]
    assert statement.deleted == frozenset()


def test_the_event_time_is_evn_2_then_evn_6_then_msh_7_then_receipt() -> None:
    assert adt("A08", "EVN|A08|20260301075900||||20260228").event_time == "2026-03-01T07:59:00+08:00"
    assert adt("A08", "EVN|A08|||||20260228070000").event_time == "2026-02-28T07:00:00+08:00"
    assert adt("A08", "EVN|A08").event_time == "2026-03-01T08:00:00+08:00"


def test_one_provenance_speaks_of_every_resource_and_names_sender_operator_and_message() -> None:
    mapped = adt("A01", "EVN|A01|20260301075900|||O1^测试员", PV1)
    found = only(mapped, "Provenance")
    others = {f"{kind}/{identity}" for kind, identity in (one.key for one in mapped.statements) if kind != "Provenance"}
    assert {one["reference"] for one in found["target"]} == others
    assert [one["type"]["coding"][0]["code"] for one in found["agent"]] == ["author", "enterer", "assembler"]
    assert found["entity"][0]["what"]["identifier"]["value"] == "urn:qiao:message:township-his:M1"
    assert found["recorded"] == "2026-03-01T07:59:00+08:00"


def test_a_value_without_a_home_is_carried_with_its_location() -> None:
    read = message("ADT^A08", "EVN|A08|20260301", "PID|1||1^^^^MRN||张三", "ZPX|甲&乙^丙")
    mapped = translate(read)
    carried = {
        part["extension"][0]["valueString"]: part["extension"][1]["valueString"]
        for part in only(mapped, "Provenance")["extension"]
        if "extension" in part
    }
    assert carried["ZPX-1"] == "甲&乙^丙"
    outcomes = {read.locate(leaf): lines[0].outcome for leaf, lines in mapped.ledger.lines.items()}
    assert [outcomes[f"ZPX-1.{part}"] for part in ("1.1", "1.2", "2")] == ["carried"] * 3
    assert mapped.ledger.unaccounted(read) == []


def test_a_set_id_is_structural_but_a_number_in_its_place_is_kept() -> None:
    read = message("ADT^A08", "PID|1900000001||1^^^^MRN||张三", "NK1|1|李四")
    lines = {read.locate(leaf): found[0] for leaf, found in translate(read).ledger.lines.items()}
    assert (lines["NK1-1"].outcome, lines["NK1-1"].path) == ("dropped", "set-id")
    assert lines["PID-1"].outcome == "carried"


@pytest.mark.parametrize(
    ("type_", "code"),
    [("ADT^A99", "event-unsupported"), ("XYZ^Z01", "message-type-unsupported"), ("", "message-type-missing")],
)
def test_a_message_that_is_not_translated_is_refused_and_its_leaves_stay_in_the_journal(type_: str, code: str) -> None:
    read = message(type_, "PID|1||1^^^^MRN||张三")
    mapped = translate(read)
    assert codes(mapped) == [code]
    assert mapped.statements == ()
    assert mapped.ledger.unaccounted(read) == []
    assert {line.path for found in mapped.ledger.lines.values() for line in found if line.outcome == "carried"} == {
        "journal#message"
    }


def test_the_same_message_gives_the_same_bundle() -> None:
    assert adt("A01", PV1, "DG1|1||I10").bundle == adt("A01", PV1, "DG1|1||I10").bundle
