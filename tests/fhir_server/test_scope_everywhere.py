"""A caller of institution A learns nothing of institution B, by no request: no id, no value, no number.

Two servers hold the same data of A, one of them B's besides, entangled with A's. Whatever A asks, both must answer the
same: status, headers and body. What differs by nature (addresses, times, page marks, drawn ids) is levelled first.
"""

from __future__ import annotations

import os
import random
import re
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx
import pytest

from fhir_server.security.secret import Secret
from fhir_server.settings import Settings
from tests.fhir_server.conftest import by_header, running
from tests.fhir_server.scope_requests import KINDS, Ask, conditions
from tests.fhir_server.two_institutions import MINE, THEIRS

A = {"x-owners": "a", "x-owner": "a"}
SOME = int(os.environ.get("QIAO_SCOPE_REQUESTS", "60"))
"""How many requests of each kind one run sends; 0 sends all 17,000 (`QIAO_SCOPE_REQUESTS=0`)."""
_LEVELLED = (
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[^\"'<&]*"), "TIME"),
    (re.compile(r"(_cursor|_page)(=|%3D)[\w\-=.%]+"), "MARK"),
    (re.compile(r'W/"[0-9a-f]{16}"'), "TAG"),
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "DRAWN"),
    (re.compile(r'"(token|valueString)":"[\w\-=.]{40,}"'), '"token":"TOKEN"'),
)


class Sides(NamedTuple):
    """`both` holds the data of A and B, `alone` that of A."""

    both: httpx.Client
    alone: httpx.Client


def _filled(url: str, *, with_theirs: bool) -> None:
    """A's and B's resources in turn, each with a second version; then a deleted one of each."""
    free = Settings(database=url, cursor_key=Secret("k"), referential_integrity=False)
    with running(free, identify=by_header) as address, httpx.Client(base_url=f"{address}/fhir", timeout=60) as client:
        for mine, theirs in zip(MINE, THEIRS, strict=True):
            for owner, resource in (("b", theirs), ("a", mine)):
                if owner == "a" or with_theirs:
                    at = f"/{resource['resourceType']}/{resource['id']}"
                    for body in (resource, {**resource, "language": "zh"}):
                        answer = client.put(at, json=body, headers={"x-owner": owner})
                        assert answer.status_code in (200, 201), answer.text
        _settled(client)
        for owner in ("a", *("b" if with_theirs else "")):
            gone = {"resourceType": "Basic", "id": f"{owner}-secret-gone", "code": {"text": "SECRET"}}
            client.put(f"/Basic/{gone['id']}", json=gone, headers={"x-owner": owner})
            client.delete(f"/Basic/{gone['id']}", headers={"x-owner": owner})


def _settled(client: httpx.Client) -> None:
    """The server answers a requested Subscription with a version of its own: that happens before anything is asked."""
    for _ in range(200):
        if client.get("/Subscription?status=requested&_summary=count").json()["total"] == 0:
            return
        time.sleep(0.05)
    raise AssertionError("the Subscriptions were not taken up")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def sides(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sides]:
    if request.param == "sqlite":
        urls = [f"sqlite:///{tmp_path_factory.mktemp(name)}/qiao.db" for name in ("both", "alone")]
    else:
        server = request.getfixturevalue("postgres_server")
        urls = [server.create(f"scope_{name}_{os.getpid()}") for name in ("both", "alone")]
    _filled(urls[0], with_theirs=True)
    _filled(urls[1], with_theirs=False)
    both, alone = (Settings(database=url, cursor_key=Secret("k")) for url in urls)
    with (
        running(both, identify=by_header) as first,
        running(alone, identify=by_header) as second,
        httpx.Client(base_url=f"{first}/fhir", timeout=60, headers=A) as one,
        httpx.Client(base_url=f"{second}/fhir", timeout=60, headers=A) as other,
    ):
        yield Sides(one, other)


def _sent(client: httpx.Client, ask: Ask, **headers: str) -> list[httpx.Response]:
    """The answer, and the pages that follow it."""
    given = {**dict(ask.headers), **headers}
    answers = [client.request(ask.method, ask.address, json=ask.body, headers=given)]
    if (
        ask.body is None
        and ask.method == "GET"
        and answers[0].headers.get("content-type", "").startswith("application/fhir+json")
    ):
        while (following := _next(answers[-1].json())) and len(answers) < 30:
            answers.append(client.get(following, headers=given))
    return answers


def _next(bundle: Any) -> str:
    return next((link["url"] for link in bundle.get("link", ()) if link["relation"] == "next"), "")


def _levelled(client: httpx.Client, answers: list[httpx.Response]) -> list[tuple[int, str]]:
    return [(answer.status_code, _level(client, answer)) for answer in answers]


def _level(client: httpx.Client, answer: httpx.Response) -> str:
    base = str(client.base_url).rstrip("/")
    kept = "".join(f"{name}: {answer.headers.get(name, '')}\n" for name in ("etag", "location", "content-location"))
    text = (kept + answer.text).replace(base, "BASE").replace("ws" + base[4:], "WS")
    for pattern, word in _LEVELLED:
        text = pattern.sub(word, text)
    return text


