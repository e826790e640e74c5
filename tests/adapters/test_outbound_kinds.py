"""Which message a change becomes, and for whom: orders and their answers, documents, appointments, visits, results."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest

from adapters.outbound import lookout
from adapters.outbound.ledger import Moved
from fhir_server.intake import Intake
from fhir_server.security.scope import EVERYTHING
from fhir_server.store.database import Database
from fhir_server.store.write import Write
from mappers import systems
from mappers.messages.referral_parties import institution_id
from tests.adapters.test_outbound_delivery import REFERRAL, House, house, result, store, story, until

Store = tuple[Database, Intake, Path]
__all__ = ["store"]

ORDER = (
    "MSH|^~\\&|HIS|YXWSY|LIS|JYZX|20260301080000||{kind}|N{n}|P|2.5.1|||||CHN|UNICODE UTF-8\n"
    "PID|1||P1^^^YXWSY^MR||王小明||19900101|M\n"
    "ORC|{control}|O1^YXWSY|||||||2026030108000{n}|||0001^王医生|||||||||云溪^^^^^YXWSY^XX^^^YXWSY\n"
    "OBR|1|O1^YXWSY||XCG^血常规|||||||||溶血|||||||||||LAB\n"
)
FROM_LAB = (
    "MSH|^~\\&|LIS|JYZX|HIS|YXWSY|20260301090000||ORM^O01^ORM_O01|F{n}|P|2.5.1|||||CHN|UNICODE UTF-8\n"
    "PID|1||P1^^^YXWSY^MR||王小明||19900101|M\n"
    "ORC|{control}|O1^YXWSY|R1^JYZX||{status}||||2026030109000{n}\n"
    "OBR|1|O1^YXWSY|R1^JYZX|XCG^血常规|||||||||||||||||||||LAB\n"
)


async def kinds(found: House, *wanted: str) -> None:
    """Waits until these messages were answered, in any order, and nothing else was made."""
    await until(lambda: sorted(one.kind for one in found.all() if one.state == "done") == sorted(wanted))


def texts(found: House) -> list[str]:
    return [raw.decode() for raw in found.receiver.raw]


def put(found: House, *bodies: dict[str, Any], owner: str = "county-hospital") -> None:
    """Resources are written over REST."""
    writes = [Write("PUT", one["resourceType"], one["id"], one, owner=owner) for one in bodies]
    outcome = found.intake.write(writes, EVERYTHING).result(30)
    assert isinstance(outcome, tuple), outcome


async def decided(found: House, asked: str, answer: str, control: str, status: str = "") -> str:
    """What the placer of an order is told when the filler has said that of it."""
    found.takes(ORDER.format(kind=asked, control="NW", n=1))
    found.takes(FROM_LAB.format(control=control, status=status, n=2))
    await kinds(found, answer)
    return texts(found)[0]


@story
async def test_a_placer_is_told_what_the_filler_decided_and_which_order_it_is_about(store: Store) -> None:
    async with house(store, messages='["ORR^O02", "ORL^O22"]') as found:
        text = await decided(found, "ORM^O01^ORM_O01", "ORR^O02", "OK")
        assert "|ORR^O02^ORR_O02|" in text and "\rMSA|AA|N1\r" in text
        assert "\rORC|OK|O1^YXWSY|R1^LIS|" in text and "PID|1||P1" in text


@story
async def test_an_order_that_is_not_accepted_is_answered_so(store: Store) -> None:
    async with house(store, messages='["ORL^O22"]') as found:
        text = await decided(found, "OML^O21^OML_O21", "ORL^O22", "UA")
        assert "\rMSA|AA|N1\r" in text and "\rORC|UA|O1^YXWSY" in text


@story
async def test_a_cancelled_order_is_answered_as_cancelled_by_the_filler(store: Store) -> None:
    async with house(store, messages='["ORR^O02"]') as found:
        text = await decided(found, "ORM^O01^ORM_O01", "ORR^O02", "OC", "CA")
        assert re.search(r"\rORC\|(OC|CR)\|O1\^YXWSY\|", text)


@story
async def test_an_order_that_did_not_come_by_a_message_has_no_answer(store: Store) -> None:
    async with house(store, messages='["ORR^O02"]') as found:
        found.takes(FROM_LAB.format(control="OK", status="", n=2))
        await asyncio.sleep(1.2)
        assert found.all() == []


@story
async def test_a_document_goes_to_the_house_of_the_patient_and_its_cancellation_too(store: Store) -> None:
    document = (
        "MSH|^~\\&|PIS|BLZX|QIAO|QINGHE|2026030108000{n}||MDM^{event}|D{n}|P|2.5.1|||||CHN|UNICODE UTF-8\n"
        "EVN|{event}|20260301080000\n"
        "PID|1||P1^^^YXWSY^MR||王小明||19900101|M\n"
        "TXA|1|11526-1^病理报告^LN|TX|20260301070000||20260301075900|||0008^唐病理|||B100^BLZX|||||AU||AV\n"
        "OBX|1|TX|22637-3^病理诊断^LN||慢性炎。||||||F\n"
    )
    sites = store[2]
    toml = (sites / "county-pathology" / "site.toml").read_text("utf-8")
    sender = re.search(r'senders = \[\["(\w+)", "(\w+)"\]', toml)
    assert sender is not None
    document = document.replace("PIS|BLZX", f"{sender[1]}|{sender[2]}")
    async with house(store, messages='["MDM"]') as found:
        found.takes(document.format(event="T02", n=1))
        await kinds(found, "MDM^T02")
        text = texts(found)[0]
        assert "|MDM^T02^MDM_T02|" in text and "\rEVN|T02|" in text
        assert "\rTXA|1|11526-1^病理报告^LN|TX|" in text and "|AU||AV" in text and "|B100^" in text
        assert "\rOBX|1|TX|" in text and "||慢性炎。|" in text
        found.takes(document.format(event="T11", n=2).rpartition("OBX")[0])
        await kinds(found, "MDM^T02", "MDM^T11")
        assert "\rOBX" not in texts(found)[1] and "|CA" in texts(found)[1].partition("\rTXA")[2]


@story
async def test_an_appointment_goes_to_the_houses_that_take_part(store: Store) -> None:
    booking = (
        "MSH|^~\\&|HIS|QHRY|QIAO|QINGHE|2026030108000{n}||SIU^{event}|S{n}|P|2.5.1|||||CHN|UNICODE UTF-8\n"
        "SCH|Y1^QHRY|Y1^QHRY||||ROUTINE^常规|FOLLOWUP^复诊|Normal^普通|15|min|^^15^{start}|||||0001^王医生\n"
        "PID|1||P1^^^YXWSY^MR||王小明||19900101|M\n"
        "RGS|1|A\n"
        "AIS|1|A|02^全科^L|{start}|||15|min\n"
        "AIP|1|A|0001^王医生|DOC^医师||{start}\n"
    )
    async with house(store, messages='["SIU"]') as found:
        found.takes(booking.format(event="S12", n=1, start="20260302090000"))
        await kinds(found, "SIU^S12")
        text = texts(found)[0]
        assert "|SIU^S12^SIU_S12|" in text and "\rSCH|" in text and "20260302090000" in text
        assert "\rAIS|1|A|02^全科" in text and "\rAIP|1|A|" in text and "PID|1||P1" in text
        found.takes(booking.format(event="S13", n=2, start="20260302100000"))
        await kinds(found, "SIU^S12", "SIU^S13")
        found.takes(booking.format(event="S15", n=3, start="20260302100000"))
        await kinds(found, "SIU^S12", "SIU^S13", "SIU^S15")
        assert "|Cancelled" in texts(found)[2]


@story
async def test_a_result_that_changes_under_an_unchanged_report_is_told_with_its_report_once(store: Store) -> None:
    two = "OBX|2|NM|RBC^红细胞||{}|10^12/L|3.5-5.5|N|||F\n"
    async with house(store) as found:
        found.takes(result("1") + two.format("4.0"))
        await kinds(found, "ORU^R01")
        later = result("1", value="7.7").replace("20260301080000", "20260301090000").replace("|L1|", "|L2|")
        found.takes(later + two.format("4.4"))
        await kinds(found, "ORU^R01", "ORU^R01")
        await asyncio.sleep(1.0)
        assert len(found.all()) == 2
        text = texts(found)[1]
        assert "|7.7|" in text and "|4.4|" in text and text.count("\rOBR|") == 1


@story
async def test_a_corrected_result_says_so_in_report_and_result(store: Store) -> None:
    async with house(store) as found:
        found.takes(result("1"))
        await kinds(found, "ORU^R01")
        later = result("1", value="7.7", status="C").replace("20260301080000", "20260301090000")
        found.takes(later.replace("|L1|", "|L2|").replace("|N|||F", "|N|||C"))
        await kinds(found, "ORU^R01", "ORU^R01")
        obr = next(line for line in texts(found)[1].split("\r") if line.startswith("OBR"))
        obx = next(line for line in texts(found)[1].split("\r") if line.startswith("OBX"))
        assert obr.split("|")[25] == "C" and obx.split("|")[11] == "C"


PATIENT = {
    "resourceType": "Patient",
    "id": "p1",
    "identifier": [{"system": "urn:oid:1.2.3", "value": "77"}],
    "name": [{"text": "李四"}],
}


def owned(found: House, institution: str) -> str:
    """The reference of an institution's Organization."""
    name = institution_id(institution)
    number = {"system": systems.INSTITUTION, "value": institution}
    put(found, {"resourceType": "Organization", "id": name, "identifier": [number], "name": institution}, owner="")
    return f"Organization/{name}"


