"""What is sound passes; what the official examples say is sound, too; nothing makes the validator raise."""

import json
import random
import subprocess
import sys
import tarfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from profiles import dump, parse, structure, validate
from profiles.archive import core
from profiles.issue import Issue
from profiles.registry import CORE
from profiles.validator.compile import shape_at
from profiles.validator.finding import ENOUGH
from profiles.validator.objects import MAX_PLANS, object_check
from profiles.validator.place import top
from profiles.validator.primitives import PRIMITIVES
from profiles.validator.shape import Shape
from tests.profiles.conftest import RESOURCES

Resource = dict[str, Any]
EXAMPLES = Path(__file__).parents[3] / "shared" / "oracles" / "r4-examples.tar.xz"

# Official examples that really break their definitions: what is wrong with each, and where.
INVALID_EXAMPLES = {
    # targets of a type that the element does not allow
    "DeviceMetric-example": ("reference-target", "DeviceMetric.parent.reference"),
    "DeviceUseStatement-example": ("reference-target", "DeviceUseStatement.reasonReference[0].reference"),
    "MedicationRequest-medrx0301": ("reference-target", "MedicationRequest.dispenseRequest.performer.reference"),
    "Observation-clinical-gender": ("reference-target", "Observation.performer[0].reference"),
    # `uri` where the extension has `url`; items without linkId; a vital sign without a time
    "Questionnaire-qs1": ("element-required", "Questionnaire.item[0].item[0]"),
    "Observation-f202": ("element-required", "Observation"),
    # narratives without a word
    "ActivityDefinition-blood-tubes-supply": ("invariant-failed", "ActivityDefinition.text.div"),
    "ActivityDefinition-heart-valve-replacement": ("invariant-failed", "ActivityDefinition.text.div"),
    "EventDefinition-example": ("invariant-failed", "EventDefinition.text.div"),
    "Questionnaire-zika-virus-exposure-assessment": ("invariant-failed", "Questionnaire.text.div"),
    # addresses that are none, or with a blank
    "TerminologyCapabilities-example": ("primitive-invalid", "TerminologyCapabilities.url"),
    "Library-zika-virus-intervention-logic": (
        "primitive-invalid",
        "Library.dataRequirement[0].codeFilter[0].valueSet",
    ),
}
# What rules beside the definitions have against others: addresses of entries, codes that do not exist, broken links.
ALSO_INVALID = {
    *("Bundle-10bb101f-a121-4264-a920-67be9cb82c74", "Bundle-3a0707d3-549e-4467-b8b8-5a2ab3800efe", "Bundle-father"),
    *("Bundle-conceptmaps", "Bundle-lri-example", "Bundle-ussg-fht", "DiagnosticReport-example-pgx"),
    *("ImagingStudy-example-xr", "Media-sound", "NutritionOrder-enteralcontinuous"),
    *("Organization-2.16.840.1.113883.19.5", "PlanDefinition-example-cardiology-os"),
}


def examples() -> Iterator[tuple[str, bytes]]:
    with tarfile.open(EXAMPLES) as archive:
        for member in archive:
            stream = archive.extractfile(member)
            if stream is not None:
                yield Path(member.name).stem, stream.read()


@pytest.mark.parametrize("name", RESOURCES)
def test_a_sound_resource_passes(name: str) -> None:
    assert refusals(RESOURCES[name]) == []


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("Patient", {"name": [{"given": ["三", None], "_given": [None, {"id": "x"}]}]}),
        ("Patient", {"_birthDate": {"extension": [{"url": "http://example.org/time", "valueTime": "08:00:00"}]}}),
        ("Patient", {"birthDate": "1990"}),
        ("Patient", {"birthDate": "2024-02-29"}),
        ("Patient", {"name": [{"text": "买买提·艾力　先生"}]}),
        ("Patient", {"managingOrganization": {"reference": "urn:uuid:11111111-1111-4111-8111-111111111111"}}),
        ("Patient", {"managingOrganization": {"reference": "https://his.example.org/fhir/Organization/1/_history/2"}}),
        ("Patient", {"managingOrganization": {"identifier": {"system": "urn:a", "value": "b"}}}),
        ("Patient", {"photo": [{"contentType": "image/png", "data": "aGVs\r\nbG8="}]}),
        ("Observation", {"effectiveDateTime": "2026-03-01T08:00:60.5+08:00"}),
        ("Observation", {"subject": {"reference": "Patient/a/_history/1"}}),
        ("Encounter", {"period": {"start": "2026-03-01T08:00:00+08:00", "end": "2026-03-01"}}),
        ("Encounter", {"period": {"start": "2026-03-01T08:00:00+08:00", "end": "2026-03-01T00:00:00.000Z"}}),
        ("Encounter", {"period": {"start": "0001-01-01T00:00:00+14:00", "end": "9999-12-31T23:59:59-14:00"}}),
    ],
)
def test_rare_but_legal_forms_pass(name: str, part: Resource) -> None:
    assert refusals({**RESOURCES[name], **part}) == []


