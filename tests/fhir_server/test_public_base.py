"""Whose word counts for the address of this server: in links, and for which references are its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from fhir_server.rest.public_base import direct, forwarded, through
from fhir_server.security.secret import Secret
from fhir_server.settings import Settings, SettingsError
from tests.fhir_server.conftest import patient, running

EVIL = {"x-forwarded-host": "evil.example", "forwarded": "host=evil.example;proto=https", "x-forwarded-proto": "https"}
HEADERS = {b"host": b"inner:8080", b"x-forwarded-host": b"fhir.example.cn", b"x-forwarded-proto": b"https"}


@pytest.mark.parametrize(
    ("peer", "base"),
    [
        ("10.1.2.3", "https://fhir.example.cn/fhir"),
        ("::ffff:10.1.2.3", "https://fhir.example.cn/fhir"),
        ("fd00::7", "https://fhir.example.cn/fhir"),
        ("192.168.7.7", "https://fhir.example.cn/fhir"),
        ("192.168.7.8", "http://inner:8080/fhir"),
        ("11.0.0.1", "http://inner:8080/fhir"),
        ("", "http://inner:8080/fhir"),
        ("no address", "http://inner:8080/fhir"),
    ],
)
def test_only_a_named_proxy_is_believed(peer: str, base: str) -> None:
    assert through(("10.0.0.0/8", "fd00::/8", "192.168.7.7"))(HEADERS, "http", "/fhir", peer) == base


def test_without_names_whoever_connects_is_the_proxy() -> None:
    assert through(()) is forwarded
    assert direct(HEADERS, "http", "/fhir") == "http://inner:8080/fhir"


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"trusted_proxies": ("10.0.0.0/8",)}, "needs trust_forwarded"),
        ({"trusted_proxies": ("proxy.example",), "trust_forwarded": True}, "addresses or networks"),
        ({"trusted_proxies": ("10.0.0.1/8",), "trust_forwarded": True}, "addresses or networks"),
    ],
)
def test_settings_that_would_trust_nobody_or_anybody_by_mistake_are_refused(
    given: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(SettingsError, match=complaint):
        Settings(**given)


# ----------------------------------------------------------------------------------------- over HTTP


@pytest.fixture(scope="module")
def fixed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A server with a `base_url`, reached under another address."""
    url = f"sqlite:///{tmp_path_factory.mktemp('fixed')}/qiao.db"
    given = Settings(database=url, cursor_key=Secret("k"), base_url="https://fhir.example.cn/fhir")
    with running(given) as address, httpx.Client(base_url=f"{address}/fhir", timeout=30) as opened:
        yield opened


@pytest.fixture(scope="module")
def distrustful(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A server behind a proxy that the tests are not."""
    url = f"sqlite:///{tmp_path_factory.mktemp('distrust')}/qiao.db"
    given = Settings(database=url, cursor_key=Secret("k"), trust_forwarded=True, trusted_proxies=("10.0.0.0/8",))
    with running(given) as address, httpx.Client(base_url=f"{address}/fhir", timeout=30) as opened:
        yield opened


@pytest.mark.parametrize("headers", [{}, {"host": "evil.example"}, EVIL, EVIL | {"host": "evil.example"}])
def test_no_header_moves_a_link_away_from_the_configured_base(fixed: httpx.Client, headers: dict[str, str]) -> None:
    created = fixed.post("/Patient", json={"resourceType": "Patient"}, headers=headers)
    assert created.headers["location"].startswith("https://fhir.example.cn/fhir/Patient/")
    page = fixed.get("/Patient?_count=1", headers=headers).json()
    entry = {"request": {"method": "POST", "url": "Patient"}, "resource": {"resourceType": "Patient"}}
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
    answer = fixed.post("/", json=bundle, headers=headers).json()
    texts = [page["entry"][0]["fullUrl"], *(link["url"] for link in page["link"])]
    texts += [answer["entry"][0]["fullUrl"]] if "fullUrl" in answer["entry"][0] else []
    assert all(text.startswith("https://fhir.example.cn/fhir") for text in texts), texts
    assert "evil" not in fixed.get("/metadata", headers=headers).text + str(page) + str(answer)


def _subject(client: httpx.Client, reference: str, headers: dict[str, str]) -> str:
    body = {"resourceType": "Basic", "code": {"text": "K"}, "subject": {"reference": reference}}
    answer = client.post("/Basic", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["subject"]["reference"])


@pytest.mark.parametrize("headers", [{"host": "other.example"}, {"x-forwarded-host": "other.example"}])
def test_a_reference_to_another_server_does_not_become_local_by_a_header(
    fixed: httpx.Client, headers: dict[str, str]
) -> None:
    fixed.put("/Patient/p", json=patient("p"))
    for scheme in ("http", "https"):
        other = f"{scheme}://other.example/fhir/Patient/p"
        assert _subject(fixed, other, headers) == other
    assert _subject(fixed, "https://fhir.example.cn/fhir/Patient/p", headers) == "Patient/p"


def test_a_caller_that_is_no_proxy_changes_neither_links_nor_references(distrustful: httpx.Client) -> None:
    distrustful.put("/Patient/p", json=patient("p"))
    other = "https://evil.example/fhir/Patient/p"
    assert _subject(distrustful, other, EVIL) == other
    answer = distrustful.get("/Patient?_count=1", headers=EVIL)
    assert "evil" not in answer.text
    assert distrustful.put("/Patient/q", json=patient("q"), headers=EVIL).headers["location"].startswith("http://127.")
