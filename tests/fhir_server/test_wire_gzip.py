"""gzip both ways: answers shrink when that is welcome, bodies grow no further than the limit."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator
from functools import partial

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_server.rest.content_coding import decompressed, welcomes_gzip
from fhir_server.security.secret import Secret
from fhir_server.settings import Settings
from profiles.issue import Issue
from tests.fhir_server.conftest import patient, running

packed = partial(gzip.compress, mtime=0)
LIMIT = 64 * 1024
PACKED = {"content-type": "application/fhir+json", "content-encoding": "gzip"}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A server that takes bodies up to LIMIT."""
    url = f"sqlite:///{tmp_path_factory.mktemp('gzip')}/qiao.db"
    settings = Settings(database=url, cursor_key=Secret("k"), body_limit=LIMIT)
    with running(settings) as address, httpx.Client(base_url=f"{address}/fhir", timeout=30) as opened:
        opened.put("/Patient/large", json=patient("large", name=[{"text": "x" * 40_000}]))
        opened.put("/Patient/small", json=patient("small"))
        yield opened


def _coding(client: httpx.Client, address: str, **headers: str) -> str | None:
    given = {name.replace("_", "-"): text for name, text in headers.items()}
    coding: str | None = client.get(address, headers=given).headers.get("content-encoding")
    return coding


@pytest.mark.parametrize(
    ("accept", "welcome"),
    [
        ("gzip", True), ("GZIP", True), ("x-gzip", True), ("deflate, gzip;q=0.5", True), ("*", True),
        ("br, *;q=0.1", True),
        ("", False), ("identity", False), ("gzip;q=0", False), ("gzip;q=0.000", False), ("br", False), ("*;q=0", False),
        ("gzip;q=0, *", False), ("gzip; q=0 , br", False),
    ],
)  # fmt: skip
def test_gzip_is_used_when_it_is_welcome(small: httpx.Client, accept: str, welcome: bool) -> None:
    assert welcomes_gzip(accept) is welcome
    assert _coding(small, "/Patient/large", accept_encoding=accept) == ("gzip" if welcome else None)


def test_what_was_compressed_is_the_same_and_much_less(small: httpx.Client) -> None:
    plain = small.get("/Patient/large", headers={"accept-encoding": "identity"})
    with small.stream("GET", "/Patient/large", headers={"accept-encoding": "gzip"}) as packed:
        raw = b"".join(packed.iter_raw())
    assert gzip.decompress(raw) == plain.content
    assert int(packed.headers["content-length"]) == len(raw) < len(plain.content) // 10
    assert packed.headers["etag"] == plain.headers["etag"]
    for answer in (plain, packed):
        assert answer.headers["vary"] == "Accept, Accept-Encoding"


def test_small_answers_stay_as_they_are(small: httpx.Client) -> None:
    assert _coding(small, "/Patient/small", accept_encoding="gzip") is None
    assert _coding(small, "/Patient/none", accept_encoding="gzip") is None


def test_xml_is_compressed_too(small: httpx.Client) -> None:
    assert _coding(small, "/Patient/large", accept_encoding="gzip", accept="application/fhir+xml") == "gzip"


def test_a_compressed_body_is_read(small: httpx.Client) -> None:
    body = packed(json.dumps(patient("packed", active=True)).encode())
    assert small.put("/Patient/packed", content=body, headers=PACKED).status_code == 201
    assert small.get("/Patient/packed").json()["active"] is True
    halves = packed(b'{"resourceType":"Patient",') + packed(b'"id":"packed"}')
    assert small.put("/Patient/packed", content=halves, headers=PACKED).status_code == 200
    form = packed(b"_id=packed")
    found = small.post(
        "/Patient/_search",
        content=form,
        headers={"content-type": "application/x-www-form-urlencoded", "content-encoding": "gzip"},
    )
    assert found.json()["total"] == 1


@pytest.mark.parametrize(
    ("body", "coding", "status"),
    [
        (packed(b" " * (LIMIT + 1)), "gzip", 413),
        (packed(b"\0" * 50_000_000), "gzip", 413),
        (packed(b" " * LIMIT) + packed(b" " * LIMIT), "gzip", 413),
        (b"{}", "gzip", 400),
        (packed(b"{}")[:-3], "gzip", 400),
        (packed(b"{}") + b"more", "gzip", 400),
        (b"{}", "br", 415),
        (b"{}", "deflate", 415),
        (b"{}", "gzip, gzip", 415),
        (b"{}", "identity", 400),
    ],
)
def test_bombs_and_other_codings_are_refused(small: httpx.Client, body: bytes, coding: str, status: int) -> None:
    answer = small.put("/Patient/x", content=body, headers=PACKED | {"content-encoding": coding})
    assert (answer.status_code, answer.json()["resourceType"]) == (status, "OperationOutcome")
    if status == 415:
        assert answer.headers["accept-encoding"] == "gzip"


def test_decompressing_stops_at_the_limit() -> None:
    refusal = decompressed(packed(b"x" * 1000), 999)
    assert isinstance(refusal, Issue) and refusal.code == "body-too-large"
    assert decompressed(packed(b"x" * 1000), 1000) == b"x" * 1000


@given(st.lists(st.binary(max_size=6000), min_size=1, max_size=5), st.integers(0, 12))
def test_parts_of_any_length_are_read_as_one(parts: list[bytes], cut: int) -> None:
    sent, plain = b"".join(gzip.compress(part) for part in parts), b"".join(parts)
    assert decompressed(sent, len(plain)) == plain
    if plain:
        assert isinstance(decompressed(sent, len(plain) - 1), Issue)
    if cut:
        assert isinstance(decompressed(sent[:-cut], len(plain)), Issue)


def test_a_body_of_very_many_parts_is_read_in_a_time_that_grows_with_its_length() -> None:
    started = time.process_time()
    assert decompressed(gzip.compress(b"") * 200_000, 1000) == b""
    assert time.process_time() - started < 5
