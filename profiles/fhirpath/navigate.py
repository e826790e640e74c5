"""From a node to its children: closures that read one name of one type.

Law: a name that the type does not have gives nothing; malformed data (a text where an object belongs) gives nothing
too.
A primitive's children (`id`, `extension`) stand in its `_name` sibling.
Source: http://hl7.org/fhirpath/N1/#path-selection, http://hl7.org/fhir/R4/json.html#primitive.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import zip_longest
from typing import Any, TypeAlias

from profiles.fhirpath.frame import Frame
from profiles.fhirpath.model import UNTYPED, Child, Field, Model, model, model_of
from profiles.fhirpath.node import Collection
from profiles.fhirpath.quantity import Quantity
from profiles.fhirpath.values import TypeInfo

Closure: TypeAlias = Callable[[Collection, Frame], Collection]
"""A compiled expression: from `$this` (a collection) and the evaluation to the result."""
Reader: TypeAlias = Callable[[Any, Collection], None]
_VALUE, _SIBLING = 0, 2
_UNSEEN: Any = object()
# Fewer are not worth counting: steps into small parts of a tree are bounded by the length of the expression.
_MANY = 100


def child_step(source: Closure, name: str) -> Closure:
    """`source.name`."""
    readers: dict[Model, Reader | None] = {}

    def step(this: Collection, frame: Frame) -> Collection:
        found: Collection = []
        for node in source(this, frame):
            if type(node) is tuple:
                of = node[1]
                reader = readers.get(of, _UNSEEN)
                if reader is _UNSEEN:
                    reader = readers[of] = reader_of(of, name)
                if reader is not None:
                    reader(node, found)
            else:
                found += _part_of_system_value(node, name)
        if len(found) > _MANY:
            frame.spend(len(found))
        return found

    return step


def head_step(name: str) -> Closure:
    """A bare name where an expression begins: a child of `$this`, or with a capital the type `$this` must have."""
    if not name[:1].isupper():
        return child_step(_this, name)

    def step(this: Collection, frame: Frame) -> Collection:
        return [node for node in this if type(node) is tuple and (name in node[1].ancestors or node[1] is UNTYPED)]

    return step


def _this(this: Collection, frame: Frame) -> Collection:
    return this


def _part_of_system_value(item: Any, name: str) -> Collection:
    if type(item) is TypeInfo and name in ("namespace", "name"):
        return [getattr(item.named, name)]
    if type(item) is Quantity and name in ("value", "unit"):
        return [getattr(item, name)]
    return []


def reader_of(of: Model, name: str) -> Reader | None:
    """What appends the children `name` of a node of this type; None when the type has no such child."""
    child = of.child(name)
    if child is None:
        return None
    single = child.single
    if single is None:
        return _choice_reader(child)
    target = single.model
    if target is None:
        return _resource_reader(single.key)
    if target is UNTYPED:
        return _untyped_reader(single)
    if target.primitive:
        return _primitive_reader(single.key, single.under, target, _SIBLING if of.primitive else _VALUE)
    return _complex_reader(single.key, target, _SIBLING if of.primitive else _VALUE)


def _complex_reader(key: str, target: Model, place: int) -> Reader:
    def read(node: Any, found: Collection) -> None:
        holder = node[place]
        if type(holder) is not dict:
            return
        value = holder.get(key)
        if value is None:
            return
        if type(value) is list:
            for index, item in enumerate(value):
                if item is not None:
                    found.append((item, target, None, node, key, index))
        else:
            found.append((value, target, None, node, key, None))

    return read


def _primitive_reader(key: str, under: str, target: Model, place: int) -> Reader:
    def read(node: Any, found: Collection) -> None:
        holder = node[place]
        if type(holder) is not dict:
            return
        value = holder.get(key)
        sibling = holder.get(under)
        if value is None and sibling is None:
            return
        if type(value) is list:
            if sibling is None:
                for index, item in enumerate(value):
                    found.append((item, target, None, node, key, index))
            else:
                _pairs(value, sibling if type(sibling) is list else (), target, node, key, found)
        elif type(sibling) is list:
            _pairs((), sibling, target, node, key, found)
        else:
            found.append((value, target, sibling, node, key, None))

    return read


def _pairs(values: Any, siblings: Any, target: Model, node: Any, key: str, found: Collection) -> None:
    for index, (value, sibling) in enumerate(zip_longest(values, siblings)):
        if value is not None or sibling is not None:
            found.append((value, target, sibling, node, key, index))


def _resource_reader(key: str) -> Reader:
    def read(node: Any, found: Collection) -> None:
        holder = node[0]
        value = holder.get(key) if type(holder) is dict else None
        if value is None:
            return
        if type(value) is list:
            for index, item in enumerate(value):
                found.append((item, resource_model(item), None, node, key, index))
        else:
            found.append((value, resource_model(value), None, node, key, None))

    return read


def resource_model(value: Any) -> Model:
    """The type of a resource inside a resource; one that does not say its type is a Resource."""
    fallback = model("Resource")
    assert fallback is not None
    return model_of(value, fallback)


def _choice_reader(child: Child) -> Reader:
    """Whichever of the places is there, a primitive that has only extensions among them."""
    places: dict[str, Reader | None] = {}
    for field in child.fields.values():
        target = field.model
        if target is None:
            continue
        if target.primitive:
            places[field.key] = places[field.under] = _primitive_reader(field.key, field.under, target, _VALUE)
        else:
            places[field.key] = _complex_reader(field.key, target, _VALUE)

    def read(node: Any, found: Collection) -> None:
        holder = node[0]
        if type(holder) is not dict:
            return
        for key in holder:
            reader = places.get(key)
            if reader is not None and (key[0] != "_" or key[1:] not in holder):
                reader(node, found)

    return read


def _untyped_reader(field: Field) -> Reader:
    read_value = _primitive_reader(field.key, field.under, UNTYPED, _VALUE)
    read_sibling = _primitive_reader(field.key, field.under, UNTYPED, _SIBLING)

    def read(node: Any, found: Collection) -> None:
        (read_value if type(node[0]) is dict else read_sibling)(node, found)

    return read


def children(node: Any) -> Collection:
    """All children, in the order they stand in."""
    found: Collection = []
    if type(node) is not tuple:
        return found
    value, of, sibling = node[0], node[1], node[2]
    holder = sibling if of.primitive else value
    if type(holder) is not dict:
        return found
    if of is UNTYPED:
        names = [key.removeprefix("_") for key in holder]
    else:
        of.children()
        fields = of.fields
        names = [fields[name].name for name in (key.removeprefix("_") for key in holder) if name in fields]
    for name in dict.fromkeys(names):
        reader = _cached_reader(of, name)
        if reader is not None:
            reader(node, found)
    return found


_readers: dict[tuple[Model, str], Reader | None] = {}


def _cached_reader(of: Model, name: str) -> Reader | None:
    if of is UNTYPED:
        return reader_of(of, name)
    found = _readers.get((of, name), _UNSEEN)
    if found is _UNSEEN:
        found = _readers[of, name] = reader_of(of, name)
    return found
