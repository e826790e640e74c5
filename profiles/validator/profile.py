"""A profile as questions about values that satisfy their type already: what it says beyond the type, and only that.

Law: compiled once per profile and registry, on first use. A value that has not the shape of its type answers nothing
here (the check of the type says what is wrong). Whether a resource conforms is remembered for the whole validation, and
what is being asked already counts as yes, so profiles that refer to each other come to an end.
Source: http://hl7.org/fhir/R4/profiling.html, http://hl7.org/fhir/R4/elementdefinition.html.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from typing import Any, TypeAlias

from profiles.definitions import STRUCTURES, Definition, json_names, resource_types, structure
from profiles.registry import CORE, Registry
from profiles.validator.codes import bound_question
from profiles.validator.constraints import Question, question, questions
from profiles.validator.finding import Check, Finding, Findings, below, finding, unsound
from profiles.validator.item import Item, Read, reader
from profiles.validator.place import Place
from profiles.validator.relative import relative_bounds
from profiles.validator.remembered import remembered
from profiles.validator.rules.narrative_control import narrative_question
from profiles.validator.slicing import Slicer, slicer
from profiles.validator.targets import target_question
from profiles.validator.tree import Node, fixed_of, points_within, profiled_by, referred, root_of
from profiles.validator.values import Facet, facets

ObjectQuestion: TypeAlias = "Callable[[dict[str, Any], Place], Findings]"
GroupQuestion: TypeAlias = "Callable[[list[Item], dict[str, Any], Place], Findings]"
_ANYTHING = frozenset({"Resource", "DomainResource", "Element", "*"})
_MANY = float("inf")
_SYSTEM = "http://hl7.org/fhirpath/"
_DEPTH, _DEEPEST = "depth", 16
"""How far references are followed from profile to profile; behind that they are taken to lead to what they should."""


# ------------------------------------------------------------------------------------------------------- whole profiles


def profile_findings(url: str, item: Item, place: Place) -> Findings:
    """What a profile has against a value; an unknown or broken profile is a finding, too."""
    registry = place.registry
    if item.type == "Extension":
        again: Check | None = registry.cache.get(("again", url))
        if again is not None:
            return again(item.value, place) or []
    root = root_of(url, registry)
    if root is None:
        why = registry.broken(url)
        return finding("profile-broken", profile=url, why=why) if why else finding("profile-unknown", profile=url)
    home = root.home
    kind = home["type"]
    if kind != item.type and item.type in resource_types() and kind not in _ANYTHING:
        return finding("profile-type", profile=url)
    if is_type(home):
        return []
    ask = registry.once(("profile", home["url"], home.get("version")), lambda: root_question(root, registry))
    if ask is not None and item.type == "Extension" == kind and url == home["url"]:
        registry.once(("again", url), lambda: remembered(partial(_asked, ask)))
    return ask(item, place) or [] if ask is not None else []


def _asked(ask: Question, extension: Any, place: Place) -> Findings | None:
    return ask(Item(extension, None, "", "Extension"), place) or None


def core_question(url: str) -> Question | None:
    """What a profile of R4 itself asks of a value; None when it asks nothing."""
    root = root_of(url, CORE)
    if root is None or is_type(root.home):
        return None
    return CORE.once(("profile", root.home["url"], root.home.get("version")), lambda: root_question(root, CORE))


def core_forbidden(url: str) -> frozenset[str]:
    """The elements that a profile of R4 forbids, when that is all it asks (SimpleQuantity: `comparator`); else none."""
    root = root_of(url, CORE)
    if root is None or any(facets(root.element, root.name)) or _constraints(root):
        return frozenset()
    asking = [child for child in root.children.values() if group_question(child, CORE) is not None]
    if any(child.element.get("max") != "0" or child.name.endswith("[x]") for child in asking):
        return frozenset()
    return frozenset(name for child in asking for name in (child.name, "_" + child.name))


def conforms(value: Any, url: str, place: Place, kind: str = "") -> bool | None:
    """Whether a value satisfies a profile (and, of a resource, its type); None for an unknown profile."""
    root = root_of(url, place.registry)
    if root is None:
        return None
    name = kind or (str(value.get("resourceType", "")) if type(value) is dict else "") or str(root.home["type"])
    if root.home["type"] != name and root.home["type"] not in _ANYTHING:
        return False
    key = (id(value), root.home["url"])
    known: bool | None = place.shared.get(key)
    if known is not None:
        return known
    depth = place.shared.get(_DEPTH, 0)
    if depth >= _DEEPEST:
        return True
    place.shared[key] = True
    place.shared[_DEPTH] = depth + 1
    around = place
    if type(value) is dict and value is not place.resource and name in resource_types():
        around = _around(value, place)
    if is_type(root.home):
        from profiles.validator.compile import check_at

        sound = name not in resource_types() or not unsound(check_at(name, name)(value, around) or [])
    else:
        sound = not unsound(profile_findings(url, Item(value, None, "", name), around))
    place.shared[_DEPTH] = depth
    place.shared[key] = sound
    place.shared.setdefault("kept", []).append(value)  # its identity must not be given to another
    return sound


def is_type(definition: Definition) -> bool:
    """Whether a definition defines a type (rather than constraining one)."""
    return bool(definition["url"] == STRUCTURES + definition["type"])


def _around(value: dict[str, Any], place: Place) -> Place:
    outer = place.container or place.resource
    contained = outer.get("contained")
    if type(contained) is list and any(one is value for one in contained):
        return place.containing(value)
    return place.inside(value)


def root_question(root: Node, registry: Registry) -> Question | None:
    asks: list[Question] = [_faceted(facet) for facet in facets(root.element, root.name)]
    return _together([*asks, *_constraints(root), *inside(root, registry)])


def _faceted(facet: Facet) -> Question:
    return lambda item, place: facet(item)


# ------------------------------------------------------------------------------------------------------- one value


def value_question(node: Node, registry: Registry) -> Question | None:
    """Everything an element says about one of its values."""
    asks = [*_of_the_value(node, registry), *_constraints(node), *_of_the_target(node)]
    asks += [*_of_its_profiles(node), *inside(node, registry), *_of_its_form(node)]
    whole = _together(asks)
    allowed = allowed_types(node)
    return whole if allowed is None else _typed(allowed, node.name.removesuffix("[x]"), whole)


def outer_questions(node: Node, registry: Registry) -> list[Question]:
    """What an element says about one of its values beside its rules, its targets and what is inside."""
    return [*_of_the_value(node, registry), *_of_its_profiles(node), *_of_its_form(node)]


def _of_the_value(node: Node, registry: Registry) -> Iterator[Question]:
    yield from map(_faceted, facets(node.element, node.name.removesuffix("[x]")))
    yield from relative_bounds(node.element, node.name.removesuffix("[x]"))
    binding = bound_question(node.element, origin_of(node), registry)
    if binding is not None:
        yield binding


def _of_the_target(node: Node) -> Iterator[Question]:
    target = target_question(node, origin_of(node), conforms)
    if target is not None:
        yield target


def _of_its_profiles(node: Node) -> Iterator[Question]:
    profiled = _profiled(node)
    if profiled is not None:
        yield profiled


def _of_its_form(node: Node) -> Iterator[Question]:
    for asked in (_alternative(node.element), narrative_question(node.element)):
        if asked is not None:
            yield asked


def _together(asks: list[Question]) -> Question | None:
    if len(asks) <= 1:
        return asks[0] if asks else None

    def ask_all(item: Item, place: Place) -> Findings | None:
        found: Findings = []
        for ask in asks:
            answer = ask(item, place)
            if answer:
                found += answer
        return found or None

    return ask_all


def _typed(allowed: frozenset[str], name: str, ask: Question | None) -> Question:
    def check(item: Item, place: Place) -> Findings | None:
        if item.type not in allowed:
            return finding("type-not-allowed", type=item.type, name=name)
        return None if ask is None else ask(item, place)

    return check


def allowed_types(node: Node) -> frozenset[str] | None:
    """The types of an element, where it allows fewer than its base does."""
    codes = frozenset(code_of(kind) for kind in node.types)
    origin = origin_of(node)
    before = frozenset(code_of(kind) for kind in origin.get("type", ())) if origin is not None else codes
    if any(code.startswith(_SYSTEM) for code in before):
        return None  # an id, or the value of a primitive: some write `string` or `id` for what R4 calls System.String
    return None if not codes or codes >= before or codes & _ANYTHING else codes


def code_of(kind: Definition) -> str:
    return str(kind.get("code", "").removeprefix("http://hl7.org/fhir/StructureDefinition/"))


def _profiled(node: Node) -> Question | None:
    """The profiles that the types of an element name: one of them must fit."""
    wanted = {code_of(kind): list(kind["profile"]) for kind in node.types if kind.get("profile")}
    if not wanted:
        return None
    if any(points_within(kind) for kind in node.types):
        return _as_elements(node)
    origin = origin_of(node)
    before = {code_of(kind): list(kind["profile"]) for kind in (origin or {}).get("type", ()) if kind.get("profile")}
    if before == wanted:
        return None
    anything = next((urls for code, urls in wanted.items() if code in _ANYTHING), None)

    def ask(item: Item, place: Place) -> Findings | None:
        urls = wanted.get(item.type, anything)
        if urls is None or item.value is None:
            return None
        around = _around(item.value, place) if item.type in resource_types() else place
        return fitting(urls, item, around)

    return ask


def _as_elements(node: Node) -> Question:
    """The same, where the profiles are elements of profiles: a section of a library of sections."""

    def ask(item: Item, place: Place) -> Findings | None:
        registry = place.registry
        elements = [one for kind in node.types for one in profiled_by(kind, registry) if one is not None]
        answers = []
        for one in elements:
            each = registry.once(("value", one), partial(value_question, one, registry))
            found = each(item, place) if each is not None else None
            if not found or not unsound(found):
                return found
            answers.append(found)
        return answers[0] if answers else None

    return ask


def fitting(urls: list[str], item: Item, place: Place) -> Findings | None:
    """Nothing, when one of the profiles fits; with a single one, what it has against the value."""
    if item.type == "Extension":
        if len(urls) == 1 and ("again", urls[0]) in place.registry.cache:
            return profile_findings(urls[0], item, place) or None
        urls = [url for url in urls if root_of(url, place.registry) is not None]
    if len(urls) == 1:
        return profile_findings(urls[0], item, place) or None
    answers = []
    for url in urls:
        found = profile_findings(url, item, place)
        if any(problem.code == "profile-broken" and not problem.path for problem in found):
            return None  # what cannot be worked out may fit
        if not unsound(found):
            return found or None
        answers.append(url)
    return finding("profile-not-met", profiles=" ".join(answers)) if answers else None


def _constraints(node: Node) -> list[Question]:
    """The rules of an element that its base and its types do not have."""
    path, new = new_rules(node)
    if path:
        together = questions(new, path)
        return [] if together is None else [together]
    return [asked for constraint in new if (asked := _rule(constraint)) is not None]


def new_rules(node: Node) -> tuple[str, list[Definition]]:
    """The same as they are written, and the path of R4 that they are about; no path where the type of the value says
    it."""
    known = known_rules(node)
    path = node.extent[0]
    whole = "." not in path
    codes = {code_of(kind) for kind in node.types}
    if not whole and not codes <= {"BackboneElement", "Element"} and codes:
        path = ""
    return path, [constraint for constraint in node.element.get("constraint", ()) if constraint["key"] not in known]


def _rule(constraint: Definition) -> Question | None:
    """A rule on an element of a data type: which one, the value says."""
    by_type: dict[str, Question | None] = {}
    if question(constraint, "Element") is None:
        return None

    def ask(item: Item, place: Place) -> Findings | None:
        if item.type not in by_type:
            by_type[item.type] = questions([constraint], item.type)
        one = by_type[item.type]
        return None if one is None else one(item, place)

    return ask


def known_rules(node: Node) -> frozenset[str]:
    origin = origin_of(node)
    keys = {constraint["key"] for constraint in (origin or {}).get("constraint", ())}
    for kind in node.types or ([{"code": node.home["type"]}] if node.parent is None else []):
        keys |= _rules_of_type(code_of(kind))
    return frozenset(keys)


@cache
def _rules_of_type(name: str) -> frozenset[str]:
    definition = structure(name)
    if definition is None:
        return frozenset()
    return frozenset(constraint["key"] for constraint in definition["snapshot"]["element"][0].get("constraint", ()))


def origin_of(node: Node) -> Definition | None:
    """The element of R4 that an element of a profile goes back to."""
    if node.parent is None:
        definition = structure(node.home["type"])
        return None if definition is None else definition["snapshot"]["element"][0]
    return _core_elements(node.extent[0].partition(".")[0]).get(node.extent[0])


@cache
def _core_elements(name: str) -> Mapping[str, Definition]:
    definition = structure(name)
    if definition is None or definition.get("derivation") == "constraint":
        return {}
    return {element["path"]: element for element in definition["snapshot"]["element"]}


_ALTERNATIVES = "http://hl7.org/fhir/StructureDefinition/elementdefinition-isValueAlternative"
_WITHOUT_VALUE = "http://hl7.org/fhir/tools/StructureDefinition/must-value"


def _alternative(element: Definition) -> Question | None:
    """An element that needs its value, or one of certain extensions in its place."""
    wanted = [
        one.get("valueCanonical") or one.get("valueUri") or one.get("valueUrl")
        for one in element.get("extension", ())
        if str(one.get("url", "")).endswith("/extension-ElementDefinition.valueAlternatives")
    ]
    must = any(
        str(one.get("url", "")).endswith("/extension-ElementDefinition.mustHaveValue") and one.get("valueBoolean")
        for one in element.get("extension", ())
    )
    if not wanted and not must:
        return None
    name = element["path"].rpartition(".")[2]

    def ask(item: Item, place: Place) -> Findings | None:
        if item.value is not None:
            return None
        listed = (item.sibling or {}).get("extension") or ()
        if any(type(one) is dict and one.get("url") in wanted for one in listed):
            return None
        return finding("value-required", name=name)

    return ask


# --------------------------------------------------------------------------------------------------- what is inside


def inside(node: Node, registry: Registry) -> list[Question]:
    """The question about the elements below, none where there is nothing to ask."""
    if "contentReference" in node.element and not node.children:
        return [lambda item, place: _again(node, item, place)]
    below_it = _children_question(node, registry)
    if below_it is None:
        return []

    def ask(item: Item, place: Place) -> Findings | None:
        holder = item.holder
        if type(holder) is not dict:
            return below_it({}, place) or None if item.value is not None else None
        if item.type in resource_types() and holder is not place.resource:
            place = _around(holder, place)
        return below_it(holder, place) or None

    return [ask]


def _again(node: Node, item: Item, place: Place) -> Findings | None:
    target = referred(node, place.registry)
    if target is None or type(item.value) is not dict:
        return None
    ask = _children_question(target, place.registry)
    return (ask(item.value, place) or None) if ask is not None else None


def _children_question(node: Node, registry: Registry) -> ObjectQuestion | None:
    return registry.once(("children", node), lambda: _made_children_question(node, registry))


def _made_children_question(node: Node, registry: Registry) -> ObjectQuestion | None:
    parts = [
        part_of(child, group) for child in _children(node) if (group := group_question(child, registry)) is not None
    ]
    if not parts:
        return None
    plans: dict[tuple[str, ...], tuple[Check, ...]] = {}

    def ask(value: dict[str, Any], place: Place) -> Findings:
        keys = tuple(value)
        plan = plans.get(keys)
        if plan is None:
            plan = tuple(part for names, part in parts if not names or not names.isdisjoint(keys))
            if len(plans) < _MOST_PLANS:
                plans[keys] = plan
        found: Findings = []
        for part in plan:
            answer = part(value, place)
            if answer:
                found += answer
        return found

    return ask


def children_of(node: Node, registry: Registry) -> list[Node]:
    """The elements right below an element, also where it stands for another one."""
    if "contentReference" in node.element and not node.children:
        target = referred(node, registry)
        return [] if target is None else _children(target)
    return _children(node)


def _children(node: Node) -> list[Node]:
    primitive = bool(node.types) and all(code_of(kind)[:1].islower() for kind in node.types) and node.parent is not None
    return [child for child in node.children.values() if not (primitive and child.name == "value")]


_MOST_PLANS = 256
_SAID_AGAIN = frozenset({"CodeableConcept", "Coding", "code"})
"""Types of which the same few values come again and again."""


def part_of(node: Node, group: GroupQuestion) -> tuple[frozenset[str], Check]:
    """What is asked about one element of an object, and the keys without any of which there is nothing to be said; no
    keys, where it may be missed."""
    names = names_of(node)
    both = frozenset((*names, *("_" + name for name in names)))
    read = _reader(node)

    def ask(value: dict[str, Any], place: Place) -> Findings | None:
        return group(read(value), value, place) or None

    needed = node.element.get("min", 0) > 0 or any(each.element.get("min", 0) > 0 for each in _slices(node))
    again = bool(node.types) and all(code_of(kind) in _SAID_AGAIN for kind in node.types)
    of_resource = node.parent is not None and node.parent.parent is None and node.home["type"] in resource_types()
    if len(names) == 1 and (again or (node.name == "extension" and of_resource)):
        name = next(iter(names))
        beside = "_" + name
        return frozenset() if needed else both, remembered(ask, lambda value: (value.get(name), value.get(beside)))
    return frozenset() if needed else both, ask


def _slices(node: Node) -> Iterator[Node]:
    for each in node.slices:
        yield each
        yield from _slices(each)


def _reader(node: Node) -> Read:
    return reader(node.name.removesuffix("[x]"), names_of(node))


def names_of(node: Node) -> Mapping[str, str]:
    """The JSON names of an element, each with the type it stands for."""
    origin = origin_of(node) or node.element
    if "contentReference" in origin:
        return {node.name: "BackboneElement"}
    kinds = origin.get("type", [])
    if kinds and kinds[0].get("code") == "*":
        kinds = node.types
    names = json_names(node.name, {"type": kinds}) if node.name.endswith("[x]") else (node.name,)
    return {name: _plain(kind) for name, kind in zip(names, kinds or [{"code": "Element"}], strict=False)}


def _plain(kind: Definition) -> str:
    code = code_of(kind)
    return str(kind.get("fhirType", "string")) if code.startswith("http://hl7.org/fhirpath/") else code


def group_question(node: Node, registry: Registry) -> GroupQuestion | None:
    """All that is asked of the values of one element: how many, each by itself, and by slices."""
    count = _count(node)
    each = value_question(node, registry)
    sliced = slicer_of(node, registry)
    if count is None and each is None and sliced is None:
        return None

    def ask(items: list[Item], value: dict[str, Any], place: Place) -> Findings:
        found: Findings = [] if count is None else count(items)
        if each is not None:
            found += _each(each, items, place)
        if sliced is not None and (items or sliced.asks_without):
            found += sliced.findings(items, value, place)
        return found

    return ask


def _each(ask: Question, items: list[Item], place: Place) -> Findings:
    found: Findings = []
    for item in items:
        answer = ask(item, place)
        if answer:
            found += below(item.path, answer)
    return found


def bounds(node: Node) -> tuple[int, str] | None:
    """The bounds of an element where they are narrower than those of its type."""
    _, least_before, most_before = node.extent
    least, most = node.element.get("min", 0), str(node.element.get("max", "*"))
    if node.unsliced is not None or (least <= least_before and most == most_before):
        return None
    return least, most


def _count(node: Node) -> Callable[[list[Item]], Findings] | None:
    found = bounds(node)
    if found is None:
        return None
    least, most_text = found
    most = _MANY if most_text == "*" else int(most_text)
    name = node.name.removesuffix("[x]")

    def count(items: list[Item]) -> Findings:
        if len(items) < least:
            return [Finding("." + name if items else "", "element-required", {"name": name, "min": str(least)})]
        if len(items) > most:
            return [Finding("." + name, "element-too-many", {"name": name, "max": most_text})]
        return []

    return count


def slicer_of(node: Node, registry: Registry) -> Slicer | None:
    if not node.slices:
        return None
    return slicer(node, registry, conforms, lambda one: _slice_parts(one, registry))


def _slice_parts(node: Node, registry: Registry) -> tuple[Question | None, Slicer | None]:
    return value_question(node, registry), slicer_of(node, registry)


def fixed_values(node: Node) -> Iterator[tuple[str, Any]]:
    """What an element and those right below it fix."""
    own = fixed_of(node.element)
    if own is not None:
        yield own
