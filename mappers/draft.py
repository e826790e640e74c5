"""The working area of one message: sheets being written, the ledger, the issues. Local to `map_message`.

A sheet is a resource in the making. `finish` turns the sheets into statements and leaves no leaf of the message
unaccounted: what no rule spoke of is carried in the Provenance of the message.
"""

from __future__ import annotations

import marshal
from collections.abc import Iterable
from hashlib import sha256
from typing import Any, TypeAlias

from mappers import dtm, systems
from mappers.derived import new_id
from mappers.ledger import Ledger
from mappers.mapped import Statement, Weight
from mappers.message import Leaf, Message, Segment
from mappers.site import Context, Site
from mappers.site_number import number_of
from profiles.issue import Issue

BARE = 2
"""Elements of a resource of which nothing is said yet: its type and its id."""
_NONE: frozenset[str] = frozenset()


class Sheet:
    """One resource in the making."""

    __slots__ = ("body", "deleted", "id", "owner", "ref", "type", "weight")

    def __init__(self, type_: str, id_: str, weight: Weight, owner: str) -> None:
        self.type = type_
        self.id = id_
        self.ref = f"{type_}/{id_}"
        self.weight = weight
        self.owner = owner
        self.body: dict[str, Any] = {"resourceType": type_, "id": id_}
        self.deleted = _NONE

    def path(self, sub: str) -> str:
        """`Type/id#sub`, the form in which the ledger names a place."""
        return f"{self.ref}#{sub}"

    def set(self, path: str, value: Any) -> None:
        """Sets a (dotted) element, in the place of what stood there."""
        node = self.body
        *way, name = path.split(".")
        for step in way:
            node = node.setdefault(step, {})
        node[name] = value

    def add(self, path: str, value: Any) -> str:
        """Adds an item to a (dotted) list unless it is there already; comes back with its path, with the index."""
        node = self.body
        *way, name = path.split(".")
        for step in way:
            node = node.setdefault(step, {})
        array = node.setdefault(name, [])
        if value not in array:
            array.append(value)
        return f"{path}[{array.index(value)}]"

    def delete(self, element: str) -> None:
        """The sender deletes the element with `""`. What another field of the same message states there, stays."""
        self.deleted |= {element}

    def nullify(self, leaves: Iterable[Leaf], element: str, rule: str, ledger: Ledger) -> None:
        """As `delete`, for the leaves of a value that is `""`; `element` is empty where none may be deleted by one
        field."""
        for leaf in leaves:
            if element:
                self.delete(element)
                ledger.note(leaf, "stored", self.path(element), rule)
            else:
                ledger.note(leaf, "dropped", "null-shared-element", rule)

    @property
    def empty(self) -> bool:
        return len(self.body) == BARE and not self.deleted

    def statement(self) -> Statement:
        gone = frozenset(name for name in self.deleted if not _stands(self.body, name)) if self.deleted else _NONE
        return Statement(self.body, self.weight, self.owner, gone)


Touched: TypeAlias = tuple[Sheet, bytes | None] | str
"""A resource and what it was before (`None`: not there), or the code of an institution."""
PLAIN = 2
"""The version of the form that is the same for equal values, whatever they share."""


def _packed(body: dict[str, Any]) -> bytes:
    """The body as bytes, the same for equal bodies; empty when a decimal number stands in it."""
    try:
        return marshal.dumps(body, PLAIN)
    except ValueError:
        return b""


def _stands(body: dict[str, Any], path: str) -> bool:
    node: Any = body
    for step in path.split("."):
        if not isinstance(node, dict) or step not in node:
            return False
        node = node[step]
    return True


def _provenance_id(message: Message, site: Site) -> str:
    """By site, control id and content, so that a control id used twice gives two Provenances. The name of the character
    set (MSH-18) is no content: a copy in another one is the same message."""
    text = "\r".join(segment.text for segment in message.segments)
    if message.msh.raw(18):
        separator = message.delimiters.field
        head, *rest = text.split("\r", 1)
        parts = head.split(separator)
        parts[17] = ""
        text = "\r".join((separator.join(parts).rstrip(separator), *rest))
    digest = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return new_id("Provenance", f"{systems.SID}/{site.code}", f"{message.control_id}|{digest}")


