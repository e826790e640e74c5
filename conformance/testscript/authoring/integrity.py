"""Referential integrity and validation on write."""

from __future__ import annotations

from conformance.testscript.authoring.language import (
    Source,
    create,
    delete,
    observation,
    okay,
    patient,
    read,
    reference,
    refused,
    script,
    status,
    test,
)

SCRIPTS: tuple[Source, ...] = (
    script(
        "integrity/references",
        "what is referred to must be there, and stays while it is referred to",
        test("a reference to nothing", create("dangling", "Observation"), status(409, 422), refused()),
        test("deleting what is referred to", delete("Patient/ts-ri-1"), status(409), refused()),
        test("it is still there", read("Patient/ts-ri-1"), okay()),
        test(
            "after the reference is gone",
            delete("Observation/ts-ri-2"),
            status(200, 204),
            delete("Patient/ts-ri-1"),
            status(200, 204),
        ),
        data=[patient("ts-ri-1"), observation("ts-ri-2", subject=reference("Patient/ts-ri-1"))],
        fixtures=[observation("dangling", subject=reference("Patient/ts-ri-never"))],
        says="http.html#update, #delete: 409 when integrity would be broken",
    ),
    script(
        "integrity/logical-references",
        "references that are not of this server are taken",
        test("an absolute address elsewhere", read("Observation/ts-rl-1"), okay()),
        test("an identifier only", read("Observation/ts-rl-2"), okay()),
        test("a contained resource", read("Observation/ts-rl-3"), okay()),
        data=[
            observation("ts-rl-1", subject=reference("https://fhir.example.org/Patient/1")),
            observation("ts-rl-2", subject={"identifier": {"system": "urn:test", "value": "1"}}),
            observation(
                "ts-rl-3", contained=[{"resourceType": "Patient", "id": "inside"}], subject=reference("#inside")
            ),
        ],
        says="references.html",
    ),
)