def test_a_profile_refuses_what_its_base_allows() -> None:
    vital = {**RESOURCES["Observation"], "category": [{"coding": [{"code": "exam"}]}]}
    profile = "http://hl7.org/fhir/StructureDefinition/vitalsigns"
    assert refusals(vital) == []
    assert refusals({**vital, "category": None})[0].expression == "Observation.category"
    del vital["category"]
    assert found(vital, profile) == [
        ("element-required", "Observation"),
        ("slice-required", "Observation"),
    ]


def test_fixed_values_and_counts_of_a_profile_are_asked_for() -> None:
    profile = "http://hl7.org/fhir/StructureDefinition/lipidprofile"
    display = "Lipid panel with direct LDL - Serum or Plasma"
    code = {"coding": [{"system": "http://loinc.org", "code": "57698-3", "display": display}]}
    report = {
        "resourceType": "DiagnosticReport",
        "status": "final",
        "code": code,
        "subject": {"reference": "Patient/1"},
        "result": [{"reference": f"Observation/{number}"} for number in range(3)],
    }
    assert refusals(report, profile) == []
    assert found({**report, "code": {"text": "lipids"}}, profile) == [("value-fixed", "DiagnosticReport.code")]
    few, many = report["result"][:2], report["result"] * 2  # type: ignore[index, operator]
    assert found({**report, "result": few}, profile) == [("element-required", "DiagnosticReport.result")]
    assert found({**report, "result": many}, profile) == [("element-too-many", "DiagnosticReport.result")]


def found(resource: Resource, profile: str) -> list[tuple[str, str]]:
    return [(issue.code, issue.expression) for issue in refusals(resource, profile)]


def refusals(resource: Resource, profile: str | None = None) -> list[Issue]:
    return [issue for issue in validate(resource, profile=profile) if issue.refuses]


def test_an_unknown_profile_is_said() -> None:
    assert [issue.code for issue in validate(RESOURCES["Patient"], profile="http://example.org/none")] == [
        "profile-unknown"
    ]


def test_a_profile_of_another_type_is_said() -> None:
    profile = "http://hl7.org/fhir/StructureDefinition/vitalsigns"
    assert [issue.code for issue in validate(RESOURCES["Patient"], profile=profile)] == ["type-mismatch"]


def test_validation_leaves_the_resource_as_it_was() -> None:
    for resource in RESOURCES.values():
        before = deepcopy(resource)
        validate(resource)
        assert resource == before


def test_threads_that_start_together_agree() -> None:
    """In a process of its own, so that nothing is compiled yet."""
    script = (
        "import sys, json\n"
        "from concurrent.futures import ThreadPoolExecutor\n"
        "from profiles import validate\n"
        "resources = json.load(sys.stdin) * 8\n"
        "with ThreadPoolExecutor(8) as pool:\n"
        "    print(sum(one.refuses for found in pool.map(validate, resources) for one in found))\n"
    )
    broken = [json.loads(dump({**resource, "colour": 1, "id": "_"})) for resource in RESOURCES.values()]
    result = subprocess.run(
        [sys.executable, "-c", script], input=json.dumps(broken), capture_output=True, text=True, check=True,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert int(result.stdout) == 8 * sum(len(refusals(resource)) for resource in broken) == 8 * 2 * len(broken)


def test_threads_share_one_compiled_validator() -> None:
    with ThreadPoolExecutor(4) as pool:
        assert not any(pool.map(refusals, list(RESOURCES.values()) * 50))


def test_permuted_keys_do_not_fill_the_memory() -> None:
    names = [f"e{number}" for number in range(8)]
    shape = Shape("T", {}, {name: lambda: PRIMITIVES["string"] for name in names}, (), (), ())
    check = object_check(shape)
    for _ in range(3 * MAX_PLANS):
        random.shuffle(names)
        assert check(dict.fromkeys(names, "a"), top({}, CORE)) is None
    assert len(shape.plans) <= MAX_PLANS


JUNK = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(max_size=5), st.just([]), st.just({}), st.just([None]),
    st.just([[]]), st.just({"resourceType": 1}), st.just({"reference": "#"}), st.just({"coding": 1}),
    st.just({"extension": {}}), st.sampled_from([Decimal("Infinity"), Decimal("1E+2"), 1.5, float("nan")]),
    st.dictionaries(st.sampled_from(["id", "url", "_id", "value", "code", "system", "start"]), st.integers()),
)  # fmt: skip


