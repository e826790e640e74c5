"""$expand on R4's own value sets, stored ones and inline ones."""

from __future__ import annotations

import httpx
import pytest

from tests.fhir_server.terminology_requests import (
    DEPARTMENTS,
    GENDER,
    IMPORTING,
    SYSTEM,
    Json,
    asked,
    expanded,
    given,
    including,
    load,
    parameters,
    refused,
    values,
)


@pytest.fixture(scope="module", autouse=True)
def _loaded(sqlite_client: httpx.Client) -> None:
    load(sqlite_client)


def test_a_value_set_of_r4_is_expanded(sqlite_client: httpx.Client) -> None:
    found = asked(sqlite_client, "ValueSet/$expand", url="http://hl7.org/fhir/ValueSet/administrative-gender")
    assert found["expansion"]["total"] == 4
    assert found["expansion"]["contains"][0] == {"system": GENDER, "code": "male", "display": "Male"}
    assert {"name": "version", "valueUri": f"{GENDER}|4.0.1"} in found["expansion"]["parameter"]
    assert found["expansion"]["identifier"].startswith("urn:uuid:")


def test_imports_and_excludes_are_followed(sqlite_client: httpx.Client) -> None:
    by_url = expanded(sqlite_client, "ValueSet/$expand", url="http://x.test/some|1")
    assert by_url == ["IM", "CARD", "RESP", "OLD", "other"]
    assert expanded(sqlite_client, "ValueSet/some/$expand") == by_url
    assert expanded(sqlite_client, "ValueSet/$expand", IMPORTING) == by_url
    assert expanded(sqlite_client, "ValueSet/$expand", parameters(given("valueSet", IMPORTING))) == by_url


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ({"activeOnly": "true"}, ["IM", "CARD", "RESP", "other"]),
        ({"excludeNotForUI": "true"}, ["CARD", "RESP", "OLD", "other"]),
        ({"filter": "card"}, ["CARD"]),
        ({"filter": "心"}, ["CARD"]),
        ({"filter": "med int"}, ["IM"]),
        ({"offset": "1", "count": "2"}, ["CARD", "RESP"]),
        ({"offset": "9"}, []),
        ({"count": "0"}, []),
        ({"exclude-system": DEPARTMENTS}, ["other"]),
    ],
)
def test_an_expansion_is_narrowed_and_paged(sqlite_client: httpx.Client, query: Json, codes: list[str]) -> None:
    assert expanded(sqlite_client, "ValueSet/some/$expand", **query) == codes


def test_a_page_says_how_many_there_are(sqlite_client: httpx.Client) -> None:
    page = asked(sqlite_client, "ValueSet/some/$expand", offset=1, count=2)["expansion"]
    assert (page["total"], page["offset"]) == (5, 1)
    assert {"name": "count", "valueInteger": 2} in page["parameter"]


def test_texts_come_in_the_language_that_is_asked_for(sqlite_client: httpx.Client) -> None:
    shown = asked(sqlite_client, "ValueSet/some/$expand", displayLanguage="zh", includeDesignations="true")
    contains = {each["code"]: each for each in shown["expansion"]["contains"]}
    assert contains["CARD"]["display"] == "心内科"
    assert contains["CARD"]["designation"] == [{"language": "zh", "value": "心内科"}]
    assert contains["RESP"]["display"] == "Respiratory"
    assert (contains["IM"]["abstract"], contains["OLD"]["inactive"]) == (True, True)
    assert contains["other"]["display"] == "Else"
    plain = asked(sqlite_client, "ValueSet/some/$expand", includeDefinition="true")
    assert "compose" in plain
    assert "designation" not in plain["expansion"]["contains"][1]


@pytest.mark.parametrize(
    ("row", "codes"),
    [
        ({"property": "concept", "op": "is-a", "value": "IM"}, ["IM", "CARD", "RESP", "OLD"]),
        ({"property": "concept", "op": "descendent-of", "value": "IM"}, ["CARD", "RESP", "OLD"]),
        ({"property": "concept", "op": "is-not-a", "value": "IM"}, ["SURG"]),
        ({"property": "concept", "op": "generalizes", "value": "CARD"}, ["IM", "CARD"]),
        ({"property": "concept", "op": "in", "value": "CARD,SURG"}, ["CARD", "SURG"]),
        ({"property": "concept", "op": "not-in", "value": "CARD,SURG"}, ["IM", "RESP", "OLD"]),
        ({"property": "beds", "op": "=", "value": "40"}, ["CARD"]),
        ({"property": "beds", "op": "exists", "value": "true"}, ["CARD", "RESP"]),
        ({"property": "status", "op": "exists", "value": "false"}, ["IM", "CARD", "RESP", "SURG"]),
        ({"property": "parent", "op": "=", "value": "IM"}, ["CARD", "RESP", "OLD"]),
        ({"property": "code", "op": "regex", "value": "[A-Z]{4}"}, ["CARD", "RESP", "SURG"]),
    ],
)
def test_every_filter_is_carried_out(sqlite_client: httpx.Client, row: Json, codes: list[str]) -> None:
    body = including({"system": DEPARTMENTS, "filter": [row]})
    assert expanded(sqlite_client, "ValueSet/$expand", body) == codes


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ([{"system": "http://loinc.org"}], "code-system-unloaded"),
        ([{"system": DEPARTMENTS, "version": "1"}], "version-unloaded"),
        ([{"system": "urn:ietf:bcp:47"}], "expansion-infinite"),
        ([{"valueSet": ["http://x.test/none"]}], "terminology-not-found"),
        (
            [{"system": DEPARTMENTS, "filter": [{"property": "code", "op": "regex", "value": "(A+)+"}]}],
            "filter-unsupported",
        ),
        (
            [{"system": DEPARTMENTS, "filter": [{"property": "code", "op": "regex", "value": "("}]}],
            "filter-unsupported",
        ),
    ],
)
def test_what_cannot_be_expanded_is_refused_by_name(sqlite_client: httpx.Client, parts: list[Json], code: str) -> None:
    assert refused(sqlite_client, "ValueSet/$expand", including(*parts))[1] == code


