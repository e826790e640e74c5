"""`_filter`: the grammar, and what each operator finds."""

from __future__ import annotations

from decimal import Decimal
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_server.search.filter import Comparing, Junction, Negation, Tree, parse
from fhir_server.search.query import Query
from fhir_server.search.query import parse as parse_query
from fhir_server.search.values import Surroundings
from tests.fhir_server.conftest import Store, coded, observation, patient

A, B, C = Comparing("a", "eq", "1"), Comparing("b", "eq", "2"), Comparing("c", "eq", "3")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a eq 1", A),
        (' a  eq  "1" ', A),
        ("(a eq 1)", A),
        ("a eq 1 and b eq 2", Junction("and", A, B)),
        ("a eq 1 or b eq 2 and c eq 3", Junction("and", Junction("or", A, B), C)),
        ("a eq 1 or (b eq 2 and c eq 3)", Junction("or", A, Junction("and", B, C))),
        ("not (a eq 1)", Negation(A)),
        ("not(a eq 1) and b eq 2", Junction("and", Negation(A), B)),
        (r'name co "a \"b\" (c)"', Comparing("name", "co", 'a "b" (c)')),
        ("code eq http://loinc.org|1234-5", Comparing("code", "eq", "http://loinc.org|1234-5")),
        ("subject:Patient.name eq x", Comparing("subject:Patient.name", "eq", "x")),
    ],
)
def test_a_filter_is_read_from_left_to_right(text: str, tree: Tree) -> None:
    assert parse(text) == tree


@pytest.mark.parametrize(
    "text",
    [
        *("", "a", "a eq", "a eq 1 and", "a eq 1 b eq 2", "(a eq 1", "a eq 1)", "not a eq 1", "a is 1", "A EQ 1"),
        *('a eq "x', "a[b eq 1].c eq 2", "and a eq 1", "a eq (b eq 1)", "()", "a.1 eq 2", "not", '"a" eq 1'),
        "(" * 50 + "a eq 1" + ")" * 50,
        " and ".join(["a eq 1"] * 101),
        "a eq " + "x" * 9000,
    ],
)
def test_what_is_no_filter_is_none(text: str) -> None:
    assert parse(text) is None


@given(st.text(max_size=40))
def test_no_text_breaks_the_reader(text: str) -> None:
    parse(text)
    parse(f"a eq {text}")


def trees(inner: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    return st.one_of(inner.map(Negation), st.builds(Junction, st.sampled_from(("and", "or")), inner, inner))


def written(tree: Tree) -> str:
    if isinstance(tree, Comparing):
        return f"{tree.path} {tree.operator} {tree.value}"
    if isinstance(tree, Negation):
        return f"not ({written(tree.inner)})"
    return f"({written(tree.left)}) {tree.kind} ({written(tree.right)})"


@given(st.recursive(st.sampled_from((A, B, C)), trees, max_leaves=12))
def test_every_tree_comes_back_from_its_text(tree: Tree) -> None:
    assert parse(written(tree)) == tree


@pytest.fixture(scope="module")
def filled(module_store: Store) -> Store:
    module_store.put(
        patient("zhang", gender="male", birthDate="1990-05-01", name=[{"family": "张", "given": ["小明"]}]),
        patient("peter", gender="female", birthDate="2014-10-10", name=[{"given": ["Peter"], "family": "Carpet"}]),
        patient("bare"),
        observation(
            "hb",
            code=coded("http://loinc.org", "1234-5"),
            subject={"reference": "Patient/peter"},
            effectivePeriod={"start": "2026-01-10", "end": "2026-02-10"},
            valueQuantity={"value": Decimal("6.3"), "unit": "g"},
        ),
        observation("k", status="amended", subject={"reference": "Patient/zhang"}, effectiveDateTime="2025"),
    )
    return module_store


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("Patient", 'name co "pet"', ["peter"]),
        ("Patient", 'given eq "peter" and birthdate ge 2014-10-10', ["peter"]),
        ("Patient", "given eq pete", []),
        ("Patient", "given sw pete", ["peter"]),
        ("Patient", "name ew 明", ["zhang"]),
        ("Patient", "given ne peter", ["zhang"]),
        ("Patient", "family co %", []),
        ("Patient", "gender eq male or gender eq female", ["zhang", "peter"]),
        ("Patient", "gender ne male", ["peter"]),
        ("Patient", "not (gender eq male)", ["peter", "bare"]),
        ("Patient", "gender pr false", ["bare"]),
        ("Patient", "gender pr true", ["zhang", "peter"]),
        ("Patient", "gender in http://hl7.org/fhir/ValueSet/administrative-gender", ["zhang", "peter"]),
        ("Patient", "gender ni http://hl7.org/fhir/ValueSet/administrative-gender", ["bare"]),
        ("Patient", "gender ss male", ["zhang"]),
        ("Patient", "_id eq zhang or _id eq bare", ["zhang", "bare"]),
        ("Patient", "_lastUpdated lt 2000-01-01", []),
        ("Patient", "birthdate ap 2014-10-10", ["peter"]),
        ("Patient", "birthdate sa 2000 and not (name co x)", ["peter"]),
        ("Observation", "code eq http://loinc.org|1234-5", ["hb"]),
        ("Observation", 'subject.name co "pet"', ["hb"]),
        ("Observation", "subject:Patient.name.exact eq x", None),
        ("Observation", "subject re Patient/zhang", ["k"]),
        ("Observation", "subject ne Patient/zhang", ["hb"]),
        ("Observation", "date po 2026-02", ["hb"]),
        ("Observation", "date po 2026-03", []),
        ("Observation", "date eq 2025", ["k"]),
        ("Observation", "value-quantity gt 6 and value-quantity lt 6.31", ["hb"]),
        ("Observation", "value-quantity eq 6.3||g", ["hb"]),
        ("Observation", "status eq amended or (status eq final and code eq 1234-5)", ["hb", "k"]),
        ("Observation", "code co x", None),
        ("Observation", "value-quantity co 6", None),
        ("Observation", "code-value-quantity eq 1$2", None),
        ("Observation", "date gt ge2026", None),
        ("Observation", "subject pr maybe", None),
        ("Patient", "colour eq red", None),
    ],
)
def test_a_filter_finds_what_it_says(filled: Store, kind: str, text: str, expected: list[str] | None) -> None:
    query = parse_query(kind, [("_filter", text)], Surroundings(0, ""))
    assert isinstance(query, Query) == (expected is not None), query
    if expected is not None:
        assert sorted(filled.search(f"{kind}?_filter={quote(text)}")) == sorted(expected)


def test_a_filter_stands_beside_other_parameters_and_is_sorted(filled: Store) -> None:
    text = quote("gender pr true")
    assert filled.search(f"Patient?_filter={text}&_sort=-birthdate") == ["peter", "zhang"]
    assert filled.search(f"Patient?_filter={text}&name=张") == ["zhang"]
