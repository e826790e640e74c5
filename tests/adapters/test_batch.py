"""Files to single messages."""

import base64
import json
import tracemalloc
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters import batch, mllp

A = b"MSH|^~\\&|A|||||||1\rPID|1||9\rPV1|1\r"
B = b"MSH|^~\\&|B|||||||2\rPID|1||8\r"
C = "MSH|^~\\&|县医院|||||||3\rPID|1||7||瑋頫\r".encode("gb18030")


def raws(stream: bytes) -> list[bytes]:
    return [item.raw.strip() for item in batch.read(BytesIO(stream), "x")]


def stripped(*messages: bytes) -> list[bytes]:
    return [message.strip() for message in messages]


@pytest.mark.parametrize("between", [b"", b"\n", b"\r\n\r\n", b"\n\n"])
def test_messages_one_after_the_other_are_told_apart(between: bytes) -> None:
    assert raws(A + between + B + between + C + between) == stripped(A, B, C)


def test_a_batch_gives_its_messages_without_the_envelope() -> None:
    stream = b"FHS|^~\\&|X\rBHS|^~\\&|X\r" + A + B + b"BTS|2\rBHS|^~\\&|Y\r" + C + b"BTS|1\rFTS|2\r"
    assert raws(stream) == stripped(A, B, C)


def test_line_feeds_end_segments_of_batches_too() -> None:
    assert raws((b"BHS|^~\\&|X\r" + A + B + b"BTS|2\r").replace(b"\r", b"\n")) == stripped(
        A.replace(b"\r", b"\n"), B.replace(b"\r", b"\n")
    )


def test_a_capture_of_frames_gives_their_contents() -> None:
    assert raws(b"".join(map(mllp.encode, (A, B, C)))) == stripped(A, B, C)


def test_json_lines_carry_messages_as_base64() -> None:
    lines = [json.dumps({"site": "x", "message": base64.b64encode(raw).decode()}) for raw in (A, B)]
    items = list(batch.read(BytesIO("\n".join(["", *lines, '{"other": 1}']).encode()), "f.jsonl"))
    assert [item.raw for item in items] == [A, B, b'{"other": 1}']
    assert [item.label for item in items] == ["f.jsonl:2", "f.jsonl:3", "f.jsonl:4"]


def test_what_is_no_message_comes_out_to_be_refused() -> None:
    assert raws(b"some notes\r" + A) == [b"some notes", A.strip()]
    assert raws(b"\x00\x01noise") == [b"\x01noise"]
    assert raws(b"<x/>") == [b"<x/>"]
    assert raws(b" \r\n") == []


def test_msh_inside_a_line_begins_no_message() -> None:
    one = b"MSH|^~\\&|A\rOBX|1|TX|||see MSH|x\rNTE|1||MSHA\r"
    assert raws(one) == [one.strip()]


def test_messages_are_labelled_by_their_number() -> None:
    assert [item.label for item in batch.read(BytesIO(A + B), "f")] == ["f#1", "f#2"]
    assert [item.label for item in batch.read(BytesIO(A), "f")] == ["f"]


def test_a_folder_is_read_in_the_order_of_names_without_hidden_files(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "2.hl7").write_bytes(B)
    (tmp_path / "a.hl7").write_bytes(A)
    (tmp_path / ".hidden").write_bytes(C)
    assert [(item.label, item.raw) for item in batch.messages(tmp_path)] == [("a.hl7", A), ("b/2.hl7", B)]


def test_a_frame_with_a_batch_in_it_is_split_and_a_plain_one_is_itself() -> None:
    assert batch.split(A) == [A]
    assert [part.strip() for part in batch.split(b"BHS|^~\\&|X\r" + A + B + b"BTS|2")] == stripped(A, B)
    assert batch.split(b"") == [b""]


@given(st.integers(1, 60), st.integers(1, 400))
def test_the_size_of_the_chunks_does_not_matter(count: int, width: int) -> None:
    parts = [f"MSH|^~\\&|A|||||||{n}\rNTE|1||{'x' * ((n * 37) % width)}\r".encode() for n in range(count)]
    was, batch._CHUNK = batch._CHUNK, 512
    try:
        assert raws(b"FHS|^~\\&\r" + b"".join(parts) + b"FTS|1\r") == stripped(*parts)
    finally:
        batch._CHUNK = was


class Endless:
    """A stream of many messages that never lies in memory as a whole."""

    def __init__(self, count: int) -> None:
        self.parts: Iterator[bytes] = (A * 5000 for _ in range(count))

    def read(self, _size: int = -1) -> bytes:
        return next(self.parts, b"")


def test_memory_does_not_grow_with_the_file() -> None:
    tracemalloc.start()
    count = sum(1 for _ in batch.read(Endless(40), "x"))  # type: ignore[arg-type]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 200_000
    assert peak < 8_000_000
