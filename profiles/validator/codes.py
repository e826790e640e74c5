"""Bindings as a profile states them: required refuses, extensible warns, preferred informs; a greatest set refuses.

Law: only what the registry has is judged; a system that is not loaded is a warning that names it, never a guess.
Source: http://hl7.org/fhir/R4/terminologies.html#strength, elementdefinition-maxValueSet.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from profiles.definitions import Definition
from profiles.registry import Registry
from profiles.terminology import Members, Membership
from profiles.validator.constraints import Question
from profiles.validator.finding import Findings, finding
from profiles.validator.item import Item
from profiles.validator.place import Place

MAX_VALUE_SET = "http://hl7.org/fhir/StructureDefinition/elementdefinition-maxValueSet"
_COMPONENT, _VITAL_UNITS = "Observation.component.value[x]", "http://hl7.org/fhir/ValueSet/ucum-vitals-common"
_CODES = {"required": "code-not-in-valueset", "extensible": "code-not-extensible", "preferred": "code-not-preferred"}


def bound_question(element: Definition, origin: Definition | None, registry: Registry) -> Question | None:
    """The question of a binding that says more than that of the base."""
    binding = element.get("binding", {})
    before = (origin or {}).get("binding", {})
    parts = []
    strength, url = binding.get("strength"), binding.get("valueSet", "")
    if element.get("path") == _COMPONENT and _plain(url) == _VITAL_UNITS:
        strength = "extensible"  # R4 says required of any component, even of one that is no vital sign; R5 took it back
    same = strength == before.get("strength") and _plain(url) == _plain(before.get("valueSet", ""))
    if strength in _CODES and url and not same:
        parts.append((_CODES[strength], url))
    greatest = max_value_set(binding)
    if greatest and greatest != max_value_set(before):
        parts.append(("code-not-in-valueset", greatest))
    parts += [part for part in _additional(binding) if part[1] != url]
    spoken = strength in ("preferred", "example")  # a text alone is no code outside the greatest value set
    if not parts:
        return None

    def ask(item: Item, place: Place) -> Findings | None:
        if spoken and type(item.value) is dict and item.type == "CodeableConcept" and "coding" not in item.value:
            return None
        found: Findings = []
        for code, value_set in parts:
            found += bound_findings(item, value_set, code, place.registry)
        return found or None

    return ask


def _plain(url: str) -> str:
    return url.partition("|")[0]


def max_value_set(binding: Definition) -> str:
    """The value set that codes must come from in any case; empty without one."""
    if "maxValueSet" in binding:
        return str(binding["maxValueSet"])
    for extension in binding.get("extension", ()):
        if extension.get("url") == MAX_VALUE_SET:
            return str(extension.get("valueCanonical") or extension.get("valueUri") or "")
    return ""


_ADDITIONAL = (
    "http://hl7.org/fhir/tools/StructureDefinition/additional-binding",
    "http://hl7.org/fhir/StructureDefinition/additional-binding",
    "http://hl7.org/fhir/5.0/StructureDefinition/extension-ElementDefinition.binding.additional",
)
_PURPOSES = {"required": "code-not-in-valueset", "maximum": "code-not-in-valueset", "extensible": "code-not-extensible"}


def _additional(binding: Definition) -> Iterator[tuple[str, str]]:
    """The additional bindings that apply everywhere: of one with a `usage`, nobody here can tell whether it applies."""
    for extension in binding.get("extension", ()):
        if extension.get("url") not in _ADDITIONAL:
            continue
        parts = {one.get("url"): one for one in extension.get("extension", ()) if type(one) is dict}
        code = _PURPOSES.get(str(parts.get("purpose", {}).get("valueCode")))
        value_set = parts.get("valueSet", {}).get("valueCanonical")
        if code is not None and type(value_set) is str and "usage" not in parts:
            yield code, value_set


def bound_findings(item: Item, url: str, code: str, registry: Registry) -> Findings:
    """What a binding has against a value."""
    if item.value is None or item.type not in _VERDICTS:
        return []
    members = registry.members(url)
    if members is None:
        return finding("terminology-unknown", system=_plain(url))
    verdict, missing = _VERDICTS[item.type](members, item.value)
    if verdict is Membership.IN:
        return []
    if verdict is Membership.UNKNOWN:
        return finding("terminology-unknown", system=missing or " ".join(sorted(members.missing)))
    if code != "code-not-in-valueset" and verdict is None:
        return []
    return finding(code, valueset=_plain(url))


def _of_code(members: Members, value: Any) -> tuple[Membership | None, str]:
    return (members.code(value), "") if type(value) is str else (Membership.IN, "")


def _of_coding(members: Members, value: Any) -> tuple[Membership | None, str]:
    if type(value) is not dict:
        return Membership.IN, ""
    system, code = value.get("system"), value.get("code")
    if code is None and "extension" in value:
        return Membership.IN, ""
    return members.coding(system, code), str(system)


def _of_quantity(members: Members, value: Any) -> tuple[Membership | None, str]:
    if type(value) is not dict or ("code" not in value and "system" not in value and "unit" not in value):
        return Membership.IN, ""
    return _of_coding(members, value)


def _of_concept(members: Members, value: Any) -> tuple[Membership | None, str]:
    """The best verdict of all codings; None: there is no coding at all."""
    codings = value.get("coding") if type(value) is dict else ()
    verdicts = [_of_coding(members, coding) for coding in codings or () if type(coding) is dict]
    for wanted in (Membership.IN, Membership.UNKNOWN, Membership.OUT):
        for verdict, system in verdicts:
            if verdict is wanted:
                return verdict, system
    return None, ""


_VERDICTS = {
    **dict.fromkeys(("code", "string", "uri", "canonical", "url", "id", "markdown"), _of_code),
    "Coding": _of_coding,
    "CodeableConcept": _of_concept,
    **dict.fromkeys(("Quantity", "Age", "Duration", "Distance", "Count", "Money"), _of_quantity),
}
