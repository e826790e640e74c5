"""The text of the functions of `accepting`: straight-line Python over the elements of one key sequence.

Law: a function says True only where each check of the elements, each rule on them that refuses, and each question of
the profiles that apply would find nothing that refuses. What is not written out here is asked by calling it. Only names
of the definitions reach the text, never anything of a resource.
Source: none but speed; docs/decisions/2611-generated-validators.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from profiles.definitions import Definition
from profiles.validator import accepting_parts as parts
from profiles.validator.accepting_form import Form, Run, stands
from profiles.validator.composition import EXTENSIONS, GENTLE, MADE_OF, Part
from profiles.validator.constraints import Question, certainly, question, settled_by_keys
from profiles.validator.finding import Check
from profiles.validator.item import Item
from profiles.validator.objects import plan_of
from profiles.validator.place import Alone
from profiles.validator.profile import conforms, group_question, inside, outer_questions, part_of, slicer_of
from profiles.validator.profile_element import allowed_types, bounds, children_of, names_of, new_rules, origin_of
from profiles.validator.shape import Plan
from profiles.validator.slicing import Slicer
from profiles.validator.straight import MANY, SETTLED, SHAPES, Many, Text
from profiles.validator.targets import kinds_of, narrowing, target_question
from profiles.validator.tree import Node, fixed_of

_SAID_AGAIN = frozenset({"CodeableConcept", "Coding"})
"""Types of which the same few values come again and again: what was taken once is known by its bytes."""
_MANY = float("inf")


def never(_: Any, __: Any) -> bool:
    """Of keys with which nothing is taken without a closer look."""
    return False


def write(form: Form, keys: tuple[str, ...]) -> Run:
    """The function for objects of this form that have these keys in this order."""
    plan = plan_of(form.shape, keys)
    profiled = None if plan.findings else _profiled(form, keys, plan)
    if profiled is None:
        return never
    writer = _Writer(form, Text({"stands": stands, "Item": Item}))
    text = writer.text
    text.add(0, "def run(value, place):")
    text.add(1, f"{', '.join(f'v{at}' for at in range(len(keys)))}, = value.values()")
    extended = {EXTENSIONS[ask] for ask in plan.asks if ask in EXTENSIONS}
    for at, (key, check) in enumerate(zip(keys, plan.checks, strict=True)):
        nodes = profiled.nodes.get(key, [])
        if key in extended:
            writer.extensions(f"v{at}", key, check, nodes)
        elif key == "contained":
            writer.test(1, parts.KNOWN.test, parts.known(parts.contained(form)), f"v{at}")
        else:
            writer.element(f"v{at}", key, check, nodes)
    for part in profiled.parts:
        writer.ask(1, part, "value")
    writer.rules(plan, keys)
    text.add(1, "return True")
    scope: dict[str, Any] = text.names
    exec(compile("\n".join(text.lines), f"<accepting {form.shape.type_name}>", "exec"), scope)  # noqa: S102
    run: Run = scope["run"]
    return run


# ------------------------------------------------------------------------------------------------- what profiles ask


@dataclass(slots=True)
class _Profiled:
    """What profiles ask of the elements of an object: by key where code can be written for it, else as a whole."""

    nodes: dict[str, list[Node]] = field(default_factory=dict)
    parts: list[Check] = field(default_factory=list)


def _profiled(form: Form, keys: tuple[str, ...], plan: Plan) -> _Profiled | None:
    """None where these keys alone go against a profile."""
    found = _Profiled()
    alone: Any = Alone(form.registry)
    checks = dict(zip(keys, plan.checks, strict=True))
    for child in (child for node in form.nodes for child in children_of(node, form.registry)):
        group = group_question(child, form.registry)
        if group is None:
            continue
        names = names_of(child)
        present = [key for key in keys if key.removeprefix("_") in names]
        if not present:
            if not stands(group([], {}, alone), alone):
                return None
            continue
        key, limits = present[0], bounds(child)
        if present == [key] and key in names:
            allowed = allowed_types(child)
            if (allowed is not None and names[key] not in allowed) or (limits is not None and limits[1] == "0"):
                return None
            if _is_written(child, checks[key], form):
                found.nodes.setdefault(key, []).append(child)
                continue
        found.parts.append(part_of(child, group)[1])
    return found


def _is_written(child: Node, check: Check, form: Form) -> bool:
    """Whether code can be written for what an element of a profile says."""
    shape = _kernel(check)
    if shape in _SAID_AGAIN:
        return True
    if "contentReference" in child.element or narrowing(child, origin_of(child))[1] or child.name == "contained":
        return False
    if not child.slices:
        return True
    slicer = slicer_of(child, form.registry)
    if slicer is None or slicer.rules != "open" or slicer.ordered or slicer.default is not None:
        return False
    if any(one.node.slices for one in slicer.slices) or _listed(check) is None or shape is None:
        return False
    return slicer.by_url is not None if shape == "Extension" else len(slicer.told_by) == 1


def _kernel(check: Check) -> str | None:
    """The name of the type of the values of a check, if they are objects."""
    while check not in SHAPES:
        if check in MADE_OF:
            check = MADE_OF[check].inner
        elif check in MANY:
            check = MANY[check].inner
        else:
            return None
    return SHAPES[check].type_name


def _listed(check: Check) -> Many | None:
    while check in MADE_OF and MADE_OF[check].sort == "same":
        check = MADE_OF[check].inner
    return MANY.get(check)


def _demands(child: Node, form: Form) -> bool:
    """Whether an element of a profile asks anything of its values beside their number, slices and targets."""
    registry = form.registry
    return bool(list(_graver(child, "Reference")) or outer_questions(child, registry) or inside(child, registry))


# ----------------------------------------------------------------------------------------------------------- writing


class _About(NamedTuple):
    """The type of the values of an element, where a profile speaks of it, and its name."""

    kind: str
    label: str


@dataclass(slots=True)
class _Writer:
    form: Form
    text: Text

    def ask(self, depth: int, asked: Any, arguments: str) -> None:
        """Asks what has no code."""
        self.text.add(depth, f"r = {self.text.name('a', asked)}({arguments}, place)")
        self.text.add(depth, "if r is not None and not stands(r, place): return False")

    def test(self, depth: int, test: str, names: Mapping[str, Any], x: str) -> None:
        """Refuses what does not pass a test over `{x}`."""
        called = {name: self.text.name("n", thing) for name, thing in names.items()}
        self.text.add(depth, f"if not ({test.format(x=x, **called)}): return False")

    # ------------------------------------------------------------------------------------------------- elements

    def element(self, x: str, key: str, check: Check, nodes: list[Node]) -> None:
        if _kernel(check) in _SAID_AGAIN:
            asked = [part_of(one, group)[1] for one in nodes if (group := group_question(one, self.form.registry))]
            self.test(1, parts.KNOWN.test, parts.known(parts.recalled(check, key, asked)), x)
            return
        about = _About(names_of(nodes[0])[key] if nodes else "", self.form.shape.labels.get(key, key))
        many = _listed(check)
        if many is None:
            self.one(1, x, check, nodes, about)
            return
        self._sized(x, many, nodes)
        self.text.add(1, f"for one in {x}:")
        if any(one.slices for one in nodes):
            self._sliced(2, "one", many.inner, nodes, about.kind)
        else:
            self.one(2, "one", many.inner, nodes, about)
        self._counted(x, nodes, about.kind)

    def _sized(self, x: str, many: Many, nodes: list[Node]) -> None:
        least, most = max(many.least, 1), many.most
        for limits in filter(None, map(bounds, nodes)):
            least = max(least, limits[0])
            most = most if limits[1] == "*" else min(most, int(limits[1]))
        sized = f"len({x}) >= {least}" if least > 1 else x
        if most != _MANY:
            sized += f" and len({x}) <= {int(most)}"
        self.text.add(1, f"if not (type({x}) is list and {sized}): return False")

    def _counted(self, x: str, nodes: list[Node], kind: str) -> None:
        """The number of values in each slice."""
        for node in nodes:
            slicer = slicer_of(node, self.form.registry)
            if slicer is None or all(not one.least and one.most == _MANY for one in slicer.slices):
                continue
            needed = any(one.least for one in slicer.slices)
            counted = f"{self.text.name('s', parts.counted(slicer, kind))}({x}, place)"
            self.text.add(1, f"if {'' if needed else f'len({x}) > 1 and '}not {counted}: return False")

    def _counted_by_url(self, x: str, nodes: list[Node]) -> None:
        """The same of extensions, whose urls were gathered in `urls`."""
        rest: list[Node] = []
        for node in nodes:
            slicer = slicer_of(node, self.form.registry)
            if slicer is None or slicer.by_url is None or len(slicer.by_url) < len(slicer.slices):
                rest.append(node)
                continue
            for url, number in slicer.by_url.items():
                least, most = slicer.slices[number].least, slicer.slices[number].most
                named = f"urls.count({self.text.name('k', url)})"
                if least:
                    self.text.add(1, f"if {named} < {least}: return False")
                if most != _MANY:
                    several = f"len({x}) > {int(most)} and " if most else ""
                    self.text.add(1, f"if {several}{named} > {int(most)}: return False")
        self._counted(x, rest, "Extension")

    def one(self, depth: int, x: str, check: Check, nodes: list[Node], about: _About) -> None:
        """One value of an element."""
        text = self.text
        made = MADE_OF.get(check)
        if made is not None and made.sort == "same":
            self.one(depth, x, made.inner, nodes, about)
        elif made is not None and made.sort == "reference":
            self._reference(depth, x, made, nodes, about.label)
        elif made is not None and made.sort == "without":
            self.one(depth, x, made.inner, nodes, about)
            text.add(depth, f"if not {text.name('w', made.names)}.isdisjoint({x}):")
            self.ask(depth + 1, check, x)
        elif made is not None and made.sort == "code":
            text.add(depth, f"if not (type({x}) is str and {x} in {text.name('n', made.names)}):")
            self.ask(depth + 1, check, x)
            self._asked(depth, x, nodes, about.kind)
        elif check in parts.WORDS:
            self.test(depth, parts.WORDS[check].test, parts.WORDS[check].names, x)
            self._asked(depth, x, nodes, about.kind)
        elif check in SHAPES:
            self._object(depth, x, self.form.form(check, tuple(nodes), about.kind, about.label))
        else:
            self.ask(depth, check, x)
            self._asked(depth, x, nodes, about.kind)

    def _object(self, depth: int, x: str, form: Form) -> None:
        runs, other = self.text.name("f", form.runs), self.text.name("o", form.other)
        run = f"({runs}.get(tuple({x}), {other}) if type({x}) is dict else {other})"
        self.text.add(depth, f"if not {run}({x}, place): return False")

    def _reference(self, depth: int, x: str, made: Part, nodes: list[Node], label: str) -> None:
        registry, allowed = self.form.registry, made.names
        form = self.form.form(made.inner, tuple(nodes), "Reference", label)
        targets = [asked for one in nodes if (asked := target_question(one, origin_of(one), conforms))]
        other = self.text.name("o", parts.pointing(form, allowed, targets))
        if any(_demands(one, self.form) for one in nodes):
            self.text.add(depth, f"if not {other}({x}, place): return False")
            return
        narrowed = [kinds for one in nodes if (kinds := kinds_of(narrowing(one, origin_of(one))[0], registry))]
        for kinds in narrowed:
            allowed = allowed if "Resource" in kinds else allowed & frozenset(filter(None, kinds))
        test = parts.NARROW_REFERENCE if narrowed else parts.REFERENCE
        names = self.text.name("n", allowed)
        self.text.add(depth, f"if not ({test.format(x=x, allowed=names)}) and not {other}({x}, place): return False")

    def _asked(self, depth: int, x: str, nodes: list[Node], kind: str) -> None:
        """What profiles ask of a value without a form of its own."""
        registry = self.form.registry
        for node in nodes:
            fixed = fixed_of(node.element)
            asks = [*outer_questions(node, registry), *_graver(node, kind), *inside(node, registry)]
            if fixed is not None and type(fixed[1]) is str and len(asks) == 1:
                self.text.add(depth, f"if {x} != {self.text.name('k', fixed[1])}: return False")
                continue
            for ask in asks:
                self.ask(depth, ask, f"Item({x}, None, '', {kind!r})")

    def _sliced(self, depth: int, x: str, check: Check, nodes: list[Node], kind: str) -> None:
        """One value of an element that is told from others by one of its elements."""
        teller = parts.Teller(self._slicers(nodes), lambda more: self.form.form(check, (*nodes, *more), kind), kind)
        known = self.text.name("t", teller.known)
        self.text.add(depth, f"if type({x}) is not dict: return False", f"k = {x}.get({teller.name!r})")
        self.text.add(depth, f"f = {known}.get(k) if type(k) is str else None")
        self.text.add(depth, f"if f is None: f = {self.text.name('t', teller)}({x}, place)")
        self.text.add(depth, f"if not f.runs.get(tuple({x}), f.other)({x}, place): return False")

    # ------------------------------------------------------------------------------- extensions, and resources in it

    def extensions(self, x: str, key: str, check: Check, nodes: list[Node]) -> None:
        many = _listed(check)
        assert many is not None
        self._sized(x, many, nodes)
        modifier = key == "modifierExtension"
        urls = parts.Urls(self.form, many.inner, tuple(nodes), self._slicers(nodes), modifier)
        known, learn = self.text.name("u", urls.known), self.text.name("u", urls.learn)
        self.text.add(1, "urls = []", f"for one in {x}:", "    if type(one) is not dict: return False")
        self.text.add(2, "k = one.get('url')", "urls.append(k)")
        self.text.add(2, f"f = {known}.get(k) if type(k) is str else None", f"if f is None: f = {learn}(k)")
        self.text.add(2, "if f is None or not f.runs.get(tuple(one), f.other)(one, place): return False")
        self._counted_by_url(x, nodes)

    def _slicers(self, nodes: list[Node]) -> tuple[Slicer, ...]:
        return tuple(slicer for one in nodes if (slicer := slicer_of(one, self.form.registry)) is not None)

    # ----------------------------------------------------------------------------------------------------- rules

    def rules(self, plan: Plan, keys: tuple[str, ...]) -> None:
        """What is asked of the object as a whole."""
        text, form = self.text, self.form
        for rule in plan.invariants:
            used = "used(value, place) or " if rule.key == "dom-3" else ""
            if used:
                text.names["used"] = parts.used
            text.add(1, f"if not ({used}{text.name('h', rule.holds)}(value)): return False")
        for ask in plan.asks:
            if ask not in EXTENSIONS and ask not in GENTLE and not (ask in SETTLED and SETTLED[ask](keys)):
                self.ask(1, ask, "value")
        for node in form.nodes:
            for outer in _outer(node, form):
                self.ask(1, outer, f"Item(value, None, '', {form.kind!r})")
            path, rules = new_rules(node)
            for each in rules:
                if each["severity"] == "error" and not settled_by_keys(each, path or form.kind, keys):
                    self._rule(each, path or form.kind)

    def _rule(self, constraint: Definition, path: str) -> None:
        asked = question(constraint, path)
        if asked is None:
            return
        sure = certainly(constraint, path)
        if sure is not None:
            self.text.add(1, f"if not {self.text.name('h', sure)}(value):")
        self.ask(1 if sure is None else 2, asked, f"Item(value, None, '', {self.form.kind!r})")


def _graver(node: Node, kind: str) -> Iterator[Any]:
    path, rules = new_rules(node)
    for rule in rules:
        asked = question(rule, path or kind) if rule["severity"] == "error" else None
        if asked is not None:
            yield asked


def _outer(node: Node, form: Form) -> list[Question]:
    """What an element of a profile says about an object by itself; that it is an extension of its definition is said
    by the definition."""
    root = next((one for one in form.nodes if one.parent is None), None)
    named = {url for kind in node.types for url in kind.get("profile", ())}
    found = outer_questions(node, form.registry)
    said = root is not None and form.kind == "Extension" and named == {root.home["url"]}
    return [] if said and len(found) == 1 else found
