"""Bent requests made at random: whatever comes in, the answer is below 500, an OperationOutcome, and soon there."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import httpx
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from fhir_server.operations.registry import OPERATIONS, Level
from fhir_server.search.composite import composites
from fhir_server.search.parameters import parameters
from tests.fhir_server.conftest import observation, patient
from tests.fhir_server.sound_answers import FHIR, FORM, sound

_FUZZ = settings(
    max_examples=250,
    deadline=None,
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)


# --------------------------------------------------------------------------------------------------------- searches

_TYPES = ("Patient", "Observation", "Encounter", "ValueSet", "List", "RiskAssessment", "Bundle")
_CODES = sorted({code for kind in _TYPES for code in (*parameters(kind), *composites(kind))})
_MODIFIERS = (
    "",
    *(
        [
            ":exact",
            ":contains",
            ":missing",
            ":not",
            ":text",
            ":in",
            ":not-in",
            ":above",
            ":below",
            ":of-type",
            ":identifier",
            ":Patient",
            ":x",
            ":",
        ]
    ),
)
_CONTROLS = (
    *("_sort", "_include", "_revinclude", "_include:iterate", "_count", "_total", "_summary", "_elements", "_cursor"),
    *("_filter", "_list", "_type", "_contained", "_containedType", "_text", "_content", "_query", "_format", "_pretty"),
    *("_has", "_has:Observation:patient:code", "_has:Observation:subject:_has:Encounter:patient:status", "_has::::"),
)
_GRAMMAR = st.lists(
    st.sampled_from(
        (
            *("name", "eq", "co", "pr", "true", "and", "or", "not", "(", ")", '"', '"x"', "birthdate", "2020", "in"),
            *(
                "[",
                "]",
                ".",
                "subject",
                "re",
                "Patient/p",
                "gt",
                "value-quantity",
                "5||mg",
                "\\",
                ",",
                "identifier",
                "$",
            ),
        )
    ),
    max_size=14,
).map(" ".join)
_WORDS = st.lists(
    st.sampled_from(
        (
            *(
                "a",
                "|",
                ",",
                "\\",
                "$",
                "ge",
                "ap",
                "1e9999",
                "-",
                "2020-02-30T25:61",
                "9" * 40,
                "0.1",
                "Patient/p",
                "true",
            ),
            *(
                "http://unitsofmeasure.org",
                "mg",
                "[in_i]",
                "10*3/",
                "urn:oid:1",
                "%",
                "_",
                "'",
                '"',
                "*",
                ":",
                "張",
                "é",
            ),
            *(
                "\u0000",
                "\ud800",
                "\U0001f600",
                "\u202e",
                "/",
                "//",
                "http://x/a/b",
                "2020-01-01T00:00:00.123456789+14:00",
            ),
        )
    ),
    max_size=5,
).map("".join)


@_FUZZ
@given(
    kind=st.sampled_from(_TYPES),
    rows=st.lists(
        st.one_of(
            st.tuples(st.tuples(st.sampled_from(_CODES), st.sampled_from(_MODIFIERS)).map("".join), _WORDS),
            st.tuples(st.sampled_from(_CONTROLS), st.one_of(_WORDS, st.sampled_from(_CODES))),
            st.tuples(st.just("_filter"), _GRAMMAR),
            st.tuples(st.lists(st.sampled_from(_CODES), min_size=1, max_size=4).map(".".join), _WORDS),
        ),
        max_size=4,
    ),
    lenient=st.booleans(),
    by_form=st.booleans(),
)
def test_searches(
    sqlite_client: httpx.Client, kind: str, rows: list[tuple[str, str]], lenient: bool, by_form: bool
) -> None:
    text = "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in rows)
    headers = {"prefer": "handling=lenient"} if lenient else {}
    if by_form:
        sound(sqlite_client.post(f"/{kind}/_search", content=text, headers=headers | {"content-type": FORM}))
    else:
        url = sqlite_client.base_url.copy_with(raw_path=f"/fhir/{kind}?{text}".encode())
        sound(sqlite_client.send(httpx.Request("GET", url, headers=headers)))


def _quoted(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


# ---------------------------------------------------------------------------------------------------------- headers

_HEADER = st.one_of(
    st.sampled_from(
        ('W/"1"', '"', "*", "", "handling=lenient;return=minimal", "a/b;q=x", "application/fhir+xml;q=0.5")
    ),
    st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=20),
)


@_FUZZ
@given(
    method=st.sampled_from(("GET", "PUT", "POST", "PATCH", "DELETE", "OPTIONS", "HEAD")),
    headers=st.dictionaries(
        st.sampled_from(
            (
                *(
                    "if-match",
                    "if-none-match",
                    "if-none-exist",
                    "if-modified-since",
                    "prefer",
                    "accept",
                    "content-type",
                ),
                *(
                    "forwarded",
                    "x-forwarded-host",
                    "accept-encoding",
                    "content-encoding",
                    "origin",
                    "x-security-context",
                ),
            )
        ),
        _HEADER,
        max_size=4,
    ),
)
def test_headers(sqlite_client: httpx.Client, method: str, headers: dict[str, str]) -> None:
    body = json.dumps(patient("p")).encode() if method in ("PUT", "POST", "PATCH") else b""
    raw = [(name, value.strip().encode("latin-1")) for name, value in headers.items()]
    sound(sqlite_client.request(method, "/Patient" if method == "POST" else "/Patient/p", content=body, headers=raw))


# ----------------------------------------------------------------------------------------------------------- bodies

_JUNK: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(10**30), 10**30),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=6),
        st.sampled_from(("Patient/p", "Patient", "name", "/name/0", "/name/-", "Patient.name", "add", "valueString")),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(("name", "part", "resource", "valueString", "valueCode", "resourceType", "path", "value")),
            inner,
            max_size=3,
        ),
    ),
    max_leaves=6,
)


def bent(value: Any, draw: st.DataObject) -> Any:
    """The value with one place, however deep, replaced by something else."""
    if not isinstance(value, dict | list) or not value or draw.draw(st.integers(0, 3)) == 0:
        return draw.draw(_JUNK)
    changed: Any = dict(value) if isinstance(value, dict) else list(value)
    place = draw.draw(st.sampled_from(list(value) if isinstance(value, dict) else range(len(value))))
    changed[place] = bent(value[place], draw)
    return changed


def _json(value: Any) -> bytes:
    return json.dumps(value).encode("utf-8", "surrogatepass")


_OPS = ("add", "remove", "replace", "move", "copy", "test")
_JSON_PATCH = [{"op": op, "path": "/name/0/family", "from": "/name", "value": {"family": "L"}} for op in _OPS]
_FHIR_PATCH = {
    "resourceType": "Parameters",
    "parameter": [
        {
            "name": "operation",
            "part": [
                {"name": "type", "valueCode": "insert"},
                {"name": "path", "valueString": "Patient.name"},
                {"name": "name", "valueString": "given"},
                {"name": "index", "valueInteger": 0},
                {"name": "value", "valueHumanName": {"family": "L"}},
            ],
        }
    ],
}
_XPATHS = st.lists(
    st.sampled_from(
        (
            "f:Patient",
            "/",
            "f:name",
            "[1]",
            "@value",
            "*",
            "//",
            "[",
            "]",
            "(",
            "text()",
            "h:div",
            "f:given[last()]",
            "='x'",
        )
    ),
    max_size=6,
).map("".join)


@_FUZZ
@given(draw=st.data())
def test_patches(sqlite_client: httpx.Client, draw: st.DataObject) -> None:
    sqlite_client.put("/Patient/p", json=patient("p", name=[{"family": "L", "given": ["a", "b"]}]))
    kind = draw.draw(st.sampled_from(("json", "fhir", "xml")))
    if kind == "json":
        body, media = _json(bent(_JSON_PATCH, draw)), "application/json-patch+json"
    elif kind == "fhir":
        body, media = _json(bent(_FHIR_PATCH, draw)), FHIR
    else:
        word = draw.draw(st.sampled_from(("add", "replace", "remove", "x")))
        path = draw.draw(_XPATHS).replace("'", "&apos;")
        text = f"<diff xmlns:f='http://hl7.org/fhir'><{word} sel='{path}'><f:given value='x'/></{word}></diff>"
        body, media = text.encode(), "application/xml-patch+xml"
    sound(sqlite_client.patch("/Patient/p", content=body, headers={"content-type": media}))


_BUNDLE = {
    "resourceType": "Bundle",
    "type": "transaction",
    "entry": [
        {
            "fullUrl": "urn:uuid:1",
            "resource": patient("p", name=[{"family": "L"}]),
            "request": {"method": "PUT", "url": "Patient/p", "ifMatch": 'W/"1"', "ifNoneMatch": "x"},
        },
        {
            "fullUrl": "urn:uuid:2",
            "resource": observation("o", subject={"reference": "urn:uuid:1"}),
            "request": {"method": "POST", "url": "Observation", "ifNoneExist": "code=x"},
        },
        {"request": {"method": "DELETE", "url": "Observation?code=none"}},
        {"request": {"method": "GET", "url": "Patient/$everything?_count=1", "ifModifiedSince": "2020"}},
        {"resource": _FHIR_PATCH, "request": {"method": "PATCH", "url": "Patient/q"}},
    ],
}


@_FUZZ
@given(draw=st.data())
def test_bundles(sqlite_client: httpx.Client, draw: st.DataObject) -> None:
    body = {**_BUNDLE, "type": draw.draw(st.sampled_from(("batch", "transaction")))}
    for _ in range(draw.draw(st.integers(1, 3))):
        body = bent(body, draw) if isinstance(body, dict) else body
    sound(sqlite_client.post("/", content=_json(body), headers={"content-type": FHIR}))


_NAMES = (
    *("resource", "mode", "profile", "meta", "url", "valueSet", "codeSystem", "conceptMap", "code", "system", "coding"),
    *(
        "codeableConcept",
        "count",
        "offset",
        "filter",
        "from",
        "to",
        "fromVersion",
        "input",
        "inputFormat",
        "patient",
        "id",
    ),
    *("dependency", "property", "max", "start", "end", "_since", "_type", "_typeFilter", "content", "persist", "x"),
)


@_FUZZ
@given(draw=st.data())
def test_parameters_of_every_operation(sqlite_client: httpx.Client, draw: st.DataObject) -> None:
    each = draw.draw(st.sampled_from(OPERATIONS))
    level = draw.draw(st.sampled_from(sorted(each.levels, key=str)))
    kind = draw.draw(st.sampled_from(sorted(each.types or _TYPES)))
    start = {
        Level.SYSTEM: "",
        Level.TYPE: f"/{kind}",
        Level.INSTANCE: f"/{kind}/p",
        Level.VERSION: f"/{kind}/p/_history/1",
    }
    rows = draw.draw(
        st.lists(
            st.fixed_dictionaries(
                {"name": st.sampled_from(_NAMES)},
                optional={
                    "valueString": st.one_of(st.text(max_size=5), st.sampled_from(("Patient/p", "http://x", "2020"))),
                    "valueInteger": st.integers(-5, 10**12),
                    "valueCode": _JUNK,
                    "valueCoding": _JUNK,
                    "resource": st.one_of(
                        _JUNK, st.just(patient("p")), st.just({"resourceType": "ValueSet", "compose": 1})
                    ),
                    "part": _JUNK,
                },
            ),
            max_size=3,
        )
    )
    body = _json({"resourceType": "Parameters", "parameter": rows})
    sound(sqlite_client.post(f"{start[level]}/${each.code}", content=body, headers={"content-type": FHIR}))
