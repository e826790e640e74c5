"""What generated code of `accepting` calls, and the short tests that stand in it.

Law: a test is true only of values that their check has nothing against, given that the resource as a whole holds no
control characters and is not too long (`accepting` looks once). What is remembered is remembered for equal values, of
which nothing around them was asked, and not more than `MOST` of them.
Source: none but speed; docs/decisions/2611-generated-validators.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from orjson import dumps

from profiles.fingerprint import AS_IS, decimal_number, fingerprint, kept
from profiles.validator.accepting_form import Form, Run, Within, stands, takes
from profiles.validator.constraints import Question
from profiles.validator.extensions import welcome
from profiles.validator.finding import Check
from profiles.validator.item import Item
from profiles.validator.place import Alone, Contextual
from profiles.validator.primitives import FORMS, PRIMITIVES
from profiles.validator.primitives import Form as Primitive
from profiles.validator.references import examine
from profiles.validator.slicing import UNSURE, Slicer
from profiles.validator.straight import Short
from profiles.validator.tree import Node

MOST, _LONGEST = 2048, 1024
_MOST_WORDS, _LONGEST_WORD = 1024, 128
_MOST_TOLD = 256

# ------------------------------------------------------------------------------------------------ what is remembered

_TAKEN: set[bytes] = set()
_marks = count()
KNOWN = Short(
    "{dumps}(({mark}, {x}), {number}, {option}) in {taken} or {learn}({x}, place)",
    {"dumps": dumps, "number": decimal_number, "option": AS_IS, "taken": _TAKEN},
)


def known(run: Run) -> Mapping[str, Any]:
    """The names of `KNOWN` for values that a function takes or not."""
    mark, learn = _memory(run)
    return {**KNOWN.names, "mark": mark, "learn": learn}


def _memory(run: Run) -> tuple[int, Run]:
    """A function with a memory, and the mark of what it remembers."""
    mark = next(_marks)

    def learn(value: Any, place: Within) -> bool:
        before = len(place.local)
        if not run(value, place):
            return False
        key = fingerprint((mark, value))
        if len(key) <= _LONGEST and len(place.local) == before:
            if len(_TAKEN) >= MOST:
                _TAKEN.clear()
            _TAKEN.add(kept(key))
        return True

    return mark, learn


def recalled(check: Check, key: str, asked: list[Check]) -> Run:
    """Whether a check, and what profiles ask of the object with this value alone, would take a value."""

    def run(value: Any, place: Any) -> bool:
        if not stands(check(value, place), place):
            return False
        holder = {key: value}
        return all(stands(each(holder, place), place) for each in asked)

    return run


def contained(form: Form) -> Run:
    """Whether resources that are contained would be taken."""

    def run(value: Any, place: Within) -> bool:
        return type(value) is list and bool(value) and all(takes(one, place, form.write) for one in value)

    return run


def used(resource: dict[str, Any], place: Within) -> bool:
    """Whether each contained resource is what a local reference leads to."""
    there = {each["id"] for each in place.local}
    return all(one.get("id") in there for one in resource["contained"])


# --------------------------------------------------------------------------------------------------------- primitives


def _words(name: str) -> Short:
    """The test of a type of which the same few values come again and again."""
    check = PRIMITIVES[name]
    seen: set[str] = set()

    def learn(value: str, place: Any) -> bool:
        if check(value, place) is not None:
            return False
        if len(value) <= _LONGEST_WORD:
            if len(seen) >= _MOST_WORDS:
                seen.clear()
            seen.add(value)
        return True

    return Short("type({x}) is str and ({x} in {seen} or {learn}({x}, place))", {"seen": seen, "learn": learn})


def _or_else(short: Short, check: Check) -> Short:
    """A short test, and the check where it does not settle it."""
    return Short(f"{short.test} or {{check}}({{x}}, place) is None", {**short.names, "check": check})


def _word(name: str, form: Primitive) -> Short | None:
    if form.door == "again":
        return _words(name)
    short = form.door or form.quick
    return None if short is None else _or_else(short, PRIMITIVES[name])


WORDS: Mapping[Check, Short] = {
    PRIMITIVES[name]: word for name, form in FORMS.items() if (word := _word(name, form)) is not None
}
"""The tests of primitive values at the door, by check."""

# --------------------------------------------------------------------------------------------------------- references

_DISPLAYED = " and (len({x}) == 1 or len({x}) == 2 and type(d := {x}.get('display')) is str and d and not d.isspace())"
REFERENCE = (
    "type({x}) is dict and type(s := {x}.get('reference')) is str and s.partition('/')[0] in {allowed}" + _DISPLAYED
)
"""Only `reference`, of the form `Type/…`, and perhaps a `display`."""
NARROW_REFERENCE = (
    "type({x}) is dict and type(s := {x}.get('reference')) is str and (s := s.partition('/'))[0] in {allowed}"
    " and '/' not in s[2]" + _DISPLAYED
)
"""The same, of the form `Type/id`, which is all that a profile asks when nobody can follow it."""


def pointing(form: Form, allowed: frozenset[str], targets: list[Question]) -> Run:
    """Whether a Reference that does not pass the short test would be taken."""

    def run(value: Any, place: Any) -> bool:
        if type(value) is not dict or not form.runs.get(tuple(value), form.other)(value, place):
            return False
        literal = value.get("reference")
        near = literal is None or literal.partition("/")[0] in allowed
        if not near and not stands(examine(str(literal), allowed), place):
            return False
        item = Item(value, None, "", "Reference")
        return all(stands(ask(item, place), place) for ask in targets)

    mark, learn = _memory(run)

    def recall(value: Any, place: Within) -> bool:
        if type(value) is dict and "extension" in value:  # a doctor with his function, at each of the results
            return dumps((mark, value), decimal_number, AS_IS) in _TAKEN or learn(value, place)
        return run(value, place)

    return recall


# ------------------------------------------------------------------------------------------------ slices, extensions


def counted(slicer: Slicer, kind: str) -> Run:
    """Whether as many values are in each slice as should be."""

    def run(values: list[Any], place: Any) -> bool:
        found = [0] * len(slicer.slices)
        for value in values:
            number = slicer.slice_of(Item(value, None, "", kind), place)
            if number == UNSURE:
                return False
            if number is not None:
                found[number] += 1
        return all(one.least <= many <= one.most for one, many in zip(slicer.slices, found, strict=True))

    return run


@dataclass(slots=True, eq=False)
class Teller:
    """The form of a value by its slice, which one of its elements tells."""

    slicers: tuple[Slicer, ...]
    form: Callable[[tuple[Node, ...]], Form]
    kind: str
    known: dict[str, Form] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The element that tells."""
        return self.slicers[0].told_by[0]

    def __call__(self, value: dict[str, Any], place: Any) -> Form:
        item = Item(value, None, "", self.kind)
        nodes: list[Node] = []
        for slicer in self.slicers:
            number = slicer.slice_of(item, place)
            if number == UNSURE:
                raise Contextual(slicer.name)
            if number is not None:
                nodes.append(slicer.slices[number].node)
        form = self.form(tuple(nodes))
        said = value.get(self.name)
        told = all(slicer.told_by == self.slicers[0].told_by for slicer in self.slicers)
        if told and type(said) is str and len(said) <= _LONGEST_WORD and len(self.known) < _MOST_TOLD:
            self.known[said] = form
        return form


