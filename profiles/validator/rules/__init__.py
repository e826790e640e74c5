"""Rules that the definitions state in prose only, by the type they are about: a table of pure functions.

    def ends_well(bundle: dict[str, Any], place: Place) -> Iterator[Issue]:
        if bundle["type"] == "document" and …:
            yield place.issue("bundle-document", ".entry[0]", name="…")

A `Rule` gets a value whose structure is sound (every element known, counted and of its type; a value with an error in
it is never shown to a rule) and its `Place`. It yields Issues whose `expression` begins with `place.expression`
(`place.issue(code, path, **details)` does that), with steps as in FHIRPath: `.entry[3].resource`, `.value`. The engine
adds where the value itself stands. The severity is that of the code in `issues.csv`; details hold no patient values.

Keys of the table: a resource type; "*" for every resource (contained and in Bundles, too); a data type ("Narrative",
"Coding", "Reference", "Extension", …), asked for every value of it, so it must be quick. `RULES` is read when a type is
compiled for the first time. One file a theme in this folder; add its functions to the table below, one line a key.

What `Place` gives: `resource`, `root`, `container`, `registry`, `bundle` (an index made once), `entry`,
`bundle_entry(reference)`, `resolve(reference)`; see `profiles.validator.place`.
"""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

from profiles.issue import Issue
from profiles.validator.place import Place
from profiles.validator.rules.attachment import measured
from profiles.validator.rules.bundle import identified, linked, requested, searched
from profiles.validator.rules.bundle_links import hanging_together
from profiles.validator.rules.canonical import addressed
from profiles.validator.rules.capability_statement import searchable
from profiles.validator.rules.code_system import properties
from profiles.validator.rules.code_system_whole import listed, named, supplementing
from profiles.validator.rules.coding import coded, measured_in
from profiles.validator.rules.concept_map import mapping
from profiles.validator.rules.contents import orderly
from profiles.validator.rules.identifier import in_a_namespace
from profiles.validator.rules.identity import labelled_once, tagged_once
from profiles.validator.rules.measure_report import reporting
from profiles.validator.rules.narrative import in_its_language, readable
from profiles.validator.rules.period import comparable
from profiles.validator.rules.questionnaire import conditions
from profiles.validator.rules.questionnaire_derived import derived
from profiles.validator.rules.questionnaire_response import answering
from profiles.validator.rules.reference import identified_once, well_referenced
from profiles.validator.rules.search_parameter import evaluable
from profiles.validator.rules.structure_definition import derivable
from profiles.validator.rules.value_set import composed
from profiles.validator.rules.vital_signs import vital

Rule: TypeAlias = Callable[[dict[str, Any], Place], Iterable[Issue]]

RULES: Mapping[str, tuple[Rule, ...]] = MappingProxyType(
    {
        "*": (orderly, identified_once, addressed, in_its_language),
        "Attachment": (measured,),
        "Bundle": (identified, linked, requested, searched, hanging_together),
        "CapabilityStatement": (searchable,),
        "CodeSystem": (properties, supplementing, listed, named),
        "Coding": (coded,),
        "ConceptMap": (mapping,),
        "Identifier": (in_a_namespace,),
        "MeasureReport": (reporting,),
        "Meta": (tagged_once, labelled_once),
        "Narrative": (readable,),
        "Observation": (vital,),
        "Period": (comparable,),
        "Questionnaire": (conditions, derived),
        "QuestionnaireResponse": (answering,),
        **dict.fromkeys(("Quantity", "Age", "Count", "Distance", "Duration"), (measured_in,)),
        "Reference": (well_referenced,),
        "SearchParameter": (evaluable,),
        "StructureDefinition": (derivable,),
        "ValueSet": (composed,),
    }
)

WITHOUT_NOTHING: Mapping[Rule, frozenset[str]] = MappingProxyType(
    {
        addressed: frozenset({"url"}),
        comparable: frozenset({"end"}),
        identified_once: frozenset({"contained"}),
        in_a_namespace: frozenset({"system"}),
        in_its_language: frozenset({"language"}),
        labelled_once: frozenset({"security"}),
        measured: frozenset({"size", "hash"}),
        measured_in: frozenset({"system"}),
        tagged_once: frozenset({"profile"}),
        vital: frozenset({"code"}),
    }
)
"""Rules that have nothing to say where none of these elements is there, so that they need not be asked."""

GENTLY: frozenset[Rule] = frozenset(
    {
        addressed,
        coded,
        comparable,
        in_a_namespace,
        in_its_language,
        labelled_once,
        measured,
        measured_in,
        orderly,
        tagged_once,
        vital,
    }
)
"""Rules whose issues never refuse at a store's door (`finding.ADVISED`, or no errors at all)."""
