"""From nodes to System values and on to plain ones: the implicit conversions of the FHIR model.

Law: a node's value is converted only where an operation needs it; what does not convert stays what it is.
Source: http://hl7.org/fhir/R4/fhirpath.html#types, http://hl7.org/fhirpath/N1/#singleton-evaluation-of-collections.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple

from profiles.fhirpath.errors import FhirPathError
from profiles.fhirpath.node import Collection
from profiles.fhirpath.quantity import Quantity, of_fhir, to_fhir
from profiles.fhirpath.temporal import Temporal, parse_date, parse_date_time, parse_time

_READERS = {"Date": parse_date, "DateTime": parse_date_time, "Time": parse_time}


class TypeName(NamedTuple):
    """What `type()` gives."""

    namespace: str
    name: str


class TypeInfo:
    """A `TypeName` as an item of a collection (nodes are tuples, so an item that is none is wrapped)."""

    __slots__ = ("named",)

    def __init__(self, namespace: str, name: str) -> None:
        self.named = TypeName(namespace, name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TypeInfo) and other.named == self.named

    def __hash__(self) -> int:
        return hash(self.named)


def system(item: Any) -> Any:
    """The System value of an item: a primitive's value, a Quantity; a complex element's dict as it is; None for a
    primitive that has only extensions."""
    if type(item) is not tuple:
        return item
    value, kind = item[0], item[1].system
    if kind in ("", "String", "Boolean", "Integer"):
        return value
    if kind == "Decimal":
        return Decimal(value) if type(value) is int else value
    if kind == "Quantity":
        quantity = of_fhir(value)
        return value if quantity is None else quantity
    found = _READERS[kind](value) if type(value) is str else None
    return value if found is None else found


def plain(item: Any) -> Any:
    """An item as JSON would hold it; a date as text, a Quantity and a type as a dict."""
    if type(item) is tuple:
        return item[0]
    if type(item) is Temporal:
        return str(item)
    if type(item) is Quantity:
        return to_fhir(item)
    if type(item) is TypeInfo:
        return item.named._asdict()
    return item


_SYSTEM_NAMES = {bool: "Boolean", int: "Integer", Decimal: "Decimal", str: "String", Quantity: "Quantity"}


def type_of(item: Any) -> TypeName:
    """The type of an item; `System.Any` for what has none."""
    if type(item) is tuple:
        if item[1].name:
            return TypeName("FHIR", item[1].name)
        return type_of(item[0]) if type(item[0]) in _SYSTEM_NAMES else TypeName("System", "Any")
    if type(item) is Temporal:
        return TypeName("System", item.kind)
    if type(item) is TypeInfo:
        return TypeName("System", "TypeInfo")
    return TypeName("System", _SYSTEM_NAMES.get(type(item), "Any"))


def _more_than_one(what: str) -> FhirPathError:
    return FhirPathError(f"{what} takes one item at most, and there are several.")


def truth(items: Collection) -> bool | None:
    """Singleton evaluation as Boolean: one item that is no Boolean counts as true; None for empty."""
    if not items:
        return None
    if len(items) > 1:
        raise _more_than_one("A condition")
    item = items[0]
    if type(item) is tuple:
        item = item[0]
        if item is None:  # a primitive with extensions only has no value
            return None
    return item if type(item) is bool else True


def one(items: Collection, what: str) -> Any:
    """The System value of the only item, None for none."""
    if not items:
        return None
    if len(items) > 1:
        raise _more_than_one(what)
    return system(items[0])


def text(items: Collection, what: str) -> str | None:
    """The only item as a string; a FHIR date is the text it was written as."""
    if not items:
        return None
    if len(items) > 1:
        raise _more_than_one(what)
    item = items[0]
    value = item[0] if type(item) is tuple else item
    if value is None or type(value) is str:
        return value
    if type(value) is Temporal:
        return str(value)
    raise FhirPathError(f"{what} takes a string.")


def integer(items: Collection, what: str) -> int | None:
    value = one(items, what)
    if value is None or type(value) is int:
        return value
    raise FhirPathError(f"{what} takes an integer.")


def number(items: Collection, what: str) -> int | Decimal | None:
    value = one(items, what)
    if value is None or type(value) in (int, Decimal):
        return value
    raise FhirPathError(f"{what} takes a number.")
