"""Where a value stands while it is validated: its resource, what is around it, and how references are found from there.

Law: one `Place` for each resource, shared by all values in it; nobody changes it but `walk`. The index of a Bundle is
made once, on first use, in time linear in its entries. Nothing is fetched but by the `fetch` that the caller gave.
Source: http://hl7.org/fhir/R4/bundle.html#references, http://hl7.org/fhir/R4/references.html.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from profiles.issue import Issue

if TYPE_CHECKING:
    from profiles.registry import Registry

Resource = dict[str, Any]
Rigour: TypeAlias = Literal["accepting", "strict"]
"""`strict` is a conformance report; `accepting` a store's door, where some errors are advice (`finding.ADVISED`)."""
_LITERAL = re.compile(
    r"(?:(https?://.*)/)?([A-Za-z]+)/([A-Za-z0-9.-]{1,64})(?:/_history/[A-Za-z0-9.-]{1,64})?", re.DOTALL
)


class BundleIndex:
    """The entries of one Bundle by fullUrl, by `Type/id`, and by the identity of their resource."""

    __slots__ = ("_by_resource", "_by_type_and_id", "_by_url", "_made", "bundle")

    def __init__(self, bundle: Resource) -> None:
        self.bundle = bundle
        self._made = False
        self._by_url: dict[str, list[Resource]] = {}
        self._by_type_and_id: dict[str, list[Resource]] = {}
        self._by_resource: dict[int, Resource] = {}

    def _make(self) -> None:
        if self._made:
            return
        entries = self.bundle.get("entry")
        for entry in entries if type(entries) is list else ():
            if type(entry) is not dict:
                continue
            url, resource = entry.get("fullUrl"), entry.get("resource")
            if type(url) is str:
                self._by_url.setdefault(url, []).append(entry)
            if type(resource) is dict:
                self._by_resource[id(resource)] = entry
                name = f"{resource.get('resourceType')}/{resource.get('id')}"
                self._by_type_and_id.setdefault(name, []).append(entry)
        self._made = True

    def around(self, resource: Resource) -> Resource | None:
        """The entry whose resource this is."""
        self._make()
        return self._by_resource.get(id(resource))

    def by_full_url(self, url: str) -> list[Resource]:
        """Every entry with this fullUrl."""
        self._make()
        return self._by_url.get(url, [])

    def by_type_and_id(self, name: str) -> list[Resource]:
        """Every entry whose resource is `Type/id`."""
        self._make()
        return self._by_type_and_id.get(name, [])


@dataclass(slots=True, eq=False)  # not frozen: that would cost more than validating a small resource
class Place:
    """`expression` goes in front of the expression of every Issue a rule makes; the engine adds what is above.

    `resource` is the resource the value is in (itself, for a resource); `root` the outermost one; `container` the one
    it is contained in, if it is; `bundle` the index of the innermost Bundle around it (or of itself), if there is one.
    """

    resource: Resource
    root: Resource
    registry: Registry
    container: Resource | None = None
    bundle: BundleIndex | None = None
    fetch: Callable[[str], Resource | None] | None = None
    rigour: Rigour = "accepting"
    expression: str = ""
    memo: dict[str, Any] = field(default_factory=dict)
    """What was worked out for this resource (`environment`, …)."""
    shared: dict[Any, Any] = field(default_factory=dict)
    """What was worked out for the whole of this validation: verdicts of profiles on resources."""
    free: bool = False
    """Whether what is said of a value depends on the value alone, as long as nobody looks around (see `Nowhere`)."""
    alone: bool = False
    """Whether it is free, and there is neither a Bundle around it nor anybody who fetches."""
    sound: bool = True
    """Whether the structure of what is asked about is sound."""
    walked: bool = False
    """Whether there may be markup or ids in it (see `rules.contents`)."""

    def now(self) -> datetime:
        """The time of this validation: asked once, with the offset of the machine."""
        found: datetime | None = self.shared.get("now")
        if found is None:
            found = self.shared["now"] = datetime.now().astimezone()
        return found

    def walk(self) -> None:
        """Has the resource looked through for ids and markup."""
        self.walked = True

    def issue(self, code: str, path: str = "", **details: str) -> Issue:
        """An issue at a path below the value: `place.issue("reference-target", ".subject", type="Group")`."""
        return Issue(code, self.expression + path, details=details)

    @property
    def entry(self) -> Resource | None:
        """The Bundle entry this resource (or its container) is in."""
        if self.bundle is None:
            return None
        return self.bundle.around(self.container or self.resource)

    def bundle_entry(self, reference: str) -> Resource | None:
        """The entry of the Bundle around this resource that a literal reference means, by the rules for Bundles."""
        index = self.bundle
        if index is None:
            return None
        plain = reference.partition("#")[0]
        match = _LITERAL.fullmatch(plain)
        versioned = "/_history/" in plain
        if match is None or match.group(1) is not None:
            found = index.by_full_url(plain.partition("/_history/")[0])
            return _version(found, plain) if versioned else next(iter(found), None)
        name = f"{match.group(2)}/{match.group(3)}"
        entry = self.entry
        url = entry.get("fullUrl") if entry is not None else None
        full = _LITERAL.fullmatch(url) if type(url) is str else None
        if full is not None and full.group(1) is not None:
            found = index.by_full_url(f"{full.group(1)}/{name}")
        elif entry is None or "fullUrl" not in entry:
            found = index.by_type_and_id(name)
        else:
            found = []
        return _version(found, plain) if versioned else next(iter(found), None)

    def resolve(self, reference: str) -> Resource | None:
        """What a literal reference means: contained, in the Bundle, or found by `fetch`; None when nowhere."""
        outer = self.container or self.resource
        if reference.startswith("#"):
            return _contained(outer, reference[1:])
        entry = self.bundle_entry(reference)
        if entry is not None:
            found = entry.get("resource")
            return found if type(found) is dict else None
        return None if self.fetch is None else self._fetched(reference)

    def _fetched(self, reference: str) -> Resource | None:
        """What `fetch` finds, asked once: the same resource each time, so what refers to each other comes to an end."""
        key = ("fetched", reference)
        if key not in self.shared:
            assert self.fetch is not None
            self.shared[key] = self.fetch(reference)
        found: Resource | None = self.shared[key]
        return found

    def inside(self, resource: Resource) -> Place:
        """The place of a resource in this one: an entry of a Bundle, a parameter."""
        index = BundleIndex(resource) if resource.get("resourceType") == "Bundle" else self.bundle
        return self._of(resource, None, index)

    @property
    def strict(self) -> bool:
        """Whether what a store had better accept counts as an error, as in a conformance report."""
        return self.rigour == "strict"

    def containing(self, resource: Resource) -> Place:
        """The place of a contained resource."""
        return self._of(resource, self.container or self.resource, self.bundle)

    def _of(self, resource: Resource, container: Resource | None, index: BundleIndex | None) -> Place:
        return Place(
            resource,
            self.root,
            self.registry,
            container,
            index,
            self.fetch,
            self.rigour,
            shared=self.shared,
            free=(free := self.rigour == "accepting" and _codes_are_elsewhere(container or resource)),
            sound=self.sound,
            alone=self.alone and free,
        )


