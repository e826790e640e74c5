"""One condition of a query, from its name and its text (FHIR R4 search.html): modifiers, chains, `_has`, composites,
`_list`, and the tests of a `_filter`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from fhir_server.search.comparison import comparison, operators
from fhir_server.search.composite import Composite, composites
from fhir_server.search.condition import (
    Chain,
    Condition,
    Criterion,
    Every,
    Has,
    Listed,
    Not,
    Some,
    Tree,
)
from fhir_server.search.filter import Junction, Negation
from fhir_server.search.filter import Tree as FilterTree
from fhir_server.search.modifiers import modifiers, part_of
from fhir_server.search.parameters import EVERY, Parameter, parameters, types_of
from fhir_server.search.terminology import NotKnown, hierarchy, in_value_set, understood
from fhir_server.search.text import normalised
from fhir_server.search.text_lists import longest_text
from fhir_server.search.together import both, missing
from fhir_server.search.values import AnyOf, Surroundings, Target, Token, Value, Words, read, split, unescaped
from profiles.issue import Issue

_LIST_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}", re.ASCII)
_DEEPEST = 4
"""References one chain may follow."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Page sizes, and how much one query may ask for."""

    page: int = 20
    page_most: int = 1000
    values: int = 2000
    codes: int = 20_000
    conditions: int = 100


