"""Persons, allergies, coverages, procedures and roles around a patient: which are one, and which are left out."""

from __future__ import annotations

import pytest

from mappers import Mapped
from mappers.mapped import Weight
from tests.mappers.orders_sample import PID, mapped
from tests.mappers.sample import adt, dangling, line, only, resources

PV1 = {2: "I", 3: "W1^101^2", 19: "V1", 44: "20260301080000"}


def same(kind: str, *events: Mapped) -> bool:
    return len({one["id"] for event in events for one in resources(event, kind)}) == 1


@pytest.mark.parametrize(
    ("segment", "words"),
    [
        (line("AL1", {2: "FA", 3: "P02^虾"}), "虾"),
        (line("AL1", {2: "FA", 3: "^虾"}), "虾"),
        (line("AL1", {2: "FA", 3: '""^虾'}), "虾"),
        (line("AL1", {2: "FA", 3: '""'}), None),
        (line("AL1", {2: "FA"}), None),
        (line("IAM", {2: "FA", 3: "P02^虾", 6: "A"}), "虾"),
    ],
)
def test_an_allergy_is_to_something(segment: str, words: str | None) -> None:
    done = adt("A08", segment)
    assert [one["code"]["text"] for one in resources(done, "AllergyIntolerance")] == ([words] if words else [])


def test_an_allergy_is_known_by_its_number_else_by_what_it_is_to() -> None:
    numbered = [adt("A08", line("IAM", {3: what, 6: "A", 7: "K1"})) for what in ("P02^虾", "P03^蟹")]
    assert same("AllergyIntolerance", *numbered)
    plain = [adt("A08", line("IAM", {3: what, 6: "A", 7: '""'})) for what in ("P02^虾", "P03^蟹")]
    assert not same("AllergyIntolerance", *plain)
    assert same("AllergyIntolerance", plain[0], adt("A08", line("AL1", {3: "P02^虾"})))
    assert not same("AllergyIntolerance", plain[0], adt("A08", line("AL1", {3: "P02^虾^L"})))


@pytest.mark.parametrize(("action", "clinical"), [("A", "active"), ("U", "active"), ("", "active"), ("D", None)])
def test_an_allergy_is_active_unless_it_is_taken_back(action: str, clinical: str | None) -> None:
    found = only(adt("A08", line("IAM", {3: "P02^虾", 6: action, 7: "K1"})), "AllergyIntolerance")
    coding = found.get("clinicalStatus", {}).get("coding", [{}])[0]
    assert coding.get("code") == clinical
    assert clinical is None or coding["system"].endswith("/allergyintolerance-clinical")
    assert ("verificationStatus" in found) is (clinical is None)


@pytest.mark.parametrize(
    ("fields", "payer", "subscriber"),
    [
        ({2: "1", 3: "310", 4: "医保局"}, "医保局", None),
        ({2: "1", 3: "310"}, "310", None),
        ({2: "1", 4: "医保局"}, "医保局", None),
        ({3: '""', 4: "医保局", 16: "张三"}, "医保局", "Patient"),
        ({4: "医保局", 16: "张三", 17: "SPO"}, "医保局", "RelatedPerson"),
        ({4: "医保局", 16: "李四", 17: "SEL"}, "医保局", "Patient"),
        ({4: "医保局", 16: "李四"}, "医保局", "RelatedPerson"),
        ({4: "医保局", 16: "张^三"}, "医保局", "Patient"),
        ({4: "医保局", 16: '""'}, "医保局", None),
        ({4: "医保局", 16: "无"}, "医保局", None),
    ],
)
def test_a_coverage_has_a_payer_and_says_who_is_insured(
    fields: dict[int, str], payer: str, subscriber: str | None
) -> None:
    done = adt("A08", line("IN1", fields))
    found = only(done, "Coverage")
    assert found["payor"][0]["display"] == payer
    assert found["beneficiary"] == {"reference": f"Patient/{only(done, 'Patient')['id']}"}
    assert found.get("subscriber", {}).get("reference", "").partition("/")[0] == (subscriber or "")
    assert dangling(done) == set()


