"""The framer: the same bytes give the same events, however they are cut."""

import itertools
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters import mllp
from adapters.mllp import Event, Frame, Framer, Junk, Oversize, Truncated

A = b"MSH|^~\\&|A\rPID|1\r"
B = b"MSH|^~\\&|B\r"


def events(*chunks: bytes, limit: int = mllp.LIMIT) -> list[Event]:
    framer = Framer(limit)
    return [event for chunk in chunks for event in framer.feed(chunk)] + framer.eof()


pieces = st.one_of(
    st.sampled_from(
        [b"\x0b", b"\x1c", b"\x1c\r", b"\x1c\r\n", b"\r", b"\n", b"MSH|a\r", b"MS", b"BHS|", b"x", b"\x0b\x0b"]
    ),
    st.binary(max_size=5),
)


@given(
    st.lists(pieces, max_size=30).map(b"".join),
    st.lists(st.integers(0, 120), max_size=12),
    st.sampled_from([3, 10, 1000]),
)
@example(b"\x0bMSH|a\x0bMSH|b\x1c\r", [7, 8, 9, 10], 1000)
@example(b"\x0b" + b"x" * 40 + b"\x1c\rMSH|\x1c", [5, 9, 44], 10)
def test_any_cut_of_the_same_bytes_gives_the_same_events(stream: bytes, cuts: list[int], limit: int) -> None:
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    whole = events(stream, limit=limit)
    assert events(*(stream[a:b] for a, b in itertools.pairwise(edges)), limit=limit) == whole
    assert events(*(stream[i : i + 1] for i in range(len(stream))), limit=limit) == whole


@given(st.lists(pieces, max_size=30).map(b"".join))
def test_every_byte_is_accounted_for(stream: bytes) -> None:
    """Nothing vanishes but block characters and line ends between the frames."""
    kept = 0
    for event in events(stream):
        kept += (
            event.count if isinstance(event, Junk) else event.size if isinstance(event, Oversize) else len(event.data)
        )
    framing = sum(stream.count(byte) for byte in (b"\x0b", b"\x1c", b"\r", b"\n"))
    assert len(stream) - framing <= kept <= len(stream)


@given(st.lists(st.binary(max_size=40).map(lambda data: data.replace(b"\x0b", b"").replace(b"\x1c", b"")), max_size=8))
def test_what_was_encoded_comes_out(messages: list[bytes]) -> None:
    assert events(b"".join(map(mllp.encode, messages))) == [Frame(data) for data in messages]


@pytest.mark.parametrize("end", [b"\x1c\r", b"\x1c\r\n", b"\x1c\r\r\n\n"])
def test_line_ends_after_the_end_block_are_not_junk(end: bytes) -> None:
    assert events(b"\x0b" + A + end + b"\x0b" + B + end) == [Frame(A), Frame(B)]


def test_a_missing_carriage_return_is_tolerated_and_marked() -> None:
    assert events(b"\x0b" + A + b"\x1c\x0b" + B + b"\x1c\r") == [Frame(A, missing_cr=True), Frame(B)]


def test_a_frame_without_its_carriage_return_comes_out_when_nothing_follows() -> None:
    framer = Framer()
    assert framer.feed(b"\x0b" + A + b"\x1c") == []
    assert framer.waiting
    assert framer.flush() == [Frame(A, missing_cr=True)]
    assert framer.feed(b"\r\x0b" + B + b"\x1c\r") == [Frame(B)]


def test_junk_between_frames_is_counted_with_a_sample() -> None:
    junk = b"HELLO" * 100
    assert events(b"\x0b" + A + b"\x1c\r" + junk + b"\x0b" + B + b"\x1c\r") == [
        Frame(A),
        Junk(junk[:64], 500),
        Frame(B),
    ]


def test_a_frame_without_start_block_is_a_frame_when_it_begins_with_msh() -> None:
    assert events(A + b"\x1c\r\x0b" + B + b"\x1c\r") == [Frame(A, missing_vt=True), Frame(B)]


def test_a_new_start_without_an_end_breaks_the_first_frame_off() -> None:
    assert events(b"\x0bMSH|1|half" + b"\x0b" + B + b"\x1c\r") == [Truncated(b"MSH|1|half"), Frame(B)]


def test_a_vertical_tab_in_a_text_is_content() -> None:
    note = B + b"NTE|1||line\x0bline\r"
    assert events(b"\x0b" + note + b"\x1c\r") == [Frame(note)]


def test_an_end_of_the_connection_in_a_frame_gives_the_part() -> None:
    assert events(b"\x0b" + A[:8]) == [Truncated(A[:8])]


def test_a_frame_too_large_is_drained_and_the_next_one_is_read() -> None:
    assert events(b"\x0bMSH|" + b"x" * 96 + b"\x1c\r\x0b" + B + b"\x1c\r", limit=20) == [
        Oversize(100, b"MSH|" + b"x" * 16),
        Frame(B),
    ]


def test_a_frame_too_large_is_not_kept_in_memory() -> None:
    framer = Framer(1000)
    framer.feed(b"\x0bMSH|")
    for _ in range(1000):
        framer.feed(b"x" * 1000)
        assert len(framer._buffer) <= 3000
    [event] = framer.feed(b"\x1c\r")
    assert event == Oversize(1_000_004, b"MSH|" + b"x" * 996)


def test_byte_by_byte_costs_grow_with_the_size_and_not_its_square() -> None:
    def seconds(size: int) -> float:
        framer, data = Framer(), b"\x0b" + b"x" * size
        start = time.process_time()
        for i in range(len(data)):
            framer.feed(data[i : i + 1])
        return time.process_time() - start

    seconds(1000)
    assert seconds(160_000) < 40 * seconds(10_000)
