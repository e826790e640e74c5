"""What the comparison calls kept and lost: a round trip that is bent on purpose."""

from __future__ import annotations

from adapters.er7 import parse
from mappers import Message, map_message
from mappers.outbound import Envelope, Receiver, Rendered, focus_of, of_bundle, render
from mappers.outbound.comparison import _overruled, compare, summary
from mappers.site import Context
from tests.mappers.sample import RESIDENT, SITE, message

CONTEXT = Context(SITE, "2026-03-01T08:00:01+08:00", "urn:qiao:message:t:1")


def fates(before: Message, after: Message) -> dict[tuple[str, str], int]:
    mapped, again = map_message(before, CONTEXT), map_message(after, CONTEXT)
    return dict(summary(compare(before, mapped, after, again)))


def adt(*segments: str) -> Message:
    return message("ADT^A01", "EVN|A01|20260301075900", *segments)


def test_the_same_message_keeps_everything() -> None:
    one = adt("PID|1||100200^^^^MRN||张三||19900101|M", "PV1|1|I|0401^01^02||||||||||||||||V1")
    assert {fate for _, fate in fates(one, one)} == {"same"}


def test_a_value_that_is_gone_is_lost_and_one_that_stands_elsewhere_has_moved() -> None:
    before = adt(f"PID|1||100200^^^^MRN~{RESIDENT}^^^^IDENTIFYNO||张三||19900101|M||||||||||20260301")
    gone = fates(before, adt("PID|1||100200^^^^MRN||||19900101|M"))
    assert gone["PID-5", "lost"] == 1 and gone["PID-3", "lost"] >= 1 and gone["PID-7", "same"] == 1
    moved = fates(adt("PID|1||100200^^^^MRN||测试名||19900101|M"), adt("PID|1||100200^^^^MRN||||19900101|M||||测试名"))
    assert moved["PID-5", "moved"] == 1
    short = fates(adt("PID|1||100200^^^^MRN||张三||19900101|M"), adt("PID|1||100200^^^^MRN||||19900101|M||||张三"))
    assert short["PID-5", "lost"] == 1  # two letters may stand anywhere


def test_another_text_of_the_same_instant_is_equal() -> None:
    before = adt("PID|1||100200^^^^MRN||张三", "PV1|1|I|0401||||||||||||||||V1" + "|" * 25 + "20260301000000Z")
    after = adt("PID|1||100200^^^^MRN||张三", "PV1|1|I|0401||||||||||||||||V1" + "|" * 25 + "20260301080000")
    assert fates(before, after)["PV1-44", "equal"] == 1


def test_a_null_is_no_value() -> None:
    before = adt('PID|1||100200^^^^MRN||张三||""|M')
    told = fates(before, adt("PID|1||100200^^^^MRN||张三|||M"))
    assert not [fate for field, fate in told if field == "PID-7"] and "lost" not in {fate for _, fate in told}


def test_what_the_version_or_the_structure_has_no_place_for_is_beyond() -> None:
    before = adt("PID|1||100200^^^^MRN||张三||19900101|M", "NK1|1|张父|FTH")
    mapped = map_message(before, CONTEXT)
    pool = of_bundle(mapped.bundle)
    envelope = Envelope("ADT^A02", "1", mapped.event_time)
    made = render(focus_of("ADT", "A02", pool), pool, Receiver(SITE, "2.3.1"), envelope)
    assert isinstance(made, Rendered) and "NK1" not in made.text
    after = parse(made.text).message
    assert after is not None
    told = summary(compare(before, mapped, after, map_message(after, CONTEXT)))
    assert told["NK1-2", "beyond"] == 1


VISIT = "PV1|1|I|0401||||||||||||||||V1"
PERSON = "PID|1||100200^^^^MRN||张三||19900101|M"


def back(before: Message, version: str = "2.5.1") -> dict[tuple[str, str], int]:
    """The fates when the message is written again from its resources."""
    mapped = map_message(before, CONTEXT)
    pool = of_bundle(mapped.bundle)
    envelope = Envelope(f"{before.code}^{before.event}", "1", mapped.event_time)
    made = render(focus_of(before.code, before.event, pool), pool, Receiver(SITE, version), envelope)
    assert isinstance(made, Rendered)
    after = parse(made.text).message
    assert after is not None
    return dict(summary(compare(before, mapped, after, map_message(after, CONTEXT))))


def test_the_last_field_that_a_version_has_is_measured() -> None:
    before = adt(PERSON + "|" * 31 + "CAT", VISIT)
    assert back(before)["PID-39", "same"] == 1
    assert back(before, "2.4")["PID-39", "beyond"] == 1


def test_a_further_repetition_of_a_field_that_has_one_value_is_beyond() -> None:
    told = back(adt(PERSON + "|" * 9 + "CHR^基督教~BUD^佛教", VISIT))
    assert told["PID-17", "same"] + told.get(("PID-17", "equal"), 0) == 2 and told["PID-17", "beyond"] == 2


def test_what_stands_in_a_resource_that_nothing_refers_to_is_stranded() -> None:
    told = back(adt(PERSON, "PV1|1||病区九||||||||||||||||V1"))  # no class, no Encounter: the ward stands alone
    assert told["PV1-3", "stranded"] == 1 and ("PV1-3", "lost") not in told
    assert "stranded" not in {fate for _, fate in back(adt(PERSON, VISIT))}


def test_a_value_is_overruled_only_by_another_one_that_stands_in_its_place() -> None:
    before = {"Observation/1": {"valueString": "阴性", "note": [{"text": "a"}]}}
    assert _overruled(before, "Observation/1#valueString", "阳性", {"阳性", "阴性"})
    assert not _overruled(before, "Observation/1#valueString", "阴性", {"阳性", "阴性"})
    assert not _overruled(before, "Observation/1#valueString", "阳性", {"阳性", "弱阳性"})
    assert not _overruled(before, "Observation/1#valueString", "阳性", {"阳性"})
    assert not _overruled(before, "Observation/1#method.text", "阳性", {"阳性", "阴性"})
    assert not _overruled(before, "Observation/1#note", "阳性", {"阳性", "阴性"})


def test_the_names_of_texts_move_into_the_document_they_are_headings_of() -> None:
    txa = "TXA|1|11526-1^病理报告^LN|TX|20260301070000|||||||D1|||||AU||AV"
    texts = ("OBX|1|TX|S1^大体所见||灰白组织一块||||||F", "OBX|2|TX|S2^镜下所见||慢性炎细胞浸润||||||F")
    told = back(message("MDM^T02", "EVN|T02|20260301075900", PERSON, txa, *texts))
    assert told["OBX-5", "same"] + told.get(("OBX-5", "moved"), 0) == 2
    assert "lost" not in {fate for field, fate in told if field == "OBX-3"}
