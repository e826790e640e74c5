"""JSON Patch, FHIRPath Patch, XML Patch (http.html#patch, fhirpatch.html)."""

from __future__ import annotations

from typing import Any

from conformance.testscript.authoring.language import (
    Source,
    okay,
    operation,
    patient,
    raw,
    read,
    refused,
    script,
    status,
    test,
    that,
    value,
    variable,
)


def _patch(name: str, source: str, form: str, **more: Any) -> list[dict[str, Any]]:
    return operation("patch", resource="Patient", params=f"/{name}", source=source, content=form, **more)


def _parameters(name: str, *operations: dict[str, Any]) -> dict[str, Any]:
    """A FHIRPath Patch."""
    return {
        "resourceType": "Parameters",
        "id": name,
        "parameter": [
            {
                "name": "operation",
                "part": [
                    part if isinstance(part, dict) else {"name": key, _KIND.get(key, "valueString"): part}
                    for key, part in one.items()
                ],
            }
            for one in operations
        ],
    }


_KIND = {"type": "valueCode", "index": "valueInteger", "source": "valueInteger", "destination": "valueInteger"}
_JSON = "application/json-patch+json"
_XML = "application/xml-patch+xml"


def _code(text: str) -> dict[str, str]:
    return {"name": "value", "valueCode": text}


