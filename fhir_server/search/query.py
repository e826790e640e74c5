"""A query string becomes a frozen Query (FHIR R4 search.html). Nothing is guessed: what cannot be read is an Issue.

An unknown parameter refuses the search, unless the caller asked for lenient handling: then it is left out of the
Query and of its `self` link, and reported.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Literal

from fhir_server.search.parameters import Parameter, parameters
from fhir_server.search.values import Surroundings, Value, read, split
from profiles.issue import Issue

Total = Literal["", "none", "estimate", "accurate"]
Summary = Literal["", "true", "text", "data", "count", "false"]


class Handling(Enum):
    """`Prefer: handling=` (search.html#errors)."""

    STRICT = "strict"
    LENIENT = "lenient"


@dataclass(frozen=True, slots=True)
class Criterion:
    """One parameter with its OR values."""

    parameter: Parameter
    modifier: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Chain:
    """`patient.identifier=…`: a reference whose target meets one of the inner conditions, by target type."""

    parameter: Parameter
    targets: tuple[tuple[str, Condition], ...]


@dataclass(frozen=True, slots=True)
class Has:
    """`_has:Observation:patient:code=…`: something that refers here and meets the inner condition."""

    parameter: Parameter
    inner: Condition


Condition = Criterion | Chain | Has


@dataclass(frozen=True, slots=True)
class SortKey:
    parameter: Parameter
    descending: bool


@dataclass(frozen=True, slots=True)
class Include:
    """`_include` or `_revinclude` of one source type; `parameters` are the references followed."""

    source: str
    parameters: tuple[Parameter, ...]
    target: str
    iterate: bool


@dataclass(frozen=True, slots=True)
class Query:
    """`pairs` are the parameters as understood: the `self` link. `ignored` are the names left out when lenient."""

    type: str
    conditions: tuple[Condition, ...] = ()
    sort: tuple[SortKey, ...] = ()
    count: int = 20
    includes: tuple[Include, ...] = ()
    revincludes: tuple[Include, ...] = ()
    total: Total = ""
    summary: Summary = ""
    elements: tuple[str, ...] = ()
    cursor: str = ""
    pairs: tuple[tuple[str, str], ...] = ()
    ignored: tuple[Issue, ...] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """Page sizes, and how much one query may ask for."""

    page: int = 20
    page_most: int = 1000
    values: int = 2000
    conditions: int = 100


GENERAL = frozenset({"_format", "_pretty"})
"""Parameters of every request, not of a search (http.html#parameters)."""
SORTABLE = frozenset({"date", "string", "number", "quantity"})
_MODIFIERS: dict[str, frozenset[str]] = {
    "token": frozenset({"not", "missing", "of-type"}),
    "string": frozenset({"exact", "contains", "missing"}),
    "reference": frozenset({"identifier", "missing"}),
    "uri": frozenset({"missing"}),
    "date": frozenset({"missing"}),
    "number": frozenset({"missing"}),
    "quantity": frozenset({"missing"}),
}
_COUNT = re.compile(r"\d{1,9}", re.ASCII)
_DEEPEST = 4
"""References one chain may follow."""


def parse(
    resource_type: str,
    pairs: Sequence[tuple[str, str]],
    around: Surroundings,
    handling: Handling = Handling.STRICT,
    limits: Limits | None = None,
) -> Query | tuple[Issue, ...]:
    """The Query, or every issue that stands against it."""
    reader = _Reader(resource_type, around, limits or Limits())
    for name, text in pairs:
        if name in GENERAL:
            continue
        before = len(reader.issues)
        reader.take(name, text)
        if len(reader.issues) == before:
            reader.pairs.append((name, text))
    ignored = [i for i in reader.issues if i.code == "search-parameter-unknown" and handling is Handling.LENIENT]
    against = tuple(issue for issue in reader.issues if issue not in ignored)
    return against or reader.query(tuple(ignored))


class _Reader:
    """Takes one parameter after the other; what it cannot read becomes an issue."""

    def __init__(self, resource_type: str, around: Surroundings, limits: Limits) -> None:
        self.type, self.around, self.limits = resource_type, around, limits
        self.issues: list[Issue] = []
        self.pairs: list[tuple[str, str]] = []
        self.conditions: list[Condition] = []
        self.sort: tuple[SortKey, ...] = ()
        self.count = limits.page
        self.includes: list[Include] = []
        self.revincludes: list[Include] = []
        self.total: Total = ""
        self.summary: Summary = ""
        self.elements: tuple[str, ...] = ()
        self.cursor = ""
        self.values = 0

    def query(self, ignored: tuple[Issue, ...]) -> Query:
        return Query(
            self.type,
            tuple(self.conditions),
            self.sort,
            self.count,
            tuple(self.includes),
            tuple(self.revincludes),
            self.total,
            self.summary,
            self.elements,
            self.cursor,
            tuple(pair for pair in self.pairs if pair[0] != "_cursor"),
            ignored,
        )

    def take(self, name: str, text: str) -> None:
        bare, _, modifier = name.partition(":")
        control = _CONTROLS.get(bare)
        if control is not None:
            control(self, modifier, text)
            return
        condition = self.condition(self.type, name, text, _DEEPEST)
        if condition is not None:
            self.conditions.append(condition)
            if len(self.conditions) > self.limits.conditions:
                self.refuse("search-value", name, "shorter query")

    def refuse(self, code: str, name: str, what: str = "") -> None:
        key = {"search-value": "type", "search-modifier": "modifier", "search-parameter-unknown": "type"}[code]
        self.issues.append(Issue(code, f"http.{_shown(name)}", details={"name": _shown(name), key: _shown(what)}))

    def condition(self, resource_type: str, name: str, text: str, depth: int) -> Condition | None:
        if name.startswith("_has:"):
            return self.has(resource_type, name, text, depth)
        head, dot, rest = name.partition(".")
        bare, _, modifier = head.partition(":")
        parameter = parameters(resource_type).get(bare)
        if parameter is None:
            self.refuse("search-parameter-unknown", name, resource_type)
            return None
        if dot:
            return self.chain(parameter, modifier, rest, text, depth)
        return self.criterion(parameter, modifier, text)

    def criterion(self, parameter: Parameter, modifier: str, text: str) -> Criterion | None:
        is_type = parameter.kind == "reference" and modifier in parameter.targets
        if modifier and not is_type and (modifier not in _MODIFIERS[parameter.kind] or not parameter.sources):
            self.refuse("search-modifier", parameter.code, modifier)
            return None
        values = [read(parameter, modifier, part, self.around) for part in split(text, ",")]
        self.values += len(values)
        known = tuple(value for value in values if value is not None)
        if len(known) < len(values) or self.values > self.limits.values:
            self.refuse("search-value", parameter.code, parameter.kind)
            return None
        return Criterion(parameter, modifier, known)

    def chain(self, parameter: Parameter, modifier: str, rest: str, text: str, depth: int) -> Chain | None:
        if parameter.kind != "reference" or depth == 0 or (modifier and modifier not in parameter.targets):
            self.refuse("search-modifier", parameter.code, modifier or "." + rest)
            return None
        types = (modifier,) if modifier else parameter.targets
        bare = "_has" if rest.startswith("_has:") else rest.partition(".")[0].partition(":")[0]
        fitting = [t for t in types if bare == "_has" or bare in parameters(t)]
        if not fitting:
            self.refuse("search-parameter-unknown", f"{parameter.code}.{rest}", self.type)
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
        if resource_type not in parameter.targets:
            self.refuse("search-modifier", name, source)
            return None
        inner = self.condition(source, inner_name, text, depth - 1)
        return Has(parameter, inner) if inner is not None else None

    def take_sort(self, _modifier: str, text: str) -> None:
        keys = []
        for part in text.split(","):
            parameter = parameters(self.type).get(part.lstrip("-"))
            if parameter is None:
                self.refuse("search-parameter-unknown", part, self.type)
            elif parameter.sources and parameter.kind not in SORTABLE:
                self.refuse("search-value", "_sort", "sortable parameter")
            else:
                keys.append(SortKey(parameter, part.startswith("-")))
        if len(keys) > 4:
            self.refuse("search-value", "_sort", "list of up to 4 parameters")
        self.sort = tuple(keys)

    def take_count(self, _modifier: str, text: str) -> None:
        if _COUNT.fullmatch(text):
            self.count = min(int(text), self.limits.page_most)
        else:
            self.refuse("search-value", "_count", "number")

    def take_include(self, modifier: str, text: str) -> None:
        include = self.include("_include", modifier, text)
        if include is not None:
            self.includes.append(include)

    def take_revinclude(self, modifier: str, text: str) -> None:
        include = self.include("_revinclude", modifier, text)
        if include is not None:
            self.revincludes.append(include)

    def include(self, name: str, modifier: str, text: str) -> Include | None:
        if modifier not in ("", "iterate", "recurse"):
            self.refuse("search-modifier", name, modifier)
            return None
        source, _, rest = text.partition(":")
        code, _, target = rest.partition(":")
        if source == "*" and not code:
            source, code = self.type, "*"
        known = parameters(source)
        if code == "*":
            followed = tuple(p for p in known.values() if p.kind == "reference")
        else:
            followed = tuple(p for p in (known.get(code),) if p is not None and p.kind == "reference")
        if not followed or (target and code != "*" and target not in followed[0].targets):
            self.refuse("search-value", name, "Type:parameter of a reference")
            return None
        return Include(source, followed, target, bool(modifier))

    def take_total(self, _modifier: str, text: str) -> None:
        if text in ("none", "estimate", "accurate"):
            self.total = text  # type: ignore[assignment]
        else:
            self.refuse("search-value", "_total", "code")

    def take_summary(self, _modifier: str, text: str) -> None:
        if text in ("true", "text", "data", "count", "false"):
            self.summary = text  # type: ignore[assignment]
        else:
            self.refuse("search-value", "_summary", "code")

    def take_elements(self, _modifier: str, text: str) -> None:
        self.elements = tuple(part for part in text.split(",") if part)

    def take_cursor(self, _modifier: str, text: str) -> None:
        self.cursor = text


_CONTROLS = {
    "_sort": _Reader.take_sort,
    "_count": _Reader.take_count,
    "_include": _Reader.take_include,
    "_revinclude": _Reader.take_revinclude,
    "_total": _Reader.take_total,
    "_summary": _Reader.take_summary,
    "_elements": _Reader.take_elements,
    "_cursor": _Reader.take_cursor,
}
CONTROLS = frozenset(_CONTROLS) - {"_cursor"}
"""The parameters that shape the answer."""


def _shown(name: str) -> str:
    """A name from the query as it may appear in a message: a caller may have put a patient's data there."""
    return name if re.fullmatch(r"[A-Za-z_:.\-]{1,80}", name, re.ASCII) else "…"
