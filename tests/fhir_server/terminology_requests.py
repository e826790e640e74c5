"""A code system, a value set and a map of the tests, and how the terminology operations are asked."""

from __future__ import annotations

from typing import Any

import httpx

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


def load(client: httpx.Client) -> None:
    for resource in (SYSTEM, IMPORTING, MAP):
        answer = client.put(f"/{resource['resourceType']}/{resource['id']}", json=resource)
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