def places(node: Any) -> Iterator[tuple[Any, Any]]:
    for key, child in list(node.items() if isinstance(node, dict) else enumerate(node)):
        yield node, key
        if isinstance(child, dict | list):
            yield from places(child)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(sorted(RESOURCES)), st.lists(st.tuples(st.integers(0, 10_000), JUNK), min_size=1, max_size=3))
def test_no_junk_anywhere_makes_it_raise(name: str, changes: list[tuple[int, Any]]) -> None:
    resource = deepcopy(RESOURCES[name])
    for place, junk in changes:
        every = list(places(resource))
        node, key = every[place % len(every)]
        node[key] = deepcopy(junk)
    for issue in validate(resource):
        assert not issue.code.startswith("pending")
        assert issue.text("en")
        assert issue.expression


def test_nesting_at_the_limit_of_the_parser_is_validated() -> None:
    parsed, issues = parse(dump(nested(30, {"url": "urn:a", "valueCode": "b"})))
    assert issues == ()
    assert parsed is not None
    assert refusals(parsed) == []


def nested(depth: int, innermost: Resource) -> Resource:
    for _ in range(depth):
        innermost = {"url": "urn:a", "extension": [innermost]}
    return {"resourceType": "Basic", "code": {"text": "x"}, "extension": [innermost]}


def test_a_fault_at_the_bottom_costs_no_more_than_one_walk() -> None:
    (issue,) = refusals(nested(30, {"url": "urn:a", "valueCode": 5}))
    assert issue.expression.endswith("extension[0].value.ofType(code)")
    assert issue.expression.count("extension[0]") == 31


@pytest.mark.parametrize(
    "hostile",
    [
        {"extension": [{}] * 100_000},
        {"extension": [None] * 100_000},
        {f"e{number}": 1 for number in range(100_000)},
        {"identifier": [{"value": str(number), "x": 1} for number in range(10_000)]},
    ],
    ids=["empty objects", "nulls", "unknown elements", "unknown elements of parts"],
)
def test_countless_faults_are_cut_short(hostile: Resource) -> None:
    issues = validate({"resourceType": "Basic", "code": {"text": "x"}, **hostile})
    assert 0 < len(issues) <= ENOUGH
    assert all(issue.refuses for issue in issues)


def test_many_harmless_findings_do_not_hide_a_fault() -> None:
    resource = {
        "resourceType": "List",
        "status": "current",
        "mode": "working",
        "contained": [{"resourceType": "Basic", "id": "b", "code": {"text": "x"}}],
        "entry": [{"item": {"reference": "#b"}}] * (3 * ENOUGH),
    }
    assert validate(resource) == ()
    resource["entry"] = [*resource["entry"], {"item": {"reference": "#c"}}]
    assert [issue.details["key"] for issue in validate(resource)] == ["ref-1"]


@pytest.mark.shared
def test_official_examples_pass_but_for_those_that_are_wrong() -> None:
    refused: dict[str, set[tuple[str, str]]] = {}
    counted: Counter[str] = Counter()
    for name, data in examples():
        resource, issues = parse(data)
        counted["read"] += resource is not None
        found = (
            issues
            if resource is None
            else tuple(
                issue
                for issue in validate(resource, rigour="strict")
                if issue.refuses and issue.code != "extension-undefined"  # of a guide that is not here
            )
        )
        if found:
            refused[name] = {(issue.code, issue.expression) for issue in found}
    assert counted["read"] == 717
    assert refused.keys() - ALSO_INVALID == INVALID_EXAMPLES.keys()
    assert all(finding in refused[name] for name, finding in INVALID_EXAMPLES.items())


def test_every_element_of_every_definition_compiles() -> None:
    compiled = 0
    for name in core("structures").places:
        definition = structure(name)
        assert definition is not None
        if definition["kind"] == "logical" or definition["kind"] == "primitive-type":
            continue
        paths = {element["path"] for element in definition["snapshot"]["element"] if ":" not in element["id"]}
        for path in paths & {path.rpartition(".")[0] for path in paths}:
            shape = shape_at(definition["url"], path)
            for element in shape.makers:
                assert shape.check(element) is not None
                compiled += 1
    assert compiled > 15_000
