"""Named fixes: they move what stands in the wrong place and leave everything else alone."""

import pytest

from adapters import er7, quirks
from mappers.message import Message


def message(*segments: str) -> Message:
    parsed = er7.parse("\r".join(segments)).message
    assert parsed is not None
    return parsed


def texts(one: Message) -> list[str]:
    return [segment.text for segment in one.segments]


PACS = "MSH|^~\\&|MEDEX|10|HIS|10|20180329||ORU^R01^ORU_R01|U1|P|2.5.1||||CHN|UNICODE UTF-8"


def test_country_and_character_set_move_to_their_fields() -> None:
    fixed = quirks.charset_in_msh17(message(PACS, "PID|||1"))
    assert [fixed.msh.get(number) for number in (16, 17, 18)] == [None, "CHN", "UNICODE UTF-8"]
    assert fixed.segments[1].text == "PID|||1"


@pytest.mark.parametrize(
    "header", ["MSH|^~\\&|A|||||||1|P|2.5|||AL|AL|CHN|GBK", "MSH|^~\\&|A|||||||1|P|2.5|||AL|AL|CHN", "MSH|^~\\&|A"]
)
def test_a_header_without_the_fault_comes_back_as_it_is(header: str) -> None:
    one = message(header)
    assert quirks.charset_in_msh17(one) is one


def test_the_card_in_pid_2_becomes_an_identifier_once() -> None:
    [_, pid] = texts(quirks.move_pid2_into_pid3(message(PACS, "PID|1|77|9^^^^PatientNO||n")))
    assert pid == "PID|1||9^^^^PatientNO~77||n"
    [_, pid] = texts(quirks.move_pid2_into_pid3(message(PACS, "PID|1|9|9^^^^IDCard||n")))
    assert pid == "PID|1||9^^^^IDCard||n"
    [_, pid] = texts(quirks.move_pid2_into_pid3(message(PACS, "PID|1|77")))
    assert pid == "PID|1||77"


def test_a_message_without_pid_2_comes_back_as_it_is() -> None:
    for one in (message(PACS), message(PACS, "PID|1||9")):
        assert quirks.move_pid2_into_pid3(one) is one


def test_the_name_of_a_test_in_obx_4_becomes_its_text() -> None:
    [_, one, two, three] = texts(
        quirks.name_in_obx4(message(PACS, "OBX|1|NM|2|TBil|100|umol/L", "OBX|2|NM|2^ALT||5", "OBX|3|NM|2|1|5"))
    )
    assert (one, two, three) == ("OBX|1|NM|2^TBil||100|umol/L", "OBX|2|NM|2^ALT||5", "OBX|3|NM|2|1|5")
    same = message(PACS, "OBX|1|NM|WBC||5")
    assert quirks.name_in_obx4(same) is same


def test_a_site_names_its_quirks_and_a_wrong_name_shows_the_valid_ones() -> None:
    assert quirks.named(["charset-in-msh17"]) == (quirks.charset_in_msh17,)
    assert quirks.named([]) == ()
    with pytest.raises(ValueError, match="unknown quirk nonsense: valid are charset-in-msh17, move-pid2-into-pid3"):
        quirks.named(["nonsense"])


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_flat_message_is_split_before_its_segment_names(encoding: str) -> None:
    flat = "MSH|^~\\&|HIS||EAI||20150707||ADT^A01|4|P|2.4|||AL|AL|CHN  PID|1||9||瑋三||1990|M PV1|1|I|05NK1|1|李|"
    repaired = er7.parse(quirks.repair_flat(flat.encode(encoding)).decode(encoding)).message
    assert repaired is not None
    assert [segment.name for segment in repaired.segments] == ["MSH", "PID", "PV1", "NK1"]
    assert repaired.get("PID", 5) == "瑋三"


def test_a_sound_message_is_not_repaired() -> None:
    raw = b"MSH|^~\\&|A\rPID|1||OBX|2\r"
    assert quirks.repair_flat(raw) is raw