class Draft:
    """Everything one translation writes. `group` names the segments that conditions of other segments may look at."""

    def __init__(self, message: Message, context: Context) -> None:
        self.message = message
        self.context = context
        self.site = context.site
        self.ledger = Ledger()
        self.sheets: dict[tuple[str, str], Sheet] = {}
        self.issues: list[Issue] = []
        self.group: dict[str, Segment] = {}
        self._unmapped: dict[tuple[str, str], dict[str, str]] = {}
        self.effects = 0
        """How often something was said that is no value: an issue, a code for the work list, a leaf left out."""
        self.touched: list[Touched] | None = None
        """While a conversion is watched (`mappers.memory`): the resources and institutions it spoke of."""
        self.number = number_of(self.site, message.delimiters)
        self._provenance: Sheet | None = None
        self._event_time = ""

    def resource(self, kind: str, identity: str, weight: Weight = Weight.STATED, owner: str | None = None) -> Sheet:
        """The sheet of that resource, the one already begun if there is one; the greater weight counts."""
        sheet = self.sheets.get((kind, identity))
        if sheet is None:
            sheet = Sheet(kind, identity, weight, self.site.institution if owner is None else owner)
            self.sheets[kind, identity] = sheet
            if self.touched is not None:
                self.touched.append((sheet, None))
            return sheet
        if self.touched is not None:
            self.touched.append((sheet, _packed(sheet.body)))
        if weight > sheet.weight:
            sheet.weight = weight
        return sheet

    @property
    def provenance(self) -> Sheet:
        """The Provenance of the message; rows of EVN and MSH write into it, `finish` completes it."""
        if self._provenance is None:
            identity = _provenance_id(self.message, self.site)
            self._provenance = Sheet("Provenance", identity, Weight.STATED, self.site.institution)
        return self._provenance

    def beside(self, name: str) -> Segment | None:
        """The segment a condition means by its name: of the group at hand, else the first of the message."""
        return self.group.get(name) or self.message.first(name)

    def issue(self, code: str, location: Leaf | str = "", expression: str = "", **details: str) -> None:
        self.effects += 1
        where = self.message.locate(location) if isinstance(location, Leaf) else location
        self.issues.append(Issue(code, expression, where, {"location": where, **details}))

    def unmapped(self, table: str, code: str, text: str, location: Leaf | str) -> None:
        """Puts a code that nobody knows on the work list, once, and says so."""
        self.effects += 1
        where = self.message.locate(location) if isinstance(location, Leaf) else location
        if (table, code) not in self._unmapped:
            self._unmapped[table, code] = {"table": table, "code": code, "text": text, "location": where}
            self.issue("code-unmapped", where, table=table)

    def forget(self, sheet: Sheet, path: str = "") -> None:
        """Takes back what the ledger says about a place that was given up; its leaves are unaccounted again."""
        place = sheet.path(path)
        lines = self.ledger.lines
        for leaf in [leaf for leaf, found in lines.items() if any(line.path.startswith(place) for line in found)]:
            kept = [line for line in lines[leaf] if not line.path.startswith(place)]
            if kept:
                lines[leaf] = kept
            else:
                del lines[leaf]

    @property
    def event_time(self) -> str:
        """When it happened: EVN-2, else EVN-6, else MSH-7, else when it was received; an instant."""
        if not self._event_time:
            told = (self.message.get("EVN", 2), self.message.get("EVN", 6), self.message.msh.get(7))
            read = (dtm.instant(text, self.site.offset) for text in told if text)
            self._event_time = next((time for time in read if time), self.context.received)
        return self._event_time

    @property
    def worklist(self) -> tuple[dict[str, str], ...]:
        """The codes that nobody knows, once each."""
        return tuple(self._unmapped.values())
