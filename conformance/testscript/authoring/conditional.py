"""Conditional create, read, update, patch and delete (http.html)."""

from __future__ import annotations

from conformance.testscript.authoring.language import (
    TAG,
    Source,
    create,
    delete,
    header,
    identifier,
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
    update,
    value,
    variable,
)

_N = f"{TAG}/number"


def _numbered(name: str, number: str, **elements: object) -> dict[str, object]:
    return patient(name, identifier=[identifier(number)], **elements)


_PATCH = '[{"op":"replace","path":"/gender","value":"female"}]'

SCRIPTS: tuple[Source, ...] = (
    script(
        "conditional/create",
        "If-None-Exist: created once, found again, refused when ambiguous",
        test(
            "no match: it is created",
            create("new", "Patient", headers={"If-None-Exist": f"identifier={_N}|ts-cc-${{D8}}"}, keep="created"),
            status(201),
            header("Location"),
        ),
        test(
            "one match: nothing is created",
            create("new", "Patient", headers={"If-None-Exist": f"identifier={_N}|ts-cc-${{D8}}"}),
            okay(),
            search(f"Patient?identifier={_N}|ts-cc-${{D8}}&_summary=count"),
            that("Bundle.total = 1"),
        ),
        test(
            "several matches: refused",
            create("new", "Patient", headers={"If-None-Exist": f"identifier={_N}|ts-cc-two"}),
            status(412),
            refused(),
        ),
        test(
            "criteria that are none",
            create("new", "Patient", headers={"If-None-Exist": "nonsense=1"}),
            status(400, 412),
            refused(),
        ),
        data=[_numbered("ts-cc-1", "ts-cc-two"), _numbered("ts-cc-2", "ts-cc-two")],
        fixtures=[_numbered("new", "ts-cc-${D8}")],
        teardown=operation("delete", target="created"),
        says="http.html#ccreate",
    ),
    script(
        "conditional/update",
        "PUT with criteria: creates, updates, or refuses",
        test(
            "no match and no id: it is created",
            update("new", "Patient", content="json", params=f"?identifier={_N}|ts-cu-new"),
            status(201),
        ),
        test(
            "one match: it is updated",
            update("one", "Patient", content="json", params=f"?identifier={_N}|ts-cu-one"),
            okay(),
            read("Patient/ts-cu-1"),
            value("Patient.gender", "other"),
        ),
        test(
            "no match and an id: it is created under that id",
            update("ts-cu-other", "Patient", params=f"?identifier={_N}|ts-cu-fresh"),
            status(201),
            read("Patient/ts-cu-other"),
            okay(),
            delete("Patient/ts-cu-other"),
            status(200, 204),
        ),
        test(
            "several matches: refused",
            update("one", "Patient", content="json", params=f"?identifier={_N}|ts-cu-two"),
            status(412),
            refused(),
        ),
        test(
            "one match and another id in the body: refused",
            update("ts-cu-other", "Patient", params=f"?identifier={_N}|ts-cu-one"),
            status(400, 409, 412),
            refused(),
        ),
        data=[
            _numbered("ts-cu-1", "ts-cu-one", gender="male"),
            _numbered("ts-cu-2", "ts-cu-two"),
            _numbered("ts-cu-3", "ts-cu-two"),
        ],
        fixtures=[
            raw(
                "new",
                f'{{"resourceType":"Patient","identifier":[{{"system":"{_N}","value":"ts-cu-new"}}]}}',
                "application/fhir+json",
            ),
            raw(
                "one",
                f'{{"resourceType":"Patient","identifier":[{{"system":"{_N}","value":"ts-cu-one"}}],"gender":"other"}}',
                "application/fhir+json",
            ),
            _numbered("ts-cu-other", "ts-cu-one"),
        ],
        setup=delete(f"Patient?identifier={_N}|ts-cu-new"),
        teardown=delete(f"Patient?identifier={_N}|ts-cu-new"),
        says="http.html#cond-update",
    ),
    script(
        "conditional/patch",
        "PATCH with criteria: one match is patched, none or several are not",
        test(
            "one match",
            operation(
                "patch",
                resource="Patient",
                params=f"?identifier={_N}|ts-cp-one",
                source="patch",
                content="application/json-patch+json",
            ),
            okay(),
            read("Patient/ts-cp-1"),
            value("Patient.gender", "female"),
        ),
        test(
            "no match",
            operation(
                "patch",
                resource="Patient",
                params=f"?identifier={_N}|ts-cp-none",
                source="patch",
                content="application/json-patch+json",
            ),
            status(404),
            refused(),
        ),
        test(
            "several matches",
            operation(
                "patch",
                resource="Patient",
                params=f"?identifier={_N}|ts-cp-two",
                source="patch",
                content="application/json-patch+json",
            ),
            status(412),
            refused(),
        ),
        data=[
            _numbered("ts-cp-1", "ts-cp-one", gender="male"),
            _numbered("ts-cp-2", "ts-cp-two", gender="male"),
            _numbered("ts-cp-3", "ts-cp-two", gender="male"),
        ],
        fixtures=[raw("patch", _PATCH, "application/json-patch+json")],
        says="http.html#patch (conditional)",
    ),
    script(
        "conditional/delete",
        "DELETE with criteria: one, none, several",
        test("no match", delete(f"Patient?identifier={_N}|ts-cd-none"), status(200, 204, 404)),
        test(
            "one match",
            delete(f"Patient?identifier={_N}|ts-cd-one"),
            status(200, 204),
            read("Patient/ts-cd-1"),
            status(410),
        ),
        test(
            "several matches: all are deleted, or it is refused and none is",
            delete(f"Patient?identifier={_N}|ts-cd-two"),
            status(200, 204, 412),
            search(f"Patient?identifier={_N}|ts-cd-two&_summary=count"),
            that("Bundle.total = 0 or Bundle.total = 2"),
        ),
        data=[_numbered("ts-cd-1", "ts-cd-one"), _numbered("ts-cd-2", "ts-cd-two"), _numbered("ts-cd-3", "ts-cd-two")],
        says="http.html#3.1.0.7.1",
    ),
    script(
        "conditional/read",
        "If-None-Match on a read: 304 without a body",
        test("the version at hand", read("Patient/ts-cr-1", headers={"If-None-Match": "${tag}"}), status(304)),
        test("it changes", update("ts-cr-1", "Patient"), okay()),
        test("the old version", read("Patient/ts-cr-1", headers={"If-None-Match": "${tag}"}), okay()),
        data=[patient("ts-cr-1", gender="male")],
        fixtures=[patient("ts-cr-1", gender="female")],
        setup=read("Patient/ts-cr-1", keep="one"),
        variables=[variable("tag", "one", headerField="ETag")],
        says="http.html#cread",
    ),
    script(
        "conditional/update-none-match",
        "PUT with If-None-Match: * creates, and never overwrites",
        test(
            "what is there stays", update("ts-inm-1", "Patient", headers={"If-None-Match": "*"}), status(412), refused()
        ),
        test("it has not changed", read("Patient/ts-inm-1"), okay(), value("Patient.gender", "male")),
        data=[patient("ts-inm-1", gender="male")],
        fixtures=[patient("ts-inm-1", gender="female")],
        says="RFC 9110 13.1.2; used by FHIR for create-only updates",
    ),
)
