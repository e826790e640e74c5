"""Search against a naive model: the same random queries answered by SQL and by looking at every resource in turn."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fhir_server.security.scope import EVERYTHING, Scope
from fhir_server.store.database import Database
from tests.fhir_server.conftest import Store, observation, patient
from tests.postgres_server import PostgresServer

Resource = dict[str, Any]
OWNERS = ("A", "B")
SYSTEMS, CODES = ("s1", "s2"), ("x", "y", "z")
NAMES = ("张三", "张三丰", "李四", "Ann", "ann lee")
DATES = ("2025", "2025-06", "2025-06-15", "2025-12", "2025-06-15T08:00:00+08:00", "2025-06-15T00:00:00Z", "2026-01-01")
NUMBERS = ("1", "1.0", "1.5", "10", "9.95", "-3")
TEXTS = ("血红蛋白", "蛋白质 total", "Total protein", "protein (urine)")
STATUSES = ("final", "amended", "preliminary")
STATUS_SYSTEM = "http://hl7.org/fhir/observation-status"
LOCAL = timezone(timedelta(hours=8))


def part(draw: random.Random) -> Resource:
    """One component: the same few codes and numbers, so that pairs meet across components."""
    found: Resource = {"code": {"coding": [{"system": draw.choice(SYSTEMS), "code": draw.choice(CODES)}]}}
    if draw.random() < 0.8:
        found["valueQuantity"] = {"value": Decimal(draw.choice(NUMBERS)), "unit": draw.choice(("mg", "g"))}
    return found


def world() -> list[tuple[str, Resource]]:
    """(owner, resource) of a small random county, always the same."""
    draw = random.Random(20260501)
    resources: list[tuple[str, Resource]] = []
    for number in range(12):
        elements: Resource = {}
        if draw.random() < 0.8:
            elements["identifier"] = [
                {"system": draw.choice(SYSTEMS), "value": draw.choice(CODES)} for _ in range(draw.randint(1, 2))
            ]
        if draw.random() < 0.8:
            elements["name"] = [{"text": draw.choice(NAMES)}]
        if draw.random() < 0.8:
            elements["birthDate"] = draw.choice(DATES[:4])
        resources.append((draw.choice(OWNERS), patient(f"p{number}", **elements)))
    for number in range(90):
        elements = {"code": {"coding": [{"code": c} for c in draw.sample(CODES, draw.randint(1, 2))]}}
        for coding in elements["code"]["coding"]:
            if draw.random() < 0.7:
                coding["system"] = draw.choice(SYSTEMS)
        if draw.random() < 0.8:
            elements["subject"] = {"reference": f"Patient/p{draw.randint(0, 13)}"}
        if draw.random() < 0.7:
            elements["effectiveDateTime"] = draw.choice(DATES)
        elif draw.random() < 0.5:
            elements["effectivePeriod"] = {"start": "2025-06-15", "end": draw.choice(("2025-12", "2025-12-20"))}
        if draw.random() < 0.7:
            elements["valueQuantity"] = {"value": Decimal(draw.choice(NUMBERS)), "unit": "mg"}
        if draw.random() < 0.4:
            elements["code"]["text"] = draw.choice(TEXTS)
        if draw.random() < 0.5:
            parts = [part(draw) for _ in range(draw.randint(1, 3))]
            own = elements["code"]["coding"] if "valueQuantity" in elements else []  # obs-7
            elements["component"] = [one for one in parts if one["code"]["coding"][0] not in own] or [
                {"code": {"text": "none"}}
            ]
        elements["status"] = draw.choice(STATUSES)
        resources.append((draw.choice(OWNERS), observation(f"o{number}", **elements)))
    return resources


WORLD = world()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    if request.param == "sqlite":
        folder: Path = tmp_path_factory.mktemp("model")
        database = Database(f"sqlite:///{folder}/qiao.db")
    else:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        database = Database(server.create(f"model_of_{request.module.__name__.rpartition('.')[2]}"))
    database.create()
    store = Store(database)
    for owner, resource in WORLD:
        store.put(resource, owner=owner)
    yield store
    store.intake.close()
    database.close()


# ---------------------------------------------------------------------------------- the model


def span(text: str) -> tuple[datetime, datetime]:
    """[start, end) of a date, in a way of its own."""
    if "T" in text:
        start = datetime.fromisoformat(text)
        return start, start + timedelta(seconds=1)
    parts = [int(part) for part in text.split("-")]
    start = datetime(*([*parts, 1, 1][:3]), tzinfo=LOCAL)  # type: ignore[arg-type,misc]
    if len(parts) == 1:
        return start, start.replace(year=parts[0] + 1)
    if len(parts) == 2:
        return start, start.replace(year=parts[0] + parts[1] // 12, month=parts[1] % 12 + 1)
    return start, start + timedelta(days=1)


def holds(prefix: str, target: tuple[Any, Any], value: tuple[Any, Any]) -> bool:
    """Two half-open ranges compared as search.html#prefix says."""
    contained = target[0] >= value[0] and target[1] <= value[1]
    above, below = target[1] > value[1], target[0] < value[0]
    return {
        "eq": contained,
        "ne": not contained,
        "gt": above,
        "lt": below,
        "ge": above or contained,
        "le": below or contained,
        "sa": target[0] >= value[1],
        "eb": target[1] <= value[0],
    }[prefix]


