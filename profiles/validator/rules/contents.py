"""What is looked for in every value of a resource: ids that stand twice, and text that looks like HTML.

Law: one walk, which stops at contained resources and those in a Bundle or Parameters: they are asked themselves. The
snapshot and the differential of a StructureDefinition each have ids of their own.
Sources: http://hl7.org/fhir/R4/element.html#id ("unique within the resource"), datatypes.html#string.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from profiles.issue import Issue
from profiles.validator.place import Place

Json = dict[str, Any]
_TAG = re.compile(r"<(?:[A-Za-z][A-Za-z0-9-]*(?:\s[^<>]*)?/?|/[A-Za-z][A-Za-z0-9-]*\s*|!--.*?--)>", re.DOTALL)
# The XHTML itself; and elements whose text is markup by nature.
_MARKUP = frozenset({"div", "data", "expression"})


def orderly(resource: Json, place: Place) -> Iterable[Issue]:
    """Ids and texts of one resource."""
    if not place.walked:
        return ()
    repeated: set[str] = set()
    marked = False
    nodes: list[Json] = [resource]
    for node in nodes:  # it grows while it is walked
        for name, child in node.items():
            kind = type(child)
            if kind is str:
                if "<" in child and name not in _MARKUP:
                    marked = True
            elif kind is dict:
                if "resourceType" not in child:
                    nodes.append(child)
            elif kind is list:
                nodes += [one for one in child if type(one) is dict and "resourceType" not in one]
    ids = [node["id"] for node in nodes if "id" in node and node is not resource]
    if len(ids) > 1:
        repeated.update(each for each, count in Counter(ids).items() if count > 1)
    return _located(resource, repeated, marked, place) if repeated or marked else ()


def _located(resource: Json, repeated: set[str], marked: object, place: Place) -> Iterator[Issue]:
    if repeated and resource["resourceType"] == "StructureDefinition":
        for part in ("snapshot", "differential"):
            yield from _repeated({part: resource.get(part)}, repeated, place)
    elif repeated:
        yield from _repeated(resource, repeated, place)
    if marked:
        for path, name, value in _every(resource, lambda value: type(value) is str):
            if name not in _MARKUP and _TAG.search(value):
                yield place.issue("string-markup", path)


def _repeated(resource: Json, repeated: set[str], place: Place) -> Iterator[Issue]:
    """Where the ids stand: every place but the first."""
    seen: set[str] = set()
    for path, _, value in _every(resource, lambda value: type(value) is dict and value.get("id") in repeated):
        if value["id"] in seen:
            yield place.issue("element-id-repeated", path + ".id")
        seen.add(value["id"])


def _every(resource: Json, wanted: Callable[[Any], bool]) -> Iterator[tuple[str, str, Any]]:
    """The wanted values of a resource in document order, with path and name."""
    waiting: list[tuple[str, str, Any]] = [("." + name, name, child) for name, child in reversed(resource.items())]
    while waiting:
        path, name, value = waiting.pop()
        if type(value) is list:
            waiting.extend((f"{path}[{at}]", name, value[at]) for at in reversed(range(len(value))))
        elif type(value) is dict:
            if "resourceType" in value:
                continue
            if wanted(value):
                yield path, name, value
            waiting.extend((f"{path}.{key}", key, child) for key, child in reversed(value.items()))
        elif wanted(value):
            yield path, name, value
