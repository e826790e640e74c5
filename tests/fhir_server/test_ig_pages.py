"""The guide at /ig on a real server: every page is there, every link leads somewhere, nothing is said unescaped."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urldefrag, urljoin

import httpx
import pytest

from fhir_server.ig import pages, tables
from fhir_server.ig.door import preferred
from fhir_server.ig.download import archive
from fhir_server.ig.guide import GROUPS, INVALID, group_of, guide
from fhir_server.ig.markup import highlighted, markdown
from fhir_server.ig.texts import texts
from fhir_server.settings import Settings
from profiles.definitions import resource_types
from profiles.packages import load
from profiles.shelf import GUIDE
from profiles.systems import CANONICAL_BASE
from tests.fhir_server.conftest import running

VOID = {"meta", "link", "input", "br", "img", "hr"}


class Page(HTMLParser):
    """The links, the ids and what is not closed of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: list[str] = []
        self.open: list[str] = []
        self.inline: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.links += [value for name in ("href", "src") if (value := given.get(name))]
        self.ids += [given["id"] or ""] if "id" in given else []
        self.inline += [name for name in given if name.startswith("on") or name == "style"]
        if tag in ("style",) or (tag == "script" and "src" not in given):
            self.inline.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open[-1] == tag, (tag, self.open[-4:], self.getpos())
        self.open.pop()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running(Settings(database=f"sqlite:///{tmp_path_factory.mktemp('ig')}/qiao.db")) as base:
        yield base


@pytest.fixture(scope="module")
def client(address: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=address, timeout=30, follow_redirects=True) as opened:
        yield opened


def _crawled(client: httpx.Client, start: str) -> dict[str, tuple[httpx.Response, Page | None]]:
    seen: dict[str, tuple[httpx.Response, Page | None]] = {}
    waiting = [str(client.base_url.join(start))]
    while waiting:
        url = waiting.pop()
        if url in seen:
            continue
        answer = client.get(url)
        page = Page(answer.text) if answer.headers["content-type"].startswith("text/html") else None
        seen[url] = (answer, page)
        for link in page.links if page else ():
            target = urldefrag(urljoin(url, link)).url
            if target.startswith(str(client.base_url)):
                waiting.append(target)
    return seen


def test_every_link_leads_to_a_page_and_every_anchor_to_a_place(client: httpx.Client) -> None:
    seen = _crawled(client, "/ig/")  # the switch leads on to both languages
    assert {answer.status_code for answer, _ in seen.values()} == {200}
    broken = [
        (url, link)
        for url, (_, page) in seen.items()
        if page
        for link in page.links
        if (target := urldefrag(urljoin(url, link))).fragment
        and target.url in seen
        and target.fragment not in seen[target.url][1].ids  # type: ignore[union-attr]
    ]
    assert broken == []
    found = {url.partition("/ig/")[2].partition("?")[0] for url in seen}
    expected = {*guide().by_place, *(case.place for case in guide().refused.values())}
    assert expected - found == set()
    assert {"package.tgz", "static/ig.css", "static/ig.js", "Patient/patient.json", "Patient/patient.xml"} <= found
    for _, page in seen.values():
        if page:
            assert page.open == []
            assert page.inline == []
            assert len(page.ids) == len(set(page.ids)), [one for one in page.ids if page.ids.count(one) > 1][:3]


def test_links_out_lead_to_pages_of_r4_and_of_the_terminologies_only() -> None:
    r4 = re.compile(
        r"http://hl7\.org/fhir/R4/([a-z]+|v2/\d{4}/index|v3/\w+/[cv]s|[a-z]+-[a-z0-9-]+)\.html(#[A-Za-z0-9]+)?"
    )
    others = {"http://loinc.org", "http://snomed.info/sct", "http://unitsofmeasure.org"}
    links = {link for place in guide().by_place for link in Page(pages.html(place, "en") or "").links}
    wrong = {link for link in links if link.startswith("http") and link not in others and not r4.fullmatch(link)}
    assert wrong == set()
    pages_of_types = {
        link.rpartition("/")[2].partition(".")[0] for link in links if re.search(r"/R4/[a-z]+\.html$", link)
    }
    known = {name.lower() for name in resource_types()} | {"element", "backboneelement", "resource"}
    assert pages_of_types <= known


