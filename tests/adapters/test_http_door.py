"""HL7 over HTTP and SOAP: a real server, a real socket, an answer for everything."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import uvicorn
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from adapters import er7
from adapters.sender import read_answer
from adapters.service import http_messages
from fhir_server.app import create_app
from fhir_server.settings import Settings
from tests.adapters.v2_xml_copy import copy

LIMIT = 200_000
V3 = Path(__file__).parent / "v3"


def visit(control: str, name: str = "王甲", tail: str = "") -> str:
    return (
        f"MSH|^~\\&|X|Y|||20261021080000||ADT^A04^ADT_A01|{control}|P|2.5.1{tail}\rEVN|A04|20261021080000\r"
        f"PID|1||P{control}^^^^MR||{name}||19900101|F\rPV1|1|O|||||||||||||||||V{control}\r"
    )


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    where = tmp_path_factory.mktemp("door")
    told = Settings(database=f"sqlite:///{where}/qiao.db", mllp_port=-1, mllp_limit=LIMIT)
    app = create_app(told, factories=[http_messages])
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", lifespan="on"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
        yield client
    server.should_exit = True
    thread.join(10)


def post(door: httpx.Client, body: bytes | str, kind: str, path: str = "/v2/messages") -> httpx.Response:
    return door.post(path, content=body, headers={"content-type": kind})


@pytest.mark.parametrize(
    ("codec", "kind", "tail"),
    [
        ("utf-8", "application/hl7-v2; charset=utf-8", ""),
        ("gb18030", "x-application/hl7-v2+er7; charset=GB18030", "||||||GB 18030-2000"),
        ("utf-8", "text/plain", ""),
    ],
)
def test_er7_is_answered_with_its_acknowledgement(door: httpx.Client, codec: str, kind: str, tail: str) -> None:
    response = post(door, visit(f"E{codec}", tail=tail).encode(codec), kind)
    assert response.status_code == 200
    assert read_answer(response.content).verdict == "AA"
    assert response.headers["content-type"].startswith(("application/hl7-v2", "x-application/hl7-v2+er7"))


def test_what_was_posted_is_stored(door: httpx.Client) -> None:
    post(door, visit("S1", "钱丁").encode(), "application/hl7-v2")
    found = door.get("/fhir/Patient", params={"identifier": "PS1"}).json()
    assert found["entry"][0]["resource"]["name"][0]["text"] == "钱丁"


def test_v2_xml_is_answered_in_xml(door: httpx.Client) -> None:
    message = er7.parse(visit("X1")).message
    assert message is not None
    response = post(door, copy(message), "application/hl7-v2+xml")
    root = etree.fromstring(response.content)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/hl7-v2+xml"
    assert root.findtext("{*}MSA/{*}MSA.1") == "AA" and root.findtext("{*}MSA/{*}MSA.2") == "X1"


def test_a_refused_message_is_200_with_its_verdict(door: httpx.Client) -> None:
    response = post(door, visit("R1").replace("|O|", "|?|"), "application/hl7-v2")
    assert (response.status_code, read_answer(response.content).verdict) == (200, "AE")


def test_an_acknowledgement_is_taken_and_not_answered(door: httpx.Client) -> None:
    text = "MSH|^~\\&|X|Y|||20261021080000||ACK^A04^ACK|K1|P|2.5.1\rMSA|AA|Q7-1\r"
    for body, kind in ((text, "application/hl7-v2"), (json.dumps({"message": text}), "application/json")):
        response = post(door, body, kind)
        assert (response.status_code, response.content) == (204, b"")


def test_json_strings_and_members_are_read(door: httpx.Client) -> None:
    text = post(door, json.dumps(visit("J1", "张三")), "application/json").json()
    member = post(door, json.dumps({"message": visit("J2", "张三", "||||||GBK")}), "application/json").json()
    assert "MSA|AA|J1" in text and "MSA|AA|J2" in member["message"]
    found = door.get("/fhir/Patient", params={"identifier": "PJ2"}).json()
    assert found["entry"][0]["resource"]["name"][0]["text"] == "张三"


@pytest.mark.parametrize("body", [b"{", b"[1]", b"{}", b'{"message": 1}', b"[" * 100_000])
def test_other_json_is_no_message(door: httpx.Client, body: bytes) -> None:
    assert post(door, body, "application/json").status_code == 400


def test_other_media_and_methods_are_refused(door: httpx.Client) -> None:
    assert post(door, b"x", "image/png").status_code == 415
    assert door.get("/v2/messages").status_code == 405


def test_what_is_too_large_is_kept_and_answered(door: httpx.Client) -> None:
    response = post(door, visit("L1") + "NTE|1||" + "x" * LIMIT, "application/hl7-v2")
    assert (response.status_code, read_answer(response.content).verdict) == (413, "AR")
    assert "L1" in response.text


def envelope(inner: str, version: str = "http://schemas.xmlsoap.org/soap/envelope/") -> str:
    return (
        f'<s:Envelope xmlns:s="{version}"><s:Header/><s:Body><HIPMessageServer xmlns="urn:hl7-org:v3">'
        f"<action>X</action><message>{inner}</message></HIPMessageServer></s:Body></s:Envelope>"
    )


def payload(response: httpx.Response) -> str:
    root = etree.fromstring(response.content)
    assert etree.QName(root[0][0]).localname == "HIPMessageServerResponse"
    found = root.findtext(".//{*}payload")
    assert found is not None
    return str(found)


def test_a_message_in_cdata_is_answered_in_cdata(door: httpx.Client) -> None:
    response = post(door, envelope(f"<![CDATA[{visit('C1')}]]>"), "text/xml", "/v2/soap")
    assert response.status_code == 200 and b"<![CDATA[MSH" in response.content
    assert "MSA|AA|C1" in payload(response)
    assert response.headers["content-type"].startswith("text/xml")


def test_a_message_as_text_in_soap_1_2_and_gbk(door: httpx.Client) -> None:
    inner = visit("C2", "谢郑").replace("&", "&amp;").replace("\r", "&#13;")
    text = '<?xml version="1.0" encoding="GBK"?>' + envelope(inner, "http://www.w3.org/2003/05/soap-envelope")
    response = post(door, text.encode("gbk"), "application/soap+xml", "/v2/soap")
    assert "MSA|AA|C2" in payload(response)
    assert response.headers["content-type"].startswith("application/soap+xml")
    found = door.get("/fhir/Patient", params={"identifier": "PC2"}).json()
    assert found["entry"][0]["resource"]["name"][0]["text"] == "谢郑"


@pytest.mark.parametrize(("kind", "answer"), [("registration", "PRPA_IN201312UV02"), ("order", "MCCI_IN000002UV01")])
def test_v3_in_soap_and_bare_is_answered_in_v3(door: httpx.Client, kind: str, answer: str) -> None:
    raw = (V3 / f"{kind}.xml").read_text("utf-8").replace('code="1" codeSystem="2.16.156.10011.2.3.1.271"', 'code="O"')
    bare = etree.fromstring(post(door, raw.encode(), "application/xml", "/v3").content)
    inside = post(door, envelope(f"<![CDATA[{raw}]]>"), "text/xml", "/v3/soap")
    elements = post(door, envelope(raw.partition("?>")[2]), "text/xml", "/v3/soap")
    for root in (bare, etree.fromstring(payload(inside).encode()), etree.fromstring(elements.content)[0][0][0][0]):
        assert etree.QName(root).localname == answer
        assert root.find("{*}acknowledgement").get("typeCode") == "AA"


@pytest.mark.parametrize("body", ["", "no xml", "<a/>", envelope(""), envelope("x"), "<!DOCTYPE a><a/>", "<s:Envelope"])
def test_an_envelope_without_a_message_is_a_fault_of_the_sender(door: httpx.Client, body: str) -> None:
    response = post(door, body, "text/xml", "/v2/soap")
    root = etree.fromstring(response.content)
    assert response.status_code == 400
    assert root.findtext(".//faultcode") == "soap:Client"


def test_the_service_describes_itself(door: httpx.Client) -> None:
    response = door.get("/v2/soap?wsdl")
    root = etree.fromstring(response.content)
    assert root.find(".//{*}service/{*}port/{*}address").get("location").endswith("/v2/soap")
    assert [one.get("name") for one in root.findall(".//{*}portType/{*}operation")] == ["HIPMessageServer"]


BOMB = '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><ADT_A01>&b;</ADT_A01>'
DEEP = "<a>" * 3000 + "</a>" * 3000
WIDE = "<ADT_A01 x='" + "y" * 150_000 + "'/>"
GROUPS = "<ADT_A01 xmlns='urn:hl7-org:v2xml'>" + "<G.x>" * 200 + "<MSH/>" + "</G.x>" * 200 + "</ADT_A01>"
V3_DEEP = "<POOR_IN200901UV xmlns='urn:hl7-org:v3'><controlActProcess>" + "<x>" * 240 + "</x>" * 240
SEEDS = [BOMB, DEEP, WIDE, GROUPS, V3_DEEP + "</controlActProcess></POOR_IN200901UV>", "<", "\x00", "MSH", "<?xml"]
WHOLE = [(V3 / "order.xml").read_bytes(), (V3 / "registration.xml").read_bytes(), envelope(visit("F")).encode()]
PATHS = st.sampled_from(
    [
        ("/v2/messages", "application/hl7-v2"),
        ("/v2/messages", "application/hl7-v2+xml"),
        ("/v2/messages", "application/json"),
        ("/v2/soap", "text/xml"),
        ("/v3", "application/xml"),
    ]
)
BODIES = st.one_of(
    st.binary(max_size=300),
    st.sampled_from(SEEDS).map(str.encode),
    st.builds(lambda whole, cut: whole[:cut], st.sampled_from(WHOLE), st.integers(0, 4000)),
    st.builds(
        lambda whole, at, byte: whole[: at % len(whole)] + byte + whole[at % len(whole) + 1 :],
        st.sampled_from(WHOLE),
        st.integers(0, 8000),
        st.binary(min_size=1, max_size=3),
    ),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(where=PATHS, body=BODIES)
def test_every_body_has_an_answer_and_none_is_an_error_of_ours(
    door: httpx.Client, where: tuple[str, str], body: bytes
) -> None:
    response = post(door, body, where[1], where[0])
    assert response.status_code < 500
    assert response.content
    assert b"internal-error" not in response.content


@pytest.mark.parametrize("body", SEEDS)
def test_bombs_are_answered_at_every_door(door: httpx.Client, body: str) -> None:
    for path, kind in (("/v2/messages", "text/xml"), ("/v2/soap", "text/xml"), ("/v3", "text/xml")):
        response = post(door, body, kind, path)
        assert response.status_code < 500 and b"internal-error" not in response.content