@dataclass(slots=True, eq=False)
class Urls:
    """The forms of the extensions in an object, by url."""

    around: Form
    check: Check
    nodes: tuple[Node, ...]
    slicers: tuple[Slicer, ...]
    modifier: bool
    known: dict[str, Form] = field(default_factory=dict)

    def learn(self, url: Any) -> Form | None:
        """The form of extensions with this url; None where they cannot be judged by themselves."""
        if type(url) is not str:
            return None
        form = self._form(url)
        if form is not None and len(url) <= _LONGEST_WORD and len(self.known) < _MOST_TOLD:
            self.known[url] = form
        return form

    def _form(self, url: str) -> Form | None:
        numbers = [(slicer, slicer.by_url.get(url)) for slicer in self.slicers if slicer.by_url is not None]
        nodes = [slicer.slices[number].node for slicer, number in numbers if number is not None]
        path = self.around.shape.type_name
        if path == "Extension":  # a part of another: the extension around it says what it may hold
            if ":" in url or any(number is None for _, number in numbers):
                return None
            return self.around.form(self.check, (*self.nodes, *nodes), "Extension")
        if ":" not in url:
            return None
        alone: Any = Alone(self.around.registry)
        apt, root = welcome(url, path, self.around.where, alone, modifier=self.modifier)
        if not apt:
            return None
        own = () if root is None else (root,)
        return self.around.form(self.check, (*own, *self.nodes, *nodes), "Extension")
