"""What a code system has against a coding: that it has no such code, that it calls it otherwise, that it ended it.

Law: only what is loaded is judged; what is not is said, with the name of the system. A form that no code of the system
can have (a check digit, a unit that is no UCUM) is wrong whether the system is loaded or not. Equal questions are
answered once for each `Terminology`, as far as they are short and few.
Sources: http://hl7.org/fhir/R4/terminologies.html, datatypes.html#Coding, codesystem.html#supplements,
terminologies-systems.html; CodeSystem.caseSensitive (comment: where it is not said, any case is accepted).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from profiles.check_digits import FORMS
from profiles.code_system import Json, System, is_abstract, is_inactive, names_of
from profiles.iso_codes import COUNTRIES, CURRENCIES
from profiles.syntaxes import SYNTAXES
from profiles.systems import CANONICAL_BASE, LOINC, SNOMED_CT, UCUM
from profiles.terminology import Terminology

_NOTHING: Mapping[str, str] = MappingProxyType({})
_MOST, _LONGEST = 8192, 256
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_VALUE_SETS = "http://hl7.org/fhir/ValueSet/"
_MUCH_USED = (SNOMED_CT, LOINC, UCUM, "http://www.nlm.nih.gov/research/umls/rxnorm")
# Tables of HL7 v2 are added to by sites and by later versions; R4 brings them as they were in 2018.
_OPEN = "http://terminology.hl7.org/CodeSystem/v2-"
# What an institution calls things: a list of its own, which nobody has. That it is not here is as it should be.
_LOCAL = re.compile(re.escape(CANONICAL_BASE) + r"/sid/[^/]+/code/[^/]+")
# Their names are many; a list of them is never whole.
_NAMED_FREELY = frozenset({COUNTRIES, CURRENCIES})


class Problem(NamedTuple):
    """`code` is an issue code, `path` leads from the coding to the element."""

    code: str
    path: str = ""
    details: Mapping[str, str] = _NOTHING


Problems = tuple[Problem, ...]


def problems(coding: Json, terminology: Terminology) -> Problems:
    """What is wrong with a Coding (or anything with `system`, `version`, `code` and `display`)."""
    question = (coding.get("system"), coding.get("version"), coding.get("code"), coding.get("display"))
    judged = terminology.judged
    found: Problems | None = judged.get(question)
    if found is None:
        found = tuple(_judged(*question, terminology))
        if len(judged) >= _MOST:
            judged.clear()
        if all(text is None or len(text) <= _LONGEST for text in question):
            judged[question] = found
    return found


def _judged(
    url: str | None, version: str | None, code: str | None, display: str | None, terminology: Terminology
) -> Iterator[Problem]:
    if url is None:
        if code is not None:
            yield Problem("coding-without-system")
        return
    if not _ABSOLUTE.match(url):
        yield Problem("coding-system-relative", ".system")
        return
    system = terminology.system(url, version or "")
    if system is None:
        yield from _unloaded(url, code, terminology)
    elif version and system.version and version != system.version:
        yield Problem("coding-version-unknown", ".version", {"system": url[:_LONGEST]})
    elif code is not None:
        yield from _in_system(system, code, display, terminology)


# ------------------------------------------------------------------------------------------ systems that are not here


def _unloaded(url: str, code: str | None, terminology: Terminology) -> Iterator[Problem]:
    definition = terminology.code_system(url)
    if definition is not None and ("supplements" in definition or definition.get("content") == "supplement"):
        yield Problem("coding-system-supplement", ".system")
    elif definition is None and (url.startswith(_VALUE_SETS) or terminology.value_set(url) is not None):
        yield Problem("coding-system-value-set", ".system")
    elif definition is None and _misnamed(url):
        yield Problem("coding-system-misnamed", ".system", {"system": _misnamed(url)})
    elif code is not None:
        yield from _by_form(url, code)


def _misnamed(url: str) -> str:
    """The much used system that is meant where its address is not quite right; empty otherwise."""
    plain = "http://" + url.removeprefix("https://") if url.startswith("https://") else url
    for known in _MUCH_USED:
        if plain != url and plain == known:
            return known
        if plain.startswith((known + "/", known + "#")) and not plain.startswith(known + "/vs"):
            return known
    return ""


def _by_form(url: str, code: str) -> Iterator[Problem]:
    """What the form of a code says about it, in a system whose codes are not listed here."""
    holds = SYNTAXES.get(url)
    if url == UCUM:
        yield from _unit(code)
    elif holds is not None:
        if not holds(code):
            yield Problem("coding-code-unknown", ".code", {"system": url})
    elif url in FORMS and not FORMS[url](code):
        yield Problem("coding-code-malformed", ".code", {"system": url})
    elif not _LOCAL.fullmatch(url):
        yield Problem("terminology-unknown", ".system", {"system": url[:_LONGEST]})


def _unit(code: str) -> Iterator[Problem]:
    from profiles.fhirpath.ucum import fault

    place = fault(code)
    if place is not None:
        yield Problem("coding-code-unknown", ".code", {"system": UCUM, "place": str(place)})
    elif "{" in code and not code.startswith("{"):
        yield Problem("unit-annotated", ".code")


# --------------------------------------------------------------------------------------------- systems that are loaded


def _in_system(system: System, code: str, display: str | None, terminology: Terminology) -> Iterator[Problem]:
    concept = system.find(code)
    if concept is None:
        whole = system.complete and not (system.url.startswith(_OPEN) and terminology.is_core(system))
        name = "coding-code-unknown" if whole else "coding-code-unlisted"
        yield Problem(name, ".code", {"system": system.url})
        return
    if concept["code"] != code:
        yield Problem("coding-code-case", ".code", {"system": system.url})
    if is_inactive(concept):
        yield Problem("coding-code-inactive", ".code", {"system": system.url})
    if is_abstract(concept):
        yield Problem("coding-code-abstract", ".code", {"system": system.url})
    if display is not None:
        yield from _named(system, concept, display, terminology)


def _named(system: System, concept: Json, display: str, terminology: Terminology) -> Iterator[Problem]:
    """A display that is none of the names of the code; case and spaces do not count."""
    if display == concept.get("display"):
        return
    given, names = folded(display), names_of(concept)
    if any(folded(name) == given for name in names):
        return
    names += terminology.names(system.url, concept["code"])
    if not names or any(folded(name) == given for name in names):
        return
    foreign = not _is_latin(display) and all(_is_latin(name) for name in names)
    free = system.url in _NAMED_FREELY and given not in _all_names(system)
    code = "coding-display-unchecked" if foreign or free else "coding-display"
    yield Problem(code, ".display", {"system": system.url})


def _all_names(system: System) -> frozenset[str]:
    return frozenset(folded(name) for concept in system.concepts.values() for name in names_of(concept))


def folded(text: str) -> str:
    """A name as it is compared: without case and superfluous spaces."""
    return " ".join(text.casefold().split())


def _is_latin(text: str) -> bool:
    """Whether no letter is of another script than Latin (what lies below U+0250 and the extensions of it)."""
    return all(ord(each) < 0x250 or 0x1E00 <= ord(each) < 0x1F00 or not each.isalpha() for each in text)
