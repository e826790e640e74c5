"""What codes a token search with `:in`, `:above`, `:below` or an implied system asks for (FHIR R4 search.html#token).

Worked out from what is loaded: R4's code systems and value sets, and the ValueSets of the store. Where a code system
is not loaded the answer would be a guess, so the search is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from fhir_server.search.elements import parameter_places, types
from fhir_server.search.parameters import Parameter
from fhir_server.search.reference import local
from fhir_server.search.values import AnyOf, Surroundings, Token
from profiles import terminology
from profiles.expansion import expansion
from profiles.issue import Issue

MOST = 10_000
"""Codes one search may ask for."""
_IDENTIFIER = frozenset({"Identifier"})
_NO_CODE = Token("", "\x00")
"""No element holds this code."""
_BOOLEANS = "http://hl7.org/fhir/special-values"


@dataclass(frozen=True, slots=True)
class NotKnown:
    """Why a set of codes cannot be given: `what` is not loaded, or too large."""

    what: str


# ------------------------------------------------------------------------------------- implied systems


_CODE = frozenset({"code"})


@cache
def required(parameter: Parameter) -> frozenset[str] | None:
    """All codes the elements may hold, when they are plain codes of required value sets that can be expanded."""
    found: set[str] = set()
    for place in parameter_places(parameter):
        members = terminology.expand(place.value_set) if place.type == "code" and place.value_set else None
        if not members:
            return None
        found.update(code for _, code in members.codings)
    return frozenset(found) or None


@cache
def implied(parameter: Parameter) -> Mapping[str, frozenset[str]]:
    """The codes of a `code` or `boolean` element by the system its required value set gives them."""
    found: dict[str, set[str]] = {}
    for place in parameter_places(parameter):
        if place.type == "boolean":
            found.setdefault(_BOOLEANS, set()).update(("true", "false"))
        members = terminology.expand(place.value_set) if place.type == "code" and place.value_set else None
        for system, code in members.codings if members else ():
            found.setdefault(system, set()).add(code)
    return {system: frozenset(codes) for system, codes in found.items()}


def understood(parameter: Parameter, token: Token) -> Token | AnyOf:
    """What a token asks for, from the data types of the parameter: an identifier, a coded value, or either."""
    known = types(parameter)
    if known == _IDENTIFIER:
        return replace(token, cased=True)
    if "Identifier" in known or not known:
        return AnyOf((token, replace(token, cased=True)))
    if known == _CODE and token.code:  # validated codes of FHIR itself, which differ by case: nothing is in doubt
        codes = required(parameter)
        if codes is not None and token.code not in codes:
            return _NO_CODE
    return _with_implied(parameter, token)


def _with_implied(parameter: Parameter, token: Token) -> Token | AnyOf:
    """`system|code` also asks for the plain code where the element implies that system."""
    if not token.system:
        return token
    codes = implied(parameter).get(token.system)
    if codes is None:
        return token
    plain = [code for code in codes if token.code in ("", code)]
    return AnyOf((token, *(Token("", code) for code in sorted(plain)))) if plain else token


# ------------------------------------------------------------------------------- value sets and hierarchies


def in_value_set(parameter: Parameter, reference: str, around: Surroundings) -> AnyOf | NotKnown:
    """The codes of a value set, named by canonical URL, by `ValueSet/id` or by id."""
    definition = _value_set(reference.removeprefix(around.base + "/"), around)
    if definition is None:
        return NotKnown("value set")
    members = expansion(definition, around.sources)
    if isinstance(members, Issue):
        return NotKnown(f"code system {members.details.get('system', '')}".rstrip())
    return _any(parameter, [Token(system, code) for system, code in members])


def _value_set(reference: str, around: Surroundings) -> Mapping[str, Any] | None:
    found = local(reference)
    if found is not None or ":" not in reference:
        return around.value_set(found[1] if found else reference)
    url, _, version = reference.partition("|")
    return around.sources.value_set(url, version)


def hierarchy(parameter: Parameter, token: Token, direction: str, around: Surroundings) -> AnyOf | NotKnown:
    """The code itself and all codes `below` (or `above`) it."""
    system = token.system
    if system is None:
        known = [name for name, codes in implied(parameter).items() if token.code in codes]
        system = known[0] if len(known) == 1 else ""
    found = around.sources.code_system(system, "") if system else None
    concept = found.find(token.code) if found else None
    if found is None or concept is None:
        return NotKnown(f"code system {system}".rstrip())
    code = concept["code"]
    codes = found.below(code) if direction == "below" else found.above(code)
    return _any(parameter, [Token(system, each) for each in (code, *sorted(codes))])


def _any(parameter: Parameter, tokens: list[Token]) -> AnyOf | NotKnown:
    if len(tokens) > MOST:
        return NotKnown(f"list of more than {MOST} codes")
    plain = implied(parameter)
    implied_tokens = [Token("", t.code) for t in tokens if t.code in plain.get(t.system or "", ())]
    return AnyOf((*tokens, *implied_tokens))
