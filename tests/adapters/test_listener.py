"""The listener on real sockets: one answer for every frame, in order, whatever the peer does."""

import asyncio
import contextlib
import ipaddress
import logging
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import trustme

from adapters import mllp
from adapters.listener import Limits, Listener, Peer, server_tls
from adapters.sender import Sender, client_tls, read_answer


def hl7(number: int | str, size: int = 0) -> bytes:
    return f"MSH|^~\\&|HIS|H|QIAO|C|1||ADT^A01|{number}|P|2.4\rNTE|1||{'x' * size}\r".encode()


@dataclass
class Recorder:
    """A handler that answers each message with its own first line after a pause, and keeps what it was told."""

    pause: Callable[[bytes], float] = lambda raw: 0.0
    submitted: list[bytes] = field(default_factory=list)
    events: list[tuple[str, bytes]] = field(default_factory=list)
    peers: list[Peer] = field(default_factory=list)
    running: int = 0
    most: int = 0

    def submit(self, raw: bytes, peer: Peer) -> Awaitable[bytes]:
        self.submitted.append(raw)
        self.peers.append(peer)
        if raw.startswith(b"raise-now"):
            raise RuntimeError("secret 张三")
        return self._answer(raw)

    async def _answer(self, raw: bytes) -> bytes:
        self.running += 1
        self.most = max(self.most, self.running)
        await asyncio.sleep(self.pause(raw))
        self.running -= 1
        if b"|raise|" in raw:
            raise RuntimeError("secret 张三")
        return b"MSH|^~\\&|Q\rMSA|AA|" + raw.partition(b"ADT^A01|")[2].partition(b"|")[0] + b"\r"

    async def oversize(self, head: bytes, size: int, peer: Peer) -> bytes:
        return b"MSH|^~\\&|Q\rMSA|AR|oversize %d\r" % size

    async def timeout(self, partial: bytes, peer: Peer) -> bytes:
        return b"MSH|^~\\&|Q\rMSA|AR|timeout\r"

    def event(self, kind: str, sample: bytes, peer: Peer) -> None:
        self.events.append((kind, sample))


@dataclass
class Client:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    framer: mllp.Framer = field(default_factory=mllp.Framer)
    found: list[bytes] = field(default_factory=list)

    async def answers(self, count: int) -> list[str]:
        """MSA-1 and MSA-2 of the next answers."""
        while len(self.found) < count:
            data = await asyncio.wait_for(self.reader.read(65536), 5)
            assert data, "closed before the answer"
            self.found += [event.data for event in self.framer.feed(data) if isinstance(event, mllp.Frame)]
        taken, self.found = self.found[:count], self.found[count:]
        return [f"{answer.verdict} {answer.control_id}" for answer in map(read_answer, taken)]

    async def closed(self) -> bool:
        with contextlib.suppress(ConnectionError):
            return await asyncio.wait_for(self.reader.read(), 5) == b""
        return True


@contextlib.asynccontextmanager
async def listening(handler: Recorder, **settings: Any) -> AsyncIterator[Listener]:
    listener = Listener(handler, **settings)
    await listener.start("127.0.0.1", 0)
    try:
        yield listener
    finally:
        await listener.close(2)


@contextlib.asynccontextmanager
async def connected(listener: Listener) -> AsyncIterator[Client]:
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
    try:
        yield Client(reader, writer)
    finally:
        writer.close()


def test_pipelined_frames_are_answered_in_order_though_the_later_are_done_first() -> None:
    async def story() -> None:
        handler = Recorder(pause=lambda raw: 0.05 if b"|0|" in raw else 0.0)
        async with listening(handler) as listener, connected(listener) as client:
            client.writer.write(b"".join(mllp.encode(hl7(n)) for n in range(20)))
            assert await client.answers(20) == [f"AA {n}" for n in range(20)]
            assert handler.submitted == [hl7(n) for n in range(20)]
            assert handler.most > 1

    asyncio.run(story())


def test_no_more_than_the_allowed_frames_are_in_flight_and_reading_stops() -> None:
    async def story() -> None:
        handler = Recorder(pause=lambda raw: 0.02)
        async with listening(handler, limits=Limits(in_flight=4)) as listener, connected(listener) as client:
            stream = b"".join(mllp.encode(hl7(n, 20_000)) for n in range(200))
            writing = asyncio.ensure_future(_write(client.writer, stream))
            await asyncio.sleep(0.1)
            [connection] = listener._connections
            assert not connection.reading
            assert await client.answers(200) == [f"AA {n}" for n in range(200)]
            assert handler.most == 4
            await writing

    asyncio.run(story())


