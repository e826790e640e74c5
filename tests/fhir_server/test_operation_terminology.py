"""$expand, $validate-code, $lookup, $subsumes and $translate on R4's own definitions, stored ones and inline ones."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from profiles.validator import validate

Json = dict[str, Any]
GENDER = "http://hl7.org/fhir/administrative-gender"
V3 = "http://terminology.hl7.org/CodeSystem/v3-"
DEPARTMENTS = "http://x.test/departments"
SYSTEM: Json = {
    **{"resourceType": "CodeSystem", "id": "departments", "url": DEPARTMENTS, "version": "2", "name": "Departments"},
    **{"status": "active", "content": "complete", "valueSet": "http://x.test/all-departments"},
    "property": [{"code": "beds", "type": "integer"}, {"code": "status", "type": "code"}],
    "concept": [
        {
            **{"code": "IM", "display": "Internal medicine", "definition": "Without surgery"},
            "designation": [{"language": "zh", "value": "内科"}],
            "property": [{"code": "notSelectable", "valueBoolean": True}],
            "concept": [
                {
                    **{"code": "CARD", "display": "Cardiology", "designation": [{"language": "zh", "value": "心内科"}]},
                    "property": [{"code": "beds", "valueInteger": 40}],
                },
                {"code": "RESP", "display": "Respiratory", "property": [{"code": "beds", "valueInteger": 20}]},
                {"code": "OLD", "display": "Tuberculosis", "property": [{"code": "status", "valueCode": "retired"}]},
            ],
        },
        {"code": "SURG", "display": "Surgery"},
    ],
}
IMPORTING: Json = {
    **{"resourceType": "ValueSet", "id": "some", "url": "http://x.test/some", "version": "1", "status": "active"},
    "compose": {
        "include": [
            {"valueSet": ["http://x.test/all-departments"]},
            {"system": GENDER, "concept": [{"code": "other", "display": "Else"}]},
        ],
        "exclude": [{"system": DEPARTMENTS, "concept": [{"code": "SURG"}]}],
    },
}
MAP: Json = {
    **{"resourceType": "ConceptMap", "id": "map", "url": "http://x.test/map", "status": "active"},
    **{"sourceUri": "http://x.test/all-departments", "targetUri": "http://y.test/vs"},
    "group": [
        {
            **{"source": DEPARTMENTS, "target": "http://y.test/cs", "targetVersion": "5"},
            "element": [
                {
                    "code": "CARD",
                    "target": [
                        {
                            **{"code": "0301", "display": "Heart", "equivalence": "wider"},
                            "product": [{"property": "http://y.test/kind", "system": "http://y.test/k", "value": "w"}],
                        }
                    ],
                },
                {"code": "OLD", "target": [{"equivalence": "unmatched"}]},
                {"code": "RESP"},
            ],
            "unmapped": {"mode": "fixed", "code": "99", "display": "Other"},
        }
    ],
}


@pytest.fixture(scope="module", autouse=True)
def _loaded(sqlite_client: httpx.Client) -> None:
    for resource in (SYSTEM, IMPORTING, MAP):
        answer = sqlite_client.put(f"/{resource['resourceType']}/{resource['id']}", json=resource)
        assert answer.status_code == 201, answer.text


def asked(client: httpx.Client, address: str, body: Json | None = None, **query: Any) -> Json:
    answer = client.get(f"/{address}", params=query) if body is None else client.post(f"/{address}", json=body)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    assert [issue for issue in validate(found) if issue.refuses] == []
    return found


def refused(client: httpx.Client, address: str, body: Json | None = None, **query: Any) -> tuple[int, str]:
    answer = client.get(f"/{address}", params=query) if body is None else client.post(f"/{address}", json=body)
    assert answer.status_code >= 400, answer.text
    return answer.status_code, answer.json()["issue"][0]["details"]["coding"][0]["code"]


def expanded(client: httpx.Client, address: str, body: Json | None = None, **query: Any) -> list[str]:
    return [each["code"] for each in asked(client, address, body, **query)["expansion"].get("contains", [])]


def values(answer: Json) -> Json:
    """The plain out-parameters by name."""
    return {
        row["name"]: next(value for name, value in row.items() if name.startswith("value"))
        for row in answer["parameter"]
        if "part" not in row
    }


def parameters(*rows: Json) -> Json:
    return {"resourceType": "Parameters", "parameter": list(rows)}


def given(name: str, resource: Json) -> Json:
    return {"name": name, "resource": {key: value for key, value in resource.items() if key != "id"}}


def including(*parts: Json, **elements: Any) -> Json:
    value_set = {"resourceType": "ValueSet", "status": "active", **elements, "compose": {"include": list(parts)}}
    return parameters({"name": "valueSet", "resource": value_set})


# ---------------------------------------------------------------------------------------------------------- $expand


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