def test_the_counts_of_the_index_are_those_of_the_package(client: httpx.Client) -> None:
    text = client.get("/ig/?lang=en").text
    structures = [json.loads(path.read_bytes())["type"] for path in GUIDE.folder.glob("StructureDefinition-*.json")]
    counts = {
        "Profiles": sum(kind != "Extension" for kind in structures),
        "Extensions": structures.count("Extension"),
        "Code systems": len(list(GUIDE.folder.glob("CodeSystem-*.json"))),
        "Value sets": len(list(GUIDE.folder.glob("ValueSet-*.json"))),
        "Examples": len(list((GUIDE.folder / "example").glob("[A-Z]*.json"))),
    }
    assert min(counts.values()) >= 20
    for name, number in counts.items():
        assert f"<b>{number}</b> {name}" in text


def test_every_profile_has_one_theme_that_has_a_name() -> None:
    assert {group_of(one) for one in guide().profiles} == set(GROUPS)
    assert {f"group-{name}" for name in GROUPS} <= set(texts("zh"))


def test_both_languages_have_every_word() -> None:
    assert all(texts("zh").values()) and all(texts("en").values())


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "zh"), ("en-GB,en;q=0.9", "en"), ("zh-CN,zh;q=0.9,en;q=0.8", "zh"), ("de, en;q=0.4, zh;q=0.2", "en"),
        ("fr", "zh"), ("en;q=zero", "zh"), ("en;q=0", "zh"),
    ],
)  # fmt: skip
def test_the_language_is_the_one_the_browser_prefers(header: str, language: str) -> None:
    assert preferred(header) == language


def test_the_address_decides_over_the_browser_and_goes_along(client: httpx.Client) -> None:
    answer = client.get("/ig/StructureDefinition/cmc-patient?lang=zh", headers={"accept-language": "en"})
    assert '<html lang="zh-CN">' in answer.text and "患者" in answer.text
    assert "gb-gender?lang=zh" in answer.text
    plain = client.get("/ig/StructureDefinition/cmc-patient", headers={"accept-language": "en"})
    assert '<html lang="en">' in plain.text and "gb-gender?" not in plain.text
    assert "Accept-Language" in plain.headers["vary"]


def test_a_page_is_not_sent_again_to_who_has_it(client: httpx.Client) -> None:
    first = client.get("/ig/ValueSet/hr-scope")
    again = client.get("/ig/ValueSet/hr-scope", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])


