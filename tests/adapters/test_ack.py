"""The acknowledgement: addressed back, in the sender's words, with a place for every issue."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters import ack, er7
from mappers.message import Message
from profiles.issue import Issue

MISSING = Issue("segment-missing", location="PID", details={"segment": "PID"})
UNMAPPED = Issue("code-unmapped", location="PV1-2", details={"location": "PV1-2", "table": "class"})


def message(version: str = "2.5.1", rest: str = "|||AL|AL|CHN|GBK", kind: str = "ADT^A01^ADT_A01") -> Message:
    parsed = er7.parse(
        f"MSH|^~\\&|HIS^1|县医院|QIAO|CC|20250102||{kind}|ID\\T\\7|P|{version}{rest}\rPID|1||9||张三\r"
    ).message
    assert parsed is not None
    return parsed


def render(one: Message | None, verdict: ack.Verdict = "AA", issues: tuple[Issue, ...] = (), **more: Any) -> Message:
    known: dict[str, Any] = {
        "raw_head": b"",
        "now": "20250102030405+0800",
        "control_id": "Q1",
        "application": "QIAO",
        "facility": "CMC",
        **more,
    }
    parsed = er7.parse(ack.render(one, verdict, issues, **known))
    assert parsed.message is not None
    assert parsed.issues == ()
    return parsed.message


def test_sender_and_receiver_change_places_and_the_header_is_the_senders() -> None:
    answer = render(message())
    assert [answer.msh.raw(n) for n in range(3, 13)] == [
        "QIAO", "CC", "HIS^1", "县医院", "20250102030405+0800", "", "ACK^A01^ACK", "Q1", "P", "2.5.1",
    ]  # fmt: skip
    assert [answer.msh.raw(n) for n in (15, 16, 17, 18)] == ["", "", "CHN", "GBK"]
    assert answer.segments[1].text == "MSA|AA|ID\\T\\7"
    assert len(answer.segments) == 2


def test_our_own_names_stand_in_where_the_sender_named_nobody() -> None:
    parsed = er7.parse("MSH|^~\\&|A|B|||1||ADT^A01|1|P|2.4\r").message
    answer = render(parsed)
    assert [answer.msh.raw(n) for n in (3, 4, 5, 6)] == ["QIAO", "CMC", "A", "B"]


@pytest.mark.parametrize(
    ("version", "kind"), [("2.2", "ACK^A01"), ("2.3", "ACK^A01"), ("2.3.1", "ACK^A01^ACK"), ("2.4", "ACK^A01^ACK")]
)
def test_the_structure_is_named_where_the_version_has_a_place_for_it(version: str, kind: str) -> None:
    assert render(message(version)).msh.raw(9) == kind


def test_errors_since_2_5_have_location_code_severity_and_texts() -> None:
    answer = render(message(), "AE", (UNMAPPED, MISSING), language="zh")
    first, second = answer.all("ERR")
    assert [first.raw(n) for n in range(1, 9)] == [
        "", "PID^1", "100^Segment sequence error^HL70357", "E", "segment-missing", "",
        "The segment PID is required", "缺少必需的段 PID",
    ]  # fmt: skip
    assert (second.raw(2), second.raw(4)) == ("PV1^1^2^1", "W")
    assert answer.get("MSA", 1) == "AE"
    assert answer.get("MSA", 3) == "缺少必需的段 PID"


def test_errors_before_2_5_are_repetitions_of_err_1() -> None:
    answer = render(message("2.4"), "AE", (MISSING, UNMAPPED), language="en")
    [error] = answer.all("ERR")
    assert [value.raw for value in error.values(1)] == [
        "PID^1^^100&Segment sequence error&HL70357",
        "PV1^1^2^0&Message accepted&HL70357",
    ]
    assert answer.segments[1].text == "MSA|AE|ID\\T\\7|The segment PID is required|||100^Segment sequence error^HL70357"


@pytest.mark.parametrize(
    ("location", "written"),
    [
        ("PID", "PID^1"),
        ("OBX[4]-5", "OBX^4^5^1"),
        ("PID-3[2].1", "PID^1^3^2^1"),
        ("OBR-32.1.2", "OBR^1^32^1^1^2"),
        ("", ""),
        ("Patient.name", ""),
    ],
)
def test_locations_become_erl(location: str, written: str) -> None:
    answer = render(message(), "AE", (Issue("field-value", location=location),))
    assert answer.all("ERR")[0].raw(2) == written


def test_enhanced_mode_answers_with_the_accept_codes_only_when_asked_for() -> None:
    codes = [render(message(), verdict, enhanced=True).get("MSA", 1) for verdict in ("AA", "AE", "AR")]
    assert codes == ["CA", "CE", "CR"]
    assert render(message(rest=""), "AA", enhanced=True).get("MSA", 1) == "AA"
    assert render(message(), "AA", enhanced=False).get("MSA", 1) == "AA"


def test_what_an_analyser_puts_into_msh_16_comes_back() -> None:
    answer = render(message("2.3.1", "||||0||ASCII", "ORU^R01"))
    assert [answer.msh.raw(n) for n in (9, 16, 17, 18)] == ["ACK^R01^ACK", "0", "", "ASCII"]


def test_text_that_slipped_into_the_header_does_not_come_back() -> None:
    answer = render(message(rest="||||CHN  PID|张三|李四"))
    assert "张三" not in answer.msh.text and "李四" not in answer.msh.text and "PID" not in answer.msh.text


def test_the_senders_own_delimiters_are_used_and_texts_are_escaped() -> None:
    parsed = er7.parse("MSH$*+!%$A$B$C$D$1$$ADT*A01$7$P$2.5\r").message
    answer = render(parsed, "AE", (Issue("field-missing", details={"location": "a$b*c+d!e%f\r\ng"}),), language="en")
    assert answer.delimiters == parsed.delimiters if parsed else False
    assert answer.get("ERR", 7) == "The field a$b*c+d!e%f g is required"
    assert answer.msh.text.startswith("MSH$*+!%$C$D$A$B$")


def test_a_doubled_backslash_is_not_sent_back() -> None:
    parsed = er7.parse("MSH|^~\\\\&|A|B|||1||ADT^A01|1|P|2.4\r").message
    assert render(parsed).msh.raw(2) == "^~\\&"


def test_an_unreadable_frame_is_answered_with_what_its_head_shows() -> None:
    head = "MSH|^~\\&|HIS|县医院|QIAO|CC|1||ADT^A01|C9|P|2.4|||AL|AL|CHN\r\xff".encode("gb18030") + b"\xff\xff"
    answer = render(None, "AR", (Issue("charset-undecodable"),), raw_head=head)
    assert [answer.msh.raw(n) for n in (3, 5, 9, 12)] == ["QIAO", "HIS", "ACK^A01^ACK", "2.4"]
    assert [answer.get("MSA", n) for n in (1, 2)] == ["AR", "C9"]


@pytest.mark.parametrize("head", [b"", b"\x00\x01\xff\xfe", b"<xml/>", b"MSH", b"MSH|", b"PID|1"])
def test_noise_is_answered_with_an_empty_msa_2(head: bytes) -> None:
    answer = render(None, "AR", (Issue("message-unreadable"),), raw_head=head)
    assert answer.segments[1].text.startswith("MSA|AR||")
    assert answer.msh.raw(12) == "2.5.1"
    assert len(answer.all("ERR")) == 1


@given(st.binary(max_size=120), st.sampled_from([b"", b"MSH|^~\\&|", b"xx MSH|^~\\&|A|B|C|D|1||"]))
def test_no_head_makes_the_answer_unreadable(noise: bytes, before: bytes) -> None:
    answer = render(None, "AR", (Issue("message-unreadable"),), raw_head=before + noise)
    assert answer.get("MSA", 1) == "AR"


def test_a_flood_of_issues_is_cut_and_the_worst_come_first() -> None:
    issues = (*[Issue("field-expected", location=f"OBX[{n}]-3") for n in range(5000)], MISSING)
    errors = render(message(), "AE", issues).all("ERR")
    assert len(errors) == 100
    assert errors[0].raw(5) == "segment-missing"
