""":exact :contains :missing :not :of-type :identifier :text :above :below :in :not-in :[type], chains and _has."""

from __future__ import annotations

from conformance.testscript.authoring.language import (
    TAG,
    Source,
    coded,
    found,
    identifier,
    observation,
    patient,
    reference,
    refused,
    script,
    search,
    status,
    test,
    thing,
)

_LOINC = "http://loinc.org"


def _all(name: str) -> str:
    return f"_tag={TAG}|{name}"


SCRIPTS: tuple[Source, ...] = (
    script(
        "search/modifiers-string",
        ":exact and :contains",
        test(":exact", found(f"Patient?{_all('ts-exact')}&family:exact=Visser", "ts-exact-1")),
        test(":exact counts case", found(f"Patient?{_all('ts-exact')}&family:exact=visser")),
        test(":contains", found(f"Patient?{_all('ts-exact')}&family:contains=ISS", "ts-exact-1", "ts-exact-2")),
        test("a modifier that does not fit", search("Patient?birthdate:contains=1"), status(400), refused()),
        test("a modifier that does not exist", search("Patient?family:nonsense=1"), status(400), refused()),
        data=[
            patient("ts-exact-1", name=[{"family": "Visser"}]),
            patient("ts-exact-2", name=[{"family": "Vissering"}]),
        ],
        says="search.html#modifiers",
    ),
    script(
        "search/modifier-missing",
        ":missing for every type of parameter",
        test("token true", found(f"Patient?{_all('ts-missing')}&gender:missing=true", "ts-missing-2")),
        test("token false", found(f"Patient?{_all('ts-missing')}&gender:missing=false", "ts-missing-1")),
        test("date", found(f"Patient?{_all('ts-missing')}&birthdate:missing=true", "ts-missing-2")),
        test("string", found(f"Patient?{_all('ts-missing')}&family:missing=false", "ts-missing-1")),
        test(
            "reference",
            found(f"Patient?{_all('ts-missing')}&general-practitioner:missing=true&gender=male", "ts-missing-1"),
        ),
        test("another value", search("Patient?gender:missing=nonsense"), status(400), refused()),
        data=[
            patient("ts-missing-1", gender="male", birthDate="1970-01-01", name=[{"family": "Test"}]),
            patient("ts-missing-2"),
        ],
        says="search.html#modifiers",
    ),
    script(
        "search/modifier-not",
        ":not also finds what has no value",
        test("another code, or none", found(f"Patient?{_all('ts-not')}&gender:not=male", "ts-not-2", "ts-not-3")),
        test("none of several", found(f"Patient?{_all('ts-not')}&gender:not=male,female", "ts-not-3")),
        data=[patient("ts-not-1", gender="male"), patient("ts-not-2", gender="female"), patient("ts-not-3")],
        says="search.html#modifiers",
    ),
    script(
        "search/modifier-of-type",
        ":of-type: type and value of an identifier",
        test(
            "type system, code and value",
            found(
                "Patient?identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|MR|ts-oftype-v", "ts-oftype-1"
            ),
        ),
        test(
            "another type",
            found("Patient?identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|SS|ts-oftype-v"),
        ),
        data=[
            patient(
                "ts-oftype-1",
                identifier=[
                    identifier("ts-oftype-v") | {"type": coded("http://terminology.hl7.org/CodeSystem/v2-0203", "MR")}
                ],
            )
        ],
        says="search.html#token",
    ),
    script(
        "search/modifier-identifier",
        ":identifier of a reference",
        test(
            "system and value",
            found(f"Observation?{_all('ts-refid')}&subject:identifier=urn:test|ts-refid", "ts-refid-1"),
        ),
        test("another value", found(f"Observation?{_all('ts-refid')}&subject:identifier=urn:test|other")),
        data=[observation("ts-refid-1", subject={"identifier": {"system": "urn:test", "value": "ts-refid"}})],
        says="search.html#reference",
    ),
    script(
        "search/modifier-text",
        ":text of a token looks into its words",
        test("the text", found(f"Observation?{_all('ts-text')}&code:text=body", "ts-text-1")),
        test("the display", found(f"Observation?{_all('ts-text')}&code:text=heart", "ts-text-2")),
        test("no word of it", found(f"Observation?{_all('ts-text')}&code:text=nonsense")),
        data=[
            observation("ts-text-1", code={"text": "Body weight"}),
            observation("ts-text-2", code=coded(_LOINC, "8867-4", "Heart rate")),
        ],
        says="search.html#modifiers",
    ),
    script(
        "search/modifier-type",
        ":[type] of a reference",
        test(
            "subject:Patient", found(f"Observation?{_all('ts-reftype')}&subject:Patient=ts-reftype-1", "ts-reftype-3")
        ),
        test("subject:Group", found(f"Observation?{_all('ts-reftype')}&subject:Group=ts-reftype-1", "ts-reftype-4")),
        test("a type it cannot have", search("Observation?subject:Medication=1"), status(400), refused()),
        data=[
            patient("ts-reftype-1"),
            thing("Group", "ts-reftype-1", type="person", actual=True),
            observation("ts-reftype-3", subject=reference("Patient/ts-reftype-1")),
            observation("ts-reftype-4", subject=reference("Group/ts-reftype-1")),
        ],
        says="search.html#reference",
    ),
    script(
        "search/modifier-in",
        ":in and :not-in a value set",
        test(
            ":in by address",
            found(f"Patient?{_all('ts-in')}&gender:in=http://example.org/fhir/ts/in-set", "ts-in-1", "ts-in-2"),
        ),
        test(":not-in", found(f"Patient?{_all('ts-in')}&gender:not-in=http://example.org/fhir/ts/in-set", "ts-in-3")),
        test(":in by reference", found(f"Patient?{_all('ts-in')}&gender:in=ValueSet/ts-in-0", "ts-in-1", "ts-in-2")),
        test("a value set nobody knows", search("Patient?gender:in=http://example.org/none"), status(400, 404, 422)),
        data=[
            thing(
                "ValueSet",
                "ts-in-0",
                status="active",
                url="http://example.org/fhir/ts/in-set",
                compose={
                    "include": [
                        {
                            "system": "http://hl7.org/fhir/administrative-gender",
                            "concept": [{"code": "male"}, {"code": "female"}],
                        }
                    ]
                },
            ),
            patient("ts-in-1", gender="male"),
            patient("ts-in-2", gender="female"),
            patient("ts-in-3", gender="other"),
        ],
        says="search.html#modifiers",
    ),
    script(
        "search/modifier-above-below",
        ":above and :below in a hierarchy of codes",
        test(
            ":below",
            found(
                f"Observation?{_all('ts-below')}&code:below=http://example.org/fhir/ts/tree|a",
                "ts-below-1",
                "ts-below-2",
            ),
        ),
        test(
            ":above",
            found(
                f"Observation?{_all('ts-below')}&code:above=http://example.org/fhir/ts/tree|a1",
                "ts-below-1",
                "ts-below-2",
            ),
        ),
        data=[
            thing(
                "CodeSystem",
                "ts-below-0",
                status="active",
                content="complete",
                url="http://example.org/fhir/ts/tree",
                hierarchyMeaning="is-a",
                concept=[{"code": "a", "concept": [{"code": "a1"}]}, {"code": "b"}],
            ),
            observation("ts-below-1", code=coded("http://example.org/fhir/ts/tree", "a")),
            observation("ts-below-2", code=coded("http://example.org/fhir/ts/tree", "a1")),
            observation("ts-below-3", code=coded("http://example.org/fhir/ts/tree", "b")),
        ],
        says="search.html#modifiers",
    ),
    script(
        "search/chain",
        "chains: parameters of what is referred to",
        test("one step", found(f"Observation?{_all('ts-chain')}&patient.family=Chained", "ts-chain-3")),
        test("with a type", found(f"Observation?{_all('ts-chain')}&subject:Patient.gender=male", "ts-chain-3")),
        test(
            "two steps",
            found(f"Observation?{_all('ts-chain')}&subject:Patient.organization.name=Chained", "ts-chain-3"),
        ),
        test("no match", found(f"Observation?{_all('ts-chain')}&patient.family=Nobody")),
        test("a step that is no reference", search("Observation?code.family=x"), status(400), refused()),
        data=[
            thing("Organization", "ts-chain-1", name="Chained hospital"),
            patient(
                "ts-chain-2",
                gender="male",
                name=[{"family": "Chained"}],
                managingOrganization=reference("Organization/ts-chain-1"),
            ),
            observation("ts-chain-3", subject=reference("Patient/ts-chain-2")),
            observation("ts-chain-4"),
        ],
        says="search.html#chaining",
    ),
    script(
        "search/has",
        "_has: reverse chains, nested, and with a chain inside",
        test("one step", found(f"Patient?{_all('ts-has')}&_has:Observation:patient:code=ts-has", "ts-has-1")),
        test(
            "nested",
            found(
                f"Organization?{_all('ts-has')}&_has:Patient:organization:_has:Observation:subject:code=ts-has",
                "ts-has-0",
            ),
        ),
        test(
            "with a chain inside",
            found(f"Patient?{_all('ts-has')}&_has:Observation:patient:encounter.status=finished", "ts-has-1"),
        ),
        test(
            "in a chain",
            found(f"Observation?{_all('ts-has')}&patient._has:Encounter:patient:status=finished", "ts-has-4"),
        ),
        test("no match", found(f"Patient?{_all('ts-has')}&_has:Observation:patient:code=nonsense")),
        test(
            "a parameter that does not exist",
            search("Patient?_has:Observation:nonsense:code=1"),
            status(400),
            refused(),
        ),
        data=[
            thing("Organization", "ts-has-0", name="Has"),
            patient("ts-has-1", managingOrganization=reference("Organization/ts-has-0")),
            patient("ts-has-2"),
            thing(
                "Encounter",
                "ts-has-3",
                status="finished",
                subject=reference("Patient/ts-has-1"),
                **{"class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"}},
            ),
            observation(
                "ts-has-4",
                code={"coding": [{"code": "ts-has"}]},
                subject=reference("Patient/ts-has-1"),
                encounter=reference("Encounter/ts-has-3"),
            ),
        ],
        says="search.html#has",
    ),
)
