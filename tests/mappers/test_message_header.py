"""MSH: one Provenance a message with the MessageHeader inside; the Bundle has the number and time of the message."""

from __future__ import annotations

from typing import Any

from adapters.er7 import parse
from mappers import Mapped
from profiles.validator.validate import validate
from tests.mappers.sample import adt, dangling, only, translate

PID = "PID|1||1^^^^MRN||张三||19900101|M"
FULL = (
    "MSH|^~\\&|HIS^1.2.3^ISO|TOWNSHIP^2.3.4^ISO|QIAO^h.example^DNS|C01|20260301080000|内部|ADT^A08|M1|P^T|2.7|||AL|AL|CHN"
    "||zh-CN|||责任机构^^77||host:1|10.0.0.2|R^Restricted^HL70952|H"
)


def header(mapped: Mapped) -> dict[str, Any]:
    (found,) = only(mapped, "Provenance")["contained"]
    return dict(found)


def of(text: str) -> Mapped:
    read = parse(f"{text}\r{PID}\r").message
    assert read is not None
    return translate(read)


def test_the_header_is_contained_and_referred_to() -> None:
    mapped = adt("A08", PID)
    provenance = only(mapped, "Provenance")
    assert provenance["entity"][0]["what"]["reference"] == "#header"
    found = header(mapped)
    assert (found["resourceType"], found["id"], found["eventCoding"]["code"]) == ("MessageHeader", "header", "A08")
    assert found["source"]["name"] == "HIS"
    assert found["destination"][0]["receiver"]["identifier"]["value"] == "C01"
    assert found["meta"]["tag"][0]["code"] == "P"


def test_an_application_without_an_address_has_an_absent_endpoint() -> None:
    source = header(adt("A08", PID))["source"]
    assert "endpoint" not in source
    assert source["_endpoint"]["extension"][0]["valueCode"] == "unknown"


def test_every_field_of_a_talkative_header_arrives() -> None:
    mapped = of(FULL)
    found, provenance = header(mapped), only(mapped, "Provenance")
    assert found["source"]["endpoint"] == "host:1"
    assert found["destination"][0]["endpoint"] == "10.0.0.2"
    assert found["sender"]["identifier"]["value"] == "urn:oid:2.3.4"
    assert found["responsible"]["display"] == "责任机构"
    assert [tag["code"] for tag in found["meta"]["tag"]] == ["P", "T"]
    assert found["language"] == "zh-CN"
    assert [label.get("code", label.get("display")) for label in provenance["meta"]["security"]] == ["内部", "R", "H"]
    assert [issue.code for issue in validate(provenance) if issue.severity in ("error", "fatal")] == []
    assert dangling(mapped) == set()


def test_a_universal_id_that_is_none_is_no_urn() -> None:
    assert header(of(FULL.replace("host:1", "").replace("1.2.3", "not-an-oid")))["source"]["endpoint"] == "not-an-oid"


def test_messages_of_one_sender_share_nothing_that_can_be_changed() -> None:
    first, second = adt("A08", PID), adt("A08", PID)
    assert header(first) == header(second)
    first_header = only(first, "Provenance")["contained"][0]
    first_header["source"]["name"] = "changed"
    assert header(second)["source"]["name"] == header(adt("A08", PID))["source"]["name"] == "HIS"


def test_the_ledger_of_a_copied_header_names_its_own_provenance() -> None:
    adt("A08", PID)
    mapped = adt("A08", PID.replace("张三", "李四"))
    there = f"Provenance/{only(mapped, 'Provenance')['id']}#contained[0]"
    lines = [line for found in mapped.ledger.lines.values() for line in found if "contained" in line.path]
    assert len(lines) > 5
    assert all(line.path.startswith(there) for line in lines)


def test_the_bundle_has_the_number_and_the_time_of_the_message() -> None:
    bundle = adt("A08", PID).bundle
    assert bundle["identifier"]["value"] == "M1"
    assert bundle["timestamp"] == "2026-03-01T08:00:00+08:00"
