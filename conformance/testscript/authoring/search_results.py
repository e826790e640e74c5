"""_include, _revinclude, _sort, _count, _total, paging (search.html#return)."""

from __future__ import annotations

from conformance.testscript.authoring.language import (
    TAG,
    Source,
    brings,
    call,
    found,
    in_order,
    kind,
    observation,
    okay,
    patient,
    reference,
    refused,
    script,
    search,
    status,
    test,
    that,
    thing,
    variable,
)


def _all(name: str) -> str:
    return f"_tag={TAG}|{name}"


_FAMILY = [
    thing("Organization", "ts-inc-0", name="Inner"),
    thing("Organization", "ts-inc-1", name="Outer", partOf=reference("Organization/ts-inc-0")),
    patient("ts-inc-2", managingOrganization=reference("Organization/ts-inc-1")),
    observation("ts-inc-3", subject=reference("Patient/ts-inc-2")),
]

SCRIPTS: tuple[Source, ...] = (
    script(
        "search/include",
        "_include and _revinclude, :iterate and *",
        test(
            "_include",
            search("Observation?_id=ts-inc-3&_include=Observation:subject"),
            okay(),
            that("Bundle.entry.where(search.mode = 'match').resource.id = 'ts-inc-3' and Bundle.total = 1"),
            brings("ts-inc-2"),
        ),
        test(
            "with a type", search("Observation?_id=ts-inc-3&_include=Observation:subject:Patient"), brings("ts-inc-2")
        ),
        test(
            "with another type", search("Observation?_id=ts-inc-3&_include=Observation:subject:Group"), okay(), brings()
        ),
        test("_revinclude", search("Patient?_id=ts-inc-2&_revinclude=Observation:subject"), okay(), brings("ts-inc-3")),
        test(
            ":iterate",
            search(
                "Observation?_id=ts-inc-3&_include=Observation:subject&_include:iterate=Patient:organization"
                "&_include:iterate=Organization:partof"
            ),
            okay(),
            brings("ts-inc-2", "ts-inc-1", "ts-inc-0"),
        ),
        test(
            "without :iterate one step only",
            search("Observation?_id=ts-inc-3&_include=Observation:subject&_include=Patient:organization"),
            okay(),
            brings("ts-inc-2"),
        ),
        test("*", search("Observation?_id=ts-inc-3&_include=*"), okay(), brings("ts-inc-2")),
        test("_revinclude *", search("Patient?_id=ts-inc-2&_revinclude=*"), okay(), brings("ts-inc-3")),
        test("a parameter that does not exist", search("Patient?_include=Patient:nonsense"), status(400), refused()),
        test(
            "what is included does not count",
            search(f"Observation?{_all('ts-inc')}&_include=Observation:subject&_count=1"),
            okay(),
            that("Bundle.total = 1 and Bundle.entry.where(search.mode = 'match').count() = 1"),
            that("Bundle.link.where(relation = 'next').empty()"),
            brings("ts-inc-2"),
        ),
        test(
            "nothing comes twice",
            search(f"Observation?{_all('ts-inc')}&_include=Observation:subject&_include=Observation:patient"),
            okay(),
            brings("ts-inc-2"),
        ),
        data=_FAMILY,
        says="search.html#revinclude",
    ),
    script(
        "search/sort",
        "_sort on several keys, ascending and descending",
        test(
            "ascending",
            search(f"Patient?{_all('ts-sort')}&_sort=birthdate"),
            in_order("ts-sort-1", "ts-sort-2", "ts-sort-3"),
        ),
        test(
            "descending",
            search(f"Patient?{_all('ts-sort')}&_sort=-birthdate"),
            in_order("ts-sort-3", "ts-sort-2", "ts-sort-1"),
        ),
        test(
            "two keys",
            search(f"Patient?{_all('ts-sort')}&_sort=gender,-birthdate"),
            in_order("ts-sort-3", "ts-sort-1", "ts-sort-2"),
        ),
        test(
            "a string",
            search(f"Patient?{_all('ts-sort')}&_sort=-family"),
            in_order("ts-sort-1", "ts-sort-2", "ts-sort-3"),
        ),
        test(
            "_lastUpdated",
            search(f"Patient?{_all('ts-sort')}&_sort=_lastUpdated"),
            okay(),
            that("Bundle.entry.count() = 3"),
        ),
        test(
            "what has no value comes too, once",
            search(f"Patient?{_all('ts-sortless')}&_sort=birthdate"),
            okay(),
            that("Bundle.entry.count() = 2 and Bundle.entry.resource.where(id = 'ts-sortless-2').count() = 1"),
        ),
        test("_id", search(f"Patient?{_all('ts-sort')}&_sort=-_id"), in_order("ts-sort-3", "ts-sort-2", "ts-sort-1")),
        test("a parameter that does not exist", search("Patient?_sort=nonsense"), status(400), refused()),
        data=[
            patient("ts-sortless-1", birthDate="1950-01-01"),
            patient("ts-sortless-2"),
            patient("ts-sort-1", birthDate="1950-01-01", gender="female", name=[{"family": "C"}]),
            patient("ts-sort-2", birthDate="1960-01-01", gender="male", name=[{"family": "B"}]),
            patient("ts-sort-3", birthDate="1970-01-01", gender="female", name=[{"family": "A"}]),
        ],
        says="search.html#sort",
    ),
    script(
        "search/count",
        "_count and _total",
        test(
            "_count limits a page",
            search(f"Patient?{_all('ts-count')}&_count=2"),
            okay(),
            that("Bundle.entry.count() = 2 and Bundle.link.where(relation = 'next').exists()"),
        ),
        test(
            "_count=0 gives the total only",
            search(f"Patient?{_all('ts-count')}&_count=0"),
            okay(),
            that("Bundle.total = 3 and Bundle.entry.empty()"),
        ),
        test(
            "_total=accurate",
            search(f"Patient?{_all('ts-count')}&_total=accurate&_count=1"),
            okay(),
            that("Bundle.total = 3"),
        ),
        test(
            "_total=none",
            search(f"Patient?{_all('ts-count')}&_total=none&_count=1"),
            okay(),
            that("Bundle.entry.count() = 1"),
        ),
        test("_total=estimate", search(f"Patient?{_all('ts-count')}&_total=estimate"), okay()),
        test("a negative count", search("Patient?_count=-1"), status(400), refused()),
        test("a count that is none", search("Patient?_count=nonsense"), status(400), refused()),
        test("another total", search("Patient?_total=nonsense"), status(400), refused()),
        data=[patient(f"ts-count-{place}") for place in (1, 2, 3)],
        says="search.html#count, #total",
    ),
    script(
        "search/paging",
        "paging: every match once, also while others write",
        test(
            "the second page, after a write between the pages",
            search(f"Patient?{_all('ts-page')}&_count=2&_sort=_id", keep="page1"),
            okay(),
            that("Bundle.entry.resource.id[0] = 'ts-page-1' and Bundle.entry.resource.id[1] = 'ts-page-2'"),
            call("PUT", "Patient/ts-page-0", source="ts-page-0"),
            status(200, 201),
            call("GET", "${next}", keep="page2"),
            okay(),
            that("Bundle.entry.resource.id.count() = 2"),
            that("Bundle.entry.resource.id[0] = 'ts-page-3' and Bundle.entry.resource.id[1] = 'ts-page-4'"),
            that("Bundle.link.where(relation = 'self').exists()"),
        ),
        test(
            "the links are absolute",
            search(f"Patient?{_all('ts-page')}&_count=2"),
            that("Bundle.link.where(relation = 'next').url.startsWith('http')"),
        ),
        test("a link that was made up", call("GET", "${next}x"), status(400, 404, 410), refused()),
        data=[patient(f"ts-page-{place}") for place in (1, 2, 3, 4, 5)],
        fixtures=[patient("ts-page-0")],
        teardown=call("DELETE", "Patient/ts-page-0"),
        variables=[variable("next", "page1", expression="Bundle.link.where(relation = 'next').url")],
        says="http.html#paging",
    ),
    script(
        "search/bundle",
        "what a searchset says",
        test(
            "type, total, self link, fullUrl, mode",
            search("Patient?_id=ts-set-1"),
            okay(),
            kind("Bundle"),
            that("Bundle.type = 'searchset' and Bundle.total = 1"),
            that("Bundle.link.where(relation = 'self').url.contains('_id=ts-set-1')"),
            that("Bundle.entry.fullUrl.endsWith('/Patient/ts-set-1')"),
            that("Bundle.entry.search.mode = 'match'"),
        ),
        test(
            "nothing found is still a Bundle",
            found("Patient?_id=ts-set-none"),
            that("Bundle.total = 0"),
        ),
        data=[patient("ts-set-1")],
        says="search.html, bundle.html#searchset",
    ),
)