def observation(category: str, **more: Any) -> dict[str, Any]:
    coding = {"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": category}
    return {
        "resourceType": "Observation",
        "id": f"o-{category}",
        "status": "final",
        "category": [{"coding": [coding]}],
        "code": {"coding": [{"system": "http://loinc.org", "code": "2345-7"}], "text": "血糖"},
        "subject": {"reference": "Patient/p1"},
        "valueQuantity": {"value": 5, "unit": "mmol/L"},
        **more,
    }


@story
async def test_a_result_without_a_report_is_a_report_of_its_own_and_a_pulse_is_none(store: Store) -> None:
    async with house(store) as found:
        house_ = owned(found, "township-a")
        put(found, {**PATIENT, "managingOrganization": {"reference": house_}})
        put(found, observation("vital-signs"), observation("laboratory"))
        await kinds(found, "ORU^R01")
        text = texts(found)[0]
        assert "\rOBR|1||" in text and "2345-7" in text and "\rOBX|1|NM|" in text and "|5|mmol/L|" in text


@story
async def test_a_result_about_a_patient_whom_the_receiver_may_not_see_is_not_sent_without_him(store: Store) -> None:
    async with house(store, sees='["county-lab", "township-a"]') as found:
        asks = owned(found, "township-a")
        put(found, PATIENT)
        request = {
            "resourceType": "ServiceRequest",
            "id": "r1",
            "status": "active",
            "intent": "order",
            "subject": {"reference": "Patient/p1"},
            "requester": {"reference": asks},
        }
        put(found, request, owner="township-a")
        based = [{"reference": "ServiceRequest/r1"}]
        put(found, observation("laboratory", basedOn=based), owner="county-lab")
        found.takes(result("9"))
        await kinds(found, "ORU^R01")
        assert "|R9^" in texts(found)[0]