def top(
    resource: Any,
    registry: Registry,
    fetch: Callable[[str], Resource | None] | None = None,
    rigour: Rigour = "accepting",
) -> Place:
    """The place of the resource that is validated."""
    root = resource if type(resource) is dict else {}
    index = BundleIndex(root) if root.get("resourceType") == "Bundle" else None
    free = rigour == "accepting" and _codes_are_elsewhere(root)
    return Place(
        root, root, registry, None, index, fetch, rigour, free=free, alone=free and index is None and fetch is None
    )


WALK = "walk"


class Contextual(Exception):
    """A check looked at what is around its value, or had the resource looked through (`WALK`)."""


class Nowhere:
    """The place of a value by itself. What can be said there can be said of an equal value anywhere that is `free`;
    whoever looks at what is around the value is told `Contextual`."""

    __slots__ = ("registry",)
    rigour: Rigour = "accepting"
    strict = False
    expression = ""
    free = True
    alone = False
    sound = True

    def __init__(self, registry: Registry) -> None:
        self.registry = registry

    def __getattr__(self, name: str) -> Any:
        raise Contextual(name)

    def resolve(self, reference: str) -> Resource | None:
        """What a literal reference means: nothing that could be reached."""
        raise Contextual(reference)

    def issue(self, code: str, path: str = "", **details: str) -> Issue:
        """An issue at a path below the value."""
        return Issue(code, path, details=details)


def _codes_are_elsewhere(outer: Resource) -> bool:
    """Whether no code system is contained in a resource, by which its codings would have to be judged."""
    if "contained" not in outer:
        return True
    contained = outer["contained"]
    return type(contained) is not list or all(
        type(inner) is not dict or inner.get("resourceType") != "CodeSystem" for inner in contained
    )


def _version(entries: list[Resource], reference: str) -> Resource | None:
    wanted = reference.rpartition("/_history/")[2]
    for entry in entries:
        resource = entry.get("resource")
        meta = resource.get("meta") if type(resource) is dict else None
        if type(meta) is dict and meta.get("versionId") == wanted:
            return entry
    return None


def _contained(outer: Resource, wanted: str) -> Resource | None:
    if not wanted:
        return outer
    contained = outer.get("contained")
    for inner in contained if type(contained) is list else ():
        if type(inner) is dict and inner.get("id") == wanted:
            return inner
    return None


class Alone(Nowhere):
    """The place of a value in a resource that is by itself: no Bundle around it, nobody who fetches."""

    __slots__ = ()
    alone = True
    bundle = None
    fetch = None

    def resolve(self, reference: str) -> Resource | None:
        """What a literal reference means: nothing that could be reached."""
        if reference.startswith("#"):
            raise Contextual(reference)
        return None
