"""Headers: versions and dates, conditional reads, HEAD, the base in links, CORS, addresses that are none."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path

import httpx
import pytest

from fhir_server.security.secret import Secret
from fhir_server.settings import Settings
from tests.fhir_server.conftest import patient, running


@pytest.fixture(scope="module")
def behind_proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A server that trusts the headers of a proxy and answers pages of two origins."""
    url = f"sqlite:///{tmp_path_factory.mktemp('proxy')}/qiao.db"
    origins = "https://app.example.cn, https://other.example.cn:8443"
    given = Settings(database=url, cursor_key=Secret("k"), trust_forwarded=True, cors_origins=origins)
    with running(given) as address, httpx.Client(base_url=f"{address}/fhir", timeout=30) as opened:
        yield opened


@pytest.fixture
def versions(sqlite_client: httpx.Client) -> tuple[httpx.Response, httpx.Response]:
    """A first and a second version of Patient/cond."""
    sqlite_client.delete("/Patient/cond")
    first = sqlite_client.put("/Patient/cond", json=patient("cond", active=True))
    return first, sqlite_client.put("/Patient/cond", json=patient("cond", active=False))


def test_writes_and_reads_carry_version_date_and_places(client: httpx.Client) -> None:
    base = str(client.base_url).rstrip("/")
    created = client.post("/Patient", json={"resourceType": "Patient"})
    assert created.headers["etag"] == 'W/"1"'
    assert created.headers["location"].startswith(f"{base}/Patient/")
    assert created.headers["location"].endswith("/_history/1")
    assert created.headers["content-location"] == created.headers["location"]
    read = client.get(created.headers["location"].partition("/_history")[0])
    assert (read.headers["etag"], read.headers["content-location"]) == ('W/"1"', created.headers["location"])
    assert parsedate_to_datetime(read.headers["last-modified"]).tzinfo is not None
    assert "location" not in read.headers
    minimal = client.post("/Patient", json={"resourceType": "Patient"}, headers={"prefer": "return=minimal"})
    assert (minimal.content, "content-type" in minimal.headers, "content-location" in minimal.headers) == (
        b"",
        False,
        False,
    )


def test_a_delete_says_nothing_and_gives_it_no_type(client: httpx.Client) -> None:
    client.put("/Patient/d", json=patient("d"))
    deleted = client.delete("/Patient/d")
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert not {"content-type", "content-length"} & set(deleted.headers)


@pytest.mark.parametrize(
    ("tags", "status"),
    [
        ('W/"{0}"', 304), ('"{0}"', 304), ("*", 304), ('"x", W/"{0}"', 304), ('W/"{1}", "y"', 200), ('W/"{1}"', 200),
        ('"x{0}"', 200), ("{0}", 200), ("oops", 200), ('W/"{0}', 200),
    ],
)  # fmt: skip
def test_a_version_the_caller_has_is_not_sent_again(
    sqlite_client: httpx.Client, versions: tuple[httpx.Response, httpx.Response], tags: str, status: int
) -> None:
    now, before = (answer.headers["etag"].strip('W/"') for answer in reversed(versions))
    headers = {"if-none-match": tags.format(now, before)}
    answer = sqlite_client.get("/Patient/cond", headers=headers)
    assert answer.status_code == status
    assert answer.headers["etag"] == f'W/"{now}"'
    if status == 304:
        assert answer.content == b"" and "content-type" not in answer.headers and "vary" in answer.headers
    assert sqlite_client.head("/Patient/cond", headers=headers).status_code == status
    assert sqlite_client.get(f"/Patient/cond/_history/{now}", headers=headers).status_code == status


def test_a_resource_that_was_not_modified_since_is_not_sent_again(
    sqlite_client: httpx.Client, versions: tuple[httpx.Response, httpx.Response]
) -> None:
    modified = parsedate_to_datetime(versions[1].headers["last-modified"])

    def status(since: str, **more: str) -> int:
        headers = {"if-modified-since": since} | {name.replace("_", "-"): text for name, text in more.items()}
        return sqlite_client.get("/Patient/cond", headers=headers).status_code

    exactly = format_datetime(modified, usegmt=True)
    assert status(exactly) == 304
    assert status(format_datetime(modified + timedelta(hours=1), usegmt=True)) == 304
    assert status(format_datetime(modified - timedelta(seconds=1), usegmt=True)) == 200
    assert status(exactly, if_none_match='"other"') == 200
    for unreadable in ("yesterday", "", "99 Foo 99999 99:99:99", "2026-01-01"):
        assert status(unreadable) == 200


