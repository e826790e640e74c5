"""Batch and transaction (http.html#transaction)."""

from __future__ import annotations

from base64 import b64encode

from conformance.testscript.authoring.language import (
    TAG,
    Source,
    bundle,
    delete,
    entry,
    found,
    identifier,
    kind,
    observation,
    okay,
    operation,
    patient,
    read,
    reference,
    refused,
    script,
    search,
    status,
    test,
    that,
    transaction,
    unchecked,
    value,
)

_N = f"{TAG}/number"
_U = "urn:uuid:0a6c1f0e-2c7b-4d3a-9b1e-0000000000"


def _numbered(name: str, number: str) -> dict[str, object]:
    """A Patient without an id."""
    made = patient(name, identifier=[identifier(number)])
    return {key: part for key, part in made.items() if key != "id"}


def _about(subject: str, number: str) -> dict[str, object]:
    """An Observation without an id."""
    made = observation("ts-any", subject=reference(subject), identifier=[identifier(number)])
    return {key: part for key, part in made.items() if key != "id"}


SCRIPTS: tuple[Source, ...] = (
    script(
        "transaction/references",
        "urn:uuid references become addresses; answers stand in the order of the entries",
        test(
            "a patient and a result about it",
            transaction("both", keep="answer"),
            okay(),
            kind("Bundle"),
            value("Bundle.type", "transaction-response"),
            that("Bundle.entry.count() = 2 and Bundle.entry.all(response.status.startsWith('201'))"),
            that("Bundle.entry[0].response.location.contains('Observation/')"),
            that("Bundle.entry[1].response.location.contains('Patient/')"),
            that("Bundle.entry.all(response.etag.exists() and response.lastModified.exists())"),
        ),
        test(
            "the reference leads to the patient",
            search(f"Observation?identifier={_N}|ts-tr-o&_include=Observation:subject"),
            okay(),
            that("Bundle.entry.where(search.mode = 'match').count() = 1"),
            that("Bundle.entry.resource.ofType(Patient).identifier.value = 'ts-tr-p'"),
            that("Bundle.entry.resource.ofType(Observation).subject.reference.startsWith('Patient/')"),
        ),
        fixtures=[
            bundle(
                "both",
                "transaction",
                entry("POST", "Observation", _about(f"{_U}01", "ts-tr-o")),
                entry("POST", "Patient", _numbered("ts-tr-p", "ts-tr-p"), full=f"{_U}01"),
            )
        ],
        teardown=[
            *delete(f"Observation?identifier={_N}|ts-tr-o"),
            *delete(f"Patient?identifier={_N}|ts-tr-p"),
        ],
        says="http.html#trules",
    ),
    script(
        "transaction/all-references",
        "every reference to an entry is replaced: in circles, in addresses, in narratives",
        test(
            "two resources that refer to each other",
            transaction("circle"),
            okay(),
            search(f"Patient?identifier={_N}|ts-ta-p"),
            that("Bundle.entry.resource.link.other.reference.startsWith('RelatedPerson/')"),
            that("Bundle.entry.resource.text.div.contains('urn:uuid').not()", "links of the narrative as well"),
            search(f"RelatedPerson?identifier={_N}|ts-ta-r"),
            that("Bundle.entry.resource.patient.reference.startsWith('Patient/')"),
        ),
        fixtures=[
            bundle(
                "circle",
                "transaction",
                entry(
                    "POST",
                    "Patient",
                    _numbered("ts-ta-p", "ts-ta-p")
                    | {
                        "link": [{"other": reference(f"{_U}22"), "type": "seealso"}],
                        "text": {
                            "status": "generated",
                            "div": f'<div xmlns="http://www.w3.org/1999/xhtml"><a href="{_U}22">kin</a></div>',
                        },
                    },
                    full=f"{_U}21",
                ),
                entry(
                    "POST",
                    "RelatedPerson",
                    {
                        "resourceType": "RelatedPerson",
                        "identifier": [identifier("ts-ta-r")],
                        "patient": reference(f"{_U}21"),
                    },
                    full=f"{_U}22",
                ),
            ),
            bundle(
                "away",
                "transaction",
                entry("DELETE", f"RelatedPerson?identifier={_N}|ts-ta-r"),
                entry("DELETE", f"Patient?identifier={_N}|ts-ta-p"),
            ),
        ],
        teardown=transaction("away"),
        says="http.html#trules (replacement of references, also in narratives)",
    ),
    script(
        "transaction/conditional-reference",
        "a reference may be a search; it must match exactly one",
        test(
            "one match",
            transaction("one", content="json"),
            okay(),
            search(f"Observation?identifier={_N}|ts-tcr-o"),
            that("Bundle.entry.resource.subject.reference.endsWith('Patient/ts-tcr-1')"),
        ),
        test("no match", transaction("none", content="json"), status(400, 404, 412, 422), refused()),
        test("several matches", transaction("several", content="json"), status(400, 412, 422), refused()),
        data=[
            patient("ts-tcr-1", identifier=[identifier("ts-tcr-one")]),
            patient("ts-tcr-2", identifier=[identifier("ts-tcr-two")]),
            patient("ts-tcr-3", identifier=[identifier("ts-tcr-two")]),
        ],
        fixtures=[
            unchecked(
                bundle(
                    name,
                    "transaction",
                    entry("POST", "Observation", _about(f"Patient?identifier={_N}|ts-tcr-{name2}", "ts-tcr-o")),
                )
            )
            for name, name2 in (("one", "one"), ("none", "none"), ("several", "two"))
        ],
        teardown=delete(f"Observation?identifier={_N}|ts-tcr-o"),
        says="http.html#trules (conditional references)",
    ),
    script(
        "transaction/rollback",
        "one entry that cannot be done, and nothing is",
        test("the second entry is invalid", transaction("bad"), status(400, 404, 422), refused()),
        test("the first one was not done", found(f"Patient?identifier={_N}|ts-tb-1")),
        fixtures=[
            bundle(
                "bad",
                "transaction",
                entry("POST", "Patient", _numbered("ts-tb-1", "ts-tb-1")),
                entry("POST", "Nonsense", _numbered("ts-tb-2", "ts-tb-2")),
            )
        ],
        says="http.html#transaction: all or nothing",
    ),
    script(
        "transaction/order",
        "DELETE, then POST, then PUT and PATCH, then GET, whatever the order of the entries",
        test(
            "the GET sees what the PUT wrote; a POST may reuse what the DELETE freed",
            transaction("mixed"),
            okay(),
            that("Bundle.entry.count() = 3"),
            that("Bundle.entry[0].resource.gender = 'female'", "the GET is answered after the PUT"),
            that("Bundle.entry[1].response.status.startsWith('20')"),
            that("Bundle.entry[2].response.status.startsWith('20')"),
        ),
        test("what was deleted is gone", read("Patient/ts-to-2"), status(410)),
        data=[patient("ts-to-1", gender="male"), patient("ts-to-2")],
        fixtures=[
            bundle(
                "mixed",
                "transaction",
                entry("GET", "Patient/ts-to-1"),
                entry("PUT", "Patient/ts-to-1", patient("ts-to-1", gender="female")),
                entry("DELETE", "Patient/ts-to-2"),
            )
        ],
        says="http.html#trules (processing order)",
    ),
    script(
        "transaction/duplicates",
        "two entries about one resource are refused",
        test(
            "two PUT",
            transaction("twice"),
            status(400, 422),
            refused(),
            that("issue.expression.where($this.contains('entry[0]')).exists()", "the first entry is named"),
            that("issue.expression.where($this.contains('entry[1]')).exists()", "the second entry is named"),
        ),
        test("nothing was done", read("Patient/ts-td-1"), status(404, 410)),
        test("PUT and DELETE", transaction("both"), status(400, 422), refused()),
        fixtures=[
            bundle(
                "twice",
                "transaction",
                entry("PUT", "Patient/ts-td-1", patient("ts-td-1", gender="male")),
                entry("PUT", "Patient/ts-td-1", patient("ts-td-1", gender="female")),
            ),
            bundle(
                "both",
                "transaction",
                entry("PUT", "Patient/ts-td-1", patient("ts-td-1", gender="male")),
                entry("DELETE", "Patient/ts-td-1"),
            ),
        ],
        teardown=delete("Patient/ts-td-1"),
        says="http.html#trules: if any resource identities overlap, the transaction fails",
    ),
    script(
        "transaction/conditional",
        "ifNoneExist, conditional PUT and conditional DELETE inside of a transaction",
        test(
            "ifNoneExist finds what is there",
            transaction("exists"),
            okay(),
            that("Bundle.entry[0].response.status.startsWith('200')"),
            that("Bundle.entry[0].response.location.contains('Patient/ts-tc-1')"),
            that(
                "Bundle.entry[1].response.status.startsWith('200') or Bundle.entry[1].response.status.startsWith('201')"
            ),
        ),
        test(
            "the reference to it leads to what is there",
            search(f"Observation?identifier={_N}|ts-tc-o"),
            that("Bundle.entry.resource.subject.reference.endsWith('Patient/ts-tc-1')"),
        ),
        test(
            "PUT with criteria updates",
            transaction("put"),
            okay(),
            read("Patient/ts-tc-1"),
            that("Patient.gender = 'other'"),
        ),
        test("If-Match of an old version", transaction("old"), status(412), refused()),
        data=[patient("ts-tc-1", gender="male", identifier=[identifier("ts-tc-1")])],
        fixtures=[
            bundle(
                "exists",
                "transaction",
                entry(
                    "POST",
                    "Patient",
                    _numbered("ts-tc-1", "ts-tc-1"),
                    full=f"{_U}11",
                    ifNoneExist=f"identifier={_N}|ts-tc-1",
                ),
                entry("POST", "Observation", _about(f"{_U}11", "ts-tc-o")),
            ),
            bundle(
                "put",
                "transaction",
                entry("PUT", f"Patient?identifier={_N}|ts-tc-1", _numbered("ts-tc-1", "ts-tc-1") | {"gender": "other"}),
            ),
            bundle(
                "old",
                "transaction",
                entry("PUT", "Patient/ts-tc-1", patient("ts-tc-1", gender="unknown"), ifMatch='W/"99999"'),
            ),
        ],
        teardown=delete(f"Observation?identifier={_N}|ts-tc-o"),
        says="http.html#trules",
    ),
    script(
        "transaction/patch",
        "PATCH and conditional DELETE inside of a transaction",
        test(
            "JSON Patch as a Binary, FHIRPath Patch as Parameters, DELETE by criteria",
            transaction("mixed"),
            okay(),
            that("Bundle.entry.count() = 3 and Bundle.entry.all(response.status.startsWith('20'))"),
            read("Patient/ts-tp-1"),
            that("Patient.gender = 'female'"),
            read("Patient/ts-tp-2"),
            that("Patient.birthDate.empty()"),
            read("Patient/ts-tp-3"),
            status(410),
        ),
        data=[
            patient("ts-tp-1", gender="male"),
            patient("ts-tp-2", birthDate="1970-01-01"),
            patient("ts-tp-3", identifier=[identifier("ts-tp-3")]),
        ],
        fixtures=[
            bundle(
                "mixed",
                "transaction",
                entry(
                    "PATCH",
                    "Patient/ts-tp-1",
                    {
                        "resourceType": "Binary",
                        "contentType": "application/json-patch+json",
                        "data": b64encode(b'[{"op":"replace","path":"/gender","value":"female"}]').decode(),
                    },
                ),
                entry(
                    "PATCH",
                    "Patient/ts-tp-2",
                    {
                        "resourceType": "Parameters",
                        "parameter": [
                            {
                                "name": "operation",
                                "part": [
                                    {"name": "type", "valueCode": "delete"},
                                    {"name": "path", "valueString": "Patient.birthDate"},
                                ],
                            }
                        ],
                    },
                ),
                entry("DELETE", f"Patient?identifier={_N}|ts-tp-3"),
            )
        ],
        says="http.html#patch (in a transaction), http.html#trules",
    ),
    script(
        "transaction/batch",
        "a batch: each entry by itself",
        test(
            "good and bad entries",
            operation("batch", source="mixed"),
            okay(),
            value("Bundle.type", "batch-response"),
            that("Bundle.entry.count() = 4"),
            that("Bundle.entry[0].response.status.startsWith('201')"),
            that("Bundle.entry[1].response.status.startsWith('404')"),
            that("Bundle.entry[1].response.outcome.exists() or Bundle.entry[1].resource.is(OperationOutcome)"),
            that("Bundle.entry[2].response.status.startsWith('4')"),
            that("Bundle.entry[3].resource.type = 'searchset'"),
        ),
        test("the good one was done", read("Patient/ts-batch-1"), okay()),
        fixtures=[
            bundle(
                "mixed",
                "batch",
                entry("PUT", "Patient/ts-batch-1", patient("ts-batch-1")),
                entry("GET", "Patient/ts-batch-never"),
                entry("POST", "Nonsense", patient("ts-batch-2")),
                entry("GET", "Patient?_id=ts-batch-1"),
            )
        ],
        setup=delete("Patient/ts-batch-1"),
        teardown=delete("Patient/ts-batch-1"),
        says="http.html#transaction (batch)",
    ),
    script(
        "transaction/bundles",
        "what is no batch and no transaction is refused",
        test("a collection", transaction(source="collection"), status(400, 422), refused()),
        test("an entry without a request", transaction(source="bare", content="json"), status(400, 422), refused()),
        test("a resource that is no Bundle", transaction(source="patient"), status(400, 404, 405, 422), refused()),
        test(
            "an empty transaction",
            transaction(source="empty"),
            okay(),
            value("Bundle.type", "transaction-response"),
        ),
        fixtures=[
            bundle("collection", "collection", {"resource": patient("ts-bundles-1")}),
            unchecked(bundle("bare", "transaction", {"resource": patient("ts-bundles-1")})),
            patient("patient"),
            {"resourceType": "Bundle", "id": "empty", "type": "transaction"},
        ],
        says="http.html#transaction",
    ),
)
