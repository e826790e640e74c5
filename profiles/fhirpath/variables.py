"""`%name`: what the environment of an evaluation calls by name.

Source: http://hl7.org/fhirpath/N1/#environment-variables, http://hl7.org/fhir/R4/fhirpath.html#variables.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Any

from profiles.definitions import STRUCTURES
from profiles.fhirpath.errors import FhirPathSemanticError
from profiles.fhirpath.frame import Frame
from profiles.fhirpath.model import model_of
from profiles.fhirpath.navigate import Closure
from profiles.fhirpath.node import Collection
from profiles.fhirpath.quantity import UCUM

CONSTANTS: MappingProxyType[str, str] = MappingProxyType(
    {"ucum": UCUM, "sct": "http://snomed.info/sct", "loinc": "http://loinc.org"}
)
_PREFIXES = {"vs-": "http://hl7.org/fhir/ValueSet/", "ext-": STRUCTURES, "cs-": "http://hl7.org/fhir/"}


def variable(name: str) -> Closure:
    """The variable's collection; a name that the environment does not have is a semantic error when evaluated."""
    if name in CONSTANTS:
        items: Collection = [CONSTANTS[name]]
        return lambda this, frame: items
    for prefix, base in _PREFIXES.items():
        if name.startswith(prefix):
            url: Collection = [base + name.removeprefix(prefix)]
            return lambda this, frame: url
    special = _SPECIAL.get(name)
    return special if special is not None else _given(name)


def _given(name: str) -> Closure:
    def value(this: Collection, frame: Frame) -> Collection:
        variables = frame.environment.variables
        if name not in variables:
            raise FhirPathSemanticError(f"There is no variable %{name}.")
        found = variables[name]
        return [_item(one, frame) for one in found] if isinstance(found, list | tuple) else [_item(found, frame)]

    return value


def _item(value: Any, frame: Frame) -> Any:
    """A dict as the root of a tree; the tree that is evaluated stays the one node it is."""
    if type(value) is not dict:
        return value
    return frame.root if value is frame.root[0] else (value, model_of(value), None, None, None, None)


def _environment_tree(read: Callable[[Any], Any]) -> Closure:
    def value(this: Collection, frame: Frame) -> Collection:
        found = read(frame.environment)
        return [frame.root] if found is None else [_item(found, frame)]

    return value


_SPECIAL: dict[str, Closure] = {
    "resource": _environment_tree(lambda environment: environment.resource),
    "rootResource": _environment_tree(lambda environment: environment.root_resource or environment.resource),
    "context": _environment_tree(lambda environment: environment.context),
}