def test_a_page_is_packed_only_for_who_can_unpack_it(client: httpx.Client) -> None:
    plain = client.get("/ig/", headers={"accept-encoding": "identity"})
    packed = client.get("/ig/", headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in plain.headers and packed.headers["content-encoding"] == "gzip"
    assert plain.text == packed.text
    refused = client.get("/ig/", headers={"accept-encoding": "gzip;q=0"})
    assert "content-encoding" not in refused.headers


def test_what_is_not_there_is_404_and_what_is_not_read_405(client: httpx.Client) -> None:
    for place in ("nothing", "StructureDefinition/none", "invalid/none", "static/../../app.py", "Patient/none.json"):
        answer = client.get(f"/ig/{place}")
        assert answer.status_code == 404, place
    assert client.get("/ig/<script>x").text.count("<script>x") == 0
    answer = client.post("/ig/")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


def test_the_policy_allows_nothing_but_our_own_files(client: httpx.Client) -> None:
    for place in ("/ig/", "/ig/Patient/patient", "/ig/nothing"):
        policy = client.get(place).headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'self'; script-src 'self'")
        assert "unsafe" not in policy


def test_a_definition_is_there_as_json_and_xml(client: httpx.Client) -> None:
    as_json = client.get("/ig/StructureDefinition/cmc-patient.json")
    assert as_json.headers["content-type"].startswith("application/fhir+json")
    assert as_json.json() == guide().by_place["StructureDefinition/cmc-patient"].resource
    as_xml = client.get("/ig/StructureDefinition/cmc-patient.xml")
    assert as_xml.text.partition("<StructureDefinition xmlns=")[1]


def test_the_package_can_be_downloaded_and_loaded(client: httpx.Client, tmp_path: Path) -> None:
    answer = client.get("/ig/package.tgz")
    assert answer.headers["content-type"] == "application/gzip"
    assert 'filename="qiao.fhir.cmc.tgz"' in answer.headers["content-disposition"]
    path = tmp_path / "package.tgz"
    path.write_bytes(answer.content)
    registry, issues = load([path])
    assert not issues
    assert registry.structure(f"{CANONICAL_BASE}/StructureDefinition/cmc-patient")
    with tarfile.open(fileobj=io.BytesIO(answer.content)) as tar:
        names = tar.getnames()
    assert (
        names == sorted(names) and "package/package.json" in names and "package/example/Patient-patient.json" in names
    )


def test_the_package_is_the_same_bytes_in_another_process() -> None:
    code = "import hashlib; from fhir_server.ig.download import archive; print(hashlib.sha256(archive()).hexdigest())"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert other == hashlib.sha256(archive()).hexdigest()
    assert gzip.decompress(archive())


def test_a_sliced_profile_shows_its_slices_below_what_they_are_slices_of() -> None:
    rows = tables.rows(guide().by_place["StructureDefinition/cmc-patient"].resource, "en")
    ids = [row.id for row in tables.key_rows(rows)]
    at = ids.index("Patient.identifier:residentId")
    assert ids.index("Patient.identifier") < at < ids.index("Patient.identifier:residentId.value")
    row = next(row for row in rows if row.id == "Patient.identifier:residentId")
    assert (row.slice_name, row.depth, row.flags[0]) == ("residentId", 2, "S")
    sliced = next(row for row in rows if row.id == "Patient.identifier")
    assert sliced.slicing is not None and sliced.slicing.by == ("value: system",) and sliced.least == 1
    value = next(row for row in rows if row.id == "Patient.identifier:residentId.value")
    assert value.kept == ("cmc-id18",)


def test_key_elements_are_what_the_profile_says_and_all_above_it() -> None:
    assert set(tables.above("A.b:c.d")) == {"A", "A.b", "A.b:c"}
    for artefact in (*guide().profiles, *guide().extensions):
        rows = tables.rows(artefact.resource, "zh")
        shown = {row.id for row in tables.key_rows(rows)}
        said = {element["id"] for element in artefact.resource["differential"]["element"]}
        assert said <= shown, artefact.id


def test_a_rule_is_shown_with_its_text_in_the_language_and_its_expression() -> None:
    definition = guide().by_place["StructureDefinition/cmc-patient"].resource
    rules = {rule.key: rule for rule in tables.rules(definition, "zh")}
    assert "校验码" in rules["cmc-id18"].human and "matches" in rules["cmc-id18"].expression
    assert rules["cmc-id18"].own and not rules["dom-3"].own


def test_a_value_set_is_listed_with_both_names(client: httpx.Client) -> None:
    text = client.get("/ig/ValueSet/hr-decision?lang=zh").text
    expansion = text.partition('id="expansion"')[2]
    system = guide().by_url[f"{CANONICAL_BASE}/CodeSystem/hr-decision"].resource
    for concept in system["concept"]:
        assert f"<code>{concept['code']}</code>" in expansion
        assert concept["designation"][0]["value"] in expansion


def test_what_cannot_be_listed_says_why(client: httpx.Client) -> None:
    assert "icd-10" in client.get("/ig/ValueSet/diagnosis?lang=en").text
    unlisted = [
        one.id
        for one in guide().of_type("ValueSet")
        if "It cannot be listed here" in (pages.html(one.place, "en") or "")
    ]
    assert "diagnosis" in unlisted and "hr-scope" not in unlisted


@pytest.mark.parametrize("name", [path.stem for path in sorted(INVALID.glob("*.json"))][::6])
def test_an_example_that_must_be_refused_shows_the_issue_it_is_refused_with(client: httpx.Client, name: str) -> None:
    case = guide().refused[name]
    text = client.get(f"/ig/invalid/{name}?lang=en").text
    assert "Refused" in text and "Satisfies its profile" not in text
    assert case.why["en"].replace("'", "&#39;") in text


def test_a_valid_example_says_so() -> None:
    text = pages.html("Patient/patient", "en")
    assert text is not None and "Satisfies its profile" in text and "Refused" not in text


def test_texts_are_escaped_and_only_the_safe_marks_are_kept() -> None:
    shown = str(markdown("a <b> `x<y` **bold** [t](https://e.org/a?b=1&c=2) [x](javascript:alert(1))\n\n- one\n- two"))
    assert "<b>" not in shown and "<code>x&lt;y</code>" in shown and "<strong>bold</strong>" in shown
    assert '<a href="https://e.org/a?b=1&amp;c=2"' in shown and 'href="javascript' not in shown
    assert shown.endswith("<ul><li>one</li><li>two</li></ul>")
    code = str(highlighted({"<k>": ['"><script>', 1, True, None, {}, []]}, lambda value: ""))
    assert "<script>" not in code and "&lt;k&gt;" in code and "null" in code


def test_starting_a_server_imports_none_of_the_pages() -> None:
    code = "import sys, fhir_server.app; print([m for m in sys.modules if m.startswith(('fhir_server.ig', 'jinja2'))])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert found.strip() == "[]"


def test_a_rule_that_is_broken_is_said_in_the_words_of_the_profile() -> None:
    text = pages.html("invalid/cmc-patient", "zh")
    assert text is not None
    assert "居民身份证号为 18 位，含出生日期且校验码正确" in text and "处理: " in text
