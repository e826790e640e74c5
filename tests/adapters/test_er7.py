"""ER7: segments in equal segments out, whatever the sender did to line ends and delimiters."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters import charset, er7

SHARED = Path(__file__).parents[3] / "shared" / "corpus"
SEGMENTS = ["MSH|^~\\&|A|B|C|D|20250102||ADT^A01|1|P|2.5", "EVN|A01", "PID|1||9^^^H||张三", "PV1|1|I", "ZZZ|x|y"]


def texts(text: str) -> list[str]:
    message = er7.parse(text).message
    assert message is not None
    return [segment.text for segment in message.segments]


def codes(text: str) -> list[str]:
    return [issue.code for issue in er7.parse(text).issues]


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n", "\r\r", "\n\n", "\r\n\r\n", " \r\n".strip(" ")])
@pytest.mark.parametrize(
    "around", [("", ""), ("\ufeff", "\n"), ("\x0b", "\x1c\r"), ("\r\n \n", "\r\n\x1a"), ("  ", "")]
)
def test_every_kind_of_line_end_gives_the_same_segments(end: str, around: tuple[str, str]) -> None:
    before, after = around
    assert texts(before + end.join(SEGMENTS) + end + after) == SEGMENTS


def test_mixed_line_ends_give_the_same_segments() -> None:
    assert texts("\r".join(SEGMENTS[:2]) + "\n" + "\r\n".join(SEGMENTS[2:]) + "\n") == SEGMENTS


def test_the_last_segment_needs_no_end() -> None:
    assert texts("\r".join(SEGMENTS)) == SEGMENTS


def test_only_a_carriage_return_ends_segments_without_remark() -> None:
    assert codes("\r".join(SEGMENTS) + "\r") == []
    assert codes("\n".join(SEGMENTS) + "\n") == ["segment-terminator"]
    assert codes("\r\n".join(SEGMENTS) + "\r\n") == ["segment-terminator"]


def test_a_line_feed_between_carriage_returns_is_content() -> None:
    message = er7.parse(SEGMENTS[0] + "\rOBX|1|TX|R||所见：\n1. 正常\n2. 结节||||||F\r").message
    assert message is not None
    assert message.get("OBX", 5) == "所见：\n1. 正常\n2. 结节"
    assert message.get("OBX", 11) == "F"


def test_a_broken_line_is_joined_to_its_segment_and_reported() -> None:
    parsed = er7.parse(SEGMENTS[0] + "\nOBX|1|TX|R||所见：\n1. 正常||||||F\nOBX|2|ST|S||x\n")
    assert parsed.message is not None
    assert parsed.message.get("OBX", 5) == "所见：\n1. 正常"
    assert len(parsed.message.segments) == 3
    assert [(issue.code, issue.location) for issue in parsed.issues][1:] == [("segment-glued", "OBX")]


def test_indented_segments_are_segments() -> None:
    assert texts("MSH|^~\\&|A\n  PID|1\n\tPV1|1\n") == ["MSH|^~\\&|A", "PID|1", "PV1|1"]


def test_a_bare_known_name_is_a_segment_and_a_bare_word_is_not() -> None:
    assert texts("MSH|^~\\&|A\rPV1\rZPX\rOBX|1|TX|||a\rIGG\r") == ["MSH|^~\\&|A", "PV1", "ZPX", "OBX|1|TX|||a\nIGG"]


@pytest.mark.parametrize(
    ("written", "used", "odd"),
    [
        ("^~\\&", "^~\\&", False),
        ("^~\\&#", "^~\\&", False),
        ("^~\\\\&", "^~\\&", True),
        ("^~\\\\&#", "^~\\&", True),
        ("^~\\&amp;", "^~\\&", True),
        ("^~\\", "^~\\&", True),
        ("^~", "^~\\&", True),
        ("^", "^~\\&", True),
        ("", "^~\\&", True),
        ("$*+!", "$*+!", False),
        ("^~\\&&", "^~\\&", False),
        ("^^^^", "^~\\&", True),
    ],
)
def test_encoding_characters_are_completed_and_reported(written: str, used: str, odd: bool) -> None:
    parsed = er7.parse(f"MSH|{written}|A|B|||1||ADT{used[0]}A01|1\r")
    assert parsed.message is not None
    d = parsed.message.delimiters
    assert d.component + d.repetition + d.escape + d.subcomponent == used
    assert parsed.message.event == "A01"
    assert [issue.code for issue in parsed.issues] == (["encoding-characters"] if odd else [])


def test_other_field_separators_are_read() -> None:
    message = er7.parse("MSH$*+!%$A$B$$$1$$ADT*A01$7\rPID$1$$1*2+3$$x!F!y\r").message
    assert message is not None
    assert (message.event, message.control_id) == ("A01", "7")
    assert [value.get(1) for value in message.segments[1].values(3)] == ["1", "3"]
    assert message.get("PID", 5) == "x$y"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "message-empty"),
        (" \r\n\x0b\x1c\r", "message-empty"),
        ("PID|1||2\rPV1|1\r", "segment-first"),
        ("FHS|^~\\&|A\r", "segment-first"),
        ('<?xml version="1.0"?><POOR_IN200901UV xmlns="urn:hl7-org:v3"/>', "message-is-v3"),
        ("<soap:Envelope><PRPA_IN201301UV02/></soap:Envelope>", "message-is-v3"),
        ("<ADT_A01/>", "message-unreadable"),
        ("{}", "message-unreadable"),
        ("GET / HTTP/1.1\r\n", "message-unreadable"),
        ("\x01\x02\x03\xff", "message-unreadable"),
        ("MSH", "message-unreadable"),
        ("MSHA^~\\&", "message-unreadable"),
        ("MSH|HIS|EAI|x", "message-unreadable"),
    ],
)
def test_what_is_no_v2_message_is_refused_with_the_reason(text: str, code: str) -> None:
    parsed = er7.parse(text)
    assert parsed.message is None
    assert [issue.code for issue in parsed.issues] == [code]
    assert parsed.issues[0].refuses


@pytest.mark.parametrize("between", [" ", "  ", ""])
def test_a_message_without_line_ends_is_refused_and_not_read_as_one_long_header(between: str) -> None:
    flat = between.join(["MSH|^~\\&|A|B|C|D|20250102||ADT^A01|1|P|2.4", "PID|1||9||张三|||M", "PV1|1|I|" + "|" * 9])
    assert codes(flat) == ["message-flat"]


letters = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="|\ufeff"), max_size=6)
names = st.from_regex(r"\A[A-Z][A-Z0-9]{2}\Z").filter(lambda name: name not in ("MSH", "FHS", "BHS"))
segments = st.builds(lambda name, fields: "|".join([name, *fields]), names, st.lists(letters, min_size=1, max_size=8))


@given(st.lists(segments, max_size=12))
def test_rendering_and_parsing_again_gives_the_same_segments(rows: list[str]) -> None:
    rows = [SEGMENTS[0], *rows]
    message = er7.parse("\r".join(rows)).message
    assert message is not None
    assert [segment.text for segment in message.segments] == rows
    assert texts(er7.render(message)) == rows


@given(st.text(max_size=300))
def test_no_text_crashes_the_parser_and_nothing_of_it_is_lost(noise: str) -> None:
    er7.parse(noise)
    parsed = er7.parse("MSH|^~\\&|A\r" + noise)
    assert parsed.message is not None
    kept = "".join(segment.text for segment in parsed.message.segments)
    blank = "\x00\x0b\x1a\x1c\r\n\ufeff \t"
    assert [c for c in kept if c not in blank and not c.isspace()] == [
        c for c in "MSH|^~\\&|A" + noise if c not in blank and not c.isspace()
    ]


def corpus() -> Iterator[bytes]:
    for name in ("messages.jsonl", "cn_dialects.jsonl"):
        for line in (SHARED / name).read_text(encoding="utf-8").splitlines():
            yield base64.b64decode(json.loads(line)["message"])


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="the corpora are not here")
def test_of_every_message_of_the_corpora_all_segments_come_out() -> None:
    count = 0
    for raw in corpus():
        text = charset.decode(raw).text
        message = er7.parse(text).message
        assert message is not None
        lines = [line for line in text.replace("\r", "\n").split("\n") if line.strip("\x0b\x1c \ufeff")]
        expected = [line for line in lines if line.strip()[3:4] == message.delimiters.field or len(line) == 3]
        assert [segment.text.partition("\n")[0] for segment in message.segments] == [
            line.strip("\x0b\x1c\ufeff") for line in expected
        ]
        assert sum(segment.text.count("\n") + 1 for segment in message.segments) >= len(lines)
        assert er7.parse(er7.render(message)).message is not None
        count += 1
    assert count > 1600