def dates(resource: Resource) -> list[tuple[datetime, datetime]]:
    if "effectiveDateTime" in resource:
        return [span(resource["effectiveDateTime"])]
    if "effectivePeriod" in resource:
        period = resource["effectivePeriod"]
        return [(span(period["start"])[0], span(period["end"])[1])]
    if "birthDate" in resource:
        return [span(resource["birthDate"])]
    return []


def token(resource: Resource, text: str) -> bool:
    pairs = [(c.get("system", ""), c["code"]) for c in resource.get("code", {}).get("coding", [])]
    pairs += [(i["system"], i["value"]) for i in resource.get("identifier", [])]
    if "|" not in text:
        return any(code == text for _, code in pairs)
    system, code = text.split("|")
    return any(s == system and code in (c, "") for s, c in pairs)


def quantity(resource: Resource, prefix: str, text: str) -> bool:
    if "valueQuantity" not in resource:
        return False
    value, asked = resource["valueQuantity"]["value"], Decimal(text)
    if prefix in ("eq", "ne"):
        half = Decimal(5).scaleb(int(asked.as_tuple().exponent) - 1)
        return (asked - half <= value < asked + half) == (prefix == "eq")
    return {
        "gt": value > asked,
        "lt": value < asked,
        "ge": value >= asked,
        "le": value <= asked,
        "sa": value > asked,
        "eb": value < asked,
    }[prefix]


def compared(value: Decimal, prefix: str, text: str) -> bool:
    return quantity({"valueQuantity": {"value": value}}, prefix, text)


def pair(resource: Resource, code: str, prefix: str, text: str, unit: str, *, own: bool) -> bool:
    """The code and the number in one component; with `own` also in the Observation itself."""
    places = [*resource.get("component", []), *([resource] if own else [])]
    return any(
        token({"code": place["code"]}, code)
        and "valueQuantity" in place
        and compared(place["valueQuantity"]["value"], prefix, text)
        and unit in ("", place["valueQuantity"]["unit"])
        for place in places
    )


def said(resource: Resource, text: str) -> bool:
    known = resource.get("code", {}).get("text", "").casefold()
    text = text.casefold()
    return known.startswith(text) or f" {text}" in known or (not text.isascii() and text in known)


def status(resource: Resource, text: str) -> bool:
    system, _, code = text.rpartition("|")
    return resource["status"] == code and system in ("", STATUS_SYSTEM)


def name(resource: Resource, modifier: str, text: str) -> bool:
    texts = [n["text"] for n in resource.get("name", [])]
    if modifier == ":exact":
        return text in texts
    folded = [t.casefold() for t in texts]
    return any(text.casefold() in t if modifier == ":contains" else t.startswith(text.casefold()) for t in folded)


Test = Callable[[Resource], bool]
Clause = tuple[str, str, Test]
PREFIXES = ("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb")
tokens = st.one_of(
    st.sampled_from(CODES),
    st.builds("{}|{}".format, st.sampled_from(SYSTEMS), st.sampled_from((*CODES, ""))),
    st.builds("|{}".format, st.sampled_from(CODES)),
)


def any_of(texts: list[str], test: Callable[[Resource, str], bool]) -> Test:
    return lambda resource: any(test(resource, text) for text in texts)


