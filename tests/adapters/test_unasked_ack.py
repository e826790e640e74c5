"""Nobody acknowledges an acknowledgement: one that comes by itself is kept, and not answered unless it asks for it."""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from pathlib import Path

import pytest

from adapters import ack, er7, mllp
from adapters.batch import Item
from adapters.folder import Folder
from adapters.listener import Listener
from adapters.reception import Reception
from adapters.sender import Sender, read_answer, send_many
from adapters.site import SITES, SiteBook, load
from adapters.syntaxes import is_xml
from fhir_server.intake import Intake, system_clock
from fhir_server.security.scope import EVERYTHING
from fhir_server.store import journal
from fhir_server.store.database import Database
from tests.adapters.test_folder import names
from tests.adapters.v2_xml_copy import copy

VISIT = (
    "MSH|^~\\&|HIS|YXWSY|QIAO|QINGHE|20260301080000||ADT^A04^ADT_A01|{}|P|2.5.1\r"
    "EVN|A04|20260301080000\rPID|1||P1^^^YXWSY^MR||王小明||19900101|M\rPV1|1|O|02||||||||||||||||V1\r"
)
ACK = "MSH|^~\\&|{sender}|QIAO|QINGHE|20260301080001||{kind}|{number}|P|2.5.1|||{asks}\rMSA|AA|Q7-1\r"


def bare(number: str, kind: str = "ACK", asks: str = "", sender: str = "HIS|YXWSY") -> str:
    return ACK.format(sender=sender, kind=kind, number=number, asks=asks)


class Door:
    """A store, and what takes messages into it."""

    def __init__(self, folder: Path, book: SiteBook, channel: str = "mllp") -> None:
        self.database = Database(f"sqlite:///{folder}/qiao.db")
        self.database.create()
        self.intake = Intake(self.database)
        self.reception = Reception(book, self.intake, system_clock, channel=channel)

    def kept(self) -> list[tuple[str, str]]:
        """What is in the journal, in its order: control id and verdict."""
        with self.database.read() as connection:
            found = [(one.control_id, one.verdict) for one in journal.find(connection, EVERYTHING, journal.Wanted())]
        return sorted(found)

    def close(self) -> None:
        self.reception.close()
        self.intake.close()
        self.database.close()


async def answers(door: Door, sent: list[bytes], last: str) -> list[str]:
    """MSA-1 and MSA-2 of every answer up to the one to `last`, over a real socket."""
    listener = Listener(door.reception)
    await listener.start("127.0.0.1", 0)
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
    writer.write(b"".join(map(mllp.encode, sent)))
    framer, found = mllp.Framer(), list[str]()
    while not found or not found[-1].endswith(f" {last}"):
        data = await asyncio.wait_for(reader.read(65536), 20)
        assert data
        frames = [event.data for event in framer.feed(data) if isinstance(event, mllp.Frame)]
        found += [f"{one.verdict} {one.control_id}" for one in map(read_answer, frames)]
    writer.close()
    await listener.close(2)
    return found


def test_an_acknowledgement_is_kept_and_not_answered_and_the_messages_around_it_are(tmp_path: Path) -> None:
    door = Door(tmp_path, load())
    bad = bare("K4").replace("\rMSA", "\rZZZ").replace("|P|2.5.1", "|P|9.9")
    sent = [
        *(VISIT.format("N1"), bare("K1"), bare("K2", "ACK^A04^ACK"), bare("K3", "MCF"), bad),
        *(bare("K5", asks="NE"), bare("K6", asks="ER"), VISIT.format("N2")),
    ]
    assert asyncio.run(answers(door, [one.encode() for one in sent], "N2")) == ["AA N1", "AA N2"]
    assert [number for number, _ in door.kept()] == ["K1", "K2", "K3", "K4", "K5", "K6", "N1", "N2"]
    door.close()


def test_one_that_asks_for_an_accept_acknowledgement_gets_one(tmp_path: Path) -> None:
    door = Door(tmp_path, load())
    sent = [bare("K1", asks="AL"), bare("K2", asks="SU"), VISIT.format("N1")]
    told = asyncio.run(answers(door, [one.encode() for one in sent], "N1"))
    assert told == ["CA K1", "CA K2", "AA N1"]
    door.close()


