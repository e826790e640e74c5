"""How a referral and its answers stand: by RF1-1, by the event, by who sends; when and why."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mappers import Institution, Mapped, Site
from mappers.mapped import Weight
from tests.mappers.orders_sample import LAB, PID, TOWNSHIP, mapped
from tests.mappers.sample import line, only, resources

HOSPITAL = replace(LAB, code="hospital", institution="C01")
RP, RT = "PRD|RP^转出机构|郭医生||02^^^TOWNSHIP|||0001", "PRD|RT^转入机构|王医生||03^^^HOSPITAL|||1001"
DG1 = "DG1|1||I10.x00^高血压^I10"
FIELDS = {1: "P", 2: "R", 6: "ZZ001^TOWNSHIP", 7: "20260301090000"}


def referral(
    fields: dict[int, str], *more: str, event: str = "I12", code: str = "REF", site: Site = TOWNSHIP
) -> Mapped:
    head = {3: "HIS", 4: "TOWNSHIP", 5: "HIS", 6: "HOSPITAL", 7: "20260301100000"}
    parties = [] if any(one.startswith("PRD") for one in more) else [RP, RT]
    return mapped(f"{code}^{event}", line("RF1", {**FIELDS, **fields}), *parties, PID, DG1, *more, site=site, head=head)


def answer(fields: dict[int, str], *more: str, event: str = "I12", msa: str = "MSA|AA|M1") -> Mapped:
    return referral(fields, msa, *more, event=event, code="RRI", site=HOSPITAL)


def test_a_change_without_a_state_says_nothing_about_the_work() -> None:
    done = referral({1: ""}, event="I13")
    assert resources(done, "Task") == []
    assert only(done, "ServiceRequest")["status"] == "active"


@pytest.mark.parametrize(
    ("code", "request_status", "weight"),
    [
        ("P", "active", Weight.STATED),
        ("completed", "completed", Weight.STATED),
        ("cancelled", "revoked", Weight.REVOKED),
    ],
)
def test_rf1_1_states_the_request(code: str, request_status: str, weight: Weight) -> None:
    done = referral({1: code, 10: "3^无床位^L"})
    assert only(done, "ServiceRequest")["status"] == request_status
    assert {one.weight for one in done.statements if one.key[0] in ("ServiceRequest", "Task")} == {weight}


def test_an_empty_state_of_a_new_referral_is_that_of_the_event() -> None:
    assert only(referral({1: '""'}), "Task")["businessStatus"]["coding"][0]["code"] == "submitted"


def test_an_answer_without_a_state_only_mentions_the_request() -> None:
    done = answer({1: ""})
    assert resources(done, "Task") == []
    request = only(done, "ServiceRequest")
    assert (request["status"], request["intent"]) == ("unknown", "order")
    assert request["category"] == [
        {"coding": [{"system": "http://snomed.info/sct", "code": "3457005", "display": "Patient referral"}]}
    ]


def test_the_words_of_a_state_stand_beside_its_code() -> None:
    task = only(referral({1: "A^ 已接收 "}), "Task")
    assert task["businessStatus"]["text"] == "已接收"
    assert task["businessStatus"]["coding"][0]["system"].endswith("/CodeSystem/referral-task-status")
    assert "text" not in only(referral({1: 'A^""'}), "Task")["businessStatus"]
    assert "text" not in only(referral({1: "A"}), "Task")["businessStatus"]


def test_the_task_of_a_referral_is_the_fulfilment_of_the_request_for_the_patient() -> None:
    done = referral({})
    task, request = only(done, "Task"), only(done, "ServiceRequest")
    assert task["focus"] == {"reference": f"ServiceRequest/{request['id']}"}
    assert task["for"] == request["subject"] == {"reference": f"Patient/{only(done, 'Patient')['id']}"}
    assert task["code"] == {"coding": [{"system": "http://hl7.org/fhir/CodeSystem/task-code", "code": "fulfill"}]}
    assert task["intent"] == "order"
    assert done.patient == only(done, "Patient")["id"]
    assert done.order_key.endswith("referral|ZZ001")


@pytest.mark.parametrize(
    ("fields", "asked"),
    [
        ({9: "20260301083000"}, "2026-03-01T08:30:00+08:00"),
        ({7: "", 9: ""}, None),
        ({}, "2026-03-01T09:00:00+08:00"),
        ({7: "20260301110000"}, None),
        ({7: '""'}, None),
        ({7: "20260301"}, "2026-03-01"),
        ({7: "20260302"}, None),
    ],
)
def test_a_referral_was_asked_when_rf1_9_else_rf1_7_says_but_not_after_it_was_sent(
    fields: dict[int, str], asked: str | None
) -> None:
    task = only(referral(fields), "Task")
    assert task.get("authoredOn") == asked
    assert task["lastModified"] == "2026-03-01T10:00:00+08:00"


@pytest.mark.parametrize(
    ("fields", "more", "msa", "reason"),
    [
        ({10: "3^无床位^L"}, ("NTE|1||另一个",), "MSA|AA|M1|又一个", "无床位"),
        ({10: '""'}, ("NTE|1||床位已满",), "MSA|AA|M1|又一个", "床位已满"),
        ({}, (), "MSA|AE|M1| 科室停诊 ", "科室停诊"),
    ],
)
def test_the_reason_of_a_rejection_is_rf1_10_else_the_note_else_the_words_of_the_acknowledgement(
    fields: dict[int, str], more: tuple[str, ...], msa: str, reason: str
) -> None:
    task = only(answer({1: "R", **fields}, *more, msa=msa), "Task")
    assert task["statusReason"]["text"] == reason
    assert task["status"] == "rejected"


@pytest.mark.parametrize("code", ["E", "cancelled"])
def test_a_failure_may_have_no_reason(code: str) -> None:
    done = answer({1: code}, 'NTE|1||""')
    assert not done.refused
    assert "statusReason" not in only(done, "Task")


@pytest.mark.parametrize("code", ["E", "cancelled", "R"])
def test_whatever_ends_a_referral_early_has_its_reason(code: str) -> None:
    assert only(answer({1: code, 10: "3^无床位^L"}), "Task")["statusReason"]["text"] == "无床位"


def test_only_the_first_of_several_reasons_is_the_reason() -> None:
    assert only(answer({1: "R", 10: "3^无床位^L~4^无医生^L"}), "Task")["statusReason"]["text"] == "无床位"


def test_the_reason_of_a_referral_is_not_the_reason_of_its_task() -> None:
    done = referral({10: "2^疑难^L"})
    assert "statusReason" not in only(done, "Task")
    assert only(done, "ServiceRequest")["reasonCode"][0]["text"] == "疑难"


def test_a_note_belongs_to_the_request_of_a_referral_and_to_the_task_of_an_answer() -> None:
    asked = referral({}, "NTE|1||病情稳定")
    assert only(asked, "ServiceRequest")["note"] == [{"text": "病情稳定"}]
    assert "note" not in only(asked, "Task")
    told = answer({1: "A"}, "NTE|1||请携带病历")
    assert only(told, "Task")["note"] == [{"text": "请携带病历"}]
    assert "note" not in only(told, "ServiceRequest")


LEVELS = {
    **LAB.institutions,
    "V01": Institution("V01", "测试村卫生室", "village"),
    "P01": Institution("P01", "省医院", "province"),
}


@pytest.mark.parametrize(
    ("giver", "taker", "direction"),
    [
        ("VILLAGE", "TOWNSHIP", "up"),
        ("HOSPITAL", "VILLAGE", "down"),
        ("VILLAGE", "VILLAGE", "lateral"),
        ("PROVINCE", "HOSPITAL", None),
    ],
)
def test_villages_refer_too_and_a_house_of_another_level_has_no_direction(
    giver: str, taker: str, direction: str | None
) -> None:
    authorities = {**LAB.authorities, "VILLAGE": "V01", "PROVINCE": "P01"}
    site = replace(TOWNSHIP, institutions=LEVELS, authorities=authorities)
    done = referral({}, RP.replace("TOWNSHIP", giver), RT.replace("HOSPITAL", taker), site=site)
    found = only(done, "ServiceRequest").get("extension", [{}])[0]
    assert found.get("valueCoding", {}).get("code") == direction
    assert direction is None or found["url"].endswith("/StructureDefinition/referral-direction")


def test_a_site_says_the_direction_itself() -> None:
    site = replace(TOWNSHIP, codes={("referral-direction", "下转"): "down"})
    found, house = only(referral({3: "下转"}, site=site), "ServiceRequest")["extension"]
    assert house["url"].endswith("/requester-organization")
    assert found["valueCoding"]["code"] == "down"


@pytest.mark.parametrize(
    ("taker", "owner"),
    [
        ("PRD|RT|王医生|||||1001|||测试县检验中心^^^^^^^^^L01", "测试县检验中心"),
        ("PRD|RT|王医生|||||1001^^LAB", "测试县检验中心"),
        ("PRD|RT|王医生|||||1001^LAB", "测试县检验中心"),
        ("PRD|RT|王医生|||||1001^^何处", "测试县人民医院"),
        ("PRD|RT|王医生", "测试县人民医院"),
        ("PRD|RT", "测试县人民医院"),
    ],
)
def test_the_house_of_a_party_is_prd_10_else_that_of_its_number_else_the_receiver(taker: str, owner: str) -> None:
    assert only(referral({}, RP, taker), "Task")["owner"]["display"] == owner


@pytest.mark.parametrize(
    ("party", "display", "key"),
    [
        ("PRD|RP|郭医生||02^^^TOWNSHIP|||0001", "郭医生，测试镇卫生院", "practitioner"),
        ("PRD|RP|||02^^^TOWNSHIP|||0001", "测试镇卫生院", "practitioner"),
        ("PRD|RP|郭医生||02^^^TOWNSHIP", "郭医生，测试镇卫生院", None),
        ('PRD|RP|""||02^^^TOWNSHIP|||""', "测试镇卫生院", None),
    ],
)
def test_who_refers_is_a_person_at_a_house_or_the_house(party: str, display: str, key: str | None) -> None:
    done = referral({}, party, RT)
    assert only(done, "ServiceRequest")["requester"]["display"] == display
    own = [one for one in resources(done, "Practitioner") if one.get("identifier", [{}])[0].get("value") == "0001"]
    assert [one["identifier"][0]["system"].endswith(f"/T01/{key}") for one in own] == ([True] if key else [])


def test_the_first_party_of_a_role_counts_and_a_site_names_the_roles() -> None:
    site = replace(TOWNSHIP, codes={("referral-role", "转入"): "RT"})
    done = referral(
        {}, RP, RT.replace("RT^转入机构", "转入"), RP.replace("郭医生", "另一个").replace("0001", "0009"), site=site
    )
    request = only(done, "ServiceRequest")
    assert request["requester"]["display"] == "郭医生，测试镇卫生院"
    assert request["performer"][0]["display"] == "王医生，测试县人民医院"


@pytest.mark.parametrize("before", ["", "ZZ001^TOWNSHIP"])
def test_a_referral_answers_no_referral_and_never_itself(before: str) -> None:
    assert "basedOn" not in only(referral({11: before}), "ServiceRequest")


def test_the_referral_that_is_answered_is_only_mentioned() -> None:
    done = referral({11: "HZ009^HOSPITAL"})
    own, other = resources(done, "ServiceRequest")
    assert own["basedOn"] == [{"reference": f"ServiceRequest/{other['id']}"}]
    assert (other["status"], other["intent"], other["identifier"][0]["value"]) == ("unknown", "order", "HZ009")
    assert other["category"][0]["coding"][0]["code"] == "3457005"
    stated = {one.key[1]: (one.weight, one.owner) for one in done.statements}
    assert stated[other["id"]] == (Weight.MENTION, "C01")
    assert stated[own["id"]] == (Weight.STATED, "T01")


@pytest.mark.parametrize("aut", ["AUT|1^职工医保^L|YB01|县医保中心", "AUT|1^职工医保^L||||| AU77"])
def test_an_authorization_without_payer_or_number_is_carried(aut: str) -> None:
    done = referral({}, aut.replace(" ", ""))
    assert resources(done, "Coverage") == []
    assert "insurance" not in only(done, "ServiceRequest")


def test_findings_of_a_referral_have_the_time_of_their_section_and_no_result_status() -> None:
    done = referral(
        {}, "OBX|1|NM|WT^体重^L||61|kg", "OBR|1|||BP^血压|||20260301065000", "OBX|1|NM|SBP^收缩压^L||180|mmHg"
    )
    first, second = resources(done, "Observation")
    assert "effectiveDateTime" not in first
    assert second["effectiveDateTime"] == "2026-03-01T06:50:00+08:00"
    assert {first["status"], second["status"]} == {"unknown"}
    assert [one["reference"].split("/")[1] for one in only(done, "ServiceRequest")["supportingInfo"]] == [
        first["id"],
        second["id"],
    ]
