"""Which codes a value set holds, worked out from the loaded code systems.

Law: a verdict is IN, OUT or UNKNOWN; UNKNOWN only where a code system is not loaded, and then its name is given.
Sources: http://hl7.org/fhir/R4/valueset.html#compositions; BCP 13 (media types), BCP 47 (languages), ISO 4217.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from types import MappingProxyType
from typing import Any

from profiles.code_system import System, loaded
from profiles.definitions import code_system, value_set
from profiles.filters import passed

Codes = frozenset[str]
Coding = tuple[str, str]
_NO_CODES: Codes = frozenset()


class Membership(Enum):
    IN = "in"
    OUT = "out"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Members:
    """A value set, expanded: `codings` as (system, code), `codes` without system, `missing` systems not loaded."""

    codings: frozenset[Coding] = frozenset()
    codes: Codes = _NO_CODES
    missing: frozenset[str] = frozenset()
    syntaxes: frozenset[str] = frozenset()

    def code(self, code: str) -> Membership:
        """Where only a code is given and the system follows from the element (FHIR `code`)."""
        if code in self.codes or any(SYNTAXES[system](code) for system in self.syntaxes):
            return Membership.IN
        return Membership.UNKNOWN if self.missing else Membership.OUT

    def coding(self, system: str | None, code: str | None) -> Membership:
        if system is None or code is None:
            return Membership.OUT
        if (system, code) in self.codings or (system in self.syntaxes and SYNTAXES[system](code)):
            return Membership.IN
        return Membership.UNKNOWN if system in self.missing else Membership.OUT


# ----------------------------------------------------------------------------- systems that are a syntax, not a list

_MEDIA_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,127}/[A-Za-z0-9!#$&^_.+*-]{1,127}(?:\s*;\s*[^;\s=]+=[^;]+)*")
_LANGUAGE = re.compile(
    r"(?:[A-Za-z]{2,3}(?:-[A-Za-z]{3}){0,3}|[A-Za-z]{4,8})(?:-[A-Za-z]{4})?(?:-(?:[A-Za-z]{2}|[0-9]{3}))?"
    r"(?:-(?:[A-Za-z0-9]{5,8}|[0-9][A-Za-z0-9]{3}))*(?:-[A-WY-Za-wy-z0-9](?:-[A-Za-z0-9]{2,8})+)*"
    r"(?:-[xX](?:-[A-Za-z0-9]{1,8})+)?|[xX](?:-[A-Za-z0-9]{1,8})+|[iI](?:-[A-Za-z0-9]{2,8})+"
)
_CURRENCY = re.compile(r"[A-Z]{3}")
# CapabilityStatement.format and the `_format` parameter name these without a slash (http.html#mime-type).
_FORMATS = frozenset({"xml", "json", "ttl"})


def _is_media_type(code: str) -> bool:
    return code in _FORMATS or _MEDIA_TYPE.fullmatch(code) is not None


SYNTAXES: Mapping[str, Callable[[str], bool]] = MappingProxyType(
    {
        "urn:ietf:bcp:13": _is_media_type,
        "urn:ietf:bcp:47": lambda code: _LANGUAGE.fullmatch(code) is not None,
        "urn:iso:std:iso:4217": lambda code: _CURRENCY.fullmatch(code) is not None,
    }
)


# ------------------------------------------------------------------------------------------------- code systems


def system(url: str) -> System | None:
    """The code system, or None where its content is not loaded."""
    definition = code_system(url)
    if definition is None or definition["content"] == "not-present":
        return None
    return _system(definition["url"])


@cache
def _system(url: str) -> System:
    definition = code_system(url)
    assert definition is not None
    return loaded(definition)


def display(url: str, code: str) -> str | None:
    """The display of a code in a loaded system."""
    found = system(url)
    concept = found.concepts.get(code) if found else None
    return concept.get("display") if concept else None


# ----------------------------------------------------------------------------------------------------- expansion


@cache
def _expanded(url: str) -> Members:
    definition = value_set(url)
    assert definition is not None
    compose = definition["compose"]
    included = [_included(part) for part in compose.get("include", ())]
    excluded = [_included(part) for part in compose.get("exclude", ())]
    out: frozenset[Coding] = frozenset().union(*(part.codings for part in excluded))
    codings = frozenset().union(*(part.codings for part in included)) - out
    return Members(
        codings,
        frozenset(code for _, code in codings),
        frozenset().union(*(part.missing for part in included)),
        frozenset().union(*(part.syntaxes for part in included)),
    )


def expand(url: str) -> Members | None:
    """The members of a value set by canonical URL (version ignored); None when the value set itself is not known."""
    definition = value_set(url)
    return None if definition is None else _expanded(definition["url"])


def _included(part: Mapping[str, Any]) -> Members:
    """What one include or exclude names: its system part and all its value sets, intersected."""
    groups = [_of_system(part)] if "system" in part else []
    groups += [expand(url) or Members(missing=frozenset({url})) for url in part.get("valueSet", ())]
    result = groups[0] if groups else Members()
    for other in groups[1:]:
        codings = result.codings & other.codings
        result = Members(codings, _codes(codings), result.missing | other.missing, result.syntaxes & other.syntaxes)
    return result


def _codes(codings: frozenset[Coding]) -> Codes:
    return frozenset(code for _, code in codings)


def _of_system(part: Mapping[str, Any]) -> Members:
    url = part["system"]
    if "concept" in part:
        return _members(url, frozenset(concept["code"] for concept in part["concept"]))
    if url in SYNTAXES and "filter" not in part:
        return Members(syntaxes=frozenset({url}))
    found = system(url)
    filters = part.get("filter", ())
    if found is None:
        return Members(missing=frozenset({url}))
    codes = frozenset(found.concepts)
    for row in filters:
        passing = passed(found, row)
        if passing is None:
            return Members(missing=frozenset({url}))
        codes &= passing
    missing = frozenset() if found.complete else frozenset({url})
    return _members(url, codes, missing)


def _members(url: str, codes: Codes, missing: frozenset[str] = frozenset()) -> Members:
    return Members(frozenset((url, code) for code in codes), codes, missing)
