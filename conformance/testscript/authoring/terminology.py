"""$expand, $lookup, $validate-code, $translate, $subsumes on what is loaded (terminology-service.html)."""

from __future__ import annotations

from conformance.testscript.authoring.language import (
    Source,
    call,
    kind,
    okay,
    refused,
    script,
    status,
    test,
    that,
    thing,
)

_GENDER = "http://hl7.org/fhir/administrative-gender"
_GENDERS = "http://hl7.org/fhir/ValueSet/administrative-gender"
_TREE = "http://example.org/fhir/ts/terms"
_CODES = thing(
    "CodeSystem",
    "ts-term-1",
    status="active",
    content="complete",
    url=_TREE,
    hierarchyMeaning="is-a",
    concept=[{"code": "a", "display": "Alpha", "concept": [{"code": "a1", "display": "Alpha one"}]}, {"code": "b"}],
)
_RESULT = "parameter.where(name = 'result').value"

SCRIPTS: tuple[Source, ...] = (
    script(
        "terminology/expand",
        "ValueSet/$expand",
        test(
            "by address",
            call("GET", f"ValueSet/$expand?url={_GENDERS}"),
            okay(),
            kind("ValueSet"),
            that("ValueSet.expansion.contains.code.count() = 4"),
            that("ValueSet.expansion.timestamp.exists()"),
        ),
        test(
            "with a filter",
            call("GET", f"ValueSet/$expand?url={_GENDERS}&filter=fem"),
            okay(),
            that("ValueSet.expansion.contains.code = 'female'"),
        ),
        test(
            "a page",
            call("GET", f"ValueSet/$expand?url={_GENDERS}&count=2&offset=1"),
            okay(),
            that("ValueSet.expansion.contains.count() = 2 and ValueSet.expansion.total = 4"),
        ),
        test(
            "what was put",
            call("GET", "ValueSet/ts-expand-2/$expand"),
            okay(),
            that("ValueSet.expansion.contains.code.where($this = 'a1').exists()"),
        ),
        test(
            "what nobody knows",
            call("GET", "ValueSet/$expand?url=http://example.org/none"),
            status(404, 422),
            refused(),
        ),
        data=[
            {**_CODES, "id": "ts-expand-1", "url": _TREE + "-expand"},
            thing(
                "ValueSet",
                "ts-expand-2",
                status="active",
                url="http://example.org/fhir/ts/expand",
                compose={"include": [{"system": _TREE + "-expand"}]},
            ),
        ],
        says="valueset-operation-expand.html",
    ),
    script(
        "terminology/lookup",
        "CodeSystem/$lookup",
        test(
            "what a code is called",
            call("GET", f"CodeSystem/$lookup?system={_GENDER}&code=male"),
            okay(),
            kind("Parameters"),
            that("parameter.where(name = 'display').value = 'Male'"),
            that("parameter.where(name = 'name').value.exists()"),
        ),
        test(
            "a code that is not there",
            call("GET", f"CodeSystem/$lookup?system={_GENDER}&code=x"),
            status(404, 422),
            refused(),
        ),
        test(
            "of what was put",
            call("GET", f"CodeSystem/$lookup?system={_TREE}-lookup&code=a1"),
            okay(),
            that("parameter.where(name = 'display').value = 'Alpha one'"),
        ),
        data=[{**_CODES, "id": "ts-lookup-1", "url": _TREE + "-lookup"}],
        says="codesystem-operation-lookup.html",
    ),
    script(
        "terminology/validate-code",
        "$validate-code of ValueSet and CodeSystem",
        test(
            "in a value set",
            call("GET", f"ValueSet/$validate-code?url={_GENDERS}&system={_GENDER}&code=male"),
            okay(),
            that(f"{_RESULT} = true"),
        ),
        test(
            "not in it",
            call("GET", f"ValueSet/$validate-code?url={_GENDERS}&system={_GENDER}&code=x"),
            okay(),
            that(f"{_RESULT} = false and parameter.where(name = 'message').exists()"),
        ),
        test(
            "in a code system",
            call("GET", f"CodeSystem/$validate-code?url={_GENDER}&code=female"),
            okay(),
            that(f"{_RESULT} = true"),
        ),
        test(
            "a wrong display",
            call("GET", f"ValueSet/$validate-code?url={_GENDERS}&system={_GENDER}&code=male&display=Nonsense"),
            okay(),
            that(f"{_RESULT} = false"),
        ),
        test(
            "by POST, a coding",
            call("POST", "ValueSet/$validate-code", source="ask"),
            okay(),
            that(f"{_RESULT} = true"),
        ),
        fixtures=[
            {
                "resourceType": "Parameters",
                "id": "ask",
                "parameter": [
                    {"name": "url", "valueUri": _GENDERS},
                    {"name": "coding", "valueCoding": {"system": _GENDER, "code": "other"}},
                ],
            }
        ],
        says="valueset-operation-validate-code.html",
    ),
    script(
        "terminology/translate",
        "ConceptMap/$translate",
        test(
            "a code with a translation",
            call(
                "GET",
                "ConceptMap/$translate?url=http://example.org/fhir/ts/map&system=http://example.org/fhir/ts/from&code=1",
            ),
            okay(),
            that(f"{_RESULT} = true"),
            that("parameter.where(name = 'match').part.where(name = 'concept').value.code = 'one'"),
        ),
        test(
            "a code without",
            call(
                "GET",
                "ConceptMap/$translate?url=http://example.org/fhir/ts/map&system=http://example.org/fhir/ts/from&code=9",
            ),
            okay(),
            that(f"{_RESULT} = false"),
        ),
        data=[
            thing(
                "ConceptMap",
                "ts-map-1",
                status="active",
                url="http://example.org/fhir/ts/map",
                group=[
                    {
                        "source": "http://example.org/fhir/ts/from",
                        "target": "http://example.org/fhir/ts/to",
                        "element": [{"code": "1", "target": [{"code": "one", "equivalence": "equivalent"}]}],
                    }
                ],
            )
        ],
        says="conceptmap-operation-translate.html",
    ),
    script(
        "terminology/subsumes",
        "CodeSystem/$subsumes",
        test(
            "subsumes",
            call("GET", f"CodeSystem/$subsumes?system={_TREE}-subsumes&codeA=a&codeB=a1"),
            okay(),
            that("parameter.where(name = 'outcome').value = 'subsumes'"),
        ),
        test(
            "subsumed-by",
            call("GET", f"CodeSystem/$subsumes?system={_TREE}-subsumes&codeA=a1&codeB=a"),
            that("parameter.where(name = 'outcome').value = 'subsumed-by'"),
        ),
        test(
            "equivalent",
            call("GET", f"CodeSystem/$subsumes?system={_TREE}-subsumes&codeA=b&codeB=b"),
            that("parameter.where(name = 'outcome').value = 'equivalent'"),
        ),
        test(
            "not-subsumed",
            call("GET", f"CodeSystem/$subsumes?system={_TREE}-subsumes&codeA=a1&codeB=b"),
            that("parameter.where(name = 'outcome').value = 'not-subsumed'"),
        ),
        test(
            "a code that is not there",
            call("GET", f"CodeSystem/$subsumes?system={_TREE}-subsumes&codeA=x&codeB=b"),
            status(404, 422),
            refused(),
        ),
        data=[{**_CODES, "id": "ts-subsumes-1", "url": _TREE + "-subsumes"}],
        says="codesystem-operation-subsumes.html",
    ),
)
