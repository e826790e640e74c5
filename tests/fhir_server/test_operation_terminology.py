"""$validate-code, $lookup, $subsumes and $translate on R4's own definitions, stored ones and inline ones."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.fhir_server.terminology_requests import (
    DEPARTMENTS,
    GENDER,
    MAP,
    SYSTEM,
    V3,
    Json,
    asked,
    given,
    load,
    parameters,
    refused,
    values,
)


@pytest.fixture(scope="module", autouse=True)
def _loaded(sqlite_client: httpx.Client) -> None:
    load(sqlite_client)


# --------------------------------------------------------------------------------------------------- $validate-code


@pytest.mark.parametrize(
    ("query", "result"),
    [
        ({"system": DEPARTMENTS, "code": "CARD"}, True),
        ({"system": DEPARTMENTS, "code": "CARD", "display": "cardiology"}, True),
        ({"system": DEPARTMENTS, "code": "CARD", "display": "心内科"}, True),
        ({"system": DEPARTMENTS, "code": "CARD", "display": "Surgery"}, False),
        ({"system": DEPARTMENTS, "code": "SURG"}, False),
        ({"system": DEPARTMENTS, "code": "IM"}, False),
        ({"system": DEPARTMENTS, "code": "IM", "abstract": "true"}, True),
        ({"system": GENDER, "code": "other", "display": "Else"}, True),
        ({"system": GENDER, "code": "male"}, False),
        ({"system": "http://loinc.org", "code": "x"}, False),
    ],
)
def test_a_code_is_held_against_a_value_set(sqlite_client: httpx.Client, query: Json, result: bool) -> None:
    found = values(asked(sqlite_client, "ValueSet/some/$validate-code", **query))
    assert found["result"] is result
    assert ("message" in found) is not result


def test_codings_and_concepts_are_asked_by_post(sqlite_client: httpx.Client) -> None:
    coding = {"system": DEPARTMENTS, "code": "CARD"}
    for name, kind, value in (
        ("coding", "Coding", coding),
        ("codeableConcept", "CodeableConcept", {"coding": [{"system": GENDER, "code": "male"}, coding]}),
    ):
        body = parameters({"name": name, f"value{kind}": value}, {"name": "url", "valueUri": "http://x.test/some"})
        assert values(asked(sqlite_client, "ValueSet/$validate-code", body)) == {
            "result": True,
            "display": "Cardiology",
        }
    assert sqlite_client.get("/ValueSet/some/$validate-code?coding=x").status_code == 400


def test_where_the_system_is_not_loaded_there_is_no_verdict(sqlite_client: httpx.Client) -> None:
    codes = "http://hl7.org/fhir/ValueSet/observation-codes"
    query = {"url": codes, "system": "http://loinc.org", "code": "15074-8"}
    assert refused(sqlite_client, "ValueSet/$validate-code", **query) == (422, "code-system-unloaded")
    assert refused(sqlite_client, "CodeSystem/$validate-code", url="http://loinc.org", code="1")[0] == 422
    versioned = {"url": DEPARTMENTS, "code": "CARD", "version": "1"}
    assert refused(sqlite_client, "CodeSystem/$validate-code", **versioned) == (422, "version-unloaded")


def test_a_code_is_held_against_a_code_system(sqlite_client: httpx.Client) -> None:
    ask = "CodeSystem/$validate-code"
    assert values(asked(sqlite_client, ask, url=GENDER, code="male")) == {"result": True, "display": "Male"}
    assert values(asked(sqlite_client, ask, url=GENDER, code="m"))["result"] is False
    assert values(asked(sqlite_client, "CodeSystem/departments/$validate-code", code="CARD"))["result"] is True
    inline = parameters(
        given("codeSystem", {**SYSTEM, "url": "http://x.test/in"}), {"name": "code", "valueCode": "CARD"}
    )
    assert values(asked(sqlite_client, ask, inline))["result"] is True
    assert values(asked(sqlite_client, ask, url="urn:ietf:bcp:47", code="zh-CN"))["result"] is True


@pytest.mark.parametrize(
    "query", [{}, {"code": "x"}, {"url": "http://x.test/some"}, {"url": "http://x.test/some", "code": "x"}]
)
def test_what_is_missing_is_said(sqlite_client: httpx.Client, query: Json) -> None:
    assert refused(sqlite_client, "ValueSet/$validate-code", **query) == (400, "operation-parameter-missing")


# ----------------------------------------------------------------------------------------------- $lookup, $subsumes


def properties(answer: Json) -> list[tuple[str, Any]]:
    found = []
    for row in answer["parameter"]:
        if row["name"] == "property":
            parts = {part["name"]: part for part in row["part"]}
            value = next(v for name, v in parts["value"].items() if name.startswith("value"))
            found.append((parts["code"]["valueCode"], value))
    return found


def test_a_code_is_looked_up(sqlite_client: httpx.Client) -> None:
    found = asked(sqlite_client, "CodeSystem/$lookup", system=DEPARTMENTS, code="CARD")
    assert values(found) == {"name": "Departments", "version": "2", "display": "Cardiology"}
    assert properties(found) == [("parent", "IM"), ("inactive", False), ("beds", 40)]
    zh = asked(
        sqlite_client, "CodeSystem/$lookup", system=DEPARTMENTS, code="IM", displayLanguage="zh", property="child"
    )
    assert values(zh)["display"] == "内科"
    assert properties(zh) == [("child", "CARD"), ("child", "RESP"), ("child", "OLD")]
    whole = asked(sqlite_client, "CodeSystem/$lookup", system=DEPARTMENTS, code="IM")
    assert ("definition", "Without surgery") in properties(whole)
    assert [part["valueString"] for part in _part(whole, "designation") if part["name"] == "value"] == ["内科"]


def _part(answer: Json, name: str) -> list[Json]:
    found: list[Json] = next(row["part"] for row in answer["parameter"] if row["name"] == name)
    return found


def test_what_cannot_be_looked_up(sqlite_client: httpx.Client) -> None:
    ask = "CodeSystem/$lookup"
    assert refused(sqlite_client, ask, system=DEPARTMENTS, code="X") == (404, "code-unknown")
    assert refused(sqlite_client, ask, system="http://snomed.info/sct", code="1")[1] == "code-system-unloaded"
    assert refused(sqlite_client, ask, system=DEPARTMENTS, code="IM", version="1")[1] == "version-unloaded"
    assert refused(sqlite_client, ask, code="IM")[0] == 400


@pytest.mark.parametrize(
    ("left", "right", "outcome"),
    [
        ("IM", "CARD", "subsumes"),
        ("CARD", "IM", "subsumed-by"),
        ("IM", "IM", "equivalent"),
        ("IM", "SURG", "not-subsumed"),
    ],
)
def test_one_code_subsumes_another(sqlite_client: httpx.Client, left: str, right: str, outcome: str) -> None:
    by_code = asked(sqlite_client, "CodeSystem/$subsumes", system=DEPARTMENTS, codeA=left, codeB=right)
    assert values(by_code) == {"outcome": outcome}
    rows = [
        {"name": n, "valueCoding": {"system": DEPARTMENTS, "code": c}}
        for n, c in (("codingA", left), ("codingB", right))
    ]
    assert values(asked(sqlite_client, "CodeSystem/departments/$subsumes", parameters(*rows))) == {"outcome": outcome}


def test_of_unknown_codes_nothing_is_said(sqlite_client: httpx.Client) -> None:
    ask = "CodeSystem/$subsumes"
    assert refused(sqlite_client, ask, system=DEPARTMENTS, codeA="IM", codeB="X") == (404, "code-unknown")
    assert refused(sqlite_client, ask, system=DEPARTMENTS, codeA="IM")[0] == 400
    deep = asked(sqlite_client, ask, system=V3 + "ActCode", codeA="_ActEncounterCode", codeB="ACUTE")
    assert values(deep) == {"outcome": "subsumes"}


# ------------------------------------------------------------------------------------------------------- $translate


def matches(answer: Json) -> list[tuple[str, str]]:
    found = []
    for row in answer["parameter"]:
        if row["name"] == "match":
            parts = {part["name"]: part for part in row["part"]}
            found.append(
                (parts["equivalence"]["valueCode"], parts.get("concept", {}).get("valueCoding", {}).get("code", ""))
            )
    return found


def test_a_code_is_translated(sqlite_client: httpx.Client) -> None:
    query = {"system": DEPARTMENTS, "code": "CARD"}
    for address, more in (
        ("ConceptMap/map/$translate", {}),
        ("ConceptMap/$translate", {"url": "http://x.test/map"}),
        ("ConceptMap/$translate", {"source": "http://x.test/all-departments", "target": "http://y.test/vs"}),
        ("ConceptMap/$translate", {"targetsystem": "http://y.test/cs"}),
    ):
        found = asked(sqlite_client, address, **query, **more)
        assert (values(found)["result"], matches(found)) == (True, [("wider", "0301")]), address
    concept = next(part["valueCoding"] for part in _part(found, "match") if part["name"] == "concept")
    assert concept == {"system": "http://y.test/cs", "version": "5", "code": "0301", "display": "Heart"}
    product = next(part["part"] for part in _part(found, "match") if part["name"] == "product")
    assert product[1]["valueCoding"] == {"system": "http://y.test/k", "code": "w"}


def test_what_has_no_target_has_no_translation(sqlite_client: httpx.Client) -> None:
    for code in ("OLD", "RESP"):
        found = asked(sqlite_client, "ConceptMap/map/$translate", system=DEPARTMENTS, code=code)
        assert (values(found)["result"], matches(found)) == (False, [("unmatched", "")])
    elsewhere = asked(sqlite_client, "ConceptMap/map/$translate", system=GENDER, code="male")
    assert (values(elsewhere)["result"], matches(elsewhere)) == (False, [])


def test_codes_the_map_does_not_name_follow_its_rule(sqlite_client: httpx.Client) -> None:
    found = asked(sqlite_client, "ConceptMap/map/$translate", system=DEPARTMENTS, code="SURG")
    assert matches(found) == [("wider", "99")]
    kept = {**MAP, "group": [{**MAP["group"][0], "unmapped": {"mode": "provided"}}]}
    body = parameters(
        given("conceptMap", kept), {"name": "code", "valueCode": "SURG"}, {"name": "system", "valueUri": DEPARTMENTS}
    )
    assert matches(asked(sqlite_client, "ConceptMap/$translate", body)) == [("equivalent", "SURG")]
    other = {**MAP, "group": [{**MAP["group"][0], "unmapped": {"mode": "other-map", "url": "http://x.test/map"}}]}
    body["parameter"][0] = given("conceptMap", {**other, "url": "http://x.test/first"})
    assert matches(asked(sqlite_client, "ConceptMap/$translate", body)) == [("wider", "99")]


def test_maps_that_pass_a_code_on_to_each_other_come_to_an_end(sqlite_client: httpx.Client) -> None:
    for name, other in (("ping", "pong"), ("pong", "ping")):
        group = {
            "source": GENDER,
            "element": [{"code": "x"}],
            "unmapped": {"mode": "other-map", "url": f"http://x.test/{other}"},
        }
        body = {
            "resourceType": "ConceptMap",
            "id": name,
            "url": f"http://x.test/{name}",
            "status": "active",
            "group": [group],
        }
        assert sqlite_client.put(f"/ConceptMap/{name}", json=body).status_code == 201
    found = asked(sqlite_client, "ConceptMap/ping/$translate", system=GENDER, code="male")
    assert (values(found)["result"], matches(found)) == (False, [])


def test_a_map_is_read_backwards(sqlite_client: httpx.Client) -> None:
    found = asked(sqlite_client, "ConceptMap/map/$translate", system="http://y.test/cs", code="0301", reverse="true")
    assert matches(found) == [("narrower", "CARD")]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"url": "http://x.test/none", "system": DEPARTMENTS, "code": "CARD"}, 404),
        ({"url": "http://x.test/map", "code": "CARD"}, 400),
        ({"url": "http://x.test/map"}, 400),
    ],
)
def test_a_translation_that_makes_no_sense(sqlite_client: httpx.Client, query: Json, status: int) -> None:
    assert refused(sqlite_client, "ConceptMap/$translate", **query)[0] == status


def test_a_caller_uses_the_definitions_he_may_see(guarded: httpx.Client) -> None:
    guarded.put("/CodeSystem/departments", json=SYSTEM, headers={"x-owner": "one"})
    query = f"/CodeSystem/$lookup?system={DEPARTMENTS}&code=IM"
    assert guarded.get(query, headers={"x-owners": "one"}).status_code == 200
    assert guarded.get(query, headers={"x-owners": "two"}).status_code == 422


def test_a_parameter_that_is_a_resource_and_a_value_is_refused(sqlite_client: httpx.Client) -> None:
    row = {"name": "code", "resource": {"resourceType": "ValueSet"}, "valueCode": [None]}
    answer = sqlite_client.post("/CodeSystem/$lookup", json={"resourceType": "Parameters", "parameter": [row]})
    assert answer.status_code == 400
    assert answer.json()["issue"][0]["expression"] == ["Parameters.parameter[0]"]