@pytest.mark.parametrize(
    "address",
    ["/Patient/cond", "/Patient", "/Patient?_summary=count", "/Patient/cond/_history", "/metadata", "/Patient/none"],
)
def test_head_is_get_without_the_body(
    sqlite_client: httpx.Client, versions: tuple[httpx.Response, httpx.Response], address: str
) -> None:
    plain = {"accept-encoding": "identity"}
    got, headed = sqlite_client.get(address, headers=plain), sqlite_client.head(address, headers=plain)
    assert (headed.status_code, headed.content) == (got.status_code, b"")
    assert int(headed.headers["content-length"]) == len(got.content)
    with_get, with_head = ({k: v for k, v in each.headers.items() if k != "date"} for each in (got, headed))
    assert with_head == with_get


def test_the_base_needs_no_slash(client: httpx.Client) -> None:
    root = str(client.base_url).rstrip("/")
    batch = {"resourceType": "Bundle", "type": "batch", "entry": []}
    with httpx.Client(follow_redirects=False) as bare:
        for address in (root, f"{root}/"):
            assert bare.post(address, json=batch).json()["type"] == "batch-response"
        assert bare.get(f"{root}/metadata").status_code == 200
        assert bare.get(f"{root}x").status_code == 404
        assert bare.put(root, json={}).status_code == 405


# ------------------------------------------------------------------------------------------------ behind a proxy


def _link(client: httpx.Client, **headers: str) -> str:
    given = {name.replace("_", "-"): text for name, text in headers.items()}
    answer = client.get("/Patient?_count=1", headers={"host": "inner:8080", **given})
    return str(answer.json()["link"][0]["url"]).partition("/Patient")[0]


@pytest.mark.parametrize(
    ("headers", "base"),
    [
        ({}, "http://inner:8080/fhir"),
        ({"x_forwarded_host": "fhir.example.cn", "x_forwarded_proto": "https"}, "https://fhir.example.cn/fhir"),
        ({"x_forwarded_host": "a.cn, proxy.local", "x_forwarded_proto": "https, http"}, "https://a.cn/fhir"),
        ({"x_forwarded_host": "a.cn", "x_forwarded_port": "8443", "x_forwarded_proto": "https"}, "https://a.cn:8443/fhir"),
        ({"x_forwarded_host": "a.cn", "x_forwarded_port": "443", "x_forwarded_proto": "https"}, "https://a.cn/fhir"),
        ({"x_forwarded_host": "a.cn:99", "x_forwarded_port": "443"}, "http://a.cn:99/fhir"),
        ({"x_forwarded_host": "a.cn", "x_forwarded_prefix": "/north/qiao/"}, "http://a.cn/north/qiao/fhir"),
        ({"forwarded": 'for=10.0.0.1;host="f.cn:8443";proto=https, for=x'}, "https://f.cn:8443/fhir"),
        ({"forwarded": "Proto=HTTPS;Host=f.cn", "x_forwarded_host": "a.cn"}, "https://f.cn/fhir"),
        ({"x_forwarded_host": "[2001:db8::1]:81"}, "http://[2001:db8::1]:81/fhir"),
        ({"x_forwarded_host": "a.cn/evil?<script>"}, "http://inner:8080/fhir"),
        ({"x_forwarded_host": 'a.cn"><script>', "forwarded": 'host="x y"'}, "http://inner:8080/fhir"),
        ({"x_forwarded_proto": "javascript", "x_forwarded_prefix": "//evil.cn"}, "http://inner:8080/fhir"),
        ({"x_forwarded_prefix": "/a b"}, "http://inner:8080/fhir"),
        ({"x_forwarded_host": "a.cn", "x_forwarded_port": "80 80"}, "http://a.cn/fhir"),
    ],
)  # fmt: skip
def test_links_follow_a_trusted_proxy_and_reflect_no_garbage(
    behind_proxy: httpx.Client, headers: dict[str, str], base: str
) -> None:
    assert _link(behind_proxy, **headers) == base


