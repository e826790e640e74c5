"""The snapshot of a profile, worked out from its differential and the snapshot of its base.

Law: pure; nothing given is changed. What a differential says that cannot be (an element that its base does not have, a
path with an empty step) is a `SnapshotError` that names the path. Slices inherit what the unsliced element says,
without its least count; constraints add up, everything else replaces.
Source: http://hl7.org/fhir/R4/profiling.html#snapshot, http://hl7.org/fhir/R4/elementdefinition.html#interpretation.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
Find = Callable[[str], Json | None]
"""A StructureDefinition with a snapshot by canonical URL or type name."""
_NOT_INHERITED = frozenset({"slicing", "sliceName", "sliceIsConstraining", "id", "min", "mustSupport"})
_KEPT = frozenset({"id", "path", "sliceName", "base", "constraint"})
_STEP = re.compile(r"([^.:]+)(?::([^.]+))?")


class SnapshotError(ValueError):
    """A differential that fits no base; the message holds paths and names only."""


@dataclass(slots=True)
class Branch:
    """An element on its way into a snapshot, with the elements below it and its slices, by name."""

    element: Json
    name: str
    children: dict[str, Branch] = field(default_factory=dict)
    slices: dict[str, Branch] = field(default_factory=dict)
    unsliced: Branch | None = None


_TEXTS = frozenset(
    {
        *("path", "id", "sliceName", "max", "contentReference", "code", "key", "severity", "expression", "human"),
        *("valueSet", "strength", "type", "rules"),
    }
)
_LISTS = frozenset({"type", "constraint", "discriminator", "extension", "profile", "targetProfile", "aggregation"})
_NUMBERS = frozenset({"min", "maxLength"})
_OBJECTS = frozenset({"slicing", "binding", "base"})
_NEEDED = {"constraint": ("key", "severity"), "discriminator": ("type", "path")}
_COUNT = re.compile(r"\*|[0-9]{1,9}")


def misshapen(definition: Json) -> str:
    """What makes the elements of a StructureDefinition unreadable, as a name; empty when they can be read."""
    if type(definition.get("type")) is not str or type(definition.get("url")) is not str:
        return "it has no type"
    contexts = definition.get("context", [])
    if type(contexts) is not list or not all(type(one) is dict and _readable(one, 1) for one in contexts):
        return "its context cannot be read"
    for part in ("snapshot", "differential"):
        listed = definition.get(part, {"element": []})
        elements = listed.get("element", []) if type(listed) is dict else None
        if type(elements) is not list:
            return f"its {part} cannot be read"
        for element in elements:
            if type(element) is not dict or not _element_readable(element):
                return f"an element of its {part} cannot be read"
    return ""


_TYPES = "http://hl7.org/fhir/StructureDefinition/"


def referring_to_types(elements: list[Json]) -> list[Json]:
    """The elements of a snapshot that was worked out here: `#Questionnaire.item` goes on to mean the element of the
    type, not what the profile makes of it, as the snapshots of the publisher say it."""
    return [
        {**one, "contentReference": _TYPES + one["contentReference"][1:].partition(".")[0] + one["contentReference"]}
        if one.get("contentReference", "").startswith("#")
        else one
        for one in elements
    ]


_NO_CODE = "http://hl7.org/fhirpath/System.String"


def coded(elements: list[Json]) -> list[Json]:
    """The elements of a snapshot, where a type without a code (the value of a primitive, as older tools wrote it) gets
    that of R4."""
    if all("code" in kind for element in elements for kind in element.get("type", ())):
        return elements
    return [
        {**element, "type": [{"code": _NO_CODE, **kind} for kind in element["type"]]} if "type" in element else element
        for element in elements
    ]


def _element_readable(element: Json) -> bool:
    least, most = element.get("min", 0), element.get("max", "*")
    return (
        type(element.get("path")) is str
        and type(least) is int
        and type(most) is str
        and _COUNT.fullmatch(most) is not None
        and _readable(element, 0)
    )


def _readable(value: Json, depth: int) -> bool:
    """Whether what a validator looks at has the shape that it has in a StructureDefinition."""
    for name, child in value.items():
        if name.startswith(("fixed", "pattern", "minValue", "maxValue", "default", "_")) or name == "example":
            continue
        if name in _OBJECTS and (type(child) is not dict or not _readable(child, depth + 1)):
            return False
        if name in _LISTS and not (name == "type" and depth):
            if type(child) is not list or not all(_row_readable(name, one, depth) for one in child):
                return False
        elif name == "code" and not depth:  # of an element: Codings, which nobody reads here
            continue
        elif type(child) is not (str if name in _TEXTS else int if name in _NUMBERS else type(child)):
            return False
    return True


def _row_readable(name: str, row: Any, depth: int) -> bool:
    if name in ("profile", "targetProfile", "aggregation"):
        return type(row) is str
    if type(row) is not dict or any(type(row.get(needed)) is not str for needed in _NEEDED.get(name, ())):
        return False
    return _readable(row, depth + 1)


def snapshot(definition: Json, find: Find) -> list[Json]:
    """The elements of the snapshot of a StructureDefinition that has a differential only."""
    base = find(definition.get("baseDefinition", ""))
    if base is None or "snapshot" not in base:
        raise SnapshotError(f"the base {definition.get('baseDefinition', '?')} is not known here")
    root = tree(base["snapshot"]["element"])
    _rename(root, definition["type"])
    open_slices: dict[str, str] = {}
    for element in coded(definition.get("differential", {}).get("element", [])):
        _apply(root, element, open_slices, find)
    return list(_flat(root, root.name, root.name))


def tree(elements: list[Json]) -> Branch:
    """The elements of a snapshot as a tree."""
    root = Branch(elements[0], elements[0]["path"])
    stack = [root]
    for element in elements[1:]:
        steps = element["path"].split(".")
        del stack[len(steps) - 1 :]
        if len(stack) < len(steps) - 1:
            raise SnapshotError(f"{element['path']} stands below nothing")
        parent, name = stack[-1], steps[-1]
        slice_name = element.get("sliceName")
        unsliced = parent.children.get(name)
        if slice_name and unsliced is not None:
            branch = Branch(element, name, unsliced=unsliced)
            unsliced.slices[slice_name] = branch
        elif unsliced is not None and ":" in element.get("id", "").rpartition(".")[2]:
            branch = Branch(element, name, unsliced=unsliced)
            unsliced.slices[element["id"].rpartition(":")[2]] = branch
        else:
            branch = parent.children[name] = Branch(element, name)
        stack.append(branch)
    return root


def _rename(root: Branch, name: str) -> None:
    if root.name != name and "." not in name:
        root.name = name


def _apply(root: Branch, element: Json, open_slices: dict[str, str], find: Find) -> None:
    branch = root
    steps = _steps(element, open_slices)
    for place, (name, slice_name) in enumerate(steps[1:], 1):
        last = place == len(steps) - 1
        child, implied = _child(branch, name, element, find)
        slice_name = slice_name or implied
        branch = child
        if slice_name:
            branch = _slice(child, slice_name, last)
    _merge(branch, element)


def _steps(element: Json, open_slices: dict[str, str]) -> list[tuple[str, str | None]]:
    """Name and slice of each step; without an id, a path means the slice that was opened last."""
    path = element.get("path", "")
    parts = path.split(".")
    if not path or not all(parts):
        raise SnapshotError(f"the path {path or '?'} has an empty step")
    slice_name = element.get("sliceName")
    for known in [known for known in open_slices if known != path and not path.startswith(known + ".")]:
        del open_slices[known]
    if slice_name:
        open_slices[path] = slice_name
    else:
        open_slices.pop(path, None)
    identity = element.get("id", "")
    found = _STEP.findall(identity) if identity else []
    if len(found) == len(parts) and all(_same(n, p) for (n, _), p in zip(found, parts, strict=True)):
        steps = [(name, named or None) for name, named in found]
        if slice_name and not steps[-1][1]:
            steps[-1] = (steps[-1][0], slice_name)
        return steps
    return [(name, open_slices.get(".".join(parts[: place + 1]))) for place, name in enumerate(parts)]


def _same(name: str, part: str) -> bool:
    return name == part or (name.endswith("[x]") and part.startswith(name[:-3]))


def _child(branch: Branch, name: str, element: Json, find: Find) -> tuple[Branch, str | None]:
    """The child of this name, and the slice that the name of one choice (`valueQuantity`) stands for."""
    for source in _sources(branch, find):
        child = source.children.get(name)
        if child is not None:
            return _own(branch, child, name, source), None
        for stem, choice in source.children.items():
            if stem.endswith("[x]") and name.startswith(stem[:-3]) and _is_choice(choice, name[len(stem) - 3 :]):
                own = _own(branch, choice, stem, source)
                if "slicing" not in own.element:
                    discriminator = [{"type": "type", "path": "$this"}]
                    own.element = {**own.element, "slicing": {"discriminator": discriminator, "rules": "open"}}
                _typed_slice(own, name, name[len(stem) - 3 :])
                return own, name
    raise SnapshotError(f"there is no element {element['path']} in the base")


def _is_choice(choice: Branch, suffix: str) -> bool:
    return any(suffix == kind["code"][:1].upper() + kind["code"][1:] for kind in choice.element.get("type", ()))


def _typed_slice(choice: Branch, name: str, suffix: str) -> None:
    if name not in choice.slices:
        kinds = [kind for kind in choice.element["type"] if kind["code"][:1].upper() + kind["code"][1:] == suffix]
        _slice(choice, name, True)
        choice.slices[name].element["type"] = kinds


def _sources(branch: Branch, find: Find) -> Iterator[Branch]:
    """Where the children of an element are found: its own, those it is a slice of, those of its type."""
    yield branch
    if branch.unsliced is not None:
        yield branch.unsliced
    reference = branch.element.get("contentReference")
    if reference:
        path = reference.rpartition("#")[2]
        owner = find(path.partition(".")[0])
        if owner is not None:
            found: Branch | None = tree(owner["snapshot"]["element"])
            for step in path.split(".")[1:]:
                found = found.children.get(step.partition(":")[0]) if found is not None else None
            if found is not None:
                yield found
    for kind in branch.element.get("type", ()):
        for url in (*kind.get("profile", ())[:1], kind["code"]):
            definition = find(url)
            if definition is not None and "snapshot" in definition:
                yield tree(definition["snapshot"]["element"])


def _own(branch: Branch, child: Branch, name: str, source: Branch) -> Branch:
    """The child, as one of this branch: what came from elsewhere is copied, with all its siblings."""
    if source is not branch:
        for sibling, found in source.children.items():
            if sibling not in branch.children:
                branch.children[sibling] = _copy(found)
    return branch.children[name]


def _copy(branch: Branch) -> Branch:
    element = branch.element
    if "base" not in element:
        element = {**element, "base": _extent(element)}
    copied = Branch(element, branch.name)
    copied.children = {name: _copy(child) for name, child in branch.children.items()}
    for name, one in branch.slices.items():
        copied.slices[name] = _copy(one)
        copied.slices[name].unsliced = copied
    return copied


def _slice(unsliced: Branch, name: str, _: bool) -> Branch:
    found = unsliced.slices.get(name)
    if found is None:
        element = {key: value for key, value in unsliced.element.items() if key not in _NOT_INHERITED}
        if "base" not in element:
            element["base"] = _extent(unsliced.element)
        element = {**element, "sliceName": name, "min": 0}
        found = unsliced.slices[name] = Branch(element, unsliced.name, unsliced=unsliced)
    return found


def _extent(element: Json) -> Json:
    return {"path": element["path"], "min": element.get("min", 0), "max": element.get("max", "*")}


def _merge(branch: Branch, differential: Json) -> None:
    element = dict(branch.element)
    element.setdefault("base", _extent(element))
    for name, value in differential.items():
        if name in _KEPT:
            continue
        if name.startswith(("fixed", "pattern")):
            for old in [old for old in element if old.startswith(("fixed", "pattern"))]:
                del element[old]
        element[name] = value
    keys = {constraint["key"] for constraint in differential.get("constraint", ())}
    inherited = [constraint for constraint in element.get("constraint", ()) if constraint["key"] not in keys]
    if keys or inherited:
        element["constraint"] = [*inherited, *differential.get("constraint", ())]
    if differential.get("sliceName"):
        element["sliceName"] = differential["sliceName"]
    branch.element = element


def _flat(branch: Branch, path: str, identity: str) -> Iterator[Json]:
    yield {**branch.element, "id": identity, "path": path}
    for name, child in branch.children.items():
        yield from _flat(child, f"{path}.{name}", f"{identity}.{name}")
    for name, each in branch.slices.items():
        yield from _flat(each, path, f"{identity}:{name}")