def token_clause(parameter: str) -> st.SearchStrategy[Clause]:
    some = st.lists(tokens, min_size=1, max_size=3)
    plain = some.map(lambda texts: (parameter, ",".join(texts), any_of(texts, token)))
    negated = some.map(lambda texts: (parameter + ":not", ",".join(texts), lambda r: not any_of(texts, token)(r)))
    return st.one_of(plain, negated)


def date_clause(parameter: str) -> st.SearchStrategy[Clause]:
    return st.tuples(st.sampled_from(PREFIXES), st.sampled_from(DATES)).map(
        lambda drawn: (
            parameter,
            drawn[0] + drawn[1],
            lambda r: any(holds(drawn[0], target, span(drawn[1])) for target in dates(r)),
        )
    )


def missing_clause(parameter: str, there: Test) -> st.SearchStrategy[Clause]:
    return st.booleans().map(lambda m: (parameter + ":missing", str(m).lower(), lambda r: there(r) != m))


quantities = st.tuples(st.sampled_from(PREFIXES), st.sampled_from(NUMBERS)).map(
    lambda drawn: ("value-quantity", drawn[0] + drawn[1], lambda r: quantity(r, *drawn))
)
subjects = st.lists(st.integers(0, 14), min_size=1, max_size=2).map(
    lambda numbers: (
        "patient",
        ",".join(f"p{n}" for n in numbers),
        lambda r: r.get("subject", {}).get("reference") in {f"Patient/p{n}" for n in numbers},
    )
)
names = st.tuples(
    st.sampled_from(("", ":exact", ":contains")), st.sampled_from((*NAMES, "张", "三", "丰", "AN", "e"))
).map(lambda drawn: ("name" + drawn[0], drawn[1], lambda r: name(r, *drawn)))


pairs = st.tuples(
    st.sampled_from(("component-code-value-quantity", "combo-code-value-quantity")),
    tokens,
    st.sampled_from(PREFIXES),
    st.sampled_from(NUMBERS),
    st.sampled_from(("", "mg", "g")),
).map(
    lambda drawn: (
        drawn[0],
        f"{drawn[1]}${drawn[2]}{drawn[3]}" + (f"||{drawn[4]}" if drawn[4] else ""),
        lambda r: pair(r, *drawn[1:], own=drawn[0].startswith("combo")),
    )
)
texts = st.sampled_from(("血红", "蛋白", "total", "PROTEIN", "prot", "rotein", "(urine")).map(
    lambda text: ("code:text", text, lambda r: said(r, text))
)
statuses = st.builds("{}{}".format, st.sampled_from(("", STATUS_SYSTEM + "|", "urn:x|")), st.sampled_from(STATUSES))
status_clauses = st.tuples(st.sampled_from(("status", "status:not")), statuses).map(
    lambda drawn: (drawn[0], drawn[1], lambda r: status(r, drawn[1]) == (drawn[0] == "status"))
)

filter_tests: st.SearchStrategy[tuple[str, Test]] = st.one_of(
    tokens.map(lambda text: (f"code eq {text}", lambda r: token({"code": r["code"]}, text))),
    statuses.map(lambda text: (f"status eq {text}", lambda r: status(r, text))),
    st.tuples(st.sampled_from(PREFIXES), st.sampled_from(NUMBERS)).map(
        lambda drawn: (f"value-quantity {drawn[0]} {drawn[1]}", lambda r: quantity(r, *drawn))
    ),
    st.booleans().map(lambda there: (f"date pr {str(there).lower()}", lambda r: bool(dates(r)) == there)),
)


def joined(inner: st.SearchStrategy[tuple[str, Test]]) -> st.SearchStrategy[tuple[str, Test]]:
    return st.one_of(
        inner.map(lambda one: (f"not ({one[0]})", lambda r: not one[1](r))),
        st.tuples(inner, inner).map(
            lambda two: (f"({two[0][0]}) and ({two[1][0]})", lambda r: two[0][1](r) and two[1][1](r))
        ),
        st.tuples(inner, inner).map(
            lambda two: (f"({two[0][0]}) or ({two[1][0]})", lambda r: two[0][1](r) or two[1][1](r))
        ),
    )


filters = st.recursive(filter_tests, joined, max_leaves=5).map(lambda drawn: ("_filter", drawn[0], drawn[1]))


