"""V3 services of WS/T 846: the same way, the same ledger, answers of their own kind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from adapters import packed_ledger, pipeline
from adapters.pipeline import Prepared
from adapters.site import SiteBook, load
from fhir_server.intake import Intake, system_clock
from fhir_server.store.database import Database

HERE = Path(__file__).parent / "v3"
NOW = 1_772_326_800_000_000
REGISTRATION = (HERE / "registration.xml").read_text("utf-8")
ORDER = (HERE / "order.xml").read_text("utf-8")


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> SiteBook:
    where = tmp_path_factory.mktemp("sites")
    (where / "his-v3").mkdir()
    (where / "county.toml").write_text(
        '[consortium]\ncode = "c"\nname = "C"\n[[institutions]]\ncode = "h"\nname = "H"\nlevel = "county"\n'
    )
    (where / "his-v3" / "site.toml").write_text(
        'name = "HIS"\ninstitution = "h"\n[wire]\nsenders = [["HIS-V3", ""]]\n'
        '[meaning]\npatient_types = "CV09.00.404"\n'
    )
    return load(where)


def prepare(text: str, book: SiteBook, channel: str = "http") -> Prepared:
    return pipeline.prepare(text.encode(), book, NOW, channel=channel)


def resources(prepared: Prepared, kind: str) -> list[dict[str, Any]]:
    return [one.resource for one in prepared.arrival.stated if one.resource["resourceType"] == kind]


@pytest.mark.parametrize("text", [REGISTRATION, ORDER], ids=["registration", "order"])
def test_every_value_of_the_document_is_in_the_ledger_under_its_path(text: str, book: SiteBook) -> None:
    prepared = prepare(text, book)
    assert prepared.arrival.verdict == "AA" and prepared.message is not None
    assert prepared.arrival.unaccounted == 0
    rows = packed_ledger.unpack(prepared.arrival.ledger, prepared.message)
    paths = {location for location, *_ in rows if "/" in location}
    count = sum(
        sum(1 for value in one.attrib.values() if value.strip()) + bool(one.text and one.text.strip())
        for one in etree.fromstring(text.encode()).iter()
        if isinstance(one.tag, str)
    )
    assert len(paths) == count


def test_a_registration_is_a_patient_with_its_numbers(book: SiteBook) -> None:
    (patient,) = resources(prepare(REGISTRATION, book), "Patient")
    assert patient["name"][0]["text"] == "王甲"
    assert (patient["birthDate"], patient["gender"]) == ("1990-01-01", "male")
    systems = {one["value"]: one["system"] for one in patient["identifier"]}
    assert systems["999999199001010016"] == "urn:oid:2.16.156.10011.1.3"
    assert systems["HC0001"] == "urn:oid:2.16.156.10011.1.19"
    assert systems["EHR0001"] == "urn:oid:2.16.156.10011.1.2"
    assert systems["P30001"].endswith("/h/mrn")


def test_an_order_is_a_request_for_each_thing_that_is_ordered(book: SiteBook) -> None:
    ordered = prepare(ORDER, book)
    requests = resources(ordered, "ServiceRequest")
    assert {one["code"]["text"] for one in requests} == {"丙氨酸氨基转移酶", "天门冬氨酸氨基转移酶"}
    assert {one["identifier"][0]["value"] for one in requests} == {"YZ1", "YZ2"}
    assert {one["requisition"]["value"] for one in requests} == {"APP1"}
    assert {one["status"] for one in requests} == {"active"}
    assert requests[0]["reasonCode"][0]["text"] == "脂肪肝"
    assert {note["text"] for note in requests[0]["note"]} == {"空腹采血", "请注意 A|B^C & D"}
    (encounter,) = resources(ordered, "Encounter")
    assert encounter["class"]["code"] == "AMB"


def test_the_patient_of_an_order_is_the_one_that_was_registered(book: SiteBook) -> None:
    ordered = prepare(ORDER.replace('<item root="2.16.156.10011.1.11" extension="M0001"/>', ""), book)
    assert ordered.arrival.patient_key == prepare(REGISTRATION, book).arrival.patient_key != ""


def test_a_withdrawn_order_is_revoked(book: SiteBook) -> None:
    text = ORDER.replace('<subject typeCode="SUBJ">', '<code code="delete"/><subject typeCode="SUBJ">', 1)
    assert {one["status"] for one in resources(prepare(text, book), "ServiceRequest")} == {"revoked"}


@pytest.fixture
def intake(tmp_path: Path) -> Iterator[Intake]:
    database = Database(f"sqlite:///{tmp_path}/qiao.db")
    database.create()
    opened = Intake(database)
    yield opened
    opened.close()
    database.close()


def answered(text: str, book: SiteBook, intake: Intake) -> etree._Element:
    receipt = pipeline.handle(text.encode(), pipeline.Door(book, intake, system_clock, channel="http"))
    return etree.fromstring(receipt.answer)


@pytest.mark.parametrize(
    ("text", "kind", "verdict"),
    [
        (REGISTRATION, "PRPA_IN201312UV02", "AA"),
        (REGISTRATION.replace('extension="P30001"', "").replace("999999199001010016", "").replace("HC0001", "")
         .replace("EHR0001", ""), "PRPA_IN201313UV02", "AE"),
        (ORDER, "MCCI_IN000002UV01", "AA"),
        (ORDER.replace('extension="P30001"', "").replace("999999199001010016", "").replace("M0001", ""),
         "MCCI_IN000002UV01", "AE"),
        (ORDER.replace("POOR_IN200901UV", "POOR_IN299999UV"), "MCCI_IN000002UV01", "AR"),
        (ORDER.replace("component2><component2", "x")[:2000], "MCCI_IN000002UV01", "AR"),
    ],
    ids=["registered", "nobody", "ordered", "nobody's order", "unserved", "cut off"],
)  # fmt: skip
def test_the_answer_is_of_the_kind_the_interaction_asks_for(
    text: str, kind: str, verdict: str, book: SiteBook, intake: Intake
) -> None:
    answer = answered(text, book, intake)
    told = answer.find("{*}acknowledgement")
    assert (etree.QName(answer).localname, told.get("typeCode")) == (kind, verdict)
    assert (told.find("{*}acknowledgementDetail/{*}text").get("value") or "") != ""
    if verdict != "AR":
        assert answer.find("{*}receiver//{*}item").get("extension") == "HIS-V3"
        assert told.find("{*}targetMessage/{*}id").get("extension").startswith("V3-")
    assert "王甲" not in etree.tostring(answer, encoding="unicode")


def test_a_medication_order_is_refused_and_not_half_taken(book: SiteBook) -> None:
    text = ORDER.replace(
        "<component2>\n     <observationRequest", "<component2>\n     <substanceAdministrationRequest", 1
    )
    text = text.replace(
        "</observationRequest>\n    </component2>", "</substanceAdministrationRequest>\n    </component2>", 1
    )
    arrival = prepare(text, book).arrival
    assert (arrival.verdict, arrival.stated) == ("AR", ())
    assert [issue.code for issue in arrival.issues] == ["interaction-unserved"]
