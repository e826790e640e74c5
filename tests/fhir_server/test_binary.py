"""Raw content up and down; what is stored cannot attack who looks at it."""

from __future__ import annotations

import base64

import httpx
import pytest

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
HTML = b"<script>alert(document.domain)</script>"
JSON, XML = "application/fhir+json", "application/fhir+xml"


def _stored(client: httpx.Client, content: bytes, content_type: str, **headers: str) -> str:
    """The address of the new Binary."""
    given = {name.replace("_", "-"): text for name, text in headers.items()}
    answer = client.post("/Binary", content=content, headers={"content-type": content_type, **given})
    assert answer.status_code == 201, answer.text
    return str(answer.headers["location"].partition("/_history")[0])


def test_content_goes_in_and_comes_out_as_it_is(client: httpx.Client) -> None:
    address = _stored(client, PNG, "image/png")
    raw = client.get(address, headers={"accept": "image/png"})
    assert (raw.status_code, raw.content, raw.headers["content-type"]) == (200, PNG, "image/png")
    assert (raw.headers["etag"], raw.headers["content-length"]) == ('W/"1"', str(len(PNG)))
    resource = client.get(address, headers={"accept": JSON}).json()
    assert (resource["contentType"], base64.b64decode(resource["data"])) == ("image/png", PNG)
    assert '<contentType value="image/png"/>' in client.get(address, headers={"accept": XML}).text
    version = client.get(f"{address}/_history/1", headers={"accept": "image/png"})
    assert version.content == PNG


@pytest.mark.parametrize(
    ("accept", "raw"),
    [
        ("", True), ("*/*", True), ("text/*", True), ("text/plain", True), ("application/pdf", True),
        ("text/html,application/xhtml+xml,*/*;q=0.8", True), ("text/plain, application/fhir+json;q=0.5", True),
        ("application/fhir+json", False), ("application/fhir+xml", False), ("application/json", False),
        ("application/fhir+json, */*;q=0.1", False), ("text/plain;q=0.2, application/fhir+json", False),
        ("application/fhir+json;fhirVersion=4.0", False),
    ],
)  # fmt: skip
def test_accept_says_whether_the_resource_or_its_content_is_meant(
    sqlite_client: httpx.Client, accept: str, raw: bool
) -> None:
    address = _stored(sqlite_client, b"words", "text/plain")
    answer = sqlite_client.get(address, headers={"accept": accept})
    assert answer.status_code == 200
    assert (answer.content == b"words") is raw
    assert sqlite_client.get(f"{address}?_format=json", headers={"accept": accept}).json()["resourceType"] == "Binary"


def test_json_that_is_content_comes_out_as_content(sqlite_client: httpx.Client) -> None:
    patient = b'{"resourceType":"Patient","id":"x"}'
    for content_type in ("application/json", JSON):
        address = _stored(sqlite_client, patient, content_type)
        assert sqlite_client.get(address, headers={"accept": "*/*"}).content == patient
        assert sqlite_client.get(address, headers={"accept": JSON}).json()["contentType"] == content_type
    assert sqlite_client.get(_stored(sqlite_client, b"[1]", "application/json")).json() == [1]
    assert sqlite_client.post("/Binary", content=b"{", headers={"content-type": JSON}).status_code == 400


def test_a_binary_resource_is_taken_as_one_in_json_and_xml(sqlite_client: httpx.Client) -> None:
    data = base64.b64encode(b"a,b").decode()
    in_json = {"resourceType": "Binary", "contentType": "text/csv", "data": data}
    in_xml = f'<Binary xmlns="http://hl7.org/fhir"><contentType value="text/csv"/><data value="{data}"/></Binary>'
    for answer in (
        sqlite_client.post("/Binary", json=in_json),
        sqlite_client.post("/Binary", content=in_xml, headers={"content-type": XML}),
    ):
        assert (answer.status_code, answer.json()["contentType"]) == (201, "text/csv")
        assert sqlite_client.get(answer.headers["location"].partition("/_history")[0]).content == b"a,b"
    cda = b'<ClinicalDocument xmlns="urn:hl7-org:v3"/>'
    address = _stored(sqlite_client, cda, "text/xml")
    assert sqlite_client.get(address).content == cda