def test_an_unloaded_system_in_an_import_is_named(sqlite_client: httpx.Client) -> None:
    body = including({"valueSet": ["http://hl7.org/fhir/ValueSet/observation-codes"]})
    answer = sqlite_client.post("/ValueSet/$expand", json=body)
    assert answer.status_code == 422
    assert "http://loinc.org" in answer.json()["issue"][0]["details"]["text"]


def test_a_value_set_that_imports_itself_is_refused(sqlite_client: httpx.Client) -> None:
    url = "http://x.test/circle"
    body = including({"valueSet": ["http://x.test/round"]}, url=url)
    other = {"resourceType": "ValueSet", "id": "round", "url": "http://x.test/round", "status": "active"}
    sqlite_client.put("/ValueSet/round", json={**other, "compose": {"include": [{"valueSet": [url]}]}})
    assert refused(sqlite_client, "ValueSet/$expand", body) == (422, "value-set-cycle")


def test_value_sets_that_import_each_other_again_and_again_come_to_an_end(sqlite_client: httpx.Client) -> None:
    def url(number: int) -> str:
        return f"http://x.test/level-{number}"

    for number in range(12):
        below = [{"valueSet": [url(number + 1)]}] * 12 if number < 11 else [{"system": DEPARTMENTS}]
        body = including(*below, url=url(number))["parameter"][0]["resource"]
        assert sqlite_client.put(f"/ValueSet/level-{number}", json={**body, "id": f"level-{number}"}).status_code == 201
    assert len(expanded(sqlite_client, "ValueSet/level-0/$expand")) == 5
    found = asked(sqlite_client, "ValueSet/level-0/$validate-code", system=DEPARTMENTS, code="SURG")
    assert values(found)["result"] is True
    many = including(*({"valueSet": [f"http://x.test/none-{number}"]} for number in range(2)))
    assert refused(sqlite_client, "ValueSet/$expand", many)[1] == "terminology-not-found"
    row = {"property": "concept", "op": "is-a", "value": "IM"}
    costly = including({"system": DEPARTMENTS, "filter": [row] * 501})
    assert refused(sqlite_client, "ValueSet/$expand", costly) == (400, "operation-too-costly")


def test_a_fragment_is_said_to_be_one(sqlite_client: httpx.Client) -> None:
    part = {**SYSTEM, "id": "part", "url": "http://x.test/part", "content": "fragment"}
    del part["valueSet"]
    sqlite_client.put("/CodeSystem/part", json=part)
    found = asked(sqlite_client, "ValueSet/$expand", including({"system": "http://x.test/part"}))
    assert {"name": "fragment", "valueUri": "http://x.test/part"} in found["expansion"]["parameter"]
    unsure = refused(sqlite_client, "CodeSystem/$validate-code", url="http://x.test/part", code="NEW")
    assert unsure == (422, "code-system-unloaded")


def test_an_expansion_that_is_too_long_is_refused_until_a_page_is_asked_for(sqlite_client: httpx.Client) -> None:
    listed = [{"code": f"c{number}"} for number in range(10_001)]
    body = including({"system": "http://x.test/many", "concept": listed})
    assert refused(sqlite_client, "ValueSet/$expand", body) == (422, "expansion-too-costly")
    body["parameter"].append({"name": "count", "valueInteger": 5})
    assert asked(sqlite_client, "ValueSet/$expand", body)["expansion"]["total"] == 10_001


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({}, 400),
        ({"url": "http://x.test/none"}, 404),
        ({"url": "http://x.test/some|9"}, 404),
        ({"url": "http://x.test/some", "context": "Patient.gender"}, 400),
        ({"url": "http://x.test/some", "offset": "-1"}, 400),
        ({"url": "http://x.test/some", "count": "x"}, 400),
        ({"url": "http://x.test/some", "check-system-version": f"{DEPARTMENTS}|1"}, 422),
    ],
)
def test_a_call_that_makes_no_sense(sqlite_client: httpx.Client, query: Json, status: int) -> None:
    assert refused(sqlite_client, "ValueSet/$expand", **query)[0] == status
    assert refused(sqlite_client, "ValueSet/none/$expand")[0] == 404
