"""Coding and Quantity: the code is one of the system it names, and is called what the system calls it.

Law: asked for every Coding and Quantity there is, so an equal question is answered from memory.
Sources: http://hl7.org/fhir/R4/datatypes.html#Coding, #Quantity, terminologies.html,
datatypes-definitions.html#Coding.system ("should never be the canonical URL of a value set").
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from profiles.code_system import loaded
from profiles.coding import Problem, Problems, problems
from profiles.issue import Issue
from profiles.registry import Registry
from profiles.terminology import Terminology
from profiles.validator.place import Place
from profiles.validator.rules.known import is_free_of

Json = dict[str, Any]
_MOST = 8192
_NO_CODE = frozenset({"coding-code-unknown", "coding-code-malformed"})


def coded(coding: Json, place: Place) -> Iterable[Issue]:
    """What the code system has against a Coding."""
    found = problems(coding, place.registry.terminology)
    if not found:
        return ()
    if not place.free or place.expression:
        return _issues(found, coding, place)
    return _told(found, place.registry)


def _told(found: Problems, registry: Registry) -> list[Issue]:
    """Problems as Issues, made once as long as `found` is remembered: it is most often LOINC, which nobody has here."""
    told: dict[int, tuple[Problems, list[Issue]]] = registry.once("coding-issues", dict)
    known = told.get(id(found))
    if known is None or known[0] is not found:  # `found` is kept with its issues, so its id is nobody else's
        if len(told) >= _MOST:
            told.clear()
        known = told[id(found)] = (found, [Issue(code, path, details=details) for code, path, details in found])
    return known[1]


def measured_in(quantity: Json, place: Place) -> Iterable[Issue]:
    """What the system of the unit has against its code; `unit` is for people and may be any text.

    A wrong code is a warning here: value and unit stay readable, and nobody can reckon with it unnoticed.
    """
    system = quantity.get("system")
    if system is None:
        return ()
    code, terminology = quantity.get("code"), place.registry.terminology
    found = terminology.judged.get((system, None, code, None))
    if found is None:
        found = problems({"system": system, "code": code}, terminology)
    return _issues([_of_unit(problem) for problem in found], quantity, place) if found else ()


def _of_unit(problem: Problem) -> Problem:
    if problem.code not in _NO_CODE:
        return problem
    code = "unit-invalid" if "place" in problem.details else "unit-code-unknown"
    return problem._replace(code=code)


def _issues(found: Iterable[Problem], coding: Json, place: Place) -> Iterator[Issue]:
    for code, path, details in found:
        if code == "terminology-unknown":
            yield from _contained(coding, path, details, place)
        else:
            yield Issue(code, place.expression + path, details=details)


def _contained(coding: Json, path: str, details: Any, place: Place) -> Iterator[Issue]:
    """A system that is not loaded may be contained in the resource itself (a Questionnaire with codes of its own)."""
    contained = (place.container or place.resource).get("contained")
    contained = contained if type(contained) is list else ()  # what is around a sound value need not be sound
    own = next((each for each in contained if _is_system(each, coding["system"])), None)
    if own is None or not is_free_of(own, place.registry):
        yield Issue("terminology-unknown", place.expression + path, details=details)
        return
    system = loaded({"content": "complete", **own})
    only = Terminology(lambda kind, url, version: system.definition if kind == "CodeSystem" else None)
    for code, where, more in problems(coding, only):
        yield Issue(code, place.expression + where, details=more)


def _is_system(resource: Any, url: str) -> bool:
    return (
        type(resource) is dict
        and resource.get("resourceType") == "CodeSystem"
        and resource.get("url") == url
        and bool(resource.get("concept"))
    )
