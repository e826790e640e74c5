"""CodeSystem/$subsumes: whether one code means all that another means (FHIR R4 codesystem-operation-subsumes.html)."""

from __future__ import annotations

from fhir_server.operations.parameters import Inputs, answered, inputs, parameter
from fhir_server.operations.stored import stored
from fhir_server.operations.terminology_sources import Library
from fhir_server.rest.exchange import Answer, Call, Services, refusal, refused
from fhir_server.store.body import parse
from profiles.code_system import System
from profiles.issue import Issue

_MEANS_IS_A = frozenset({None, "is-a"})
"""Of a hierarchy that groups or that is made of parts, nothing follows for the meaning of codes."""


def subsumes(call: Call, services: Services) -> Answer:
    """200 with `outcome`: equivalent, subsumes, subsumed-by or not-subsumed."""
    given = inputs(call, services, "CodeSystem-subsumes")
    if not isinstance(given, Inputs):
        return refusal(*given)
    own = ""
    if call.id:
        row = stored(call, services)
        if isinstance(row, Answer):
            return row
        own = parse(row.body).get("url", "")
    pair = _pair(given, own)
    if isinstance(pair, Issue):
        return refusal(pair)
    url, version, left, right = pair
    with services.database.read() as connection:
        library = Library(connection, call, services)
        system = library.code_system(url, version)
        elsewhere = system is None and version and library.code_system(url) is not None
    if system is None:
        return refused("version-unloaded" if elsewhere else "code-system-unloaded", "system", system=url)
    first, second = system.find(left), system.find(right)
    if first is None or second is None:
        return refused("code-unknown", "codeA" if first is None else "codeB", system=url)
    return answered(parameter("outcome", "code", _outcome(system, first["code"], second["code"])))


def _pair(given: Inputs, own: str) -> tuple[str, str, str, str] | Issue:
    """(system, version, code A, code B)."""
    codings = given.given("codingA", "codingB")
    codes = given.given("codeA", "codeB")
    if len(codings) == 2 and not codes:
        left, right = given.one("codingA"), given.one("codingB")
        if left.get("system", own) != right.get("system", own):
            return Issue("operation-parameter-value", "codingB", details={"name": "codingB", "type": "same system"})
        named, version = left.get("system", own), left.get("version", "")
        if not named or "code" not in left or "code" not in right:
            return Issue("operation-parameter-value", "codingA", details={"name": "codingA", "type": "coded value"})
        return named, version, left["code"], right["code"]
    if len(codes) == 2 and not codings:
        named = given.one("system") or own
        if not named:
            return Issue("operation-parameter-missing", "system", details={"name": "system"})
        return named, given.one("version") or "", given.one("codeA"), given.one("codeB")
    names = "codeA + codeB, codingA + codingB"
    return Issue("operation-parameter-conflict", "Parameters", details={"names": names})


def _outcome(system: System, left: str, right: str) -> str:
    if left == right:
        return "equivalent"
    if system.definition.get("hierarchyMeaning") not in _MEANS_IS_A:
        return "not-subsumed"
    if right in system.below(left):
        return "subsumes"
    return "subsumed-by" if left in system.below(right) else "not-subsumed"
