"""What stands around a patient of one house stays out of every message about a patient of another one.

The same person is known to two houses by the same number of a card and the same record number. One of them says
everything that has a segment (NK1, AL1, DG1, PR1, GT1, IN1, a care team), by messages and over REST, also about the
other one's patient; each of its values is marked. The receiver gets messages of every kind about the other one's
patient: none of them may carry the mark.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from adapters.outbound import gathering
from fhir_server.intake import Intake
from fhir_server.security.scope import EVERYTHING
from fhir_server.store import body as bodies
from fhir_server.store import schema
from fhir_server.store.database import Database
from fhir_server.store.write import Write
from tests.adapters.test_outbound_delivery import House, house, result, store, story, until

Store = tuple[Database, Intake, Path]
__all__ = ["store"]

OURS, THEIRS = "township-a", "county-hospital"
MARK, OWN = "他院", "本院"
CARD = "999999199001010016^^^^IdentifyNO"
ADMISSION = (
    "MSH|^~\\&|HIS|{sender}|QIAO|QINGHE|20260301080000||ADT^A01^ADT_A01|{sender}1|P|2.5.1|||||CHN|UNICODE UTF-8\n"
    "EVN|A01|20260301080000\n"
    f"PID|1||P1^^^{{sender}}^MR~{CARD}||王小明||19900101|M||||||||||{{mark}}-AC^^^{{sender}}\n"
    "ROL|{mark}R|AD|FHCP^家庭医生|{mark}3^{mark}家庭医生\n"
    "NK1|1|{mark}亲属|SPO^夫妻|{mark}路1号|13800000001\n"
    "PV1|1|I|W1^101^2||||{mark}7^{mark}医生||||||||||||{mark}-V1|01\n"
    "AL1|1|DA|{mark}-A^{mark}过敏原|SV|{mark}皮疹|20200101\n"
    "DG1|1||{mark}-D^{mark}诊断^ICD-10-CN|{mark}诊断|20260301|A|||||||||1\n"
    "PR1|1||{mark}-P^{mark}手术^ICD9||20260301090000|D\n"
    "GT1|1||{mark}担保人||{mark}路2号|13800000004|||||SPO\n"
    "IN1|1|2^{mark}医保|310^^^COUNTY|{mark}医保局||||{mark}-G|||||20261231||普通|{mark}被保人|SPO|||||||||||||||||||{mark}-M\n"
)
ORDER = (
    "MSH|^~\\&|HIS|YXWSY|LIS|JYZX|20260301083000||OML^O21^OML_O21|N1|P|2.5.1|||||CHN|UNICODE UTF-8\n"
    f"PID|1||P1^^^YXWSY^MR~{CARD}||王小明||19900101|M\n"
    "PV1|1|I|W1^101^2||||||||||||||||本院-V1\n"
    "ORC|NW|O1^YXWSY|||||||20260301083000|||本院7^本院医生\n"
    "OBR|1|O1^YXWSY||XCG^血常规|||||||||||||||||||||LAB\n"
    "DG1|1||本院-E^本院初步诊断^ICD-10-CN||20260301|A\n"
)
REFERRAL = (
    "MSH|^~\\&|HIS|YXWSY|QIAO|QINGHE|20260301100000||REF^I12^REF_I12|R1|P|2.5.1|||||CHN|UNICODE UTF-8\n"
    "RF1|P^待处理|R^普通|MED^医疗||O^门诊|ZZ001^YXWSY|20260301100000|20260308\n"
    "PRD|RP^转出机构|本院医生||02^^^YXWSY|||0001\n"
    "PRD|RT^转入机构|检验医生||03^^^JYZX|||2001\n"
    f"PID|1||P1^^^YXWSY^MR~{CARD}||王小明||19900101|M\n"
    "DG1|1||本院-D^本院诊断^ICD-10-CN||20260301|W\n"
)
MESSAGES = '["ADT", "OML^O21", "REF^I12"]'


def owned(found: House, kind: str, owner: str) -> list[dict[str, Any]]:
    """The resources of a type that belong to a house."""
    columns = schema.resource.c
    statement = select(columns.body).where(columns.type == kind, columns.owner == owner, columns.deleted.is_(False))
    with found.database.read() as connection:
        return [bodies.parse(bytes(row[0])) for row in connection.execute(statement)]


def put(found: House, owner: str, *resources: dict[str, Any]) -> None:
    """Resources of a house are written over REST."""
    writes = [Write("PUT", one["resourceType"], one["id"], one, owner=owner) for one in resources]
    outcome = found.intake.write(writes, EVERYTHING).result(30)
    assert isinstance(outcome, tuple), outcome


def around(patient: str) -> list[dict[str, Any]]:
    """What the other house says over REST about the patient of this one, under ids that begin with `x`."""
    subject = {"reference": patient}
    code = {"coding": [{"system": "http://snomed.info/sct", "code": "1"}], "text": f"{MARK}一"}
    guarantor = {"reference": "RelatedPerson/x"}
    told: dict[str, dict[str, Any]] = {
        "RelatedPerson": {"patient": subject, "name": [{"text": f"{MARK}人"}], "relationship": [code]},
        "Account": {
            "status": "active",
            "subject": [subject],
            "identifier": [{"system": "urn:oid:2.999.1", "value": f"{MARK}-AC"}],
            "guarantor": [{"party": guarantor}],
        },
        "AllergyIntolerance": {"patient": subject, "code": code},
        "CareTeam": {"subject": subject, "participant": [{"role": [code], "member": {"display": f"{MARK}员"}}]},
        "Condition": {"subject": subject, "code": code},
        "Coverage": {
            "status": "active",
            "beneficiary": subject,
            "payor": [{"reference": "Organization/x"}],
            "subscriberId": MARK,
        },
        "Procedure": {"status": "completed", "subject": subject, "code": code},
        "Observation": {"status": "final", "subject": subject, "code": code, "valueString": MARK},
    }
    return [{"resourceType": kind, "id": "x", **one} for kind, one in told.items()]


def payer(found: House) -> None:
    """The directory belongs to all."""
    put(found, "", {"resourceType": "Organization", "id": "x", "name": "合作医疗", "active": True})


async def quiet(found: House) -> list[str]:
    """The texts of all messages, when no more come."""
    count = -1
    while count != len(found.all()):
        count = len(found.all())
        await asyncio.sleep(1.2)
    await until(lambda: {one.state for one in found.all()} == {"done"})
    return [raw.decode("utf-8") for raw in found.receiver.raw]


def spoiled(one: dict[str, Any]) -> dict[str, Any]:
    """The resource, referring to what the other house says of the patient."""
    named = {
        "Encounter": {"diagnosis": [{"condition": {"reference": "Condition/x"}}]},
        "ServiceRequest": {
            "reasonReference": [*one.get("reasonReference", ()), {"reference": "Condition/x"}],
            "supportingInfo": [{"reference": "Observation/x"}],
            "insurance": [{"reference": "Coverage/x"}],
        },
        "DiagnosticReport": {"result": [*one.get("result", ()), {"reference": "Observation/x"}]},
    }
    return {**one, **named[one["resourceType"]]}


def known(store: Store) -> Store:
    """Our house knows the laboratory by its name."""
    toml = store[2] / "township-a-his" / "site.toml"
    toml.write_text(toml.read_text("utf-8").replace("[authorities]", '[authorities]\nJYZX = "county-lab"'), "utf-8")
    return store


def told_by_ours(found: House, account: str = f"{OWN}-AC") -> dict[str, Any]:
    """Our house admits the patient, orders and refers; the Patient."""
    found.takes(ADMISSION.format(sender="YXWSY", mark=OWN).replace(f"{OWN}-AC", account))
    found.takes(ORDER)
    found.takes(REFERRAL)
    (patient,) = owned(found, "Patient", OURS)
    return patient


@story
async def test_what_a_house_that_the_receiver_may_not_see_says_of_its_patient_is_never_sent(store: Store) -> None:
    async with house(known(store), site="county-lis", messages=MESSAGES, sees=f'["{OURS}"]') as found:
        payer(found)
        found.takes(ADMISSION.format(sender="QHRY", mark=MARK))
        patient = told_by_ours(found)
        put(found, THEIRS, *around(f"Patient/{patient['id']}"))
        for kind in ("Encounter", "ServiceRequest"):
            put(found, OURS, *map(spoiled, owned(found, kind, OURS)))
        put(found, OURS, {**patient, "language": "zh"})
        texts = await quiet(found)
    kinds = {text.split("|")[8].partition("^")[0] for text in texts}
    assert kinds == {"ADT", "OML", "REF"}
    for segment in ("NK1", "AL1", "DG1", "PR1", "GT1", "IN1"):
        assert any(f"\r{segment}|" in text and OWN in text.partition(f"\r{segment}|")[2] for text in texts), segment
    assert [text for text in texts if MARK in text] == []


@story
async def test_a_result_takes_nothing_along_from_a_house_that_the_receiver_may_not_see(store: Store) -> None:
    async with house(store, sees=f'["{OURS}", "county-lab"]') as found:
        payer(found)
        found.takes(ADMISSION.format(sender="QHRY", mark=MARK))
        patient = told_by_ours(found, account="")
        put(found, THEIRS, *around(f"Patient/{patient['id']}"))
        found.takes(result("1"))
        await until(lambda: len(found.all()) == 1)
        (report,) = owned(found, "DiagnosticReport", "county-lab")
        put(found, "county-lab", spoiled(report))
        first, second = await quiet(found)
    assert "\rNK1|1|本院亲属" in first and "\rNK1|1|本院亲属" in second
    assert MARK not in first + second


@story
async def test_who_may_see_both_houses_gets_of_one_persons_two_records_only_the_one_it_is_about(store: Store) -> None:
    async with house(known(store), site="county-lis", messages=MESSAGES) as found:
        found.takes(ADMISSION.format(sender="QHRY", mark=MARK))
        theirs = len(await quiet(found))
        told_by_ours(found)
        texts = (await quiet(found))[theirs:]
    assert theirs and {text.split("|")[8].partition("^")[0] for text in texts} == {"ADT", "OML", "REF"}
    assert any("\rIN1|" in text and "\rGT1|1||本院担保人" in text and "|本院-AC^" in text for text in texts)
    assert [text for text in texts if MARK in text] == []


@story
async def test_of_a_long_history_the_newest_goes_along_and_what_the_message_is_about_never_stays_behind(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(store) as found:
        patient = told_by_ours(found, account="")
        found.takes(result("1"))
        (report,) = owned(found, "DiagnosticReport", "county-lab")
        conditions = [{**one, "id": f"x{n}"} for n in range(6) for one in around(f"Patient/{patient['id']}")[4:5]]
        for one in conditions:
            put(found, OURS, one)
        monkeypatch.setattr(gathering, "_MOST", 4)
        with found.database.read() as connection:
            pool = gathering.gather(connection, [report], patient["id"], EVERYTHING)
    assert pool.get(report["subject"]) is not None and len(list(pool.all(report["result"]))) == 1
    assert [one["id"] for one in pool.of("Condition")] == ["x2", "x3", "x4", "x5"]
