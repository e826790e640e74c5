"""The client: an answer belongs to its message, and what fails is said."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from adapters import mllp
from adapters.batch import Item
from adapters.sender import Answer, Sender, control_id, read_answer, send_many

Reply = Callable[[bytes, int], Awaitable[bytes | None]]


def hl7(number: int | str) -> bytes:
    return f"MSH|^~\\&|HIS|县医院|QIAO|C|1||ADT^A01|{number}|P|2.4\rPID|1||瑋\r".encode("gb18030")


def acked(number: str, code: str = "AA") -> bytes:
    return f"MSH|^~\\&|Q\rMSA|{code}|{number}|text\r".encode()


@contextlib.asynccontextmanager
async def server(reply: Reply, *, port: int = 0, lasting: int = 1_000_000) -> AsyncIterator[int]:
    """A peer that calls `reply(frame, number)` for the bytes to send back, `None` meaning to close instead; a
    connection lasts for so many answers."""
    count = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal count
        framer, left = mllp.Framer(), lasting
        with contextlib.closing(writer), contextlib.suppress(ConnectionError):
            while left and (data := await reader.read(65536)):
                for event in framer.feed(data):
                    assert isinstance(event, mllp.Frame)
                    count += 1
                    answer = await reply(event.data, count)
                    if answer is None:
                        return
                    writer.write(answer)
                    left -= 1

    listening = await asyncio.start_server(serve, "127.0.0.1", port)
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        listening.close()
        await asyncio.sleep(0.02)


async def echo(frame: bytes, number: int) -> bytes:
    return mllp.encode(acked(control_id(frame)))


def test_the_answer_comes_back_with_its_verdict() -> None:
    async def story() -> None:
        async with server(echo) as port, Sender("127.0.0.1", port) as sender:
            assert await sender.send(hl7(7)) == Answer("AA", "text", acked("7"), "7")
            assert (await sender.send(hl7(8))).accepted

    asyncio.run(story())


def test_an_answer_to_another_message_is_not_taken_for_ours() -> None:
    async def reply(frame: bytes, number: int) -> bytes:
        return mllp.encode(acked("other", "AE")) + mllp.encode(acked(control_id(frame)))

    async def story() -> None:
        async with server(reply) as port, Sender("127.0.0.1", port) as sender:
            assert (await sender.send(hl7(1))).verdict == "AA"

    asyncio.run(story())


def test_after_a_time_out_the_socket_is_closed_so_that_a_late_answer_meets_nobody() -> None:
    async def reply(frame: bytes, number: int) -> bytes:
        if number == 1:
            await asyncio.sleep(0.3)
        return mllp.encode(acked("", f"A{'RA'[number > 1]}"))

    async def story() -> None:
        async with server(reply) as port, Sender("127.0.0.1", port) as sender:
            assert await sender.send(hl7(1), 0.1) == Answer(failure="timeout")
            assert not sender.connected
            assert (await sender.send(hl7(2))).verdict == "AA"

    asyncio.run(story())


def test_a_peer_that_closes_after_every_message_is_connected_to_again() -> None:
    async def story() -> None:
        async with server(echo, lasting=1) as port, Sender("127.0.0.1", port) as sender:
            for number in range(5):
                assert (await sender.send(hl7(number), 2)).control_id == str(number)

    asyncio.run(story())


def test_a_peer_that_closes_without_an_answer_is_told_apart_from_one_that_is_not_there() -> None:
    async def reply(frame: bytes, number: int) -> None:
        return None

    async def story() -> None:
        async with server(reply) as port, Sender("127.0.0.1", port) as sender:
            assert (await sender.send(hl7(1))).failure == "closed"
        async with Sender("127.0.0.1", port, back_off=(0.0, 0.01)) as nobody:
            assert (await nobody.send(hl7(1))).failure == "unreachable"

    asyncio.run(story())


def test_the_sender_waits_for_a_server_that_starts_late() -> None:
    async def story() -> None:
        async with server(echo) as port:
            pass
        sender = Sender("127.0.0.1", port, back_off=(0.0, 0.05, 0.1, 0.2))
        sending = asyncio.ensure_future(sender.send(hl7(1)))
        await asyncio.sleep(0.1)

        async with server(echo, port=port):
            assert (await sending).verdict == "AA"
            await sender.close()

    asyncio.run(story())


@pytest.mark.parametrize(("connections", "in_flight"), [(1, 1), (1, 16), (3, 1), (4, 8)])
def test_many_messages_each_get_their_own_answer(connections: int, in_flight: int) -> None:
    async def story() -> None:
        found: dict[str, str] = {}
        async with server(echo) as port:
            counts = await send_many(
                (Item(hl7(n), str(n)) for n in range(100)),
                lambda: Sender("127.0.0.1", port),
                lambda item, answer: found.update({item.label: answer.control_id}),
                connections=connections,
                in_flight=in_flight,
            )
        assert counts == {"AA": 100}
        assert found == {str(n): str(n) for n in range(100)}

    asyncio.run(story())


def test_one_connection_keeps_the_order() -> None:
    seen: list[bytes] = []

    async def reply(frame: bytes, number: int) -> bytes:
        seen.append(frame)
        return await echo(frame, number)

    async def story() -> None:
        async with server(reply) as port:
            items = [Item(hl7(n), str(n)) for n in range(50)]
            await send_many(items, lambda: Sender("127.0.0.1", port), lambda *_: None, in_flight=8)
        assert seen == [item.raw for item in items]

    asyncio.run(story())


def test_a_lost_connection_fails_what_was_open_and_the_rest_goes_on() -> None:
    async def reply(frame: bytes, number: int) -> bytes | None:
        return None if number == 10 else await echo(frame, number)

    async def story() -> None:
        failed: list[str] = []
        async with server(reply) as port:
            counts = await send_many(
                [Item(hl7(n), str(n)) for n in range(40)],
                lambda: Sender("127.0.0.1", port),
                lambda item, answer: failed.append(item.label) if answer.failure else None,
                in_flight=4,
            )
        assert counts["AA"] + counts["closed"] == 40
        assert 1 <= counts["closed"] <= 4
        assert "9" in failed

    asyncio.run(story())


def test_the_rate_is_not_exceeded() -> None:
    async def story() -> float:
        async with server(echo) as port:
            start = time.perf_counter()
            items = [Item(hl7(n), str(n)) for n in range(21)]
            await send_many(items, lambda: Sender("127.0.0.1", port), lambda *_: None, connections=3, rate=100)
            return time.perf_counter() - start

    assert asyncio.run(story()) >= 0.195


@pytest.mark.parametrize(
    ("raw", "answer"),
    [
        (b"MSH|^~\\&|Q\nMSA|AE|7\nERR||||E|||dev|for people\n", ("AE", "for people", "7")),
        (b"MSH|^~\\&|Q\rMSA|CA\r", ("CA", "", "")),
        (b"MSH$^~\\&$Q\rMSA$AR$7$no\r", ("AR", "no", "7")),
        (b"MSH|^~\\&|Q\rMSA|??|7\r", ("", "", "7")),
        ("MSH|^~\\&|Q\rMSA|AR|7|患者无标识\r".encode("gb18030"), ("AR", "患者无标识", "7")),
        (b"noise", ("", "", "")),
        (b"", ("", "", "")),
    ],
)
def test_answers_are_read_as_peers_write_them(raw: bytes, answer: tuple[str, str, str]) -> None:
    found = read_answer(raw)
    assert (found.verdict, found.text, found.control_id) == answer


def test_the_control_id_is_found_behind_gbk_names_with_a_delimiter_inside() -> None:
    raw = "MSH|^~\\&|瑋頫|玘珅東|A|B|1||ADT^A01|C7|P|2.4\rPID|1\r".encode("gb18030")
    assert raw.split(b"|")[9] != b"C7"
    assert control_id(raw) == "C7"
    assert control_id(b"\x00") == ""
