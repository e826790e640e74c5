"""Bundle rules: identity of entries, links, requests, searches, and what hangs together (FHIR R4 bundle.html)."""

from time import process_time
from typing import Any

import pytest

from tests.strictly import validate

Resource = dict[str, Any]
BASE = "http://example.com/fhir/"


def codes(bundle: Resource) -> set[str]:
    return {issue.code for issue in validate(bundle) if issue.code.startswith(("bundle", "full-url", "reference"))}


def places(bundle: Resource, code: str) -> list[str]:
    return [issue.expression for issue in validate(bundle) if issue.code == code]


def patient(**more: Any) -> Resource:
    return {"resourceType": "Patient", "id": "a", **more}


def entry(resource: Resource, url: str | None = None) -> Resource:
    return {"fullUrl": url or f"{BASE}{resource['resourceType']}/{resource['id']}", "resource": resource}


def collection(*entries: Resource, **more: Any) -> Resource:
    return {"resourceType": "Bundle", "type": "collection", "entry": list(entries), **more}


def composition(**more: Any) -> Resource:
    return {
        "resourceType": "Composition",
        "id": "c",
        "status": "final",
        "type": {"text": "出院小结"},
        "subject": {"reference": "Patient/a"},
        "date": "2026-03-01",
        "author": [{"reference": "Practitioner/p"}],
        "title": "出院小结",
        **more,
    }


def document(*others: Resource, first: Resource | None = None) -> Resource:
    practitioner = {"resourceType": "Practitioner", "id": "p"}
    resources = [first or composition(), patient(), practitioner, *others]
    return {
        "resourceType": "Bundle",
        "type": "document",
        "identifier": {"system": "urn:ietf:rfc:3986", "value": "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0"},
        "timestamp": "2026-03-01T08:00:00+08:00",
        "entry": [entry(resource) for resource in resources],
    }


# ------------------------------------------------------------------------------------------------------- identity


def test_an_entry_whose_full_url_ends_with_its_type_and_id_is_sound() -> None:
    assert codes(collection(entry(patient()))) == set()


def test_an_entry_needs_a_full_url() -> None:
    assert places(collection({"resource": patient()}), "bundle-full-url-missing") == ["Bundle.entry[0]"]


@pytest.mark.parametrize("kind", ["batch", "transaction"])
def test_an_entry_of_a_batch_or_transaction_needs_no_full_url(kind: str) -> None:
    request = {"method": "POST", "url": "Patient"}
    assert (
        codes({"resourceType": "Bundle", "type": kind, "entry": [{"resource": patient(), "request": request}]}) == set()
    )


def test_an_outcome_among_search_results_needs_no_full_url() -> None:
    issue = {"severity": "warning", "code": "not-supported"}
    outcome = {"resource": {"resourceType": "OperationOutcome", "issue": [issue]}, "search": {"mode": "outcome"}}
    assert "bundle-full-url-missing" not in codes(searchset(outcome))


def test_a_full_url_is_absolute() -> None:
    assert codes(collection(entry(patient(), "Patient/a"))) == {"bundle-full-url-relative"}


@pytest.mark.parametrize("url", [BASE + "Patient/b", BASE + "Group/a"])
def test_a_restful_full_url_agrees_with_type_and_id(url: str) -> None:
    assert codes(collection(entry(patient(), url))) == {"full-url"}


def test_a_restful_full_url_needs_a_resource_with_an_id() -> None:
    found = collection(entry({"resourceType": "Patient", "active": True}, BASE + "Patient/a"))
    assert codes(found) == {"bundle-full-url-without-id"}


@pytest.mark.parametrize("url", ["urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0", "http://example.com/files/17"])
def test_a_full_url_of_another_kind_says_nothing_about_the_id(url: str) -> None:
    assert codes(collection(entry(patient(), url))) == set()


# ---------------------------------------------------------------------------------------------- links and requests


def test_pages_are_for_searches_and_histories() -> None:
    link = [{"relation": "next", "url": BASE + "?page=2"}]
    assert places(collection(entry(patient()), link=link), "bundle-link-page") == ["Bundle.link[0].relation"]
    assert "bundle-link-page" not in codes(searchset(found(patient()), link=[*SELF, *link]))


