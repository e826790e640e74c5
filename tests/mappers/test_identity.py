"""Who a message is about: one Patient per institution and number, one Person per valid resident number."""

from __future__ import annotations

import pytest

from mappers import Weight
from mappers.derived import derived_id
from mappers.draft import Draft
from mappers.identity import patient
from mappers.site import Context
from profiles.systems import RESIDENT_ID as RESIDENT_SYSTEM
from tests.mappers.sample import RESIDENT, SITE, adt, codes, message, only, resources, translate, with_keys

LOCAL = "https://qiao-fhir.github.io/cmc/sid"


def pid(*identifiers: str, name: str = "张三", born: str = "19900101", sex: str = "M", more: str = "") -> str:
    return f"PID|1||{'~'.join(identifiers)}||{name}||{born}|{sex}{more}"


def test_the_id_of_a_patient_follows_from_authority_kind_and_number() -> None:
    found = only(adt("A04", pid("100200^^^^MRN")), "Patient")
    assert found["id"] == derived_id("Patient", f"{LOCAL}/T01/mrn", "100200")
    assert found["identifier"][0]["system"] == f"{LOCAL}/T01/mrn"


def test_equal_numbers_of_two_institutions_are_two_patients() -> None:
    here = only(adt("A04", pid("100200^^^TOWNSHIP^MRN")), "Patient")
    there = adt("A04", pid("100200^^^COUNTY^MRN"))
    assert only(there, "Patient")["id"] != here["id"]
    (statement,) = [one for one in there.statements if one.key[0] == "Patient"]
    assert statement.owner == "C01"


def test_an_unknown_authority_is_kept_apart_by_its_name() -> None:
    found = only(adt("A04", pid("100200^^^ELSEWHERE^MRN")), "Patient")
    assert found["identifier"][0]["system"] == f"{LOCAL}/T01/ELSEWHERE/mrn"
    assert found["identifier"][0]["assigner"] == {"display": "ELSEWHERE"}


def test_an_authority_with_an_oid_gives_the_system() -> None:
    found = only(adt("A04", pid("100200^^^X&1.2.3.4&ISO^MRN")), "Patient")
    assert found["identifier"][0]["system"] == "urn:oid:1.2.3.4"


def test_the_kind_that_the_site_ranks_best_identifies() -> None:
    segments = pid("7^^^^IDCard", "8^^^^PatientNO")
    assert only(adt("A04", segments), "Patient")["id"] == derived_id("Patient", f"{LOCAL}/T01/inpatient-no", "8")
    other = adt("A04", segments, site=with_keys("visit-card", "inpatient-no"))
    assert only(other, "Patient")["id"] == derived_id("Patient", f"{LOCAL}/T01/visit-card", "7")


def test_pid_2_identifies_only_when_pid_3_does_not() -> None:
    assert only(adt("A04", "PID|1|99|8^^^^PatientNO||张三"), "Patient")["id"] == derived_id(
        "Patient", f"{LOCAL}/T01/inpatient-no", "8"
    )
    assert only(adt("A04", "PID|1|99|||张三"), "Patient")["id"] == derived_id("Patient", f"{LOCAL}/T01/mrn", "99")


def test_a_valid_resident_number_joins_the_patients_of_two_institutions_in_one_person() -> None:
    here = adt("A04", pid("1^^^^MRN", f"{RESIDENT}^^^^IdentifyNO"))
    there = adt("A04", pid("2^^^COUNTY^MRN", f"{RESIDENT}^^^^IdentifyNO"))
    assert only(here, "Person")["id"] == only(there, "Person")["id"]
    assert only(here, "Person")["link"] == [{"target": {"reference": f"Patient/{only(here, 'Patient')['id']}"}}]
    assert only(here, "Person")["identifier"] == [{"system": RESIDENT_SYSTEM, "value": RESIDENT}]


def test_a_wrong_check_digit_is_kept_said_and_joins_nobody() -> None:
    found = adt("A04", pid("1^^^^MRN", "999999199001010017^^^^IdentifyNO"))
    assert "identifier-check-digit" in codes(found)
    assert resources(found, "Person") == []
    number = only(found, "Patient")["identifier"][1]
    assert number["system"] == f"{LOCAL}/T01/unverified-resident-id"
    assert number["value"] == "999999199001010017"
    assert not found.refused


def test_a_birth_date_or_sex_that_contradicts_the_number_joins_nobody_and_stays_as_sent() -> None:
    born = adt("A04", pid("1^^^^MRN", f"{RESIDENT}^^^^IdentifyNO", born="19900102"))
    assert "identifier-birthdate-mismatch" in codes(born)
    assert only(born, "Patient")["birthDate"] == "1990-01-02"
    sex = adt("A04", pid("1^^^^MRN", f"{RESIDENT}^^^^IdentifyNO", sex="F"))
    assert "identifier-sex-mismatch" in codes(sex)
    assert resources(born, "Person") == resources(sex, "Person") == []


def test_a_visit_card_that_looks_like_a_resident_number_is_no_resident_number() -> None:
    found = adt("A04", pid(f"{RESIDENT}^^^^IDCard"))
    assert "identifier-looks-like-id" in codes(found)
    assert resources(found, "Person") == []
    assert only(found, "Patient")["identifier"][0]["system"] == f"{LOCAL}/T01/visit-card"


