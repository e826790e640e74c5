"""$validate-code of ValueSet and CodeSystem: whether a code is one of them, and is called what the caller says.

Sources: FHIR R4 valueset-operation-validate-code.html, codesystem-operation-validate-code.html. `result` is a verdict;
where the code system is not loaded there is none, and the call is refused by its name.
"""

from __future__ import annotations

from typing import Any

from fhir_server.operations.asked_codings import Asked, asked_codings
from fhir_server.operations.parameters import Inputs, answered, inputs, parameter
from fhir_server.operations.terminology_sources import Library, chosen
from fhir_server.rest.exchange import Answer, Call, Services, refusal, refused
from profiles.code_system import System, display_of, is_abstract, names_of
from profiles.issue import Issue
from profiles.membership import contains
from profiles.terminology import SYNTAXES, Membership

_NOT_IN_SET = "The code is not in the value set"
_NOT_IN_SYSTEM = "The code system has no such code"
_OTHER_DISPLAY = "The display is not one the code system gives this code"
_ABSTRACT = "The code is abstract: it groups others and is not used itself"

Verdict = tuple[str, str]
"""(why not, '' for valid; the display of the code)."""


def validate_code_value_set(call: Call, services: Services) -> Answer:
    """200 with `result`, `message`, `display`."""
    given = inputs(call, services, "ValueSet-validate-code")
    if not isinstance(given, Inputs):
        return refusal(*given)
    unsupported = given.given("context", "date")
    if unsupported:
        return refused("operation-parameter-unsupported", unsupported[0], name=unsupported[0])
    codings = asked_codings(given, version="systemVersion")
    if isinstance(codings, Issue):
        return refusal(codings)
    about = chosen("ValueSet", "valueSet", given, call, services)
    if isinstance(about, Answer):
        return about
    if about is None:
        return refused("operation-parameter-missing", "url", name="url")
    with services.database.read() as connection:
        library = Library(connection, call, services, (about,) if isinstance(about, dict) else ())
        definition: Any = about
        if isinstance(about, str):
            url, _, version = about.partition("|")
            definition = library.value_set(url, given.one("valueSetVersion") or version)
        if definition is None:
            return refused("terminology-not-found", "url", type="ValueSet", url=str(about))
        verdicts = [_in_value_set(definition, coding, given, library) for coding in codings]
    return _best(verdicts)


def validate_code_code_system(call: Call, services: Services) -> Answer:
    """200 with `result`, `message`, `display`."""
    given = inputs(call, services, "CodeSystem-validate-code")
    if not isinstance(given, Inputs):
        return refusal(*given)
    if given.given("date"):
        return refused("operation-parameter-unsupported", "date", name="date")
    about = chosen("CodeSystem", "codeSystem", given, call, services)
    if isinstance(about, Answer):
        return about
    url = about["url"] if isinstance(about, dict) and "url" in about else about
    if isinstance(url, dict):
        return refused("operation-parameter-missing", "codeSystem.url", name="codeSystem.url")
    codings = asked_codings(given, system="url", implied=url or "")
    if isinstance(codings, Issue):
        return refusal(codings)
    with services.database.read() as connection:
        library = Library(connection, call, services, (about,) if isinstance(about, dict) else ())
        verdicts = [_in_code_system(url, coding, given, library) for coding in codings]
    return _best(verdicts)


def _best(verdicts: list[Verdict | Issue]) -> Answer:
    """One valid coding makes the concept valid; without one, what cannot be known refuses."""
    valid = next((verdict for verdict in verdicts if isinstance(verdict, tuple) and not verdict[0]), None)
    if valid is None:
        issue = next((verdict for verdict in verdicts if isinstance(verdict, Issue)), None)
        if issue is not None:
            return refusal(issue)
    chosen_one = valid or verdicts[0]
    assert isinstance(chosen_one, tuple)
    message, display = chosen_one
    return answered(
        parameter("result", "boolean", not message),
        parameter("message", "string", message) if message else None,
        parameter("display", "string", display) if display else None,
    )


def _in_value_set(definition: Any, coding: Asked, given: Inputs, library: Library) -> Verdict | Issue:
    verdict = contains(definition, coding.system, coding.code, library.sources)
    if isinstance(verdict, Issue):
        return verdict
    if verdict is Membership.OUT:
        return _NOT_IN_SET, ""
    if verdict is Membership.UNKNOWN:
        return Issue("code-system-unloaded", "Parameters", details={"system": coding.system})
    system = library.code_system(coding.system, coding.version)
    if system is None and coding.version and library.code_system(coding.system) is not None:
        return Issue("version-unloaded", "Parameters", details={"system": coding.system})
    return _judged(system, coding, given, listed=_listed(definition, coding))


def _listed(definition: Any, coding: Asked) -> dict[str, Any]:
    """The row of the value set itself that names the code, for its display."""
    rows = (
        row
        for part in definition.get("compose", {}).get("include", ())
        if part.get("system") == coding.system
        for row in part.get("concept", ())
    )
    return next((row for row in rows if row["code"] == coding.code), {})


def _in_code_system(url: str | None, coding: Asked, given: Inputs, library: Library) -> Verdict | Issue:
    if url is not None and coding.system != url:
        return f"The coding is of another code system than {url}", ""
    if coding.system in SYNTAXES:
        return ("", "") if SYNTAXES[coding.system](coding.code) else (_NOT_IN_SYSTEM, "")
    system = library.code_system(coding.system, coding.version)
    if system is None:
        other = coding.version and library.code_system(coding.system) is not None
        code = "version-unloaded" if other else "code-system-unloaded"
        return Issue(code, "Parameters", details={"system": coding.system})
    if system.find(coding.code) is None:
        if not system.complete:
            return Issue("code-system-unloaded", "Parameters", details={"system": coding.system})
        return _NOT_IN_SYSTEM, ""
    return _judged(system, coding, given, listed={})


def _judged(system: System | None, coding: Asked, given: Inputs, *, listed: dict[str, Any]) -> Verdict:
    """A code that is there, held against what the caller says of it."""
    concept = (system.find(coding.code) if system is not None else None) or {}
    language = given.one("displayLanguage") or ""
    display = display_of(concept, language) or display_of(listed, language)
    if is_abstract(concept) and not given.one("abstract"):
        return _ABSTRACT, display
    names = [*names_of(concept), *names_of(listed)]
    if coding.display and names and _folded(coding.display) not in {_folded(name) for name in names}:
        return _OTHER_DISPLAY, display
    return "", display


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())