def test_a_coverage_is_known_by_plan_company_and_policy() -> None:
    first = {2: "1", 3: "310", 4: "医保局", 36: "YB1"}
    assert same("Coverage", adt("A08", line("IN1", first)), adt("A08", line("IN1", {**first, 4: "县医保局"})))
    for field, other in ((2, "2"), (3, "311"), (36, "YB2")):
        assert not same("Coverage", adt("A08", line("IN1", first)), adt("A08", line("IN1", {**first, field: other})))


def test_the_payer_is_reached_where_the_insurance_says() -> None:
    done = adt("A08", line("IN1", {3: "310", 4: "医保局", 5: "医保路1号", 6: "周经办", 7: "0999-1"}))
    (payer,) = [one for one in resources(done, "Organization") if one["name"] == "医保局"]
    assert payer["address"][0]["text"] == "医保路1号"
    assert payer["telecom"][0]["value"] == "0999-1"


@pytest.mark.parametrize(
    ("nk1", "count"),
    [
        ("NK1|1|李四|SPO", 1),
        ("NK1|1||SPO||13800000001", 1),
        ("NK1|1||SPO|||13800000001", 1),
        ("NK1|1||SPO", 0),
        ('NK1|1|""|SPO', 0),
        ("NK1|1|无|SPO", 0),
        ("NK1|1||SPO||^^^", 0),
    ],
)
def test_next_of_kin_has_a_name_or_a_telephone(nk1: str, count: int) -> None:
    assert len(resources(adt("A08", nk1), "RelatedPerson")) == count


def test_kin_is_one_by_name_and_relation() -> None:
    assert same("RelatedPerson", adt("A08", "NK1|1|李四|SPO||1"), adt("A08", "NK1|3|李四|SPO||2"))
    assert not same("RelatedPerson", adt("A08", "NK1|1|李四|SPO"), adt("A08", "NK1|1|李四|BRO"))
    assert not same("RelatedPerson", adt("A08", "NK1|1||SPO||1"), adt("A08", "NK1|1||SPO||2"))


@pytest.mark.parametrize(("value", "count"), [("100100^^^^MRN", 1), ('""', 0), ("^^^^MRN", 0), ("", 0)])
def test_the_mother_of_a_newborn_is_known_by_her_number(value: str, count: int) -> None:
    done = adt("A08", line("PID", {3: "1^^^^MRN", 5: "张婴", 21: value}))
    found = resources(done, "RelatedPerson")
    assert [one["identifier"][0]["value"] for one in found] == ["100100"][:count]
    assert all(one["patient"]["reference"] == f"Patient/{only(done, 'Patient')['id']}" for one in found)


@pytest.mark.parametrize(
    ("fields", "words"),
    [({3: "47.09^阑尾切除^ICD9"}, "阑尾切除"), ({3: "^换药"}, "换药"), ({4: "换药"}, "换药"), ({3: '""', 4: ""}, None)],
)
def test_a_procedure_has_a_name(fields: dict[int, str], words: str | None) -> None:
    done = adt("A01", line("PV1", PV1), line("PR1", fields))
    found = resources(done, "Procedure")
    assert [one["code"]["text"] for one in found] == ([words] if words else [])
    for one in found:
        assert one["subject"] == {"reference": f"Patient/{only(done, 'Patient')['id']}"}
        assert one["encounter"] == {"reference": f"Encounter/{only(done, 'Encounter')['id']}"}


def test_a_procedure_is_known_by_code_and_time_within_its_visit() -> None:
    fields = {3: "47.09^阑尾切除^ICD9", 5: "20260301090000"}
    visit = line("PV1", PV1)
    first = adt("A01", visit, line("PR1", fields))
    assert same("Procedure", first, adt("A08", visit, line("PR1", {**fields, 11: "0005^周医生"})))
    for other in (
        {**fields, 5: "20260302090000"},
        {**fields, 3: "47.01^阑尾切除^ICD9"},
        {**fields, 3: "47.09^阑尾切除"},
    ):
        assert not same("Procedure", first, adt("A01", visit, line("PR1", other)))
    assert not same("Procedure", first, adt("A08", line("PR1", fields)))
    assert "encounter" not in only(adt("A08", line("PR1", fields)), "Procedure")


