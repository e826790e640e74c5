"""Extensions: known or not, where they may stand, whether they change the meaning, and what they hold.

Law: an extension that is not known is a warning (an error when asked so, and always for a modifier extension). Where it
may stand is asked of the element around it first, and of its full path in the resource where that does not settle it.
Source: http://hl7.org/fhir/R4/extensibility.html, http://hl7.org/fhir/R4/defining-extensions.html#context.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from profiles.definitions import Definition
from profiles.registry import Registry
from profiles.validator.constraints import evaluation
from profiles.validator.finding import EXTENSION_CONTEXT, Check, Finding, Findings, below, finding, unsound
from profiles.validator.item import Item
from profiles.validator.place import Place
from profiles.validator.profile import profile_findings
from profiles.validator.remembered import remembered
from profiles.validator.tree import Node, fixed_url, root_of

Ask = Callable[[dict[str, Any], Place], "Findings | None"]
_EXAMPLES = re.compile(r".*(?:example\.org|acme\.com|nema\.org)")
"""The domains of the specification's own examples, and DICOM's, whose extensions are written down elsewhere."""
_HL7 = "http://hl7.org/fhir/StructureDefinition/"
_TOOLS = "http://hl7.org/fhir/tools/StructureDefinition/"
_CROSS_VERSION = re.compile(
    r"http://hl7\.org/fhir/(1\.0|3\.0|4\.0|4\.3|5\.0)/StructureDefinition/extension-(([A-Z][A-Za-z]+)(?:\.[A-Za-z0-9:\[\]]+)+)"
)
_R2_MODIFIERS = frozenset({"Patient.animal"})
_PERSONAL = {
    "birthTime": ".birthDate",
    "citizenship": "",
    "disability": "",
    "interpreterRequired": "",
    "nationality": "",
    "preferenceType": ".communication.preferred",
    "proficiency": ".communication",
}
_OF_ITEMS = (
    *("baseType", "choiceOrientation", "displayCategory", "hidden", "itemControl", "referenceResource"),
    *("unit", "unitOption", "unitValueSet"),
)


def _elements(paths: str) -> tuple[Definition, ...]:
    return tuple({"type": "element", "expression": path} for path in paths.split())


def _of_persons(tail: str) -> tuple[Definition, ...]:
    """What is asked of patients is asked of other persons, too."""
    return _elements(" ".join(kind + tail for kind in ("Person", "Practitioner", "RelatedPerson")))


ERRATA: Mapping[str, tuple[Definition, ...]] = MappingProxyType(
    {
        # R4 itself puts these where their definitions do not allow them; later versions of the definitions do.
        _HL7 + "structuredefinition-fhir-type": ({"type": "element", "expression": "ElementDefinition.type"},),
        _HL7 + "structuredefinition-normative-version": (
            {"type": "element", "expression": "ElementDefinition"},
            {"type": "element", "expression": "CanonicalResource"},
        ),
        _HL7 + "regex": ({"type": "element", "expression": "ElementDefinition.type"},),
        **{_HL7 + "patient-" + name: _of_persons(tail) for name, tail in _PERSONAL.items()},
        **{_HL7 + "questionnaire-" + name: _elements("ElementDefinition") for name in _OF_ITEMS},
        _HL7 + "condition-assertedDate": _elements("AllergyIntolerance"),
        _HL7 + "iso21090-preferred": _elements("Address ContactPoint"),
        _HL7 + "language": _elements("string markdown"),
        _HL7 + "quantity-precision": _elements("Quantity"),
        _HL7 + "valueset-supplement": _elements("ValueSet.compose.include ValueSet.compose.exclude"),
        _HL7 + "variable": _elements("Measure Measure.group PlanDefinition PlanDefinition.action"),
    }
)
"""Further places of extensions, by url."""
ANYWHERE_IN: Mapping[str, frozenset[str]] = MappingProxyType(
    {_HL7 + "capabilitystatement-expectation": frozenset({"CapabilityStatement", "SearchParameter"})}
)
"""Extensions that may stand at every element of these resources: what R4 lists was too short, and grew."""
_MOST = 256
_ANYWHERE = frozenset({"Element", "*", "Base"})
_CANONICAL = ("CanonicalResource", "MetadataResource")


def extension_ask(key: str, path: str) -> Ask:
    """The question about the `extension` or `modifierExtension` of the objects at a path of R4."""
    modifier = key == "modifierExtension"
    nested = path == "Extension"

    known: dict[str, Check] = {}

    def judge(url: str, registry: Registry) -> Check:
        """What is said of extensions with this url, whatever is around them."""

        def judged(extension: Any, place: Place) -> Findings | None:
            return _judged(url, extension, {}, place, path, modifier=modifier, nested=nested)

        if len(known) >= _MOST or root_of(url, registry) is None:
            return judged
        return known.setdefault(url, remembered(judged))

    def ask(value: dict[str, Any], place: Place) -> Findings | None:
        found: Findings = []
        rules_of = _rules_around(place.registry)
        for index, extension in enumerate(value[key]):
            url = extension.get("url")
            if type(url) is str:
                rules = rules_of[url] if url in rules_of else _known_rules_around(url, place.registry)
                answer = _unmet(url, rules, extension, value, path, place) if rules else None
                if answer:
                    found += below(f".{key}[{index}]", answer)
                if "url" in value:  # which may be that of an extension around it
                    answer = _judged(url, extension, value, place, path, modifier=modifier, nested=nested)
                else:
                    answer = (known.get(url) or judge(url, place.registry))(extension, place)
                if answer:
                    found += below(f".{key}[{index}]", answer)
        return found or None

    return ask


def _rules_around(registry: Registry) -> dict[str, tuple[str, ...]]:
    """The rules that extensions state about what is around them, by url, as far as they were asked for."""
    return registry.once("rules around", dict)


def _known_rules_around(url: str, registry: Registry) -> tuple[str, ...]:
    known = _rules_around(registry)
    rules = known.get(url)
    if rules is None:
        rules = _made_rules_around(url, registry)
        if len(known) < _MOST_PLACES:  # a sender makes up addresses at will
            known[url] = rules
    return rules


def _made_rules_around(url: str, registry: Registry) -> tuple[str, ...]:
    root = root_of(url, registry)
    rules = root.home.get("contextInvariant", ()) if root is not None else ()
    return tuple(rule for rule in rules if type(rule) is str) if type(rules) is list else ()


def _unmet(
    url: str, rules: tuple[str, ...], extension: Any, around: dict[str, Any], path: str, place: Place
) -> Findings | None:
    """What is wrong with the use of an extension when its rules are asked of the element it is in."""
    bridge = evaluation()
    item = Item(around, None, "", path)
    variables = {"extension": bridge.as_variable(extension, "Extension")}
    for rule in rules:
        try:
            if bridge.holds(bridge.compiled(rule), path, item, place, variables) is False:
                return finding("extension-context-rule", url=url)
        except bridge.FhirPathError:
            return finding("rule-unanswered", key="contextInvariant")
    return None


@lru_cache(maxsize=4096)
def _ancestors(path: str) -> frozenset[str]:
    """The names by which the context of an extension may call the objects at a path."""
    from profiles.fhirpath.model import at_path

    model = at_path(path)
    return frozenset({path, *(model.ancestors if model is not None else ())})


def _judged(
    url: str,
    extension: dict[str, Any],
    around: dict[str, Any],
    place: Place,
    path: str,
    *,
    modifier: bool,
    nested: bool,
) -> Findings | None:
    relative = ":" not in url
    if nested and relative:
        return None  # the extension around it says what it may hold
    root = root_of(url, place.registry)
    if root is None or root.home.get("type") != "Extension" or root.home["url"] == _HL7 + "Extension":
        return _unknown(url, place, modifier=modifier, relative=relative)
    found = _received(url, root, around, path, modifier=modifier)
    item = Item(extension, None, "", "Extension")
    found += profile_findings(url, item, place)
    found += _undefined(extension, root, place.registry)
    return found


def _received(url: str, root: Node, around: dict[str, Any], path: str, *, modifier: bool) -> Findings:
    """What is said of an extension with a definition, whatever it holds."""
    found: Findings = []
    changes = bool(root.element.get("isModifier"))
    if changes != modifier:
        found += finding("extension-is-modifier" if changes else "extension-not-modifier", url=url)
    if not _is_for_r4(root.home):
        found += finding("extension-version", url=url)
    return found + _placed(url, root.home, around, _ancestors(path))


def _unknown(url: str, place: Place, *, modifier: bool, relative: bool) -> Findings | None:
    if relative:
        return finding("extension-url-relative")
    match = _CROSS_VERSION.fullmatch(url)
    if match is not None:
        if (match.group(2) in _R2_MODIFIERS) and not modifier:
            return finding("extension-is-modifier", url=url)
        return None
    shown = url[:200]
    if modifier and not _EXAMPLES.match(url):
        return finding("extension-modifier-unknown", url=shown)
    if place.strict and not url.startswith((_HL7, _TOOLS)) and not _EXAMPLES.match(url):
        return finding("extension-undefined", url=shown)
    return finding("extension-unknown", url=shown)


def _undefined(extension: dict[str, Any], root: Node, registry: Registry) -> Findings:
    """Parts of a complex extension that its definition does not have."""
    parts = extension.get("extension")
    inside = root.children.get("extension")
    if type(parts) is not list or inside is None or not inside.slices:
        return []
    known = {fixed_url(one, registry) for one in inside.slices}
    found: Findings = []
    for index, part in enumerate(parts):
        url = part.get("url") if type(part) is dict else None
        if type(url) is str and ":" not in url and url not in known:
            found.append(Finding(f".extension[{index}].url", "extension-undefined", {"url": url[:64]}))
    return found


def welcome(url: str, path: str, where: str, place: Place, *, modifier: bool) -> tuple[bool, Node | None]:
    """Whether extensions with this absolute url may stand at a path of R4, whatever they hold and whatever is around
    it; and their definition, where it is known. `where` is the way there from the resource, as far as it is known."""
    root = root_of(url, place.registry)
    if root is None or root.home.get("type") != "Extension" or root.home["url"] == _HL7 + "Extension":
        found = _unknown(url, place, modifier=modifier, relative=False)
        return not found or not unsound(found), None
    found = _received(url, root, {}, path, modifier=modifier)
    if unsound(found) or _known_rules_around(url, place.registry):
        return False, root
    kind, _, steps = where.partition(".")
    names = _names(kind, "." + steps if steps else "") if kind else frozenset[str]()
    return all(
        problem.code != EXTENSION_CONTEXT or _is_named(problem.details["contexts"], names) for problem in found
    ), root


# --------------------------------------------------------------------------------------------------------- contexts


_VERSIONS = _HL7 + "version-specific-use"
_R4 = (4, 0)


def _is_for_r4(said: Definition) -> bool:
    """Whether a definition, or one of its contexts, does not say that it is for other versions."""
    for extension in said.get("extension", ()):
        if extension.get("url") != _VERSIONS:
            continue
        limits = {one.get("url"): _version(one.get("valueCode")) for one in extension.get("extension", ())}
        first, last = limits.get("startFhirVersion"), limits.get("endFhirVersion")
        if (first is not None and first > _R4) or (last is not None and last < _R4):
            return False
    return True


def _version(code: Any) -> tuple[int, ...] | None:
    parts = code.split(".")[:2] if type(code) is str else []
    return tuple(map(int, parts)) if len(parts) == 2 and all(part.isdigit() for part in parts) else None


def _placed(url: str, home: Definition, around: dict[str, Any], here: frozenset[str]) -> Findings:
    """Nothing when the element around it is a context; else a question for the resource, which knows the full path."""
    listed = (*home.get("context", ()), *ERRATA.get(url, ()))
    if not listed:
        return []
    contexts = tuple(filter(_is_for_r4, listed))
    for context in contexts:
        kind, expression = context.get("type"), context.get("expression", "")
        if kind == "element" and _name(expression) in here | _ANYWHERE:
            return []
        if kind == "extension" and around.get("url") == expression.partition("#")[0].partition("|")[0]:
            return []
    return [Finding("", EXTENSION_CONTEXT, {"url": url, "contexts": contexts})]


def _name(expression: str) -> str:
    """`http://…#Patient.name:official` names Patient.name."""
    return re.sub(r":[^.]+", "", expression.rpartition("#")[2].removeprefix(_HL7))


def settle_contexts(found: Findings, resource: dict[str, Any], place: Place) -> Findings | None:
    """Replaces each pending question for a context by nothing or by what is wrong."""
    settled: Findings = []
    for problem in found:
        if problem.code != EXTENSION_CONTEXT:
            settled.append(problem)
            continue
        if _SAMPLE.match(problem.path) and resource.get("resourceType") in _WITH_SAMPLES:
            continue  # a value for an element somewhere else, whose place is not here
        if not _is_fitting(problem, resource, place):
            settled.append(Finding(problem.path, "extension-context", {"url": problem.details["url"]}))
    return settled or None


def _is_fitting(problem: Finding, resource: dict[str, Any], place: Place) -> bool:
    """The same answer for every place with the same names, where names decide."""
    contexts = problem.details["contexts"]
    if resource.get("resourceType") in ANYWHERE_IN.get(problem.details["url"], ()):
        return True
    host = _HOST.sub("", problem.path)
    if any(context.get("type") != "element" for context in contexts):
        return _fits(contexts, host, resource, place)
    known: dict[tuple[str, ...], bool] = place.registry.once("contexts", dict)
    key = (problem.details["url"], str(resource.get("resourceType")), _INDEX.sub("", host))
    fits = known.get(key)
    if fits is None:
        fits = _fits(contexts, host, resource, place)
        if len(known) < _MOST_PLACES:
            known[key] = fits
    return fits


_SAMPLE = re.compile(
    r"\.(?:snapshot|differential)\.element\[\d+\]\.(?:fixed|pattern|defaultValue|example\[\d+\]\.value)\."
)
_WITH_SAMPLES = frozenset({"StructureDefinition"})
_HOST, _INDEX = re.compile(r"\.(?:modifierE|e)xtension\[\d+\]$"), re.compile(r"\[\d+\]")
_MOST_PLACES = 2048


def _fits(contexts: Any, host: str, resource: dict[str, Any], place: Place) -> bool:
    names = _names(str(resource.get("resourceType")), re.sub(r"\[\d+\]", "", host))
    around = _around(host, resource)
    for context in contexts:
        kind, expression = context.get("type"), context.get("expression", "")
        if kind == "extension" and around is not None and around == expression.partition("|")[0]:
            return True
        if kind == "fhirpath" and _selected(expression, host, resource, place):
            return True
    return _is_named(contexts, names)


def _is_named(contexts: Any, names: frozenset[str]) -> bool:
    """Whether one of the elements that are contexts has one of these names."""
    for context in contexts:
        name = _name(context.get("expression", ""))
        root, dot, rest = name.partition(".")
        if context.get("type") != "element":
            continue
        if name in names or (root in _CANONICAL and (not dot or any(n.endswith("." + rest) for n in names))):
            return True
    return False


_IN_VALUE = re.compile(r"(.*xtension\[\d+\])\.value\.ofType\(\w+\)")


def _around(host: str, resource: dict[str, Any]) -> str | None:
    """The url of the extension whose value is the host."""
    match = _IN_VALUE.fullmatch(host)
    node: Any = resource
    for name, index in re.findall(r"\.(\w+)(?:\[(\d+)\])?", match.group(1)) if match is not None else ():
        below_it = node.get(name, node.get("_" + name)) if type(node) is dict else None
        if below_it is not None and index and type(below_it) is list and int(index) < len(below_it):
            below_it = below_it[int(index)]
        node = below_it
    return node.get("url") if match is not None and type(node) is dict else None


@lru_cache(maxsize=4096)
def _names(resource_type: str, path: str) -> frozenset[str]:
    """Every name a context may use for the element at a path of a resource: from the resource, from each data type on
    the way, and the type of the element itself."""
    from profiles.fhirpath.model import at_path

    model = at_path(resource_type)
    names = set(model.ancestors) if model is not None else {resource_type}
    steps = re.findall(r"\.ofType\(\w+\)|\.[^.]+", path)
    for step in steps:
        if step.startswith(".ofType("):
            kind = step[8:-1]
            names |= {name + "[x]" for name in names} | {name + step for name in names}
            model = at_path(kind)
        else:
            child = model.child(step[1:]) if model is not None else None
            names = {name + step for name in names}
            if child is not None and child.single is None:
                names |= {name + "[x]" for name in names}
            single = child.single if child is not None else None
            model = single.model if single is not None else None
        if model is not None:
            names |= model.ancestors | {model.path}
    return frozenset(names)


def _selected(expression: str, host: str, resource: dict[str, Any], place: Place) -> bool:
    places = evaluation().located(expression, resource, place)
    wanted = re.sub(r"\.ofType\((\w)(\w*)\)", lambda match: match.group(1).upper() + match.group(2), host)
    return places is None or wanted in places  # what cannot be asked does not refuse