def test_without_the_setting_a_proxy_is_not_believed(sqlite_client: httpx.Client) -> None:
    assert _link(sqlite_client, x_forwarded_host="a.cn", forwarded="host=b.cn") == "http://inner:8080/fhir"


# ----------------------------------------------------------------------------------------------------------- CORS


def _preflight(client: httpx.Client, origin: str, address: str = "/Patient/x") -> httpx.Response:
    headers = {"origin": origin, "access-control-request-method": "PUT", "access-control-request-headers": "if-match"}
    return client.options(address, headers=headers)


@pytest.mark.parametrize(
    "address",
    ["/", "/metadata", "/Patient", "/Patient/x", "/Patient/x/_history", "/Patient/_search", "/Patient/$validate"],
)
def test_a_listed_page_may_ask_every_route(behind_proxy: httpx.Client, address: str) -> None:
    answer = _preflight(behind_proxy, "https://app.example.cn", address)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == "https://app.example.cn"
    assert answer.headers["access-control-allow-methods"] == answer.headers["allow"].removesuffix(", OPTIONS")
    assert "If-Match" in answer.headers["access-control-allow-headers"]
    assert "Origin" in answer.headers["vary"]


def test_a_listed_page_reads_answers_and_their_headers_and_errors(behind_proxy: httpx.Client) -> None:
    for address in ("/Patient", "/Patient/none"):
        answer = behind_proxy.get(address, headers={"origin": "https://other.example.cn:8443"})
        assert answer.headers["access-control-allow-origin"] == "https://other.example.cn:8443"
        for name in ("ETag", "Location", "Content-Location", "Last-Modified"):
            assert name in answer.headers["access-control-expose-headers"]
        assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize(
    "origin", ["https://evil.cn", "null", "https://app.example.cn.evil.cn", "http://app.example.cn", "*"]
)
def test_no_other_page_may(behind_proxy: httpx.Client, origin: str) -> None:
    for answer in (_preflight(behind_proxy, origin), behind_proxy.get("/Patient", headers={"origin": origin})):
        assert not [name for name in answer.headers if name.startswith("access-control-")]
        assert "Origin" in answer.headers["vary"]


def test_without_the_setting_no_page_may_and_options_tells_the_methods(sqlite_client: httpx.Client) -> None:
    answer = _preflight(sqlite_client, "https://app.example.cn")
    assert (answer.status_code, answer.content) == (204, b"")
    assert not [name for name in answer.headers if name.startswith("access-control-")]
    assert {"GET", "HEAD", "PUT", "DELETE", "OPTIONS"} <= set(answer.headers["allow"].split(", "))
    if "PATCH" in answer.headers["allow"]:
        assert "application/json-patch+json" in answer.headers["accept-patch"]
    assert sqlite_client.options("/a/b/c/d/e/f").status_code == 404


def test_every_page_may_when_the_setting_says_so(tmp_path: Path) -> None:
    given = Settings(database=f"sqlite:///{tmp_path}/q.db", cors_origins="*")
    with running(given) as address:
        answer = httpx.get(f"{address}/fhir/metadata", headers={"origin": "https://any.example.cn"})
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "Origin" not in answer.headers["vary"]


# ----------------------------------------------------------------------------------------- addresses that are none


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/Patient?name=%", 400), ("/Patient?name=%zz", 400), ("/Patient?name=%ff%fe", 400), ("/Patient?name=%00", 400),
        ("/Patient/%ff", 400), ("/Patient/%00", 400), ("/Patient/%2e%2e%2f", 400), ("/Patient?" + "a=b&" * 600, 400),
        ("/Patient?name=" + "x" * 20000, 414), ("/" + "x" * 20000, 414), ("/Patient/" + "a/" * 50, 404),
        ("/Patient/x?_format=%00", 400), ("/Patient?%00=a", 400), ("/Patient?_format=json&_format=%", 400),
    ],
)  # fmt: skip
def test_an_address_that_is_none_is_a_4xx_with_its_reason(
    sqlite_client: httpx.Client, address: str, status: int
) -> None:
    url = sqlite_client.base_url.copy_with(raw_path=f"/fhir{address}".encode())
    answer = sqlite_client.send(httpx.Request("GET", url))
    assert (answer.status_code, answer.json()["resourceType"]) == (status, "OperationOutcome")