def test_a_link_relation_of_a_page_occurs_once() -> None:
    twice = searchset(found(patient()), link=[*SELF, *SELF])
    assert places(twice, "bundle-link-repeated") == ["Bundle.link[1]"]


@pytest.mark.parametrize(
    ("method", "url", "resource", "expected"),
    [
        ("PUT", "Patient/a", patient(), set()),
        ("POST", "Patient/$match", {"resourceType": "Parameters"}, set()),
        ("DELETE", "Patient/a", None, set()),
        ("PUT", "Group/a", patient(), {"bundle-request-type"}),
        ("PUT", BASE + "Patient/a", patient(), {"bundle-request-absolute"}),
        ("POST", "Patient", None, {"bundle-request-resource"}),
    ],
)
def test_a_request_names_what_its_entry_holds(
    method: str, url: str, resource: Resource | None, expected: set[str]
) -> None:
    row: Resource = {"request": {"method": method, "url": url}}
    if resource is not None:
        row["resource"] = resource
    assert codes({"resourceType": "Bundle", "type": "transaction", "entry": [row]}) == expected


# -------------------------------------------------------------------------------------------------------- searches

SELF = [{"relation": "self", "url": BASE + "Patient?name=x"}]


def found(resource: Resource, mode: str = "match") -> Resource:
    return {**entry(resource, f"{BASE}{resource['resourceType']}/a"), "search": {"mode": mode}}


def searchset(*entries: Resource, link: list[Resource] | None = None) -> Resource:
    return {"resourceType": "Bundle", "type": "searchset", "link": link or SELF, "entry": list(entries)}


def test_a_page_of_what_was_searched_for_is_sound() -> None:
    practitioner = {"resourceType": "Practitioner", "id": "a"}
    assert codes(searchset(found(patient()), found(practitioner, "include"))) == set()


def test_a_match_is_of_the_type_that_was_searched_for() -> None:
    wrong = searchset(found({"resourceType": "Practitioner", "id": "a"}))
    assert places(wrong, "bundle-search-type") == ["Bundle.entry[0].resource"]


def test_types_of_a_search_across_types_are_read_from_its_address() -> None:
    link = [{"relation": "self", "url": BASE + "?_type=Patient,Practitioner&_lastUpdated=gt2026"}]
    group = {"resourceType": "Group", "id": "a", "type": "person", "actual": True}
    both = searchset(found(patient()), found(group), link=link)
    assert places(both, "bundle-search-type") == ["Bundle.entry[1].resource"]


def test_what_was_found_has_an_id() -> None:
    nameless = {"fullUrl": "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0", "resource": {"resourceType": "Patient"}}
    nameless["resource"]["active"] = True
    assert "bundle-search-id" in codes(searchset({**nameless, "search": {"mode": "match"}}))


def test_an_outcome_is_an_operation_outcome() -> None:
    assert "bundle-search-outcome" in codes(searchset(found(patient(), "outcome")))


def test_entries_without_a_mode_are_a_warning() -> None:
    silent = validate(searchset(entry(patient())))
    assert [(issue.code, issue.severity) for issue in silent] == [("bundle-search-mode", "warning")]


# --------------------------------------------------------------------------------------------- documents, messages


def test_a_document_with_everything_it_refers_to_is_sound() -> None:
    assert codes(document()) == set()


def test_what_a_composition_refers_to_is_in_the_document() -> None:
    sections = [{"title": "检验", "section": [{"entry": [{"reference": "Observation/missing"}], "title": "血"}]}]
    lacking = document(first=composition(section=sections))
    expected = ["Bundle.entry[0].resource.section[0].section[0].entry[0]"]
    assert places(lacking, "bundle-reference-missing") == expected


def test_a_definition_need_not_travel_along() -> None:
    detail = [{"detail": [{"reference": "http://example.com/fhir/PlanDefinition/elsewhere"}]}]
    assert codes(document(first=composition(event=detail))) == set()


def test_an_entry_that_nothing_connects_with_the_composition_is_an_error() -> None:
    stray = {"resourceType": "Organization", "id": "o", "name": "某医院"}
    assert places(document(stray), "bundle-entry-unreachable") == ["Bundle.entry[3]"]


