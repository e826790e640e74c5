"""A page of many large resources is as long as memory allows, and the pages together still give each match once."""

from __future__ import annotations

import httpx
import pytest

from fhir_server.search import heavy as weight
from tests.fhir_server.conftest import Store, observation, patient

HEAVY = 150


@pytest.fixture(scope="module")
def heavy(module_store: Store) -> Store:
    module_store.put(
        *(
            patient(f"p{n:03}", gender="male", birthDate=f"19{n % 90 + 10}", name=[{"text": "x" * 1000}])
            for n in range(HEAVY)
        )
    )
    return module_store


@pytest.mark.parametrize("query", ["gender=male", "gender=male&_sort=birthdate", "gender=male&_sort=-_lastUpdated", ""])
@pytest.mark.parametrize("most", [10_000, 100_000])
def test_every_match_comes_once_however_short_the_pages(
    heavy: Store, query: str, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weight, "MOST_BYTES", most)
    seen, cursor, pages = [], "", 0
    while True:
        page = heavy.page(f"Patient?{query}&_count=149", cursor=cursor)
        seen += [each.id for each in page.matches]
        pages += 1
        assert page.total == HEAVY
        if not page.next:
            break
        cursor = page.next
    assert sorted(seen) == [f"p{n:03}" for n in range(HEAVY)]
    assert pages > HEAVY * 1000 / most, pages


def test_a_short_page_is_followed_back_and_forth(heavy: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weight, "MOST_BYTES", 50_000)
    first = heavy.page("Patient?gender=male&_count=120")
    second = heavy.page("Patient?gender=male&_count=120", cursor=first.next)
    assert [*first.matches][-1].id != second.matches[0].id and len(second.matches) < 120
    back = heavy.page("Patient?gender=male&_count=120", cursor=second.previous)
    assert [each.id for each in back.matches][-5:] == [each.id for each in first.matches][-5:]


def test_a_page_of_few_is_never_cut(heavy: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weight, "MOST_BYTES", 1)
    assert len(heavy.page("Patient?_count=100").matches) == 100


def test_the_links_over_http_lead_on(sqlite_client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weight, "MOST_BYTES", 5000)
    for n in range(8):
        sqlite_client.put(f"/Patient/h{n}", json=patient(f"h{n}", name=[{"text": "y" * 1500}]))
    page, found = sqlite_client.get("/Patient?name=y&_count=500").json(), []
    while True:
        found += [entry["resource"]["id"] for entry in page["entry"]]
        following = [link["url"] for link in page["link"] if link["relation"] == "next"]
        if not following:
            break
        page = sqlite_client.get(following[0]).json()
    assert sorted(found) == [f"h{n}" for n in range(8)]


def _pages(client: httpx.Client, address: str) -> list[list[str]]:
    """The full addresses of each page, following `next`."""
    page, found = client.get(address).json(), []
    while True:
        own = [entry for entry in page["entry"] if entry.get("search", {}).get("mode") != "include"]
        found.append([f"{entry['fullUrl']} {entry.get('response', {}).get('etag', '')}" for entry in own])
        following = [link["url"] for link in page["link"] if link["relation"] == "next"]
        if not following:
            return found
        page = client.get(following[0]).json()


def test_everything_and_histories_are_cut_where_they_are_heavy(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.put("/Patient/e", json=patient("e", name=[{"text": "n" * 3000}]))
    for n in range(6):
        client.put(
            f"/Observation/e{n}", json=observation(f"e{n}", subject={"reference": "Patient/e"}, valueString="v" * 3000)
        )
    ways = ("/Patient/e/$everything", "/_history", "/Observation/_history?_count=5")
    whole = {way: [each for page in _pages(client, way) for each in page] for way in ways}
    monkeypatch.setattr(weight, "MOST_BYTES", 8000)
    for way in ways:
        pages = _pages(client, way)
        assert [each for page in pages for each in page] == whole[way], way
        assert len(pages) >= 3 and max(map(len, pages)) <= 2, way


def test_a_cut_history_is_read_back(sqlite_client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(6):
        sqlite_client.put("/Patient/back", json=patient("back", name=[{"text": str(n) + "z" * 3000}]))
    monkeypatch.setattr(weight, "MOST_BYTES", 8000)
    page = sqlite_client.get("/Patient/back/_history").json()
    versions = []
    while following := [link["url"] for link in page["link"] if link["relation"] == "next"]:
        page = sqlite_client.get(following[0]).json()
    while True:
        versions += [entry["resource"]["meta"]["versionId"] for entry in reversed(page["entry"])]
        before = [link["url"] for link in page["link"] if link["relation"] == "previous"]
        if not before or len(versions) > 10:
            break
        page = sqlite_client.get(before[0]).json()
    assert versions == ["1", "2", "3", "4", "5", "6"]


def test_what_comes_along_is_refused_when_it_is_heavy(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    client.put("/Patient/r", json=patient("r"))
    entries = [
        {
            "resource": observation(f"r{n}", subject={"reference": "Patient/r"}, valueString="v" * 300),
            "request": {"method": "PUT", "url": f"Observation/r{n}"},
        }
        for n in range(120)
    ]
    assert client.post("/", json={"resourceType": "Bundle", "type": "transaction", "entry": entries}).status_code == 200
    practitioner = {"resourceType": "Practitioner", "id": "r", "name": [{"text": "w" * 9000}]}
    assert client.put("/Practitioner/r", json=practitioner).status_code == 201
    cared = patient("s", generalPractitioner=[{"reference": "Practitioner/r"}])
    assert client.put("/Patient/s", json=cared).status_code == 201
    addresses = ("/Patient?_id=r&_revinclude=Observation:subject", "/Patient/s/$everything")
    assert [len(client.get(address).json()["entry"]) for address in addresses] == [121, 2]
    monkeypatch.setattr(weight, "MOST_BYTES", 8000)
    for address in addresses:
        answer = client.get(address)
        assert (answer.status_code, answer.json()["issue"][0]["code"]) == (400, "too-costly"), address