def test_the_social_security_slot_of_old_systems_may_hold_a_resident_number() -> None:
    found = adt("A04", pid("1^^^^MRN", more=f"|||||||||||{RESIDENT}"))
    assert only(found, "Person")["identifier"][0]["value"] == RESIDENT


def test_a_fifteen_digit_number_stands_in_both_forms() -> None:
    found = only(adt("A04", pid("1^^^^MRN", "999999900101001^^^^IdentifyNO")), "Patient")
    values = {one["system"]: one["value"] for one in found["identifier"]}
    assert values[f"{LOCAL}/T01/unverified-resident-id"] == "999999900101001"
    assert values[RESIDENT_SYSTEM].startswith("99999919900101001")


def test_a_repetition_without_a_value_is_no_identifier_and_is_said() -> None:
    found = adt("A04", pid("1^^^^MRN", "^^^^PatientNO"))
    assert len(only(found, "Patient")["identifier"]) == 1
    reasons = [line.path for lines in found.ledger.lines.values() for line in lines if line.outcome == "dropped"]
    assert "identifier-without-value" in reasons


def test_an_unknown_type_is_a_local_identifier_of_its_own_kind() -> None:
    found = adt("A04", pid("1^^^^MRN", "77^^^^Foo"))
    assert "identifier-type-unknown" in codes(found)
    assert only(found, "Patient")["identifier"][1]["system"] == f"{LOCAL}/T01/type-foo"


def test_a_patient_without_any_number_is_refused_and_still_accounted_for() -> None:
    read = message("ADT^A04", "EVN|A04|20260301", "PID|1||||张三")
    found = translate(read)
    assert codes(found) == ["patient-unidentified"]
    assert found.refused
    assert found.statements == ()
    assert found.ledger.unaccounted(read) == []


def test_a_mention_stays_a_mention_until_somebody_states_the_patient() -> None:
    read = message("ORU^R01", pid("1^^^^MRN"))
    draft = Draft(read, Context(SITE, "2026-03-01T08:00:01+08:00", "urn:x"))
    segment = read.first("PID")
    assert segment is not None
    sheet = patient(segment, draft, Weight.MENTION)
    assert sheet is not None
    assert sheet.weight is Weight.MENTION
    assert patient(segment, draft) is sheet
    assert sheet.weight is Weight.STATED


def test_a_merge_links_both_ways_and_makes_the_old_one_inactive() -> None:
    found = adt("A40", pid("2^^^^MRN"), "MRG|1^^^^MRN")
    kept, gone = resources(found, "Patient")
    assert gone["active"] is False
    assert gone["link"] == [{"other": {"reference": f"Patient/{kept['id']}"}, "type": "replaced-by"}]
    assert kept["link"] == [{"other": {"reference": f"Patient/{gone['id']}"}, "type": "replaces"}]
    assert [(merge.gone, merge.kept) for merge in found.merges] == [(gone["id"], kept["id"])]
    assert gone["identifier"][0]["value"] == "1"


def test_a_merge_may_carry_several_pairs() -> None:
    found = adt("A40", pid("2^^^^MRN"), "MRG|1^^^^MRN", pid("4^^^^MRN"), "MRG|3^^^^MRN")
    assert len(found.merges) == 2


def test_a_merge_without_an_old_number_is_refused() -> None:
    assert "segment-missing" in codes(adt("A40", pid("2^^^^MRN")))
    assert "patient-unidentified" in codes(adt("A40", pid("2^^^^MRN"), "MRG|^^^^MRN"))


def test_a_wrong_identity_number_in_the_social_security_slot_is_kept_said_and_joins_nobody() -> None:
    found = adt("A04", pid("1^^^^MRN", more=f"|||||||||||{RESIDENT[:17]}7"))
    assert codes(found) == ["identifier-check-digit"]
    assert found.issues[0].location == "PID-19"
    assert resources(found, "Person") == []
    number = only(found, "Patient")["identifier"][1]
    assert number["system"] == f"{LOCAL}/T01/unverified-resident-id"
    assert number["value"] == f"{RESIDENT[:17]}7"


def test_another_number_in_the_social_security_slot_is_a_social_security_number() -> None:
    found = adt("A04", pid("1^^^^MRN", more="|||||||||||123456789"))
    assert codes(found) == []
    assert only(found, "Patient")["identifier"][1]["system"] == f"{LOCAL}/T01/social-security"


@pytest.mark.parametrize("name", ["pacs测试1", "测试患者", "test", "TEST1", "张三test", "Test^Patient", "ceshi02"])
def test_a_patient_named_as_a_test_is_tagged_and_said(name: str) -> None:
    found = adt("A04", pid("1^^^^MRN", name=name))
    assert codes(found) == ["patient-test"]
    assert found.issues[0].severity == "information"
    assert only(found, "Patient")["meta"]["tag"][0]["code"] == "HTEST"


@pytest.mark.parametrize("name", ["张三", "欧阳·测", "Testa^Maria", "Contest", "买买提·吐尔逊", "石试金"])
def test_an_ordinary_name_is_no_test(name: str) -> None:
    found = adt("A04", pid("1^^^^MRN", name=name))
    assert codes(found) == []
    assert "meta" not in only(found, "Patient")
