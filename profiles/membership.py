"""Whether one code is in a value set, without listing it (FHIR R4 valueset.html#compositions).

A verdict is UNKNOWN only where the code's own system is not, or not wholly, loaded; whatever else cannot be decided is
an Issue. Pure, like `profiles.expansion`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from profiles.expansion import (
    DEEPEST,
    Json,
    Sources,
    Used,
    enumerated,
    filtered,
    imported_value_set,
)
from profiles.issue import Issue
from profiles.terminology import SYNTAXES, Membership

Verdict: TypeAlias = "Membership | Issue"


def contains(value_set: Json, system: str, code: str, sources: Sources) -> Verdict:
    """The verdict on one code."""
    return _Question(system, code, sources).about(value_set, ())


@dataclass(frozen=True, slots=True)
class _Question:
    """One code; `known` are the verdicts of imports that were asked already, `used` counts what it costs."""

    system: str
    code: str
    sources: Sources
    used: Used = field(default_factory=Used)
    known: dict[str, Membership] = field(default_factory=dict)

    def about(self, value_set: Json, path: tuple[str, ...]) -> Verdict:
        url = value_set.get("url", "")
        if url and (url in path or len(path) >= DEEPEST):
            return Issue("value-set-cycle", "ValueSet.compose", details={"url": url})
        compose = value_set.get("compose")
        if compose is None:
            listed = enumerated(value_set.get("expansion", {}).get("contains", ()))
            return _verdict(any((each.system, each.code) == (self.system, self.code) for each in listed))
        path = (*path, url)
        out = self._among(compose.get("exclude", ()), path)
        within = self._among(compose.get("include", ()), path)
        if isinstance(out, Issue) or isinstance(within, Issue):
            return out if isinstance(out, Issue) else within
        if out is Membership.IN or within is Membership.OUT:
            return Membership.OUT
        return Membership.UNKNOWN if Membership.UNKNOWN in (out, within) else Membership.IN

    def _among(self, parts: Iterable[Json], path: tuple[str, ...]) -> Verdict:
        """Whether one of the parts has the code."""
        best = Membership.OUT
        for part in parts:
            verdict = self._within(part, path)
            if isinstance(verdict, Issue) or verdict is Membership.IN:
                return verdict
            best = verdict if verdict is Membership.UNKNOWN else best
        return best

    def _within(self, part: Json, path: tuple[str, ...]) -> Verdict:
        """Whether the system part and every imported value set of an include have the code."""
        if part.get("system", self.system) != self.system:
            return Membership.OUT
        verdicts = [self._in_system(part)] if "system" in part else []
        for reference in part.get("valueSet", ()):
            if Membership.OUT not in verdicts:
                verdicts.append(self._imported(reference, path))
        issue = next((verdict for verdict in verdicts if isinstance(verdict, Issue)), None)
        if issue is not None:
            return issue
        if Membership.OUT in verdicts or not verdicts:
            return Membership.OUT
        return Membership.UNKNOWN if Membership.UNKNOWN in verdicts else Membership.IN

    def _imported(self, reference: str, path: tuple[str, ...]) -> Verdict:
        known = self.known.get(reference)
        if known is not None:
            return known
        found = self.used.too_much(1) or imported_value_set(reference, self.sources)
        verdict = found if isinstance(found, Issue) else self.about(found, path)
        if not isinstance(verdict, Issue):
            self.known[reference] = verdict
        return verdict

    def _in_system(self, part: Json) -> Verdict:
        """Whether the system part of an include has the code."""
        if "concept" in part:
            return _verdict(any(row["code"] == self.code for row in part["concept"]))
        found = self.sources.code_system(self.system, part.get("version", ""))
        if found is None:
            if self.system in SYNTAXES and "filter" not in part:
                return _verdict(SYNTAXES[self.system](self.code))
            return Membership.UNKNOWN
        codes = self.used.too_much(len(part.get("filter", ()))) or filtered(part, found)
        if isinstance(codes, Issue):
            return codes
        concept = found.find(self.code)
        if concept is not None:
            return _verdict(concept["code"] in codes)
        return Membership.OUT if found.complete else Membership.UNKNOWN


def _verdict(inside: bool) -> Membership:
    return Membership.IN if inside else Membership.OUT
