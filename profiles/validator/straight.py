"""Straight-line Python for the objects of one shape that have the same keys in the same order.

Law: what is written here finds what the interpreted plan (`objects`) finds, no more and no less: each value is first
held against a short test that is true only of values without findings; where it is not, the check itself answers. Only
names of the definitions reach the text, never anything of a resource. Written when such objects are seen often, and
not more than `MOST` times in a process.
Source: none but speed; docs/decisions/2611-straight-line-checks.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from profiles.validator.finding import Check, Finding, unsound
from profiles.validator.shape import Plan, Run, Shape

OFTEN = 32
"""How often a key sequence is seen before it gets code of its own."""
MOST = 4096
_MARKUP = frozenset({"div", "data", "expression"})
"""Elements whose text is markup by nature (see `rules.contents`)."""
written = 0


@dataclass(frozen=True, slots=True)
class Short:
    """An expression over `{x}` that is true only of values against which the check has nothing. `marks`: such a value
    may hold a `<`, which has the resource looked through for markup."""

    test: str
    names: Mapping[str, Any] = field(default_factory=dict)
    marks: bool = False


@dataclass(frozen=True, slots=True)
class Many:
    """An array of items of one check."""

    inner: Check
    least: int
    most: float


SHORT: dict[Check, Short] = {}
SHAPES: dict[Check, Shape] = {}
MANY: dict[Check, Many] = {}
SETTLED: dict[Any, Callable[[tuple[str, ...]], bool]] = {}
"""By question: whether the keys of a sound object settle it."""


@dataclass(slots=True)
class Text:
    """The source as it grows, and the objects that it names."""

    names: dict[str, Any]
    lines: list[str] = field(default_factory=list)

    def add(self, depth: int, *lines: str) -> None:
        self.lines += ["    " * depth + line for line in lines]

    def name(self, stem: str, value: Any) -> str:
        """A name for this object."""
        name = f"{stem}{len(self.names)}"
        self.names[name] = value
        return name


def straight(shape: Shape, keys: tuple[str, ...], plan: Plan, tools: Mapping[str, Any]) -> Run:
    """The function for objects of these keys; `tools` has `placed` and `rest` of the interpreter."""
    text = Text({"Finding": Finding, "unsound": unsound, "shape": shape, **tools})
    text.add(0, "def run(value, place):")
    text.add(1, f"{', '.join(f'v{at}' for at in range(len(keys)))}, = value.values()", "found = None")
    if shape.walked and "id" in keys:
        text.add(1, "place.walk()")
    for at, (key, check) in enumerate(zip(keys, plan.checks, strict=True)):
        _element(text, f"v{at}", key, check, marking=shape.walks and key not in _MARKUP)
    _rules(text, plan, keys)
    text.add(1, "return found or None")
    scope: dict[str, Any] = text.names
    exec(compile("\n".join(text.lines), f"<{shape.type_name}>", "exec"), scope)  # noqa: S102
    run: Run = scope["run"]
    return run


def _element(text: Text, value: str, key: str, check: Check, *, marking: bool) -> None:
    found = f"found = placed(found, r, value, {key!r}, shape)"
    asked = text.name("c", check)
    short = SHORT.get(check)
    if short is not None:
        test = _test(text, short, value)
        if marking and short.marks:
            test += f' and "<" not in {value}'
            text.add(1, f"if not ({test}):", f'    if type({value}) is str and "<" in {value}: place.walk()')
        else:
            text.add(1, f"if not ({test}):")
        text.add(2, f"r = {asked}({value}, place)", f"if r is not None: {found}")
        return
    many = MANY.get(check)
    if marking and many is None and check not in SHAPES:
        text.add(1, f'if type({value}) is str and "<" in {value}: place.walk()')
    if many is not None:
        _array(text, value, asked, many)
    else:
        text.add(1, *_answer(text, value, check, asked))
    text.add(1, f"if r is not None: {found}")


def _test(text: Text, short: Short, value: str) -> str:
    names = {name: text.name("n", thing) for name, thing in short.names.items()}
    return short.test.format(x=value, **names)


def _answer(text: Text, value: str, check: Check, asked: str) -> Iterator[str]:
    """Statements that leave in `r` what the check says."""
    shape = SHAPES.get(check)
    short = SHORT.get(check)
    if short is not None:
        yield f"r = None if {_test(text, short, value)} else {asked}({value}, place)"
    elif shape is not None:
        plans = text.name("p", shape.plans)
        yield f"p = {plans}.get(tuple({value})) if type({value}) is dict else None"
        yield f"r = {asked}({value}, place) if p is None else p({value}, place)"
    else:
        yield f"r = {asked}({value}, place)"


def _array(text: Text, value: str, asked: str, many: Many) -> None:
    sized = f"len({value}) >= {many.least}" if many.least > 1 else value
    if many.most != float("inf"):
        sized += f" and len({value}) <= {int(many.most)}"
    inner = text.name("i", many.inner)
    whole = text.name("m", many)
    text.add(1, "r = None", f"if type({value}) is list and {sized}:", f"    for at, one in enumerate({value}):")
    text.add(3, *_answer(text, "one", many.inner, inner))
    text.add(3, "if r is not None:", f"    r = rest({value}, at, r, place, {whole})", "    break")
    text.add(1, "else:", f"    r = {asked}({value}, place)")


def _rules(text: Text, plan: Plan, keys: tuple[str, ...]) -> None:
    if plan.invariants:
        text.add(1, "if found is None or not unsound(found):")
        for rule in plan.invariants:
            holds = text.name("h", rule.holds)
            broken = text.name("b", Finding("", rule.code, {"key": rule.key.rpartition(":")[2]}))
            text.add(2, f"if not {holds}(value): found = [*(found or ()), {broken}]")
    asks = [ask for ask in plan.asks if ask not in SETTLED or not SETTLED[ask](keys)]
    if asks:
        text.add(1, "if found is None or not unsound(found):")
        for ask in asks:
            asked = text.name("a", ask)
            text.add(2, f"r = {asked}(value, place)", "if r is not None: found = [*(found or ()), *r]")
