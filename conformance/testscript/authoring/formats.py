"""JSON and XML, content negotiation, UTF-8, what a parser must refuse, raw Binary content."""

from __future__ import annotations

from conformance.testscript.authoring.language import (
    Source,
    call,
    create,
    header,
    kind,
    least,
    media,
    okay,
    operation,
    patient,
    raw,
    read,
    refused,
    script,
    search,
    status,
    test,
    that,
    value,
    variable,
)

_FHIR_JSON, _FHIR_XML = "application/fhir+json", "application/fhir+xml"
_ANY = {"Accept": "*/*"}
_NEW = patient("new", name=[{"family": "测试", "given": ["甲"]}], gender="other")

SCRIPTS: tuple[Source, ...] = (
    script(
        "formats/xml",
        "XML in and out says the same as JSON",
        test(
            "create in XML, answer in XML",
            create("new", "Patient", content="xml", accept="xml", keep="created"),
            status(201),
        ),
        test(
            "read in XML",
            operation("read", target="created", accept="xml", keep="reread"),
            okay(),
            media("xml"),
            kind("Patient"),
            least("new"),
        ),
        test(
            "read in JSON",
            operation("read", target="created", accept="json"),
            okay(),
            media("json"),
            least("new"),
        ),
        test(
            "a search in XML",
            search("Patient?_id=${made}", accept="xml"),
            okay(),
            media("xml"),
            that("Bundle.entry.resource.name.family = '测试'"),
        ),
        test(
            "a refusal in XML",
            read("Patient/ts-xml-never", accept="xml"),
            status(404),
            media("xml"),
            refused("not-found"),
        ),
        test("the CapabilityStatement in XML", operation("capabilities", accept="xml"), okay(), media("xml")),
        fixtures=[_NEW],
        variables=[variable("made", "reread", expression="Patient.id")],
        teardown=operation("delete", target="created"),
        says="http.html#mime-type, xml.html",
    ),
    script(
        "formats/negotiation",
        "_format, Accept, q-values: the client chooses",
        test("_format=xml", read("Patient/ts-accept-1?_format=xml", headers=_ANY), okay(), media("xml")),
        test("_format=json", read("Patient/ts-accept-1?_format=json", accept="xml"), okay(), media("json")),
        test(
            "_format as a media type",
            read("Patient/ts-accept-1?_format=application/fhir%2Bxml", headers=_ANY),
            okay(),
            media("xml"),
        ),
        test(
            "the higher q wins",
            read("Patient/ts-accept-1", accept=f"{_FHIR_JSON};q=0.5, {_FHIR_XML};q=0.9"),
            okay(),
            media("xml"),
        ),
        test("text/xml", read("Patient/ts-accept-1", accept="text/xml"), okay(), that("Patient.exists()")),
        test("application/json", read("Patient/ts-accept-1", accept="application/json"), okay(), kind("Patient")),
        test("no preference", read("Patient/ts-accept-1", headers=_ANY), okay(), kind("Patient")),
        test("nothing that exists", read("Patient/ts-accept-1", accept="image/png"), status(406)),
        test(
            "fhirVersion 3.0",
            read("Patient/ts-accept-1", accept=f"{_FHIR_JSON}; fhirVersion=3.0"),
            status(406, 415, 400),
        ),
        test(
            "a body as application/json", create("old", "Patient", content="application/json", keep="old"), status(201)
        ),
        test("fhirVersion 4.0", read("Patient/ts-accept-1", accept=f"{_FHIR_JSON}; fhirVersion=4.0"), okay()),
        test(
            "a body in an unknown form",
            create("text", "Patient", content="text/plain"),
            status(415),
            refused(),
        ),
        data=[patient("ts-accept-1", gender="male")],
        fixtures=[raw("text", "hello", "text/plain"), patient("old")],
        teardown=operation("delete", target="old"),
        says="http.html#mime-type",
    ),
    script(
        "formats/unsafe-xml",
        "a DOCTYPE is refused",
        test("a DOCTYPE with an entity", create("doctype", "Patient", content="xml"), status(400, 422), refused()),
        test("broken XML", create("broken", "Patient", content="xml"), status(400, 422), refused()),
        fixtures=[
            raw(
                "doctype",
                '<?xml version="1.0"?><!DOCTYPE Patient [<!ENTITY e SYSTEM "file:///etc/hostname">]>'
                '<Patient xmlns="http://hl7.org/fhir"><name><family value="&e;"/></name></Patient>',
                _FHIR_XML,
            ),
            raw("broken", '<Patient xmlns="http://hl7.org/fhir"><name>', _FHIR_XML),
        ],
        says="security.html#narrative, xml.html",
    ),
    script(
        "formats/strict-json",
        "what is no FHIR JSON is refused",
        test("an unknown element", create("unknown", "Patient", content="json"), status(400, 422), refused()),
        test("an empty array", create("empty", "Patient", content="json"), status(400, 422), refused()),
        test("a wrong code", create("code", "Patient", content="json"), status(400, 422), refused()),
        test("a number as text", create("number", "Patient", content="json"), status(400, 422), refused()),
        test("the same key twice", create("twice", "Patient", content="json"), status(400, 422), refused()),
        test("broken JSON", create("broken", "Patient", content="json"), status(400), refused()),
        test("no resource", create("array", "Patient", content="json"), status(400), refused()),
        fixtures=[
            raw("unknown", '{"resourceType":"Patient","nonsense":1}', _FHIR_JSON),
            raw("empty", '{"resourceType":"Patient","name":[]}', _FHIR_JSON),
            raw("code", '{"resourceType":"Patient","gender":"nonsense"}', _FHIR_JSON),
            raw("number", '{"resourceType":"Patient","multipleBirthInteger":"1"}', _FHIR_JSON),
            raw("twice", '{"resourceType":"Patient","gender":"male","gender":"male"}', _FHIR_JSON),
            raw("broken", '{"resourceType":"Patient",', _FHIR_JSON),
            raw("array", '[{"resourceType":"Patient"}]', _FHIR_JSON),
        ],
        says="json.html, validation.html",
    ),
    script(
        "formats/decimals",
        "a decimal comes back with the digits it was sent with",
        test(
            "in JSON",
            read("Observation/ts-decimal-1"),
            okay(),
            value("Observation.value.value.toString()", "1.10"),
            that("Observation.value.value.toString() = '1.10'"),
        ),
        test(
            "in XML",
            read("Observation/ts-decimal-1", accept="xml"),
            okay(),
            {
                "assert": {
                    "description": "the digits are there",
                    "operator": "equals",
                    "path": "string(fhir:Observation/fhir:valueQuantity/fhir:value/@value) = '1.10'",
                    "value": "true",
                    "warningOnly": False,
                }
            },
        ),
        setup=[*call("PUT", "Observation/ts-decimal-1", source="decimal", content="json"), status(200, 201)],
        fixtures=[
            raw(
                "decimal",
                '{"resourceType":"Observation","id":"ts-decimal-1","status":"final","code":{"text":"test"},'
                '"valueQuantity":{"value":1.10,"unit":"g"}}',
                _FHIR_JSON,
            )
        ],
        teardown=operation("delete", resource="Observation", params="/ts-decimal-1"),
        says="datatypes.html#decimal: the precision is kept.",
    ),
    script(
        "formats/utf8",
        "UTF-8 everywhere: in bodies, addresses and errors",
        test("in a body", read("Patient/ts-utf8-1"), okay(), value("Patient.name.family", "欧阳𠮷")),
        test("it is declared", read("Patient/ts-utf8-1"), header("Content-Type", "application/fhir+", "contains")),
        test(
            "in an address",
            search("Patient?_id=ts-utf8-1&family=欧阳𠮷"),
            okay(),
            that("Bundle.entry.count() = 1"),
        ),
        data=[patient("ts-utf8-1", name=[{"family": "欧阳𠮷"}])],
        says="http.html#mime-type",
    ),
    script(
        "formats/binary",
        "a Binary goes up and down as what it is",
        test(
            "up, raw",
            create("leaflet", "Binary", content="text/plain", keep="created"),
            status(201),
        ),
        test(
            "down, raw",
            operation("read", target="created", accept="text/plain"),
            okay(),
            header("Content-Type", "text/plain", "contains"),
        ),
        test(
            "down, as a resource",
            operation("read", target="created", accept="json"),
            okay(),
            kind("Binary"),
            that("Binary.contentType.startsWith('text/plain') and Binary.data = '5L2g5aW9'"),
        ),
        test(
            "as a resource up, raw down",
            read("Binary/ts-binary-1", accept="text/csv"),
            okay(),
            header("Content-Type", "text/csv", "contains"),
        ),
        test("a search finds it", search("Binary?_id=ts-binary-1"), okay(), that("Bundle.entry.count() = 1")),
        data=[{"resourceType": "Binary", "id": "ts-binary-1", "contentType": "text/csv", "data": "YSxiCg=="}],
        fixtures=[raw("leaflet", "你好", "text/plain")],
        teardown=operation("delete", target="created"),
        says="binary.html#rest",
    ),
)