@pytest.mark.parametrize(("value", "said"), [("Y^有^L", True), ('""', False), ("", False)])
def test_a_living_will_is_an_observation_about_the_patient(value: str, said: bool) -> None:
    done = adt("A08", line("PD1", {4: "0002^李医生", 7: value}))
    found = resources(done, "Observation")
    assert len(found) == said
    for one in found:
        assert one["subject"] == {"reference": f"Patient/{only(done, 'Patient')['id']}"}
        assert one["valueCodeableConcept"]["text"] == "有"
        assert one["id"] == only(adt("A31", line("PD1", {7: "N"})), "Observation")["id"]


def test_the_account_of_a_patient_is_stated_and_that_of_a_merge_only_mentioned() -> None:
    stated = adt("A08", line("PID", {3: "1^^^^MRN", 5: "张三", 18: "A9"}))
    merged = adt("A40", "PID|1||1^^^^MRN||张三", "MRG|2^^^^MRN||A9")
    assert same("Account", stated, merged)
    for done, weight in ((stated, Weight.STATED), (merged, Weight.MENTION)):
        assert [one.weight for one in done.statements if one.key[0] == "Account"] == [weight]
    account = only(stated, "Account")
    assert account["subject"] == [{"reference": f"Patient/{only(stated, 'Patient')['id']}"}]
    assert account["identifier"][0]["system"].endswith("/T01/account")
    elsewhere = adt("A08", line("PID", {3: "1^^^^MRN", 5: "张三", 18: "A9^^^COUNTY"}))
    assert only(elsewhere, "Account")["identifier"][0]["system"].endswith("/C01/account")
    assert resources(adt("A08", line("PID", {3: "1^^^^MRN", 5: "张三", 18: '""'})), "Account") == []


@pytest.mark.parametrize(
    ("status", "event", "state"), [("", "A01", "active"), ("", "A05", "planned"), ("", "A03", None)]
)
def test_an_episode_is_open_while_its_visit_is(status: str, event: str, state: str | None) -> None:
    done = adt(event, line("PV1", {**PV1, 54: "E1"}))
    found = only(done, "EpisodeOfCare")
    assert found.get("status") == state
    assert ("_status" in found) is (state is None)
    assert found["patient"] == {"reference": f"Patient/{only(done, 'Patient')['id']}"}
    assert found["managingOrganization"] == only(done, "Encounter")["serviceProvider"]


def test_an_episode_is_known_by_its_number_else_by_its_words() -> None:
    def episode(**fields: str) -> Mapped:
        return adt("A01", line("PV1", {**PV1, **{int(name[1:]): value for name, value in fields.items()}}))

    assert same("EpisodeOfCare", episode(f53="孕期", f54="E1"), episode(f53="产后", f54=" E1 "))
    assert same("EpisodeOfCare", episode(f53="孕期"), episode(f53="孕期", f54='""'))
    assert not same("EpisodeOfCare", episode(f53="孕期"), episode(f53="产后"))
    assert not same("EpisodeOfCare", episode(f54="E1"), episode(f54="E1^^^COUNTY"))
    assert resources(episode(f53='""'), "EpisodeOfCare") == []


def test_a_prior_place_is_history_of_its_visit() -> None:
    done = adt("A02", line("PV1", {**PV1, 43: "W8^1^1"}))
    found = only(done, "Basic")
    told = {one["url"].rpartition(".")[2]: one.get("valueReference") for one in found["extension"]}
    assert told["encounter"] == {"reference": f"Encounter/{only(done, 'Encounter')['id']}"}
    assert found["subject"] == {"reference": f"Patient/{only(done, 'Patient')['id']}"}
    assert not same("Basic", done, adt("A02", line("PV1", {**PV1, 43: "W9^1^1"})))
    assert resources(adt("A02", line("PV1", {**PV1, 43: '""'})), "Basic") == []


