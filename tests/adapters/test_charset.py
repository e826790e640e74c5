"""Bytes to text: what the sender pinned, what the bytes say, what MSH-18 claims."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters import charset, er7
from profiles.issue import Issue

DELIMITERS = b"|^~\\"


def message(name: str, declared: str = "", country: str = "CHN") -> str:
    return (
        f"MSH|^~\\&|HIS|县医院|QIAO||20250102||ADT^A01|1|P|2.4|||||{country}|{declared}\r"
        f"PID|1||9||{name}^^^测试患者\rPV1|1|I|内科病房^01^02\r"
    )


def codes(issues: tuple[Issue, ...]) -> list[str]:
    return [issue.code for issue in issues]


def gbk_characters_with_a_delimiter_inside() -> list[str]:
    found = []
    for lead in range(0x81, 0xFF):
        for trail in DELIMITERS:
            try:
                found.append(bytes([lead, trail]).decode("gbk"))
            except UnicodeDecodeError:
                continue
    return found


def test_every_gbk_character_with_a_delimiter_as_second_byte_stays_whole() -> None:
    characters = gbk_characters_with_a_delimiter_inside()
    assert len(characters) == 471
    for character in characters:
        text = message(f"瑋{character}")
        raw = text.encode("gb18030")
        parsed = er7.parse(charset.decode(raw).text)
        assert parsed.message is not None
        assert parsed.message.get("PID", 5) == f"瑋{character}"
        assert parsed.message.get("PV1", 3) == "内科病房"


chinese = st.one_of(
    st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5),
    st.characters(min_codepoint=0x3400, max_codepoint=0x4DB5),
    st.characters(min_codepoint=0x20000, max_codepoint=0x2A6D6),
    st.characters(min_codepoint=0x2A700, max_codepoint=0x2EBE0),
    st.sampled_from("䶮㛃㑇𠅤𪚥𫞩㠭·•，。：（）％℃μΩ①⑩Ⅲ①龴龻ḿ︐︙〇"),
)


@given(st.text(chinese, min_size=1, max_size=12))
def test_utf8_and_gb18030_bytes_give_the_same_text(name: str) -> None:
    text = message(name)
    utf8, gb = charset.decode(text.encode()), charset.decode(charset.encode(text, "GB18030"))
    assert (utf8.detected, gb.detected) == ("utf-8", "gb18030")
    assert utf8.text == gb.text == text


@given(st.binary(max_size=200), st.sampled_from([None, "utf-8", "gb18030", "big5", "latin-1", "nonsense"]))
def test_no_bytes_crash_the_decoder(noise: bytes, pinned: str | None) -> None:
    for raw in (noise, b"MSH|^~\\&|" + noise, b"\xff\xfe" + noise, b"\xef\xbb\xbf" + noise):
        decoded = charset.decode(raw, pinned)
        assert decoded.detected or "charset-undecodable" in codes(decoded.issues)


@pytest.mark.parametrize(
    "pair", ["FE59", "FE61", "FE66", "FE67", "FE6D", "FE7E", "FE90", "FEA0", "A6D9", "A6F3", "A8BC"]
)
def test_the_characters_of_gb18030_2022_leave_the_private_use_area_and_return_to_the_same_bytes(pair: str) -> None:
    raw = message("李").encode("gb18030").replace("李".encode("gb18030"), bytes.fromhex(pair))
    decoded = charset.decode(raw)
    assert not any("\ue000" <= character <= "\uf8ff" for character in decoded.text)
    assert charset.encode(decoded.text, "gb18030") == raw
    private = raw.decode("gb18030").encode()
    assert charset.decode(private).text == decoded.text


def test_the_bytes_win_over_the_declaration_and_both_names_are_reported() -> None:
    decoded = charset.decode(message("张三", "UNICODE UTF-8").encode("gb18030"))
    assert (decoded.declared, decoded.detected) == ("UNICODE UTF-8", "gb18030")
    [issue] = decoded.issues
    assert (issue.code, issue.location) == ("charset-mismatch", "MSH-18")
    assert issue.text("en").count("UNICODE UTF-8") == 1
    assert "gb18030" in issue.text("zh")


@pytest.mark.parametrize(
    ("declared", "encoding"),
    [
        ("UNICODE UTF-8", "utf-8"),
        ("UTF8", "utf-8"),
        ("UNICODE", "utf-8"),
        ("Unicode", "utf-8"),
        ("GB 18030-2000", "gb18030"),
        ("GBK", "gb18030"),
        ("GB2312", "gb18030"),
        ("cp936", "gb18030"),
        ("ASCII~GB18030", "gb18030"),
        ("", "utf-8"),
        ("", "gb18030"),
    ],
)
def test_names_as_senders_write_them_are_understood(declared: str, encoding: str) -> None:
    decoded = charset.decode(message("张三", declared).encode(encoding))
    assert (decoded.declared, decoded.detected, decoded.issues) == (declared, encoding, ())


def test_the_name_is_found_one_field_early() -> None:
    decoded = charset.decode(message("张三", "", country="GBK").encode("gb18030"))
    assert (decoded.declared, decoded.issues) == ("GBK", ())


def test_ascii_bytes_contradict_no_declaration() -> None:
    decoded = charset.decode(b"MSH|^~\\&|A|B|||1||ADT^A01|1|P|2.4||||||GBK\r")
    assert (decoded.detected, decoded.issues) == ("ascii", ())


def test_an_unknown_name_is_reported_without_repeating_it() -> None:
    decoded = charset.decode(message("张三", "KLINGON").encode())
    assert codes(decoded.issues) == ["charset-unknown"]
    assert "KLINGON" not in decoded.issues[0].text("en")


def test_signs_alone_are_utf8_because_nobody_is_called_wei_mol() -> None:
    raw = "MSH|^~\\&|L|||||||ORU^R01|1|P|2.4\rOBX|1|NM|K||3.2|μmol/L|±0.1|37℃\r".encode()
    assert charset.decode(raw).detected == "utf-8"


@pytest.mark.parametrize(
    "name", ["谢", "郑", "袁", "卢", "魏", "薛", "叶", "姚", "谭", "陆", "毛", "史", "钱", "路", "鲁", "梅"]
)
def test_a_short_gbk_name_that_is_valid_utf8_is_read_as_gbk(name: str) -> None:
    raw = f"MSH|^~\\&|H|||||||ADT^A01|1|P|2.4\rPID|1||9||{name}\r".encode("gbk")
    assert raw.decode("utf-8")
    assert charset.decode(raw).text.endswith(f"||{name}\r")


def test_a_pin_decides_what_the_bytes_leave_open() -> None:
    raw = "MSH|^~\\&|H|||||||ADT^A01|1|P|2.4\rPID|1||9||M\xfcller\r".encode("latin-1")
    assert charset.decode(raw, "8859/1").text.endswith("Müller\r")
    assert charset.decode(raw, "8859/1").detected == "latin-1"


def test_a_pin_does_not_turn_plain_utf8_into_other_characters() -> None:
    raw = message("欧阳娜娜").encode()
    assert charset.decode(raw, "gb18030").text == message("欧阳娜娜")


def test_a_cut_character_in_utf8_is_refused_and_not_read_as_gbk() -> None:
    whole = "MSH|^~\\&|H|||||||ADT^A01|1|P|2.4\rPID|1||9||欧阳娜娜|F\rPV1|1|I|内科病房\r".encode()
    cut = whole.replace("娜|".encode(), "娜".encode()[:2] + b"|")
    assert cut.decode("gb18030")
    assert codes(charset.decode(cut).issues) == ["charset-undecodable"]
    assert charset.decode(whole).detected == "utf-8"


def test_undecodable_bytes_are_fatal_and_still_show_the_header() -> None:
    decoded = charset.decode(b"MSH|^~\\&|A|B|||1||ADT^A01|CID|P|2.4\rPID|1||\xff\xff\xff\r")
    assert decoded.issues[0].severity == "fatal"
    assert decoded.text.startswith("MSH|^~\\&|A|B|||1||ADT^A01|CID")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_wide_text_and_byte_order_marks_are_read_and_stripped(encoding: str) -> None:
    decoded = charset.decode(message("张三").encode(encoding))
    assert decoded.text == message("张三")
    assert decoded.detected == encoding.removesuffix("-sig").removesuffix("-le").removesuffix("-be")


def test_the_euro_sign_of_code_page_936_is_read() -> None:
    raw = message("张三").encode("gb18030") + b"NTE|1||\x80\r"
    assert charset.decode(raw).text.endswith("€\r")


def test_big5_is_read_when_declared() -> None:
    decoded = charset.decode(
        message("陳大文", "BIG-5")
        .replace("县", "縣")
        .replace("医", "醫")
        .replace("测试", "測試")
        .replace("内", "內")
        .encode("big5hkscs")
    )
    assert decoded.detected == "big5"
    assert "陳大文" in decoded.text


@given(st.text(max_size=30), st.sampled_from(["UTF-8", "GBK", "ASCII", "8859/1", "BIG-5", "UNICODE UTF-16", "??", ""]))
def test_encoding_never_crashes_and_counts_what_it_replaced(text: str, name: str) -> None:
    raw = charset.encode(text, name)
    lost = charset.unencodable(text, name)
    assert isinstance(raw, bytes)
    assert lost >= 0
    if charset.codec(name) == "ascii":
        assert lost == sum(not character.isascii() for character in text)


def test_what_the_character_set_lacks_becomes_a_question_mark() -> None:
    assert charset.encode("a张", "ASCII") == b"a?"
    assert charset.unencodable("a张", "ASCII") == 1
