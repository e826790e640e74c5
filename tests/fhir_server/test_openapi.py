"""The OpenAPI document: valid by the meta-schema, and true to the tables in both directions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import httpx
import jsonschema_rs
import pytest

from fhir_server.operations.registry import OPERATIONS
from fhir_server.rest.identity import NOT_STORED
from fhir_server.rest.router import ROUTES, find
from fhir_server.search.composite import composites
from fhir_server.search.parameters import parameters
from profiles.definitions import resource_types
from tests.fhir_server.conftest import observation, patient

Json = dict[str, Any]
_FILLED = {"{type}": "Patient", "{id}": "a", "{name}": "Observation", "{version}": "1"}


@pytest.fixture(scope="module")
def document(sqlite_client: httpx.Client) -> Json:
    found: Json = sqlite_client.get("/openapi.json").json()
    return found


@pytest.fixture(scope="module")
def typed(sqlite_client: httpx.Client) -> Json:
    found: Json = sqlite_client.get("/openapi.json?_type=Patient,Observation").json()
    return found


def operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    for address, item in document["paths"].items():
        for method, operation in item.items():
            yield address, method.upper(), operation


@cache
def _meta_schema() -> Any:
    from schemathesis.specs.openapi.definitions import OPENAPI_31

    return jsonschema_rs.validator_for(OPENAPI_31)


@pytest.mark.parametrize("kind", ["document", "typed"])
def test_it_meets_the_meta_schema_of_openapi(request: pytest.FixtureRequest, kind: str) -> None:
    found = request.getfixturevalue(kind)
    assert [str(error) for error in _meta_schema().iter_errors(found)] == []
    broken = {**found, "info": {}}
    assert not _meta_schema().is_valid(broken)


@pytest.mark.parametrize("kind", ["document", "typed"])
def test_every_schema_is_one_and_every_link_leads_somewhere(request: pytest.FixtureRequest, kind: str) -> None:
    found = request.getfixturevalue(kind)
    for name, schema in found["components"]["schemas"].items():
        assert jsonschema_rs.meta.is_valid(schema), name
    links = set(re.findall(r'"#/components/(\w+)/([^"]+)"', repr(found).replace("'", '"')))
    assert links
    assert [link for link in links if link[1] not in found["components"][link[0]]] == []


@pytest.mark.parametrize("kind", ["document", "typed"])
def test_no_two_operations_have_one_name(request: pytest.FixtureRequest, kind: str) -> None:
    names = [operation["operationId"] for _, _, operation in operations(request.getfixturevalue(kind))]
    assert len(names) == len(set(names)) > 50


def test_every_route_is_described(document: Json) -> None:
    described = {(method, address) for address, method, _ in operations(document)}
    assert [route for route in ROUTES if (route.method, route.address) not in described] == []


def test_every_operation_is_described_where_it_answers(document: Json) -> None:
    described = {(method, address) for address, method, _ in operations(document)}
    for each in OPERATIONS:
        kinds = sorted(each.types) if each.types else ["{type}"]
        starts = {"system": [""], "type": [f"/{k}" for k in kinds], "instance": [f"/{k}/{{id}}" for k in kinds]}
        starts["version"] = [f"{start}/_history/{{version}}" for start in starts["instance"]]
        for level in each.levels:
            for start in starts[level.value]:
                assert ("POST", f"{start}/${each.code}") in described
                assert (("GET", f"{start}/${each.code}") in described) is not each.affects_state


@pytest.mark.parametrize("kind", ["document", "typed"])
def test_whatever_is_described_has_a_handler(request: pytest.FixtureRequest, kind: str) -> None:
    for address, method, operation in operations(request.getfixturevalue(kind)):
        segments = tuple(_FILLED.get(part, part) for part in address.split("/") if part)
        found = find(method, segments)
        assert isinstance(found, tuple), (method, address)
        assert operation["responses"].keys() & {"200", "201", "202", "204"}


def test_a_path_names_its_parameters(document: Json, typed: Json) -> None:
    for found in (document, typed):
        for address, _, operation in operations(found):
            rows = [_parameter(found, row) for row in operation.get("parameters", ())]
            assert {row["name"] for row in rows if row["in"] == "path"} == set(re.findall(r"\{(\w+)\}", address))
            named = [(row["in"], row["name"]) for row in rows]
            assert len(named) == len(set(named)), address


def _parameter(document: Json, row: Json) -> Json:
    found: Json = document["components"]["parameters"][row["$ref"].rpartition("/")[2]] if "$ref" in row else row
    return found


def test_a_type_has_its_own_search_parameters(typed: Json) -> None:
    rows = [_parameter(typed, row) for row in typed["paths"]["/Patient"]["get"]["parameters"]]
    named = {row["name"] for row in rows if row["in"] == "query"}
    assert set(parameters("Patient")) | set(composites("Patient")) <= named
    assert "/Encounter" not in typed["paths"]


def test_the_schemas_are_those_of_every_type(document: Json) -> None:
    assert resource_types() <= document["components"]["schemas"].keys()
    stored = set(document["components"]["parameters"]["type"]["schema"]["enum"])
    assert stored == resource_types() - NOT_STORED


@pytest.mark.parametrize(
    ("resource", "fits"),
    [
        (patient("p", gender="female", birthDate="2000-02", _birthDate={"id": "x"}), True),
        (patient("p", name=[{"given": ["A", None], "_given": [None, {"id": "x"}]}]), True),
        (patient("p", contact=[{"name": {"family": "L"}}]), True),
        (patient("p", gender="f"), False),
        (patient("p", birthDate="2000-13"), False),
        (patient("p", name={"family": "L"}), False),
        (patient("p", colour="red"), False),
        (patient("p", contact=[{"nam": {}}]), False),
    ],
)
def test_a_schema_tells_a_resource_from_what_is_none(typed: Json, resource: Json, fits: bool) -> None:
    schema = {"$ref": "#/components/schemas/Patient", "components": typed["components"]}
    assert jsonschema_rs.validator_for(schema).is_valid(resource) is fits


def test_what_the_server_gives_meets_the_schema(sqlite_client: httpx.Client, document: Json) -> None:
    sqlite_client.put("/Patient/p", json=patient("p", name=[{"text": "A"}], multipleBirthInteger=2))
    sqlite_client.put("/Observation/o", json=observation("o", valueQuantity={"value": 1.5}))
    for address in ("/Patient/p", "/Observation/o", "/Patient?_id=p", "/metadata", "/Patient/p/_history", "/Nothing/1"):
        found = sqlite_client.get(address).json()
        schema = {"$ref": f"#/components/schemas/{found['resourceType']}", "components": document["components"]}
        assert [str(error) for error in jsonschema_rs.validator_for(schema).iter_errors(found)] == [], address


def test_it_is_known_by_its_tag_and_comes_compressed(sqlite_client: httpx.Client) -> None:
    first = sqlite_client.get("/openapi.json")
    assert (first.status_code, first.headers["content-type"]) == (200, "application/json")
    assert first.headers["content-encoding"] == "gzip"
    assert len(first.content) < 1_500_000
    known = sqlite_client.get("/openapi.json", headers={"if-none-match": first.headers["etag"]})
    assert (known.status_code, known.content) == (304, b"")


def test_it_names_the_base_it_was_asked_at(sqlite_client: httpx.Client, document: Json) -> None:
    assert document["openapi"] == "3.1.0"
    assert document["servers"] == [{"url": str(sqlite_client.base_url).rstrip("/")}]


@pytest.mark.parametrize(("types", "status"), [("Nothing", 404), ("Parameters", 404), (",".join("abc"), 404)])
def test_a_type_that_is_none_is_refused(sqlite_client: httpx.Client, types: str, status: int) -> None:
    assert sqlite_client.get(f"/openapi.json?_type={types}").status_code == status


def test_too_many_types_are_refused(sqlite_client: httpx.Client) -> None:
    kinds = ",".join(sorted(resource_types() - NOT_STORED))
    assert sqlite_client.get(f"/openapi.json?_type={kinds}").status_code == 400


def test_other_methods_are_refused_by_name(sqlite_client: httpx.Client) -> None:
    answer = sqlite_client.post("/openapi.json", json={})
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


def test_own_search_parameters_are_described(sqlite_client: httpx.Client) -> None:
    parameter = {
        **{"resourceType": "SearchParameter", "id": "ward", "url": "http://x.test/ward", "name": "Ward"},
        **{"status": "active", "description": "ward", "code": "ward", "base": ["Patient"], "type": "string"},
        "expression": "Patient.name.text",
    }
    assert sqlite_client.put("/SearchParameter/ward", json=parameter).is_success
    rows = sqlite_client.get("/openapi.json?_type=Patient").json()["paths"]["/Patient"]["get"]["parameters"]
    assert "ward" in {row.get("name") for row in rows}
