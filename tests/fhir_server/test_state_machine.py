"""Any sequence of interactions against a plain dictionary: the server must agree after every step."""

from __future__ import annotations

import itertools
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

SYSTEM = "urn:oid:2.16.156.10011.1.3"
JSON_PATCH = {"content-type": "application/json-patch+json"}
_worlds = itertools.count(1)
families = st.sampled_from(["赵", "钱", "孙", "Li", "LI"])
numbers = st.integers(min_value=0, max_value=3)


class Store(RuleBasedStateMachine):
    """`living` maps an id to the body, `versions` to how many versions there are; each run has a world of its own."""

    http: httpx.Client
    ids = Bundle("ids")

    @initialize()
    def begin(self) -> None:
        self.world = f"w{next(_worlds)}"
        self.living: dict[str, dict[str, Any]] = {}
        self.versions: dict[str, int] = {}

    def patient(self, family: str, number: int) -> dict[str, Any]:
        identifier = {"system": SYSTEM, "value": f"{self.world}-{number}"}
        tag = {"system": "urn:world", "code": self.world}
        return {
            "resourceType": "Patient",
            "meta": {"tag": [tag]},
            "identifier": [identifier],
            "name": [{"family": family}],
        }

    def holding(self, number: int) -> list[str]:
        value = f"{self.world}-{number}"
        return [name for name, body in self.living.items() if body["identifier"][0]["value"] == value]

    def keep(self, name: str, body: dict[str, Any]) -> None:
        """A write of the model: an identical body makes no version."""
        if self.living.get(name) != body:
            self.versions[name] = self.versions.get(name, 0) + 1
            self.living[name] = body

    # -- interactions ------------------------------------------------------------------------------------------------

    @rule(target=ids, family=families, number=numbers)
    def create(self, family: str, number: int) -> str:
        body = self.patient(family, number)
        answer = self.http.post("/Patient", json=body)
        assert answer.status_code == 201
        name: str = answer.json()["id"]
        self.keep(name, body)
        return name

    @rule(family=families, number=numbers)
    def conditional_create(self, family: str, number: int) -> None:
        body, held = self.patient(family, number), self.holding(number)
        asked = {"if-none-exist": f"identifier={SYSTEM}|{self.world}-{number}"}
        answer = self.http.post("/Patient", json=body, headers=asked)
        assert answer.status_code == (201, 200, 412)[min(len(held), 2)]
        if not held:
            self.keep(answer.json()["id"], body)

    @rule(family=families, number=numbers)
    def conditional_update(self, family: str, number: int) -> None:
        body, held = self.patient(family, number), self.holding(number)
        answer = self.http.put("/Patient", params={"identifier": f"{SYSTEM}|{self.world}-{number}"}, json=body)
        assert answer.status_code == (201, 200, 412)[min(len(held), 2)]
        if len(held) < 2:
            self.keep(answer.json()["id"], body)

    @rule(name=ids, family=families, number=numbers)
    def update(self, name: str, family: str, number: int) -> None:
        body, living = self.patient(family, number), name in self.living
        answer = self.http.put(f"/Patient/{name}", json=body | {"id": name})
        assert answer.status_code == (200 if living else 201)
        self.keep(name, body)
        assert answer.headers["etag"] == f'W/"{self.versions[name]}"'

    @rule(name=ids, family=families, stale=st.booleans())
    def guarded_update(self, name: str, family: str, stale: bool) -> None:
        if name not in self.living:
            return
        body = self.patient(family, 0)
        match = {"if-match": f'W/"{self.versions[name] + stale}"'}
        answer = self.http.put(f"/Patient/{name}", json=body | {"id": name}, headers=match)
        assert answer.status_code == (412 if stale else 200)
        if not stale:
            self.keep(name, body)

    @rule(name=ids, family=families)
    def patch(self, name: str, family: str) -> None:
        operations = [{"op": "replace", "path": "/name/0/family", "value": family}]
        answer = self.http.patch(f"/Patient/{name}", json=operations, headers=JSON_PATCH)
        if name not in self.living:
            assert answer.status_code in (404, 410)
            return
        assert answer.status_code == 200
        self.keep(name, self.living[name] | {"name": [{"family": family}]})

    @rule(name=consumes(ids))
    def delete(self, name: str) -> None:
        assert self.http.delete(f"/Patient/{name}").status_code == 204
        if self.living.pop(name, None) is not None:
            self.versions[name] += 1

    @rule(family=families, number=numbers, fails=st.booleans())
    def transaction(self, family: str, number: int, fails: bool) -> None:
        body = self.patient(family, number)
        second = {"resourceType": "Patient", "gender": "neither"} if fails else self.patient(family, number)
        requests = [{"resource": one, "request": {"method": "POST", "url": "Patient"}} for one in (body, second)]
        answer = self.http.post("", json={"resourceType": "Bundle", "type": "transaction", "entry": requests})
        assert answer.status_code == (422 if fails else 200), answer.text
        if not fails:
            for entry in answer.json()["entry"]:
                self.keep(entry["response"]["location"].split("Patient/")[1].split("/")[0], body)

    # -- what must hold ----------------------------------------------------------------------------------------------

    @rule(number=numbers)
    def search_by_identifier(self, number: int) -> None:
        found = self.http.get("/Patient", params={"identifier": f"{SYSTEM}|{self.world}-{number}"}).json()
        assert sorted(self.named(found)) == sorted(self.holding(number))
        assert found["total"] == len(self.holding(number))

    @rule(family=families)
    def search_by_name(self, family: str) -> None:
        found = self.http.get("/Patient", params={"_tag": f"urn:world|{self.world}", "name": family}).json()
        same = [n for n, b in self.living.items() if b["name"][0]["family"].casefold() == family.casefold()]
        assert sorted(self.named(found)) == sorted(same)

    @rule(name=ids)
    def history(self, name: str) -> None:
        found = self.http.get(f"/Patient/{name}/_history").json()
        assert [entry["response"]["etag"] for entry in found["entry"]] == [
            f'W/"{version}"' for version in range(self.versions[name], 0, -1)
        ]

    @rule(name=ids)
    def read(self, name: str) -> None:
        answer = self.http.get(f"/Patient/{name}")
        assert answer.status_code == (200 if name in self.living else 410)
        if name in self.living:
            assert answer.json()["name"] == self.living[name]["name"]

    @invariant()
    def everything_is_found_by_its_tag(self) -> None:
        if not hasattr(self, "world"):
            return
        found = self.http.get("/Patient", params={"_tag": f"urn:world|{self.world}", "_count": "3"}).json()
        names = self.named(found)
        while following := [link["url"] for link in found["link"] if link["relation"] == "next"]:
            found = self.http.get(following[0]).json()
            names += self.named(found)
        assert sorted(names) == sorted(self.living)

    @staticmethod
    def named(bundle: dict[str, Any]) -> list[str]:
        return [entry["resource"]["id"] for entry in bundle.get("entry", [])]


@pytest.mark.slow
def test_any_sequence_of_interactions_agrees_with_a_plain_dictionary(client: httpx.Client) -> None:
    machine = type("Served", (Store,), {"http": client})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=12,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )
