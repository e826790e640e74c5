"""$validate, $everything, $meta, $lastn, $document, $diff, $export, $import, $reindex."""

from __future__ import annotations

from urllib.parse import quote

from conformance.testscript.authoring.language import (
    TAG,
    Source,
    call,
    coded,
    delete,
    found,
    header,
    kind,
    observation,
    okay,
    patient,
    raw,
    read,
    reference,
    refused,
    script,
    status,
    test,
    that,
    thing,
    update,
    value,
    variable,
)

_ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
_LOINC = "http://loinc.org"
_EXTRA = {"system": "http://example.org/fhir/ts", "code": "extra"}


def _meta(name: str, code: str) -> dict[str, object]:
    return {
        "resourceType": "Parameters",
        "id": name,
        "parameter": [{"name": "meta", "valueMeta": {"tag": [_EXTRA | {"code": code}]}}],
    }


def _weight(name: str, day: str) -> dict[str, object]:
    return observation(
        name,
        code=coded(_LOINC, "29463-7"),
        category=[coded("http://terminology.hl7.org/CodeSystem/observation-category", "vital-signs")],
        subject=reference("Patient/ts-lastn-0"),
        effectiveDateTime=day,
    )


_ASYNC = {"Prefer": "respond-async"}

SCRIPTS: tuple[Source, ...] = (
    script(
        "operations/validate",
        "$validate says what is wrong, and stores nothing",
        test(
            "a good resource",
            call("POST", "Patient/$validate", source="good"),
            okay(),
            kind("OperationOutcome"),
            that("issue.where(severity in ('error' | 'fatal')).empty()"),
        ),
        test(
            "a bad resource",
            call("POST", "Patient/$validate", source="bad", content="json"),
            status(200, 422),
            kind("OperationOutcome"),
            that("issue.where(severity = 'error').exists()"),
        ),
        test(
            "in Parameters, against a profile",
            call("POST", "Patient/$validate", source="asked"),
            status(200, 422),
            kind("OperationOutcome"),
        ),
        test(
            "for a delete",
            call("GET", "Patient/ts-validate-1/$validate?mode=delete"),
            okay(),
            kind("OperationOutcome"),
            read("Patient/ts-validate-1"),
            okay(),
        ),
        test("of an instance", call("GET", "Patient/ts-validate-1/$validate"), okay(), kind("OperationOutcome")),
        test("nothing was stored", found("Patient?identifier=ts-validate-none")),
        data=[patient("ts-validate-1")],
        fixtures=[
            patient("good", identifier=[{"value": "ts-validate-none"}]),
            raw("bad", '{"resourceType":"Patient","gender":"nonsense"}', "application/fhir+json"),
            {
                "resourceType": "Parameters",
                "id": "asked",
                "parameter": [
                    {"name": "profile", "valueUri": "http://hl7.org/fhir/StructureDefinition/Patient"},
                    {"name": "resource", "resource": {"resourceType": "Patient", "gender": "male"}},
                ],
            },
        ],
        says="resource-operation-validate.html",
    ),
    script(
        "operations/everything-patient",
        "Patient/$everything",
        test(
            "the patient and what belongs to it",
            call("GET", "Patient/ts-every-1/$everything"),
            okay(),
            kind("Bundle"),
            value("Bundle.type", "searchset"),
            that("Bundle.entry.resource.where(id = 'ts-every-1').exists()"),
            that("Bundle.entry.resource.where(id = 'ts-every-2').exists()"),
            that("Bundle.entry.resource.where(id = 'ts-every-3').exists()"),
            that("Bundle.entry.resource.where(id = 'ts-every-4').empty()", "nothing of others"),
        ),
        test(
            "_type",
            call("GET", "Patient/ts-every-1/$everything?_type=Observation"),
            okay(),
            that("Bundle.entry.resource.where(id = 'ts-every-2').exists()"),
            that("Bundle.entry.resource.where(id = 'ts-every-3').empty()"),
        ),
        test(
            "start",
            call("GET", "Patient/ts-every-1/$everything?start=2026-06-01"),
            okay(),
            that("Bundle.entry.resource.where(id = 'ts-every-2').empty()"),
        ),
        test(
            "in pages",
            call("GET", "Patient/ts-every-1/$everything?_count=1", keep="first"),
            okay(),
            that("Bundle.link.where(relation = 'next').exists()"),
            call("GET", "${more}"),
            okay(),
            that("Bundle.entry.exists()"),
        ),
        test("of what never was", call("GET", "Patient/ts-every-never/$everything"), status(404), refused()),
        data=[
            patient("ts-every-1"),
            observation("ts-every-2", subject=reference("Patient/ts-every-1"), effectiveDateTime="2026-01-01"),
            thing("Condition", "ts-every-3", subject=reference("Patient/ts-every-1")),
            patient("ts-every-4"),
        ],
        variables=[variable("more", "first", expression="Bundle.link.where(relation = 'next').url")],
        says="patient-operation-everything.html",
    ),
    script(
        "operations/everything-encounter",
        "Encounter/$everything",
        test(
            "the encounter and what belongs to it",
            call("GET", "Encounter/ts-visit-2/$everything"),
            okay(),
            that("Bundle.entry.resource.where(id = 'ts-visit-2').exists()"),
            that("Bundle.entry.resource.where(id = 'ts-visit-3').exists()"),
            that("Bundle.entry.resource.where(id = 'ts-visit-4').empty()"),
        ),
        data=[
            patient("ts-visit-1"),
            thing(
                "Encounter",
                "ts-visit-2",
                status="finished",
                subject=reference("Patient/ts-visit-1"),
                **{"class": {"system": _ACT, "code": "AMB"}},
            ),
            observation("ts-visit-3", encounter=reference("Encounter/ts-visit-2")),
            observation("ts-visit-4", subject=reference("Patient/ts-visit-1")),
        ],
        says="encounter-operation-everything.html",
    ),
    script(
        "operations/meta",
        "$meta, $meta-add, $meta-delete",
        test(
            "what there is",
            call("GET", "Patient/ts-meta-1/$meta"),
            okay(),
            that("parameter.where(name = 'return').value.tag.exists()"),
        ),
        test(
            "add",
            call("POST", "Patient/ts-meta-1/$meta-add", source="more"),
            okay(),
            that("parameter.value.tag.where(code = 'extra').exists()"),
            read("Patient/ts-meta-1"),
            that("Patient.meta.tag.where(code = 'extra').exists() and Patient.meta.tag.count() = 2"),
        ),
        test("a search finds it", found("Patient?_tag=http://example.org/fhir/ts|extra&_id=ts-meta-1", "ts-meta-1")),
        test(
            "delete",
            call("POST", "Patient/ts-meta-1/$meta-delete", source="more"),
            okay(),
            read("Patient/ts-meta-1"),
            that("Patient.meta.tag.where(code = 'extra').empty() and Patient.meta.tag.count() = 1"),
        ),
        test("of a type", call("GET", "Patient/$meta"), okay(), kind("Parameters")),
        test("of everything", call("GET", "$meta"), okay(), kind("Parameters")),
        data=[patient("ts-meta-1")],
        fixtures=[_meta("more", "extra")],
        says="resource-operation-meta.html",
    ),
    script(
        "operations/lastn",
        "Observation/$lastn: the newest of each code",
        test(
            "one",
            call("GET", "Observation/$lastn?patient=Patient/ts-lastn-0&category=vital-signs"),
            okay(),
            that("Bundle.entry.where(search.mode = 'match').resource.id = 'ts-lastn-3'"),
        ),
        test(
            "two",
            call("GET", "Observation/$lastn?patient=Patient/ts-lastn-0&category=vital-signs&max=2"),
            okay(),
            that("Bundle.entry.where(search.mode = 'match').count() = 2"),
            that("Bundle.entry.resource.where(id = 'ts-lastn-1').empty()"),
        ),
        data=[
            patient("ts-lastn-0"),
            _weight("ts-lastn-1", "2026-01-01"),
            _weight("ts-lastn-2", "2026-02-01"),
            _weight("ts-lastn-3", "2026-03-01"),
        ],
        says="observation-operation-lastn.html",
    ),
    script(
        "operations/document",
        "Composition/$document: a Bundle with all that is referred to",
        test(
            "it is made",
            call("GET", "Composition/ts-doc-3/$document"),
            okay(),
            kind("Bundle"),
            value("Bundle.type", "document"),
            that("Bundle.entry[0].resource.is(Composition)", "the Composition comes first"),
            that("Bundle.identifier.exists() and Bundle.timestamp.exists()"),
            that("Bundle.entry.resource.where(id = 'ts-doc-1').exists()"),
            that("Bundle.entry.resource.where(id = 'ts-doc-2').exists()"),
            that("Bundle.entry.resource.where(id = 'ts-doc-4').exists()"),
        ),
        test("of what never was", call("GET", "Composition/ts-doc-never/$document"), status(404), refused()),
        data=[
            patient("ts-doc-1"),
            thing("Practitioner", "ts-doc-2"),
            observation("ts-doc-4", subject=reference("Patient/ts-doc-1")),
            thing(
                "Composition",
                "ts-doc-3",
                status="final",
                type=coded(_LOINC, "11488-4"),
                subject=reference("Patient/ts-doc-1"),
                date="2026-03-01",
                author=[reference("Practitioner/ts-doc-2")],
                title="test",
                section=[{"title": "test", "entry": [reference("Observation/ts-doc-4")]}],
            ),
        ],
        says="composition-operation-document.html",
    ),
    script(
        "operations/diff",
        "$diff: what changed between two versions",
        test(
            "the last change",
            call("GET", "Patient/ts-diff-1/$diff"),
            okay(),
            kind("Parameters"),
            that("parameter.part.where(name = 'path').value.where($this = 'Patient.gender').exists()"),
        ),
        test(
            "of versions that are not there",
            call("GET", "Patient/ts-diff-1/$diff?fromVersion=98&toVersion=99"),
            status(404),
            refused(),
        ),
        data=[patient("ts-diff-1", gender="male")],
        fixtures=[patient("ts-diff-1", gender="female")],
        setup=update("ts-diff-1", "Patient"),
        says="An operation of Qiao; the answer is a FHIRPath Patch (fhirpatch.html).",
    ),
    script(
        "operations/export",
        "bulk $export: asked for, looked at, cancelled",
        test(
            "of everything",
            call("GET", "$export?_type=Patient", headers=_ASYNC, accept="json", keep="asked"),
            status(202),
            header("Content-Location", "http", "contains"),
            call("GET", "${job}"),
            status(200, 202),
        ),
        test("it is cancelled", call("DELETE", "${job}"), status(202, 204), call("GET", "${job}"), status(404)),
        test(
            "it ends, and its file holds the patient",
            call(
                "GET",
                f"Patient/$export?_typeFilter=Patient%3F_tag%3D{quote(TAG)}%257Cts-export",
                headers=_ASYNC,
                keep="whole",
            ),
            status(202),
            call("GET", "${job4}", accept="application/json", wait="202", keep="manifest"),
            okay(),
            {
                "assert": {
                    "description": "the manifest names a file of patients",
                    "operator": "contains",
                    "path": "$.output[*].type",
                    "value": "Patient",
                    "warningOnly": False,
                }
            },
            call("GET", "${file}", accept="application/fhir+ndjson"),
            okay(),
            header("Content-Type", "application/fhir+ndjson", "contains"),
            call("DELETE", "${job4}"),
            status(202, 204),
        ),
        test(
            "of all patients",
            call("GET", "Patient/$export", headers=_ASYNC, keep="patients"),
            status(202),
            call("DELETE", "${job2}"),
            status(202, 204),
        ),
        test(
            "of a group",
            call("GET", "Group/ts-export-2/$export", headers=_ASYNC, keep="group"),
            status(202),
            call("DELETE", "${job3}"),
            status(202, 204),
        ),
        test(
            "without respond-async",
            call("GET", "$export"),
            status(202, 400),
        ),
        test(
            "an unknown form",
            call("GET", "$export?_outputFormat=nonsense", headers=_ASYNC),
            status(400, 406),
            refused(),
        ),
        test(
            "of a group that never was",
            call("GET", "Group/ts-export-never/$export", headers=_ASYNC),
            status(404),
            refused(),
        ),
        data=[
            patient("ts-export-1"),
            thing(
                "Group",
                "ts-export-2",
                type="person",
                actual=True,
                member=[{"entity": reference("Patient/ts-export-1")}],
            ),
        ],
        variables=[
            variable("job", "asked", headerField="Content-Location"),
            variable("job2", "patients", headerField="Content-Location"),
            variable("job3", "group", headerField="Content-Location"),
            variable("job4", "whole", headerField="Content-Location"),
            variable("file", "manifest", path="$.output[0].url"),
        ],
        says="Bulk Data Access 1.0 (export)",
    ),
    script(
        "operations/import",
        "bulk $import of NDJSON",
        test(
            "it is taken",
            call("POST", "$import", source="lines", content="application/fhir+ndjson", headers=_ASYNC, keep="asked"),
            status(202),
            header("Content-Location", "http", "contains"),
            call("GET", "${job}", accept="application/json", wait="202"),
            okay(),
            read("Patient/ts-import-1"),
            okay(),
            read("Patient/ts-import-2"),
            okay(),
        ),
        test(
            "without respond-async, or nothing to import",
            call("POST", "$import", source="nothing", headers=_ASYNC),
            status(400, 422),
            refused(),
        ),
        fixtures=[
            raw(
                "lines",
                '{"resourceType":"Patient","id":"ts-import-1"}\n{"resourceType":"Patient","id":"ts-import-2"}\n',
                "application/fhir+ndjson",
            ),
            {"resourceType": "Parameters", "id": "nothing"},
        ],
        variables=[variable("job", "asked", headerField="Content-Location")],
        teardown=[*delete("Patient/ts-import-1"), *delete("Patient/ts-import-2")],
        says="Bulk Data Import (proposal)",
    ),
    script(
        "operations/reindex",
        "$reindex can be asked for and looked at",
        test(
            "of everything",
            call("POST", "$reindex", headers=_ASYNC, keep="asked"),
            status(202),
            header("Content-Location", "http", "contains"),
            call("GET", "${job}", accept="application/json", wait="202"),
            okay(),
        ),
        variables=[variable("job", "asked", headerField="Content-Location")],
        says="An operation of Qiao.",
    ),
    script(
        "operations/openapi",
        "the OpenAPI document",
        test(
            "it is there",
            call("GET", "openapi.json", accept="application/json"),
            okay(),
            header("Content-Type", "json", "contains"),
            {
                "assert": {
                    "description": "it says which version of OpenAPI",
                    "operator": "contains",
                    "path": "$.openapi",
                    "value": "3.",
                    "warningOnly": False,
                }
            },
        ),
        says="A document of Qiao.",
    ),
)
