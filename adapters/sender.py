"""The MLLP client: one message out, its answer back. The answer belongs to a message when MSA-2 is its MSH-10.

After a time-out the socket is closed, because a late answer would be taken for that of the next message. Failures are
values: an `Answer` without a verdict says what went wrong, and whether to send again is the caller's decision.
Sources: HL7 Minimal Lower Layer Protocol R1; HL7 v2.5.1 2.9.2 (MSA-2 echoes MSH-10).
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from adapters import ack, charset, mllp
from adapters.batch import Item
from adapters.syntaxes import is_xml

Failure = Literal["", "unreachable", "timeout", "closed"]
_CHUNK = 1 << 16
_BACK_OFF = (0.0, 0.2, 0.5, 1.0, 2.0)
_KNOWN = frozenset({"AA", "AE", "AR", "CA", "CE", "CR"})


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the code of MSA-1, the text of MSA-3 or ERR-8, the bytes; or why nothing came."""

    verdict: str = ""
    text: str = ""
    raw: bytes = b""
    control_id: str = ""
    failure: Failure = ""

    @property
    def accepted(self) -> bool:
        return self.verdict in ("AA", "CA")


_XML_VERDICT = re.compile(rb"<MSA\.1>([A-Z]{2})</MSA\.1>|<acknowledgement typeCode=\"([A-Z]{2})\"")
"""In answers of ours: v2 XML, and V3."""


def read_answer(raw: bytes) -> Answer:
    """The verdict of an ACK; `""` when the bytes hold no MSA."""
    if is_xml(raw):
        told = _XML_VERDICT.search(raw)
        verdict = (told[1] or told[2]).decode() if told else ""
        return Answer(verdict if verdict in _KNOWN else "", "", raw)
    text = charset.decode(raw).text
    segments = [line for line in text.replace("\n", "\r").split("\r") if line]
    if not segments or not segments[0].startswith("MSH") or len(segments[0]) < 4:
        return Answer(raw=raw)
    rows = [segment.split(segments[0][3]) for segment in segments]
    found = next((row for row in rows if row[0] == "MSA"), [])
    msa = [*found, "", "", "", ""]
    error = next((row[8] for row in rows if row[0] == "ERR" and len(row) > 8), "")
    return Answer(msa[1] if msa[1] in _KNOWN else "", msa[3] or error, raw, msa[2])


def control_id(raw: bytes) -> str:
    """MSH-10 of a message as bytes; decoded first, because a GBK name in MSH-4 may hold the byte of `|`."""
    start = raw.find(b"MSH", 0, 64)
    if start < 0:
        return ""
    line = raw[start : start + 2048].replace(b"\n", b"\r").partition(b"\r")[0]
    text = charset.decode(line).text
    fields = text.split(text[3:4] or "|")
    return fields[9] if len(fields) > 9 else ""


def client_tls(
    authorities: Path | None = None, certificate: Path | None = None, key: Path | None = None
) -> ssl.SSLContext:
    """TLS 1.2 or later that checks the server's name; with `certificate` and `key` the client shows who it is."""
    context = ssl.create_default_context(cafile=authorities)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if certificate is not None:
        context.load_cert_chain(certificate, key)
    return context


