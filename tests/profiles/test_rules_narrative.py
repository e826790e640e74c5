"""Narrative rules: each fault of the XHTML is named (FHIR R4 narrative.html#xhtml)."""

from typing import Any

import pytest

from profiles.registry import Registry
from profiles.xml_narrative import is_narrative, read
from tests.strictly import validate

XHTML = "http://www.w3.org/1999/xhtml"


def division(inner: str) -> str:
    return f'<div xmlns="{XHTML}">{inner}</div>'


def codes(inner: str, **more: Any) -> set[str]:
    resource = {"resourceType": "Patient", "id": "a", "text": {"status": "generated", "div": division(inner)}, **more}
    return {issue.code for issue in validate(resource) if issue.code.startswith("narrative")}


@pytest.mark.parametrize(
    "inner",
    [
        "张三",
        '<p>张<b>三</b><br/></p><table class="grid"><tbody><tr><td colspan="2">1</td></tr></tbody></table>',
        "<ul><li>a<ul><li>b</li></ul></li></ul><dl><dt>a</dt><dd>b</dd></dl>",
        '<a name="x">a</a><a href="#x">b</a><a href="https://example.com/a?b=c&amp;d=%20">c</a>',
        '<img src="data:image/png;base64,aGVsbG8=" alt="x"/>',
        "5 &lt; 6 &#160;",
    ],
)
def test_basic_formatting_is_sound(inner: str) -> None:
    assert codes(inner) == set()
    assert is_narrative(division(inner))


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        ("<script>x</script>", "narrative-element"),
        ('<p onclick="x">a</p>', "narrative-attribute"),
        ('<a href="javascript:x">a</a>', "narrative-link-active"),
        ('<a href=" JavaScript:x">a</a>', "narrative-link-active"),
        ('<a href="urn:uuid:7221aa91-d9e1-44fa-8b90-c5a8c7caeade">a</a>', "narrative-link-scheme"),
        ('<a href="http://example.com/a b">a</a>', "narrative-link-invalid"),
        ('<a href="#nowhere">a</a>', "narrative-fragment"),
        ('<img src="#nowhere" alt="x"/>', "narrative-fragment"),
        ("<p>a<table><tbody><tr><td>1</td></tr></tbody></table></p>", "narrative-nesting"),
        ("<table><td>1</td></table>", "narrative-nesting"),
        ("<ul>a</ul>", "narrative-nesting"),
        ("<b>a<i><b>c</b></i></b>", "narrative-nesting"),
        ('<p xmlns="http://example.com">a</p>', "narrative-namespace"),
        ("a&nbsp;b", "narrative-entity"),
        ("a&unknown;b", "narrative-malformed"),
        ("<p>a", "narrative-malformed"),
        ("<?php a ?>b", "narrative-markup"),
        ('<p id="x">a</p><p id="x">b</p>', "narrative-id-repeated"),
    ],
)
def test_each_fault_has_its_name(inner: str, expected: str) -> None:
    assert expected in codes(inner)


def test_a_link_may_lead_to_an_element_of_the_resource() -> None:
    assert codes('<a href="#n">a</a>', name=[{"id": "n", "text": "张三"}]) == set()


def test_a_narrative_without_anything_to_read_is_none() -> None:
    assert not is_narrative(division("<p> </p>"))
    assert not is_narrative('<p xmlns="http://www.w3.org/1999/xhtml">a</p>')


def test_faults_are_told_once_however_often_they_occur() -> None:
    assert len(read(division("<blink>a</blink>" * 1000)).faults) == 1


def test_the_language_of_a_narrative_is_that_of_its_resource() -> None:
    def warnings(attributes: str) -> set[str]:
        text = {"status": "generated", "div": f'<div xmlns="{XHTML}"{attributes}>张三</div>'}
        found = validate({"resourceType": "Patient", "language": "zh-CN", "text": text})
        assert all(issue.severity == "warning" for issue in found)
        return {issue.code for issue in found}

    assert warnings(' lang="zh-CN" xml:lang="zh-CN"') == set()
    assert warnings("") == {"narrative-language-missing"}
    assert warnings(' lang="en" xml:lang="en"') == {"narrative-language-differs"}


# ------------------------------------------------------------------------------------------------ said by a profile


def controlled(inner: str, name: str, value: str) -> set[str]:
    url = "http://example.com/StructureDefinition/told"
    control = {"url": f"http://hl7.org/fhir/StructureDefinition/narrative-{name}-control", "valueCode": value}
    profile = {
        "resourceType": "StructureDefinition",
        "url": url,
        "name": "Told",
        "status": "draft",
        "kind": "resource",
        "abstract": False,
        "type": "Patient",
        "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Patient",
        "derivation": "constraint",
        "differential": {"element": [{"id": "Patient.text", "path": "Patient.text", "extension": [control]}]},
    }
    text = {"status": "generated", "div": division(inner)}
    resource = {"resourceType": "Patient", "language": "zh", "text": text}
    found = validate(resource, profile=url, registry=Registry([profile]))
    return {issue.code for issue in found if issue.refuses}


GERMAN = '<div lang="de" xml:lang="de">a</div>'


@pytest.mark.parametrize(
    ("inner", "name", "value", "refused"),
    [
        ('<div class="generated">a</div>', "source", "error", False),
        ("<div>a</div>", "source", "error", True),
        (GERMAN, "language", "_yes", False),
        ("a", "language", "_yes", True),
        ("a", "language", "_no", False),
        (GERMAN, "language", "_no", True),
        (GERMAN, "language", "_resource", True),
        (GERMAN, "language", "de", False),
    ],
)
def test_a_profile_may_ask_for_sources_and_languages(inner: str, name: str, value: str, refused: bool) -> None:
    assert bool(controlled(inner, name, value)) is refused
