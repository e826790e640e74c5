"""The page: nothing from outside, nothing a sender wrote unescaped, both languages, the same bytes every time."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser

import pytest

from conformance.period import Period
from conformance.render import page
from conformance.report import Report, reports
from fhir_server.security.scope import EVERYTHING
from fhir_server.store.database import Database
from tests.conformance.small_county import COUNTY, NASTY

VOID = {"meta", "input", "rect", "br"}


class Reader(HTMLParser):
    """Tags, text, attributes that load something, and whether every tag is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.loads: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.loads += [f"{name}={value}" for name, value in attrs if name in ("src", "style") or name.startswith("on")]
        self.loads += [
            str(value) for name, value in attrs if name == "href" and not re.fullmatch(r"#?[\w.%-]+", str(value))
        ]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.fixture(scope="module")
def made(known: Database) -> tuple[Report, ...]:
    with known.read() as connection:
        return reports(connection, EVERYTHING, Period(), COUNTY)


@pytest.fixture
def html(made: tuple[Report, ...]) -> str:
    return page(made[0], "zh", ["town", "hospital"])


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    reader.close()
    return reader


def test_what_a_sender_wrote_comes_out_escaped(made: tuple[Report, ...]) -> None:
    for one in made:
        html = page(one)
        assert "<script" not in html
        assert "script" not in read(html).tags
    town = page(next(one for one in made if one.institution.code == "town"))
    assert town.count("&lt;script&gt;") >= 4  # the name of the institution, a message type, a code, the page title
    assert NASTY in "".join(read(town).text)


def test_every_tag_is_closed(made: tuple[Report, ...]) -> None:
    for one in made:
        assert read(page(one)).open == []


def test_nothing_is_loaded_from_anywhere(html: str) -> None:
    reader = read(html)
    assert reader.loads == []
    assert reader.tags.isdisjoint({"script", "link", "img", "iframe", "object", "image", "use"})
    assert "@import" not in html
    assert "url(" not in html


def test_the_policy_allows_the_style_sheet_of_the_page_and_nothing_else(html: str) -> None:
    style = html.split("<style>")[1].split("</style>")[0]
    digest = b64encode(sha256(style.encode()).digest()).decode()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)
    assert policy is not None
    allowed = policy[1].replace("&#39;", "'")
    assert allowed == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def test_both_languages_are_in_the_page_and_the_option_chooses_the_first(made: tuple[Report, ...]) -> None:
    chinese, english = page(made[0], "zh"), page(made[0], "en")
    for html in (chinese, english):
        assert "双向转诊" in html
        assert ">Referrals<" in html
    assert 'id="language-zh" checked' in chinese
    assert 'id="language-en" checked' in english
    assert '<html lang="en">' in english


def test_an_indicator_that_cannot_be_divided_shows_a_dash(made: tuple[Report, ...]) -> None:
    town = next(one for one in made if one.institution.code == "town")
    assert '<td class="n total">—</td><td class="n">0</td><td class="n">0</td>' in page(town)


def test_every_number_of_a_table_has_its_way_back(made: tuple[Report, ...]) -> None:
    html = page(made[0])
    for section in made[0].sections:
        for count in section.counts:
            for part in count.parts:
                assert all(one in html for one in part.ids)
    assert html.count("qiao report --behind") > 50


def test_only_institutions_with_a_page_are_linked(html: str) -> None:
    assert 'href="town.html"' in html
    assert 'href="lab.html"' not in html


def test_the_page_is_the_same_every_time(made: tuple[Report, ...]) -> None:
    assert page(made[0]) == page(made[0])


def test_an_empty_store_still_gives_a_page(database: Database) -> None:
    with database.read() as connection:
        empty = reports(connection, EVERYTHING, Period(), COUNTY)
    assert read(page(empty[0])).open == []
    assert "本期无" in page(empty[0])