class Criteria:
    """Reads conditions; what it cannot read becomes an issue, and the condition None."""

    def __init__(self, around: Surroundings, limits: Limits) -> None:
        self.around, self.limits = around, limits
        self.issues: list[Issue] = []
        self.values = self.codes = 0
        self.operator = ""

    def refuse(self, code: str, name: str, what: str = "", valid: Iterable[str] = ()) -> None:
        key = {"search-modifier": "modifier", "search-codes": "what", "search-text-long": "limit"}.get(code, "type")
        details = {"name": _shown(name), key: _shown(what) if key == "modifier" else what}
        if code == "search-modifier":
            details["valid"] = ", ".join(valid) or "-"
        self.issues.append(Issue(code, f"http.{_shown(name)}", details=details))

    def condition(self, resource_type: str, name: str, text: str, depth: int = _DEEPEST) -> Condition | None:
        if name.startswith("_has:"):
            return self.has(resource_type, name, text, depth)
        if name == "_list":
            return self.listed(text)
        head, dot, rest = name.partition(".")
        bare, _, modifier = head.partition(":")
        composite = composites(resource_type).get(bare)
        if composite is not None:
            return self.composite(composite, modifier or rest, text)
        parameter = parameters(resource_type).get(bare)
        if parameter is None:
            self.refuse("search-parameter-unknown", name, resource_type)
            return None
        if dot:
            return self.chain(parameter, modifier, rest, text, depth)
        return self.criterion(parameter, modifier, text)

    def criterion(self, parameter: Parameter, modifier: str, text: str) -> Condition | None:
        if self.operator:
            return self.test(parameter, modifier, text)
        if modifier and modifier not in parameter.targets and modifier not in modifiers(parameter):
            self.refuse("search-modifier", parameter.code, modifier, sorted(modifiers(parameter)))
            return None
        if parameter.kind == "uri" and parameter.code == "url" and not modifier and "|" in text:
            return self.canonical(parameter, split(text, ","))
        known = self.read(parameter, modifier, split(text, ","))
        if known is None:
            return None
        if parameter.kind == "reference" and modifier in ("above", "below"):
            return self.tree(Criterion(parameter, "", known), modifier)
        return Criterion(parameter, modifier, known)

    def canonical(self, parameter: Parameter, parts: Sequence[str]) -> Condition | None:
        """`url=http://a|1.0`: a canonical names the version, too, which the resource keeps in an element of its own."""
        version, found = parameters(parameter.type).get("version"), list[Condition]()
        for part in parts:
            url, _, number = part.partition("|")
            values = self.read(parameter, "", [url])
            if values is None:
                return None
            named: Condition = Criterion(parameter, "", values)
            if number and version is not None:
                numbers = self.read(version, "", [number])
                if numbers is None:
                    return None
                named = Every((named, Criterion(version, "", numbers)))
            found.append(named)
        return found[0] if len(found) == 1 else Some(tuple(found))

    def read(self, parameter: Parameter, modifier: str, parts: Sequence[str]) -> tuple[Value, ...] | None:
        """The OR values, or None when one of them cannot be read."""
        found: list[Value] = []
        for part in parts:
            value = self.value(parameter, modifier, part)
            if value is None:
                self.refuse("search-value", parameter.code, parameter.kind)
                return None
            if isinstance(value, NotKnown):
                self.refuse("search-codes", parameter.code, value.what)
                return None
            if isinstance(value, Words) and (most := self.too_long(parameter, modifier, value.text)):
                self.refuse("search-text-long", parameter.code, str(most))
                return None
            found.append(value)
        self.values += len(parts)
        self.codes += sum(len(value.tokens) for value in found if isinstance(value, AnyOf))
        if self.values > self.limits.values or self.codes > self.limits.codes:
            self.refuse("search-value", parameter.code, "shorter list")
            return None
        return tuple(found)

    def too_long(self, parameter: Parameter, modifier: str, text: str) -> int:
        """The characters a text may have when it has more: a shorter one would find what was not meant."""
        most = longest_text(parameter, modifier)
        if most is None or (len(text) <= most and text.isascii()):
            return 0
        return most if len(text if parameter.kind == "uri" else normalised(text)) > most else 0

    def value(self, parameter: Parameter, modifier: str, text: str) -> Value | NotKnown | None:
        if modifier in ("in", "not-in"):
            return in_value_set(parameter, unescaped(text), self.around) if text else None
        value = read(parameter, modifier, text, self.around)
        if not isinstance(value, Token) or not parameter.sources:
            return value
        if modifier == "identifier":
            return replace(value, cased=True)
        if modifier in ("above", "below"):
            return hierarchy(parameter, value, modifier, self.around)
        return understood(parameter, value)

    def tree(self, criterion: Criterion, direction: str) -> Tree | None:
        links = part_of(criterion.parameter)
        if not links or not all(isinstance(value, Target) for value in criterion.values):
            self.refuse("search-modifier", criterion.parameter.code, direction, modifiers(criterion.parameter))
            return None
        return Tree(criterion, links, "above" if direction == "above" else "below")

    def listed(self, text: str) -> Condition | None:
        names = split(text, ",")
        if not all(_LIST_ID.fullmatch(name) for name in names):  # `$current-problems` and its like are not kept here
            self.refuse("search-value", "_list", "id of a List")
            return None
        return Some(tuple(Listed(name) for name in names)) if len(names) > 1 else Listed(names[0])

    def composite(self, composite: Composite, modifier: str, text: str) -> Condition | None:
        if modifier == "missing" and text in ("true", "false"):
            return missing(composite, wanted=text == "true")
        if modifier or self.operator:
            self.refuse("search-modifier", composite.code, modifier or self.operator, ("missing",))
            return None
        found: list[Condition] = []
        for value in split(text, ","):
            parts = split(value, "$")
            if len(parts) != composite.parts:
                self.refuse("search-value", composite.code, "$-list of parts")
                return None
            for alternative in composite.alternatives:
                values = [self.read(part, "", [each]) for part, each in zip(alternative.parts, parts, strict=True)]
                known = [each for each in values if each is not None]
                if len(known) < len(values):
                    return None
                found.append(both(alternative, [each[0] for each in known]))
        return found[0] if len(found) == 1 else Some(tuple(found))

    def chain(self, parameter: Parameter, modifier: str, rest: str, text: str, depth: int) -> Chain | None:
        if parameter.kind != "reference" or depth == 0 or (modifier and modifier not in parameter.targets):
            self.refuse("search-modifier", parameter.code, modifier or "." + rest)
            return None
        types = (modifier,) if modifier else parameter.targets
        bare = "_has" if rest.startswith("_has:") else rest.partition(".")[0].partition(":")[0]
        general = bare in ("_has", "_list")
        fitting = [t for t in types if general or bare in parameters(t) or bare in composites(t)]
        if not fitting:
            self.refuse("search-parameter-unknown", f"{parameter.code}.{rest}", parameter.type)
            return None
        before = len(self.issues)
        inner = [(t, self.condition(t, rest, text, depth - 1)) for t in fitting]
        known = tuple((t, condition) for t, condition in inner if condition is not None)
        if known:
            del self.issues[before:]  # a type whose parameter has another kind is not a target of this chain
        return Chain(parameter, known) if known else None

    def has(self, resource_type: str, name: str, text: str, depth: int) -> Has | None:
        _, _, rest = name.partition(":")
        source, _, rest = rest.partition(":")
        code, _, inner_name = rest.partition(":")
        parameter = parameters(source).get(code)
        if parameter is None or parameter.kind != "reference" or not inner_name or depth == 0:
            self.refuse("search-parameter-unknown", name, resource_type)
            return None
        # A search of all types finds of each what is referred to, and nothing of those that nobody may refer to.
        if resource_type != EVERY and not set(types_of(resource_type)) <= set(parameter.targets):
            self.refuse("search-modifier", name, source)
            return None
        inner = self.condition(source, inner_name, text, depth - 1)
        return Has(parameter, inner) if inner is not None else None

    def filtered(self, resource_type: str, tree: FilterTree) -> Condition | None:
        if isinstance(tree, Negation):
            inner = self.filtered(resource_type, tree.inner)
            return None if inner is None else Not(inner)
        if isinstance(tree, Junction):
            left = self.filtered(resource_type, tree.left)
            right = self.filtered(resource_type, tree.right)
            if left is None or right is None:
                return None
            kind = Every if tree.kind == "and" else Some
            return kind((*(left.conditions if isinstance(left, kind) else (left,)), right))
        self.operator = tree.operator
        condition = self.condition(resource_type, tree.path, tree.value)
        self.operator = ""
        return condition

    def test(self, parameter: Parameter, modifier: str, text: str) -> Condition | None:
        """The end of a path of a filter."""
        asked = None if modifier else comparison(parameter, self.operator, text)
        if asked is None:
            self.refuse("search-modifier", parameter.code, modifier or self.operator, operators(parameter))
            return None
        values = self.read(parameter, asked.modifier, [asked.text])
        return None if values is None else asked.condition(parameter, values)


def _shown(name: str) -> str:
    """A name from the query as it may appear in a message: a caller may have put a patient's data there."""
    return name if re.fullmatch(r"[A-Za-z_:.\-]{1,80}", name, re.ASCII) else "…"
