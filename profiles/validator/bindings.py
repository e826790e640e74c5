"""Required bindings: a code, Coding, CodeableConcept or Quantity must come from its value set.

Law: only bindings of strength `required` refuse; a code of a system that is not loaded is a warning, never a guess.
Source: http://hl7.org/fhir/R4/terminologies.html#required.
"""

from __future__ import annotations

from typing import Any

from profiles.terminology import Members, Membership, expand
from profiles.validator.composition import Part, made
from profiles.validator.finding import Check, Findings, both, finding, unsound
from profiles.validator.place import Place


def bound(type_name: str, value_set: str, check: Check) -> Check:
    """The check of an element with a required binding; `check` is that of its type."""
    members = expand(value_set)
    if members is None:
        url = frozenset({value_set.partition("|")[0]})
        members = Members(missing=url, unread=url)
    make = _BINDINGS.get(type_name)
    return check if make is None else make(members, value_set.partition("|")[0], check)


def at_most(type_name: str, value_set: str, check: Check) -> Check:
    """The check of an element whose codes come from a greatest value set; a text alone says no code and is fine."""
    checked = bound(type_name, value_set, check)
    if type_name != "CodeableConcept":
        return checked
    return lambda value, place: (checked if type(value) is dict and "coding" in value else check)(value, place)


def _of_code(members: Members, value_set: str, check: Check) -> Check:
    codes = members.codes

    def bound_code(value: Any, place: Place) -> Findings | None:
        if type(value) is str and value in codes:
            return None
        return check(value, place) or _outcome(members.code(value), members, value_set)

    return made(bound_code, Part("code", check, codes))


def _of_coding(members: Members, value_set: str, check: Check) -> Check:
    codings = members.codings

    def bound_coding(value: Any, place: Place) -> Findings | None:
        found = check(value, place)
        if found is not None and unsound(found):
            return found
        pair = (value.get("system"), value.get("code"))
        return found if pair in codings else both(found, _outcome(members.coding(*pair), members, value_set))

    return made(bound_coding, Part("more", check))


def _of_codeable_concept(members: Members, value_set: str, check: Check) -> Check:
    codings = members.codings

    def bound_codeable_concept(value: Any, place: Place) -> Findings | None:
        found = check(value, place)
        if found is not None and unsound(found):
            return found
        pairs = [(coding.get("system"), coding.get("code")) for coding in value.get("coding", ())]
        for pair in pairs:
            if pair in codings:
                return found
        verdicts = {members.coding(*pair) for pair in pairs}
        best = next((v for v in (Membership.IN, Membership.UNKNOWN) if v in verdicts), Membership.OUT)
        return both(found, _outcome(best, members, value_set))

    return made(bound_codeable_concept, Part("more", check))


def _outcome(verdict: Membership, members: Members, value_set: str) -> Findings | None:
    if verdict is Membership.IN:
        return None
    if verdict is Membership.UNKNOWN:
        return finding("terminology-unknown", system=" ".join(sorted(members.missing)))
    return finding("code-not-in-valueset", valueset=value_set)


_BINDINGS = {
    "code": _of_code,
    "string": _of_code,
    "uri": _of_code,
    "Coding": _of_coding,
    "Quantity": _of_coding,
    "CodeableConcept": _of_codeable_concept,
}
