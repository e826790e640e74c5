"""What generated code of `accepting` works on: the forms of objects, and the place of the values of a resource.

Law: a form grows by functions that say what its checks say; their number is bounded. A yes depends on the resource and
on the registry alone: whoever looks at what is around the resource is told `Contextual`.
Source: none but speed; docs/decisions/2611-generated-validators.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeAlias

from profiles.definitions import resource_types
from profiles.issue import REFUSING, kinds
from profiles.registry import Registry
from profiles.validator.compile import check_at
from profiles.validator.finding import ADVISED, EXTENSION_CONTEXT, LOCAL_REFERENCE, NULL_ENTRY, Check, Findings
from profiles.validator.item import Item
from profiles.validator.place import Alone
from profiles.validator.profile import root_question, value_question
from profiles.validator.profile_element import is_type
from profiles.validator.shape import Shape
from profiles.validator.straight import SHAPES
from profiles.validator.tree import Node, root_of

OFTEN = 8
"""How often a key sequence is seen before it gets code of its own."""
MOST = 1024
"""Functions in a process."""
_MOST_KEYS, _MOST_FORMS, _MOST_CLAIMS = 256, 256, 4
_PATIENCE, _SELDOM = 64, 32
"""So many noes more than yeses, and from then on only every so many resources of a form are tried."""
_AROUND = frozenset({"Bundle", "Parameters", "CodeSystem"})
"""What is in them depends on what is around it; and codes are judged by a CodeSystem that stands beside them."""
Run: TypeAlias = "Callable[[Any, Within], bool]"
Write: TypeAlias = "Callable[[Form, tuple[str, ...]], Run]"
written = 0


class Within(Alone):
    """The place of all values of a resource that is by itself. Its local references are settled at the end; markup and
    repeated ids, for which others have it looked through, never refuse it."""

    __slots__ = ("local",)
    walked = False

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.local: list[Mapping[str, Any]] = []

    def walk(self) -> None:
        """Nothing that refuses would be found."""


def stands(found: Findings | None, place: Any) -> bool:
    """Whether nothing refuses a value of which this was found; its local references are noted."""
    for _, code, details in found or ():
        if code == LOCAL_REFERENCE:
            place.local.append(details)
        elif _refuses(code):
            return False
    return True


@cache
def _refuses(code: str) -> bool:
    if code in (EXTENSION_CONTEXT, NULL_ENTRY):
        return True  # who could settle it is not here
    return not code.startswith(ADVISED) and kinds()[code].severity in REFUSING


@dataclass(slots=True, eq=False)
class Form:
    """The objects of one definition, to which these elements of profiles apply; `runs` by their keys."""

    shape: Shape
    check: Check
    nodes: tuple[Node, ...]
    kind: str
    where: str
    """The way to them from their resource, by the names of its elements, where these objects stand nowhere else."""
    registry: Registry
    write: Write
    runs: dict[tuple[str, ...], Run] = field(default_factory=dict)
    seen: dict[tuple[str, ...], int] = field(default_factory=dict)
    tried: int = 0
    taken: int = 0
    left: int = 0

    def other(self, value: Any, place: Within) -> bool:
        """What has no code yet, or never will have."""
        global written
        if type(value) is not dict:
            return False
        keys = tuple(value)
        count = self.seen.get(keys, 0) + 1
        room = keys in self.seen or len(self.seen) + len(self.runs) < _MOST_KEYS
        if count >= OFTEN and room and written < MOST:
            written += 1
            self.seen.pop(keys, None)
            run = self.runs[keys] = self.write(self, keys)
            return run(value, place)
        if room:
            self.seen[keys] = count
        return self.where != self.kind and self._slowly(value, place)  # of a whole resource, `validate` says it as well

    def _slowly(self, value: dict[str, Any], place: Any) -> bool:
        if not stands(self.check(value, place), place):
            return False
        item = Item(value, None, "", self.kind)
        for node in self.nodes:
            ask = root_question(node, self.registry) if node.parent is None else value_question(node, self.registry)
            if ask is not None and not stands(ask(item, place), place):
                return False
        return True

    def form(self, check: Check, nodes: tuple[Node, ...], kind: str, label: str = "") -> Form:
        """The form of objects in these ones: of a check, and of the elements of profiles that apply. `label`: the
        element they stand in."""
        where, name = f"{self.where}.{label}", SHAPES[check].type_name
        own = self.where and label and (name == where or name in _PLACED)
        return form_of(check, nodes, kind, where if own else "", self.registry, self.write)


_PLACED = frozenset({"Element", "Reference"})
"""Types of which each place has a form of its own: their extensions are allowed at one place or another."""


def form_of(check: Check, nodes: tuple[Node, ...], kind: str, where: str, registry: Registry, write: Write) -> Form:
    """The form of the objects of a check, to which these elements of profiles apply."""
    shape = SHAPES[check]
    return registry.once(("form", check, nodes, where), lambda: Form(shape, check, nodes, kind, where, registry, write))


def takes(resource: Any, place: Within, write: Write) -> bool:
    """Whether a resource, or one that is contained, is taken, but for its local references."""
    if type(resource) is not dict:
        return False
    kind, meta = resource.get("resourceType"), resource.get("meta")
    claimed = meta.get("profile", ()) if type(meta) is dict else ()
    if type(kind) is not str or type(claimed) not in (list, tuple) or len(claimed) > _MOST_CLAIMS:
        return False
    cache = place.registry.cache
    forms: dict[Any, Form | None] = cache["accepting"] if "accepting" in cache else cache.setdefault("accepting", {})
    key = (kind, *claimed)
    try:
        form = forms.get(key, _NOT_YET)
    except TypeError:  # something else than texts
        return False
    if form is _NOT_YET:
        form = _form_of_resource(kind, claimed, place.registry, write)
        if len(forms) < _MOST_FORMS:
            forms[key] = form
    if form is None:
        return False
    if form.tried > _PATIENCE + 2 * form.taken:
        form.left += 1
        if form.left % _SELDOM:
            return False
    else:
        form.tried += 1
    verdict = form.runs.get(tuple(resource), form.other)(resource, place)
    form.taken += verdict
    return verdict


_NOT_YET: Any = object()


def _form_of_resource(kind: str, claimed: Any, registry: Registry, write: Write) -> Form | None:
    """The form of resources of a type that claim these profiles; None where one of them cannot be asked."""
    if kind not in resource_types() or kind in _AROUND:
        return None
    everywhere = registry.global_profiles(kind)
    nodes: list[Node] = []
    for url in (*claimed, *(one for one in everywhere if one not in claimed)):
        if type(url) is not str or registry.broken(url):
            return None
        root = root_of(url, registry)
        if root is None and url not in everywhere:
            continue  # that it is not known is worth a warning
        if root is None or root.home["type"] != kind:
            return None
        if not is_type(root.home):
            nodes.append(root)
    return form_of(check_at(kind, kind), tuple(nodes), kind, kind, registry, write)