def seen(scope: Scope, kind: str) -> list[Resource]:
    return [r for owner, r in WORLD if r["resourceType"] == kind and scope.allows(owner)]


@st.composite
def chains(draw: st.DrawFn) -> tuple[str, str, Callable[[Resource, Scope], bool]]:
    inner, text, test = draw(st.one_of(token_clause("identifier"), names))

    def met(resource: Resource, scope: Scope) -> bool:
        target = resource.get("subject", {}).get("reference", "").removeprefix("Patient/")
        return any(p["id"] == target and test(p) for p in seen(scope, "Patient"))

    return f"patient.{inner}", text, met


@st.composite
def reverse_chains(draw: st.DrawFn) -> tuple[str, str, Callable[[Resource, Scope], bool]]:
    inner, text, test = draw(st.one_of(token_clause("code"), date_clause("date"), quantities, pairs, texts))

    def met(resource: Resource, scope: Scope) -> bool:
        mine = f"Patient/{resource['id']}"
        return any(o.get("subject", {}).get("reference") == mine and test(o) for o in seen(scope, "Observation"))

    return f"_has:Observation:patient:{inner}", text, met


def plain(clause: st.SearchStrategy[Clause]) -> st.SearchStrategy[tuple[str, str, Callable[[Resource, Scope], bool]]]:
    return clause.map(lambda c: (c[0], c[1], lambda r, _scope: c[2](r)))


observation_clauses = st.one_of(
    plain(token_clause("code")),
    plain(date_clause("date")),
    plain(quantities),
    plain(subjects),
    plain(missing_clause("date", lambda r: bool(dates(r)))),
    plain(missing_clause("patient", lambda r: "subject" in r)),
    plain(missing_clause("value-quantity", lambda r: "valueQuantity" in r)),
    plain(pairs),
    plain(texts),
    plain(status_clauses),
    plain(filters),
    chains(),
)
patient_clauses = st.one_of(
    plain(token_clause("identifier")),
    plain(names),
    plain(date_clause("birthdate")),
    plain(missing_clause("name", lambda r: "name" in r)),
    plain(missing_clause("identifier", lambda r: "identifier" in r)),
    reverse_chains(),
)
queries = st.one_of(
    st.tuples(st.just("Observation"), st.lists(observation_clauses, max_size=3)),
    st.tuples(st.just("Patient"), st.lists(patient_clauses, max_size=3)),
)
scopes = st.sampled_from((EVERYTHING, Scope(frozenset({"A"})), Scope(frozenset({"A", "B"})), Scope(frozenset())))
SORTS = {
    "Observation": ("", "date", "-date", "_id", "value-quantity", "-_lastUpdated"),
    "Patient": ("", "name", "-birthdate"),
}


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=queries, scope=scopes, count=st.sampled_from((3, 50)), sort=st.integers(0, 5))
def test_any_search_finds_what_looking_at_every_resource_finds(
    filled: Store, query: tuple[str, list[Any]], scope: Scope, count: int, sort: int
) -> None:
    kind, clauses = query
    pairs = [(clause[0], clause[1]) for clause in clauses] + [("_count", str(count))]
    order = SORTS[kind][sort % len(SORTS[kind])]
    if order:
        pairs.append(("_sort", order))
    address = f"{kind}?{urlencode(pairs)}"
    expected = {r["id"] for r in seen(scope, kind) if all(met(r, scope) for _, _, met in clauses)}
    found = filled.search(address, scope)
    assert set(found) == expected
    assert len(found) == len(expected)
    assert filled.page(address + "&_total=accurate", scope).total == len(expected)


def test_every_prefix_with_every_value_finds_what_looking_at_every_resource_finds(filled: Store) -> None:
    for prefix in PREFIXES:
        for text in DATES:
            expected = {
                r["id"]
                for r in seen(EVERYTHING, "Observation")
                if any(holds(prefix, target, span(text)) for target in dates(r))
            }
            assert set(filled.search(f"Observation?date={prefix}{text.replace('+', '%2B')}")) == expected, (
                prefix,
                text,
            )
        for text in NUMBERS:
            expected = {r["id"] for r in seen(EVERYTHING, "Observation") if quantity(r, prefix, text)}
            assert set(filled.search(f"Observation?value-quantity={prefix}{text}")) == expected, (prefix, text)
