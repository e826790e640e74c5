"""A snapshot holds the base, changed as the differential says; SUSHI's snapshots of our own guide are the measure."""

import json
from pathlib import Path
from typing import Any

import pytest

from profiles.definitions import structure
from profiles.registry import Registry
from profiles.snapshot import SnapshotError, snapshot
from tests.profiles.profile_maker import Json, by, profile

PACKAGE = Path(__file__).parents[2] / "profiles" / "package"
GUIDE = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(PACKAGE.glob("StructureDefinition-*.json"))]
_FACTS = ("min", "max", "sliceName", "contentReference", "maxLength", "mustSupport", "isModifier", "isSummary")


def made(definition: Json) -> dict[str, Json]:
    return {element["id"]: element for element in snapshot(definition, structure)}


@pytest.mark.skipif(not GUIDE, reason="the guide is not built")
def test_it_is_what_sushi_makes_of_the_guide() -> None:
    bare = Registry([{key: value for key, value in one.items() if key != "snapshot"} for one in GUIDE])
    compared = 0
    for definition in GUIDE:
        if "snapshot" not in definition:
            continue
        ours = bare.structure(definition["url"])
        assert ours is not None, (definition["url"], bare.broken(definition["url"]))
        theirs = {element["id"]: facts(element) for element in definition["snapshot"]["element"]}
        assert {element["id"]: facts(element) for element in ours["snapshot"]["element"]} == theirs
        compared += len(theirs)
    assert compared > 2000


def facts(element: Json) -> Json:
    kept: dict[str, Any] = {name: element[name] for name in _FACTS if element.get(name)}
    if "contentReference" in kept:  # we say of which definition
        kept["contentReference"] = "#" + kept["contentReference"].partition("#")[2]
    kept |= {name: value for name, value in element.items() if name.startswith(("fixed", "pattern", "minV", "maxV"))}
    kept["type"] = [(one["code"], one.get("profile"), one.get("targetProfile")) for one in element.get("type", ())]
    kept["constraint"] = [one["key"] for one in element.get("constraint", ())]
    kept["valueSet"] = element.get("binding", {}).get("valueSet", "").partition("|")[0]
    return kept


def test_a_slice_inherits_all_but_the_least_count() -> None:
    found = made(
        profile(
            "p",
            "Observation",
            {"id": "Observation.category", "min": 2, "slicing": by("pattern", "$this")},
            {"id": "Observation.category:lab", "max": "1"},
        )
    )
    sliced = found["Observation.category:lab"]
    assert (sliced["min"], sliced["max"], sliced["sliceName"]) == (0, "1", "lab")
    assert sliced["type"] == found["Observation.category"]["type"]
    assert sliced["base"] == {"path": "Observation.category", "min": 0, "max": "*"}


def test_elements_of_a_data_type_are_unfolded_together() -> None:
    found = made(profile("p", "Patient", {"id": "Patient.name.family", "min": 1}))
    assert found["Patient.name.family"]["min"] == 1
    assert found["Patient.name.family"]["base"]["path"] == "HumanName.family"
    assert found["Patient.name.given"]["max"] == "*"


def test_elements_without_ids_mean_the_slice_opened_last() -> None:
    rows = [
        {"path": "Patient.telecom", "slicing": by("value", "system")},
        {"path": "Patient.telecom", "sliceName": "phone", "min": 1},
        {"path": "Patient.telecom.system", "fixedCode": "phone"},
        {"path": "Patient.gender", "min": 1},
    ]
    found = made({**profile("p", "Patient"), "differential": {"element": rows}})
    assert found["Patient.telecom:phone.system"]["fixedCode"] == "phone"
    assert "fixedCode" not in found.get("Patient.telecom.system", {})
    assert found["Patient.gender"]["min"] == 1


def test_constraints_add_up_and_bindings_replace() -> None:
    rule = {"key": "x-1", "severity": "error", "human": "…", "expression": "true"}
    binding = {"strength": "required", "valueSet": "http://example.org/v"}
    found = made(profile("p", "Patient", {"id": "Patient.maritalStatus", "constraint": [rule], "binding": binding}))
    assert [one["key"] for one in found["Patient.maritalStatus"]["constraint"]] == ["ele-1", "x-1"]
    assert found["Patient.maritalStatus"]["binding"] == binding


def test_the_base_stays_as_it_was() -> None:
    before = json.dumps(structure("Patient"), default=str)
    made(profile("p", "Patient", {"id": "Patient.name.family", "min": 1}, {"id": "Patient.contact.name", "max": "0"}))
    assert json.dumps(structure("Patient"), default=str) == before


@pytest.mark.parametrize(
    ("path", "said"),
    [("Patient.nme", "Patient.nme"), ("Patient..name", "empty step"), ("Observation.valueBla", "valueBla")],
)
def test_an_element_that_cannot_be_is_named(path: str, said: str) -> None:
    definition = {**profile("p", path.partition(".")[0]), "differential": {"element": [{"path": path, "min": 1}]}}
    with pytest.raises(SnapshotError, match=said):
        snapshot(definition, structure)


def test_a_profile_that_is_based_on_itself_is_broken() -> None:
    circle = profile("circle", "Patient", base="http://example.org/circle")
    registry = Registry([circle])
    assert registry.structure(circle["url"]) is None
    assert registry.broken(circle["url"])
