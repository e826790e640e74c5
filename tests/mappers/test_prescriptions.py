"""Orders for medicine, dispenses, charges, problems, and the ADT events of several patients."""

from __future__ import annotations

from typing import Any

import pytest

from mappers import Mapped
from tests.mappers.sample import adt, dangling, message, translate

PID = "PID|1||100200^^^^MRN||张三||19900101|M"
ORC = "ORC|NW|A900|F900"


def sent(type_: str, *segments: str) -> Mapped:
    done = translate(message(type_, *segments))
    assert dangling(done) == set()
    return done


def all_of(done: Mapped, kind: str) -> list[dict[str, Any]]:
    return [one.resource for one in done.statements if one.key[0] == kind]


def only(done: Mapped, kind: str) -> dict[str, Any]:
    (found,) = all_of(done, kind)
    return found


def test_a_code_alone_is_a_concept_and_with_a_strength_a_contained_medication() -> None:
    plain = only(sent("OMP^O09", PID, ORC, "RXO|M1^阿莫西林^L"), "MedicationRequest")
    assert plain["medicationCodeableConcept"]["text"] == "阿莫西林"
    assert "contained" not in plain
    strong = only(sent("RDE^O11", PID, ORC, "RXE||M1^阿莫西林^L|1" + "|" * 22 + "500|mg"), "MedicationRequest")
    assert strong["medicationReference"]["reference"] == "#medication"
    strength = strong["contained"][0]["ingredient"][0]["strength"]
    assert (str(strength["numerator"]["value"]), strength["numerator"]["code"]) == ("500", "mg")
    assert "extension" in strength["denominator"]  # R4 rat-1; nobody said in how much


def test_the_order_of_a_pharmacy_and_of_a_ward_are_one_request() -> None:
    ward = only(sent("OMP^O09", PID, ORC, "RXO|M1^阿莫西林^L"), "MedicationRequest")
    pharmacy = only(sent("RDE^O11", PID, ORC, "RXE||M1^阿莫西林^L"), "MedicationRequest")
    assert ward["id"] == pharmacy["id"]


def test_a_range_has_two_ends_and_a_fixed_dose_is_a_quantity() -> None:
    ranged = only(sent("OMP^O09", PID, ORC, "RXO|M1^药^L|1|2|mg"), "MedicationRequest")
    dose = ranged["dosageInstruction"][0]["doseAndRate"][0]
    assert str(dose["doseRange"]["low"]["value"]) == "1"
    assert dose["doseRange"]["high"]["code"] == "mg"
    fixed = only(sent("OMP^O09", PID, ORC, "RXO|M1^药^L|1||mg"), "MedicationRequest")
    assert "doseRange" not in fixed["dosageInstruction"][0]["doseAndRate"][0]


@pytest.mark.parametrize(
    ("control", "status"), [("NW", "active"), ("CA", "cancelled"), ("DC", "stopped"), ("HD", "on-hold")]
)
def test_the_control_code_is_the_status(control: str, status: str) -> None:
    done = sent("RDE^O11", PID, f"ORC|{control}|A900", "RXE||M1^药^L")
    assert only(done, "MedicationRequest")["status"] == status


def test_two_medicines_under_one_number_are_two_requests() -> None:
    done = sent("RDE^O11", PID, ORC, "RXE||M1^甲^L", ORC, "RXE||M2^乙^L")
    assert len({one["id"] for one in all_of(done, "MedicationRequest")}) == 2


def test_an_order_without_a_number_is_found_again_by_patient_medicine_and_time() -> None:
    one = only(sent("RDE^O11", PID, "ORC|NW|||||||" + "|20260301", "RXE||M1^甲^L"), "MedicationRequest")
    two = only(sent("RDE^O11", PID, "ORC|NW|||||||" + "|20260301", "RXE||M1^甲^L"), "MedicationRequest")
    assert one["id"] == two["id"]
    assert "identifier" not in one


def test_an_interval_of_2_3_is_read_from_the_old_field() -> None:
    done = only(sent("RDE^O11", PID, "ORC|NW|A900||||", "RXE|1^BID^D4^20260301^20260305|M1^药^L"), "MedicationRequest")
    timing = done["dosageInstruction"][0]["timing"]
    assert timing["code"]["coding"][0]["code"] == "BID"
    assert timing["repeat"]["boundsPeriod"] == {"start": "2026-03-01", "end": "2026-03-05"}


def test_an_end_before_its_start_is_left_out_and_said() -> None:
    done = sent("RDE^O11", PID, ORC, "RXE|^BID^^20260305^20260301|M1^药^L")
    period = only(done, "MedicationRequest")["dosageInstruction"][0]["timing"]["repeat"]["boundsPeriod"]
    assert period == {"start": "2026-03-05"}
    assert "date-order" in [issue.code for issue in done.issues]


def test_a_dispense_names_the_request_that_allows_it_and_does_not_overrule_it() -> None:
    done = sent("RDS^O13", PID, "ORC|RE|A900", "RXD|1|M1^药^L|20260301|24|粒")
    given, request = only(done, "MedicationDispense"), only(done, "MedicationRequest")
    assert given["authorizingPrescription"] == [{"reference": f"MedicationRequest/{request['id']}"}]
    assert given["status"] == "completed"
    assert request["status"] == "unknown"


