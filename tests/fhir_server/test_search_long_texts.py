"""Texts longer than what a list keeps of them: nothing matches by its first characters alone, and nothing is lost."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from fhir_server.search.text import LONGEST
from tests.fhir_server.conftest import Store

HEAD = "高血压患者随访管理规范" * 20  # 220 characters
A, B = HEAD + "甲", HEAD + "乙"
SHORT = HEAD[:LONGEST]
TAIL = "第八百字后的肾功能复查 and the end"
DEEP = "x y " * 200 + TAIL
URL = "http://example.org/" + "u" * 490


def _library(name: str, description: str, url: str) -> dict[str, Any]:
    return {
        "resourceType": "Library",
        "id": name,
        "status": "active",
        "url": url,
        "type": {"text": description},
        "description": description,
    }


@pytest.fixture(scope="module")
def shelf(module_store: Store) -> Store:
    texts = {"a": A, "b": B, "short": SHORT, "deep": DEEP}
    module_store.put(*(_library(name, text, f"{URL}/{name}") for name, text in texts.items()))
    return module_store


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (f"description={SHORT}", {"a", "b", "short"}),
        (f"description={HEAD[:50]}", {"a", "b", "short"}),
        (f"description:exact={A}", {"a"}),
        (f"description:exact={SHORT}", {"short"}),
        ("description:contains=范甲", {"a"}),
        ("description:contains=第八百字后的", {"deep"}),
        ("description:contains=the end", {"deep"}),
        (f"description:contains={DEEP[-LONGEST:].strip()}", {"deep"}),
        (f"_filter=description eq \"{SHORT}\"", {"short"}),
        (f"_filter=description ne \"{SHORT}\"", {"a", "b", "deep"}),
        ("_filter=description ew \"the end\"", {"deep"}),
        (f"_filter=description ew \"{HEAD[LONGEST - 10 : LONGEST]}\"", {"short"}),
        ("type:text=end", {"deep"}),
        ("type:text=nd", set()),
        ("description=y x", set()),
    ],
)  # fmt: skip
def test_a_long_text_is_found_by_what_it_says(shelf: Store, query: str, found: set[str]) -> None:
    name, _, value = query.partition("=")
    escaped = value.replace("&", "%26").replace(" ", "%20").replace('"', "%22")
    assert set(shelf.search(f"Library?{name}={escaped}")) == found


def _refused(client: httpx.Client, **parameters: str) -> tuple[int, str, str]:
    issue = (answer := client.get("/Library", params=parameters)).json()["issue"][0]
    return answer.status_code, issue["code"], issue["details"]["coding"][0]["code"]


def test_a_question_longer_than_what_is_kept_is_refused_and_the_exact_one_is_answered(
    sqlite_client: httpx.Client,
) -> None:
    assert sqlite_client.put("/Library/a", json=_library("a", A, URL)).status_code == 201
    for name in ("description", "description:contains", "type:text"):
        assert _refused(sqlite_client, **{name: B}) == (400, "too-long", "search-text-long"), name
    assert _refused(sqlite_client, _filter=f'description eq "{B}"') == (400, "too-long", "search-text-long")
    assert _refused(sqlite_client, **{"url:below": URL}) == (400, "too-long", "search-text-long")
    assert sqlite_client.get("/Library", params={"description:exact": A}).json()["total"] == 1
    assert sqlite_client.get("/Library", params={"description:exact": B}).json()["total"] == 0
    assert sqlite_client.get("/Library", params={"url": URL}).json()["total"] == 1
    assert sqlite_client.get("/Library", params={"url:below": URL[:100]}).json()["total"] == 0
    assert sqlite_client.get("/Library", params={"url:below": "http://example.org/"}).json()["total"] == 1


@pytest.mark.parametrize("sort", ["url", "-url", "type", "title", "title,-url,type,description"])
def test_pages_sorted_by_long_texts_lead_on(client: httpx.Client, sort: str) -> None:
    for n in range(3):
        long = _library(f"l{n}", "长" * 6000 + str(n), f"http://x.test/{'u' * 5000}{n}") | {"title": "😀" * 3000}
        assert client.put(f"/Library/l{n}", json=long).status_code == 201
    page, found = client.get("/Library", params={"_sort": sort, "_count": "1"}).json(), []
    while True:
        found += [entry["resource"]["id"] for entry in page["entry"]]
        following = [link["url"] for link in page["link"] if link["relation"] == "next"]
        if not following:
            break
        answer = client.get(following[0])
        assert answer.status_code == 200, answer.text
        page = answer.json()
    assert sorted(found) == ["l0", "l1", "l2"]
