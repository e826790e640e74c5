"""Documents and messages: a Bundle whose resources hang together, from the Composition or MessageHeader on.

Law: references inside a Bundle are found by fullUrl, relative ones from the fullUrl of their entry; never by id alone.
Every string is looked at once, every link followed once: linear in the Bundle.
Sources: http://hl7.org/fhir/R4/bundle.html#references, documents.html#content, messaging.html#bundle.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from profiles.definitions import resource_types
from profiles.issue import Issue
from profiles.validator.place import BundleIndex, Place
from profiles.validator.rules.bundle import ABSOLUTE, RESTFUL, entries
from profiles.validator.rules.narrative import ids_below

Json = dict[str, Any]

_DIRECT = {
    "Composition": ("subject", "encounter", "author", "custodian", "attester.party", "event.detail"),
    "MessageHeader": ("focus",),
}
_OF_SECTIONS = ("author", "focus", "entry")
# Resources that speak about others and are found from those: a Provenance is expected to point backward only.
_BACKWARD = frozenset({"Provenance"})
# Where a definition is meant, the resource itself may be elsewhere.
_DEFINED = (
    "ActivityDefinition CapabilityStatement ChargeItemDefinition CodeSystem CompartmentDefinition ConceptMap "
    "EffectEvidenceSynthesis EventDefinition Evidence EvidenceVariable ExampleScenario GraphDefinition "
    "ImplementationGuide Library Measure MessageDefinition NamingSystem OperationDefinition PlanDefinition "
    "Questionnaire ResearchDefinition ResearchElementDefinition RiskEvidenceSynthesis SearchParameter "
    "StructureDefinition StructureMap TerminologyCapabilities TestScript ValueSet"
)
_DEFINITIONS = frozenset(_DEFINED.split())


class Found(NamedTuple):
    """What a reference means in a Bundle: an entry, or the code of what is wrong (neither: nothing to be found)."""

    entry: Json | None = None
    code: str = ""


def hanging_together(bundle: Json, place: Place) -> Iterable[Issue]:
    """Of documents and messages: direct references are in the Bundle, and every entry is connected to the first."""
    if bundle.get("type") not in ("document", "message") or place.bundle is None or not bundle.get("entry"):
        return ()
    return _hanging_together(bundle, place, place.bundle)


def _hanging_together(bundle: Json, place: Place, index: BundleIndex) -> Iterator[Issue]:
    first = bundle["entry"][0]
    for path, reference in _direct(first.get("resource") or {}):
        found = resolved(reference, first, index, place)
        if found.code:
            yield place.issue(found.code, f".entry[0].resource{path}")
    graph = _Graph()
    for at, entry in entries(bundle):
        if "resource" in entry:
            graph.place_of[id(entry)] = at
            graph.forward[at] = ()
    for at, entry in entries(bundle):
        if at in graph.forward:
            yield from _links(at, entry, graph, index, place)
    yield from _unconnected(bundle, graph, place)


# ---------------------------------------------------------------------------------------------- finding an entry


def resolved(reference: str, entry: Json, index: BundleIndex, place: Place) -> Found:
    """What a literal reference in an entry means, by its fullUrl."""
    plain = reference.partition("#")[0]
    if ABSOLUTE.match(plain):
        found = _by_url(plain, index)
        if not found:
            return Found() if _elsewhere(plain, place) else Found(code="bundle-reference-missing")
        if len(found) > 1:
            return Found(code="bundle-reference-many")
        fragment = reference.partition("#")[2]
        lost = fragment and fragment not in ids_below(found[0].get("resource"))
        return Found(found[0], "bundle-reference-fragment" if lost else "")
    base = _base(entry)
    found = _by_url(base + plain, index) if base is not None else []
    if len(found) > 1:
        return Found(code="bundle-reference-many")
    return Found(found[0]) if found else _by_type_and_id(plain, index)


def _by_url(url: str, index: BundleIndex) -> list[Json]:
    found = index.by_full_url(url)
    if found or "/_history/" not in url:
        return found
    whole, _, version = url.partition("/_history/")
    return [each for each in index.by_full_url(whole) if _version(each) == version]


def _version(entry: Json) -> str | None:
    meta = (entry.get("resource") or {}).get("meta")
    return meta.get("versionId") if type(meta) is dict else None


def _base(entry: Json) -> str | None:
    """What comes before `Type/id` in the fullUrl of an entry, where it is the address of that resource; empty where the
    fullUrl is (wrongly) relative itself."""
    url, resource = entry.get("fullUrl"), entry.get("resource") or {}
    name = f"{resource.get('resourceType')}/{resource.get('id')}"
    if url == name:
        return ""
    restful = type(url) is str and url.endswith("/" + name) and RESTFUL.fullmatch(url) is not None
    return str(url)[: -len(name)] if restful else None


def _by_type_and_id(plain: str, index: BundleIndex) -> Found:
    """A relative reference that no fullUrl answers: an entry of that type and id alone is not what it means."""
    parts = plain.split("/")
    if len(parts) < 2 or parts[0] not in resource_types():
        return Found()
    same = index.by_type_and_id(f"{parts[0]}/{parts[1]}")
    return Found(code="bundle-reference-base" if same else "bundle-reference-missing")


def _elsewhere(url: str, place: Place) -> bool:
    """Definitions are known by their address and need not travel along."""
    match = RESTFUL.fullmatch(url)
    return bool(match and match.group(1) in _DEFINITIONS) or place.registry.structure(url) is not None


# --------------------------------------------------------------------------------------------- direct references


def _direct(resource: Json) -> Iterator[tuple[str, str]]:
    """The references of a Composition or MessageHeader whose targets have to be there, each with its path."""
    name = str(resource.get("resourceType"))
    for path in _DIRECT.get(name, ()):
        yield from _at(resource, path.split("."), "")
    if name == "Composition":
        yield from _of_sections(resource, "")


def _of_sections(parent: Json, above: str) -> Iterator[tuple[str, str]]:
    for index, section in enumerate(parent.get("section", ())):
        here = f"{above}.section[{index}]"
        for name in _OF_SECTIONS:
            yield from _at(section, [name], here)
        yield from _of_sections(section, here)


def _at(value: Json, names: list[str], above: str) -> Iterator[tuple[str, str]]:
    below = value.get(names[0])
    for index, child in enumerate(below if type(below) is list else [below] if below else ()):
        here = f"{above}.{names[0]}" + (f"[{index}]" if type(below) is list else "")
        if len(names) > 1:
            yield from _at(child, names[1:], here)
        elif type(child.get("reference")) is str and not child["reference"].startswith("#"):
            yield here, child["reference"]


# -------------------------------------------------------------------------------------------------- all the links


@dataclass(slots=True)
class _Graph:
    """Entries by place, and to which they link."""

    place_of: dict[int, int] = field(default_factory=dict)
    forward: dict[int, tuple[int, ...]] = field(default_factory=dict)

    def backward(self) -> dict[int, list[int]]:
        referrers: dict[int, list[int]] = {}
        for source, targets in self.forward.items():
            for target in targets:
                referrers.setdefault(target, []).append(source)
        return referrers


def _links(at: int, entry: Json, graph: _Graph, index: BundleIndex, place: Place) -> Iterator[Issue]:
    """Learns where the entry links to; what it names by type and id, but not by address, is wrong."""
    targets: dict[int, None] = {}
    for text, literal in _strings(entry["resource"]):
        found = resolved(text, entry, index, place) if literal else _mentioned(text, index)
        target = graph.place_of.get(id(found.entry)) if found.entry is not None else None
        if target is not None and target != at:
            targets[target] = None
        if at and found.code not in ("", "bundle-reference-missing"):
            yield place.issue(found.code, f".entry[{at}].resource")
    graph.forward[at] = tuple(targets)


def _mentioned(text: str, index: BundleIndex) -> Found:
    """A url or uri that happens to be the fullUrl of an entry."""
    return Found(next(iter(index.by_full_url(text)), None))


def _strings(resource: Json) -> Iterable[tuple[str, bool]]:
    """Every string that could name an entry, once; True where it is a literal reference. Bundles inside are closed."""
    found: dict[str, bool] = {}
    waiting: list[Any] = [resource]
    while waiting:
        value = waiting.pop()
        if type(value) is list:
            waiting.extend(value)
            continue
        if type(value) is not dict or (value.get("resourceType") == "Bundle" and value is not resource):
            continue
        for name, child in value.items():
            if type(child) is not str:
                waiting.append(child)
            elif name == "reference" and not child.startswith("#"):
                found[child] = True
            elif ":" in child and name not in ("system", "div", "profile") and " " not in child:
                found.setdefault(child, False)
    return found.items()


def _unconnected(bundle: Json, graph: _Graph, place: Place) -> Iterator[Issue]:
    reached: set[int] = set()
    starts = [0] if 0 in graph.forward else []
    starts += [at for at in graph.forward if _is_stylesheet(bundle, bundle["entry"][at]["resource"])]
    _spread(starts, graph, reached)
    referrers, waiting = graph.backward(), list(reached)
    while waiting:
        for source in referrers.get(waiting.pop(), ()):
            if source in reached:
                continue
            name = bundle["entry"][source]["resource"].get("resourceType")
            if bundle["type"] == "document" and name not in _BACKWARD:
                yield place.issue("bundle-entry-backward", f".entry[{source}]")
            waiting += _spread([source], graph, reached)
    code = "bundle-entry-unreachable" if bundle["type"] == "document" else "bundle-entry-unlinked"
    for at in graph.forward:
        if at not in reached:
            yield place.issue(code, f".entry[{at}]")


def _spread(starts: list[int], graph: _Graph, reached: set[int]) -> list[int]:
    """Follows links forward; what was reached now."""
    new = [at for at in starts if at not in reached]
    reached.update(new)
    for at in new:  # grows while it is read
        more = [target for target in graph.forward[at] if target not in reached]
        reached.update(more)
        new.extend(more)
    return new


def _is_stylesheet(bundle: Json, resource: Json) -> bool:
    name = f"{resource.get('resourceType')}/{resource.get('id')}"
    return any(link.get("relation") == "stylesheet" and link.get("url") == name for link in bundle.get("link", ()))
