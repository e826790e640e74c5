"""JSON → XML → JSON and XML → JSON → XML lose nothing."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from profiles.definitions import resource_types
from profiles.json_input import parse
from profiles.json_output import dump
from profiles.xml_elements import Form, resource_table
from profiles.xml_input import parse_xml
from profiles.xml_output import dump_xml, dump_xml_pretty

SHARED = Path(__file__).parents[3] / "shared" / "oracles"
DIV = '<div xmlns="http://www.w3.org/1999/xhtml">%s</div>'


def _sorted(value: Any) -> Any:
    """Objects by key: only in XML has the order of elements a meaning."""
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value


def _same(one: Any, other: Any) -> bool:
    """To the digit and the type: bytes, not `==`, by which 1.10 is 1.1 and 1 is True."""
    return dump(_sorted(one)) == dump(_sorted(other))


def _back(document: bytes) -> dict[str, Any]:
    resource, issues = parse_xml(document, limit=1 << 30)
    assert resource is not None, issues
    return resource


def _ext(url: str, **value: Any) -> dict[str, Any]:
    return {"url": url, **value}


PATIENT = {"resourceType": "Patient"}
OBSERVATION = {"resourceType": "Observation", "status": "final", "code": {"text": "K"}}
OURS: dict[str, dict[str, Any]] = {
    "id and meta": {**PATIENT, "id": "a", "meta": {"versionId": "1", "tag": [{"system": "s", "code": "c"}]}},
    "a boolean": {**PATIENT, "active": False},
    "a choice": {**PATIENT, "deceasedDateTime": "2020"},
    "a choice that is false": {**PATIENT, "deceasedBoolean": False},
    "Chinese": {**PATIENT, "name": [{"text": "张三丰", "given": ["三丰"]}]},
    "astral": {**PATIENT, "name": [{"text": "𠮷野家 🏥"}]},
    "markup in a value": {**PATIENT, "name": [{"text": "<a href='x'>&amp; \"q\" ]]>"}]},
    "white space in a value": {**OBSERVATION, "note": [{"text": " a\n\tb\r\nc "}]},
    "extension of a primitive": {
        **PATIENT,
        "birthDate": "1970",
        "_birthDate": {"extension": [_ext("u", valueTime="09:00:00")]},
    },
    "id of a primitive": {**PATIENT, "birthDate": "1970", "_birthDate": {"id": "b1"}},
    "extension without a value": {**PATIENT, "_birthDate": {"extension": [_ext("u", valueCode="unknown")]}},
    "gaps in a list": {
        **PATIENT,
        "name": [
            {"given": ["a", None, "c"], "_given": [None, {"extension": [_ext("u", valueString="x")]}, {"id": "i"}]}
        ],
    },
    "a list that only extends": {
        **PATIENT,
        "name": [{"_given": [{"id": "1"}, {"extension": [_ext("u", valueId="x")]}]}],
    },
    "gap at the end": {**PATIENT, "name": [{"given": ["a", "b"], "_given": [{"id": "1"}, None]}]},
    "nested extensions": {
        **PATIENT,
        "extension": [_ext("u", extension=[_ext("a", valueInteger=1), _ext("b", valueUrl="http://x")])],
    },
    "extension with an object": {**PATIENT, "extension": [_ext("u", valueCodeableConcept={"coding": [{"code": "x"}]})]},
    "id of an object": {**PATIENT, "name": [{"id": "n1", "text": "x"}], "contact": [{"id": "c", "gender": "male"}]},
    "modifier extension": {
        **PATIENT,
        "contact": [{"modifierExtension": [_ext("u", valueBoolean=True)], "gender": "male"}],
    },
    "decimal digits": {**OBSERVATION, "valueQuantity": {"value": Decimal("1.10")}},
    "small decimal": {**OBSERVATION, "valueQuantity": {"value": Decimal("0.0000000012300")}},
    "decimal with an exponent": {**OBSERVATION, "valueQuantity": {"value": Decimal("1.0E+2")}},
    "negative decimal": {**OBSERVATION, "valueQuantity": {"value": Decimal("-0.0")}},
    "whole decimal": {**OBSERVATION, "valueQuantity": {"value": 185}},
    "integers": {**OBSERVATION, "valueInteger": -3},
    "sampled data": {
        **OBSERVATION,
        "valueSampledData": {"origin": {"value": 0}, "period": 10, "dimensions": 1, "data": "1 2 E"},
    },
    "an element that refers to another": {
        **OBSERVATION,
        "component": [{"code": {"text": "c"}, "referenceRange": [{"low": {"value": Decimal("1.0")}, "text": "t"}]}],
    },
    "contained": {
        **OBSERVATION,
        "contained": [{**PATIENT, "id": "p"}, {"resourceType": "Practitioner", "id": "d"}],
        "subject": {"reference": "#p"},
    },
    "bundle": {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": 2,
        "link": [{"relation": "self", "url": "http://x/Patient?a=b&c=d"}],
        "entry": [
            {
                "fullUrl": "urn:uuid:1",
                "resource": {**PATIENT, "id": "a"},
                "search": {"mode": "match", "score": Decimal("0.50")},
            },
            {
                "resource": OBSERVATION,
                "response": {
                    "status": "200",
                    "outcome": {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "value"}]},
                },
            },
        ],
    },
    "bundle in a bundle": {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": {"resourceType": "Bundle", "type": "batch"}}],
    },
    "parameters": {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "a", "part": [{"name": "b", "valueDecimal": Decimal("2.50")}, {"name": "c", "resource": PATIENT}]}
        ],
    },
    "narrative": {
        **PATIENT,
        "text": {"status": "generated", "div": DIV % '<p class="a">中 &amp; 文<br/>&quot;q&quot; <b>x</b></p>'},
    },
    "narrative with comments and line ends": {
        **PATIENT,
        "text": {"status": "generated", "div": DIV % "a\r\nb<!-- c -->\n"},
    },
    "narrative in single quotes": {
        **PATIENT,
        "text": {"status": "generated", "div": "<div xmlns='http://www.w3.org/1999/xhtml'><i>x</i></div>"},
    },
    "narrative with a div inside": {**PATIENT, "text": {"status": "generated", "div": DIV % (DIV % "<div>a</div>")}},
    "narratives in several places": {
        **PATIENT,
        "text": {"status": "generated", "div": DIV % "&quot;1&quot;"},
        "contained": [{**PATIENT, "id": "p", "text": {"status": "generated", "div": DIV % "&quot;2&quot;"}}],
    },
    "base64": {"resourceType": "Binary", "contentType": "text/plain", "data": "aGVsbG8="},
    "timing": {
        "resourceType": "MedicationRequest",
        "status": "active",
        "intent": "order",
        "medicationReference": {"reference": "Medication/m"},
        "subject": {"reference": "Patient/p"},
        "dosageInstruction": [
            {
                "timing": {
                    "repeat": {
                        "boundsPeriod": {"start": "2020"},
                        "frequency": 3,
                        "period": Decimal("1.0"),
                        "periodUnit": "d",
                        "timeOfDay": ["08:00:00"],
                    }
                },
                "doseAndRate": [{"doseQuantity": {"value": 5}}],
            }
        ],
    },
    "definitions": {
        "resourceType": "StructureDefinition",
        "url": "u",
        "name": "n",
        "status": "draft",
        "kind": "resource",
        "abstract": False,
        "type": "Patient",
        "differential": {
            "element": [
                {
                    "id": "Patient",
                    "path": "Patient",
                    "min": 0,
                    "max": "*",
                    "fixedCode": "x",
                    "type": [{"code": "string"}],
                }
            ]
        },
    },
    "questionnaire": {
        "resourceType": "Questionnaire",
        "status": "draft",
        "item": [
            {
                "linkId": "1",
                "type": "group",
                "item": [
                    {
                        "linkId": "1.1",
                        "type": "string",
                        "enableWhen": [{"question": "q", "operator": "=", "answerBoolean": True}],
                    }
                ],
            }
        ],
    },
}


@pytest.mark.parametrize("name", OURS)
def test_json_to_xml_and_back_is_the_same_resource(name: str) -> None:
    assert _same(_back(dump_xml(OURS[name])), OURS[name])


@pytest.mark.parametrize("name", OURS)
def test_indentation_changes_nothing(name: str) -> None:
    pretty = dump_xml_pretty(OURS[name])
    assert _same(_back(pretty), OURS[name])
    assert dump_xml(_back(pretty)) == dump_xml(OURS[name])


def test_elements_come_in_the_order_of_the_definition() -> None:
    document = dump_xml(
        {**PATIENT, "birthDate": "1970", "active": True, "id": "a", "name": [{"given": ["g"], "use": "usual"}]}
    )
    assert document == (
        b'<?xml version="1.0" encoding="UTF-8"?>\n<Patient xmlns="http://hl7.org/fhir"><id value="a"/>'
        b'<active value="true"/>'
        b'<name><use value="usual"/><given value="g"/></name><birthDate value="1970"/></Patient>'
    )


def test_indented_xml_shows_its_levels() -> None:
    assert dump_xml_pretty({**PATIENT, "name": [{"text": "x"}]}).decode().splitlines()[1:] == [
        '<Patient xmlns="http://hl7.org/fhir">',
        "  <name>",
        '    <text value="x"/>',
        "  </name>",
        "</Patient>",
    ]


def test_what_xml_cannot_carry_is_replaced_and_what_is_no_xhtml_is_shown_as_text() -> None:
    assert _back(dump_xml({**PATIENT, "id": "a\ufffeb"}))["id"] == "a\ufffdb"
    for broken in (
        "<div>a<br>b</div>",
        "<div>&nbsp;</div>",
        "<!DOCTYPE x><div/>",
        "<divx/>",
        "<div></div><p/>",
        "\x00",
    ):
        div = _back(dump_xml({**PATIENT, "text": {"status": "generated", "div": broken}}))["text"]["div"]
        assert div.startswith('<div xmlns="http://www.w3.org/1999/xhtml">')
        assert "&lt;div" in div or "DOCTYPE" in div or "\ufffd" in div or "&lt;divx" in div


def test_a_narrative_without_its_namespace_gets_it() -> None:
    div = _back(dump_xml({**PATIENT, "text": {"status": "generated", "div": "<div>a<b>c</b></div>"}}))["text"]["div"]
    assert div == DIV % "a<b>c</b>"


def test_an_element_r4_does_not_know_is_not_dropped_in_silence() -> None:
    with pytest.raises(ValueError, match="Patient"):
        dump_xml({**PATIENT, "colour": "red"})
    with pytest.raises(ValueError, match="R4"):
        dump_xml({"resourceType": "Colour"})


def test_every_resource_type_has_a_table_down_to_its_leaves() -> None:
    seen: set[int] = set()

    def walk(table: Any) -> None:
        if id(table) in seen:
            return
        seen.add(id(table))
        for element in table.elements.values():
            if element.form is Form.OBJECT:
                walk(element.table())

    for kind in resource_types():
        walk(resource_table(kind))
    assert len(seen) > 600


def _examples() -> Iterator[tuple[str, bytes]]:
    archive = SHARED / "r4-examples.tar.xz"
    if not archive.exists():
        pytest.skip("the official examples are not here")
    with tarfile.open(archive) as examples:
        for member in examples:
            stream = examples.extractfile(member)
            if stream is not None and member.name.endswith(".json"):
                yield member.name, stream.read()


@pytest.mark.shared
def test_every_official_example_survives_the_way_through_xml() -> None:
    count, lost = 0, []
    for name, text in _examples():
        resource, _ = parse(text)
        assert resource is not None, name
        count += 1
        if not _same(_back(dump_xml(resource)), resource):
            lost.append(name)
    assert count > 700
    assert lost == []


@pytest.mark.shared
def test_official_xml_says_the_same_after_it_was_json() -> None:
    files = sorted((SHARED / "fhirpath" / "inputs").glob("*.xml")) + sorted(
        (SHARED / "validator" / "files").glob("*.xml")
    )
    if not files:
        pytest.skip("the official test files are not here")
    read = [(file.name, resource) for file in files if (resource := parse_xml(file.read_bytes())[0]) is not None]
    assert len(read) > 100
    assert [
        name for name, resource in read if not _same(_back(dump_xml(parse(dump(resource))[0] or {})), resource)
    ] == []
