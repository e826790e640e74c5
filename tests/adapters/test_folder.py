"""The drop folder: read, answered, renamed, never lost."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, field
from pathlib import Path

from adapters.folder import Folder
from adapters.listener import Peer
from adapters.sender import control_id


def hl7(number: int | str) -> bytes:
    return f"MSH|^~\\&|HIS|H|QIAO|C|1||ADT^A01|{number}|P|2.4\rPID|1\r".encode()


@dataclass
class Answering:
    """Refuses the messages whose control id is in `refuse`."""

    refuse: tuple[str, ...] = ()
    seen: list[str] = field(default_factory=list)

    def submit(self, raw: bytes, peer: Peer) -> Awaitable[bytes]:
        assert peer.host == "folder:drop"
        self.seen.append(control_id(raw))
        return self._answer(control_id(raw))

    async def _answer(self, number: str) -> bytes:
        code = "AE" if number in self.refuse else "AA"
        return f"MSH|^~\\&|Q\rMSA|{code}|{number}\r".encode()

    async def oversize(self, head: bytes, size: int, peer: Peer) -> bytes:
        raise NotImplementedError

    async def timeout(self, partial: bytes, peer: Peer) -> bytes:
        raise NotImplementedError

    def event(self, kind: str, sample: bytes, peer: Peer) -> None:
        raise NotImplementedError


def folder(tmp_path: Path, handler: Answering) -> Folder:
    (tmp_path / "drop").mkdir(exist_ok=True)
    return Folder(tmp_path / "drop", handler, seconds=0.01)


def look(watched: Folder, times: int) -> list[int]:
    async def looking() -> list[int]:
        return [await watched.look() for _ in range(times)]

    return asyncio.run(looking())


def names(watched: Folder) -> list[str]:
    return sorted(path.name for path in watched.path.iterdir())


def test_a_complete_file_is_answered_and_renamed(tmp_path: Path) -> None:
    watched = folder(tmp_path, Answering())
    (watched.path / "a.hl7").write_bytes(hl7(1) + hl7(2))
    assert look(watched, 3) == [0, 1, 0]
    assert names(watched) == ["a.hl7.ack", "a.hl7.done"]
    assert (watched.path / "a.hl7.done").read_bytes() == hl7(1) + hl7(2)
    assert (watched.path / "a.hl7.ack").read_bytes().count(b"MSA|AA") == 2


def test_a_file_with_a_refused_message_is_an_error_file_with_all_its_answers(tmp_path: Path) -> None:
    watched = folder(tmp_path, Answering(refuse=("1",)))
    (watched.path / "a.hl7").write_bytes(hl7(1) + hl7(2))
    look(watched, 2)
    assert names(watched) == ["a.hl7.ack", "a.hl7.error"]
    assert [code in (watched.path / "a.hl7.ack").read_bytes() for code in (b"MSA|AE|1", b"MSA|AA|2")] == [True, True]


def test_a_growing_file_is_left_alone_until_it_rests(tmp_path: Path) -> None:
    handler = Answering()
    watched = folder(tmp_path, handler)
    growing = watched.path / "a.hl7"
    for number in range(1, 4):
        with growing.open("ab") as stream:
            stream.write(hl7(number))
        assert look(watched, 1) == [0]
    assert look(watched, 1) == [1]
    assert handler.seen == ["1", "2", "3"]


def test_our_own_and_hidden_files_are_never_taken(tmp_path: Path) -> None:
    watched = folder(tmp_path, Answering())
    for name in (".a", "a.ack", "a.done", "a.error", "a.tmp", "a.part"):
        (watched.path / name).write_bytes(hl7(1))
    (watched.path / "sub").mkdir()
    assert look(watched, 2) == [0, 0]


def test_a_second_file_of_the_same_name_replaces_nothing(tmp_path: Path) -> None:
    watched = folder(tmp_path, Answering())
    for number in (1, 2):
        (watched.path / "a.hl7").write_bytes(hl7(number))
        look(watched, 2)
    assert names(watched) == ["a.hl7.2.ack", "a.hl7.2.done", "a.hl7.ack", "a.hl7.done"]
    assert (watched.path / "a.hl7.done").read_bytes() == hl7(1)


def test_watching_ends_when_told_to_and_reads_on_until_then(tmp_path: Path) -> None:
    handler = Answering()
    watched = folder(tmp_path, handler)

    async def story() -> None:
        stop = asyncio.Event()
        watching = asyncio.ensure_future(watched.watch(stop))
        for number in range(3):
            (watched.path / f"{number}.hl7").write_bytes(hl7(number))
        for _ in range(200):
            await asyncio.sleep(0.01)
            if len(handler.seen) == 3:
                break
        stop.set()
        await asyncio.wait_for(watching, 2)

    asyncio.run(story())
    assert sorted(handler.seen) == ["0", "1", "2"]


def test_files_go_in_the_order_of_their_names(tmp_path: Path) -> None:
    handler = Answering()
    watched = folder(tmp_path, handler)
    for name in ("2.hl7", "10.hl7", "1.hl7"):
        (watched.path / name).write_bytes(hl7(name.partition(".")[0]))
    look(watched, 2)
    assert handler.seen == ["1", "10", "2"]


@dataclass
class Unavailable(Answering):
    """The store takes nothing until `back` is set."""

    back: bool = False

    async def _answer(self, number: str) -> bytes:
        return await super()._answer(number) if self.back else b"MSH|^~\\&|Q||||1||ACK|Q0|P|2.4\rMSA|AR|1\r"


def test_a_file_stays_while_the_store_takes_nothing(tmp_path: Path) -> None:
    handler = Unavailable()
    watched = folder(tmp_path, handler)
    (watched.path / "a.hl7").write_bytes(hl7(1))
    look(watched, 3)
    assert names(watched) == ["a.hl7"]
    handler.back = True
    look(watched, 1)
    assert names(watched) == ["a.hl7.ack", "a.hl7.done"]


def test_an_xml_file_is_one_message_and_its_xml_answer_is_understood(tmp_path: Path) -> None:
    class InXml(Answering):
        async def _answer(self, number: str) -> bytes:
            return b"<ACK xmlns='urn:hl7-org:v2xml'><MSA><MSA.1>AA</MSA.1></MSA></ACK>"

    handler = InXml()
    watched = folder(tmp_path, handler)
    (watched.path / "a.xml").write_bytes(b"<ADT_A01>\nMSH|^~\\&|\n</ADT_A01>")
    look(watched, 2)
    assert (len(handler.seen), names(watched)) == (1, ["a.xml.ack", "a.xml.done"])
