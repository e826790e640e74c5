"""Literal references: `Type/id` must name a type the element allows; `#id` must be contained in the same resource.

Law: nothing is resolved here but what is contained; a URN or a foreign URL that names no type passes.
Sources: http://hl7.org/fhir/R4/references.html#literal, rule ref-1.
"""

from __future__ import annotations

import re
from typing import Any

from profiles.definitions import STRUCTURES, resource_types
from profiles.validator.composition import Part, made
from profiles.validator.finding import LOCAL_REFERENCE, Check, Finding, Findings, both, finding, unsound
from profiles.validator.place import Place
from profiles.validator.straight import SHORT, Short

_REST = re.compile(r"(?:.*/)?([A-Za-z]+)/[A-Za-z0-9.-]{1,64}(?:/_history/[A-Za-z0-9.-]{1,64})?(?:#.*)?", re.DOTALL)
_CONDITIONAL = re.compile(r"([A-Za-z]+)\?[^?\s#]+=[^?\s#]*")
"""`Patient?identifier=12345` (http.html#trules: conditional references)."""
_ELSEWHERE = (
    "ActorDefinition AdministrableProductDefinition ArtifactAssessment BiologicallyDerivedProductDispense "
    "BodySite Citation ClinicalUseDefinition ConditionDefinition DeviceAssociation DeviceComponent "
    "DeviceDispense DeviceUsage EligibilityRequest EligibilityResponse EncounterHistory EvidenceReport "
    "FormularyItem GenomicStudy ImagingManifest ImagingSelection Ingredient InventoryItem InventoryReport "
    "ManufacturedItemDefinition MedicinalProductDefinition NutritionIntake NutritionProduct "
    "PackagedProductDefinition Permission ProcedureRequest ProcessRequest ProcessResponse ReferralRequest "
    "RegulatedAuthorization RequestOrchestration Requirements Sequence ServiceDefinition SubscriptionStatus "
    "SubscriptionTopic SubstanceDefinition TestPlan Transport"
)
OF_OTHER_VERSIONS = frozenset(_ELSEWHERE.split())
"""Resource types that R4 does not have: of R3, R4B and R5."""
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


def referring(target_profiles: list[str], check: Check) -> Check:
    """The check of a Reference with these target profiles (none, or Resource: any); `check` is that of its type."""
    named = {profile.removeprefix(STRUCTURES) for profile in target_profiles}
    everything = resource_types()
    # A target that is a profile (not a type) says nothing certain about the type here.
    allowed = everything if not named or not named <= everything else frozenset(named)

    def check_reference(value: Any, place: Place) -> Findings | None:
        found = check(value, place)
        if found is not None and unsound(found):
            return found
        literal = value.get("reference")
        if literal is None or literal.partition("/")[0] in allowed:
            return found
        if "?" in literal and _conditional(literal, allowed, place):
            return found
        return both(found, examine(literal, allowed))

    SHORT[check_reference] = Short(_TYPED, {"allowed": allowed})
    return made(check_reference, Part("reference", check, allowed))


_TYPED = (
    "type({x}) is dict and type(s := {x}.get('reference')) is str and s.isprintable()"
    " and s.partition('/')[0] in {allowed} and '<' not in s and len(s) <= 1048576"
    " and (len({x}) == 1 or len({x}) == 2 and type(d := {x}.get('display')) is str and d >= '!' and d.isprintable()"
    " and '<' not in d and len(d) <= 1048576)"
)
"""Only `reference`, of the form `Type/id`, and perhaps a `display`."""


def _conditional(literal: str, allowed: frozenset[str], place: Place) -> bool:
    """Whether it is a search that a transaction replaces by what it finds."""
    match = _CONDITIONAL.fullmatch(literal)
    around = place.bundle.bundle.get("type") if match is not None and place.bundle is not None else ""
    return match is not None and match.group(1) in allowed and around in ("transaction", "batch")


def examine(literal: str, allowed: frozenset[str]) -> Findings | None:
    if literal.startswith("#"):
        return [Finding(".reference", LOCAL_REFERENCE, {"id": literal[1:], "allowed": allowed})]
    match = _REST.fullmatch(literal)
    type_name = match.group(1) if match else ""
    if type_name in allowed or (type_name not in resource_types() and _ABSOLUTE.match(literal)):
        return None
    if type_name in resource_types():
        return finding("reference-target", ".reference", type=type_name)
    if type_name in OF_OTHER_VERSIONS and len(allowed) == len(resource_types()):
        return None  # any resource may be meant; guides for R4 list what later versions have
    return finding("primitive-invalid", ".reference", type="Reference")


def settle_local_references(found: Findings, resource: dict[str, Any]) -> Findings | None:
    """Replaces each pending `#id` by nothing (it is contained and of an allowed type) or by what is wrong with it."""
    kinds = contained_kinds(resource)
    settled: Findings = []
    for path, code, details in found:
        if code != LOCAL_REFERENCE:
            settled.append(Finding(path, code, details))
            continue
        kind = kinds.get(details["id"])
        if kind is None:
            settled.append(Finding(path.removesuffix(".reference"), "invariant-failed", {"key": "ref-1"}))
        elif kind not in details["allowed"]:
            settled.append(Finding(path, "reference-target", {"type": kind if kind in resource_types() else "?"}))
    return settled or None


def contained_kinds(resource: dict[str, Any]) -> dict[str, str]:
    """The type of what each local id means; the empty id (`#`) means the resource itself."""
    kinds = {"": resource["resourceType"]}
    contained = resource.get("contained")
    for inner in contained if type(contained) is list else ():
        if type(inner) is dict and type(inner.get("id")) is str:
            kinds[inner["id"]] = str(inner.get("resourceType"))
    return kinds
