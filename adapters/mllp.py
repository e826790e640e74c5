"""MLLP without I/O: bytes in, events out. `VT data FS CR`; a frame is ended by FS alone when the CR does not come.

The law: the events depend on the bytes, never on how they were cut into chunks (`flush` apart, which tells the
framer that nothing more came for a while). Senders err: junk between frames is counted, a frame that begins anew
without an end is truncated, one that is too large is drained to its end, one without VT but with MSH is accepted.
Sources: HL7 Minimal Lower Layer Protocol R1; HL7 v2.5.1 implementation guide appendix C.4.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

VT = 0x0B
FS = 0x1C
_CR = 0x0D
_LINE_ENDS = b"\r\n"
LIMIT = 16 * 1024 * 1024
_SAMPLE = 64
_HEAD = 4096
_STARTS = (b"MSH", b"FHS", b"BHS")


@dataclass(frozen=True, slots=True)
class Frame:
    """The bytes between the block characters, as they came; `missing_vt`, `missing_cr`: the sender left it out."""

    data: bytes
    missing_vt: bool = False
    missing_cr: bool = False


@dataclass(frozen=True, slots=True)
class Junk:
    """Bytes outside any frame: the first of them, and how many there were. Line ends are not counted as junk."""

    sample: bytes
    count: int


@dataclass(frozen=True, slots=True)
class Oversize:
    """A frame larger than the limit: its size and its first bytes, the rest is gone."""

    size: int
    head: bytes


@dataclass(frozen=True, slots=True)
class Truncated:
    """A frame that never ended, because the next one began or the connection did end."""

    data: bytes


Event = Frame | Junk | Oversize | Truncated


class State(Enum):
    """Where the next byte stands."""

    BETWEEN = auto()
    JUNK = auto()
    FRAME = auto()
    ENDED = auto()


def encode(data: bytes) -> bytes:
    """The frame around the bytes of one message."""
    return b"\x0b%b\x1c\r" % data


class Framer:
    """Feed it what the socket gives, take the events. One framer a connection."""

    def __init__(self, limit: int = LIMIT) -> None:
        self.limit = limit
        self.state = State.BETWEEN
        self._buffer = bytearray()
        self._scanned = 0
        self._missing_vt = False
        self._dropped = 0
        self._head = b""
        self._junk = bytearray()
        self._junk_count = 0
        self._ended: Frame | Oversize | None = None
        self._events: list[Event] = []
        self._steps = {
            State.BETWEEN: self._between,
            State.JUNK: self._in_junk,
            State.FRAME: self._in_frame,
            State.ENDED: self._after_end,
        }

    @property
    def inside(self) -> bool:
        """Whether a frame has begun and not ended."""
        return self.state is State.FRAME

    @property
    def waiting(self) -> bool:
        """Whether `flush` would give something: a frame without its CR, or junk."""
        return self.state is State.ENDED or self._junk_count > 0

    def feed(self, data: bytes) -> list[Event]:
        """The events these bytes complete, in order."""
        self._buffer += data
        while self._steps[self.state]():
            pass
        return self._taken()

    def flush(self) -> list[Event]:
        """What is complete when nothing follows for a while: a frame that lacks its CR, and the junk so far."""
        if self.state is State.ENDED:
            self._emit_ended()
        self._emit_junk()
        return self._taken()

    def eof(self) -> list[Event]:
        """What is left when the connection ends; the framer is as new afterwards."""
        if self.state is State.ENDED:
            self._emit_ended()
        elif self.state is State.FRAME:
            self._break_off(len(self._buffer))
        else:
            self._skip_junk(len(self._buffer))
        self._emit_junk()
        self._buffer.clear()
        self.state = State.BETWEEN
        return self._taken()

    def _taken(self) -> list[Event]:
        events, self._events = self._events, []
        return events

    def _between(self) -> bool:
        """Line ends are skipped; VT begins a frame, MSH does too; anything else is junk."""
        buffer = self._buffer
        start = 0
        while start < len(buffer) and buffer[start] in _LINE_ENDS:
            start += 1
        del buffer[:start]
        if not buffer:
            return False
        if buffer[0] == VT:
            del buffer[:1]
            self._begin()
            return True
        if b"MSH".startswith(bytes(buffer[:3])):
            if len(buffer) < 3:
                return False
            self._begin()
            self._missing_vt = True
            return True
        self.state = State.JUNK
        return True

    def _in_junk(self) -> bool:
        start = self._buffer.find(VT)
        if start < 0:
            self._skip_junk(len(self._buffer))
            return False
        self._skip_junk(start)
        self._emit_junk()
        self.state = State.BETWEEN
        return True

    def _skip_junk(self, size: int) -> None:
        self._junk += self._buffer[: min(size, _SAMPLE - len(self._junk))]
        self._junk_count += size
        del self._buffer[:size]

    def _emit_junk(self) -> None:
        if self._junk_count:
            self._events.append(Junk(bytes(self._junk), self._junk_count))
            self._junk.clear()
            self._junk_count = 0
        if self.state is State.JUNK:
            self.state = State.BETWEEN

    def _begin(self) -> None:
        self.state = State.FRAME
        self._scanned = 0
        self._dropped = 0
        self._head = b""
        self._missing_vt = False

    def _in_frame(self) -> bool:
        """Looks on from where it stopped: each byte is seen once, however it arrives."""
        buffer = self._buffer
        end = buffer.find(FS, self._scanned)
        stop = len(buffer) if end < 0 else end
        start = buffer.find(VT, self._scanned, stop)
        while start >= 0:
            following = bytes(buffer[start + 1 : min(start + 4, stop)])
            if following in _STARTS:
                self._break_off(start)
                del buffer[: start + 1]
                self._begin()
                return True
            if end < 0 and start + 4 > stop and any(name.startswith(following) for name in _STARTS):
                self._scanned = start
                self._drain()
                return False
            start = buffer.find(VT, start + 1, stop)
        if end < 0:
            self._scanned = stop
            self._drain()
            return False
        self._end(end)
        return True

    def _drain(self) -> None:
        """Lets go of the seen part of a frame that is too large already."""
        if self._dropped + self._scanned <= self.limit:
            return
        self._head = self._head or self._first(self._scanned)
        del self._buffer[: self._scanned]
        self._dropped += self._scanned
        self._scanned = 0

    def _first(self, end: int) -> bytes:
        return bytes(self._buffer[: min(end, _HEAD, self.limit)])

    def _end(self, end: int) -> None:
        size = self._dropped + end
        if size > self.limit:
            self._ended = Oversize(size, self._head or self._first(end))
        else:
            self._ended = Frame(bytes(self._buffer[:end]), self._missing_vt)
        del self._buffer[: end + 1]
        self.state = State.ENDED

    def _break_off(self, end: int) -> None:
        size = self._dropped + end
        if size > self.limit:
            self._events.append(Oversize(size, self._head or self._first(end)))
        elif size:
            self._events.append(Truncated(bytes(self._buffer[:end])))

    def _after_end(self) -> bool:
        """FS CR and FS CR LF are common; `_between` skips the LF."""
        if not self._buffer:
            return False
        if self._buffer[0] == _CR:
            del self._buffer[:1]
            assert self._ended is not None
            self._events.append(self._ended)
            self._ended = None
            self.state = State.BETWEEN
        else:
            self._emit_ended()
        return True

    def _emit_ended(self) -> None:
        ended, self._ended = self._ended, None
        assert ended is not None
        self._events.append(Frame(ended.data, ended.missing_vt, missing_cr=True) if isinstance(ended, Frame) else ended)
        self.state = State.BETWEEN
