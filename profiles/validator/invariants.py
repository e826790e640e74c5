"""The rules (invariants) of R4 that are checked as plain functions, by constraint key.

Law: a function gets an element whose structure is sound and says whether the rule holds; it never sees the parent.
`when` names the elements without which the rule holds trivially, so that most rules cost nothing. A key that two
definitions use differently stands as `Type:key`. A key that is not here is not checked yet.
Source: ElementDefinition.constraint of http://hl7.org/fhir/R4; the wording of each is in the definitions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

import orjson

Element = dict[str, Any]
Rule = Callable[[Element], bool]
UCUM = "http://unitsofmeasure.org"
TERMINOLOGY = "http://terminology.hl7.org/CodeSystem/"


@dataclass(frozen=True, slots=True)
class Invariant:
    """One rule: `holds` is asked only when one of the `when` elements is there (no `when`: always)."""

    key: str
    holds: Rule
    when: tuple[str, ...] = ()
    code: str = "invariant-failed"

    @property
    def by_keys(self) -> bool:
        """Whether the keys of the element settle it."""
        return self.holds in _BY_KEYS


def has(element: Element, *names: str) -> bool:
    """FHIRPath `exists()` of any of these: a value, or only extensions of one."""
    for name in names:  # noqa: SIM110 (rules are asked of every value, and a generator costs more than the look)
        if name in element or "_" + name in element:
            return True
    return False


def has_choice(element: Element, stem: str) -> bool:
    for name in element:  # noqa: SIM110
        if name.startswith(stem) or name.startswith("_" + stem):
            return True
    return False


def _children(element: Element, name: str) -> list[Element]:
    return element.get(name) or []


def _has_coding(concept: Element | None, system: str, *codes: str) -> bool:
    codings = (concept or {}).get("coding", ())
    return any(coding.get("system") == system and coding.get("code") in codes for coding in codings)


# -------------------------------------------------------------------------------------------------- rule builders


_BY_KEYS: set[Rule] = set()


def by_keys(rule: Rule) -> Rule:
    """A rule that looks at the keys of the element only."""
    _BY_KEYS.add(rule)
    return rule


def needs(*names: str) -> Rule:
    """At least one of these must be there."""
    return by_keys(lambda element: has(element, *names))


def never_with(name: str) -> Rule:
    """Whatever triggered the rule excludes this one."""
    return by_keys(lambda element: not has(element, name))


def exactly_one(*names: str) -> Rule:
    return by_keys(lambda element: sum(has(element, name) for name in names) == 1)


def not_negative(name: str) -> Rule:
    return lambda element: element.get(name, 0) >= 0


def no_home_use(name: str) -> Rule:
    return lambda element: all(child.get("use") != "home" for child in _children(element, name))


# ------------------------------------------------------------------------------------------------------ data types


def in_order(low: str, high: str) -> bool:
    """Whether a date or dateTime is not later than another; different precisions are compared as far as both go."""
    if len(low) > 10 and len(high) > 10:
        return _exact(low) <= _exact(high)
    shared = min(len(low), len(high), 10)
    return low[:shared] <= high[:shared]


def _exact(value: str) -> datetime:
    # Python knows no leap second.
    return datetime.fromisoformat(value[:17] + "59" + value[19:] if value[17:19] == "60" else value)


def _period(element: Element) -> bool:
    return "start" not in element or "end" not in element or in_order(element["start"], element["end"])


def _range(element: Element) -> bool:
    low, high = element.get("low", {}), element.get("high", {})
    if low.get("code") != high.get("code") or low.get("unit") != high.get("unit"):
        return True
    return "value" not in low or "value" not in high or low["value"] <= high["value"]


def _ratio(element: Element) -> bool:
    numerator, denominator = has(element, "numerator"), has(element, "denominator")
    return numerator == denominator and (numerator or has(element, "extension"))


def _ucum(element: Element) -> bool:
    return (has(element, "code") or not has(element, "value")) and element.get("system", UCUM) == UCUM


def _age(element: Element) -> bool:
    return _ucum(element) and element.get("value", 1) > 0


def _count(element: Element) -> bool:
    value = element.get("value", 1)
    return _ucum(element) and element.get("code", "1") == "1" and "." not in str(value)


def _duration(element: Element) -> bool:
    return element.get("system") == UCUM and has(element, "value")


def _offset(element: Element) -> bool:
    return has(element, "when") and not {"C", "CM", "CD", "CV"} & set(_children(element, "when"))


# ------------------------------------------------------------------------------------------------------- resources


def _nothing_twice_contained(element: Element) -> bool:
    return not any("contained" in inner for inner in element["contained"])


def _is_told_to_be_used(element: Element) -> bool:
    """Whether the text of each reference to what is contained stands in the resource, written as JSON."""
    try:
        text = orjson.dumps(element, lambda _: None)
    except TypeError:
        return False
    for inner in element["contained"]:
        at = text.find(b'"#%s"' % str(inner.get("id")).encode())
        if at < 0 or text[at - 1 : at] == b"\\":  # the end of another text, perhaps
            return False
    return True


def _all_contained_used(element: Element) -> bool:
    if _is_told_to_be_used(element):
        return True
    used = _local_links(element)
    return all(f"#{inner.get('id')}" in used or "#" in _local_links(inner) for inner in element["contained"])


def _local_links(element: Any) -> set[str]:
    """Every string that begins with `#` in the resource, also those inside what it contains."""
    found: set[str] = set()
    waiting = [element]
    while waiting:
        node = waiting.pop()
        for child in node.values() if type(node) is dict else node:
            if type(child) in (dict, list):
                waiting.append(child)
            elif type(child) is str and child.startswith("#"):
                found.add(child)
        if type(node) is dict and type(node.get("div")) is str and "#" in node["div"]:  # an image, say
            found.update(_FRAGMENTS.findall(node["div"]))
    return found


_FRAGMENTS = re.compile(r"""\b(?:src|href)\s*=\s*["'](#[^"']+)["']""")


def _contained_without(*names: str) -> Rule:
    return lambda element: not any(name in inner.get("meta", {}) for inner in element["contained"] for name in names)


def _components_differ(element: Element) -> bool:
    if not has_choice(element, "value") or "code" not in element:
        return True
    own = element["code"].get("coding", ())
    for component in _children(element, "component"):
        for coding in component.get("code", {}).get("coding", ()):
            for mine in own:
                if coding.get("code") == mine.get("code") and _identity(coding) == _identity(mine):
                    return False
    return True


def _identity(coding: Element) -> tuple[Any, ...]:
    return tuple(coding.get(name) for name in ("system", "version", "code", "display", "userSelected"))


def _condition_abated(element: Element) -> bool:
    system = TERMINOLOGY + "condition-clinical"
    return not has_choice(element, "abatement") or _has_coding(
        element.get("clinicalStatus"), system, "resolved", "remission", "inactive"
    )


def _entered_in_error(element: Element, system: str) -> bool:
    return _has_coding(element.get("verificationStatus"), TERMINOLOGY + system, "entered-in-error")


def _condition_in_error(element: Element) -> bool:
    return not _entered_in_error(element, "condition-ver-status")


def _allergy_needs_status(element: Element) -> bool:
    return has(element, "clinicalStatus") or _entered_in_error(element, "allergyintolerance-verification")


def _allergy_in_error(element: Element) -> bool:
    return not _entered_in_error(element, "allergyintolerance-verification")


def _appointment_times(element: Element) -> bool:
    both = has(element, "start") and has(element, "end")
    return both or element.get("status") in ("proposed", "cancelled", "waitlist")


def _task_modified(element: Element) -> bool:
    both = "lastModified" in element and "authoredOn" in element
    return not both or in_order(element["authoredOn"], element["lastModified"])


def _parameter(element: Element) -> bool:
    value, resource = has_choice(element, "value"), has(element, "resource")
    return not (value or resource) if has(element, "part") else value != resource


# ---------------------------------------------------------------------------------------------------------- Bundle


def _entries(element: Element) -> list[Element]:
    return _children(element, "entry")


def _entry_has_when(name: str, *types: str) -> Rule:
    return lambda bundle: all(has(entry, name) == (bundle.get("type") in types) for entry in _entries(bundle))


def _bundle_type(*types: str) -> Rule:
    return lambda bundle: bundle.get("type") in types


def _search_only_in_searchset(bundle: Element) -> bool:
    return bundle.get("type") == "searchset" or not any(has(entry, "search") for entry in _entries(bundle))


def _full_urls_unique(bundle: Element) -> bool:
    if bundle.get("type") == "history":
        return True
    seen: set[tuple[Any, Any]] = set()
    for entry in _entries(bundle):
        if "fullUrl" in entry:
            identity = (entry["fullUrl"], entry.get("resource", {}).get("meta", {}).get("versionId"))
            if identity in seen:
                return False
            seen.add(identity)
    return True


def _first_entry_of(bundle_type: str, resource_type: str) -> Rule:
    def holds(bundle: Element) -> bool:
        first = next(iter(_entries(bundle)), {})
        return bundle.get("type") != bundle_type or first.get("resource", {}).get("resourceType") == resource_type

    return holds


def _document_identified(bundle: Element) -> bool:
    identifier = bundle.get("identifier", {})
    return bundle.get("type") != "document" or (has(identifier, "system") and has(identifier, "value"))


def _document_dated(bundle: Element) -> bool:
    return bundle.get("type") != "document" or "timestamp" in bundle


HISTORY_OR_REQUEST = ("batch", "transaction", "history")
HISTORY_OR_RESPONSE = ("batch-response", "transaction-response", "history")

_ROWS = (
    Invariant("ext-1", by_keys(lambda e: has(e, "extension") != has_choice(e, "value"))),
    Invariant("per-1", _period, ("start",)),
    Invariant("rng-2", _range, ("low",)),
    Invariant("rat-1", _ratio),
    Invariant("qty-3", needs("system"), ("code",)),
    Invariant("age-1", _age),
    Invariant("cnt-3", _count),
    Invariant("dis-1", _ucum),
    Invariant("drt-1", _duration, ("code",)),
    Invariant("att-1", needs("contentType"), ("data",)),
    Invariant("cpt-2", needs("system"), ("value",)),
    Invariant("exp-1", needs("expression", "reference")),
    Invariant("drq-1", exactly_one("path", "searchParam")),
    Invariant("drq-2", exactly_one("path", "searchParam")),
    Invariant("tim-1", needs("durationUnit"), ("duration",)),
    Invariant("tim-2", needs("periodUnit"), ("period",)),
    Invariant("tim-4", not_negative("duration"), ("duration",)),
    Invariant("tim-5", not_negative("period"), ("period",)),
    Invariant("tim-6", needs("period"), ("periodMax",)),
    Invariant("tim-7", needs("duration"), ("durationMax",)),
    Invariant("tim-8", needs("count"), ("countMax",)),
    Invariant("tim-9", _offset, ("offset",)),
    Invariant("tim-10", never_with("when"), ("timeOfDay",)),
    Invariant("dom-2", _nothing_twice_contained, ("contained",)),
    Invariant("dom-3", _all_contained_used, ("contained",)),
    Invariant("dom-4", _contained_without("versionId", "lastUpdated"), ("contained",)),
    Invariant("dom-5", _contained_without("security"), ("contained",)),
    Invariant("pat-1", needs("name", "telecom", "address", "organization")),
    Invariant("org-1", needs("identifier", "name")),
    Invariant("org-2", no_home_use("address"), ("address",)),
    Invariant("org-3", no_home_use("telecom"), ("telecom",)),
    Invariant("obs-3", needs("low", "high", "text")),
    Invariant("obs-6", by_keys(lambda e: not has_choice(e, "value")), ("dataAbsentReason",)),
    Invariant("obs-7", _components_differ, ("component",)),
    Invariant("con-1", needs("summary", "assessment")),
    Invariant("con-2", needs("code", "detail")),
    Invariant("con-4", _condition_abated),
    Invariant("con-5", _condition_in_error, ("clinicalStatus",)),
    Invariant("ait-1", _allergy_needs_status),
    Invariant("ait-2", _allergy_in_error, ("clinicalStatus",)),
    Invariant("app-1", needs("type", "actor")),
    Invariant("app-2", lambda e: has(e, "start") == has(e, "end")),
    Invariant("app-3", _appointment_times),
    Invariant("app-4", lambda e: e.get("status") in ("no-show", "noshow", "cancelled"), ("cancelationReason",)),
    Invariant("apr-1", needs("participantType", "actor")),
    Invariant("sev-1", never_with("query"), ("name",)),
    Invariant("cpl-3", never_with("reference"), ("detail",)),
    Invariant("cmp-1", needs("text", "entry", "section")),
    Invariant("cmp-2", never_with("entry"), ("emptyReason",)),
    Invariant("fhs-1", lambda e: not (has_choice(e, "age") and has_choice(e, "born"))),
    Invariant("fhs-2", lambda e: has_choice(e, "age"), ("estimatedAge",)),
    Invariant("imm-1", needs("documentType", "reference")),
    Invariant("imr-1", needs("vaccineCode", "targetDisease")),
    Invariant("ipn-1", needs("identifier", "name")),
    Invariant("lst-1", never_with("entry"), ("emptyReason",)),
    Invariant("mad-1", lambda e: has(e, "dose") or has_choice(e, "rate")),
    Invariant("ppc-1", needs("policy", "policyRule")),
    Invariant("prr-1", needs("code"), ("orderDetail",)),
    Invariant("qrs-1", never_with("item"), ("answer",)),
    Invariant("Task:inv-1", _task_modified, ("lastModified",)),
    Invariant("Parameters:inv-1", _parameter),
    Invariant("bdl-1", _bundle_type("searchset", "history"), ("total",)),
    Invariant("bdl-2", _search_only_in_searchset, ("entry",)),
    Invariant("bdl-3", _entry_has_when("request", *HISTORY_OR_REQUEST), ("entry",)),
    Invariant("bdl-4", _entry_has_when("response", *HISTORY_OR_RESPONSE), ("entry",)),
    Invariant("bdl-5", needs("resource", "request", "response")),
    Invariant("bdl-7", _full_urls_unique, ("entry",)),
    Invariant("bdl-8", lambda e: "/_history/" not in e.get("fullUrl", ""), ("fullUrl",)),
    Invariant("bdl-9", _document_identified),
    Invariant("bdl-10", _document_dated),
    Invariant("bdl-11", _first_entry_of("document", "Composition")),
    Invariant("bdl-12", _first_entry_of("message", "MessageHeader")),
)

INVARIANTS: Mapping[str, Invariant] = MappingProxyType({row.key: row for row in _ROWS})


def invariant(type_name: str, key: str) -> Invariant | None:
    """The rule for a constraint of a definition, or None while it cannot be checked."""
    return INVARIANTS.get(f"{type_name}:{key}") or INVARIANTS.get(key)
