"""$diff: the patch between two versions is right when it makes the one of the other."""

from __future__ import annotations

import random
from typing import Any

import httpx
import pytest

from fhir_server.operations.difference import difference
from profiles.validator import validate
from tests.fhir_server.conftest import observation, patient

Json = dict[str, Any]


def patched(client: httpx.Client, key: str, changes: list[Json]) -> Json:
    """The Patient after the server has applied the changes to it."""
    body = {"resourceType": "Parameters", "parameter": changes}
    answer = client.patch(f"/Patient/{key}", json=body, headers={"content-type": "application/fhir+json"})
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


def bare(resource: Json) -> Json:
    meta = {name: value for name, value in resource.get("meta", {}).items() if name not in ("versionId", "lastUpdated")}
    return {name: value for name, value in resource.items() if name != "meta"} | ({"meta": meta} if meta else {})


NAME = {"family": "王", "given": ["小", "明"], "use": "official"}
PAIRS: dict[str, tuple[Json, Json]] = {
    "a primitive": ({"gender": "male"}, {"gender": "female"}),
    "something new": ({}, {"birthDate": "2000-01-01", "name": [NAME]}),
    "something gone": (
        {"birthDate": "2000-01-01", "name": [NAME, {"text": "x"}], "gender": "male"},
        {"gender": "male"},
    ),
    "inside an element": ({"name": [NAME]}, {"name": [{**NAME, "family": "李"}]}),
    "a longer list": ({"name": [NAME]}, {"name": [NAME, {"text": "a"}, {"text": "b"}]}),
    "an item before others": ({"name": [NAME]}, {"name": [{"text": "a"}, {"text": "b"}, NAME]}),
    "a shorter list": ({"name": [{"text": "a"}, {"text": "b"}, NAME]}, {"name": [NAME]}),
    "primitives of a list": ({"name": [NAME]}, {"name": [{**NAME, "given": ["小", "大", "明"]}]}),
    "another choice": ({"deceasedBoolean": True}, {"deceasedDateTime": "2020-01-01"}),
    "an extension of a primitive": (
        {"birthDate": "2000-01-01"},
        {"birthDate": "2000-01-01", "_birthDate": {"extension": [{"url": "http://x.test/e", "valueCode": "y"}]}},
    ),
    "extensions": (
        {"extension": [{"url": "http://x.test/a", "valueString": "1"}]},
        {
            "extension": [
                {"url": "http://x.test/a", "valueString": "2"},
                {"url": "http://x.test/b", "extension": [{"url": "c", "valueDecimal": 1.5}]},
            ]
        },
    ),
    "a backbone": (
        {"contact": [{"name": {"text": "a"}, "gender": "male"}]},
        {"contact": [{"name": {"text": "b"}, "gender": "male"}, {"telecom": [{"system": "phone", "value": "1"}]}]},
    ),
    "the narrative": (
        {"text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">a</div>'}},
        {"text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">b</div>'}},
    ),
    "what is contained": (
        {},
        {
            "contained": [{"resourceType": "Organization", "id": "o", "name": "O"}],
            "managingOrganization": {"reference": "#o"},
        },
    ),
    "labels": ({"meta": {"tag": [{"code": "a"}]}}, {"meta": {"tag": [{"code": "a"}, {"code": "b"}], "source": "s"}}),
}


@pytest.mark.parametrize("what", sorted(PAIRS))
def test_applying_the_changes_gives_the_new_version(sqlite_client: httpx.Client, what: str) -> None:
    key = what.replace(" ", "-")
    old, new = ({**patient(key), **part} for part in PAIRS[what])
    assert sqlite_client.put(f"/Patient/{key}", json=old).status_code == 201
    assert sqlite_client.put(f"/Patient/{key}", json=new).status_code == 200
    answer = sqlite_client.get(f"/Patient/{key}/$diff")
    assert answer.status_code == 200
    against = [issue for issue in validate(answer.json()) if issue.refuses]
    # A reference into the resource itself leads nowhere from inside a Parameters resource.
    assert [issue for issue in against if issue.details.get("key") != "ref-1"] == []
    changes = answer.json()["parameter"]
    assert sqlite_client.put(f"/Patient/{key}", json=old).status_code == 200
    assert bare(patched(sqlite_client, key, changes)) == bare(new)


def _random_patient(draw: random.Random) -> Json:
    def some(*choices: Any) -> list[Any]:
        return draw.sample(choices, draw.randint(0, len(choices)))

    found: Json = {
        "name": [
            {"use": use, **({"given": given} if (given := some("a", "b", "c")) else {})}
            for use in some("usual", "official", "old")
        ],
        "telecom": [{"system": "phone", "value": value} for value in some("1", "2", "3")],
        "contact": [{"name": {"text": text}, "gender": draw.choice(("male", "female"))} for text in some("x", "y")],
    }
    found = {name: value for name, value in found.items() if value}
    return {
        **found,
        **draw.choice(({}, {"gender": "male"}, {"multipleBirthInteger": 2}, {"multipleBirthBoolean": True})),
    }


def test_any_two_versions_lead_to_each_other(sqlite_client: httpx.Client) -> None:
    draw = random.Random(7)
    for number in range(25):
        key = f"random-{number}"
        old, new = ({**patient(key), **_random_patient(draw)} for _ in range(2))
        sqlite_client.put(f"/Patient/{key}", json=old)
        changes = difference(old, new)
        after = patched(sqlite_client, key, changes) if changes else old
        assert bare(after) == bare(new), (old, new)


def test_the_versions_can_be_named(sqlite_client: httpx.Client) -> None:
    for gender in ("male", "female", "other"):
        sqlite_client.put("/Patient/n", json=patient("n", gender=gender))

    def to(address: str) -> str:
        answer = sqlite_client.get(address)
        assert answer.status_code == 200, answer.text
        (operation,) = answer.json()["parameter"]
        found: str = operation["part"][-1]["valueCode"]
        return found

    assert to("/Patient/n/$diff") == "other"
    assert to("/Patient/n/_history/2/$diff") == "female"
    assert to("/Patient/n/$diff?fromVersion=3&toVersion=1") == "male"
    assert to("/$diff?from=Patient/n/_history/1&to=Patient/n") == "other"
    assert sqlite_client.get("/Patient/n/$diff?fromVersion=1&toVersion=1").json() == {"resourceType": "Parameters"}


def test_a_first_version_is_all_new(sqlite_client: httpx.Client) -> None:
    sqlite_client.put("/Patient/f", json=patient("f", gender="male"))
    operations = sqlite_client.get("/Patient/f/$diff").json()["parameter"]
    assert {part["valueCode"] for each in operations for part in each["part"] if part["name"] == "type"} == {"add"}


def test_what_cannot_be_compared(sqlite_client: httpx.Client) -> None:
    sqlite_client.put("/Patient/c", json=patient("c"))
    sqlite_client.put("/Observation/c", json=observation("c"))
    assert sqlite_client.get("/Patient/c/$diff?toVersion=9").status_code == 404
    assert sqlite_client.get("/Patient/never/$diff").status_code == 404
    assert sqlite_client.get("/Patient/c/_history/1/$diff?toVersion=1").status_code == 400
    assert sqlite_client.get("/$diff?from=Patient/c&to=Observation/c").status_code == 400
    assert sqlite_client.get("/$diff?from=Patient/c").status_code == 400
    assert sqlite_client.get("/$diff?from=http://else.test/Patient/c&to=Patient/c").status_code == 400
    sqlite_client.delete("/Patient/c")
    assert sqlite_client.get("/Patient/c/$diff").status_code == 410


def test_a_caller_compares_what_he_may_see(guarded: httpx.Client) -> None:
    guarded.put("/Patient/g", json=patient("g"), headers={"x-owner": "one"})
    for address in ("/Patient/g/$diff", "/$diff?from=Patient/g&to=Patient/g/_history/1"):
        assert guarded.get(address, headers={"x-owners": "two"}).status_code == 404
        assert guarded.get(address, headers={"x-owners": "one"}).status_code == 200
