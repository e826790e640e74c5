"""What FHIR adds: extensions, references, terminology, profiles, narrative.

Law: `memberOf`, `subsumes` and `conformsTo` ask the environment; where that cannot tell, the answer is empty, and an
unknown profile is an error. A reference that nobody resolves is empty.
Source: http://hl7.org/fhir/R4/fhirpath.html#functions.
"""

from __future__ import annotations

from typing import Any

from profiles.fhirpath.errors import FhirPathError
from profiles.fhirpath.frame import Frame
from profiles.fhirpath.functions.shape import Compiled, Eager, Lazy
from profiles.fhirpath.model import canonical_type
from profiles.fhirpath.navigate import Closure, child_step, resource_model
from profiles.fhirpath.node import EMPTY, FALSE, TRUE, Collection, root_of
from profiles.fhirpath.operators import answer
from profiles.fhirpath.syntax import Call
from profiles.fhirpath.values import plain, system, text


def extension(source: Closure, call: Call, compiled: Compiled) -> Closure:
    """`extension(url)` is `extension.where(url = …)`."""
    extensions, url = child_step(source, "extension"), compiled(call.arguments[0])

    def those(this: Collection, frame: Frame) -> Collection:
        wanted = text(url(this, frame), "extension()")
        found = extensions(this, frame)
        return [] if wanted is None else [node for node in found if _url(node) == wanted]

    return those


def _url(node: Any) -> Any:
    return node[0].get("url") if type(node[0]) is dict else None


def has_extension(source: Closure, call: Call, compiled: Compiled) -> Closure:
    found = extension(source, call, compiled)
    return lambda this, frame: TRUE if found(this, frame) else FALSE


def has_value(items: Collection, frame: Frame) -> Collection:
    """One primitive with a value."""
    return TRUE if get_value(items, frame) else FALSE


def get_value(items: Collection, frame: Frame) -> Collection:
    if len(items) != 1:
        return EMPTY
    item = items[0]
    if type(item) is not tuple:
        return items
    if item[0] is None or type(item[0]) in (dict, list):
        return EMPTY
    return [system(item)]


def resolve(items: Collection, frame: Frame) -> Collection:
    """The resources behind References, canonicals or uris: contained ones, else what the environment resolves."""
    found: Collection = []
    for item in items:
        value = plain(item)
        reference = value.get("reference") if type(value) is dict else value
        if type(reference) is str:
            frame.spend(1)
            found += _resolved(item, reference, frame)
    return found


def _resolved(item: Any, reference: str, frame: Frame) -> Collection:
    if reference.startswith("#"):
        return _contained(item, reference[1:], frame)
    resolver = frame.environment.resolve
    resource = None if resolver is None else resolver(reference)
    return EMPTY if resource is None else [(resource, resource_model(resource), None, None, None, None)]


def _contained(item: Any, wanted: str, frame: Frame) -> Collection:
    """Within the resource around the reference; `#` alone is that resource."""
    containers = [root_of(item)] if type(item) is tuple else []
    around = item if type(item) is tuple else None
    while around is not None:
        if around[1].resource and around[4] != "contained":
            containers.insert(0, around)
            break
        around = around[3]
    root = frame.environment.root_resource or frame.environment.resource
    if root is not None:
        containers.append((root, resource_model(root), None, None, None, None))
    read = child_step(lambda this, frame: this, "contained")
    for container in containers:
        if not wanted:
            return [container]
        for node in read([container], frame):
            if type(node[0]) is dict and node[0].get("id") == wanted:
                return [node]
    return EMPTY


def member_of(items: Collection, frame: Frame, value_set: Collection) -> Collection:
    url = text(value_set, "memberOf()")
    if len(items) != 1 or url is None or frame.environment.member_of is None:
        return EMPTY
    frame.spend(1)
    return answer(frame.environment.member_of(plain(items[0]), url))


def conforms_to(items: Collection, frame: Frame, profile: Collection) -> Collection:
    """The environment's verdict; without one, the definitions of the types themselves are known."""
    url = text(profile, "conformsTo()")
    if not items or url is None:
        return EMPTY
    if len(items) > 1:
        raise FhirPathError("conformsTo() takes one item.")
    item, ask = items[0], frame.environment.conforms_to
    frame.spend(1)
    verdict = None if ask is None else ask(plain(item), url)
    if verdict is None:
        name = canonical_type(url)
        if name is None:
            raise FhirPathError("conformsTo() names a profile that is not known here.")
        verdict = type(item) is tuple and name in item[1].ancestors
    return answer(verdict)


def subsumes(items: Collection, frame: Frame, other: Collection) -> Collection:
    ask = frame.environment.subsumes
    if len(items) != 1 or len(other) != 1 or ask is None:
        return EMPTY
    frame.spend(1)
    return answer(ask(plain(items[0]), plain(other[0])))


def subsumed_by(items: Collection, frame: Frame, other: Collection) -> Collection:
    return subsumes(other, frame, items)


def check_modifiers(items: Collection, frame: Frame, *known: Collection) -> Collection:
    """The input, if its modifier extensions are all among the URLs; otherwise an error."""
    urls = {text(one, "checkModifiers()") for one in known}
    for item in items:
        holder = item[0] if type(item) is tuple else None
        modifiers = holder.get("modifierExtension") if type(holder) is dict else None
        for modifier in modifiers if type(modifiers) is list else ():
            if type(modifier) is not dict or modifier.get("url") not in urls:
                raise FhirPathError("checkModifiers() found a modifier extension that is not among the known ones.")
    return items


def html_checks(items: Collection, frame: Frame) -> Collection:
    """Whether the only item is XHTML that a narrative may hold."""
    from profiles.xml_narrative import is_narrative

    value = text(items, "htmlChecks()")
    if value is None:
        return EMPTY
    return TRUE if is_narrative(value) else FALSE


EAGER: dict[str, Eager] = {
    "hasValue": (0, 0, has_value),
    "getValue": (0, 0, get_value),
    "resolve": (0, 0, resolve),
    "memberOf": (1, 1, member_of),
    "conformsTo": (1, 1, conforms_to),
    "subsumes": (1, 1, subsumes),
    "subsumedBy": (1, 1, subsumed_by),
    "checkModifiers": (0, 20, check_modifiers),
    "htmlChecks": (0, 0, html_checks),
}
LAZY: dict[str, Lazy] = {"extension": (1, 1, extension), "hasExtension": (1, 1, has_extension)}
