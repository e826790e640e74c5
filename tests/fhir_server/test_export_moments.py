"""Exports that follow each other: what is committed after one is in the next, nothing is lost, nothing comes twice."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from fhir_server.bulk import export_step
from fhir_server.intake import Intake, system_clock
from fhir_server.jobs.job import Job, Tools
from fhir_server.security.scope import EVERYTHING
from fhir_server.settings import Settings
from fhir_server.store.body import precise_instant
from fhir_server.store.database import Database
from fhir_server.store.unit import Unit
from fhir_server.store.write import Write
from tests.fhir_server.conftest import Store, patient

NOON = 1_772_337_600_000_000
SECOND = 1_000_000
ASKED = {"level": "system", "group": "", "base": "", "types": [], "filters": [], "elements": [], "patients": []}


def exported(store: Store, folder: Path, since: int, now: int) -> tuple[int, list[str]]:
    """The time an export gives to itself, and which versions it holds; `now` is what the clock says."""
    request = ASKED | {"since": since, "until": 2**62}
    job = Job("job", "export", "running", 0, 0, None, "w", EVERYTHING, request, {}, "", {})
    tools = Tools(job, "w", store.database, Settings(), folder, lambda: now)
    progress: dict[str, Any] = {}
    while not (slice_ := export_step.step(progress, tools)).done:
        progress = slice_.progress
    lines = [line for file in slice_.result["files"] for line in (folder / file["name"]).read_bytes().splitlines()]
    found = [json.loads(line) for line in lines]
    return slice_.result["time"], [f"{each['id']}/{each['meta']['versionId']}" for each in found]


class Slow:
    """A commit that takes as long as the test wants."""

    def __init__(self) -> None:
        self.begun, self.go_on = threading.Event(), threading.Event()

    def touches(self) -> list[Any]:
        return []

    def prepare(self, unit: Unit) -> None:
        self.begun.set()
        assert self.go_on.wait(60)

    def apply(self, unit: Unit) -> None:
        """Only its time counts."""


def test_commit_that_was_under_way_when_an_export_began_is_in_the_next_one(store: Store, tmp_path: Path) -> None:
    store.put(patient("early"))
    slow = Slow()
    waiting = store.intake.submit(slow)
    assert slow.begun.wait(10)
    late = store.intake.write([Write("PUT", "Patient", "late", patient("late"))], EVERYTHING)
    now = system_clock() + 3600 * SECOND  # it has been under way for an hour
    first, held = exported(store, tmp_path / "1", -1, now)
    assert held == ["early/1"]
    slow.go_on.set()
    assert waiting.result(60) is None
    assert isinstance(late.result(60), tuple)
    assert exported(store, tmp_path / "2", first, now)[1] == ["late/1"]


def test_change_by_a_clock_that_ran_away_hides_nothing_that_comes_after_it(store: Store, tmp_path: Path) -> None:
    away = Intake(store.database, lambda: NOON + 300 * SECOND)
    away.write([Write("PUT", "Patient", "a", patient("a"))], EVERYTHING).result(60)
    away.close()
    first, _ = exported(store, tmp_path / "1", -1, NOON)
    right = Intake(store.database, lambda: NOON)
    right.write([Write("PUT", "Patient", "b", patient("b"))], EVERYTHING).result(60)
    right.close()
    assert "b/1" in exported(store, tmp_path / "2", first, NOON)[1]


@pytest.mark.parametrize("store_time", [NOON, NOON + 1, NOON + 999])
def test_last_updated_as_it_is_shown_finds_its_own_resource(
    client: httpx.Client, database_url: str, store_time: int
) -> None:
    database = Database(database_url)
    door = Intake(database, lambda: store_time)
    door.write([Write("PUT", "Patient", "p", patient("p"))], EVERYTHING).result(60)
    door.close()
    database.close()
    shown = client.get("/Patient/p").json()["meta"]["lastUpdated"]
    assert held(client, shown)[1] == ["p/1"]
    assert held(client, precise_instant(store_time))[1] == []


def held(client: httpx.Client, since: str = "") -> tuple[str, list[str], list[str]]:
    """`transactionTime`, the versions and the deletes of an export."""
    address = f"/$export?_since={since}" if since else "/$export"
    location = client.get(address, headers={"prefer": "respond-async"}).headers["content-location"]
    while (answer := client.get(location)).status_code == 202:
        time.sleep(0.005)
    manifest = answer.json()
    versions, deleted = [], []
    for file in manifest["output"]:
        for line in client.get(file["url"]).text.splitlines():
            each = json.loads(line)
            versions.append(f"{each['id']}/{each['meta']['versionId']}")
    for file in manifest["deleted"]:
        for line in client.get(file["url"]).text.splitlines():
            deleted += [entry["request"]["url"] for entry in json.loads(line)["entry"]]
    return manifest["transactionTime"], versions, deleted


def test_exports_that_follow_each_other_lose_nothing_and_repeat_nothing(
    client: httpx.Client, database_url: str
) -> None:
    """Two servers write at once, one with a clock that stands still behind the other's."""
    standing = system_clock() - 20 * SECOND
    database, ends, failures = Database(database_url), threading.Event(), []
    behind = Intake(database, lambda: standing)

    def write(door: str) -> None:
        turn = 0
        while not ends.is_set():
            turn += 1
            name = f"{door}{turn % 40}"
            body = patient(name, birthDate=f"{1900 + turn % 97}-01-01")
            if door == "http":
                done = client.put(f"/Patient/{name}", json=body).status_code in (200, 201)
                if turn % 7 == 0:
                    done &= client.delete(f"/Patient/{door}{turn % 11}").status_code == 204
            else:
                done = isinstance(behind.write([Write("PUT", "Patient", name, body)], EVERYTHING).result(60), tuple)
            if not done:
                failures.append(name)

    writers = [threading.Thread(target=write, args=(door,)) for door in ("http", "other")]
    for writer in writers:
        writer.start()
    seen: Counter[str] = Counter()
    living: dict[str, str] = {}
    since, until = "", time.monotonic() + 2.5
    while True:
        last = time.monotonic() > until
        if last:
            ends.set()
            for writer in writers:
                writer.join()
        since, versions, deleted = held(client, since)
        seen.update(versions)
        living |= dict(version.split("/") for version in versions)
        for url in deleted:
            living.pop(url.partition("/")[2], None)
        if last:
            break
    behind.close()
    database.close()
    assert failures == []
    assert [version for version, times in seen.items() if times > 1] == []
    stands = client.get("/Patient?_count=1000").json()["entry"]
    assert living == {each["resource"]["id"]: each["resource"]["meta"]["versionId"] for each in stands}
    assert len(seen) > len(stands) > 40