@dataclass(slots=True)
class Sender:
    """One connection, opened when needed and again after a failure."""

    host: str
    port: int
    tls: ssl.SSLContext | None = None
    connect_seconds: float = 10.0
    back_off: tuple[float, ...] = _BACK_OFF
    _reader: asyncio.StreamReader | None = None
    _writer: asyncio.StreamWriter | None = None
    _framer: mllp.Framer = field(default_factory=mllp.Framer)
    _arrived: deque[bytes] = field(default_factory=deque)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def __aenter__(self) -> Sender:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def send(self, raw: bytes, timeout: float = 30.0) -> Answer:
        """Sends one message and waits for its answer. A connection the peer closed after the message before is opened
        anew once; a message that may have arrived is otherwise never sent twice."""
        async with self._lock:
            reused = self.connected
            answer = await self._exchange(raw, timeout)
            if answer.failure == "closed" and reused:
                answer = await self._exchange(raw, timeout)
            return answer

    async def close(self) -> None:
        writer, self._writer, self._reader = self._writer, None, None
        self._framer = mllp.Framer()
        self._arrived.clear()
        if writer is not None:
            writer.close()
            with contextlib.suppress(OSError):
                await asyncio.wait_for(writer.wait_closed(), 2)

    @property
    def connected(self) -> bool:
        """Whether a connection is open and the peer has not closed it."""
        return self._writer is not None and self._reader is not None and not self._reader.at_eof()

    async def connect(self) -> bool:
        """Whether a connection is there; tries again with growing pauses."""
        if self.connected:
            return True
        await self.close()
        for pause in self.back_off:
            await asyncio.sleep(pause)
            opening = asyncio.open_connection(self.host, self.port, ssl=self.tls)
            with contextlib.suppress(OSError):
                self._reader, self._writer = await asyncio.wait_for(opening, self.connect_seconds)
                return True
        return False

    async def _exchange(self, raw: bytes, seconds: float) -> Answer:
        failure = await self.put(raw, seconds)
        answer = Answer(failure=failure) if failure else await self.take(control_id(raw), seconds)
        if answer.failure:
            await self.close()
        return answer

    async def put(self, raw: bytes, seconds: float = 30.0) -> Failure:
        """Writes one frame on a connection that is opened when there is none."""
        if not await self.connect() or self._writer is None:
            return "unreachable"
        try:
            self._writer.write(mllp.encode(raw))
            await asyncio.wait_for(self._writer.drain(), seconds)
        except TimeoutError:
            return "timeout"
        except OSError:
            return "closed"
        return ""

    async def take(self, wanted: str, seconds: float = 30.0) -> Answer:
        """The answer to the message `wanted`. Answers to other messages are passed over; one without MSA-2 counts."""
        try:
            return await asyncio.wait_for(self._next(wanted), seconds)
        except TimeoutError:
            return Answer(failure="timeout")
        except OSError:
            return Answer(failure="closed")

    async def _next(self, wanted: str) -> Answer:
        while True:
            while self._arrived:
                answer = read_answer(self._arrived.popleft())
                if answer.control_id in ("", wanted) or not wanted:
                    return answer
            data = await self._reader.read(_CHUNK) if self._reader is not None else b""
            if not data:
                return Answer(failure="closed")
            self._arrived.extend(event.data for event in self._framer.feed(data) if isinstance(event, mllp.Frame))


async def send_many(
    source: Iterable[Item],
    open_sender: Callable[[], Sender],
    on_answer: Callable[[Item, Answer], None],
    *,
    connections: int = 1,
    in_flight: int = 1,
    rate: float | None = None,
    seconds: float = 30.0,
) -> Counter[str]:
    """Sends every item over several connections, each with up to `in_flight` messages unanswered, at most `rate` a
    second in all. Order is kept only with one connection. Counts by verdict, or by failure for those without one;
    an acknowledgement is sent and no answer is awaited (`sent`)."""
    counts: Counter[str] = Counter()
    items = iter(source)
    pace = _Pace(rate)

    def answered(item: Item, answer: Answer) -> None:
        bare = not answer.raw and not answer.failure
        counts[answer.verdict or answer.failure or ("sent" if bare else "unknown")] += 1
        on_answer(item, answer)

    lines = [_line(items, open_sender(), answered, in_flight, pace, seconds) for _ in range(connections)]
    await asyncio.gather(*lines)
    return counts


async def _line(
    items: Iterator[Item],
    sender: Sender,
    answered: Callable[[Item, Answer], None],
    in_flight: int,
    pace: _Pace,
    seconds: float,
) -> None:
    """One connection: fills the window, takes the oldest answer, fills again. What a failure leaves open fails."""
    window: deque[Item] = deque()
    failure: Failure
    async with sender:
        while True:
            item = next(items, None) if len(window) < in_flight else None
            if item is None and not window:
                return
            if item is not None:
                await pace.wait()
            if item is not None and ack.is_acknowledgement(item.raw):
                failure = await sender.put(item.raw, seconds)
                answered(item, Answer(failure=failure))
            elif in_flight == 1 and item is not None:
                answered(item, await sender.send(item.raw, seconds))
                continue
            elif item is not None:
                lost = bool(window) and not sender.connected
                window.append(item)
                failure = "closed" if lost else await sender.put(item.raw, seconds)
            else:
                answer = await sender.take(control_id(window[0].raw), seconds)
                failure = answer.failure
                if not failure:
                    answered(window.popleft(), answer)
            if failure:
                await sender.close()
                while window:
                    answered(window.popleft(), Answer(failure=failure))


class _Pace:
    """At most `rate` starts a second, evenly spread; `None` is as fast as it goes."""

    def __init__(self, rate: float | None) -> None:
        self._step = 1 / rate if rate else 0.0
        self._next = 0.0

    async def wait(self) -> None:
        if not self._step:
            return
        now = asyncio.get_running_loop().time()
        self._next = max(self._next, now)
        pause = self._next - now
        self._next += self._step
        if pause > 0:
            await asyncio.sleep(pause)
