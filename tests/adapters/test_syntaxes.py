"""One message in three forms gives one translation: ER7 in UTF-8, ER7 in GB 18030, HL7 v2 XML."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from adapters import er7, packed_ledger, pipeline, syntaxes, v2_xml, xml_names, xml_text
from adapters.pipeline import Prepared
from adapters.site import SiteBook, load
from fhir_server.arrivals.arrival import Receipt
from mappers.message import Message
from tests.adapters.v2_xml_copy import copy

GOLDEN = sorted((Path(__file__).parent.parent / "mappers" / "golden").glob("*/message.hl7"))
NOW = 1_792_600_000_000_000
VISIT = (
    "MSH|^~\\&|X|Y|||20261021080000||ADT^A04^ADT_A01|1|P|2.5.1\rEVN|A04|20261021080000\r"
    'PID|1||P1^^^^MR~Q2^^^A&1.2.3&ISO^NI||王甲||19900101|F|||一号\\T\\二号\\.br\\附^^^^^^H||""\r'
    "PV1|1|O|||||||||||||||||V1\r"
)


@pytest.fixture(scope="module")
def book() -> SiteBook:
    return load()


def prepare(raw: bytes, book: SiteBook, channel: str = "http") -> Prepared:
    return pipeline.prepare(raw, book, NOW, channel=channel)


def said(prepared: Prepared) -> tuple[str, list[tuple[Any, ...]], list[tuple[str, str]]]:
    """Bundle, ledger and issues; what the bytes looked like is another matter."""
    assert prepared.mapped is not None and prepared.message is not None
    bundle = json.dumps(prepared.mapped.bundle, ensure_ascii=False, sort_keys=True, default=str)
    ledger = packed_ledger.unpack(prepared.arrival.ledger, prepared.message)
    issues = [(issue.code, issue.location) for issue in prepared.mapped.issues]
    return bundle, ledger, issues


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.parent.name)
def test_three_copies_of_a_message_give_one_bundle_and_one_ledger(path: Path, book: SiteBook) -> None:
    text = path.read_text("utf-8").replace("\n", "\r")
    message = er7.parse(text).message
    assert message is not None
    first = prepare(text.encode(), book)
    assert said(prepare(text.encode("gb18030"), book)) == said(first)
    assert said(prepare(copy(message), book)) == said(first)
    assert first.arrival.unaccounted == 0


def test_an_xml_message_in_gb18030_is_the_same_message(book: SiteBook) -> None:
    message = er7.parse(VISIT).message
    assert message is not None
    text = copy(message).decode().replace("UTF-8", "GB18030", 1)
    assert said(prepare(text.encode("gb18030"), book)) == said(prepare(VISIT.encode(), book))


def test_a_declaration_the_bytes_contradict_loses_and_is_said(book: SiteBook) -> None:
    message = er7.parse(VISIT).message
    assert message is not None
    prepared = prepare(copy(message).decode().encode("gb18030"), book)
    assert prepared.arrival.verdict == "AA"
    assert "charset-mismatch" in {issue.code for issue in prepared.arrival.issues}


def test_delimiters_escapes_and_nulls_survive(book: SiteBook) -> None:
    message = er7.parse(VISIT).message
    assert message is not None
    read = syntaxes.hear(copy(message), None, "http").parsed.message
    assert read is not None
    assert [segment.text for segment in read.segments] == [segment.text for segment in message.segments]


def test_the_character_set_a_copy_names_changes_nothing_but_that_it_is_named(book: SiteBook) -> None:
    plain, named = VISIT, VISIT.replace("|2.5.1\r", "|2.5.1||||||UNICODE UTF-8\r")
    gbk = VISIT.replace("|2.5.1\r", "|2.5.1||||||GB 18030-2000\r")
    one, two, three = (prepare(raw, book) for raw in (plain.encode(), named.encode(), gbk.encode("gb18030")))
    named_sets = ("UNICODE UTF-8", "GB 18030-2000")
    bundles = [said(each)[0] for each in (one, two, three)]
    assert [[name for name in named_sets if name in bundle] for bundle in bundles] == [
        [],
        [named_sets[0]],
        [named_sets[1]],
    ]
    bare = [bundle.replace(f"\\nMSH-18 {name}", "") for bundle in bundles for name in named_sets if name in bundle]
    assert bare == [bundles[0], bundles[0]]


def answer(raw: bytes, book: SiteBook) -> bytes:
    prepared = prepare(raw, book)
    receipt = Receipt(7, prepared.arrival.verdict, "", b"", prepared.arrival.issues, 0)
    return pipeline.acknowledge(prepared, receipt, NOW, "zh")


def test_an_xml_message_is_answered_in_xml(book: SiteBook) -> None:
    message = er7.parse(VISIT).message
    assert message is not None
    root = xml_text.tree(xml_text.decode(answer(copy(message), book)).text)
    read = v2_xml.read(root).message  # type: ignore[arg-type]
    assert isinstance(read, Message)
    assert (read.get("MSA", 1), read.get("MSA", 2), read.code) == ("AA", "1", "ACK")
    assert xml_text.namespace(root) == xml_names.NAMESPACE_V2  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ("<ADT_A01 xmlns='urn:hl7-org:v2xml'/>", "message-unreadable"),
        ("<ADT_A01 xmlns='urn:hl7-org:v2xml'><PID/></ADT_A01>", "segment-first"),
        ("<ADT_A01><MSH><MSH.1>|</MSH.1></MSH>lost<PID/></ADT_A01>", "xml-malformed"),
        ("<ADT_A01><MSH><MSH.1>|</MSH.1></MSH><PID>lost<PID.3/></PID></ADT_A01>", "xml-malformed"),
        ("<ADT_A01><MSH><MSH.1>|</MSH.1></MSH><PID><PV1.3>x</PV1.3></PID></ADT_A01>", "xml-malformed"),
        ("<ADT_A01><MSH><MSH.1>|</MSH.1></MSH><PID><PID.3><A.1>x</A.1>lost</PID.3></PID></ADT_A01>", "xml-malformed"),
        ("<ADT_A01><MSH><MSH.1>|</MSH.1></MSH><PID><PID.99999999>x</PID.99999999></PID></ADT_A01>", "xml-malformed"),
        ("<ADT_A01><MSH>", "xml-malformed"),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><ADT_A01>&b;</ADT_A01>", "xml-doctype"),
        ("< nothing", "message-unreadable"),
    ],
)
def test_what_no_message_can_hold_is_refused_not_lost(document: str, code: str, book: SiteBook) -> None:
    arrival = prepare(document.encode(), book).arrival
    assert (arrival.verdict, [issue.code for issue in arrival.issues]) == ("AR", [code])
    assert answer(document.encode(), book)


def test_v3_on_an_mllp_port_is_refused_by_its_name(book: SiteBook) -> None:
    raw = b"<POOR_IN200901UV xmlns='urn:hl7-org:v3'/>"
    arrival = prepare(raw, book, channel="mllp").arrival
    assert (arrival.verdict, [issue.code for issue in arrival.issues]) == ("AR", ["message-is-v3"])