SCRIPTS: tuple[Source, ...] = (
    script(
        "patch/json",
        "JSON Patch",
        test(
            "replace, add, remove",
            _patch("ts-jp-1", "good", _JSON, headers={"Prefer": "return=representation"}),
            okay(),
            value("Patient.gender", "female"),
            that("Patient.birthDate.empty() and Patient.name.count() = 2"),
            that("Patient.meta.versionId != '${first}'", "there is a new version"),
        ),
        test("a test that does not hold", _patch("ts-jp-1", "failing", _JSON), status(400, 409, 412, 422), refused()),
        test("nothing of it was done", read("Patient/ts-jp-1"), okay(), value("Patient.gender", "female")),
        test("a path that is not there", _patch("ts-jp-1", "lost", _JSON), status(400, 409, 422), refused()),
        test("a result that is not valid", _patch("ts-jp-1", "invalid", _JSON), status(400, 422), refused()),
        test("what is no patch", _patch("ts-jp-1", "broken", _JSON), status(400, 422), refused()),
        test(
            "a patch that changes nothing makes no version",
            read("Patient/ts-jp-1", keep="before"),
            _patch("ts-jp-1", "same", _JSON, headers={"Prefer": "return=representation"}),
            okay(),
            value("Patient.meta.versionId", "${before}"),
        ),
        test("of what never was", _patch("ts-jp-never", "good", _JSON), status(404), refused()),
        test(
            "of an old version",
            _patch("ts-jp-1", "good", _JSON, headers={"If-Match": 'W/"99999"'}),
            status(412),
            refused(),
        ),
        test("in an unknown form", _patch("ts-jp-1", "good", "text/plain"), status(415), refused()),
        data=[patient("ts-jp-1", gender="male", birthDate="1970-01-01", name=[{"family": "Test"}])],
        fixtures=[
            raw(
                "good",
                '[{"op":"replace","path":"/gender","value":"female"},{"op":"remove","path":"/birthDate"},'
                '{"op":"add","path":"/name/-","value":{"family":"Other"}}]',
                _JSON,
            ),
            raw(
                "failing",
                '[{"op":"replace","path":"/gender","value":"other"},{"op":"test","path":"/gender","value":"male"}]',
                _JSON,
            ),
            raw("same", '[{"op":"replace","path":"/gender","value":"female"}]', _JSON),
            raw("lost", '[{"op":"replace","path":"/contact/7/gender","value":"male"}]', _JSON),
            raw("invalid", '[{"op":"add","path":"/nonsense","value":1}]', _JSON),
            raw("broken", '{"op":"nonsense"}', _JSON),
        ],
        setup=read("Patient/ts-jp-1", keep="one"),
        variables=[
            variable("first", "one", expression="Patient.meta.versionId"),
            variable("before", "before", expression="Patient.meta.versionId"),
        ],
        says="http.html#patch, RFC 6902",
    ),
    script(
        "patch/fhirpath",
        "FHIRPath Patch",
        test(
            "replace",
            _patch("ts-fp-1", "replace", "json", headers={"Prefer": "return=representation"}),
            okay(),
            value("Patient.gender", "female"),
        ),
        test(
            "add",
            _patch("ts-fp-1", "add", "json", headers={"Prefer": "return=representation"}),
            okay(),
            value("Patient.birthDate", "1980-01-01"),
        ),
        test(
            "insert",
            _patch("ts-fp-1", "insert", "json", headers={"Prefer": "return=representation"}),
            okay(),
            that("Patient.name[0].given[0] = 'First' and Patient.name[0].given[1] = 'A'"),
        ),
        test(
            "move",
            _patch("ts-fp-1", "move", "json", headers={"Prefer": "return=representation"}),
            okay(),
            that("Patient.name[0].given[1] = 'First'"),
        ),
        test(
            "delete",
            _patch("ts-fp-1", "delete", "json", headers={"Prefer": "return=representation"}),
            okay(),
            that("Patient.birthDate.empty()"),
        ),
        test("a path that leads to several", _patch("ts-fp-1", "several", "json"), status(400, 409, 422), refused()),
        test(
            "in XML", _patch("ts-fp-1", "back", "xml"), okay(), read("Patient/ts-fp-1"), value("Patient.gender", "male")
        ),
        data=[patient("ts-fp-1", gender="male", name=[{"given": ["A", "B"]}])],
        fixtures=[
            _parameters("replace", {"type": "replace", "path": "Patient.gender", "value": _code("female")}),
            _parameters(
                "add",
                {
                    "type": "add",
                    "path": "Patient",
                    "name": "birthDate",
                    "value": {"name": "value", "valueDate": "1980-01-01"},
                },
            ),
            _parameters("insert", {"type": "insert", "path": "Patient.name[0].given", "index": 0, "value": "First"}),
            _parameters("move", {"type": "move", "path": "Patient.name[0].given", "source": 0, "destination": 1}),
            _parameters("delete", {"type": "delete", "path": "Patient.birthDate"}),
            _parameters("several", {"type": "replace", "path": "Patient.name.given", "value": "X"}),
            _parameters("back", {"type": "replace", "path": "Patient.gender", "value": _code("male")}),
        ],
        says="fhirpatch.html",
    ),
    script(
        "patch/xml",
        "XML Patch",
        test(
            "replace an attribute",
            _patch("ts-xp-1", "replace", _XML, headers={"Prefer": "return=representation"}),
            okay(),
            value("Patient.gender", "female"),
        ),
        test(
            "remove",
            _patch("ts-xp-1", "remove", _XML),
            okay(),
            read("Patient/ts-xp-1"),
            that("Patient.birthDate.empty()"),
        ),
        test("a path that is not there", _patch("ts-xp-1", "lost", _XML), status(400, 409, 422), refused()),
        data=[patient("ts-xp-1", gender="male", birthDate="1970-01-01")],
        fixtures=[
            raw(
                "replace",
                '<diff xmlns:f="http://hl7.org/fhir"><replace sel="f:Patient/f:gender/@value">female</replace></diff>',
                _XML,
            ),
            raw("remove", '<diff xmlns:f="http://hl7.org/fhir"><remove sel="f:Patient/f:birthDate"/></diff>', _XML),
            raw("lost", '<diff xmlns:f="http://hl7.org/fhir"><remove sel="f:Patient/f:photo"/></diff>', _XML),
        ],
        says="http.html#patch, RFC 5261",
    ),
)
