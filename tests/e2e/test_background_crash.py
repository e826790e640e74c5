"""kill -9 while a server imports, exports and tells: nothing is lost, nothing is doubled, and it goes on by itself."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.server import Server
from tests.fhir_server.receiver import receiving

COUNT = 1500


@contextmanager
def serving(database_url: str, folder: Path) -> Iterator[Server]:
    """A server that is told to stop at the end, and does."""
    server = Server(database_url, folder)
    server.start()
    try:
        yield server
    finally:
        code = server.stop()
    assert code == 0


def eventually(client: httpx.Client, location: str) -> dict[str, Any]:
    for _ in range(1500):
        status = client.get(location)
        if status.status_code != 202:
            break
        time.sleep(0.02)
    assert status.status_code == 200, status.text
    manifest: dict[str, Any] = status.json()
    return manifest


def lines() -> bytes:
    return b"\n".join(
        json.dumps({"resourceType": "Basic", "code": {"text": f"{n}"}, "language": "zh"}).encode() for n in range(COUNT)
    )


def test_import_and_export_survive_kill_9(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QIAO_EXPORT_FILE", "65536")
    monkeypatch.setenv("QIAO_DATA_FOLDER", str(tmp_path / "data"))
    with serving(database_url, tmp_path) as server, httpx.Client(timeout=30) as client:
        headers = {"content-type": "application/fhir+ndjson", "prefer": "respond-async"}
        answer = client.post(f"{server.base}/fhir/$import", content=lines(), headers=headers)
        location = answer.headers["content-location"]
        before = client.get(location).headers.get("x-progress")
        while client.get(location).headers.get("x-progress") == before:
            time.sleep(0.01)
        server.kill()
        server.start()
        manifest = eventually(client, location)
        assert manifest["output"] == [{"type": "Basic", "inputUrl": "body", "count": COUNT, "created": COUNT}]
        answer = client.get(f"{server.base}/fhir/$export?_type=Basic", headers={"prefer": "respond-async"})
        server.kill()
        server.start()
        manifest = eventually(client, answer.headers["content-location"])
        texts = [
            json.loads(line)["code"]["text"]
            for file in manifest["output"]
            for line in client.get(file["url"]).text.splitlines()
        ]
    assert sorted(map(int, texts)) == list(range(COUNT))
    assert len(manifest["output"]) > 3


def test_notifications_survive_kill_9(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QIAO_SUBSCRIPTION_ENDPOINTS", '["*"]')
    with receiving() as receiver, serving(database_url, tmp_path) as server, httpx.Client(timeout=30) as client:
        one = {
            "resourceType": "Subscription",
            "id": "s",
            "status": "requested",
            "reason": "test",
            "criteria": "Patient?",
            "channel": {"type": "rest-hook", "endpoint": receiver.url, "payload": "application/fhir+json"},
        }
        assert client.put(f"{server.base}/fhir/Subscription/s", json=one).status_code == 201
        for n in range(40):
            body = {"resourceType": "Patient", "id": f"p{n}"}
            assert client.put(f"{server.base}/fhir/Patient/p{n}", json=body).status_code == 201
            if n % 20 == 9:
                server.kill()
                server.start()
        ends = time.monotonic() + 20
        while len({taken.path for taken in receiver.taken}) < 40 and time.monotonic() < ends:
            time.sleep(0.02)
        order = list(dict.fromkeys(taken.path.removeprefix("/Patient/p") for taken in receiver.taken))
    assert order == [str(n) for n in range(40)]
