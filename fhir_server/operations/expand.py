"""ValueSet/$expand: the codes of a value set, filtered and by the page (FHIR R4 valueset-operation-expand.html).

The list is flat. A system that is not loaded is refused by name; a fragment is expanded and said to be one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from fhir_server.operations.parameters import Inputs, inputs, parameter, returned
from fhir_server.operations.terminology_sources import Library, chosen
from fhir_server.rest.exchange import Answer, Call, Services, refusal, refused
from fhir_server.store.body import instant
from profiles.code_system import System, display_of, names_of
from profiles.expansion import Member, Used, expansion
from profiles.issue import Issue

MOST = 10_000
"""Codes that are given without being asked for by the page."""
_UNSUPPORTED = ("context", "contextDirection", "date")
_ECHOED = {
    "filter": "string",
    "offset": "integer",
    "count": "integer",
    "includeDesignations": "boolean",
    "activeOnly": "boolean",
    "excludeNested": "boolean",
    "excludeNotForUI": "boolean",
    "displayLanguage": "code",
}
"""Parameters an expansion says it was made with."""
_KEPT = ("url", "identifier", "version", "name", "title", "status", "experimental", "date", "publisher", "immutable")


def expand(call: Call, services: Services) -> Answer:
    """200 with the ValueSet and its expansion."""
    given = inputs(call, services, "ValueSet-expand")
    if not isinstance(given, Inputs):
        return refusal(*given)
    issue = _unfit(given)
    if issue is not None:
        return refusal(issue)
    about = chosen("ValueSet", "valueSet", given, call, services)
    if isinstance(about, Answer):
        return about
    if about is None:
        return refused("operation-parameter-missing", "url", name="url")
    with services.database.read() as connection:
        library = Library(connection, call, services, (about,) if isinstance(about, dict) else ())
        definition = _definition(about, given, library)
        if definition is None:
            return refused("terminology-not-found", "url", type="ValueSet", url=str(about))
        used = Used()
        found = expansion(definition, library.sources, used)
    if isinstance(found, Issue):
        return refusal(found)
    issue = _versions(given, used)
    if issue is not None:
        return refusal(issue)
    members = [each for each in found.values() if _wanted(each, given)]
    page = _page(members, given)
    if page is None:
        return refused("expansion-too-costly", "count", limit=str(MOST))
    return returned(_expanded(definition, given, used, members, page, services))


def _unfit(given: Inputs) -> Issue | None:
    """A parameter that would change the answer and that nobody carries out here is refused, not passed over."""
    unsupported = given.given(*_UNSUPPORTED)
    if unsupported:
        return Issue("operation-parameter-unsupported", unsupported[0], details={"name": unsupported[0]})
    negative = next((name for name in ("offset", "count") if (given.one(name) or 0) < 0), None)
    if negative:
        return Issue("operation-parameter-value", negative, details={"name": negative, "type": "unsignedInt"})
    return None


def _definition(about: Any, given: Inputs, library: Library) -> Any:
    if isinstance(about, dict):
        return about
    url, _, version = about.partition("|")
    return library.value_set(url, given.one("valueSetVersion") or version)


def _versions(given: Inputs, used: Used) -> Issue | None:
    """`system|version`: only one version is loaded, so it is that one or none."""
    for name in ("system-version", "check-system-version", "force-system-version"):
        for text in given.all(name):
            url, _, version = text.partition("|")
            system = used.systems.get(url)
            if version and system is not None and system.version and system.version != version:
                return Issue("version-unloaded", name, details={"system": url})
    return None


# --------------------------------------------------------------------------------------------------------- the page


def _wanted(member: Member, given: Inputs) -> bool:
    if given.one("activeOnly") and member.inactive:
        return False
    if given.one("excludeNotForUI") and member.abstract:
        return False
    if any(text.partition("|")[0] == member.system for text in given.all("exclude-system")):
        return False
    words = str(given.one("filter") or "").casefold().split()
    if not words:
        return True
    texts = " ".join((member.code, *names_of(member.concept), *names_of(member.listed))).casefold()
    return all(word in texts for word in words)


def _page(members: list[Member], given: Inputs) -> list[Member] | None:
    """What is shown of the members, None when it is too much."""
    offset, count = given.one("offset") or 0, given.one("count")
    page = members[offset:] if count is None else members[offset : offset + count]
    return page if len(page) <= MOST or count is not None else None


def _expanded(
    definition: Any, given: Inputs, used: Used, members: list[Member], page: list[Member], services: Services
) -> dict[str, Any]:
    kept = {name: definition[name] for name in _KEPT if name in definition}
    if given.one("includeDefinition") and "compose" in definition:
        kept["compose"] = definition["compose"]
    offset = given.one("offset")
    whole: dict[str, Any] = {
        "identifier": _urn(services),
        "timestamp": instant(services.clock()),
        "total": len(members),
        **({"offset": offset or 0} if offset is not None or given.one("count") is not None else {}),
    }
    said = [*_echoed(given), *_made_of(used)]
    if said:
        whole["parameter"] = said
    if page:
        whole["contains"] = [_contained(member, given, used.systems.get(member.system)) for member in page]
    head = {"resourceType": "ValueSet"}
    if "id" in definition:
        head["id"] = definition["id"]
    return {**head, **{"status": "active"}, **kept, "expansion": whole}


def _urn(services: Services) -> str:
    try:
        return UUID(services.new_id()).urn
    except ValueError:
        return f"urn:qiao:{services.new_id()}"


def _echoed(given: Inputs) -> Iterable[dict[str, Any]]:
    for name, kind in _ECHOED.items():
        value = given.one(name)
        if value is not None:
            yield parameter(name, kind, value)


def _made_of(used: Used) -> Iterable[dict[str, Any]]:
    for url, system in used.systems.items():
        if system is None:
            continue
        if system.version:
            yield parameter("version", "uri", f"{url}|{system.version}")
        if not system.complete:
            yield parameter("fragment", "uri", url)


def _contained(member: Member, given: Inputs, system: System | None) -> dict[str, Any]:
    language = given.one("displayLanguage") or ""
    display = _display(member, language)
    shown: dict[str, Any] = {"system": member.system}
    if member.abstract:
        shown["abstract"] = True
    if member.inactive:
        shown["inactive"] = True
    shown["code"] = member.code
    if display:
        shown["display"] = display
    designations = [*member.listed.get("designation", ()), *member.concept.get("designation", ())]
    chosen_ones = [one for one in designations if _designated(one, given)]
    if chosen_ones:
        shown["designation"] = chosen_ones
    return shown


def _display(member: Member, language: str) -> str:
    """What the value set calls the code, else what the code system calls it."""
    if language:
        in_language = [display_of(part, language) for part in (member.listed, member.concept)]
        plain = [display_of(part) for part in (member.listed, member.concept)]
        translated = next((text for text, other in zip(in_language, plain, strict=True) if text and text != other), "")
        if translated:
            return translated
    return display_of(member.listed) or display_of(member.concept)


def _designated(designation: dict[str, Any], given: Inputs) -> bool:
    """Whether a designation is asked for: all of them, or by language or use (`system|code`)."""
    wanted = given.all("designation")
    if not wanted:
        return bool(given.one("includeDesignations"))
    use = designation.get("use", {})
    names = {designation.get("language", ""), f"{use.get('system', '')}|{use.get('code', '')}"}
    names.add(f"urn:ietf:bcp:47|{designation.get('language', '')}")
    return not names.isdisjoint(wanted)