ADT = (
    "MSH|^~\\&|HIS|YXWSY|QIAO|QINGHE|2026030108{n:02}00||ADT^{event}|A{n}|P|2.5.1|||||CHN|UNICODE UTF-8\n"
    "EVN|{event}|202603010{n}0000\n"
    "PID|1||P1^^^YXWSY^MR||王小明||19900101|M\n"
    "PV1|1|{kind}|{place}||||||||||||||||V1\n"
)


@pytest.mark.parametrize(
    ("steps", "wanted"),
    [
        ((("A04", "O", "02"), ("A03", "O", "02")), ["ADT^A28", "ADT^A04", "ADT^A03"]),
        ((("A01", "I", "01^01^02"), ("A02", "I", "03^01^02")), ["ADT^A28", "ADT^A01", "ADT^A02"]),
        ((("A01", "I", "01^01^02"), ("A11", "I", "01^01^02")), ["ADT^A28", "ADT^A01", "ADT^A11"]),
        (
            (("A01", "I", "01^01^02"), ("A03", "I", "01^01^02"), ("A13", "I", "01^01^02")),
            ["ADT^A28", "ADT^A01", "ADT^A03", "ADT^A13"],
        ),
        ((("A04", "O", "02"), ("A06", "I", "01^01^02")), ["ADT^A28", "ADT^A04", "ADT^A01"]),
        ((("A05", "I", "01"), ("A38", "I", "01")), ["ADT^A28", "ADT^A05", "ADT^A38"]),
    ],
    ids=lambda one: "-".join(step[0] for step in one) if isinstance(one, tuple) else "",
)
def test_a_visit_is_told_by_what_happened_to_it(
    store: Store, steps: tuple[tuple[str, str, str], ...], wanted: list[str]
) -> None:
    @story
    async def told(store: Store) -> None:
        async with house(store, site="county-his", messages='["ADT"]') as found:
            for number, (event, kind, place) in enumerate(steps, 1):
                found.takes(ADT.format(event=event, kind=kind, place=place, n=number))
                await until(lambda n=number: len(found.all()) > n)  # type: ignore[misc]
            await until(lambda: {one.state for one in found.all()} == {"done"})
            assert [one.kind for one in found.all()] == wanted

    told(store)


