"""Clients of other people run unmodified against a real server: fhirpy, fhirclient, fhir-kit-client, @medplum/core."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

SYSTEM = "urn:oid:2.16.156.10011.1.3"
SCRIPTS = Path(__file__).parent.parent / "clients"
NODE = Path(sys.executable).with_name("node")


def base(client: httpx.Client) -> str:
    return str(client.base_url).rstrip("/")


def ran(script: str, client: httpx.Client) -> dict[str, Any]:
    """What a script printed; its modules are those that `make install-test` put beside it."""
    if not (SCRIPTS / "node_modules").is_dir():
        pytest.fail("the clients are not installed: run `make install-test`")
    command = [str(NODE), str(SCRIPTS / script), base(client)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_fhir_kit_client_does_a_vendors_day(client: httpx.Client) -> None:
    found = ran("kit.mjs", client)
    system = found.pop("system"), found.pop("systemHistory"), found.pop("typeHistory")
    assert system == (8, 10, 5) or all(number >= 5 for number in system)
    assert found == {
        "fhirVersion": "4.0.1",
        "createdVersion": "1",
        "minimalStatus": 201,
        "family": "赵",
        "updatedVersion": "2",
        "firstVersionGender": None,
        "conditionalIdentifier": "kit-1",
        "patchedActive": False,
        "byName": True,
        "byPost": True,
        "compartment": 5,
        "pagedTwice": False,
        "paged": 5,
        "instanceHistory": 3,
        "everything": 6,
        "transaction": ["201", "201"],
        "resolved": "李",
        "readAfterDelete": 410,
    }


def test_medplum_core_does_a_vendors_day(client: httpx.Client) -> None:
    assert ran("medplum.mjs", client) == {
        "created": "Patient",
        "sameAgain": True,
        "upsertedSame": True,
        "upsertedVersion": "2",
        "gender": "female",
        "birthDate": "1971-05-06",
        "history": 3,
        "one": True,
        "sorted": [f"2026-03-0{day}" for day in (5, 4, 3, 2, 1)],
        "paged": [5, 5],
        "everything": 6,
        "valid": True,
        "batch": ["200", "404"],
        "genders": ["female", "male", "other", "unknown"],
        "binary": "hello",
        "deleteRefused": "conflict",
        "afterDelete": "deleted",
    }


def test_fhirpy_does_a_vendors_day(client: httpx.Client) -> None:
    from fhirpy import SyncFHIRClient

    fhir = SyncFHIRClient(base(client))
    patient = fhir.resource("Patient", name=[{"family": "郑", "given": ["小刚"]}], gender="male")
    patient.save()
    patient["birthDate"] = "1980-02-03"
    patient.save()
    assert fhir.resources("Patient").search(name="郑").get().serialize()["birthDate"] == "1980-02-03"
    patient.patch(gender="other")
    assert fhir.reference("Patient", patient.id).to_resource()["gender"] == "other"
    for number in range(5):
        code = {"text": f"O{number}"}
        fhir.resource("Observation", status="final", code=code, subject=patient.to_reference()).save()
    observations = fhir.resources("Observation").search(subject=patient.to_reference())
    assert observations.count() == 5
    assert len(list(observations.limit(2))) == 5
    both = fhir.resources("Observation").include("Observation", "subject").limit(2).fetch_raw()
    assert {entry["resource"]["resourceType"] for entry in both["entry"]} == {"Observation", "Patient"}
    made, fresh = (
        fhir.resources("Patient")
        .search(identifier=f"{SYSTEM}|f-1")
        .get_or_create(fhir.resource("Patient", identifier=[{"system": SYSTEM, "value": "f-1"}]))
    )
    assert fresh
    same, fresh = (
        fhir.resources("Patient")
        .search(identifier=f"{SYSTEM}|f-1")
        .get_or_create(fhir.resource("Patient", identifier=[{"system": SYSTEM, "value": "f-1"}]))
    )
    assert (same.id, fresh) == (made.id, False)
    made.delete()
    assert fhir.resources("Patient").search(identifier=f"{SYSTEM}|f-1").first() is None


def test_fhirclient_does_a_vendors_day(client: httpx.Client) -> None:
    from fhirclient import client as smart
    from fhirclient.models.humanname import HumanName
    from fhirclient.models.patient import Patient

    server = smart.FHIRClient(settings={"app_id": "qiao", "api_base": base(client)}).server
    assert server.capabilityStatement.fhirVersion == "4.0.1"
    for number in range(5):
        patient = Patient()
        patient.name = [HumanName({"family": "王", "given": [f"小{number}"]})]
        patient.create(server)
    found = list(Patient.where({"name": "王", "_count": "2"}).perform_resources_iter(server))
    assert sorted(one.name[0].given[0] for one in found) == [f"小{number}" for number in range(5)]
    one = found[0]
    one.active = True
    assert one.update(server)["meta"]["versionId"] == "2"
    assert Patient.read(one.id, server).active is True
    one.delete(server)
    assert len(list(Patient.where({"name": "王"}).perform_resources_iter(server))) == 4