async def _write(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(data)
    await writer.drain()


def test_a_peer_that_does_not_read_its_answers_is_not_read_from() -> None:
    async def story() -> None:
        handler = Recorder()
        original = handler.submit

        async def big(raw: bytes) -> bytes:
            return b"MSH|^~\\&|Q\rMSA|AA|1|" + b"x" * 1_000_000

        handler.submit = lambda raw, peer: (original(raw, peer), big(raw))[1]  # type: ignore[method-assign]
        async with listening(handler, limits=Limits(in_flight=2)) as listener, connected(listener) as client:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(
                    _write(client.writer, b"".join(mllp.encode(hl7(n, 9000)) for n in range(2000))), 0.5
                )
            assert len(handler.submitted) < 100
            client.writer.transport.abort()

    asyncio.run(story())


def test_an_oversize_frame_is_refused_and_the_next_is_taken() -> None:
    async def story() -> None:
        handler = Recorder()
        async with listening(handler, limits=Limits(frame=1000)) as listener, connected(listener) as client:
            client.writer.write(mllp.encode(hl7(1)) + mllp.encode(hl7(2, 5000)) + mllp.encode(hl7(3)))
            assert await client.answers(3) == ["AA 1", f"AR oversize {len(hl7(2, 5000))}", "AA 3"]
            assert [kind for kind, _ in handler.events] == ["frame-oversize"]

    asyncio.run(story())


def test_an_unfinished_frame_is_refused_and_the_connection_closed() -> None:
    async def story() -> None:
        handler = Recorder()
        async with listening(handler, limits=Limits(frame_seconds=0.1)) as listener, connected(listener) as client:
            client.writer.write(mllp.encode(hl7(1)) + b"\x0bMSH|half")
            assert await client.answers(2) == ["AA 1", "AR timeout"]
            assert await client.closed()
            assert handler.events == [("frame-timeout", b"MSH|half")]

    asyncio.run(story())


def test_a_slow_frame_within_the_time_is_taken() -> None:
    async def story() -> None:
        handler = Recorder()
        async with listening(handler, limits=Limits(frame_seconds=2)) as listener, connected(listener) as client:
            for byte in mllp.encode(hl7(1)):
                client.writer.write(bytes([byte]))
                await client.writer.drain()
            assert await client.answers(1) == ["AA 1"]

    asyncio.run(story())


def test_a_frame_without_its_carriage_return_is_answered_all_the_same() -> None:
    async def story() -> None:
        handler = Recorder()
        async with listening(handler) as listener, connected(listener) as client:
            for number in (1, 2):
                client.writer.write(mllp.encode(hl7(number))[:-1])
                assert await client.answers(1) == [f"AA {number}"]
            assert handler.events == [("frame-missing-cr", b"")]

    asyncio.run(story())


def test_junk_and_broken_frames_are_told_and_not_answered() -> None:
    async def story() -> None:
        handler = Recorder()
        async with listening(handler) as listener, connected(listener) as client:
            client.writer.write(b"GET / HTTP/1.1" + mllp.encode(hl7(1)) + b"\x0bMSH|half" + mllp.encode(hl7(2)))
            assert await client.answers(2) == ["AA 1", "AA 2"]
            client.writer.write(b"\x0bMSH|end")
            client.writer.close()
            await asyncio.sleep(0.05)
            assert handler.events == [
                ("frame-junk", b"GET / HTTP/1.1"),
                ("frame-truncated", b"MSH|half"),
                ("frame-truncated", b"MSH|end"),
            ]

    asyncio.run(story())


def test_a_peer_that_only_sends_junk_is_told_of_while_it_is_connected() -> None:
    async def story() -> None:
        handler = Recorder()
        async with listening(handler) as listener, connected(listener) as client:
            client.writer.write(b"hello")
            await asyncio.sleep(0.4)
            assert handler.events == [("frame-junk", b"hello")]

    asyncio.run(story())


@pytest.mark.parametrize("raw", [b"raise-now", hl7("raise")])
def test_an_error_of_the_handler_is_answered_ar_without_its_text_and_the_connection_stays(
    raw: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        handler = Recorder()
        async with listening(handler) as listener, connected(listener) as client:
            client.writer.write(mllp.encode(raw) + mllp.encode(hl7(2)))
            first, second = await client.answers(2)
            assert first.startswith("AR")
            assert second == "AA 2"

    with caplog.at_level(logging.ERROR):
        asyncio.run(story())
    assert "error=RuntimeError" in caplog.text and "incident=" in caplog.text
    assert "张三" not in caplog.text


def test_a_peer_outside_the_networks_is_closed_and_told() -> None:
    async def story() -> None:
        handler = Recorder()
        allow = (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("::1/128"))
        async with listening(handler, allow=allow) as listener, connected(listener) as client:
            assert await client.closed()
            assert handler.events == [("peer-refused", b"address")]
            assert listener.connections == 0

    asyncio.run(story())


def test_networks_know_addresses_of_both_kinds() -> None:
    networks = (ipaddress.ip_network("192.168.1.0/24"), ipaddress.ip_network("fd00::/8"))
    hosts = ("192.168.1.7", "::ffff:192.168.1.7", "fd00::1%eth0", "192.168.2.7", "nonsense")
    assert [Peer(host).within(networks) for host in hosts] == [True, True, True, False, False]
    assert Peer("nonsense").within(())


def test_connections_beyond_the_limit_are_refused_until_one_leaves() -> None:
    async def story() -> None:
        handler = Recorder()
        async with listening(handler, limits=Limits(connections=9, connections_per_host=1)) as listener:
            async with connected(listener) as one, connected(listener) as two:
                assert await two.closed()
                one.writer.write(mllp.encode(hl7(1)))
                assert await one.answers(1) == ["AA 1"]
            await asyncio.sleep(0.05)
            async with connected(listener) as three:
                three.writer.write(mllp.encode(hl7(3)))
                assert await three.answers(1) == ["AA 3"]
            assert [kind for kind, _ in handler.events] == ["peer-refused"]

    asyncio.run(story())


def test_an_idle_connection_is_closed_only_when_told_to() -> None:
    async def story() -> None:
        handler = Recorder()
        async with listening(handler, limits=Limits(idle=0.1)) as listener, connected(listener) as client:
            assert await client.closed()
        async with listening(handler) as listener, connected(listener) as client:
            await asyncio.sleep(0.3)
            client.writer.write(mllp.encode(hl7(1)))
            assert await client.answers(1) == ["AA 1"]

    asyncio.run(story())


def test_closing_answers_what_was_accepted_and_then_closes() -> None:
    async def story() -> None:
        handler = Recorder(pause=lambda raw: 0.1)
        async with listening(handler, limits=Limits(in_flight=2)) as listener, connected(listener) as client:
            client.writer.write(b"".join(mllp.encode(hl7(n)) for n in range(5)))
            await asyncio.sleep(0.05)
            closing = asyncio.ensure_future(listener.close(5))
            assert await client.answers(5) == [f"AA {n}" for n in range(5)]
            assert await client.closed()
            await closing
            with pytest.raises(OSError):
                await asyncio.open_connection("127.0.0.1", listener.port)

    asyncio.run(story())


def test_a_peer_that_closes_its_side_still_gets_its_answers() -> None:
    async def story() -> None:
        handler = Recorder(pause=lambda raw: 0.05)
        async with listening(handler) as listener, connected(listener) as client:
            client.writer.write(mllp.encode(hl7(1)) + mllp.encode(hl7(2))[:-1])
            client.writer.write_eof()
            assert await client.answers(2) == ["AA 1", "AA 2"]
            assert await client.closed()

    asyncio.run(story())


def test_a_peer_that_vanishes_does_not_stop_the_work_on_its_message() -> None:
    async def story() -> None:
        handler = Recorder(pause=lambda raw: 0.05)
        async with listening(handler) as listener:
            async with connected(listener) as client:
                client.writer.write(mllp.encode(hl7(1)))
                await client.writer.drain()
                await asyncio.sleep(0.02)
                client.writer.transport.abort()
            await asyncio.sleep(0.1)
            assert (handler.submitted, handler.running, listener.connections) == ([hl7(1)], 0, 0)

    asyncio.run(story())


def _files(folder: Path, name: str, certificate: trustme.LeafCert) -> tuple[Path, Path]:
    chain, key = folder / f"{name}.pem", folder / f"{name}.key"
    certificate.private_key_pem.write_to_path(key)
    for part in certificate.cert_chain_pems:
        part.write_to_path(chain, append=True)
    return chain, key


def test_tls_with_client_certificates_names_the_peer_and_refuses_strangers(tmp_path: Path) -> None:
    authority, other = trustme.CA(), trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    server = _files(tmp_path, "server", authority.issue_cert("localhost", "127.0.0.1"))
    ours = _files(tmp_path, "lis", authority.issue_cert("lis.county.example", common_name="county-lis"))
    theirs = _files(tmp_path, "stranger", other.issue_cert("stranger.example"))
    context = server_tls(*server, client_authorities=tmp_path / "ca.pem")
    assert context.verify_mode == ssl.CERT_REQUIRED

    async def story() -> None:
        handler = Recorder()
        async with listening(handler, tls=context) as listener:
            async with Sender("127.0.0.1", listener.port, client_tls(tmp_path / "ca.pem", *ours)) as sender:
                assert (await sender.send(hl7(1))).verdict == "AA"
                assert (await sender.send(hl7(2, 100_000))).verdict == "AA"
            assert handler.peers[0].names == ("county-lis", "lis.county.example")
            for credentials in (theirs, ()):
                tls = client_tls(tmp_path / "ca.pem", *credentials)
                async with Sender("127.0.0.1", listener.port, tls, back_off=(0.0,)) as stranger:
                    assert (await stranger.send(hl7(3), 2)).failure in ("unreachable", "closed")
            assert len(handler.submitted) == 2

    asyncio.run(story())