@story
async def test_a_merge_names_both_numbers_and_is_told_once(store: Store) -> None:
    merge = (
        "MSH|^~\\&|HIS|YXWSY|QIAO|QINGHE|20260301090000||ADT^A40^ADT_A39|M1|P|2.5.1|||||CHN|UNICODE UTF-8\n"
        "EVN|A40|20260301090000\n"
        "PID|1||P1^^^YXWSY^MR||王小明||19900101|M\n"
        "MRG|P2^^^YXWSY^MR\n"
    )
    async with house(store, site="county-his", messages='["ADT"]') as found:
        for number, patient in ((1, "P1"), (2, "P2")):
            text = ADT.format(event="A28", kind="N", place="", n=number).rpartition("PV1")[0]
            found.takes(text.replace("|P1^", f"|{patient}^"))
        await kinds(found, "ADT^A28", "ADT^A28")
        found.takes(merge)
        await kinds(found, "ADT^A28", "ADT^A28", "ADT^A40")
        await asyncio.sleep(0.8)
        assert len(found.all()) == 3
        text = found.receiver.raw[2].decode("utf-8")
        assert "\rPID|1||P1^" in text and "\rMRG|P2^" in text and "|ADT^A40^ADT_A39|" in text


@story
async def test_the_answer_to_a_referral_names_its_message_and_its_event(store: Store) -> None:
    async with house(store, messages='["RRI^I12"]') as found:
        found.takes(REFERRAL)
        changed = REFERRAL.replace("080000||REF^I12^REF_I12|R1", "083000||REF^I13^REF_I12|R2")
        found.takes(changed.replace("R^普通", "A^急"))
        answer = REFERRAL.replace("HIS|YXWSY", "REFERRAL|QHRY").replace("080000||REF", "090000||REF")
        answer = answer.replace("REF^I12^REF_I12|R1", "RRI^I13^RRI_I12|R3")
        found.takes(answer.replace("RF1|P^待处理", "RF1|A^已接收").partition("DG1")[0])
        await kinds(found, "RRI^I13")
        assert "|RRI^I13^RRI_I12|" in texts(found)[0] and "\rMSA|AA|R2\r" in texts(found)[0]


@story
async def test_a_withdrawn_referral_is_withdrawn_where_it_went(store: Store) -> None:
    async with house(store, site="county-referral", messages='["REF^I12"]') as found:
        found.takes(REFERRAL)
        await kinds(found, "REF^I12")
        found.takes(REFERRAL.replace("080000||REF^I12^REF_I12|R1", "083000||REF^I14^REF_I12|R2"))
        await kinds(found, "REF^I12", "REF^I14")


@story
async def test_a_receiver_that_is_away_loses_nothing_however_long_it_stays_away(store: Store) -> None:
    async with house(store, "attempts = 2\n") as found:
        assert found.service is not None
        courier = found.service._couriers[0]
        port = courier._outbound.port
        server = found.server
        server.close()
        await server.wait_closed()
        for number in ("1", "2"):
            found.takes(result(number))
        await until(lambda: courier._absent > 4)
        assert [(one.state, one.attempts) for one in found.all()] == [("waiting", 0), ("waiting", 0)]
        again = await asyncio.start_server(found.receiver.serve, "127.0.0.1", port)
        await until(lambda: [one.state for one in found.all()] == ["done", "done"])
        again.close()


@story
async def test_a_change_that_cannot_be_made_into_a_message_is_a_dead_letter_and_the_next_ones_go_on(
    store: Store,
) -> None:
    async with house(store) as found:
        real = lookout.gather
        told: list[int] = []

        def broken(*given: Any) -> Any:
            told.append(1)
            if len(told) == 1:
                raise KeyError("nobody foresaw it")
            return real(*given)

        lookout.gather = broken  # type: ignore[assignment]
        try:
            found.takes(result("1"))
            await until(lambda: [one.state for one in found.all()] == ["dead"])
            found.takes(result("2"))
            await until(lambda: [one.state for one in found.all()] == ["dead", "done"])
        finally:
            lookout.gather = real
        dead = found.all()[0]
        assert dead.verdict == "unmade" and b"internal-error" in dead.issues and dead.payload == b""
        assert found.intake.submit(Moved([dead.id], "waiting")).result() == ()
