"""The profile of the implementation guide that a translated resource declares and satisfies: one of each kind.

By type, and by category where a type has several. A resource without its profile in the table declares none. That the
profile is satisfied is held against every message, in the tests and when it comes (`adapters.pipeline`).
Source: `profiles/package`; docs/reference/implementation-guide.md; FHIR R4 resource.html#Meta.profile.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from mappers.systems import CANONICAL

_PREFIX = f"{CANONICAL}/StructureDefinition/cmc-"
_BY_TYPE: Mapping[str, str] = {
    "Account": "account",
    "AllergyIntolerance": "allergy",
    "Appointment": "appointment",
    "Communication": "critical-value",
    "Condition": "condition",
    "Coverage": "coverage",
    "Device": "source-system",
    "DocumentReference": "document",
    "Encounter": "encounter",
    "ImagingStudy": "imaging-study",
    "Location": "location",
    "Media": "media",
    "Organization": "organization",
    "Patient": "patient",
    "Person": "person",
    "Practitioner": "practitioner",
    "PractitionerRole": "practitioner-role",
    "Procedure": "procedure",
    "Provenance": "provenance-v2",
    "RelatedPerson": "related-person",
    "Specimen": "specimen",
}
_CENTRES = ("lab", "imaging", "ecg", "pathology")
"""Codes of the category of an order or a report that has a profile of its own."""
_REFERRAL = "3457005"
"""SNOMED CT: patient referral."""

_DEMANDED: Mapping[str, tuple[str, ...]] = {
    "Account": ("identifier", "subject"),
    "AllergyIntolerance": ("code",),
    "Appointment": ("identifier",),
    "Communication": ("category", "priority", "subject", "about", "sent"),
    "Condition": ("category", "code"),
    "Device": ("identifier", "deviceName"),
    "DiagnosticReport": ("identifier", "subject", "performer"),
    "DocumentReference": ("masterIdentifier", "type", "subject", "custodian"),
    "Encounter": ("subject", "serviceProvider"),
    "ImagingStudy": ("identifier",),
    "Location": ("identifier", "name", "managingOrganization"),
    "Media": ("subject",),
    "Observation": ("subject",),
    "Organization": ("name",),
    "Patient": ("identifier", "managingOrganization"),
    "Person": ("identifier", "name", "link"),
    "PractitionerRole": ("practitioner", "organization"),
    "Procedure": ("code",),
    "Provenance": ("activity", "entity"),
    "RelatedPerson": ("name",),
    "ServiceRequest": ("identifier",),
    "Specimen": ("subject",),
    "Task": ("code", "focus", "for", "lastModified"),
}
"""What the profiles of a type demand beyond R4 and a message may leave out: without it the resource makes no claim."""
_DATED = frozenset({"DiagnosticReport", "Observation"})
"""Types whose profiles demand `effective[x]`."""
_ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
_ETHNICITY = f"{CANONICAL}/StructureDefinition/ethnicity"
_SAID = ("value", "component", "dataAbsentReason", "hasMember")


@lru_cache(maxsize=1024)
def _says_something(names: tuple[str, ...]) -> bool:
    return any(name.startswith(_SAID) for name in names)


_LIMITED: Mapping[str, Callable[[Mapping[str, Any]], bool]] = {
    "Encounter": lambda one: one["class"].get("system") == _ACT_CODE,
    "Observation": lambda one: one["status"] == "entered-in-error" or _says_something(tuple(one)),
    "Patient": lambda one: sum(said["url"] == _ETHNICITY for said in one.get("extension", ())) <= 1,
}
"""What a message may say and the profile has no room for: a class of table 0004 that v3-ActCode lacks, a result that
became final and was not sent again, a second ethnic group."""
_EFFECTIVE = ("effectiveDateTime", "effectivePeriod", "_effectiveDateTime")
_WORDED = frozenset({"Condition", "Observation"})
"""Types whose profiles demand the words of the sender in `code.text`."""


@lru_cache(maxsize=4096)
def _has_what_is_demanded(kind: str, names: tuple[str, ...]) -> bool:
    """Of a resource of a type with these elements."""
    demanded = all(name in names for name in _DEMANDED.get(kind, ()))
    return demanded and (kind not in _DATED or any(name in names for name in _EFFECTIVE))


def profile_of(resource: Mapping[str, Any]) -> str:
    """The canonical URL of the profile, or '' when there is none or the resource has not what it demands."""
    kind = resource["resourceType"]
    if not _has_what_is_demanded(kind, tuple(resource)):
        return ""
    if kind in _WORDED and "text" not in resource["code"]:
        return ""
    if kind in _LIMITED and not _LIMITED[kind](resource):
        return ""
    name = _BY_TYPE.get(kind) or _by_category(resource)
    if kind == "ServiceRequest" and name != "referral" and "requester" not in resource:
        return ""
    return _PREFIX + name if name else ""


def declared(resource: Mapping[str, Any]) -> dict[str, Any]:
    """The resource with its profile in `meta.profile`."""
    meta, url = resource.get("meta", {}), profile_of(resource)
    return {**resource, "meta": {**meta, "profile": [url]}} if url else dict(resource)


def _by_category(resource: Mapping[str, Any]) -> str:
    codes = [coding.get("code", "") for concept in resource.get("category", ()) for coding in concept.get("coding", ())]
    match resource["resourceType"]:
        case "Observation":
            return "observation" + ("-lab" if "laboratory" in codes else "-exam" if codes else "")
        case "ServiceRequest":
            return "referral" if _REFERRAL in codes else f"order{_centre(codes)}"
        case "DiagnosticReport":
            return f"report{_centre(codes)}"
        case "Task":
            return "referral-task" if "businessStatus" in resource else "order-task"
    return ""


def _centre(codes: list[str]) -> str:
    return next((f"-{code}" for code in _CENTRES if code in codes), "")
