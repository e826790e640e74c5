"""The cases of the FHIR test suite for JSON Patch, XML Patch and FHIRPath Patch: a handful here, all of them beside."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from fhir_server.patch import fhirpath_patch, json_patch, xml_patch
from fhir_server.patch.failure import PatchError
from profiles.xml_input import parse_xml

HERE = Path(__file__).parent / "patch_cases"
BESIDE = Path(__file__).parent.parent.parent.parent / "shared" / "oracles" / "patch"


def _files(name: str) -> Iterator[tuple[Path, tuple[Any, ...]]]:
    yield HERE / name, ()
    if BESIDE.is_dir():
        yield BESIDE / name, (pytest.mark.shared,)


def _json_cases() -> list[Any]:
    return [
        pytest.param(case, marks=marks, id=f"{path.parent.name}-{number}")
        for path, marks in _files("json-patch-tests.json")
        for number, case in enumerate(json.loads(path.read_bytes()))
    ]


def _xml_cases(name: str) -> list[Any]:
    keeping = etree.XMLParser(resolve_entities=False)
    return [
        pytest.param(case, marks=marks, id=f"{path.parent.name}-{number}")
        for path, marks in _files(name)
        for number, case in enumerate(etree.parse(path, keeping).getroot().findall("case"))
    ]


def _shape(node: etree._Element) -> Any:
    """A node without the blanks between elements."""
    text = (node.text or "").strip()
    children = [(_shape(child), (child.tail or "").strip()) for child in node]
    prefixes = sorted(item for item in node.nsmap.items() if item[0])
    return str(node.tag), dict(node.attrib), prefixes, text, children


@pytest.mark.parametrize("case", _json_cases())
def test_a_json_patch_does_what_the_suite_says(case: dict[str, Any]) -> None:
    if "error" in case:
        with pytest.raises(PatchError):
            json_patch.apply(json_patch.read(case["patch"]), case["doc"])
    else:
        assert json_patch.apply(json_patch.read(case["patch"]), case["doc"]) == case["expected"]


@pytest.mark.parametrize("case", _xml_cases("xml-patch-tests.xml"))
def test_an_xml_patch_does_what_the_suite_says(case: etree._Element) -> None:
    target, patch, expected = case.find("target"), case.find("{http://hl7.org/fhir}patch"), case.find("patched")
    assert target is not None and patch is not None

    def patched() -> etree._Element:
        operations = xml_patch.operations(patch)
        if not len(target):
            raise PatchError("no document")  # a resource there always is
        return xml_patch.apply_to(operations, etree.fromstring(etree.tostring(target[0], with_tail=False)))

    if expected is None:
        with pytest.raises(PatchError):
            patched()
    else:
        assert _shape(patched()) == _shape(etree.fromstring(etree.tostring(expected[0], with_tail=False)))


@pytest.mark.parametrize("case", _xml_cases("fhir-patch-tests.xml"))
def test_a_fhirpath_patch_does_what_the_suite_says(case: etree._Element) -> None:
    def read(name: str) -> dict[str, Any]:
        found = case.find(name)
        assert found is not None
        resource, issues = parse_xml(etree.tostring(found[0], with_tail=False))
        assert resource is not None, issues
        return resource

    diff = case.find("diff")
    assert diff is not None
    parameters = read("diff") if len(diff[0]) else {"resourceType": "Parameters"}
    if case.find("error") is not None:
        with pytest.raises(PatchError):
            fhirpath_patch.apply(fhirpath_patch.read(parameters), read("input"))
    else:
        assert fhirpath_patch.apply(fhirpath_patch.read(parameters), read("input")) == read("output")
