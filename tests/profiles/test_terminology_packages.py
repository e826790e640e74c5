"""Code systems and value sets of packages: versions, supplements, fragments, imports, names."""

from typing import Any

from profiles.registry import Registry
from profiles.terminology import CORE, Membership, Terminology, terminology_of

Json = dict[str, Any]
CS, VS = "http://county.example/CodeSystem/", "http://county.example/ValueSet/"
KINDS: Json = {
    "resourceType": "CodeSystem",
    "url": CS + "kinds",
    "version": "2",
    "content": "complete",
    "caseSensitive": True,
    "concept": [
        {"code": "a", "display": "First", "concept": [{"code": "a1"}, {"code": "a2"}]},
        {"code": "b", "property": [{"code": "inactive", "valueBoolean": True}]},
    ],
}


def value_set(name: str, **compose: Any) -> Json:
    return {"resourceType": "ValueSet", "url": VS + name, "compose": compose}


def known(*resources: Json) -> Terminology:
    return terminology_of(Registry(resources))


def codes(terminology: Terminology, name: str) -> frozenset[str]:
    members = terminology.expand(VS + name)
    assert members is not None
    return members.codes


def test_without_packages_there_is_one_terminology() -> None:
    assert terminology_of(Registry()) is CORE


def test_filters_imports_and_excludes_make_a_value_set() -> None:
    below = {"property": "concept", "op": "is-a", "value": "a"}
    terminology = known(
        KINDS,
        value_set("below", include=[{"system": CS + "kinds", "filter": [below]}]),
        value_set("imported", include=[{"valueSet": [VS + "below"]}]),
        value_set(
            "less",
            include=[{"valueSet": [VS + "below|7"]}],
            exclude=[{"system": CS + "kinds", "concept": [{"code": "a1"}]}],
        ),
        value_set("active", include=[{"system": CS + "kinds"}], inactive=False),
    )
    assert codes(terminology, "below") == {"a", "a1", "a2"}
    assert codes(terminology, "imported") == {"a", "a1", "a2"}
    assert codes(terminology, "less") == {"a", "a2"}
    assert codes(terminology, "active") == {"a", "a1", "a2"}


def test_value_sets_that_import_each_other_come_to_an_end() -> None:
    terminology = known(
        KINDS,
        value_set("one", include=[{"system": CS + "kinds", "concept": [{"code": "a"}]}, {"valueSet": [VS + "two"]}]),
        value_set("two", include=[{"system": CS + "kinds", "concept": [{"code": "b"}]}, {"valueSet": [VS + "one"]}]),
    )
    assert codes(terminology, "one") == codes(terminology, "two") == {"a", "b"}


def test_the_version_that_is_asked_for_is_taken() -> None:
    terminology = known(KINDS, {**KINDS, "version": "1", "concept": [{"code": "old"}]})
    newest, old = terminology.system(CS + "kinds"), terminology.system(CS + "kinds", "1")
    assert newest is not None
    assert old is not None
    assert ("a" in newest.concepts, "old" in old.concepts) == (True, True)


def test_an_excluded_system_that_is_not_loaded_leaves_doubt() -> None:
    doubtful = {"system": CS + "kinds", "filter": [{"property": "x", "op": "child-of", "value": "y"}]}
    terminology = known(KINDS, value_set("doubt", include=[{"system": CS + "kinds"}], exclude=[doubtful]))
    members = terminology.expand(VS + "doubt")
    assert members is not None
    assert members.coding(CS + "kinds", "a") is Membership.UNKNOWN


def test_a_fragment_says_nothing_about_what_it_leaves_out() -> None:
    terminology = known({**KINDS, "content": "fragment"}, value_set("all", include=[{"system": CS + "kinds"}]))
    members = terminology.expand(VS + "all")
    assert members is not None
    assert members.coding(CS + "kinds", "a") is Membership.IN
    assert members.coding(CS + "kinds", "z") is Membership.UNKNOWN


def test_a_supplement_is_no_code_system_but_gives_names() -> None:
    supplement = {
        "resourceType": "CodeSystem",
        "url": CS + "kinds-zh",
        "content": "supplement",
        "supplements": CS + "kinds|2",
        "concept": [{"code": "a1", "designation": [{"language": "zh", "value": "甲一"}]}],
    }
    terminology = known(KINDS, supplement)
    assert terminology.system(CS + "kinds-zh") is None
    assert terminology.names(CS + "kinds", "a1") == ["甲一"]


def test_an_expansion_that_came_along_is_used_where_there_is_no_definition() -> None:
    row = {"system": CS + "kinds", "code": "a", "contains": [{"system": CS + "kinds", "code": "a1"}]}
    stored = {"resourceType": "ValueSet", "url": VS + "stored", "expansion": {"contains": [row]}}
    assert codes(known(stored), "stored") == {"a", "a1"}


def test_value_sets_that_nobody_writes_down_are_known_by_their_address() -> None:
    members = CORE.expand("http://snomed.info/sct?fhir_vs=isa/73211009")
    assert members is not None
    assert members.coding("http://snomed.info/sct", "73211009") is Membership.UNKNOWN
    assert members.coding("http://loinc.org", "8310-5") is Membership.OUT