def test_a_charge_is_a_charge_item_and_a_payment_is_carried() -> None:
    done = sent(
        "DFT^P03",
        f"{PID}||||||||||AC1",
        "FT1|1|T1||20260301||CG|F1^血常规^L|||1|25.00&CNY",
        "FT1|2|T2||20260301||PY||||1|25.00&CNY",
    )
    item, account = only(done, "ChargeItem"), only(done, "Account")
    assert item["account"] == [{"reference": f"Account/{account['id']}"}]
    assert (str(item["priceOverride"]["value"]), item["priceOverride"]["currency"]) == ("25.00", "CNY")


def test_a_guarantor_stands_in_the_account() -> None:
    done = sent("BAR^P01", f"{PID}||||||||||AC1", "GT1|1||张大三||||||||FTH^父亲^HL70063")
    person = only(done, "RelatedPerson")
    assert only(done, "Account")["guarantor"] == [{"party": {"reference": f"RelatedPerson/{person['id']}"}}]


def test_the_end_of_an_account_makes_it_inactive() -> None:
    assert only(sent("BAR^P06", f"{PID}||||||||||AC1"), "Account")["status"] == "inactive"


@pytest.mark.parametrize(("action", "end", "status"), [("AD", "", "active"), ("AD", "20260110", "resolved")])
def test_a_problem_is_active_until_it_is_resolved(action: str, end: str, status: str) -> None:
    done = sent("PPR^PC1", PID, f"PRB|{action}|20260301|I10^高血压^L|P1|||||{end}")
    assert only(done, "Condition")["clinicalStatus"]["coding"][0]["code"] == status


def test_a_deleted_problem_was_entered_in_error() -> None:
    condition = only(sent("PPR^PC3", PID, "PRB|DE|20260301|I10^高血压^L|P1"), "Condition")
    assert condition["verificationStatus"]["coding"][0]["code"] == "entered-in-error"
    assert "clinicalStatus" not in condition


SECOND = "PID|2||100300^^^^MRN||李四||19800202|F"


def visit(bed: str, number: str) -> str:
    return f"PV1|1|I|0401^01^{bed}" + "|" * 16 + f"{number}^^^^VN"


def test_two_patients_change_beds_each_with_his_own_visit() -> None:
    done = adt("A17", PID, visit("02", "V1"), SECOND, visit("03", "V2"))
    patients = {one["id"]: one["name"][0]["text"] for one in all_of(done, "Patient")}
    told = {
        patients[one["subject"]["reference"].partition("/")[2]]: one["location"][0]["location"]["display"]
        for one in all_of(done, "Encounter")
    }
    assert told == {"张三": "0401-01-02", "李四": "0401-01-03"}


def test_linked_patients_point_to_each_other_and_neither_is_replaced() -> None:
    first, second = all_of(adt("A24", PID, SECOND), "Patient")
    assert first["link"] == [{"other": {"reference": f"Patient/{second['id']}"}, "type": "seealso"}]
    assert second["link"] == [{"other": {"reference": f"Patient/{first['id']}"}, "type": "seealso"}]


def test_an_unlink_deletes_the_links() -> None:
    done = adt("A37", PID, SECOND)
    assert ["link" in one.deleted for one in done.statements if one.key[0] == "Patient"] == [True, True]


def test_a_deleted_person_is_inactive_and_a_deleted_visit_was_entered_in_error() -> None:
    assert only(adt("A29", PID), "Patient")["active"] is False
    assert only(adt("A23", PID, visit("02", "V1")), "Encounter")["status"] == "entered-in-error"


def test_the_state_of_a_bed_is_of_the_bed_alone() -> None:
    done = translate(message("ADT^A20", "EVN|A20|20260301", "NPU|0401^01^02|C"))
    bed = next(one for one in all_of(done, "Location") if one["name"] == "0401-01-02")
    assert bed["operationalStatus"]["code"] == "C"
    assert all_of(done, "Patient") == []


def test_the_software_and_the_answered_message_stand_with_the_header() -> None:
    done = adt("A08", "SFT|厂商|1.2|软件|B7", PID)
    provenance = all_of(done, "Provenance")[-1]
    assert provenance["contained"][0]["source"]["version"] == "1.2"
    (device,) = (one for one in all_of(done, "Device") if "version" in one)
    assert provenance["entity"][0]["agent"][0]["who"] == {"reference": f"Device/{device['id']}"}


def test_the_family_doctor_is_the_general_practitioner_and_others_are_the_care_team() -> None:
    done = adt("A08", PID, "ROL|R1|AD|PP^主治^HL70443|D77^赵^六", "ROL|R2|AD|AT|D78^钱^七")
    (role,) = all_of(done, "PractitionerRole")
    patient = only(done, "Patient")
    assert patient["generalPractitioner"] == [{"reference": f"PractitionerRole/{role['id']}"}]
    assert only(done, "CareTeam")["participant"][0]["member"]["display"] == "钱七"
