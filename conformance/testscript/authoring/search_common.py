"""_id _lastUpdated _tag _profile _security _source _list _filter, compartments, type-less search, lenient handling."""

from __future__ import annotations

from conformance.testscript.authoring.language import (
    TAG,
    Source,
    call,
    delete,
    finds,
    found,
    observation,
    okay,
    operation,
    patient,
    reference,
    refused,
    script,
    search,
    status,
    test,
    that,
    thing,
    update,
    variable,
)


def _all(name: str) -> str:
    return f"_tag={TAG}|{name}"


_LENIENT = {"Prefer": "handling=lenient"}
_STRICT = {"Prefer": "handling=strict"}
_SECURITY = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}

SCRIPTS: tuple[Source, ...] = (
    script(
        "search/common",
        "_id _lastUpdated _tag _profile _security _source",
        test("_id", found("Patient?_id=ts-common-1", "ts-common-1")),
        test("_id, several", found("Patient?_id=ts-common-1,ts-common-2", "ts-common-1", "ts-common-2")),
        test("_tag", found(f"Patient?{_all('ts-common')}", "ts-common-1", "ts-common-2")),
        test(
            "_lastUpdated after",
            found(f"Patient?{_all('ts-common')}&_lastUpdated=gt2020-01-01", "ts-common-1", "ts-common-2"),
        ),
        test("_lastUpdated before", found(f"Patient?{_all('ts-common')}&_lastUpdated=lt2020-01-01")),
        test(
            "_profile",
            found(
                f"Patient?{_all('ts-common')}&_profile=http://hl7.org/fhir/StructureDefinition/Patient", "ts-common-1"
            ),
        ),
        test(
            "_security",
            found(f"Patient?{_all('ts-common')}&_security={_SECURITY['system']}|R", "ts-common-1"),
        ),
        test("_source", found(f"Patient?{_all('ts-common')}&_source=urn:test:source", "ts-common-2")),
        data=[
            patient(
                "ts-common-1",
                meta={"profile": ["http://hl7.org/fhir/StructureDefinition/Patient"], "security": [_SECURITY]},
            ),
            patient("ts-common-2", meta={"source": "urn:test:source"}),
        ],
        says="search.html#all",
    ),
    script(
        "search/list",
        "_list: what a List names",
        test("of a type", found("Patient?_list=ts-list-0", "ts-list-1")),
        test("with more criteria", found("Patient?_list=ts-list-0&gender=female")),
        test("a list that is not there", search("Patient?_list=ts-list-never"), status(200, 400, 404)),
        data=[
            patient("ts-list-1", gender="male"),
            patient("ts-list-2"),
            thing(
                "List", "ts-list-0", status="current", mode="working", entry=[{"item": reference("Patient/ts-list-1")}]
            ),
        ],
        says="search.html#list",
    ),
    script(
        "search/filter",
        "_filter: expressions",
        test("eq", found(f"Patient?{_all('ts-filter')}&_filter=gender eq male", "ts-filter-1")),
        test(
            "and",
            found(f"Patient?{_all('ts-filter')}&_filter=gender eq male and birthdate lt 1980-01-01", "ts-filter-1"),
        ),
        test(
            "or",
            found(
                f'Patient?{_all("ts-filter")}&_filter=gender eq male or family eq "Second"',
                "ts-filter-1",
                "ts-filter-2",
            ),
        ),
        test("not", found(f"Patient?{_all('ts-filter')}&_filter=not(gender eq male)", "ts-filter-2")),
        test("co", found(f'Patient?{_all("ts-filter")}&_filter=family co "econ"', "ts-filter-2")),
        test("sw", found(f'Patient?{_all("ts-filter")}&_filter=family sw "Fir"', "ts-filter-1")),
        test("ge", found(f"Patient?{_all('ts-filter')}&_filter=birthdate ge 1980-01-01", "ts-filter-2")),
        test("ne", found(f"Patient?{_all('ts-filter')}&_filter=gender ne male", "ts-filter-2")),
        test("pr", found(f"Patient?{_all('ts-filter')}&_filter=gender pr true", "ts-filter-1", "ts-filter-2")),
        test("what is no expression", search("Patient?_filter=gender nonsense male"), status(400), refused()),
        data=[
            patient("ts-filter-1", gender="male", birthDate="1970-01-01", name=[{"family": "First"}]),
            patient("ts-filter-2", gender="female", birthDate="1990-01-01", name=[{"family": "Second"}]),
        ],
        says="search_filter.html",
    ),
    script(
        "search/compartment",
        "compartments: what belongs to a patient",
        test("a type", call("GET", "Patient/ts-compartment-1/Observation"), *[finds("ts-compartment-2")]),
        test(
            "with criteria",
            call("GET", "Patient/ts-compartment-1/Observation?status=amended"),
            *[finds()],
        ),
        test(
            "all types",
            call("GET", "Patient/ts-compartment-1/*"),
            okay(),
            that("Bundle.entry.resource.where(id = 'ts-compartment-2').exists()"),
            that("Bundle.entry.resource.where(id = 'ts-compartment-3').exists()"),
        ),
        test("what is not of it", call("GET", "Patient/ts-compartment-4/Observation"), *[finds()]),
        test("a type that is not in it", call("GET", "Patient/ts-compartment-1/Medication"), status(200, 400, 404)),
        data=[
            patient("ts-compartment-1"),
            observation("ts-compartment-2", subject=reference("Patient/ts-compartment-1")),
            thing("Condition", "ts-compartment-3", subject=reference("Patient/ts-compartment-1")),
            patient("ts-compartment-4"),
        ],
        says="compartmentdefinition.html, http.html#vsearch",
    ),
    script(
        "search/typeless",
        "search over all types, and over some with _type",
        test("all types", call("GET", f"?{_all('ts-typeless')}"), *[finds("ts-typeless-1", "ts-typeless-2")]),
        test("_type", call("GET", f"?_type=Patient&{_all('ts-typeless')}"), *[finds("ts-typeless-1")]),
        test(
            "several types",
            call("GET", f"?_type=Patient,Observation&{_all('ts-typeless')}"),
            *[finds("ts-typeless-1", "ts-typeless-2")],
        ),
        test("_id", call("GET", "?_id=ts-typeless-2"), *[finds("ts-typeless-2")]),
        test(
            "by POST",
            operation(
                "search", url="_search", method="post", source="form", content="application/x-www-form-urlencoded"
            ),
            *[finds("ts-typeless-1")],
        ),
        test("a parameter not all types have", call("GET", "?gender=male"), status(400), refused()),
        data=[patient("ts-typeless-1"), observation("ts-typeless-2")],
        fixtures=[
            {
                "resourceType": "Binary",
                "id": "form",
                "contentType": "application/x-www-form-urlencoded",
                "data": "X2lkPXRzLXR5cGVsZXNzLTE=",
            }
        ],
        says="http.html#search",
    ),
    script(
        "search/unknown-parameters",
        "an unknown parameter is refused, or ignored for who says so",
        test("strict", search("Patient?nonsense=1", headers=_STRICT), status(400), refused()),
        test("by default", search("Patient?nonsense=1"), status(400), refused()),
        test(
            "lenient",
            search("Patient?_id=ts-lenient-1&nonsense=1", headers=_LENIENT),
            *[finds("ts-lenient-1")],
            that("Bundle.link.where(relation = 'self').url.contains('nonsense').not()", "the self link tells"),
        ),
        data=[patient("ts-lenient-1")],
        says="search.html#errors",
    ),
    script(
        "search/custom-parameter",
        "a SearchParameter that is posted can be searched after $reindex",
        test(
            "it is taken, and indexed",
            update("ts-nickname", "SearchParameter"),
            status(200, 201),
            call("POST", "$reindex", headers={"Prefer": "respond-async"}, keep="asked"),
            status(202),
            call("GET", "${job}", accept="application/json", wait="202"),
            okay(),
        ),
        test("it finds what was there before it", found("Patient?ts-nickname=Nickel", "ts-custom-0")),
        test(
            "it finds what comes after it",
            update("ts-custom-1", "Patient"),
            status(200, 201),
            found("Patient?ts-nickname=Nick", "ts-custom-0", "ts-custom-1"),
            found("Patient?ts-nickname:exact=Nick", "ts-custom-1"),
        ),
        test(
            "after it is gone it is unknown",
            delete("SearchParameter/ts-nickname"),
            status(200, 204),
            search("Patient?ts-nickname=Nick"),
            status(400),
            refused(),
        ),
        test(
            "an expression that cannot be read",
            update("ts-broken", "SearchParameter"),
            status(400, 422),
            refused(),
        ),
        data=[patient("ts-custom-0", name=[{"use": "nickname", "given": ["Nickel"]}])],
        fixtures=[
            thing(
                "SearchParameter",
                "ts-nickname",
                url="http://example.org/fhir/SearchParameter/ts-nickname",
                name="tsNickname",
                status="active",
                description="the nickname of a patient",
                code="ts-nickname",
                base=["Patient"],
                type="string",
                expression="Patient.name.where(use = 'nickname').given",
            ),
            thing(
                "SearchParameter",
                "ts-broken",
                url="http://example.org/fhir/SearchParameter/ts-broken",
                name="tsBroken",
                status="active",
                description="broken",
                code="ts-broken",
                base=["Patient"],
                type="string",
                expression="Patient.name.where(",
            ),
            patient("ts-custom-1", name=[{"use": "nickname", "given": ["Nick"]}]),
        ],
        variables=[variable("job", "asked", headerField="Content-Location")],
        teardown=[*delete("Patient/ts-custom-1"), *delete("SearchParameter/ts-nickname")],
        says="searchparameter.html",
    ),
)
