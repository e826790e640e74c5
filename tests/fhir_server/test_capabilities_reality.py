"""The CapabilityStatement against the running server, both ways: what is stated works, what works is stated."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from fhir_server.operations.registry import OPERATIONS, Level
from fhir_server.rest.capabilities import SYSTEM_INTERACTIONS, TYPE_INTERACTIONS
from fhir_server.rest.exchange import Answer
from fhir_server.rest.identity import NOT_STORED
from fhir_server.rest.router import ROUTES, find
from profiles.archive import core
from profiles.definitions import resource_types
from profiles.validator import validate
from tests.fhir_server.conftest import patient

Json = dict[str, Any]
GENDER = "http://hl7.org/fhir/administrative-gender"
_BODIES: dict[str, Json] = {
    "Patient": {"resourceType": "Patient", "gender": "other"},
    "Observation": {"resourceType": "Observation", "status": "final", "code": {"text": "K"}},
    "Organization": {"resourceType": "Organization", "name": "Hospital"},
}


@pytest.fixture(scope="module")
def statement(sqlite_client: httpx.Client) -> Json:
    found: Json = sqlite_client.get("/metadata").json()
    return found


@pytest.fixture(scope="module")
def shown(statement: Json) -> dict[str, Json]:
    return {each["type"]: each for each in statement["rest"][0]["resource"]}


@pytest.fixture(scope="module", autouse=True)
def _chart(sqlite_client: httpx.Client) -> None:
    """What operations are called on."""
    for resource in (
        patient("one", gender="female"),
        {"resourceType": "Practitioner", "id": "one"},
        {"resourceType": "Encounter", "id": "one", "status": "finished", "class": {"code": "IMP"}},
        {"resourceType": "List", "id": "one", "status": "current", "mode": "working"},
        {"resourceType": "Group", "id": "one", "type": "person", "actual": True},
        {
            **{"resourceType": "CodeSystem", "id": "one", "url": "http://x.test/cs", "status": "active"},
            **{"content": "complete", "concept": [{"code": "a", "concept": [{"code": "b"}]}]},
        },
        {
            **{"resourceType": "ValueSet", "id": "one", "url": "http://x.test/vs", "status": "active"},
            "compose": {"include": [{"system": "http://x.test/cs"}]},
        },
        {
            **{"resourceType": "ConceptMap", "id": "one", "url": "http://x.test/cm", "status": "active"},
            "group": [
                {
                    **{"source": "http://x.test/cs", "target": "http://y.test/cs"},
                    "element": [{"code": "a", "target": [{"code": "z", "equivalence": "equal"}]}],
                }
            ],
        },
        {
            **{"resourceType": "Composition", "id": "one", "status": "final", "type": {"text": "note"}},
            **{"date": "2026-01-01", "title": "note", "author": [{"reference": "Practitioner/one"}]},
        },
    ):
        answer = sqlite_client.put(f"/{resource['resourceType']}/one", json=resource)
        assert answer.status_code in (200, 201), answer.text


# ---------------------------------------------------------------------------------------------------- the resource


@pytest.mark.parametrize("mode", ["full", "normative", "terminology"])
def test_it_is_a_valid_resource_in_every_mode(sqlite_client: httpx.Client, mode: str) -> None:
    answer = sqlite_client.get(f"/metadata?mode={mode}")
    assert answer.status_code == 200
    assert [issue for issue in validate(answer.json()) if issue.refuses] == []


def test_another_library_reads_it(statement: Json, sqlite_client: httpx.Client) -> None:
    from fhir.resources.R4B.capabilitystatement import CapabilityStatement
    from fhir.resources.R4B.terminologycapabilities import TerminologyCapabilities

    assert CapabilityStatement(**statement).fhirVersion == "4.0.1"
    terminology = sqlite_client.get("/metadata?mode=terminology").json()
    assert TerminologyCapabilities(**terminology).lockedDate is False


def test_a_mode_that_is_none_is_refused(sqlite_client: httpx.Client) -> None:
    assert sqlite_client.get("/metadata?mode=some").status_code == 400


def test_the_normative_mode_has_only_normative_resources(sqlite_client: httpx.Client) -> None:
    resources = sqlite_client.get("/metadata?mode=normative").json()["rest"][0]["resource"]
    assert {"Patient", "Observation"} <= {each["type"] for each in resources}
    assert "Encounter" not in {each["type"] for each in resources}


def test_it_is_made_once_and_known_by_its_tag(sqlite_client: httpx.Client) -> None:
    first, second = sqlite_client.get("/metadata"), sqlite_client.get("/metadata")
    assert first.content == second.content
    known = sqlite_client.get("/metadata", headers={"if-none-match": first.headers["etag"]})
    assert (known.status_code, known.content) == (304, b"")


def test_a_part_of_it_can_be_asked_for(sqlite_client: httpx.Client) -> None:
    part = sqlite_client.get("/metadata?_elements=fhirVersion").json()
    assert part["fhirVersion"] == "4.0.1"
    assert "software" not in part


# ---------------------------------------------------------------------------------------------- what is stated works


@pytest.mark.parametrize("kind", sorted(_BODIES))
def test_every_interaction_of_a_type_works(sqlite_client: httpx.Client, shown: dict[str, Json], kind: str) -> None:
    body, client = _BODIES[kind], sqlite_client
    created = client.post(f"/{kind}", json=body)
    at = f"/{kind}/{created.json()['id']}"
    patch = {"content-type": "application/json-patch+json"}
    done: dict[str, Callable[[], httpx.Response]] = {
        "create": lambda: created,
        "read": lambda: client.get(at),
        "vread": lambda: client.get(f"{at}/_history/1"),
        "update": lambda: client.put(at, json={**body, "id": created.json()["id"], "language": "zh"}),
        "patch": lambda: client.patch(at, content=b'[{"op":"add","path":"/language","value":"en"}]', headers=patch),
        "history-instance": lambda: client.get(f"{at}/_history"),
        "history-type": lambda: client.get(f"/{kind}/_history"),
        "search-type": lambda: client.get(f"/{kind}?_id={created.json()['id']}"),
        "delete": lambda: client.delete(at),
    }
    stated = {each["code"] for each in shown[kind]["interaction"]}
    assert stated <= done.keys()
    for code, do in done.items():
        if code in stated:
            assert do().is_success, code


def test_every_interaction_of_the_system_works(sqlite_client: httpx.Client, statement: Json) -> None:
    client = sqlite_client
    done = {
        "batch": lambda: client.post("/", json={"resourceType": "Bundle", "type": "batch"}),
        "transaction": lambda: client.post("/", json={"resourceType": "Bundle", "type": "transaction"}),
        "history-system": lambda: client.get("/_history?_count=1"),
        "search-system": lambda: client.get("/?_type=Patient,Observation&_count=1"),
    }
    for each in statement["rest"][0]["interaction"]:
        assert done[each["code"]]().status_code == 200, each


_SAMPLES: dict[str, tuple[str, ...]] = {
    "Resource-validate": ("Patient/one/$validate",),
    "Resource-meta": ("$meta", "Patient/$meta", "Patient/one/$meta", "Patient/one/_history/1/$meta"),
    "Patient-everything": ("Patient/$everything", "Patient/one/$everything"),
    "Encounter-everything": ("Encounter/one/$everything",),
    "Observation-lastn": ("Observation/$lastn?patient=one",),
    "ValueSet-expand": ("ValueSet/$expand?url=http://x.test/vs", "ValueSet/one/$expand"),
    "ValueSet-validate-code": ("ValueSet/one/$validate-code?system=http://x.test/cs&code=a",),
    "CodeSystem-validate-code": ("CodeSystem/$validate-code?url=http://x.test/cs&code=a",),
    "CodeSystem-lookup": (f"CodeSystem/$lookup?system={GENDER}&code=male",),
    "CodeSystem-subsumes": ("CodeSystem/$subsumes?system=http://x.test/cs&codeA=a&codeB=b",),
    "ConceptMap-translate": ("ConceptMap/one/$translate?system=http://x.test/cs&code=a",),
    "Composition-document": ("Composition/one/$document", "Composition/$document?id=one"),
    "qiao-diff": ("Patient/one/$diff", "Patient/one/_history/1/$diff"),
    "qiao-diff-any": ("$diff?from=Patient/one/_history/1&to=Patient/one",),
}


@pytest.mark.parametrize("name", sorted(_SAMPLES))
def test_an_operation_that_only_asks_works_by_get(sqlite_client: httpx.Client, statement: Json, name: str) -> None:
    assert name in {each["definition"].rpartition("/")[2] for each in _stated_operations(statement)}
    for address in _SAMPLES[name]:
        answer = sqlite_client.get(f"/{address}")
        assert answer.status_code == 200, (address, answer.text)
        assert [issue for issue in validate(answer.json()) if issue.refuses] == [], address


def test_operations_that_change_something_work_by_post_only(sqlite_client: httpx.Client) -> None:
    meta = {"name": "meta", "valueMeta": {"tag": [{"system": "http://x.test", "code": "seen"}]}}
    for code in ("meta-add", "meta-delete"):
        address = f"/Patient/one/${code}"
        body = {"resourceType": "Parameters", "parameter": [meta]}
        assert sqlite_client.post(address, json=body).status_code == 200
        refused = sqlite_client.get(address)
        assert (refused.status_code, refused.headers["allow"]) == (405, "POST")


def _stated_operations(statement: Json) -> Iterator[Json]:
    rest = statement["rest"][0]
    yield from rest.get("operation", ())
    for each in rest["resource"]:
        yield from each.get("operation", ())


def test_every_stated_operation_is_reached(sqlite_client: httpx.Client, statement: Json) -> None:
    """Whatever it says to an empty call: it is there, and it does not fail."""
    rest = statement["rest"][0]
    places = [(f"/${each['name']}", each["name"]) for each in rest["operation"]]
    for kind in ("Patient", "Observation", "ValueSet", "CodeSystem", "Group", "SearchParameter"):
        stated = next(each for each in rest["resource"] if each["type"] == kind)
        levels = ("", "/one")
        places += [
            (f"/{kind}{level}/${each['name']}", each["name"]) for level in levels for each in stated["operation"]
        ]
    unknown = []
    for address, name in places:
        answer = sqlite_client.post(address, json={"resourceType": "Parameters"})
        assert answer.status_code < 500, (address, answer.text)
        if "interaction-unknown" not in answer.text:
            unknown.append(name)
    assert {name for _, name in places} == set(unknown)


_VALUES = {
    **{"date": "2026", "number": "1", "quantity": "1", "reference": "Patient/x", "token": "x", "string": "x"},
    **{"uri": "http://x.test"},
}
_SPECIAL = {"_filter": "_id eq x", "_list": "one", "near": "1|1", "_text": "x", "_content": "x", "_query": "x"}


@pytest.mark.parametrize("kind", ["Patient", "Observation", "Encounter", "Task", "DiagnosticReport", "Provenance"])
def test_every_search_parameter_can_be_searched(sqlite_client: httpx.Client, shown: dict[str, Json], kind: str) -> None:
    failed = []
    for parameter in shown[kind]["searchParam"]:
        name = parameter["name"]
        if name == "_has":
            asked = {"_has:Provenance:target:_id": "x"}
        elif parameter["type"] == "composite":
            asked = {name: _composite(sqlite_client, kind, name)}
        else:
            asked = {name: _SPECIAL[name] if parameter["type"] == "special" else _VALUES[parameter["type"]]}
        answer = sqlite_client.get(f"/{kind}", params={**asked, "_count": "1"})
        if answer.status_code != 200:
            failed.append((asked, answer.text[:300]))
    assert failed == []


def _composite(client: httpx.Client, kind: str, name: str) -> str:
    """A well-formed value: one for each component, by its kind."""
    from profiles.definitions import search_parameters

    known = search_parameters(kind)
    parts = []
    for component in known[name].components:
        found = next((p.type for p in known.values() if p.url == component.definition), "token")
        parts.append(_VALUES[found])
    return "$".join(parts)


def test_every_include_can_be_asked_for(sqlite_client: httpx.Client, shown: dict[str, Json]) -> None:
    for include in shown["Observation"]["searchInclude"]:
        assert sqlite_client.get(f"/Observation?_include={include}").status_code == 200, include
    for include in shown["Patient"]["searchRevInclude"]:
        assert sqlite_client.get(f"/Patient?_revinclude={include}").status_code == 200, include


def test_every_format_is_spoken(sqlite_client: httpx.Client, statement: Json) -> None:
    for form in statement["format"]:
        answer = sqlite_client.get("/Patient/one", params={"_format": form})
        assert answer.status_code == 200
        assert form.rpartition("+")[2].rpartition("/")[2] in answer.headers["content-type"]


def test_every_patch_format_is_understood(sqlite_client: httpx.Client, statement: Json) -> None:
    """What is no patch is found to be malformed; what is no format would be a 415."""
    for form in statement["patchFormat"]:
        answer = sqlite_client.patch("/Patient/one", content=b"?", headers={"content-type": form})
        assert answer.status_code in (400, 422), (form, answer.text)
    other = sqlite_client.patch("/Patient/one", content=b"?", headers={"content-type": "text/csv"})
    assert other.status_code == 415


def test_the_conditional_interactions_are_as_stated(sqlite_client: httpx.Client, shown: dict[str, Json]) -> None:
    stated, client = shown["Patient"], sqlite_client
    system = "http://x.test/conditional"
    body = {"resourceType": "Patient", "identifier": [{"system": system, "value": "1"}]}
    condition = f"identifier={system}|1"
    assert stated["conditionalCreate"] is True
    assert client.post("/Patient", json=body, headers={"if-none-exist": condition}).status_code == 201
    assert client.post("/Patient", json=body, headers={"if-none-exist": condition}).status_code == 200
    assert stated["conditionalUpdate"] is True
    assert client.put(f"/Patient?{condition}", json={**body, "gender": "male"}).status_code == 200
    assert stated["conditionalDelete"] == "multiple"
    assert client.post("/Patient", json=body).status_code == 201
    assert client.delete(f"/Patient?{condition}").is_success
    assert client.get(f"/Patient?{condition}").json()["total"] == 0
    assert stated["conditionalRead"] == "full-support"
    read = client.get("/Patient/one")
    assert client.get("/Patient/one", headers={"if-none-match": read.headers["etag"]}).status_code == 304
    assert client.get("/Patient/one", headers={"if-modified-since": read.headers["last-modified"]}).status_code == 304
    assert stated["updateCreate"] is True
    assert client.put("/Patient/capable", json=patient("capable")).status_code == 201


def test_references_are_enforced_as_stated(sqlite_client: httpx.Client, shown: dict[str, Json]) -> None:
    assert "enforced" in shown["Observation"]["referencePolicy"]
    lost = {**_BODIES["Observation"], "subject": {"reference": "Patient/nowhere"}}
    assert sqlite_client.post("/Observation", json=lost).status_code == 409


# ---------------------------------------------------------------------------------------------- what works is stated


def test_every_route_is_stated(statement: Json, shown: dict[str, Json]) -> None:
    system = {each["code"] for each in statement["rest"][0]["interaction"]}
    for route in ROUTES:
        if route.interaction in TYPE_INTERACTIONS:
            assert all(route.interaction in {i["code"] for i in each["interaction"]} for each in shown.values())
        elif route.interaction in SYSTEM_INTERACTIONS:
            assert route.interaction in system
        else:
            assert route.interaction in _WITHOUT_A_CODE, route


_WITHOUT_A_CODE = frozenset(
    {
        "capabilities",
        "job-status",
        "job-cancel",
        "job-file",
        "compartment",
        "search-compartment",
        "openapi",
        "websocket",
    }
)
"""R4 has no code for these: compartments are stated by their definitions, jobs belong to an operation."""


def test_every_type_that_answers_is_stated_and_no_other(sqlite_client: httpx.Client, shown: dict[str, Json]) -> None:
    assert set(shown) == resource_types() - NOT_STORED
    for kind in sorted(resource_types()):
        answer = sqlite_client.get(f"/{kind}?_count=0")
        assert answer.status_code == (200 if kind in shown else 404), kind


@pytest.mark.parametrize("kind", sorted(NOT_STORED))
def test_a_type_that_is_not_stated_cannot_be_written(sqlite_client: httpx.Client, kind: str) -> None:
    body = {"resourceType": kind, "id": "one"}
    assert sqlite_client.post(f"/{kind}", json=body).status_code == 404
    assert sqlite_client.put(f"/{kind}/one", json=body).status_code == 404
    entry = {"resource": body, "request": {"method": "POST", "url": kind}}
    bundle = {"resourceType": "Bundle", "type": "batch", "entry": [entry]}
    outcome = sqlite_client.post("/", json=bundle).json()["entry"][0]["response"]["status"]
    assert outcome[:1] == "4"


def test_every_operation_that_is_routed_is_stated_and_no_other(statement: Json, shown: dict[str, Json]) -> None:
    codes = {each.code for each in OPERATIONS} | {
        core("operations").entry(n)["code"] for n in core("operations").places
    }
    at_system = {each["name"] for each in statement["rest"][0]["operation"]}
    for code in sorted(codes):
        assert _routed("/", code) == (code in at_system), code
        for kind, stated in shown.items():
            routed = any(_routed(place, code) for place in (f"/{kind}", f"/{kind}/1", f"/{kind}/1/_history/1"))
            assert routed == (code in {each["name"] for each in stated["operation"]}), (kind, code)


def _routed(place: str, code: str) -> bool:
    return not isinstance(find("POST", (*filter(None, place.split("/")), f"${code}")), Answer)


def test_every_definition_of_an_operation_is_known() -> None:
    """An operation says what it takes: in R4, in a guide, or in our own definitions."""
    from fhir_server.operations.definitions import CANONICAL, OWN

    for each in OPERATIONS:
        if each.definition.startswith(CANONICAL):
            assert each.definition.removeprefix(CANONICAL) in OWN, each.definition
        assert each.levels <= set(Level)
    assert [issue for each in OWN.values() for issue in validate(dict(each)) if issue.refuses] == []