def test_what_stands_around_the_patient_of_an_order_is_told_as_by_registration() -> None:
    around = ("PD1||||||| ".replace(" ", "Y"), "NK1|1|李四|SPO", "AL1|1|FA|P02^虾", "IN1|1|1|310|医保局")
    order = ("ORC|NW|A100^TOWNSHIP", "OBR|1|A100^TOWNSHIP||BR^血常规^L")
    done = mapped("ORM^O01", PID, *around[:2], *around[2:], *order)
    kinds = {"Observation", "RelatedPerson", "AllergyIntolerance", "Coverage"}
    assert kinds <= {one.key[0] for one in done.statements}
    two = mapped(
        "ORM^O01",
        PID,
        *around,
        *order,
        PID.replace("100200", "100201"),
        *(one.replace("A100", "A101") for one in order),
    )
    assert not kinds & {one.key[0] for one in two.statements}


def test_the_financial_class_of_a_visit_goes_to_the_first_coverage() -> None:
    visit = line("PV1", {**PV1, 20: "01&自费^20260101"})
    found = only(adt("A01", visit, line("IN1", {3: "310", 4: "医保局"})), "Coverage")
    assert (found["type"]["text"], found["payor"][0]["display"]) == ("自费", "医保局")
    assert resources(adt("A01", line("PV1", {**PV1, 20: '""'})), "Coverage") == []


def test_a_condition_is_known_within_its_visit_by_its_number_else_by_its_code() -> None:
    visit = line("PV1", PV1)
    plain = adt("A01", visit, line("DG1", {3: "J18.9^肺炎^I10"}))
    assert same("Condition", plain, adt("A08", visit, line("DG1", {3: "J18.9^右肺炎^I10", 6: "F"})))
    assert not same("Condition", plain, adt("A08", visit, line("DG1", {3: "J18.9^肺炎^L"})))
    assert not same("Condition", plain, adt("A08", line("DG1", {3: "J18.9^肺炎^I10"})))
    numbered = [adt("A01", visit, line("DG1", {3: code, 20: "D1"})) for code in ("J18.9^肺炎^I10", "J96^呼衰^I10")]
    assert same("Condition", *numbered)
    assert resources(adt("A01", visit, line("DG1", {3: '""', 4: '""'})), "Condition") == []


@pytest.mark.parametrize(("fields", "words"), [({3: "^待查"}, "待查"), ({4: "待查"}, "待查"), ({3: '""^待查'}, "待查")])
def test_a_diagnosis_in_words_is_one(fields: dict[int, str], words: str) -> None:
    assert only(adt("A01", line("PV1", PV1), line("DG1", fields)), "Condition")["code"]["text"] == words


def test_the_number_of_a_company_belongs_to_whoever_gave_it() -> None:
    def payer(company: str) -> str:
        done = adt("A08", line("IN1", {3: company, 4: "医保局"}))
        (found,) = [one for one in resources(done, "Organization") if one["name"] == "医保局"]
        return str(found["id"])

    assert payer("310") == payer("310^^^TOWNSHIP")
    assert payer("310") != payer("310^^^ELSEWHERE")


def test_a_change_that_names_nobody_was_made_by_the_house_of_the_patient() -> None:
    done = adt("A08", line("PID", {3: "1^^^^MRN", 5: "张三", 33: "20260228101010"}))
    (found,) = [one for one in resources(done, "Provenance") if "entity" not in one]
    assert found["agent"] == [{"who": only(done, "Patient")["managingOrganization"]}]


@pytest.mark.parametrize("kind", ["AllergyIntolerance", "Coverage", "RelatedPerson", "Basic", "Procedure"])
def test_what_registration_says_around_the_patient_is_stated(kind: str) -> None:
    around = ("AL1|1|FA|P02^虾", "IN1|1|1|310|医保局", "NK1|1|李四|SPO", "PR1|1||47.09^阑尾切除^I9")
    done = adt("A02", line("PV1", {**PV1, 43: "W8^1^1"}), *around)
    assert [one.weight for one in done.statements if one.key[0] == kind] == [Weight.STATED]
