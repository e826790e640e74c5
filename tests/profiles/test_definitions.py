"""The definitions are those of R4 4.0.1, complete, and cost nothing until they are asked for."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

import profiles
from profiles import compartment, resource_types, search_parameters, structure
from profiles.archive import CORE, core
from profiles.definitions import (
    applicable,
    code_system,
    data_types,
    operation,
    primitive_types,
    summary_elements,
    value_set,
)


def test_data_files_are_those_of_the_manifest() -> None:
    manifest = json.loads((CORE / "manifest.json").read_text(encoding="utf-8"))
    assert {path.name for path in CORE.glob("*.zip")} == manifest["files"].keys()
    for name, facts in manifest["files"].items():
        data = (CORE / name).read_bytes()
        assert hashlib.sha256(data).hexdigest() == facts["sha256"]
        assert len(data) == facts["bytes"]
        assert len(core(name.removesuffix(".zip")).places) == facts["entries"]


def test_all_of_r4_is_there() -> None:
    assert len(resource_types()) == 146
    assert {"Patient", "Bundle", "Parameters", "MedicinalProduct"} <= resource_types()
    assert not {"Resource", "DomainResource", "Element"} & resource_types()
    assert len(primitive_types()) == 20
    assert {"Extension", "Quantity", "Timing", "Element", "BackboneElement"} <= data_types()


def test_a_structure_is_found_by_name_and_by_url() -> None:
    by_name = structure("Observation")
    assert by_name is not None
    assert by_name is structure("http://hl7.org/fhir/StructureDefinition/Observation|4.0.1")
    status = next(e for e in by_name["snapshot"]["element"] if e["path"] == "Observation.status")
    assert status["binding"] == {
        "strength": "required",
        "valueSet": "http://hl7.org/fhir/ValueSet/observation-status|4.0.1",
    }
    assert status["min"] == 1
    assert status["isModifier"]
    assert {"obs-6", "obs-7"} <= {c["key"] for c in by_name["snapshot"]["element"][0]["constraint"]}


@pytest.mark.parametrize("find", [structure, value_set, code_system, operation])
def test_what_is_not_defined_is_none(find: object) -> None:
    assert callable(find)
    assert find("http://example.org/nothing") is None


def test_terminology_and_operations_are_found_by_url() -> None:
    assert value_set("http://hl7.org/fhir/ValueSet/administrative-gender|4.0.1")
    assert code_system("http://hl7.org/fhir/administrative-gender")
    everything = operation("http://hl7.org/fhir/OperationDefinition/Patient-everything")
    assert everything is not None
    assert everything["code"] == "everything"


def test_a_type_has_its_own_and_the_common_search_parameters() -> None:
    found = search_parameters("Observation")
    common = {"_id", "_lastUpdated", "_tag", "_profile", "_security", "_source", "_text"}
    assert common <= found.keys()
    assert found["code"].expression == "Observation.code"
    assert found["patient"].targets == ("Patient", "Group")
    assert [part.code for part in found["code-value-quantity"].components] == ["code", "value-quantity"]
    assert "_text" not in search_parameters("Bundle")
    assert search_parameters("Nothing") == {}


def test_every_search_expression_is_about_its_type() -> None:
    for resource_type in resource_types():
        for parameter in search_parameters(resource_type).values():
            roots = {part.lstrip("( ").split(".")[0].split(" ")[0] for part in parameter.expression.split(" | ")}
            known = {resource_type, "Resource", "DomainResource", ""}
            assert roots <= known or (resource_type, parameter.code) == ("InsurancePlan", "name")


def test_alternatives_of_other_types_are_left_out() -> None:
    shared = "A.x | (B.y as Quantity) | B.z.where(p | q) | C.w"
    assert applicable(shared, "B") == "(B.y as Quantity) | B.z.where(p | q)"


def test_the_patient_compartment_names_the_linking_parameters() -> None:
    assert compartment("Patient")["Observation"] == ("subject", "performer")
    assert "Organization" not in compartment("Patient")
    assert compartment("Nothing") == {}
    for name in ("Patient", "Encounter", "Practitioner", "RelatedPerson", "Device"):
        assert compartment(name)


def test_summary_elements_are_json_names() -> None:
    found = summary_elements("Observation")
    assert {"status", "code", "valueQuantity", "component.code"} <= found
    assert not {"note", "referenceRange", "value[x]"} & found


def test_the_shop_window_offers_what_it_names() -> None:
    for name in profiles.__all__:
        assert getattr(profiles, name) is not None
    with pytest.raises(AttributeError):
        profiles.nothing  # type: ignore[attr-defined]  # noqa: B018


def test_import_loads_no_data() -> None:
    """Importing the room stays below 10 ms because it imports nothing; the first use pays."""
    script = "import sys; before = set(sys.modules); import profiles; print(*sorted(set(sys.modules) - before))"
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]
    )
    assert {name.partition(".")[0] for name in result.stdout.split()} <= {"profiles", "importlib", "warnings"}
    assert "profiles.definitions" not in result.stdout
