"""The operations on one screen: which `$name` answers where (FHIR R4 operations.html).

An operation is a handler like any other interaction. One that changes state is called by POST only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from fhir_server.operations.validate import validate
from fhir_server.rest.exchange import Answer, Call, Change, Services

Handler = Callable[[Call, Services], Answer | Change]


class Level(Enum):
    """Where an operation is called."""

    SYSTEM = "system"
    TYPE = "type"
    INSTANCE = "instance"


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


_R4 = "http://hl7.org/fhir/OperationDefinition/"
_TYPE, _INSTANCE = Level.TYPE, Level.INSTANCE

OPERATIONS: tuple[Operation, ...] = (
    Operation("validate", f"{_R4}Resource-validate", validate, frozenset({_TYPE, _INSTANCE})),
)


def operation(code: str, level: Level, resource_type: str = "") -> Operation | None:
    """The operation that is called by this name at this place."""
    return next((each for each in OPERATIONS if each.code == code and each.answers(level, resource_type)), None)
