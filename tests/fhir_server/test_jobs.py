"""Long work goes on slice by slice: over restarts, beside other processes, until it is done or cancelled."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from fhir_server.intake import Intake, system_clock
from fhir_server.jobs import runner
from fhir_server.jobs.desk import Desk
from fhir_server.jobs.job import Job, Slice, Tools
from fhir_server.jobs.kinds import KINDS, Kind
from fhir_server.jobs.ledger import Ask, Keep, Take, find, issues_of, open_jobs
from fhir_server.jobs.runner import Runner
from fhir_server.security.scope import EVERYTHING, Scope
from fhir_server.settings import Settings
from fhir_server.store.database import Database
from fhir_server.store.write import Write
from fhir_server.writes.job import WriteJob
from profiles.issue import Issue


def counting(progress: dict[str, Any], tools: Tools) -> Slice:
    """Counts to the number that was asked for."""
    at = progress.get("at", 0) + 1
    return Slice({"at": at}, {"counted": at}, done=at >= tools.request["to"], said=f"{at} of {tools.request['to']}")


def endless(progress: dict[str, Any], tools: Tools) -> Slice:
    tools.folder.mkdir(parents=True, exist_ok=True)
    (tools.folder / "some.ndjson").write_text("{}")
    time.sleep(0.01)
    return Slice({"at": progress.get("at", 0) + 1})


def broken(progress: dict[str, Any], tools: Tools) -> Slice:
    raise ZeroDivisionError


def refusing(progress: dict[str, Any], tools: Tools) -> Slice:
    return Slice(progress, issues=(Issue("search-cursor", "http._cursor"),))


@dataclass
class Writing:
    """Writes one Basic and says so in the same transaction."""

    at: int
    to: int

    def __post_init__(self) -> None:
        name = f"slice-{self.at}"
        body = {"resourceType": "Basic", "id": name, "code": {"text": "x"}}
        self._inner = WriteJob((Write("PUT", "Basic", name, body),), EVERYTHING)

    def touches(self) -> Any:
        return self._inner.touches()

    def prepare(self, unit: Any) -> None:
        self._inner.prepare(unit)

    def apply(self, unit: Any) -> Slice:
        written = self._inner.apply(unit)
        return Slice({"at": self.at}, {"versions": written[0].version}, done=self.at >= self.to)


def writing(progress: dict[str, Any], tools: Tools) -> Writing:
    return Writing(progress.get("at", 0) + 1, tools.request["to"])


STEPS = {"count": counting, "endless": endless, "broken": broken, "refusing": refusing, "writing": writing}


@pytest.fixture(autouse=True)
def steps(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in STEPS:
        monkeypatch.setitem(KINDS, name, Kind(f"test:{name}"))
    monkeypatch.setattr(runner, "loaded", lambda text: STEPS[text.partition(":")[2]])


class Workshop:
    """A store with a desk, and runners that stand for server processes."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database, self.folder = database, folder
        self.intake = Intake(database)
        self.runners: list[Runner] = []
        self.desk = Desk(database, self.intake.submit, self.wake, folder, Settings())

    def wake(self) -> None:
        for each in self.runners:
            each.wake()

    def runner(self) -> Runner:
        made = Runner(self.database, self.intake.submit, Settings(), system_clock, self.folder)
        made.start()
        self.runners.append(made)
        return made

    def job(self, name: str) -> Job:
        with self.database.read() as connection:
            job = find(connection, name, EVERYTHING)
        assert job is not None
        return job

    def ended(self, name: str) -> Job:
        for _ in range(1000):
            job = self.job(name)
            if not job.open:
                return job
            time.sleep(0.01)
        raise AssertionError(f"still {job.state}: {job.progress}")

    def close(self) -> None:
        for each in self.runners:
            each.stop()
        self.intake.close()


@pytest.fixture
def workshop(database: Database, tmp_path: Path) -> Iterator[Workshop]:
    opened = Workshop(database, tmp_path / "data")
    yield opened
    opened.close()


def test_job_is_done_slice_by_slice(workshop: Workshop) -> None:
    workshop.runner()
    job = workshop.ended(workshop.desk.start("count", {"to": 5}, EVERYTHING))
    assert (job.state, job.result, job.said) == ("done", {"counted": 5}, "5 of 5")


def test_what_a_slice_writes_is_there_with_its_progress(workshop: Workshop) -> None:
    workshop.runner()
    job = workshop.ended(workshop.desk.start("writing", {"to": 3}, EVERYTHING))
    assert (job.state, job.progress, job.result) == ("done", {"at": 3}, {"versions": 1})


def test_two_jobs_take_turns(workshop: Workshop) -> None:
    workshop.runner()
    endless_one = workshop.desk.start("endless", {}, EVERYTHING)
    assert workshop.ended(workshop.desk.start("count", {"to": 3}, EVERYTHING)).state == "done"
    assert workshop.job(endless_one).state == "running"