def test_an_entry_that_only_refers_to_the_document_is_a_warning() -> None:
    account = {"resourceType": "Account", "id": "x", "status": "active", "subject": [{"reference": "Patient/a"}]}
    assert [(i.code, i.severity) for i in validate(document(account))] == [("bundle-entry-backward", "warning")]


def test_a_provenance_is_expected_to_point_back() -> None:
    provenance = {
        "resourceType": "Provenance",
        "id": "x",
        "target": [{"reference": "Composition/c"}],
        "recorded": "2026-03-01T08:00:00+08:00",
        "agent": [{"who": {"reference": "Practitioner/p"}}],
    }
    assert codes(document(provenance)) == set()


def test_type_and_id_alone_do_not_make_a_match() -> None:
    elsewhere = document()
    elsewhere["entry"][1]["fullUrl"] = "http://other.example.com/fhir/Patient/a"
    assert "bundle-reference-base" in codes(elsewhere)


def test_a_relative_reference_from_a_urn_entry_has_no_base() -> None:
    transient = document()
    transient["entry"][0]["fullUrl"] = "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0"
    assert "bundle-reference-base" in codes(transient)


def test_a_reference_to_a_version_means_that_version() -> None:
    versioned = document(first=composition(subject={"reference": "Patient/a/_history/2"}))
    versioned["entry"][1]["resource"]["meta"] = {"versionId": "2"}
    assert codes(versioned) == set()
    versioned["entry"][1]["resource"]["meta"] = {"versionId": "3"}
    assert "bundle-reference-base" in codes(versioned)


def test_a_fragment_means_an_element_of_the_target() -> None:
    pointing = document(first=composition(subject={"reference": BASE + "Patient/a#n1"}))
    assert "bundle-reference-fragment" in codes(pointing)
    pointing["entry"][1]["resource"]["name"] = [{"id": "n1", "text": "张三"}]
    assert codes(pointing) == set()


def test_what_a_message_header_is_about_is_in_the_message() -> None:
    header = {
        "resourceType": "MessageHeader",
        "id": "m",
        "eventUri": "http://example.com/event",
        "source": {"endpoint": "http://example.com/his"},
        "focus": [{"reference": "Patient/a"}],
    }
    message = {"resourceType": "Bundle", "type": "message", "entry": [entry(header), entry(patient())]}
    assert codes(message) == set()
    del message["entry"][1]
    assert places(message, "bundle-reference-missing") == ["Bundle.entry[0].resource.focus[0]"]


def test_a_stray_entry_of_a_message_is_a_warning() -> None:
    header = {
        "resourceType": "MessageHeader",
        "id": "m",
        "eventUri": "http://example.com/event",
        "source": {"endpoint": "http://example.com/his"},
    }
    message = {"resourceType": "Bundle", "type": "message", "entry": [entry(header), entry(patient())]}
    assert [(i.code, i.severity) for i in validate(message)] == [("bundle-entry-unlinked", "warning")]


def test_a_urn_that_no_entry_has_is_a_warning() -> None:
    contact = patient(managingOrganization={"reference": "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0"})
    lost = validate(collection(entry(contact)))
    assert [(i.code, i.severity) for i in lost] == [("reference-urn-missing", "warning")]


@pytest.mark.parametrize("broken", [{"fullUrl": 3}, {"fullUrl": ["x"]}, {"resource": True}, {"resource": []}])
def test_a_broken_neighbour_does_not_disturb_what_is_sound(broken: Resource) -> None:
    contact = patient(managingOrganization={"reference": "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0"})
    row = {**entry({"resourceType": "Organization", "id": "o", "name": "某医院"}), **broken}
    assert "reference-urn-missing" in {issue.code for issue in validate(collection(entry(contact), row))}


def test_the_cost_of_a_document_grows_with_its_entries_only() -> None:
    def seconds(count: int) -> float:
        results = [
            {
                "resourceType": "Observation",
                "id": f"o{n}",
                "status": "final",
                "code": {"text": "血糖"},
                "subject": {"reference": "Patient/a"},
            }
            for n in range(count)
        ]
        entries = [{"reference": f"Observation/o{n}"} for n in range(count)]
        whole = document(*results, first=composition(section=[{"title": "检验", "entry": entries}]))
        start = process_time()
        assert codes(whole) == set()
        return process_time() - start

    seconds(10)
    assert seconds(2000) < 30 * seconds(200)
