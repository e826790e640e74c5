"""The CapabilityStatement says what the server does, and the server does what it says."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from fhir_server.rest.router import ROUTES
from fhir_server.search.parameters import parameters
from profiles.definitions import resource_types
from profiles.validator import validate
from tests.fhir_server.conftest import patient


@pytest.fixture(scope="module")
def statement(sqlite_client: httpx.Client) -> dict[str, Any]:
    found: dict[str, Any] = sqlite_client.get("/metadata").json()
    return found


def test_it_is_a_valid_resource(statement: dict[str, Any]) -> None:
    assert [issue for issue in validate(statement) if issue.refuses] == []


def test_it_names_every_type_every_interaction_and_every_parameter(statement: dict[str, Any]) -> None:
    shown = {each["type"]: each for each in statement["rest"][0]["resource"]}
    assert set(shown) == set(resource_types()) - {"Parameters"}
    codes = {route.interaction for route in ROUTES if "{type}" in route.address}
    for kind, each in shown.items():
        assert {i["code"] for i in each["interaction"]} == codes
        assert {p["name"] for p in each["searchParam"]} == set(parameters(kind))


def test_every_parameter_it_names_can_be_searched(sqlite_client: httpx.Client, statement: dict[str, Any]) -> None:
    values = {"date": "2026", "number": "1", "quantity": "1", "reference": "x", "token": "x", "string": "x", "uri": "x"}
    shown = {each["type"]: each for each in statement["rest"][0]["resource"]}
    for kind in ("Patient", "Observation", "Encounter", "Task", "ServiceRequest", "DiagnosticReport", "Provenance"):
        for parameter in shown[kind]["searchParam"]:
            answer = sqlite_client.get(f"/{kind}?{parameter['name']}={values[parameter['type']]}")
            assert answer.status_code == 200, (kind, parameter)


def test_every_include_it_names_can_be_asked_for(sqlite_client: httpx.Client, statement: dict[str, Any]) -> None:
    shown = {each["type"]: each for each in statement["rest"][0]["resource"]}
    for include in shown["Observation"]["searchInclude"]:
        assert sqlite_client.get(f"/Observation?_include={include}").status_code == 200, include
    for include in shown["Patient"]["searchRevInclude"]:
        assert sqlite_client.get(f"/Patient?_revinclude={include}").status_code == 200, include


def test_what_it_denies_is_refused(sqlite_client: httpx.Client, statement: dict[str, Any]) -> None:
    each = statement["rest"][0]["resource"][0]
    assert each["conditionalCreate"] is False
    headers = {"if-none-exist": "identifier=x"}
    assert sqlite_client.post("/Patient", json={"resourceType": "Patient"}, headers=headers).status_code == 400
    assert each["updateCreate"] is True
    assert sqlite_client.put("/Patient/capable", json=patient("capable")).status_code == 201


def test_it_is_made_once(sqlite_client: httpx.Client) -> None:
    assert sqlite_client.get("/metadata").content == sqlite_client.get("/metadata").content
