"""The bridge to FHIRPath: the only file of the validator that loads it, and it is loaded when the first rule is asked.

Law: nothing but `FhirPathError` comes out of an evaluation. `%resource` is the resource around the value,
`%rootResource` the one that contains that.
Source: http://hl7.org/fhir/R4/fhirpath.html.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from profiles.fhirpath import Environment, Expression, FhirPathError
from profiles.fhirpath import compile as compiled
from profiles.fhirpath.model import UNTYPED, at_path, model_of
from profiles.fhirpath.values import truth
from profiles.terminology import Membership
from profiles.validator.certain import certain, settled
from profiles.validator.item import Item
from profiles.validator.place import Contextual, Nowhere, Place

__all__ = [
    "Expression",
    "FhirPathError",
    "as_variable",
    "certain",
    "compiled",
    "environment",
    "holds",
    "located",
    "selected",
    "settled",
]


def holds(
    expression: Expression, path: str, item: Item, place: Place, variables: Mapping[str, Any] | None = None
) -> bool | None:
    """The expression as a condition on a value of the type (or at the path) of R4; None for empty."""
    _stay(expression.text, place)
    node = (item.value, model_of(item.value, at_path(path) or UNTYPED), item.sibling, None, None, None)
    around = _timed(expression.text, place)
    return truth(expression.nodes(node, around if variables is None else replace(around, variables=variables)))


def as_variable(value: Any, path: str) -> list[Any]:
    """A value of the type (or at the path) of R4, as a variable of an expression."""
    return [(value, model_of(value, at_path(path) or UNTYPED), None, None, None, None)]


def selected(text: str, path: str, item: Item, place: Place) -> list[Item]:
    """The values that a path leads to from a value, with their types; nothing where it cannot be followed."""
    _stay(text, place)
    model = model_of(item.value, at_path(path) or UNTYPED)
    try:
        found = compiled(text).nodes((item.value, model, item.sibling, None, None, None), _timed(text, place))
    except FhirPathError:
        return []
    return [Item(one[0], one[2], "", one[1].name) if type(one) is tuple else Item(one, None, "", "") for one in found]


def located(text: str, resource: dict[str, Any], place: Place) -> list[str] | None:
    """Where the results of an expression stand in the resource, in JSON names; None when it cannot be asked."""
    _stay(text, place)
    try:
        found = compiled(text).locate(resource, environment=_timed(text, place))
    except FhirPathError:
        return None
    return [
        "".join(f"[{step}]" if type(step) is int else f".{str(step).removeprefix('_')}" for step in location)
        for location in found
    ]


_AROUND = ("%", "now(", "today(", "timeOfDay(")


def _stay(text: str, place: Place) -> None:
    """Nobody at a value by itself is told what is around it, or what time it is."""
    if isinstance(place, Nowhere) and any(sign in text for sign in _AROUND):
        raise Contextual(text)


def _timed(text: str, place: Place) -> Environment:
    """The environment of an expression, with the time for those that ask for it: it costs more than most of them."""
    around = environment(place)
    if "now(" in text or "today(" in text or "timeOfDay(" in text:
        return replace(around, now=place.now())
    return around


def environment(place: Place) -> Environment:
    """What expressions may ask of the world around a value; one for each resource."""
    if isinstance(place, Nowhere):
        return _environment(place, None, None)
    known: Environment | None = place.memo.get("environment")
    if known is None:
        known = place.memo["environment"] = _environment(place, place.resource, place.container or place.resource)
    return known


def _environment(place: Place, resource: dict[str, Any] | None, root: dict[str, Any] | None) -> Environment:
    return Environment(
        resource=resource,
        root_resource=root,
        resolve=place.resolve,
        member_of=lambda value, url: _member(value, url, place),
        conforms_to=lambda value, url: _conforms(value, url, place),
        several_as="filter",
    )


def _conforms(value: Any, url: str, place: Place) -> bool | None:
    from profiles.validator.profile import conforms

    return conforms(value, url, place)


def _member(value: Any, url: str, place: Place) -> bool | None:
    members = place.registry.members(url)
    if members is None:
        return None
    if type(value) is str:
        verdict = members.code(value)
    elif type(value) is dict and "coding" in value:
        verdicts = [members.coding(one.get("system"), one.get("code")) for one in value["coding"]]
        verdict = next((v for v in (Membership.IN, Membership.UNKNOWN) if v in verdicts), Membership.OUT)
    elif type(value) is dict:
        verdict = members.coding(value.get("system"), value.get("code"))
    else:
        return None
    return None if verdict is Membership.UNKNOWN else verdict is Membership.IN
