"""Which page shows what: an address below `/ig/` becomes HTML.

Law: pure but for the package it reads; the template engine escapes everything. One function a kind of artefact gathers
what its template shows. Examples are validated when their page is made, so that a page says what the server does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader

from fhir_server.ig import tables
from fhir_server.ig.guide import GROUPS, Artefact, Language, Refused, guide
from fhir_server.ig.markup import highlighted, inline, markdown
from fhir_server.ig.view import View
from profiles.code_system import display_of
from profiles.expansion import Member, Sources, expansion
from profiles.issue import Issue
from profiles.registry import OWN

Json = dict[str, Any]
_HERE = Path(__file__).parent
_MOST_CODES = 1000


def html(place: str, language: Language, chosen: str = "") -> str | None:
    """The page at `/ig/{place}`; None where there is none."""
    view = View(guide(), place, language, chosen)
    if place == "":
        return _rendered("index.html", view, groups=tuple(GROUPS))
    refused = guide().refused.get(place.removeprefix("invalid/")) if place.startswith("invalid/") else None
    if refused is not None:
        return _rendered("example.html", view, **_refused(refused, view))
    artefact = guide().by_place.get(place)
    if artefact is None:
        return None
    if artefact.example:
        return _rendered("example.html", view, **_example(artefact, view))
    template, gather = _KINDS.get(artefact.type, ("example.html", _plain))
    return _rendered(template, view, it=artefact, **gather(artefact, view))


def missing(language: Language) -> str:
    """The page that says that there is none."""
    return _rendered("missing.html", View(guide(), "", language, ""))


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["markdown"] = markdown
    environment.filters["inline"] = inline
    return environment


def _rendered(template: str, view: View, **shown: Any) -> str:
    return _environment().get_template(template).render(view=view, guide=view.guide, t=view.word, **shown)


# ------------------------------------------------------------------------------------------------- structures


def _structure(artefact: Artefact, view: View) -> Json:
    definition = artefact.resource
    rows = tables.rows(definition, view.language)
    rules = tables.rules(definition, view.language)
    return {
        "rows": rows,
        "key_rows": tables.key_rows(rows),
        "supported": tuple(row for row in rows if "S" in row.flags),
        "bindings": tuple(b for b in tables.bindings(rows) if b.value_set and b.strength != "example"),
        "own_rules": tuple(rule for rule in rules if rule.own),
        "other_rules": tuple(rule for rule in rules if not rule.own),
        "valid": view.guide.examples_of(artefact.url),
        "refused": view.guide.refused_of(artefact.url),
        "derived": view.guide.derived_from(artefact.url),
        "users": view.guide.users_of(artefact.url),
        "contexts": tuple(one["expression"] for one in definition.get("context", ())),
        "shown": lambda value: highlighted(value, view.any_address),
    }


# ------------------------------------------------------------------------------------------------ terminology


@dataclass(frozen=True, slots=True)
class Concept:
    """One code of a table; `depth` is how deep it is nested."""

    system: str
    code: str
    display: str
    chinese: str
    definition: str
    depth: int = 0


def _code_system(artefact: Artefact, view: View) -> Json:
    return {
        "concepts": tuple(_concepts(artefact.resource.get("concept", ()), view, artefact.url, 0)),
        "users": view.guide.users_of(artefact.url),
    }


def _concepts(listed: Iterable[Json], view: View, system: str, depth: int) -> Iterator[Concept]:
    for each in listed:
        yield Concept(
            system, each["code"], each.get("display", ""), _chinese(each), view.text(each, "definition"), depth
        )
        yield from _concepts(each.get("concept", ()), view, system, depth + 1)


def _chinese(concept: Any) -> str:
    named = (one for one in concept.get("designation", ()) if str(one.get("language", "")).startswith("zh"))
    return next((str(one["value"]) for one in named), "")


def _value_set(artefact: Artefact, view: View) -> Json:
    terminology = OWN.terminology
    sources = Sources(
        terminology.system, lambda url, version: terminology.value_set(f"{url}|{version}" if version else url)
    )
    found = expansion(artefact.resource, sources)
    members = () if isinstance(found, Issue) else tuple(found.values())
    return {
        "parts_of": tuple(
            (kind, part)
            for kind in ("include", "exclude")
            for part in artefact.resource.get("compose", {}).get(kind, ())
        ),
        "concepts": tuple(_member(one) for one in members[:_MOST_CODES]),
        "number": len(members),
        "unlisted": found.text(view.language) if isinstance(found, Issue) else "",
        "users": view.guide.users_of(artefact.url),
    }


def _member(member: Member) -> Concept:
    listed = dict(member.concept) | {name: value for name, value in member.listed.items() if name == "display"}
    chinese = _chinese(member.listed) or _chinese(member.concept)
    return Concept(member.system, member.code, listed.get("display", ""), chinese, str(listed.get("definition", "")))


@dataclass(frozen=True, slots=True)
class Mapped:
    """A row of a map: a source, its relation, a target; each with the name its system gives it."""

    source: str
    source_name: str
    equivalence: str
    target: str
    target_name: str
    comment: str


def _concept_map(artefact: Artefact, view: View) -> Json:
    return {"maps": tuple((group, tuple(_mapped(group, view.language))) for group in artefact.resource["group"])}


def _mapped(group: Json, language: Language) -> Iterator[Mapped]:
    for element in group["element"]:
        source = (element["code"], _name(group.get("source", ""), element, language))
        for target in element.get("target", ()) or ({"equivalence": "unmatched"},):
            yield Mapped(
                *source,
                target["equivalence"],
                target.get("code", ""),
                _name(group.get("target", ""), target, language),
                target.get("comment", ""),
            )


def _name(system: str, coded: Json, language: Language) -> str:
    loaded = OWN.terminology.system(system) if coded.get("code") else None
    concept = loaded.concepts.get(coded["code"]) if loaded is not None else None
    if concept is None:
        return str(coded.get("display", ""))
    return display_of(concept, "zh-CN" if language == "zh" else "")


# --------------------------------------------------------------------------------------------------- the rest


def _operation(artefact: Artefact, view: View) -> Json:
    resource = artefact.resource
    levels = (("system", ""), ("type", "/[type]"), ("instance", "/[type]/[id]"))
    types = "|".join(resource.get("resource", ()))
    calls = tuple(
        "[base]" + (path if types in ("", "Resource") else path.replace("[type]", types)) + "/$" + resource["code"]
        for level, path in levels
        if resource.get(level)
    )
    return {"calls": calls, "method": "POST" if resource.get("affectsState") else "GET / POST"}


def _plain(artefact: Artefact, view: View) -> Json:
    return _example(artefact, view) if artefact.type == "ImplementationGuide" else {}


def _example(artefact: Artefact, view: View) -> Json:
    return {
        "heading": view.example_title(artefact),
        "told": view.example_text(artefact),
        "files": artefact.place,
        **_judged(artefact.resource, view),
    }


def _refused(case: Refused, view: View) -> Json:
    return {"heading": case.why[view.language], "told": "", "files": case.place, **_judged(case.resource, view)}


def _judged(resource: Json, view: View) -> Json:
    from profiles import validate

    issues = validate(resource)
    profiles = tuple(resource.get("meta", {}).get("profile", ()))
    own = (view.guide.by_url[url].resource for url in profiles if url in view.guide.by_url)
    return {
        "resource": resource,
        "profiles": profiles,
        "rules": {rule.key: rule.human for each in own for rule in tables.rules(each, view.language)},
        "issues": issues,
        "is_refused": any(issue.refuses for issue in issues),
        "json": highlighted(resource, view.any_address),
    }


_KINDS: dict[str, tuple[str, Callable[[Artefact, View], Json]]] = {
    "StructureDefinition": ("structure.html", _structure),
    "CodeSystem": ("code_system.html", _code_system),
    "ValueSet": ("value_set.html", _value_set),
    "ConceptMap": ("concept_map.html", _concept_map),
    "SearchParameter": ("search_parameter.html", _plain),
    "OperationDefinition": ("operation.html", _operation),
    "NamingSystem": ("naming_system.html", _plain),
}
