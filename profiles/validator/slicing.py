"""Slices: which values of an element belong to which slice, how many there may be, and in which order.

Law: a value belongs to the first slice whose discriminators it meets; values that belong to none are fine unless the
slicing is closed. Values behind references that cannot be followed may belong to any slice, and so may those that only
a value set or a profile could tell apart that is not loaded. A discriminator that its slice gives nothing to compare
with asks only whether something is there.
Source: http://hl7.org/fhir/R4/profiling.html#slicing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from marshal import dumps
from typing import Any, TypeAlias

from profiles.definitions import Definition
from profiles.registry import Registry
from profiles.validator.codes import bound_findings
from profiles.validator.constraints import Question, evaluation
from profiles.validator.finding import Finding, Findings, below
from profiles.validator.item import Item
from profiles.validator.place import Place
from profiles.validator.targets import type_of_literal
from profiles.validator.tree import Node, fixed_of, fixed_url, reached, root_of, steps
from profiles.validator.values import equal, includes

Conforms: TypeAlias = "Callable[[Any, str, Place, str], bool | None]"
Match: TypeAlias = "Callable[[Item, Place], bool | None]"
"""None: cannot tell, because a reference leads nowhere that could be reached, or a definition is not loaded."""
Parts: TypeAlias = "Callable[[Node], tuple[Question | None, Slicer | None]]"
DEFAULT = "@default"
UNSURE = -1
_MANY = float("inf")
_MOST, _LONGEST = 2048, 512
_TRICKY = frozenset({"value", "resource", "url"})
"""Steps that lead to elements of several types."""
_BY_URL: Definition = {"discriminator": [{"type": "value", "path": "url"}], "rules": "open"}
_BY_TYPE: Definition = {"discriminator": [{"type": "type", "path": "$this"}], "rules": "open"}


@dataclass(slots=True)
class Slice:
    """One slice; `ask` and `inner` (its re-slices) are worked out on first use."""

    node: Node
    name: str
    label: str
    matches: Match
    least: int
    most: float
    parts: Callable[[], tuple[Question | None, Slicer | None]]


@dataclass(slots=True)
class Slicer:
    """The slices of one element."""

    name: str
    rules: str
    ordered: bool
    slices: list[Slice]
    default: Slice | None = None
    asks_without: bool = field(default=False)
    by_url: dict[str, int] | None = None
    """Where slices are told apart by `url`: the first one of each."""
    told_by: tuple[str, ...] = ()
    """Where slices are told apart by what these elements right below are: they, and nothing else."""
    known: dict[bytes, int | None] = field(default_factory=dict)

    def findings(self, items: list[Item], value: dict[str, Any], place: Place) -> Findings:
        """What the slicing has against the values of its element."""
        found: Findings = []
        groups: list[list[Item]] = [[] for _ in self.slices]
        rest: list[Item] = []
        unsure: list[Item] = []
        latest = -1
        for item in items:
            number = self.slice_of(item, place)
            if number == UNSURE:
                unsure.append(item)
                continue
            if number is None:
                rest.append(item)
                continue
            if (self.rules == "openAtEnd" and rest) or (self.ordered and number < latest):
                found.append(Finding(item.path, "slice-order", {"name": self.name}))
            latest = max(latest, number)
            groups[number].append(item)
        for each, group in zip(self.slices, groups, strict=True):
            if group or each.least:
                found += _held(each, group, value, place, len(unsure))
        if self.default is not None:
            found += _held(self.default, rest, value, place, len(unsure))
        elif self.rules == "closed":
            found += [Finding(item.path, "slice-closed", {"name": self.name}) for item in rest]
        return found

    def slice_of(self, item: Item, place: Place) -> int | None:
        """The number of the slice, None for no slice, UNSURE where that cannot be told."""
        if self.by_url is not None:
            url = item.value.get("url") if type(item.value) is dict else None
            return self.by_url.get(url) if type(url) is str else None
        if self.told_by and type(item.value) is dict:
            return self._told(item, item.value, place)
        return self._first(item, place)

    def _told(self, item: Item, value: dict[str, Any], place: Place) -> int | None:
        """The same, remembered for equal values of the elements that decide."""
        deciding = [value.get(name) for name in self.told_by]
        if None in deciding:
            return self._first(item, place)
        try:
            key = dumps(deciding, 2)
        except ValueError:
            return self._first(item, place)
        if key in self.known:
            return self.known[key]
        number = self._first(item, place)
        if len(key) <= _LONGEST and len(self.known) < _MOST:
            self.known[key] = number
        return number

    def _first(self, item: Item, place: Place) -> int | None:
        unsure = None
        for number, each in enumerate(self.slices):
            verdict = each.matches(item, place)
            if verdict:
                return number
            if verdict is None:
                unsure = UNSURE
        return unsure


def _held(each: Slice, group: list[Item], value: dict[str, Any], place: Place, unsure: int) -> Findings:
    found: Findings = []
    step = "." + each.node.name.removesuffix("[x]")
    if len(group) + unsure < each.least:
        found.append(Finding("", "slice-required", {"name": each.label, "min": str(each.least)}))
    elif len(group) > each.most:
        found.append(Finding(step, "slice-too-many", {"name": each.label, "max": str(int(each.most))}))
    if not group and not each.least:
        return found
    ask, inner = each.parts()
    if ask is not None:
        for item in group:
            answer = ask(item, place)
            if answer:
                found += below(item.path, answer)
    if inner is not None:
        found += inner.findings(group, value, place)
    return found


# ----------------------------------------------------------------------------------------------------------- making


def slicer(node: Node, registry: Registry, conforms: Conforms, parts: Parts) -> Slicer | None:
    """The slicing of an element (or of a slice of it); None where there is nothing to tell slices apart by."""
    slicing = _slicing(node)
    slices: list[Slice] = []
    default = None
    for one in node.slices:
        made = _slice(one, slicing.get("discriminator", ()), registry, conforms, parts)
        if made.name.rpartition("/")[2] == DEFAULT:
            default = made
        else:
            slices.append(made)
    if not slicing.get("discriminator"):
        return None
    label = node.element.get("id") or node.element["path"]
    needed = any(one.least for one in (*slices, *([default] if default else ())))
    rules, ordered = slicing.get("rules", "open"), bool(slicing.get("ordered"))
    urls = _urls(slices, slicing["discriminator"], registry)
    told_by = _told_by(slicing["discriminator"])
    return Slicer(label, rules, ordered, slices, default, needed or rules == "closed", urls, told_by)


def _told_by(discriminators: Any) -> tuple[str, ...]:
    """The names of the elements, where each discriminator is the value of one right below."""
    names = []
    for one in discriminators:
        path = str(one.get("path"))
        if one.get("type", "value") not in ("value", "pattern") or not path.isidentifier() or path in _TRICKY:
            return ()
        names.append(path)
    return tuple(names)


def _urls(slices: list[Slice], discriminators: Any, registry: Registry) -> dict[str, int] | None:
    """The number of each slice by its url; None where they are told apart otherwise."""
    if len(discriminators) != 1:
        return None
    kind, path = discriminators[0].get("type", "value"), discriminators[0].get("path")
    found: dict[str, int] = {}
    for number, each in enumerate(slices):
        url = fixed_url(each.node, registry)
        if kind not in ("value", "pattern") or path != "url" or url is None:
            return None
        found.setdefault(url, number)
    return found


def _slicing(node: Node) -> Definition:
    found = node.element.get("slicing")
    if found is not None and found.get("discriminator"):
        return dict(found)
    if node.name in ("extension", "modifierExtension"):
        return {**_BY_URL, **(found or {}), "discriminator": _BY_URL["discriminator"]}
    if node.name.endswith("[x]"):
        return {**_BY_TYPE, **(found or {}), "discriminator": _BY_TYPE["discriminator"]}
    above = node.unsliced
    if above is not None and not found:  # re-slices are told apart as the slices are
        return {**_slicing(above), "rules": "open"}
    return dict(found or {})


def _slice(node: Node, discriminators: Any, registry: Registry, conforms: Conforms, parts: Parts) -> Slice:
    name = str(node.element.get("sliceName") or node.element.get("id", "").rpartition(":")[2])
    most = node.element.get("max", "*")
    made: list[tuple[Question | None, Slicer | None]] = []

    def lazily() -> tuple[Question | None, Slicer | None]:
        if not made:
            made.append(parts(node))
        return made[0]

    tests: list[Match] | None = None

    def matches(item: Item, place: Place) -> bool | None:
        nonlocal tests
        if tests is None:
            tests = [_discriminator(node, one, place.registry, conforms) for one in discriminators]
        verdict: bool | None = True
        for test in tests:
            answer = test(item, place)
            if answer is False:
                return False
            verdict = verdict and answer
        return verdict

    label = f"{node.element['path']}:{name}"
    return Slice(node, name, label, matches, node.element.get("min", 0), _MANY if most == "*" else int(most), lazily)


# --------------------------------------------------------------------------------------------------- discriminators


def _discriminator(node: Node, discriminator: Definition, registry: Registry, conforms: Conforms) -> Match:
    made = _test(node, discriminator, registry, conforms)
    before, resolves, _ = discriminator.get("path", "$this").partition("resolve()")
    if not resolves:
        return made
    reference = _selector(before.rstrip(".") or "$this", node.extent[0])

    def matches(item: Item, place: Place) -> bool | None:
        answer = made(item, place)
        return answer if answer is not False or not _lost(reference(item, place), place) else None

    return matches


def _lost(references: list[Item], place: Place) -> bool:
    """Whether one of the references leads nowhere that can be reached, and does not say what it leads to."""
    for item in references:
        literal = item.value.get("reference") if type(item.value) is dict else item.value
        if type(literal) is str and place.resolve(literal) is None:
            return True
    return False


def _test(node: Node, discriminator: Definition, registry: Registry, conforms: Conforms) -> Match:
    path, kind = discriminator.get("path", "$this"), discriminator.get("type", "value")
    if kind in ("value", "pattern") and path == "url":
        url = fixed_url(node, registry)
        if url is not None:
            return lambda item, _: type(item.value) is dict and item.value.get("url") == url
    select = _selector(path, node.extent[0])
    targets = reached(node, path, registry)
    if kind == "type":
        return _by_type(targets, select) if not path.endswith("resolve()") else _by_literal(targets, path, node)
    if kind == "profile":
        return _by_profile(targets, path, select, conforms)
    if kind == "exists":
        return _by_existence(targets, select)
    if targets and all(target.element.get("max") == "0" for target in targets):
        return lambda item, place: not select(item, place)
    tests = [test for test in (_value_test(target) for target in targets) if test is not None]
    if not tests:  # this slice leaves the discriminator open; it may still ask that there is something
        if not _is_known(node, registry):
            return _nobody_knows
        needed = any(target.element.get("min", 0) > 0 for target in targets)
        return (lambda item, place: bool(select(item, place))) if needed else _anything
    return lambda item, place: _some(test(one, place) for one in select(item, place) for test in tests)


def _is_known(node: Node, registry: Registry) -> bool:
    """Whether all profiles are loaded that say what the values of an element are."""
    around: Node | None = node
    while around is not None:
        if any(root_of(url, registry) is None for kind in around.types for url in kind.get("profile", ())):
            return False
        around = around.unsliced or around.parent
    return True


def _some(verdicts: Iterable[bool | None]) -> bool | None:
    """Whether one of them is true; None where that cannot be told."""
    unsure = False
    for verdict in verdicts:
        if verdict:
            return True
        unsure = unsure or verdict is None
    return None if unsure else False


def _every(verdicts: Iterable[bool | None]) -> bool | None:
    """Whether none of them is false; None where that cannot be told."""
    unsure = False
    for verdict in verdicts:
        if verdict is False:
            return False
        unsure = unsure or verdict is None
    return None if unsure else True


Select: TypeAlias = "Callable[[Item, Place], list[Item]]"


def _selector(path: str, home: str) -> Select:
    """The values a discriminator path leads to."""
    walked = steps(path)
    if not walked:
        return lambda item, _: [item]
    text = ".".join(walked)
    if len(walked) == 1 and walked[0].isidentifier() and walked[0] not in ("value", "resource"):
        return lambda item, place: _simple(item, text, place, home)
    return lambda item, place: _selected(item, text, place, home)


def _simple(item: Item, name: str, place: Place, home: str = "") -> list[Item]:
    """One plain step, without the cost of an expression."""
    holder = item.holder
    found = holder.get(name) if type(holder) is dict else None
    if found is None:
        return _selected(item, name, place, home) if type(holder) is dict else []
    return [Item(one, None, "", "") for one in (found if type(found) is list else [found])]


def _selected(item: Item, text: str, place: Place, home: str) -> list[Item]:
    own = home if item.type in ("BackboneElement", "Element", "") else item.type
    found: list[Item] = evaluation().selected(text, own, item, place)
    return found


def _by_type(targets: list[Node], select: Select) -> Match:
    allowed = frozenset(
        kind["code"].removeprefix("http://hl7.org/fhir/StructureDefinition/")
        for target in targets
        for kind in (target.types if target.parent is not None else [{"code": target.home["type"]}])
    )
    anything = bool(allowed & {"Resource", "DomainResource"})

    def matches(item: Item, place: Place) -> bool:
        return any(one.type in allowed or anything for one in select(item, place))

    return matches


def _by_literal(targets: list[Node], path: str, node: Node) -> Match:
    """The type a reference leads to: what is reached, or else what the reference says."""
    allowed = frozenset(target.home["type"] for target in targets)
    references = _selector(path.removesuffix("resolve()").rstrip(".") or "$this", node.extent[0])

    def matches(item: Item, place: Place) -> bool:
        for one in references(item, place):
            literal = one.value.get("reference") if type(one.value) is dict else one.value
            reached_resource = place.resolve(literal) if type(literal) is str else None
            if reached_resource is not None:
                name = str(reached_resource.get("resourceType"))
            else:
                name = type_of_literal(literal) if type(literal) is str else ""
            if name in allowed:
                return True
        return False

    return matches


def _by_profile(targets: list[Node], path: str, select: Select, conforms: Conforms) -> Match:
    urls: list[tuple[str, str]] = []
    for target in targets:
        if target.parent is None:
            urls.append(("", target.home["url"]))
        for kind in target.types if target.parent is not None else ():
            urls += [(kind["code"], url) for url in kind.get("profile", ()) or kind.get("targetProfile", ())]

    if not urls:
        return _anything

    def matches(item: Item, place: Place) -> bool:
        for one in select(item, place):
            kind = one.type or ("" if type(one.value) is not dict else str(one.value.get("resourceType", "")))
            if any(conforms(one.value, url, place, kind) for _, url in urls):
                return True
        return False

    return matches


def _by_existence(targets: list[Node], select: Select) -> Match:
    absent = any(target.element.get("max") == "0" for target in targets)
    present = any(target.element.get("min", 0) >= 1 for target in targets)

    def matches(item: Item, place: Place) -> bool:
        there = bool(select(item, place))
        return not there if absent else there if present else True

    return matches


def _value_test(node: Node) -> Match | None:
    """Whether a value is what an element fixes: by itself, by its binding, or by the elements below it."""
    wanted = fixed_of(node.element)
    if wanted is not None:
        agrees = equal if wanted[0] == "fixed" else includes
        return lambda item, _: item.value is not None and agrees(item.value, wanted[1])
    choices = [test for one in node.slices if node.name.endswith("[x]") and (test := _value_test(one)) is not None]
    if choices:
        return lambda item, place: _some(test(item, place) for test in choices)
    below_it = [
        (name.removesuffix("[x]"), test)
        for name, child in node.children.items()
        if (test := _value_test(child)) is not None
    ]
    if below_it:
        return lambda item, place: _every(
            _some(test(one, place) for one in _simple(item, name, place)) for name, test in below_it
        )
    binding = node.element.get("binding", {})
    if binding.get("strength") == "required" and "valueSet" in binding:
        return _bound(binding["valueSet"], next((kind["code"] for kind in node.types), "code"))
    return None


def _bound(value_set: str, kind: str) -> Match:
    """Whether a value has a code of a value set."""

    def matches(item: Item, place: Place) -> bool | None:
        coded = item._replace(type=item.type or kind)
        said = {problem.code for problem in bound_findings(coded, value_set, _OUTSIDE, place.registry)}
        return None if said and _OUTSIDE not in said else not said

    return matches


_OUTSIDE = "code-not-in-valueset"


def _anything(_: Item, __: Place) -> bool:
    return True


def _nobody_knows(_: Item, __: Place) -> None:
    return None
