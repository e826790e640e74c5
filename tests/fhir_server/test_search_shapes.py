"""Statements that are kept by shape give the same answers as statements made for themselves, whatever the values."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

import pytest

from fhir_server.search import compile as sql
from fhir_server.search import templates
from fhir_server.search.compile import Wanted
from fhir_server.search.query import Query, parse
from fhir_server.search.shape import Unshaped, outline
from fhir_server.search.values import Surroundings
from fhir_server.security.scope import EVERYTHING, Scope
from fhir_server.store.database import Database
from tests.fhir_server.conftest import NOW, Store, observation, patient
from tests.postgres_server import PostgresServer

SCOPES = (
    EVERYTHING,
    Scope(frozenset({"A"})),
    Scope(frozenset({"A", "B"})),
    Scope(frozenset({"B", "C"})),
    Scope(frozenset()),
)
CODES, SYSTEMS = ("x", "y", "z", "w"), ("s1", "s2")
NAMES = ("张", "三", "李四", "Ann", "ann l", "%", "_", "/", "\\", "'")
DATES = ("2025", "2025-06-15", "ge2025-06", "lt2026", "ne2025-12", "sa2025-06-15T08:00:00%2B08:00", "ap2025-12")
NUMBERS = ("1", "1.50", "gt1", "le10|s|mg", "9.95||mg", "ne1||g")


def world() -> list[tuple[str, dict[str, Any]]]:
    """(owner, resource) of a small random county, always the same."""
    draw, resources = random.Random(20260502), list[tuple[str, dict[str, Any]]]()
    for number in range(12):
        identifier = [{"system": draw.choice(SYSTEMS), "value": draw.choice(CODES)}]
        name = [{"text": draw.choice(("张三", "张三丰", "李四", "Ann Lee", "100%_/"))}]
        each = patient(f"p{number}", identifier=identifier, name=name, birthDate=f"2025-0{draw.randint(1, 9)}")
        resources.append((draw.choice("AB"), each))
    for number in range(60):
        quantity = {"value": draw.choice((1, 1.5, 10, 9.95)), "unit": "mg", "system": "s", "code": "mg"}
        each = observation(
            f"o{number}",
            code={"coding": [{"system": draw.choice(SYSTEMS), "code": draw.choice(CODES)}]},
            subject={"reference": f"Patient/p{draw.randrange(12)}"},
            valueQuantity=quantity,
        )
        if draw.random() < 0.8:
            each["effectiveDateTime"] = draw.choice(("2025", "2025-06", "2025-06-15", "2025-12", "2026-01-01"))
        resources.append((draw.choice("AB"), each))
    return resources


WORLD = world()
TEMPLATES = (
    "Observation?code={code}",
    "Observation?code={system}|{code}",
    "Observation?code={code},{system}|",
    "Observation?code:not={code}&date={date}",
    "Observation?patient=p{number}&_sort=-date",
    "Observation?subject=Patient/p{number},Patient/p3&code={code}",
    "Observation?subject=p{number}",
    "Observation?subject=http://elsewhere/{code}",
    "Observation?date={date}&_sort=date,_id",
    "Observation?value-quantity={quantity}",
    "Observation?date:missing=true&code={code}",
    "Observation?patient.name={name}",
    "Observation?patient.identifier={system}|{code}&_sort=value-quantity",
    "Patient?name={name}",
    "Patient?name:contains={name}",
    "Patient?name:exact={name}&birthdate={date}",
    "Patient?identifier={system}|{code}&_sort=name",
    "Patient?_id=p{number},o{number}",
    "Patient?_has:Observation:patient:code={code}&_sort=-_lastUpdated",
    "Patient?_lastUpdated=gt200{digit}-01-01",
    "Observation,Patient?_id=p{number}",
    "*?_lastUpdated=gt2001-01-0{digit}",
)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path_factory.mktemp('shapes')}/qiao.db")
    else:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        database = Database(server.create("search_shapes"))
    database.create()
    store = Store(database)
    for owner in ("A", "B"):
        store.put(*(resource for each, resource in WORLD if each == owner), owner=owner)
    yield store
    store.intake.close()
    database.close()


def drawn(draw: random.Random, template: str) -> str:
    return template.format(
        code=draw.choice(CODES),
        system=draw.choice(SYSTEMS),
        name=draw.choice(NAMES).replace("%", "%25"),
        date=draw.choice(DATES),
        quantity=draw.choice(NUMBERS),
        number=draw.randint(0, 14),
        digit=draw.randint(1, 9),
    )


def read(address: str) -> Query:
    kind, _, text = address.partition("?")
    query = parse(kind, parse_qsl(text), Surroundings(NOW, "http://qiao.test/fhir"))
    assert isinstance(query, Query), (address, query)
    return query


def wanted(query: Query, scope: Scope, **more: Any) -> Wanted:
    return Wanted(query.type, query.conditions, scope, query.sort, 12, **more)


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_kept_statement_finds_what_a_new_one_finds(filled: Store, template: str) -> None:
    draw = random.Random(template)
    with filled.database.reading() as reader:
        for _ in range(30):
            asked = wanted(read(drawn(draw, template)), draw.choice(SCOPES))
            for make in (sql.page, sql.total):
                apart = templates.rendered(make(asked), reader.dialect)
                expected = reader.all(apart.sql, apart.parameters)
                assert templates.fetch(reader, make, asked) == expected
            rows = templates.fetch(reader, sql.page, asked)
            if rows:  # the page behind one of them
                mark = draw.choice(rows)
                later = wanted(
                    read(drawn(random.Random(1), template)),
                    asked.scope,
                    place=(*mark[sql.HEAD :], mark[1]),
                    seq=mark[0],
                )
                apart = templates.rendered(sql.page(later), reader.dialect)
                assert templates.fetch(reader, sql.page, later) == reader.all(apart.sql, apart.parameters)


@pytest.mark.parametrize("template", TEMPLATES)
def test_other_values_make_no_other_statement(template: str) -> None:
    """Every shape but a few: how many a template has is bounded, whatever is asked."""
    draw, shapes = random.Random(template), set()
    for _ in range(200):
        shapes.add(outline(wanted(read(drawn(draw, template)), EVERYTHING))[0])
    assert len(shapes) <= len(DATES) + len(NUMBERS)


@pytest.mark.parametrize("template", TEMPLATES)
def test_no_value_of_a_query_is_a_part_of_a_kept_statement(filled: Store, template: str) -> None:
    asked = wanted(read(drawn(random.Random(2), template)), Scope(frozenset({"A"})))
    _, values = outline(asked)
    templates._KEPT.clear()
    with filled.database.reading() as reader:
        templates.fetch(reader, sql.page, asked)
        (kept,) = templates._KEPT.values()
        constant = [value for at, value in enumerate(kept.parameters) if at not in {at for at, _ in kept.slots}]
    assert {number for _, number in kept.slots} <= set(range(len(values)))
    told = [value for value in values if isinstance(value, str) or abs(value) > 1000]
    assert [value for value in told if value in constant and value not in ("A",)] == []


def test_long_lists_and_rare_forms_are_answered_without_being_kept(filled: Store) -> None:
    many = ",".join(f"p{number}" for number in range(20))
    query = read(f"Patient?_id={many}")
    with pytest.raises(Unshaped):
        outline(wanted(query, EVERYTHING))
    assert len(filled.search(f"Patient?_id={many}")) == sum(1 for _, each in WORLD if each["resourceType"] == "Patient")


def test_the_number_of_kept_statements_is_bounded(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(templates, "MOST", 5)
    with filled.database.reading() as reader:
        for number in range(1, 40):
            templates.fetch(reader, sql.page, Wanted("Patient", (), EVERYTHING, limit=number))
    assert len(templates._KEPT) <= 5
