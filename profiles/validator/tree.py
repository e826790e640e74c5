"""The elements of a snapshot as a tree with slices, and the steps from one element to another.

Law: built once per StructureDefinition and registry, never changed after. A step that leads nowhere gives nothing.
Source: http://hl7.org/fhir/R4/elementdefinition.html, http://hl7.org/fhir/R4/profiling.html#discriminator.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from profiles.definitions import Definition
from profiles.registry import Registry

_STEP = re.compile(r"extension\(\s*['\"]([^'\"]+)['\"]\s*\)|[^.()]+\([^)]*\)|[^.]+")


@dataclass(slots=True, eq=False)
class Node:
    """An element, the elements below it by their last step, and its slices in order; `home` is its definition."""

    element: Definition
    name: str
    home: Definition
    parent: Node | None = None
    unsliced: Node | None = None
    children: dict[str, Node] = field(default_factory=dict)
    slices: list[Node] = field(default_factory=list)

    @property
    def types(self) -> list[Definition]:
        found: list[Definition] = self.element.get("type", [])
        return found

    @property
    def extent(self) -> tuple[str, int, str]:
        """Where the element was first defined, and how often it may occur there."""
        element = self.element
        base = element.get("base", element)
        return base.get("path", element["path"]), base.get("min", 0), base.get("max", "*")


def tree(definition: Definition, registry: Registry) -> Node:
    """The root of the tree of a StructureDefinition that has a snapshot."""
    return registry.once(("tree", definition["url"], definition.get("version")), lambda: _tree(definition))


def root_of(url: str, registry: Registry) -> Node | None:
    """The same by canonical URL or type name; None for what is not known."""
    definition = registry.structure(url)
    return None if definition is None else tree(definition, registry)


def _tree(definition: Definition) -> Node:
    elements = definition["snapshot"]["element"]
    root = Node(elements[0], elements[0]["path"], definition)
    stack = [root]
    for element in elements[1:]:
        steps = element["path"].split(".")
        del stack[len(steps) - 1 :]
        parent = stack[-1]
        name = steps[-1]
        unsliced = parent.children.get(name)
        if unsliced is None:
            node = parent.children[name] = Node(element, name, definition, parent)
        else:
            above = _sliced(unsliced, element.get("sliceName") or "")
            node = Node(element, name, definition, parent, above)
            above.slices.append(node)
        stack.append(node)
    return root


def _sliced(unsliced: Node, slice_name: str) -> Node:
    """What a slice is a slice of: the element, or for `a/b` the slice `a`."""
    above, _, last = slice_name.rpartition("/")
    if last and above:
        for node in unsliced.slices:
            if node.element.get("sliceName") == above:
                return node
    return unsliced


# ----------------------------------------------------------------------------------------------------------- steps


@cache
def steps(path: str) -> tuple[str, ...]:
    """The steps of the path of a discriminator; `$this` is none."""
    return tuple(match.group() for match in _STEP.finditer(path) if match.group() != "$this")


def reached(node: Node, path: str, registry: Registry) -> list[Node]:
    """The elements a path leads to from an element: several, where a type or a target may be one of many."""
    found = [node]
    for step in steps(path):
        found = [target for one in found for target in _step(one, step, registry)]
    return found


def _step(node: Node, step: str, registry: Registry) -> Iterator[Node]:
    if step == "resolve()":
        for kind in node.types or [{}]:
            for url in kind.get("targetProfile", ()):
                root = root_of(url, registry)
                if root is not None:
                    yield root
    elif step.startswith("ofType("):
        yield node
    elif step.startswith("extension("):
        match = _STEP.match(step)
        assert match is not None
        yield from _extension(node, match.group(1), registry)
    else:
        for child in children(node, step, registry):
            # What a required slice fixes, some value of the element has: `code.coding.code` of a blood pressure.
            yield from [one for one in child.slices if one.element.get("min")] or [child]


def children(node: Node, name: str, registry: Registry) -> list[Node]:
    """The child of this name as the element says it, or what it is a slice of, or its types."""
    around: Node | None = node
    while around is not None:
        for wanted in (name, name + "[x]"):
            if wanted in around.children:
                return [around.children[wanted]]
        above = around.unsliced
        if above is not None and _profiles(around) - _profiles(above):  # a slice that has a profile of its own
            found = _of_types(around, name, registry)
            if found:
                return found
        around = above
    if "contentReference" in node.element:
        target = referred(node, registry)
        return children(target, name, registry) if target is not None else []
    return _of_types(node, name, registry)


def _profiles(node: Node) -> frozenset[str]:
    return frozenset(url for kind in node.types for url in kind.get("profile", ()))


def _of_types(node: Node, name: str, registry: Registry) -> list[Node]:
    found = []
    for kind in node.types:
        homes = list(profiled_by(kind, registry)) if "profile" in kind else [None]
        for home in homes:
            root = home or root_of(kind["code"], registry)
            if root is not None:
                found += [root.children[key] for key in (name, name + "[x]") if key in root.children]
    return found


_WITHIN = "http://hl7.org/fhir/StructureDefinition/elementdefinition-profile-element"


def profiled_by(kind: Definition, registry: Registry) -> Iterator[Node | None]:
    """What each profile of a type means: the root of it, or the element of it that an extension names."""
    beside = kind.get("_profile", ())
    for at, url in enumerate(kind.get("profile", ())):
        root = root_of(url, registry)
        identity = _within(beside[at] if type(beside) is list and at < len(beside) else None)
        yield root if root is None or not identity else _by_id(root, identity)


def points_within(kind: Definition) -> bool:
    """Whether a profile of a type means an element of it."""
    beside = kind.get("_profile")
    return type(beside) is list and any(_within(one) for one in beside)


def _within(beside: Any) -> str:
    listed = beside.get("extension") if type(beside) is dict else None
    for one in listed if type(listed) is list else ():
        if type(one) is dict and one.get("url") == _WITHIN and type(one.get("valueString")) is str:
            return str(one["valueString"])
    return ""


def _by_id(root: Node, identity: str) -> Node | None:
    waiting = [root]
    for node in waiting:
        if node.element.get("id") == identity:
            return node
        waiting += [*node.children.values(), *node.slices]
    return None


def _extension(node: Node, url: str, registry: Registry) -> Iterator[Node]:
    for extension in children(node, "extension", registry):
        for each in extension.slices:
            if fixed_url(each, registry) == url:
                yield from (each, *each.slices)
    root = root_of(url, registry)
    if root is not None:
        yield root


def fixed_url(node: Node, registry: Registry) -> str | None:
    """The url that an extension slice is about."""
    child = node.children.get("url")
    if child is not None and "fixedUri" in child.element:
        return str(child.element["fixedUri"])
    for kind in node.types:
        for profile in kind.get("profile", ()):
            root = root_of(profile, registry)
            if root is not None and "url" in root.children and "fixedUri" in root.children["url"].element:
                return str(root.children["url"].element["fixedUri"])
            return str(profile.partition("|")[0])
    return None


def referred(node: Node, registry: Registry) -> Node | None:
    """The element a contentReference names."""
    reference = node.element["contentReference"]
    owner, _, fragment = reference.rpartition("#")
    path = fragment.split(".")
    root: Node | None = node
    while root is not None and root.parent is not None:
        root = root.parent
    if root is None or root.name != path[0] or (owner and owner != root.home["url"]):
        root = root_of(owner or path[0], registry) or root_of(path[0], registry)
    for step in path[1:]:
        if root is None:
            return None
        name, _, slice_name = step.partition(":")
        root = root.children.get(name)
        if slice_name and root is not None:
            root = next((one for one in root.slices if one.element.get("sliceName") == slice_name), root)
    return root


def fixed_of(element: Definition) -> tuple[str, Any] | None:
    """`("fixed", value)` or `("pattern", value)` of an element."""
    for name, value in element.items():
        if name.startswith("fixed"):
            return "fixed", value
        if name.startswith("pattern") and name != "pattern":
            return "pattern", value
    return None