def test_a_site_whose_engine_waits_is_answered_all_the_same(tmp_path: Path) -> None:
    sites = tmp_path / "sites"
    shutil.copytree(SITES, sites)
    toml = sites / "township-a-his" / "site.toml"
    toml.write_text(toml.read_text("utf-8").replace("[wire]\n", '[wire]\nunasked_ack = "answered"\n'), "utf-8")
    door = Door(tmp_path, load(sites))
    sent = [bare("K1"), bare("K2", sender="HIS|QHRY"), VISIT.format("N1")]
    assert asyncio.run(answers(door, [one.encode() for one in sent], "N1")) == ["AA K1", "AA N1"]
    door.close()


def test_an_answer_that_carries_data_is_a_message_to_us(tmp_path: Path) -> None:
    door = Door(tmp_path, load())
    orr = bare("K1", "ORR^O02^ORR_O02") + "PID|1||P1^^^YXWSY^MR||王小明||19900101|M\rORC|OK|O1^YXWSY\rOBR|1|O1^YXWSY\r"
    assert len(asyncio.run(answers(door, [orr.encode()], "K1"))) == 1
    door.close()


def test_a_batch_is_answered_without_its_acknowledgements(tmp_path: Path) -> None:
    door = Door(tmp_path, load())

    async def story() -> list[bytes]:
        listener = Listener(door.reception)
        await listener.start("127.0.0.1", 0)
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
        batch = f"BHS|^~\\&\r{bare('K1')}{VISIT.format('N1')}{bare('K2')}BTS|3\r"
        only = f"BHS|^~\\&\r{bare('K3')}{bare('K4')}BTS|2\r"
        writer.write(mllp.encode(only.encode()) + mllp.encode(batch.encode()))
        framer, found = mllp.Framer(), list[bytes]()
        while not found:
            found += [event.data for event in framer.feed(await reader.read(65536)) if isinstance(event, mllp.Frame)]
        writer.close()
        await listener.close(2)
        return found

    (answer,) = asyncio.run(story())
    assert answer.count(b"\rMSA|AA|N1") == 1 and answer.count(b"\rMSA|") == 1 and answer.endswith(b"BTS|1\r")
    assert len(door.kept()) == 5
    door.close()


def test_in_a_drop_folder_it_is_done_without_an_answer(tmp_path: Path) -> None:
    door = Door(tmp_path, load(), "folder")
    drop = tmp_path / "drop"
    drop.mkdir()
    (drop / "a.hl7").write_bytes(bare("K1").encode())
    watched = Folder(drop, door.reception, seconds=0.01)

    async def look() -> None:
        await watched.look()
        await watched.look()

    asyncio.run(look())
    assert names(watched) == ["a.hl7.ack", "a.hl7.done"]
    assert (drop / "a.hl7.ack").read_bytes() == b""
    door.close()


def test_an_xml_acknowledgement_is_not_answered_either(tmp_path: Path) -> None:
    door = Door(tmp_path, load())
    message = er7.parse(bare("K1")).message
    assert message is not None
    raw = copy(message)
    assert is_xml(raw)
    assert asyncio.run(answers(door, [raw, VISIT.format("N1").encode()], "N1")) == ["AA N1"]
    assert door.kept() == [("K1", "AA"), ("N1", "AA")]
    door.close()


@pytest.mark.parametrize(("asks", "verdict", "code"), [("AL", "AE", "CE"), ("ER", "AR", "CR"), ("SU", "AR", "")])
def test_what_it_asks_for_holds_for_refusals_too(asks: str, verdict: ack.Verdict, code: str) -> None:
    text = ack.render(
        None,
        verdict,
        [],
        raw_head=bare("K1", asks=asks).encode(),
        now="20260301080000",
        control_id="Q1",
        application="QIAO",
        facility="",
    )
    assert (read_answer(text.encode()).verdict if text else "") == code


@pytest.mark.parametrize("in_flight", [1, 8])
def test_whoever_sends_one_awaits_no_answer(tmp_path: Path, in_flight: int) -> None:
    door = Door(tmp_path, load())
    texts = [VISIT.format("N1"), bare("K1"), bare("K2"), VISIT.format("ACK"), VISIT.format("N3"), bare("K3")]

    async def story() -> Counter[str]:
        listener = Listener(door.reception)
        await listener.start("127.0.0.1", 0)
        items = [Item(text.encode(), str(number)) for number, text in enumerate(texts)]
        told = await send_many(
            items, lambda: Sender("127.0.0.1", listener.port), lambda *_: None, in_flight=in_flight, seconds=20
        )
        await listener.close(2)
        return told

    assert asyncio.run(story()) == {"AA": 3, "sent": 3}
    assert len(door.kept()) == 6
    door.close()
