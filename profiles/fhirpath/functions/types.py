"""Types: `is`, `as`, `ofType()` and `type()`.

Law: `is` asks for the type or one it specialises. `as` and `ofType()` keep the same items, except that a primitive is
only of its own type there (a `code` is not kept by `ofType(string)`). An unknown type is an error.
Source: http://hl7.org/fhirpath/N1/#types, #oftypetype--type-specifier--collection; the official tests for primitives.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from profiles.fhirpath.errors import FhirPathError, FhirPathSemanticError
from profiles.fhirpath.frame import Frame
from profiles.fhirpath.functions.shape import Compiled, Eager, Lazy
from profiles.fhirpath.model import named
from profiles.fhirpath.navigate import Closure
from profiles.fhirpath.node import EMPTY, FALSE, TRUE, Collection
from profiles.fhirpath.quantity import Quantity
from profiles.fhirpath.syntax import Call, type_name
from profiles.fhirpath.values import TypeInfo, type_of

Test = Callable[[Any], bool]


def _specifier(name: str | None, position: int) -> tuple[str, str]:
    found = None if name is None else named(name)
    if found is None:
        raise FhirPathSemanticError("There is no such type.", position)
    return found


def _is_test(wanted: tuple[str, str]) -> Test:
    namespace, name = wanted

    def is_of(item: Any) -> bool:
        if type(item) is tuple and item[1].name:
            return namespace == "FHIR" and name in item[1].ancestors
        if namespace == "FHIR":
            return name == "Quantity" and type(item) is Quantity
        return name in (type_of(item).name, "Any")

    return is_of


def _of_type_test(wanted: tuple[str, str]) -> Test:
    is_of, (_, name) = _is_test(wanted), wanted

    def kept(item: Any) -> bool:
        if type(item) is tuple and item[1].primitive:
            return wanted[0] == "FHIR" and item[1].name == name
        return is_of(item)

    return kept


def _as_test(wanted: tuple[str, str], name: str | None) -> Test:
    """The same for `as`; `String` without a namespace means the FHIR type, too, as validators in use have it."""
    kept = _of_type_test(wanted)
    if wanted[0] != "System" or name is None or "." in name:
        return kept
    primitive = name[:1].lower() + name[1:]
    return lambda item: kept(item) or (type(item) is tuple and item[1].primitive and item[1].name == primitive)


def type_operator(operator: str, operand: Closure, name: str, position: int) -> Closure:
    wanted = _specifier(name, position)
    return _is(operand, _is_test(wanted)) if operator == "is" else _as(operand, _as_test(wanted, name))


def _is(source: Closure, test: Test) -> Closure:
    def asked(this: Collection, frame: Frame) -> Collection:
        items = source(this, frame)
        if not items:
            return EMPTY
        if len(items) > 1:
            raise FhirPathError("The type of one item is asked, and there are several.")
        return TRUE if test(items[0]) else FALSE

    return asked


def _as(source: Closure, test: Test) -> Closure:
    def cast(this: Collection, frame: Frame) -> Collection:
        items = source(this, frame)
        if len(items) > 1:
            if frame.environment.several_as == "filter":
                return [item for item in items if test(item)]
            raise FhirPathError("One item is cast, and there are several.")
        return items if items and test(items[0]) else EMPTY

    return cast


def is_(source: Closure, call: Call, compiled: Compiled) -> Closure:
    return _is(source, _is_test(_argument(call)))


def as_(source: Closure, call: Call, compiled: Compiled) -> Closure:
    return _as(source, _as_test(_argument(call), type_name(call.arguments[0])))


def of_type(source: Closure, call: Call, compiled: Compiled) -> Closure:
    test = _of_type_test(_argument(call))
    return lambda this, frame: [item for item in source(this, frame) if test(item)]


def _argument(call: Call) -> tuple[str, str]:
    return _specifier(type_name(call.arguments[0]), call.position)


def type_(items: Collection, frame: Frame) -> Collection:
    return [TypeInfo(*type_of(item)) for item in items]


EAGER: dict[str, Eager] = {"type": (0, 0, type_)}
LAZY: dict[str, Lazy] = {"is": (1, 1, is_), "as": (1, 1, as_), "ofType": (1, 1, of_type)}