def _chosen() -> list[Ask]:
    """Some of every kind, or all of them."""
    spread = random.Random(os.environ.get("QIAO_SCOPE_SEED", "1"))
    kinds = [list(kind()) for kind in KINDS]
    return [ask for kind in kinds for ask in (spread.sample(kind, min(SOME, len(kind))) if SOME else kind)]


def test_whatever_is_asked_the_other_institution_makes_no_difference(sides: Sides) -> None:
    told = []
    for ask in _chosen():
        seen, expected = _sent(sides.both, ask), _sent(sides.alone, ask)
        if _levelled(sides.both, seen) != _levelled(sides.alone, expected):
            told.append((ask, [a.text[:600] for a in seen][:1], [a.text[:600] for a in expected][:1]))
        assert all(answer.status_code < 500 for answer in seen), ask
    assert told == []


def test_the_requests_would_find_the_other_institution_if_they_could(sides: Sides) -> None:
    """The same requests of a caller who sees everything: where these show B, those above had something to hide."""
    both = httpx.Client(base_url=sides.both.base_url, timeout=60)
    spread = random.Random(2)
    for kind in KINDS[:-1]:  # the last kind writes
        asks = [ask for ask in kind() if ask.method == "GET" or ask.address == "/"]
        chosen = spread.sample(asks, min(30, len(asks)))
        different = sum(
            _levelled(both, _sent(both, ask)) != _levelled(sides.alone, _sent(sides.alone, ask)) for ask in chosen
        )
        assert different >= len(chosen) // 4, kind.__name__
    both.close()


def test_no_request_has_changed_what_is_of_the_other_institution(sides: Sides) -> None:
    for ask in conditions():
        _sent(sides.both, ask)
    theirs = {"x-owners": "b", "x-owner": "b"}
    for resource in THEIRS:
        at = f"/{resource['resourceType']}/{resource['id']}"
        tag = httpx.get(f"{sides.both.base_url}{at[1:]}", headers=theirs).headers["etag"]
        assert tag == ('W/"3"' if resource["resourceType"] == "Subscription" else 'W/"2"'), at


def test_an_export_holds_what_the_caller_may_see(sides: Sides) -> None:
    for address in (
        "/$export",
        "/Patient/$export",
        "/Group/a-group/$export",
        "/$export?_typeFilter=Observation%3Fpatient.name%3DFam",
    ):
        both, alone = (_exported(client, address) for client in sides)
        assert both == alone
        assert both
        assert not [line for line in both if '"id":"b-secret' in line]
    hidden = sides.both.get("/Group/b-secret-group/$export", headers={"prefer": "respond-async"})
    assert hidden.status_code == 404


def _exported(client: httpx.Client, address: str) -> list[str]:
    started = client.get(address, headers={"prefer": "respond-async"})
    assert started.status_code == 202, started.text
    job = started.headers["content-location"]
    for _ in range(400):
        answer = client.get(job)
        if answer.status_code != 202:
            break
        time.sleep(0.02)
    assert client.get(job, headers={"x-owners": "b"}).status_code == 404
    files = [file["url"] for file in answer.json()["output"]]
    assert all(client.get(file, headers={"x-owners": "b"}).status_code == 404 for file in files)
    return sorted(_LEVELLED[0][0].sub("TIME", line) for file in files for line in client.get(file).text.splitlines())


def test_how_much_there_is_to_reindex_is_not_told_to_who_sees_a_part(sides: Sides) -> None:
    added = {
        **{"resourceType": "SearchParameter", "id": "a-sp", "url": "http://example.cn/sp", "name": "Ward"},
        **{"status": "active", "description": "d", "code": "ward", "base": ["Patient"], "type": "string"},
        "expression": "Patient.name.text",
    }
    assert sides.both.put("/SearchParameter/a-sp", json=added).status_code in (200, 201)
    said = []
    job = sides.both.post("/$reindex").headers["content-location"]
    for _ in range(400):
        said.append(sides.both.get("/$reindex").text)
        answer = sides.both.get(job)
        said.append(answer.headers.get("x-progress", ""))
        if answer.status_code != 202:
            break
        time.sleep(0.01)
    assert answer.json() == {"resourceType": "Parameters"}
    assert [text for text in said if "resources" in text] == []


def test_a_delete_tells_nothing_of_who_refers(sides: Sides) -> None:
    """That somebody does cannot be kept secret: the resource has to stay."""
    answer = sides.both.delete("/Patient/a-p1")
    assert answer.status_code == 409
    assert "secret" not in answer.text.lower()
    assert "…" in answer.json()["issue"][0]["details"]["text"]


def test_an_id_that_is_taken_says_no_more_than_that(sides: Sides) -> None:
    body = {"resourceType": "Patient", "id": "b-secret-p1"}
    for answer in (
        sides.both.put("/Patient/b-secret-p1", json=body),
        sides.both.put("/Patient?identifier=http://x|nobody", json=body),
    ):
        assert answer.status_code in (404, 409)
        assert "SECRET" not in answer.text