def test_a_stored_page_cannot_attack_who_opens_it(sqlite_client: httpx.Client) -> None:
    address = _stored(sqlite_client, HTML, "text/html; charset=utf-8")
    answer = sqlite_client.get(address, headers={"accept": "text/html"})
    assert answer.content == HTML
    assert answer.headers.get_list("content-security-policy") == ["sandbox; default-src 'none'; frame-ancestors 'none'"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-disposition"].startswith("attachment; filename=")


def test_the_security_context_travels_as_a_header(sqlite_client: httpx.Client) -> None:
    sqlite_client.put("/Patient/ctx", json={"resourceType": "Patient", "id": "ctx"})
    address = _stored(sqlite_client, PNG, "image/png", x_security_context="Patient/ctx")
    resource = sqlite_client.get(address, headers={"accept": JSON}).json()
    assert resource["securityContext"] == {"reference": "Patient/ctx"}
    assert sqlite_client.get(address).headers["x-security-context"] == "Patient/ctx"


def test_content_is_replaced_under_an_id_of_ones_own(client: httpx.Client) -> None:
    first = client.put("/Binary/scan", content=PNG, headers={"content-type": "image/png"})
    same = client.put("/Binary/scan", content=PNG, headers={"content-type": "image/png"})
    second = client.put("/Binary/scan", content=b"%PDF-", headers={"content-type": "application/pdf"})
    assert [answer.status_code for answer in (first, same, second)] == [201, 200, 200]
    assert [answer.headers["etag"] for answer in (first, same, second)] == ['W/"1"', 'W/"1"', 'W/"2"']
    assert client.get("/Binary/scan").headers["content-type"] == "application/pdf"
    stale = client.put("/Binary/scan", content=b"x", headers={"content-type": "text/plain", "if-match": 'W/"1"'})
    assert stale.status_code == 412


def test_head_and_conditional_reads_work_on_content(sqlite_client: httpx.Client) -> None:
    address = _stored(sqlite_client, PNG, "image/png")
    head = sqlite_client.head(address, headers={"accept": "image/png"})
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(PNG)))
    assert sqlite_client.get(address, headers={"if-none-match": 'W/"1"'}).status_code == 304


def test_images_are_not_compressed_again_and_text_is(sqlite_client: httpx.Client) -> None:
    for content_type, coding in (("image/png", None), ("text/plain", "gzip")):
        address = _stored(sqlite_client, b"x" * 5000, content_type)
        answer = sqlite_client.get(address, headers={"accept-encoding": "gzip"})
        assert (answer.headers.get("content-encoding"), answer.content) == (coding, b"x" * 5000)


def test_empty_content_and_content_without_a_type_are_kept(sqlite_client: httpx.Client) -> None:
    empty = sqlite_client.get(_stored(sqlite_client, b"", "text/plain"))
    assert (empty.status_code, empty.content, empty.headers["content-type"]) == (200, b"", "text/plain")
    bare = sqlite_client.post("/Binary", content=b"\x00\x01")
    assert bare.status_code == 201
    assert bare.json()["contentType"] == "application/octet-stream"


@pytest.mark.parametrize("content_type", ["words", "text/", "te xt/html", "text/plain; a=\xff"])
def test_a_type_that_is_none_is_refused(sqlite_client: httpx.Client, content_type: str) -> None:
    headers = [(b"content-type", content_type.encode("latin-1"))]
    assert sqlite_client.post("/Binary", content=b"x", headers=headers).status_code in (400, 415)


def test_another_type_than_binary_takes_no_content(sqlite_client: httpx.Client) -> None:
    assert sqlite_client.post("/Patient", content=PNG, headers={"content-type": "image/png"}).status_code == 415
    assert sqlite_client.get("/Patient/none", headers={"accept": "image/png"}).status_code == 406


def test_a_missing_binary_is_told_in_json(sqlite_client: httpx.Client) -> None:
    answer = sqlite_client.get("/Binary/none", headers={"accept": "image/png"})
    assert (answer.status_code, answer.json()["resourceType"]) == (404, "OperationOutcome")
