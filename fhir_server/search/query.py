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

from fhir_server.search.condition import Chain, Condition, Criterion, Has, Member
from fhir_server.search.criteria import Criteria, Limits
from fhir_server.search.filter import parse as parse_filter
from fhir_server.search.modifiers import sortable
from fhir_server.search.parameters import EVERY, Parameter, parameters, types_of
from fhir_server.search.unfilled import unfilled
from fhir_server.search.values import Surroundings
from profiles.definitions import resource_types
from profiles.issue import Issue

__all__ = [
    "Chain",
    "Condition",
    "Criterion",
    "Handling",
    "Has",
    "Include",
    "Limits",
    "Member",
    "Query",
    "SortKey",
    "parse",
]

Total = Literal["", "none", "estimate", "accurate"]
Summary = Literal["", "true", "text", "data", "count", "false"]


class Handling(Enum):
    """`Prefer: handling=` (search.html#errors)."""

    STRICT = "strict"
    LENIENT = "lenient"


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
    """`pairs` are the parameters as understood: the `self` link. `ignored` are the names left out when lenient.

    `path` is the address, when it is not the type: `Patient/1/Observation`, '' for the system.
    """

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
    path: str | None = None


GENERAL = frozenset({"_format", "_pretty"})
"""Parameters of every request, not of a search (http.html#parameters)."""
_ONCE = frozenset({"_sort", "_count", "_total", "_summary", "_elements"})
_COUNT = re.compile(r"\d{1,20}", re.ASCII)


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
        if name in GENERAL or not text:  # an empty value says nothing (search.html#modifiers)
            continue
        before = len(reader.issues)
        reader.take(name, text)
        if len(reader.issues) == before:
            if name in _ONCE:  # of two the last counts, and `self` says what was done
                reader.pairs[:] = [pair for pair in reader.pairs if pair[0] != name]
            reader.pairs.append((name, text))
    ignored = [i for i in reader.issues if i.code == "search-parameter-unknown" and handling is Handling.LENIENT]
    against = tuple(issue for issue in reader.issues if issue not in ignored)
    if against:
        return against
    query = reader.query(tuple(ignored))
    return unfilled(query) or query


class _Reader:
    """Takes one parameter after the other; what it cannot read becomes an issue."""

    def __init__(self, resource_type: str, around: Surroundings, limits: Limits) -> None:
        self.type, self.limits = resource_type, limits
        self.criteria = Criteria(around, limits)
        self.issues, self.refuse = self.criteria.issues, self.criteria.refuse
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
        if "." in modifier:  # a chain that begins with a type
            bare = name
        control = _CONTROLS.get(bare)
        if control is not None:
            control(self, modifier, text)
            return
        condition = self.criteria.condition(self.type, name, text)
        if condition is not None:
            self.conditions.append(condition)
            if len(self.conditions) > self.limits.conditions:
                self.refuse("search-value", name, "shorter query")

    def take_filter(self, modifier: str, text: str) -> None:
        tree = parse_filter(text) if not modifier else None
        if tree is None:
            self.refuse("search-value", "_filter", "filter")
            return
        condition = self.criteria.filtered(self.type, tree)
        if condition is not None:
            self.conditions.append(condition)

    def take_contained(self, _modifier: str, text: str) -> None:
        if text != "false":
            self.refuse("search-value", "_contained", "value other than true")

    def take_sort(self, _modifier: str, text: str) -> None:
        keys: list[SortKey] = []
        for part in text.split(",", 9)[:9]:  # more than 4 are refused whatever they are
            parameter = parameters(self.type).get(part.lstrip("-"))
            if parameter is None:
                self.refuse("search-parameter-unknown", part, self.type)
            elif parameter.sources and not sortable(parameter):
                self.refuse("search-value", "_sort", "sortable parameter")
            elif all(key.parameter is not parameter for key in keys):  # what is equal by it stays equal by it
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
        self.includes += self.include("_include", modifier, text)

    def take_revinclude(self, modifier: str, text: str) -> None:
        self.revincludes += self.include("_revinclude", modifier, text)

    def include(self, name: str, modifier: str, text: str) -> list[Include]:
        if modifier not in ("", "iterate", "recurse"):
            self.refuse("search-modifier", name, modifier, ("iterate",))
            return []
        source, _, rest = text.partition(":")
        code, _, target = rest.partition(":")
        text = "*" if text == "*:*" else text  # as other servers write it
        if text == "*" and name == "_include":  # every reference of every type that is searched
            return [Include(one, _references(one), "", bool(modifier)) for one in types_of(self.type)]
        if text == "*":
            return [Include(EVERY, _referring(self.type), "", bool(modifier))]
        followed = _references(source, "" if code == "*" else code) if code else ()
        unnamed = text.endswith(":")
        if not followed or unnamed or (target and code != "*" and target not in followed[0].targets):
            self.refuse("search-value", name, "Type:parameter of a reference")
            return []
        return [Include(source, followed, target, bool(modifier))]

    def take_total(self, _modifier: str, text: str) -> None:
        if text in ("none", "estimate", "accurate"):
            self.total = text  # type: ignore[assignment]
        else:
            self.refuse("search-value", "_total", "code")

    def take_total_method(self, _modifier: str, text: str) -> None:
        """The name fhirpy and the server it comes from have for `_total`."""
        self.take_total("", {"count": "accurate"}.get(text, "estimate"))

    def take_summary(self, _modifier: str, text: str) -> None:
        if text in ("true", "text", "data", "count", "false"):
            self.summary = text  # type: ignore[assignment]
        else:
            self.refuse("search-value", "_summary", "code")

    def take_elements(self, _modifier: str, text: str) -> None:
        self.elements = tuple(part for part in text.split(",") if part)

    def take_cursor(self, _modifier: str, text: str) -> None:
        self.cursor = text


def _references(source: str, code: str = "") -> tuple[Parameter, ...]:
    """The reference parameters of a type, or the one of that name."""
    known = parameters(source) if source in resource_types() else {}
    return tuple(each for each in known.values() if each.kind == "reference" and code in ("", each.code))


def _referring(name: str) -> tuple[Parameter, ...]:
    """Every parameter that may refer to a type (`_revinclude=*`)."""
    wanted = set(types_of(name))
    return tuple(each for one in types_of(EVERY) for each in _references(one) if wanted & set(each.targets))


_CONTROLS = {
    "_sort": _Reader.take_sort,
    "_count": _Reader.take_count,
    "_include": _Reader.take_include,
    "_revinclude": _Reader.take_revinclude,
    "_total": _Reader.take_total,
    "_totalMethod": _Reader.take_total_method,
    "_summary": _Reader.take_summary,
    "_elements": _Reader.take_elements,
    "_cursor": _Reader.take_cursor,
    "_filter": _Reader.take_filter,
    "_contained": _Reader.take_contained,
}
CONTROLS = frozenset(_CONTROLS) - {"_cursor", "_filter", "_totalMethod"}
"""The parameters that shape the answer."""
