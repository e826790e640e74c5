"""The way of a message: every frame has a verdict, nothing is dropped, strangers never meet, answers speak the sender's
character set."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from adapters import mllp, packed_ledger, pipeline
from adapters.listener import Listener, Peer
from adapters.pipeline import Door, Prepared
from adapters.reception import Reception
from adapters.site import SiteBook, load
from fhir_server.arrivals.arrival import Receipt
from fhir_server.intake import Intake, system_clock
from fhir_server.security.scope import EVERYTHING
from fhir_server.store import journal
from fhir_server.store.database import Database

NOW = 1_792_600_000_000_000
PID = "PID|1||P1^^^^MR||测试||19900101|F"


@pytest.fixture(scope="module")
def book() -> SiteBook:
    return load()


def message(*segments: str, sender: str = "X|Y", kind: str = "ADT^A04", control: str = "1") -> str:
    header = f"MSH|^~\\&|{sender}|||20261021080000||{kind}|{control}|P|2.5.1"
    return "\r".join((header, *segments)) + "\r"


VISIT = message("EVN|A04|20261021080000", PID, "PV1|1|O|||||||||||||||||V1")


def prepare(raw: bytes, book: SiteBook) -> Prepared:
    return pipeline.prepare(raw, book, NOW, channel="test")


@pytest.mark.parametrize(
    ("raw", "verdict", "code"),
    [
        (b"", "AR", "message-empty"),
        (b"\x00\xff\xfe\x01" * 50, "AR", ""),
        (b"<?xml version='1.0'?><POOR_IN200901UV xmlns='urn:hl7-org:v3'/>", "AR", "message-is-v3"),
        (message("EVN|A04", "PV1|1|O").encode(), "AE", "segment-missing"),
        (message(PID, "PV1|1|quatsch|||||||||||||||||V1").encode(), "AE", "code-unmapped-refused"),
        (message(PID, kind="XYZ^Z99").encode(), "AR", "message-type-unsupported"),
        (message("EVN|A04", "PID|1", "PV1|1|O").encode(), "AE", "patient-unidentified"),
    ],
    ids=["empty", "noise", "V3", "no PID", "unmapped visit type", "unknown type", "nobody"],
)
def test_bad_input_is_refused_with_its_reason(raw: bytes, verdict: str, code: str, book: SiteBook) -> None:
    arrival = prepare(raw, book).arrival
    assert arrival.verdict == verdict
    assert arrival.stated == ()
    assert arrival.raw == raw
    assert not code or code in {issue.code for issue in arrival.issues}


def test_equal_numbers_of_two_strangers_are_two_patients(book: SiteBook) -> None:
    one = prepare(VISIT.encode(), book)
    other = prepare(VISIT.replace("X|Y", "X|Z").encode(), book)
    assert one.arrival.verdict == other.arrival.verdict == "AA"
    assert one.arrival.patient_key != other.arrival.patient_key
    assert {s.owner for s in one.arrival.stated} & {s.owner for s in other.arrival.stated} <= {""}


def test_two_systems_of_one_unregistered_facility_speak_of_one_patient(book: SiteBook) -> None:
    one = prepare(VISIT.encode(), book)
    other = prepare(VISIT.replace("X|Y", "LIS|Y").encode(), book)
    assert one.arrival.patient_key == other.arrival.patient_key != ""


@pytest.mark.parametrize("codec", ["gb18030", "utf-8"])
def test_the_answer_comes_in_the_character_set_of_the_message(codec: str, book: SiteBook) -> None:
    raw = VISIT.replace("PV1|1|O", "PV1|1|不详").encode(codec)
    prepared = prepare(raw, book)
    receipt = Receipt(7, prepared.arrival.verdict, "refused", b"", prepared.arrival.issues, 0)
    answer = pipeline.acknowledge(prepared, receipt, NOW, "zh")
    assert "代码" in answer.decode(codec)
    assert "不详" not in answer.decode(codec)


def test_the_ledger_can_be_read_back(book: SiteBook) -> None:
    prepared = prepare(VISIT.encode(), book)
    assert prepared.message is not None
    rows = packed_ledger.unpack(prepared.arrival.ledger, prepared.message)
    assert ("PID-5", "stored") in {(location, outcome) for location, outcome, _, _ in rows}
    assert {location for location, *_ in rows} == {prepared.message.locate(leaf) for leaf in prepared.message.leaves()}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Database]:
    opened = Database(f"sqlite:///{tmp_path}/qiao.db")
    opened.create()
    yield opened
    opened.close()


def entries(store: Database) -> list[journal.Entry]:
    with store.read() as connection:
        return list(journal.find(connection, EVERYTHING, journal.Wanted()))


def test_handle_reads_stores_and_answers(store: Database, book: SiteBook) -> None:
    intake = Intake(store)
    door = Door(book, intake, system_clock)
    receipt = pipeline.handle(VISIT.encode(), door)
    again = pipeline.handle(VISIT.encode(), door)
    intake.close()
    assert receipt.verdict == "AA" and receipt.written > 3
    assert again.answer == receipt.answer and again.duplicate == receipt.journal
    assert [row.status for row in entries(store)] == ["accepted", "duplicate"]


async def exchange(reception: Reception, *frames: bytes) -> list[bytes]:
    listener = Listener(reception)
    await listener.start("127.0.0.1", 0)
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
    writer.write(b"".join(mllp.encode(frame) for frame in frames))
    answers = [await asyncio.wait_for(reader.readuntil(b"\x1c\r"), 20) for _ in frames]
    writer.close()
    await writer.wait_closed()
    await listener.close()
    return answers


def test_an_error_of_ours_is_answered_and_the_message_kept(
    store: Database, book: SiteBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("测试 is a value")

    monkeypatch.setattr(pipeline, "map_message", fail)
    intake = Intake(store)
    reception = Reception(book, intake, system_clock)
    with structlog.testing.capture_logs() as logged:
        answers = asyncio.run(exchange(reception, VISIT.encode(), VISIT.replace("|1|P|", "|2|P|").encode()))
    reception.close()
    intake.close()
    assert all(b"MSA|AR|" in answer for answer in answers)
    assert [row.control_id for row in entries(store)] == ["1", "2"]
    assert logged and "测试" not in str(logged)


def test_a_message_we_failed_on_is_tried_again_when_it_is_sent_again(
    store: Database, book: SiteBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError

    intake = Intake(store)
    reception = Reception(book, intake, system_clock)
    with monkeypatch.context() as broken:
        broken.setattr(pipeline, "map_message", fail)
        (first,) = asyncio.run(exchange(reception, VISIT.encode()))
    (second,) = asyncio.run(exchange(reception, VISIT.encode()))
    reception.close()
    intake.close()
    assert b"MSA|AR|" in first and b"MSA|AA|" in second


def test_a_batch_in_one_frame_gets_one_frame_of_answers(store: Database, book: SiteBook) -> None:
    intake = Intake(store)
    reception = Reception(book, intake, system_clock)
    batch = "FHS|^~\\&\rBHS|^~\\&\r" + VISIT + VISIT.replace("|1|P|", "|2|P|") + "BTS|2\rFTS|1\r"
    (answer,) = asyncio.run(exchange(reception, batch.encode()))
    reception.close()
    intake.close()
    assert answer.count(b"MSA|AA|") == 2
    assert len(entries(store)) == 2


def test_unregistered_senders_can_be_refused(store: Database, book: SiteBook) -> None:
    intake = Intake(store)
    reception = Reception(book, intake, system_clock, strangers="refuse")
    (answer,) = asyncio.run(exchange(reception, VISIT.encode()))
    reception.close()
    intake.close()
    assert b"MSA|AR|1" in answer
    (row,) = entries(store)
    assert (row.status, row.issues[0]["code"]) == ("refused", "site-unknown")


def test_a_store_that_takes_no_writes_is_never_answered_aa_and_recovers(store: Database, book: SiteBook) -> None:
    intake = Intake(store)
    reception = Reception(book, intake, system_clock)
    with store.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE journal RENAME TO elsewhere")
    (refused,) = asyncio.run(exchange(reception, VISIT.encode()))
    assert b"MSA|AR|1" in refused and b"store-unavailable" in refused
    assert not intake.healthy
    with store.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO journal")
    (taken,) = asyncio.run(exchange(reception, VISIT.encode()))
    reception.close()
    intake.close()
    assert b"MSA|AA|1" in taken
    assert [row.status for row in entries(store)] == ["accepted"]


def test_oversize_frames_and_junk_are_kept(store: Database, book: SiteBook) -> None:
    intake = Intake(store)
    reception = Reception(book, intake, system_clock)
    peer = Peer("127.0.0.1")

    async def go() -> bytes:
        reception.event("frame-junk", b"GET / HTTP/1.1", peer)
        return await reception.oversize(VISIT.encode(), 99_999_999, peer)

    assert b"MSA|AR|1" in asyncio.run(go())
    reception.close()
    intake.close()
    assert [(row.status, row.issues[0]["code"]) for row in entries(store)] == [
        ("event", "frame-junk"),
        ("unreadable", "frame-oversize"),
    ]


def test_no_patient_value_reaches_a_log_line(store: Database, book: SiteBook) -> None:
    intake = Intake(store)
    reception = Reception(book, intake, system_clock)
    secret = VISIT.replace("测试", "秘密名").replace("P1^^^^MR", "SECRET77^^^^MR")
    with structlog.testing.capture_logs() as logged:
        asyncio.run(exchange(reception, secret.encode(), secret.replace("PV1|1|O", "PV1|1|?").encode()))
    reception.close()
    intake.close()
    assert "秘密名" not in str(logged) and "SECRET77" not in str(logged)