def test_cancelled_job_stops_and_its_files_go(workshop: Workshop) -> None:
    workshop.runner()
    name = workshop.desk.start("endless", {}, EVERYTHING)
    while not (workshop.folder / name).exists():
        time.sleep(0.005)
    workshop.desk.cancel(name)
    assert workshop.desk.find(name, EVERYTHING) is None
    for _ in range(200):
        if not (workshop.folder / name).exists():
            break
        time.sleep(0.01)
    time.sleep(0.05)
    assert not (workshop.folder / name).exists()
    assert workshop.job(name).state == "cancelled"


def test_stopped_runner_gives_its_jobs_back_and_the_next_goes_on(workshop: Workshop) -> None:
    first = workshop.runner()
    name = workshop.desk.start("endless", {}, EVERYTHING)
    while workshop.job(name).progress.get("at", 0) < 3:
        time.sleep(0.01)
    first.stop()
    left = workshop.job(name)
    assert (left.state, left.lease) == ("waiting", None)
    workshop.runner()
    while workshop.job(name).progress["at"] <= left.progress["at"]:
        time.sleep(0.01)
    workshop.desk.cancel(name)


def test_job_of_a_dead_process_is_taken_over_where_it_stopped(workshop: Workshop) -> None:
    name = workshop.intake.submit(Ask("job-1", "count", {"to": 4}, EVERYTHING)).result()
    gone = f"{runner._here()}:4194305:feedbeef"  # no process has a number above pid_max
    taken = workshop.intake.submit(Take(workshop.job(name), gone)).result()
    workshop.intake.submit(Keep(name, gone, Slice({"at": 2}))).result()
    assert taken.worker == gone
    workshop.runner()
    job = workshop.ended(name)
    assert (job.result, job.worker == gone) == ({"counted": 4}, False)


def test_lease_of_a_worker_elsewhere_is_respected_until_it_runs_out(workshop: Workshop) -> None:
    name = workshop.intake.submit(Ask("job-1", "count", {"to": 4}, EVERYTHING)).result()
    workshop.intake.submit(Take(workshop.job(name), "elsewhere:1:cafe")).result()
    busy = Runner(workshop.database, workshop.intake.submit, Settings(), system_clock, workshop.folder)
    assert busy._next() is None
    later = Runner(
        workshop.database, workshop.intake.submit, Settings(), lambda: system_clock() + 21_000_000, workshop.folder
    )
    found = later._next()
    assert found is not None and found.worker == later.worker


def test_only_one_of_two_takers_gets_the_job(workshop: Workshop) -> None:
    name = workshop.intake.submit(Ask("job-1", "count", {"to": 4}, EVERYTHING)).result()
    seen = workshop.job(name)
    futures = [workshop.intake.submit(Take(seen, f"elsewhere:{n}:x")) for n in range(4)]
    assert sum(future.result() is not None for future in futures) == 1


def test_slice_of_a_worker_that_lost_the_job_is_not_kept(workshop: Workshop) -> None:
    name = workshop.intake.submit(Ask("job-1", "writing", {"to": 4}, EVERYTHING)).result()
    workshop.intake.submit(Take(workshop.job(name), "elsewhere:1:x")).result()
    assert workshop.intake.submit(Keep(name, "elsewhere:2:y", Writing(1, 4))).result() is None
    assert workshop.job(name).progress == {}
    with workshop.database.read() as connection:
        from sqlalchemy import func, select

        from fhir_server.store.schema import resource

        assert connection.execute(select(func.count()).select_from(resource)).scalar_one() == 0


def test_error_of_our_own_ends_the_job_with_an_incident(workshop: Workshop) -> None:
    workshop.runner()
    job = workshop.ended(workshop.desk.start("broken", {}, EVERYTHING))
    assert (job.state, [issue.code for issue in issues_of(job)]) == ("failed", ["internal-error"])


def test_refusal_of_a_step_is_the_result(workshop: Workshop) -> None:
    workshop.runner()
    job = workshop.ended(workshop.desk.start("refusing", {}, EVERYTHING))
    assert issues_of(job) == (Issue("search-cursor", "http._cursor", details={}),)


def test_job_is_known_to_those_who_may_see_all_its_asker_may(workshop: Workshop) -> None:
    name = workshop.desk.start("count", {"to": 1}, Scope(frozenset({"A", "B"})))
    everyone = workshop.desk.start("count", {"to": 1}, EVERYTHING)
    assert workshop.desk.find(name, Scope(frozenset({"A", "B", "C"}))) is not None
    assert workshop.desk.find(name, Scope(frozenset({"A"}))) is None
    assert workshop.desk.find(name, Scope(frozenset())) is None
    assert workshop.desk.find(everyone, Scope(frozenset({"A", "B"}))) is None


def test_finished_job_is_forgotten_after_its_hours(workshop: Workshop) -> None:
    workshop.runner()
    name = workshop.desk.start("count", {"to": 1}, EVERYTHING)
    workshop.ended(name)
    (workshop.folder / name).mkdir(parents=True)
    tomorrow = lambda: system_clock() + 25 * 3_600_000_000  # noqa: E731
    Runner(workshop.database, workshop.intake.submit, Settings(), tomorrow, workshop.folder)._forget()
    assert not (workshop.folder / name).exists()
    with workshop.database.read() as connection:
        assert find(connection, name, EVERYTHING) is None and open_jobs(connection) == []
