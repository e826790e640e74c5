"""JSON and XML on the wire: what is asked for is what comes, bodies of both kinds go in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fhir_server.rest.exchange import Caller
from fhir_server.settings import Settings
from profiles.xml_input import parse_xml
from profiles.xml_output import dump_xml
from tests.fhir_server.conftest import observation, patient, running

FHIR_XML = {"accept": "application/fhir+xml"}
SENT_XML = {"content-type": "application/fhir+xml; charset=utf-8"}
JSON_TYPE, XML_TYPE = "application/fhir+json;charset=utf-8", "application/fhir+xml;charset=utf-8"


def _tree(answer: httpx.Response) -> dict[str, Any]:
    assert answer.headers["content-type"] == XML_TYPE
    resource, issues = parse_xml(answer.content)
    assert resource is not None, issues
    return resource


def _code(answer: httpx.Response) -> str:
    outcome = answer.json() if "json" in answer.headers["content-type"] else _tree(answer)
    return str(outcome["issue"][0]["details"]["coding"][0]["code"])


def test_a_resource_goes_in_as_xml_and_comes_out_as_both(client: httpx.Client) -> None:
    sent = b"""<Observation xmlns="http://hl7.org/fhir"><id value="o"/><status value="final"/>
      <code><text value="K"/></code><valueQuantity><value value="1.10"/></valueQuantity></Observation>"""
    put = client.put("/Observation/o", content=sent, headers=SENT_XML)
    assert (put.status_code, put.headers["content-type"]) == (201, JSON_TYPE)
    assert '"value":1.10' in client.get("/Observation/o").text
    read = client.get("/Observation/o", headers=FHIR_XML)
    assert '<value value="1.10"/>' in read.text
    assert _tree(read)["meta"]["versionId"] == "1"
    assert client.put("/Observation/o", content=read.content, headers=SENT_XML).headers["etag"] == 'W/"1"'


def test_a_transaction_in_xml_is_answered_in_xml(client: httpx.Client) -> None:
    bundle = {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {
                "fullUrl": "urn:uuid:11111111-1111-4111-8111-111111111111",
                "resource": {"resourceType": "Patient", "name": [{"text": "张"}]},
                "request": {"method": "POST", "url": "Patient"},
            },
            {
                "resource": {
                    "resourceType": "Observation", "status": "final", "code": {"text": "K"},
                    "subject": {"reference": "urn:uuid:11111111-1111-4111-8111-111111111111"},
                },
                "request": {"method": "POST", "url": "Observation"},
            },
        ],
    }  # fmt: skip
    answer = _tree(client.post("/", content=dump_xml(bundle), headers=SENT_XML | FHIR_XML))
    assert [entry["response"]["status"] for entry in answer["entry"]] == ["201 Created"] * 2
    found = _tree(client.get("/Observation?_include=Observation:subject", headers=FHIR_XML))
    assert [entry["search"]["mode"] for entry in found["entry"]] == ["match", "include"]


@pytest.mark.parametrize("address", ["/metadata", "/Patient", "/Patient/x/_history", "/Patient/x/_history/1"])
def test_whatever_is_read_can_be_read_as_xml(sqlite_client: httpx.Client, address: str) -> None:
    sqlite_client.put("/Patient/x", json=patient("x"))
    assert _tree(sqlite_client.get(address, headers=FHIR_XML))["resourceType"]


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        ("", JSON_TYPE),
        ("*/*", JSON_TYPE),
        ("application/*", JSON_TYPE),
        ("application/fhir+xml", XML_TYPE),
        ("APPLICATION/FHIR+XML", XML_TYPE),
        ("application/xml", XML_TYPE),
        ("text/xml", XML_TYPE),
        ("application/fhir+xml;fhirVersion=4.0", XML_TYPE),
        ("application/fhir+json;q=0.5, application/fhir+xml", XML_TYPE),
        ("application/fhir+xml;q=0.5, application/fhir+json;q=0.9", JSON_TYPE),
        ("application/fhir+xml, application/fhir+json", XML_TYPE),
        ("application/fhir+json, application/fhir+xml", JSON_TYPE),
        ("*/*, application/fhir+xml", XML_TYPE),
        ("application/fhir+json;q=0, */*", XML_TYPE),
        ("application/fhir+json;fhirVersion=3.0, application/fhir+xml;q=0.1", XML_TYPE),
        ("application/fhir+xml;q=oops, application/fhir+json;q=0.1", JSON_TYPE),
    ],
)
def test_accept_decides_by_quality_then_by_name_then_by_place(
    sqlite_client: httpx.Client, accept: str, media: str
) -> None:
    answer = sqlite_client.get("/Patient", headers={"accept": accept})
    assert (answer.status_code, answer.headers["content-type"]) == (200, media)


@pytest.mark.parametrize(
    "accept",
    ["image/png", "application/fhir+json;q=0", "application/fhir+turtle", "json", "text/xml;fhirVersion=3.0"],
)
def test_what_cannot_be_given_is_a_406_in_json(sqlite_client: httpx.Client, accept: str) -> None:
    answer = sqlite_client.get("/Patient", headers={"accept": accept})
    assert (answer.status_code, _code(answer)) == (406, "not-acceptable")
    created = sqlite_client.post("/Patient", json={"resourceType": "Patient"}, headers={"accept": accept})
    assert created.status_code == 406


def test_a_header_that_stands_twice_is_one_list(sqlite_client: httpx.Client) -> None:
    twice = [("host", "x"), ("accept", "image/png"), ("accept", "text/xml")]
    answer = sqlite_client.send(httpx.Request("GET", f"{sqlite_client.base_url}Patient", headers=twice))
    assert answer.headers["content-type"] == XML_TYPE


@pytest.mark.parametrize(
    "name", ["xml", "text/xml", "application/xml", "application/fhir%2Bxml", "application/fhir+xml"]
)
def test_format_overrules_accept(sqlite_client: httpx.Client, name: str) -> None:
    answer = sqlite_client.get(f"/Patient?_format={name}", headers={"accept": "application/fhir+json"})
    assert answer.headers["content-type"] == XML_TYPE


@pytest.mark.parametrize("name", ["html", "ttl", "yaml", "application/fhir%2Bjson;fhirVersion=5.0", "%20", "<script>"])
def test_an_unknown_format_is_a_406(sqlite_client: httpx.Client, name: str) -> None:
    answer = sqlite_client.get(f"/Patient?_format={name}")
    assert (answer.status_code, _code(answer)) == (406, "not-acceptable")


def test_a_posted_search_may_name_its_format_in_the_form(sqlite_client: httpx.Client) -> None:
    assert (
        _tree(sqlite_client.post("/Patient/_search", data={"_format": "xml", "_pretty": "true"}))["type"] == "searchset"
    )
    assert sqlite_client.post("/Patient/_search", data={"_format": "html"}).status_code == 406
    assert sqlite_client.post("/Patient/_search", json={}).status_code == 415


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/Patient/none", 404),
        ("/Colour", 404),
        ("/Patient?colour=red", 400),
        ("/a/b/c/d/e/f", 404),
        ("/Patient/%", 400),
    ],
)
def test_errors_come_in_the_format_that_was_asked_for(sqlite_client: httpx.Client, address: str, status: int) -> None:
    url = sqlite_client.base_url.copy_with(raw_path=f"/fhir{address}".encode())
    answer = sqlite_client.send(httpx.Request("GET", url, headers=FHIR_XML))
    assert (answer.status_code, _tree(answer)["resourceType"]) == (status, "OperationOutcome")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ('<Patient xmlns="http://hl7.org/fhir"><id value="p"/><colour value="x"/></Patient>', 422, "element-unknown"),
        ('<!DOCTYPE x><Patient xmlns="http://hl7.org/fhir"><id value="p"/></Patient>', 400, "xml-doctype"),
        ('<Patient xmlns="http://hl7.org/fhir"><id value="p"/>', 400, "xml-malformed"),
        ('<Basic xmlns="http://hl7.org/fhir"><id value="p"/></Basic>', 400, "type-mismatch"),
        ('<Patient xmlns="http://hl7.org/fhir"><id value="q"/></Patient>', 400, "id-mismatch"),
        ('<Patient xmlns="http://hl7.org/fhir"><gender value="x"/></Patient>', 400, "id-mismatch"),
        ("{}", 400, "xml-malformed"),
    ],
)  # fmt: skip
def test_a_faulty_body_in_xml_is_refused(sqlite_client: httpx.Client, body: str, status: int, code: str) -> None:
    answer = sqlite_client.put("/Patient/p", content=body.encode(), headers=SENT_XML)
    assert (answer.status_code, _code(answer)) == (status, code)


def test_a_refusal_of_xml_says_line_and_column(sqlite_client: httpx.Client) -> None:
    body = '<Patient xmlns="http://hl7.org/fhir">\n  <colour value="x"/></Patient>'
    issue = sqlite_client.post("/Patient", content=body, headers=SENT_XML).json()["issue"][0]
    assert (issue["location"], issue["expression"]) == (["line 2, column 3"], ["Patient.colour"])


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/xml", 201),
        ("text/xml; charset=utf-8", 201),
        ("application/fhir+xml; fhirVersion=4.0", 201),
        ("application/fhir+xml; fhirVersion=3.0", 415),
        ("application/fhir+xml; charset=gbk", 415),
        ("application/xhtml+xml", 415),
    ],
)
def test_the_type_of_a_body_is_checked(sqlite_client: httpx.Client, content_type: str, status: int) -> None:
    body = b'<Patient xmlns="http://hl7.org/fhir"/>'
    assert sqlite_client.post("/Patient", content=body, headers={"content-type": content_type}).status_code == status


@pytest.mark.parametrize(
    ("accept", "first"),
    [("application/json", '{\n  "'), ("text/xml", '<?xml version="1.0" encoding="UTF-8"?>\n<Patient')],
)
def test_pretty_is_for_people(sqlite_client: httpx.Client, accept: str, first: str) -> None:
    sqlite_client.put("/Patient/pretty", json=patient("pretty", name=[{"text": "x"}]))
    plain = sqlite_client.get("/Patient/pretty", headers={"accept": accept})
    indented = sqlite_client.get("/Patient/pretty?_pretty=true", headers={"accept": accept})
    assert indented.text.startswith(first) and "\n  " in indented.text and "\n  " not in plain.text


def test_large_answers_are_turned_too(sqlite_client: httpx.Client) -> None:
    name = [{"text": "x" * 1000}]
    entries = [
        {"resource": patient(f"big{n}", name=name), "request": {"method": "PUT", "url": f"Patient/big{n}"}}
        for n in range(60)
    ]
    bundle = {"resourceType": "Bundle", "type": "batch", "entry": entries}
    assert sqlite_client.post("/", json=bundle).status_code == 200
    found = _tree(sqlite_client.get("/Patient?_count=60&name=xxx", headers=FHIR_XML))
    assert len(found["entry"]) == 60


# ------------------------------------------------------------------------------------------- parts of a resource

_SUBSETTED = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED"}


@pytest.fixture
def whole(sqlite_client: httpx.Client) -> str:
    text = {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">x</div>'}
    answer = sqlite_client.put(
        "/Observation/part",
        json=observation("part", text=text, note=[{"text": "n"}], valueString="v", _valueString={"id": "i"}),
    )
    assert answer.status_code in (200, 201), answer.text
    return str(answer.headers["location"].rpartition("/fhir")[2])


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ("_summary=true", {"status", "code", "valueString", "_valueString"}),
        ("_summary=text", {"status", "code", "text"}),
        ("_summary=data", {"status", "code", "note", "valueString", "_valueString"}),
        ("_elements=note", {"status", "code", "note"}),
        ("_elements=value", {"status", "code", "valueString", "_valueString"}),
        ("_elements=Observation.note,Patient.text", {"status", "code", "note"}),
    ],
)
def test_a_read_may_ask_for_a_part_and_gets_the_mandatory_elements_too(
    sqlite_client: httpx.Client, whole: str, asked: str, names: set[str]
) -> None:
    for address in ("/Observation/part", whole):
        answer = sqlite_client.get(f"{address}?{asked}")
        body = answer.json()
        assert set(body) - {"resourceType", "id", "meta"} == names
        assert [_SUBSETTED.items() <= tag.items() for tag in body["meta"]["tag"]] == [True]
        assert answer.headers["etag"] == sqlite_client.get(address).headers["etag"]


def test_what_is_whole_is_not_marked_as_a_part(sqlite_client: httpx.Client, whole: str) -> None:
    assert "tag" not in sqlite_client.get("/Observation/part?_summary=false").json()["meta"]
    sqlite_client.put("/Patient/bare", json=patient("bare"))
    assert "tag" not in sqlite_client.get("/Patient/bare?_summary=true").json()["meta"]


def test_a_summary_nobody_knows_is_refused_unless_the_caller_is_lenient(
    sqlite_client: httpx.Client, whole: str
) -> None:
    for wrong in ("count", "all", "TRUE"):
        assert sqlite_client.get(f"/Observation/part?_summary={wrong}").status_code == 400
        lenient = sqlite_client.get(f"/Observation/part?_summary={wrong}", headers={"prefer": "handling=lenient"})
        assert lenient.json()["note"]


def test_a_mandatory_choice_stays(sqlite_client: httpx.Client) -> None:
    request = {
        "resourceType": "MedicationRequest", "id": "m", "status": "active", "intent": "order",
        "medicationCodeableConcept": {"text": "x"}, "subject": {"display": "x"}, "note": [{"text": "n"}],
    }  # fmt: skip
    assert sqlite_client.put("/MedicationRequest/m", json=request).status_code in (200, 201)
    assert "medicationCodeableConcept" in json.loads(sqlite_client.get("/MedicationRequest/m?_elements=note").text)


def test_a_fault_of_ours_comes_in_the_format_that_was_asked_for(tmp_path: Path) -> None:
    def broken(_headers: Any) -> Caller:
        raise RuntimeError

    with running(Settings(database=f"sqlite:///{tmp_path}/q.db"), identify=broken) as address:
        answers = [httpx.get(f"{address}/fhir/Patient", headers={"accept": accept}) for accept in ("text/xml", "*/*")]
    assert [answer.status_code for answer in answers] == [500, 500]
    assert _tree(answers[0])["issue"][0]["code"] == answers[1].json()["issue"][0]["code"] == "exception"
    assert "content-encoding" not in answers[0].headers


_NAMES = (
    "accept",
    "accept-encoding",
    "content-encoding",
    "content-type",
    "forwarded",
    "if-modified-since",
    "if-none-match",
    "origin",
    "prefer",
    "x-forwarded-host",
    "x-security-context",
)
_TEXTS = st.one_of(
    st.sampled_from(("*/*", "gzip", "application/fhir+xml", "text/plain", 'W/"1"', "*", "q=1;;,", "a=b;")),
    st.text(st.characters(min_codepoint=33, max_codepoint=255, exclude_characters="\x7f"), max_size=20),
)
_BODIES = st.one_of(
    st.sampled_from((b"", b"{}", b'<Patient xmlns="http://hl7.org/fhir"/>', b"\x1f\x8b\x08")),
    st.binary(max_size=40),
)


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    method=st.sampled_from(("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH")),
    path=st.sampled_from(("", "/metadata", "/Patient", "/Patient/x", "/Binary", "/Binary/x", "/Patient/_search")),
    headers=st.dictionaries(st.sampled_from(_NAMES), _TEXTS, max_size=4),
    body=_BODIES,
)
def test_no_header_and_no_body_is_ever_answered_with_a_500(
    sqlite_client: httpx.Client, method: str, path: str, headers: dict[str, str], body: bytes
) -> None:
    given_headers = [(name.encode(), text.encode("latin-1")) for name, text in headers.items()]
    answer = sqlite_client.request(method, path, headers=given_headers, content=body)
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400 and method != "HEAD":
        assert _code(answer)
