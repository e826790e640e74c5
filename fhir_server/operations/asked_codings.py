"""The codes a terminology operation is asked about: a code with its system, a Coding, or a CodeableConcept.

Source: FHIR R4 terminology-service.html (in-parameters `code`, `coding`, `codeableConcept`: exactly one of them).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fhir_server.operations.parameters import Inputs
from profiles.issue import Issue


@dataclass(frozen=True, slots=True)
class Asked:
    """One coding; `display` is what the caller believes it is called, '' for nothing said."""

    system: str
    code: str
    version: str = ""
    display: str = ""


def asked_codings(
    given: Inputs, *, system: str = "system", version: str = "version", implied: str = ""
) -> tuple[Asked, ...] | Issue:
    """The codings that were given, at least one. `implied` is the system where the call itself names it."""
    ways = given.given("code", "coding", "codeableConcept")
    if len(ways) != 1:
        code = "operation-parameter-conflict" if ways else "operation-parameter-missing"
        return Issue(code, "Parameters", details={"names": "code, coding, codeableConcept", "name": "code"})
    if ways == ["code"]:
        named = given.one(system) or implied
        if not named:
            return Issue("operation-parameter-missing", "Parameters", details={"name": system})
        one = Asked(named, given.one("code"), given.one(version) or "", given.one("display") or "")
        return (one,)
    codings = [given.one("coding")] if ways == ["coding"] else given.one("codeableConcept").get("coding", [])
    read = [_read(coding, implied) for coding in codings]
    found = tuple(each for each in read if each is not None)
    if not found:
        return Issue("operation-parameter-value", "Parameters", details={"name": ways[0], "type": "coded value"})
    return found


def _read(coding: dict[str, Any], implied: str) -> Asked | None:
    system = coding.get("system", implied)
    if not system or "code" not in coding:
        return None
    return Asked(system, coding["code"], coding.get("version", ""), coding.get("display", ""))
