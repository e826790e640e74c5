"""The operations on one screen: which `$name` answers where (FHIR R4 operations.html).

An operation is a handler like any other interaction. One that changes state is called by POST only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from fhir_server.bulk.export import export
from fhir_server.bulk.import_request import import_
from fhir_server.operations.composition_document import document
from fhir_server.operations.definitions import CANONICAL
from fhir_server.operations.diff import diff, diff_any
from fhir_server.operations.everything import everything_encounter, everything_patient
from fhir_server.operations.expand import expand
from fhir_server.operations.lastn import lastn
from fhir_server.operations.lookup import lookup
from fhir_server.operations.meta import meta
from fhir_server.operations.meta_change import meta_add, meta_delete
from fhir_server.operations.reindex import reindex
from fhir_server.operations.subsumes import subsumes
from fhir_server.operations.translate import translate
from fhir_server.operations.validate import validate
from fhir_server.operations.validate_code import validate_code_code_system, validate_code_value_set
from fhir_server.rest.exchange import Answer, Call, Change, Services
from fhir_server.subscriptions.operations import events_of as subscription_events
from fhir_server.subscriptions.operations import status as subscription_status
from fhir_server.subscriptions.operations import ws_binding_token

Handler = Callable[[Call, Services], Answer | Change]


class Level(Enum):
    """Where an operation is called."""

    SYSTEM = "system"
    TYPE = "type"
    INSTANCE = "instance"
    VERSION = "version"


@dataclass(frozen=True, slots=True)
class Operation:
    """`types` None means every type; `definition` is the canonical URL of its OperationDefinition."""

    code: str
    definition: str
    handler: Handler
    levels: frozenset[Level]
    types: frozenset[str] | None = None
    affects_state: bool = False

    def answers(self, level: Level, resource_type: str) -> bool:
        return level in self.levels and (level is Level.SYSTEM or self.types is None or resource_type in self.types)


_BACKPORT = "http://hl7.org/fhir/uv/subscriptions-backport/OperationDefinition/"
_SUBSCRIPTION = frozenset({"Subscription"})
_BULK = "http://hl7.org/fhir/uv/bulkdata/OperationDefinition/"
_R4 = "http://hl7.org/fhir/OperationDefinition/"
_SYSTEM, _TYPE, _INSTANCE, _VERSION = Level.SYSTEM, Level.TYPE, Level.INSTANCE, Level.VERSION
_ANYWHERE = frozenset({_SYSTEM, _TYPE, _INSTANCE, _VERSION})
_BOTH = frozenset({_TYPE, _INSTANCE})
_ONE = frozenset({_INSTANCE, _VERSION})

OPERATIONS: tuple[Operation, ...] = (
    Operation("validate", f"{_R4}Resource-validate", validate, _BOTH),
    Operation("meta", f"{_R4}Resource-meta", meta, _ANYWHERE),
    Operation("meta-add", f"{_R4}Resource-meta-add", meta_add, _ONE, affects_state=True),
    Operation("meta-delete", f"{_R4}Resource-meta-delete", meta_delete, _ONE, affects_state=True),
    Operation("everything", f"{_R4}Patient-everything", everything_patient, _BOTH, frozenset({"Patient"})),
    Operation(
        "everything",
        f"{_R4}Encounter-everything",
        everything_encounter,
        frozenset({_INSTANCE}),
        frozenset({"Encounter"}),
    ),
    Operation("lastn", f"{_R4}Observation-lastn", lastn, frozenset({_TYPE}), frozenset({"Observation"})),
    Operation("import", f"{_BULK}import", import_, frozenset({Level.SYSTEM}), affects_state=True),
    Operation("expand", f"{_R4}ValueSet-expand", expand, _BOTH, frozenset({"ValueSet"})),
    Operation("validate-code", f"{_R4}ValueSet-validate-code", validate_code_value_set, _BOTH, frozenset({"ValueSet"})),
    Operation(
        "validate-code", f"{_R4}CodeSystem-validate-code", validate_code_code_system, _BOTH, frozenset({"CodeSystem"})
    ),
    Operation("lookup", f"{_R4}CodeSystem-lookup", lookup, frozenset({_TYPE}), frozenset({"CodeSystem"})),
    Operation("subsumes", f"{_R4}CodeSystem-subsumes", subsumes, _BOTH, frozenset({"CodeSystem"})),
    Operation("translate", f"{_R4}ConceptMap-translate", translate, _BOTH, frozenset({"ConceptMap"})),
    Operation("document", f"{_R4}Composition-document", document, _BOTH, frozenset({"Composition"})),
    Operation("reindex", f"{CANONICAL}qiao-reindex", reindex, frozenset({_SYSTEM})),
    Operation("reindex", f"{CANONICAL}qiao-reindex-type", reindex, frozenset({_TYPE}), frozenset({"SearchParameter"})),
    Operation("diff", f"{CANONICAL}qiao-diff", diff, _ONE),
    Operation("diff", f"{CANONICAL}qiao-diff-any", diff_any, frozenset({_SYSTEM})),
    Operation("export", f"{_BULK}export", export, frozenset({_SYSTEM})),
    Operation("export", f"{_BULK}patient-export", export, frozenset({_TYPE}), frozenset({"Patient"})),
    Operation("export", f"{_BULK}group-export", export, frozenset({_INSTANCE}), frozenset({"Group"})),
    Operation("status", f"{_BACKPORT}backport-subscription-status", subscription_status, _BOTH, _SUBSCRIPTION),
    Operation(
        "events", f"{_BACKPORT}backport-subscription-events", subscription_events, frozenset({_INSTANCE}), _SUBSCRIPTION
    ),
    Operation(
        "get-ws-binding-token",
        f"{_BACKPORT}backport-subscription-get-ws-binding-token",
        ws_binding_token,
        _BOTH,
        _SUBSCRIPTION,
    ),
)


def operation(code: str, level: Level, resource_type: str = "") -> Operation | None:
    """The operation that is called by this name at this place."""
    return next((each for each in OPERATIONS if each.code == code and each.answers(level, resource_type)), None)
