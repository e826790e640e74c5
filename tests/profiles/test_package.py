"""The implementation guide as committed: not stale, whole, bilingual, resolvable, and true to the code beside it."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from fhir_server.operations.definitions import OWN
from fhir_server.search.definition import define
from profiles import fhirpath, systems
from profiles.definitions import code_system, resource_types, structure, value_set
from profiles.identifiers import resident_id, uscc_valid
from profiles.packages import load
from profiles.registry import Registry
from profiles.validator.validate import validate
from tests.every_row import for_each

Json = dict[str, Any]
PROFILES = Path(__file__).parents[2] / "profiles"
PACKAGE, FSH = PROFILES / "package", PROFILES / "fsh"
BASE = systems.CANONICAL_BASE
TRANSLATION = "http://hl7.org/fhir/StructureDefinition/translation"
ELSEWHERE = {
    systems.LOINC,
    systems.SNOMED_CT,
    systems.UCUM,
    "http://dicom.nema.org/resources/ontology/DCM",
    "urn:iso:std:iso:3166",
}
"""Code systems that neither this package nor the core holds."""


def read(path: Path) -> Json:
    found: Json = json.loads(path.read_text(encoding="utf-8"))
    return found


@cache
def definitions() -> dict[str, Json]:
    return {path.name: read(path) for path in sorted(PACKAGE.glob("[A-Z]*.json"))}


@cache
def examples() -> dict[str, Json]:
    return {path.name: read(path) for path in sorted((PACKAGE / "example").glob("[A-Z]*.json"))}


@cache
def invalid() -> dict[str, Json]:
    return {path.name: read(path) for path in sorted((FSH / "invalid").glob("*.json"))}


@cache
def registry() -> Registry:
    found, issues = load([PACKAGE])
    assert not issues
    return found


def of_type(name: str) -> list[Json]:
    return [each for each in definitions().values() if each["resourceType"] == name]


def profiles() -> list[Json]:
    return [each for each in of_type("StructureDefinition") if each["type"] != "Extension"]


def walk(value: Any) -> Iterator[tuple[str, Any]]:
    """Every pair of an element name and its value."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name, inner
            yield from walk(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from walk(inner)


def chinese(element: Json | None) -> str:
    """The Chinese text of the translation extension."""
    for extension in (element or {}).get("extension", ()):
        parts = {part["url"]: part for part in extension.get("extension", ())}
        if extension["url"] == TRANSLATION and parts["lang"]["valueCode"] == "zh-CN":
            return str(parts["content"]["valueString"])
    return ""


# ------------------------------------------------------------------------------------------------- fresh and complete


def test_the_package_was_made_from_the_sources_as_they_are() -> None:
    known = read(PACKAGE / "manifest.json")["inputs"]
    sources = ["sushi-config.yaml", "package-lock.json", "build.py"]
    paths = [FSH / name for name in sources] + list(FSH.glob("input/**/*.fsh"))
    found = {path.relative_to(FSH).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}
    assert found == known, "profiles/fsh changed: run `make ig`"


@pytest.mark.parametrize("folder", [PACKAGE, PACKAGE / "example"], ids=["definitions", "examples"])
def test_the_index_lists_every_file_as_it_is(folder: Path) -> None:
    files = read(folder / ".index.json")["files"]
    assert [each["filename"] for each in files] == sorted(path.name for path in folder.glob("[A-Z]*.json"))
    for each in files:
        resource = read(folder / each["filename"])
        assert {name: resource.get(name) for name in each if name != "filename"} == {
            name: value for name, value in each.items() if name != "filename"
        }
        assert each["filename"] == f"{resource['resourceType']}-{resource['id']}.json"


def test_the_package_says_what_npm_and_fhir_want_to_know() -> None:
    facts = read(PACKAGE / "package.json")
    config = dict(re.findall(r"(?m)^(\w+): (\S+)$", (FSH / "sushi-config.yaml").read_text(encoding="utf-8")))
    assert re.fullmatch(r"[a-z][a-z0-9-]*(\.[a-z0-9-]+)+", facts["name"])
    assert facts["canonical"] == config["canonical"] == BASE
    assert facts["version"] == config["version"]
    assert facts["fhirVersions"] == ["4.0.1"]
    assert facts["dependencies"] == {"hl7.fhir.r4.core": "4.0.1"}


def test_no_python_but_systems_spells_the_canonical_base() -> None:
    rooms = ("profiles", "mappers", "fhir_server", "adapters", "conformance")
    spelled = [
        path.relative_to(PROFILES.parent).as_posix()
        for room in rooms
        for path in (PROFILES.parent / room).rglob("*.py")
        if BASE in path.read_text(encoding="utf-8")
    ]
    assert spelled == ["profiles/systems.py"]


def test_ids_and_canonicals_are_unique_and_below_the_base() -> None:
    urls = [each["url"] for each in definitions().values() if "url" in each]
    assert len(urls) == len(set(urls))
    for name, each in definitions().items():
        if each["resourceType"] == "CodeSystem" and each["url"].startswith("urn:oid:"):
            continue
        if "url" in each:
            assert each["url"] == f"{BASE}/{each['resourceType']}/{each['id']}", name


def test_oids_are_well_formed_and_those_of_the_health_standards() -> None:
    for each in [*definitions().values(), *examples().values()]:
        for _, value in walk(each):
            if isinstance(value, str) and value.startswith("urn:oid:") and "(" not in value:
                assert re.fullmatch(r"urn:oid:[0-2](\.(0|[1-9][0-9]*))+", value), value
    national = [each["url"] for each in of_type("CodeSystem") if each["url"].startswith("urn:oid:")]
    assert len(national) >= 7
    assert all(url.startswith(systems.HEALTH_ROOT + ".2.3.") for url in national)


# -------------------------------------------------------------------------------------------------------------- valid


def refusals(resource: Json) -> list[tuple[str, str, str]]:
    found = validate(resource, registry=registry())
    return [(each.code, each.expression, each.text()) for each in found if each.severity in ("error", "fatal")]


@for_each(sorted(definitions()))
def test_a_definition_is_valid(name: str) -> None:
    assert refusals(definitions()[name]) == []


@for_each(sorted(examples()))
def test_an_example_satisfies_its_profile(name: str) -> None:
    assert examples()[name]["meta"]["profile"]
    assert refusals(examples()[name]) == []


@for_each(sorted(invalid()))
def test_an_invalid_example_is_refused_for_the_named_reason_and_no_other(name: str) -> None:
    case = invalid()[name]
    assert case["resource"]["meta"]["profile"] == [case["profile"]]
    assert case["why"]["en"] and case["why"]["zh"]
    expected = case["expected"]
    found = refusals(case["resource"])
    assert [(code, expression) for code, expression, _ in found] == [(expected["code"], expected["expression"])]
    assert expected.get("rule", "") in found[0][2]


def test_every_profile_has_a_valid_and_an_invalid_example() -> None:
    urls = {each["url"] for each in profiles()}
    assert {url for each in examples().values() for url in each["meta"]["profile"]} == urls
    assert {each["profile"] for each in invalid().values()} == urls


@for_each(sorted({*definitions(), *examples()}))
def test_a_second_reader_understands_it(name: str) -> None:
    """fhir.resources has R4B; what R4B changed (PlanDefinition, SearchParameter are the same) does not occur here."""
    from fhir.resources.R4B import get_fhir_model_class

    resource = definitions().get(name) or examples()[name]
    if resource["resourceType"] == "StructureDefinition":  # a long snapshot costs seconds there
        resource = {key: value for key, value in resource.items() if key != "snapshot"}
    get_fhir_model_class(resource["resourceType"]).model_validate(resource)


# --------------------------------------------------------------------------------------------------------- resolvable


def known_structure(url: str) -> bool:
    return structure(url) is not None or registry().canonical(url, "StructureDefinition") is not None


def known_value_set(url: str) -> bool:
    return value_set(url) is not None or registry().canonical(url, "ValueSet") is not None


def known_system(url: str) -> bool:
    return code_system(url) is not None or registry().canonical(url, "CodeSystem") is not None or url in ELSEWHERE


def test_every_structure_that_is_named_is_there() -> None:
    for name, each in definitions().items():
        named = {each.get("baseDefinition")} if each["resourceType"] == "StructureDefinition" else set()
        for key, value in walk(each):
            if key in ("targetProfile", "exampleCanonical") or (key == "profile" and isinstance(value, list)):
                named |= {value} if isinstance(value, str) else set(value)
        assert [url for url in named - {None} if not known_structure(url)] == [], name


def test_every_value_set_and_code_system_that_is_named_is_there() -> None:
    for each in of_type("StructureDefinition"):
        for key, value in walk(each["differential"]):
            if key == "valueSet":
                assert known_value_set(value), (each["id"], value)
    for each in of_type("ValueSet"):
        for include in each["compose"]["include"]:
            assert known_system(include["system"]), (each["id"], include["system"])
    for each in of_type("ConceptMap"):
        for group in each["group"]:
            assert known_system(group["source"]) and known_system(group["target"]), each["id"]


def codes(url: str) -> set[str]:
    definition = registry().canonical(url, "CodeSystem") or code_system(url)
    assert definition is not None, url
    return {concept["code"] for concept in every_concept(definition)}


def every_concept(definition: Json) -> Iterator[Json]:
    for concept in definition.get("concept", ()):
        yield concept
        yield from every_concept(concept)


@pytest.mark.parametrize("each", of_type("ConceptMap"), ids=lambda each: each["id"])
def test_a_concept_map_covers_its_source_and_meets_its_target(each: Json) -> None:
    for group in each["group"]:
        elements = group["element"]
        assert len({element["code"] for element in elements}) == len(elements)
        assert {element["code"] for element in elements} <= codes(group["source"])
        if group["source"].startswith((BASE, systems.HEALTH_ROOT)):
            assert {element["code"] for element in elements} == codes(group["source"])
        targets = {target["code"] for element in elements for target in element["target"] if "code" in target}
        assert targets <= codes(group["target"])


def test_every_code_and_extension_of_an_example_is_defined() -> None:
    for name, each in examples().items():
        for key, value in walk(each):
            if key == "system" and value.startswith(BASE) and "/sid/" not in value:
                assert known_system(value), (name, value)
            if key == "url" and value.startswith(BASE) and "/StructureDefinition/" in value:
                assert known_structure(value), (name, value)
            if isinstance(value, dict) and value.get("system", "").startswith(BASE + "/CodeSystem/"):
                assert value["code"] in codes(value["system"]), (name, value["code"])


def test_every_reference_of_an_example_leads_to_an_example() -> None:
    there = {f"{each['resourceType']}/{each['id']}" for each in examples().values()}
    for name, each in examples().items():
        assert [value for key, value in walk(each) if key == "reference" and value not in there] == [], name


# ---------------------------------------------------------------------------------------------------------- bilingual


def test_every_concept_has_an_english_and_a_chinese_text() -> None:
    for each in of_type("CodeSystem"):
        for concept in every_concept(each):
            zh = [text["value"] for text in concept.get("designation", ()) if text.get("language") == "zh-CN"]
            assert concept.get("display") and len(zh) == 1, (each["id"], concept["code"])


def test_every_definition_has_its_title_and_description_in_english_and_chinese() -> None:
    for name, each in definitions().items():
        kind = each["resourceType"]
        if kind == "ImplementationGuide":
            continue
        assert each["description"] and chinese(each.get("_description")), name
        if kind not in ("SearchParameter", "NamingSystem"):  # R4 gives these no title
            assert each["title"] and chinese(each.get("_title")), name


def test_every_rule_of_ours_has_its_text_in_english_and_chinese() -> None:
    rules = {rule["key"]: rule for rule in own_rules()}
    assert len(rules) >= 40
    assert [key for key, rule in rules.items() if not (rule["human"] and chinese(rule.get("_human")))] == []


# -------------------------------------------------------------------------------------------------------------- rules


def own_rules() -> Iterator[Json]:
    for each in of_type("StructureDefinition"):
        for element in each["differential"]["element"]:
            yield from element.get("constraint", ())


def test_every_rule_and_search_expression_can_be_right() -> None:
    for each in of_type("StructureDefinition"):
        for element in each["differential"]["element"]:
            for rule in element.get("constraint", ()):
                text = element["path"].endswith((".value", "value[x]"))
                assert not fhirpath.check(rule["expression"], "string" if text else element["path"]), rule["key"]
    for each in of_type("SearchParameter"):
        for base in each["base"]:
            assert base in resource_types()
            assert not fhirpath.check(each["expression"], base), each["id"]


def rule(key: str) -> fhirpath.Expression:
    return fhirpath.compile(next(each["expression"] for each in own_rules() if each["key"] == key), "string")


@pytest.mark.parametrize("number", ["999999199001010016", "999999198807120025", "99999919470610321X"])
def test_the_rule_of_identity_numbers_judges_as_the_code_does(number: str) -> None:
    judged = rule("cmc-id18")
    others = [number[:place] + digit + number[place + 1 :] for place in range(6, 18) for digit in "0123456789X"]
    for value in [number, number[:-1], number + "0", number.lower(), "", *others]:
        if len(value) == 18 and value[10:14] == "0229":
            continue  # whether a year has 29 February is more than a regular expression says
        code = len(value) == 18 and value == value.upper() and value[6:8] in ("18", "19", "20") and resident_id(value)
        assert judged.test(value) == bool(code), value


@pytest.mark.parametrize("number", ["12999999CMC000001N", "91350100M000100Y43"])
def test_the_rule_of_credit_codes_judges_as_the_code_does(number: str) -> None:
    judged = rule("cmc-uscc")
    assert judged.test(number) and uscc_valid(number)
    for place in range(18):
        for digit in "0129ACIOQSVXYZ":
            value = number[:place] + digit + number[place + 1 :]
            assert judged.test(value) == uscc_valid(value), value


# ------------------------------------------------------------------------------------------------- true to the product


def test_the_operations_of_the_guide_are_those_of_the_server() -> None:
    facts = ("url", "name", "code", "kind", "system", "type", "instance", "affectsState", "resource")

    def said(definition: Any) -> tuple[Json, list[tuple[Any, ...]]]:
        parameters = [
            tuple(part[name] for name in ("name", "use", "min", "max", "type")) for part in definition["parameter"]
        ]
        return {name: definition[name] for name in facts}, sorted(parameters)

    assert {each["id"]: said(each) for each in of_type("OperationDefinition")} == {
        name: said(each) for name, each in OWN.items()
    }


@pytest.mark.parametrize("each", of_type("SearchParameter"), ids=lambda each: each["id"])
def test_the_server_takes_the_search_parameters_of_the_guide(each: Json) -> None:
    made = define(each, "test")
    assert [parameter.code for parameter in made.parameters] == [each["code"]] * len(each["base"])
    assert made.issues == ()


def test_the_numbers_of_the_guide_are_those_of_the_code() -> None:
    known = {value for name, value in vars(systems).items() if name.isupper() and isinstance(value, str)}
    for each in of_type("NamingSystem"):
        assert each["uniqueId"][0]["value"] in known, each["id"]
        assert each["uniqueId"][0]["value"] == "urn:oid:" + each["uniqueId"][1]["value"]


def rows(name: str) -> list[dict[str, str]]:
    with (PROFILES.parent / "mappers" / "tables" / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_codes_of_the_guide_are_those_the_translation_writes() -> None:
    assert {row["code"] for row in rows("qualitative.csv")} == codes(f"{BASE}/CodeSystem/qualitative-result")
    assert {row["business"] for row in rows("referral_status.csv")} <= codes(f"{BASE}/CodeSystem/referral-task-status")
    assert {row["centre"] for row in rows("service_sections.csv") if row["centre"]} <= codes(
        f"{BASE}/CodeSystem/center-type"
    )


def test_the_states_of_a_referral_are_mapped_as_the_translation_does() -> None:
    found = next(each for each in of_type("ConceptMap") if each["id"] == "referral-task-status-to-task-status")
    mapped = {element["code"]: element["target"][0]["code"] for element in found["group"][0]["element"]}
    assert {row["business"]: row["task"] for row in rows("referral_status.csv")}.items() <= mapped.items()


def test_the_page_about_the_guide_names_everything_in_it() -> None:
    page = (PROFILES.parent / "docs" / "reference" / "implementation-guide.md").read_text(encoding="utf-8")
    named = [each["id"] for kind in ("StructureDefinition", "CodeSystem", "ConceptMap") for each in of_type(kind)]
    named += [each["code"] for each in of_type("SearchParameter")] + [each["key"] for each in own_rules()]
    assert [name for name in named if f"`{name}`" not in page] == []
