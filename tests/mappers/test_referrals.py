"""Two-way referral: who asks whom for what, and how it stands."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mappers import Mapped, Site
from mappers.mapped import Weight
from tests.mappers.orders_sample import LAB, PID, TOWNSHIP, mapped
from tests.mappers.sample import codes, only, resources

HOSPITAL = replace(LAB, code="hospital", institution="C01")
RF1 = "RF1|P|R^普通|MED^医疗||O|ZZ001^TOWNSHIP|20260301090000|20260308"
RP = "PRD|RP^转出机构|郭医生||02^^^TOWNSHIP|||0001"
RT = "PRD|RT^转入机构|王医生||03^^^HOSPITAL|||1001"
DG1 = "DG1|1||I10.x00^高血压^I10|||W"


def referral(*segments: str, event: str = "I12", site: Site = TOWNSHIP) -> Mapped:
    head = {3: "HIS", 4: "TOWNSHIP", 5: "HIS", 6: "HOSPITAL", 7: "20260301100000"}
    return mapped(f"REF^{event}", *segments, site=site, head=head)


def answer(rf1: str, *segments: str) -> Mapped:
    head = {3: "HIS", 4: "HOSPITAL", 5: "HIS", 6: "TOWNSHIP", 7: "20260301110000"}
    return mapped("RRI^I12", "MSA|AA|M1", rf1, RP, RT, PID, *segments, site=HOSPITAL, head=head)


def test_a_referral_is_a_request_from_one_doctor_to_another() -> None:
    done = referral(RF1, RP, RT, PID, DG1)
    request = only(done, "ServiceRequest")
    assert (request["status"], request["intent"]) == ("active", "order")
    assert request["category"][0]["coding"][0]["code"] == "3457005"
    assert request["identifier"][0]["value"] == "ZZ001"
    assert request["occurrencePeriod"]["end"] == "2026-03-08"
    assert request["requester"]["display"] == "郭医生，测试镇卫生院"
    assert request["performer"][0]["display"] == "王医生，测试县人民医院"
    assert request["reasonReference"] == [{"reference": f"Condition/{only(done, 'Condition')['id']}"}]


def test_its_task_is_submitted_to_the_receiving_institution() -> None:
    task = only(referral(RF1, RP, RT, PID, DG1), "Task")
    assert task["status"] == "requested"
    assert task["businessStatus"]["coding"][0]["code"] == "submitted"
    assert task["owner"]["display"] == "测试县人民医院"
    assert task["requester"]["display"] == "测试镇卫生院"


@pytest.mark.parametrize(
    ("giver", "taker", "direction"),
    [("TOWNSHIP", "HOSPITAL", "up"), ("HOSPITAL", "TOWNSHIP", "down"), ("HOSPITAL", "LAB", "lateral")],
)
def test_the_direction_follows_from_the_levels_of_the_institutions(giver: str, taker: str, direction: str) -> None:
    done = referral(RF1, RP.replace("TOWNSHIP", giver), RT.replace("HOSPITAL", taker), PID, DG1)
    assert only(done, "ServiceRequest")["extension"][0]["valueCoding"]["code"] == direction


def test_the_direction_is_not_guessed_for_an_outsider() -> None:
    done = referral(RF1, RP, RT.replace("HOSPITAL", "ELSEWHERE"), PID, DG1)
    (house,) = only(done, "ServiceRequest")["extension"]
    assert house["url"].endswith("/requester-organization")


@pytest.mark.parametrize(
    ("code", "business", "task"),
    [("A", "accepted", "accepted"), ("E", "no-show", "failed"), ("arrived", "arrived", "in-progress")],
)
def test_rf1_1_says_how_the_referral_stands(code: str, business: str, task: str) -> None:
    found = only(referral(RF1.replace("RF1|P", f"RF1|{code}"), RP, RT, PID, DG1), "Task")
    assert (found["businessStatus"]["coding"][0]["code"], found["status"]) == (business, task)


def test_a_cancellation_revokes_the_same_referral() -> None:
    done = referral(RF1, RP, RT, PID, DG1, event="I14")
    assert only(done, "ServiceRequest")["id"] == only(referral(RF1, RP, RT, PID, DG1), "ServiceRequest")["id"]
    assert only(done, "ServiceRequest")["status"] == "revoked"
    assert only(done, "Task")["businessStatus"]["coding"][0]["code"] == "cancelled"
    weights = {one.weight for one in done.statements if one.key[0] in ("ServiceRequest", "Task")}
    assert weights == {Weight.REVOKED}


def test_an_acceptance_states_the_task_and_only_mentions_the_request() -> None:
    done = answer(RF1.replace("RF1|P", "RF1|A"))
    assert only(done, "Task")["id"] == only(referral(RF1, RP, RT, PID, DG1), "Task")["id"]
    assert only(done, "Task")["status"] == "accepted"
    assert [one.weight for one in done.statements if one.key[0] == "ServiceRequest"] == [Weight.MENTION]


def test_a_rejection_keeps_its_reason_apart_from_the_reason_of_the_referral() -> None:
    done = answer(RF1.replace("RF1|P", "RF1|R") + "||3^无床位^L")
    assert only(done, "Task")["statusReason"]["text"] == "无床位"
    assert "reasonCode" not in only(done, "ServiceRequest")


def test_an_acceptance_echoes_the_reason_of_the_referral_and_has_none_of_its_own() -> None:
    done = answer(RF1.replace("RF1|P", "RF1|A") + "||1^需上级诊治^L", "NTE|1||请携带病历")
    task = only(done, "Task")
    assert "statusReason" not in task
    assert task["note"][0]["text"] == "请携带病历"
    assert "reasonCode" not in only(done, "ServiceRequest")


def test_the_time_of_asking_belongs_to_the_request_and_not_to_its_answer() -> None:
    asked = only(referral(RF1, RP, RT, PID, DG1), "Task")
    done = answer(RF1.replace("RF1|P", "RF1|A") + "|20260301110000")
    assert asked["authoredOn"] == "2026-03-01T09:00:00+08:00"
    assert "authoredOn" not in only(done, "Task")
    assert "authoredOn" not in only(done, "ServiceRequest")
    assert only(done, "Task")["lastModified"] == "2026-03-01T11:00:00+08:00"


def test_the_role_in_a_referral_is_no_role_of_the_person() -> None:
    roles = resources(referral(RF1, RP, RT, PID, DG1), "PractitionerRole")
    assert len(roles) == 2
    assert not any("code" in one for one in roles)


def test_a_rejection_may_say_its_reason_in_a_note() -> None:
    assert only(answer(RF1.replace("RF1|P", "RF1|R"), "NTE|1||床位已满"), "Task")["statusReason"] == {
        "text": "床位已满"
    }


def test_a_rejection_without_a_reason_is_refused() -> None:
    done = answer(RF1.replace("RF1|P", "RF1|R"))
    assert "field-missing" in codes(done)
    assert done.refused


def test_a_down_referral_answers_the_up_referral() -> None:
    up = only(referral(RF1, RP, RT, PID, DG1), "ServiceRequest")
    rf1 = "RF1|P|R||||HZ001^HOSPITAL|20260305090000||||ZZ001^TOWNSHIP"
    down = referral(
        rf1, RP.replace("TOWNSHIP", "HOSPITAL"), RT.replace("HOSPITAL", "TOWNSHIP"), PID, DG1, site=HOSPITAL
    )
    (found,) = [one for one in resources(down, "ServiceRequest") if one["status"] != "unknown"]
    assert found["basedOn"] == [{"reference": f"ServiceRequest/{up['id']}"}]


@pytest.mark.parametrize("missing", [RP, RT])
def test_a_party_that_no_prd_names_is_that_of_the_header(missing: str) -> None:
    done = referral(RF1, *(one for one in (RP, RT) if one != missing), PID, DG1)
    assert codes(done) == ["party-from-header"]
    told = next(one for one in resources(done, "ServiceRequest") if one["status"] != "unknown")
    houses = {one["id"]: one["name"] for one in resources(done, "Organization")}
    house = told["requester"] if missing == RP else told["performer"][0]
    assert house["display"] in houses.values()
    assert house["reference"].startswith("Organization/")


def test_a_referral_to_nobody_is_refused() -> None:
    done = mapped("REF^I12", RF1, RP, PID, DG1, site=TOWNSHIP, head={5: "", 6: ""})
    assert "field-missing" in codes(done)
    assert done.refused


def test_the_roles_of_letters_are_the_parties() -> None:
    told = [one.replace("|RP|", "|AP|").replace("|RT|", "|IR|") for one in (RP, RT)]
    same = only(referral(RF1, RP, RT, PID, DG1), "Task")
    assert only(referral(RF1, *told, PID, DG1), "Task") == same


@pytest.mark.parametrize("along", ["NTE|1||胸痛两小时", "OBX|1|TX|L^转诊信^L||胸痛两小时||||||F"])
def test_the_reason_may_stand_in_what_is_sent_along(along: str) -> None:
    done = referral(RF1.rstrip("|"), RP, RT, PID, along)
    assert not done.refused
    assert "reason-uncoded" in codes(done) or "reasonCode" in only(done, "ServiceRequest")


def test_a_referral_without_any_reason_is_stored_and_says_so() -> None:
    done = referral(RF1.rstrip("|"), RP, RT, PID)
    assert (done.refused, codes(done)) == (False, ["reason-absent"])
    assert only(done, "ServiceRequest").keys().isdisjoint({"reasonCode", "reasonReference"})


def test_a_new_referral_without_a_number_is_known_by_its_message() -> None:
    bare = referral(RF1.replace("ZZ001^TOWNSHIP", ""), RP, RT, PID, DG1)
    assert codes(bare) == ["unnumbered"]
    assert [one["status"] for one in resources(bare, "ServiceRequest")] == ["active"]


def test_a_new_referral_may_come_without_rf1() -> None:
    done = referral(RP, RT, PID, DG1)
    assert codes(done) == ["unnumbered"]
    assert only(done, "Task")["status"] == "requested"


@pytest.mark.parametrize("kind", ["REF^I13", "REF^I14", "RRI^I12"])
def test_a_change_of_a_referral_that_nobody_can_find_is_refused(kind: str) -> None:
    assert mapped(kind, RP, RT, PID, DG1, site=TOWNSHIP).refused
    assert mapped(kind, RF1.replace("ZZ001^TOWNSHIP", ""), RP, RT, PID, DG1, site=TOWNSHIP).refused


def test_findings_sent_along_inform_the_referral() -> None:
    done = referral(RF1, RP, RT, PID, DG1, "OBR|1|||BP^血压", "OBX|1|NM|SBP^收缩压^L||180|mmHg", "NTE|1||双次测量")
    found = only(done, "Observation")
    assert only(done, "ServiceRequest")["supportingInfo"] == [{"reference": f"Observation/{found['id']}"}]
    assert found["note"] == [{"text": "双次测量"}]


def test_the_authorization_of_the_payer_covers_the_referral() -> None:
    done = referral(RF1, "AUT|1^职工医保^L|YB01|县医保中心|20260301|20260331|AU77", RP, RT, PID, DG1)
    cover = only(done, "Coverage")
    assert only(done, "ServiceRequest")["insurance"] == [{"reference": f"Coverage/{cover['id']}"}]
    assert (cover["identifier"][0]["value"], cover["period"]["end"]) == ("AU77", "2026-03-31")
    assert cover["payor"][0]["display"] == "县医保中心"


def test_a_status_nobody_knows_is_on_the_work_list_and_the_event_speaks() -> None:
    done = referral(RF1.replace("RF1|P", "RF1|待办"), RP, RT, PID, DG1)
    assert [(one["table"], one["code"]) for one in done.unmapped if one["table"] == "referral-status"] == [
        ("referral-status", "待办")
    ]
    assert only(done, "Task")["businessStatus"]["coding"][0]["code"] == "submitted"
