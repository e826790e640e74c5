"""An export is the store as it stood after one change, whatever is written while it is read, by whomever it is read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fhir_server.bulk import export_step
from fhir_server.bulk.parts import Parts
from fhir_server.bulk.patients import Patients, of_group, picked
from fhir_server.bulk.snapshot import last_change, page, walk
from fhir_server.intake import system_clock
from fhir_server.jobs.job import Job, Tools
from fhir_server.jobs.ledger import Ask, Keep, Take, find
from fhir_server.security.scope import EVERYTHING, Scope
from fhir_server.settings import Settings
from tests.fhir_server.conftest import Store, observation, patient


def of(key: str, who: str, **more: Any) -> dict[str, Any]:
    return observation(key, subject={"reference": f"Patient/{who}"}, **more)


def stood(store: Store, kind: str, seq: int, patients: Patients | None = None) -> dict[str, str]:
    """What the snapshot holds of a type: the version by id, '' for a deleted one."""
    with store.database.read() as connection:
        wanted = None if patients is None else picked(connection, kind, patients)
        found = [each for some, _ in walk(connection, kind, "", seq, EVERYTHING, wanted) for each in some]
    return {each.id: json.loads(each.body)["meta"]["versionId"] if each.body else "" for each in found}


def test_later_writes_are_not_in_the_snapshot(store: Store) -> None:
    store.put(patient("same"), patient("changed"), patient("deleted"), patient("twice"), patient("gone"))
    store.delete("Patient", "gone")
    with store.database.read() as connection:
        seq, _ = last_change(connection)
    store.put(patient("changed", gender="male"), patient("new"), patient("twice", gender="male"))
    store.put(patient("twice", gender="female"), patient("gone"))
    store.delete("Patient", "deleted")
    assert stood(store, "Patient", seq) == {"same": "1", "changed": "1", "deleted": "1", "twice": "1", "gone": ""}


def test_whose_a_resource_is_is_told_from_the_version_of_the_snapshot(store: Store) -> None:
    store.put(patient("a"), patient("b"), of("x", "a"), of("y", "b"), of("z", "a"))
    group = {
        "resourceType": "Group",
        "id": "g",
        "type": "person",
        "actual": True,
        "member": [{"entity": {"reference": "Patient/a"}}],
    }
    store.put(group)
    with store.database.read() as connection:
        seq, _ = last_change(connection)
        members = of_group(connection, "g", EVERYTHING)
    store.put(of("x", "b"), of("y", "a"))
    store.delete("Observation", "z")
    assert members is not None
    assert stood(store, "Observation", seq, members) == {"x": "1", "z": "1"}
    assert stood(store, "Observation", seq, Patients(Scope(frozenset()))) == {}


def test_pages_follow_each_other_without_gaps(store: Store) -> None:
    store.put(*(patient(f"p{n:04}") for n in range(450)))
    with store.database.read() as connection:
        seq, _ = last_change(connection)
        first, after = page(connection, "Patient", "", seq, EVERYTHING, None)
        assert (len(first), after) == (200, "p0199")
    assert len(stood(store, "Patient", seq)) == 450


def test_slice_that_was_not_kept_and_a_worker_that_is_slow_to_die_leave_no_trace(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_step, "_BYTES", 1)  # a page is a slice
    store.put(*(patient(f"p{n:04}") for n in range(900)))
    asked = {"types": ["Patient"], "filters": [], "elements": [], "patients": [], "since": -1, "until": 2**62}
    submit = store.intake.submit
    name = submit(Ask("job", "export", asked | {"level": "system", "group": "", "base": ""}, EVERYTHING)).result()

    def job() -> Job:
        with store.database.read() as connection:
            found = find(connection, name, EVERYTHING)
        assert found is not None
        return found

    def done(worker: str) -> Any:
        tools = Tools(job(), worker, store.database, Settings(), tmp_path, system_clock)
        return export_step.step(job().progress, tools)

    submit(Take(job(), "first")).result()
    kept, turn = None, 0
    while kept is None or not kept.done:
        turn += 1
        done("first" if turn < 4 else "second")  # done, but the process died before it was kept
        if turn == 4:
            submit(Take(job(), "second")).result()
            done("first")
        kept = submit(Keep(name, job().worker, done(job().worker))).result()
    texts = []
    for file in kept.result["files"]:
        body = (tmp_path / file["name"]).read_bytes()[: file["size"]]
        assert body.count(b"\n") == file["count"] and body.endswith(b"\n")
        texts += [json.loads(line)["id"] for line in body.splitlines()]
    assert texts == [f"p{n:04}" for n in range(900)]
    assert len({file["worker"] for file in kept.result["files"]}) == 2


def test_part_is_cut_to_what_was_kept(tmp_path: Path) -> None:
    kept = Parts(tmp_path, "w", 1000, [])
    kept.add("Patient", [b"1"])
    rows = [dict(row) for row in kept.flush()]
    lost = Parts(tmp_path, "w", 1000, rows)
    lost.add("Patient", [b"2222", b"3333"])
    lost.flush()
    again = Parts(tmp_path, "w", 1000, rows)
    again.add("Patient", [b"4"])
    (row,) = again.flush()
    assert (tmp_path / row["name"]).read_bytes() == b"1\n4\n" and row["size"] == 4
