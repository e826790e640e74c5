"""MeasureReport against its Measure: groups, populations and stratifiers by code, and the score its scoring allows.

Law: a Measure that is not loaded is a warning, and nothing more is said.
Source: http://hl7.org/fhir/R4/measurereport.html#bnr (8.20.3: "the groups and populations … SHALL match the Measure"),
measure-definitions.html#Measure.scoring.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from profiles.issue import Issue
from profiles.validator.place import Place
from profiles.validator.rules.known import known, misled

Json = dict[str, Any]
_SCORED = frozenset({"proportion", "ratio", "continuous-variable"})
_PEOPLE = frozenset({"Patient", "Practitioner", "Person", "PractitionerRole", "RelatedPerson"})
_OBSERVATION = ("http://terminology.hl7.org/CodeSystem/measure-population", "measure-observation")


class _Report(NamedTuple):
    """What a report says about itself, and how its Measure is scored."""

    kind: str
    scoring: str
    place: Place


def reporting(report: Json, place: Place) -> Iterable[Issue]:
    """A report on a Measure that it names."""
    canonical = report.get("measure")
    return () if canonical is None else _reporting(canonical, report, place)


def _reporting(canonical: str, report: Json, place: Place) -> Iterator[Issue]:
    measure = known(place, "Measure", canonical)
    if measure is None:
        other = misled(place, "Measure", canonical)
        if other:
            yield place.issue("canonical-target", ".measure", type=other)
        else:
            yield place.issue("measure-unknown", ".measure")
        return
    scoring = next((str(each.get("code", "")) for each in (measure.get("scoring") or {}).get("coding", ())), "")
    about = _Report(report.get("type", ""), scoring, place)
    yield from _groups(report.get("group", ()), measure.get("group", ()), about)


def _groups(given: list[Json], defined: list[Json], about: _Report) -> Iterator[Issue]:
    if not defined:
        return
    if len(given) == 1 and len(defined) == 1:
        code, wanted = given[0].get("code"), defined[0].get("code")
        if code and wanted and not _match(code, wanted):
            yield about.place.issue("measure-code", ".group[0]", part="group")
        yield from _group(given[0], defined[0], ".group[0]", about)
        return
    pairing = _paired("group", given, defined, "", about.place)
    yield from pairing.issues
    if about.kind != "data-collection":
        yield from pairing.absent
    for one, other, path in pairing.pairs:
        yield from _group(one, other, path, about)


class _Pairing(NamedTuple):
    """Parts of a report with their definitions and paths; what is wrong with the others; which definitions are left."""

    pairs: list[tuple[Json, Json, str]]
    issues: list[Issue]
    absent: list[Issue]


def _paired(part: str, given: Iterable[Json], defined: list[Json], above: str, place: Place) -> _Pairing:
    """Finds for each part of a report its definition, by code."""
    pairing = _Pairing([], [], [])
    for index, one in enumerate(given):
        path = f"{above}.{part}[{index}]"
        codes = [one["code"]] if type(one.get("code")) is dict else list(one.get("code") or ())
        other = next((each for each in defined if any(_match(code, each.get("code")) for code in codes)), None)
        if not codes:
            pairing.issues.append(place.issue("measure-code-missing", path, part=part))
        elif other is None:
            pairing.issues.append(place.issue("measure-code", path, part=part))
        elif any(other is pair[1] for pair in pairing.pairs):
            pairing.issues.append(place.issue("measure-code-repeated", path, part=part))
        else:
            pairing.pairs.append((one, other, path))
    found = {id(pair[1]) for pair in pairing.pairs}
    left = [each for each in defined if id(each) not in found and not _has(each.get("code"), *_OBSERVATION)]
    pairing.absent.extend(place.issue("measure-part-missing", above, part=part) for _ in left)
    return pairing


def _group(given: Json, defined: Json, path: str, about: _Report) -> Iterator[Issue]:
    yield from _score(given.get("measureScore"), path, about)
    for part in ("population", "stratifier"):
        pairing = _paired(part, given.get(part, ()), defined.get(part, []), path, about.place)
        yield from (*pairing.issues, *pairing.absent)
        if part == "population":
            for population, _, here in pairing.pairs:
                yield from _population(population, here, about)


def _population(population: Json, path: str, about: _Report) -> Iterator[Issue]:
    """In a list of subjects the count is that of the subjects; other reports list none."""
    results = population.get("subjectResults")
    if about.kind != "subject-list":
        if results:
            yield about.place.issue("measure-subjects", path)
        return
    count = population.get("count")
    listed = _subjects(results, about.place)
    if count is not None and listed is not None and listed != count:
        yield about.place.issue("measure-count", path)


def _subjects(results: Json | None, place: Place) -> int | None:
    """How many subjects a List names; None where it is not at hand."""
    if results is None:
        return 0
    literal = results.get("reference")
    target = place.resolve(literal) if type(literal) is str else None
    if target is None:
        name = str(literal).partition("/")[0]
        return 1 if name in _PEOPLE and str(literal).count("/") == 1 else None
    if target.get("resourceType") == "List":
        return len(target.get("entry", ()))
    return 1 if target.get("resourceType") in _PEOPLE else None


def _score(score: Json | None, path: str, about: _Report) -> Iterator[Issue]:
    place, here = about.place, path + ".measureScore"
    if about.kind == "data-collection" or about.scoring == "cohort":
        if score is not None:
            yield place.issue("measure-score-forbidden", here)
        return
    if about.scoring not in _SCORED:
        return
    if score is None:
        yield place.issue("measure-score-missing", path, scoring=about.scoring)
    elif "value" not in score:
        if "extension" not in score:
            yield place.issue("measure-score-value", here, scoring=about.scoring)
    elif about.scoring == "proportion":
        if "unit" in score or "system" in score or "code" in score:
            yield place.issue("measure-score-unit", here)
        if not 0 <= Decimal(score["value"]) <= 1:
            yield place.issue("measure-score-range", here)


# --------------------------------------------------------------------------------------------------------- codes


def _match(code: Json, defined: Json | None) -> bool:
    """Whether two CodeableConcepts share a coding; two without any, their text."""
    if defined is None:
        return False
    if not code.get("coding") and not defined.get("coding"):
        return "text" in code and code["text"] == defined.get("text")
    return any(_has(code, each.get("system"), each.get("code")) for each in defined.get("coding", ()))


def _has(concept: Json | None, system: str | None, code: str | None) -> bool:
    codings = (concept or {}).get("coding", ())
    return any(each.get("system") == system and each.get("code") == code for each in codings)
