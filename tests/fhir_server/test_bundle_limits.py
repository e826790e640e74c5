"""A Bundle is answered whole: what it may ask for together has bounds, so that a few bytes never ask for gigabytes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from fhir_server.rest import reading
from fhir_server.security.secret import Secret
from fhir_server.settings import Settings
from tests.fhir_server.conftest import patient, running


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A server that takes twenty entries."""
    url = f"sqlite:///{tmp_path_factory.mktemp('narrow')}/qiao.db"
    with (
        running(Settings(database=url, cursor_key=Secret("k"), bundle_most=20)) as address,
        httpx.Client(base_url=f"{address}/fhir", timeout=30) as opened,
    ):
        yield opened


def bundle(kind: str, *urls: str) -> dict[str, Any]:
    entries = [{"request": {"method": "GET", "url": url}} for url in urls]
    return {"resourceType": "Bundle", "type": kind, "entry": entries}


def code(outcome: dict[str, Any]) -> str:
    return str(outcome["issue"][0]["details"]["coding"][0]["code"])


@pytest.mark.parametrize("kind", ["batch", "transaction"])
def test_a_bundle_with_too_many_entries_is_refused_as_a_whole(narrow: httpx.Client, kind: str) -> None:
    assert narrow.post("/", json=bundle(kind, *["metadata?_summary=true"] * 20)).status_code == 200
    answer = narrow.post("/", json=bundle(kind, *["metadata?_summary=true"] * 21))
    assert (answer.status_code, code(answer.json())) == (413, "bundle-too-many")


@pytest.mark.parametrize("kind", ["batch", "transaction"])
def test_reads_beyond_what_one_answer_may_hold_are_refused(
    sqlite_client: httpx.Client, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MOST_BYTES", 100_000)
    sqlite_client.put("/Patient/big", json=patient("big", name=[{"family": "x" * 60_000}]))
    answer = sqlite_client.post("/", json=bundle(kind, *["Patient/big"] * 4))
    if kind == "transaction":
        assert (answer.status_code, code(answer.json())) == (400, "bundle-too-costly")
        return
    entries = answer.json()["entry"]
    assert [each["response"]["status"][:3] for each in entries] == ["200", "200", "400", "400"]
    assert code(entries[2]["response"]["outcome"]) == "bundle-too-costly"


def test_reads_of_a_bundle_share_the_time_of_four(sqlite_client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter(range(0, 10_000, 45))
    monkeypatch.setattr(reading, "monotonic", lambda: float(next(ticks)))
    entries = sqlite_client.post("/", json=bundle("batch", *["Patient?name=x"] * 4)).json()["entry"]
    assert [each["response"]["status"][:3] for each in entries] == ["200", "200", "400", "400"]
