"""The server knows its own implementation guide: what a resource claims in `meta.profile` is held against it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from profiles.registry import OWN, Registry
from profiles.shelf import GUIDE, Shelf
from profiles.systems import CANONICAL_BASE
from profiles.validator import validate

Json = dict[str, Any]
PROFILES = Path(__file__).parents[2] / "profiles"
INVALID = sorted((PROFILES / "fsh" / "invalid").glob("*.json"))
EXAMPLES = sorted((PROFILES / "package" / "example").glob("[A-Z]*.json"))


def read(path: Path) -> Json:
    found: Json = json.loads(path.read_text(encoding="utf-8"))
    return found


def patient(number: str) -> Json:
    found = read(PROFILES / "package" / "example" / "Patient-patient.json")
    for identifier in found["identifier"]:
        if identifier["system"] == "urn:oid:2.16.156.10011.1.3":
            identifier["value"] = number
    return found


def test_a_patient_with_a_wrong_check_digit_is_refused(client: httpx.Client) -> None:
    found = client.put("/Patient/patient", json=patient("999999199001010017"))
    assert found.status_code == 422, found.text
    assert "cmc-id18" in found.text
    assert "999999199001010017" not in found.text


def test_the_examples_of_the_guide_are_accepted(sqlite_client: httpx.Client) -> None:
    entries = []
    for resource in map(read, EXAMPLES):  # they refer to each other, so they come together
        resource["meta"] = {"profile": resource["meta"]["profile"]}
        address = f"{resource['resourceType']}/{resource['id']}"
        entries.append({"resource": resource, "request": {"method": "PUT", "url": address}})
    found = sqlite_client.post("/", json={"resourceType": "Bundle", "type": "transaction", "entry": entries})
    assert found.status_code == 200, found.text


def test_what_breaks_the_guide_is_refused_for_the_named_reason(sqlite_client: httpx.Client) -> None:
    for path in INVALID:
        case = read(path)
        resource, expected = case["resource"], case["expected"]
        found = sqlite_client.put(f"/{resource['resourceType']}/{resource['id']}", json=resource)
        assert found.status_code == 422, (path.name, found.status_code, found.text)
        said = [
            (each["details"]["coding"][0]["code"], each["expression"])
            for each in found.json()["issue"]
            if each["severity"] == "error"
        ]
        assert said == [(expected["code"], [expected["expression"]])], path.name


def test_our_code_lists_are_looked_up_without_being_stored(sqlite_client: httpx.Client) -> None:
    address = "/CodeSystem/$lookup?system=urn:oid:2.16.156.10011.2.3.3.4&code=1"
    assert sqlite_client.get(address).status_code == 200
    wrong = "/CodeSystem/$validate-code?url=urn:oid:2.16.156.10011.2.3.3.4&code=77"
    assert sqlite_client.get(wrong).json()["parameter"][0]["valueBoolean"] is False


# ------------------------------------------------------------------------------------------------- what is known


def basic(system: str, code: str) -> Json:
    return {"resourceType": "Basic", "code": {"coding": [{"system": system, "code": code}]}}


def test_a_code_that_our_list_does_not_have_is_said() -> None:
    assert not validate(basic("urn:oid:2.16.156.10011.2.3.3.4", "1"))
    assert validate(basic("urn:oid:2.16.156.10011.2.3.3.4", "77"))


def test_lists_of_an_institution_are_not_missed() -> None:
    assert not validate(basic(f"{CANONICAL_BASE}/sid/county-hospital/code/items", "K"))
    found = validate(basic(f"{CANONICAL_BASE}/sid/county-hospital/mrn", "K"))
    assert [issue.code for issue in found] == ["terminology-unknown"]


def test_nothing_of_the_guide_is_read_before_it_is_asked_for() -> None:
    shelf = Shelf(GUIDE.folder, GUIDE.roots)
    registry = Registry(shelf=shelf)
    assert not validate({"resourceType": "Basic", "code": {"text": "x"}}, registry=registry)
    assert list(vars(shelf)["_read"]) == []
    assert "_files" not in vars(shelf)
    claiming = {"resourceType": "Patient", "meta": {"profile": [f"{CANONICAL_BASE}/StructureDefinition/cmc-patient"]}}
    assert validate(claiming, registry=registry)
    assert 0 < len(vars(shelf)["_read"]) < 20


@pytest.mark.parametrize("version", ["", "|0.1.0", "|9"])
def test_made_up_versions_do_not_fill_the_memory(version: str) -> None:
    url = f"{CANONICAL_BASE}/StructureDefinition/cmc-patient"
    assert OWN.structure(url + version) is OWN.structure(url)
