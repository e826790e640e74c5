"""FHIR XML to a resource in memory: exactly the tree that JSON would have given, nothing guessed, nothing lost.

Law: what R4 does not define (element, attribute, namespace, order, text between elements) is an Issue with its place,
never an exception and never passed over; comments and processing instructions are. Decimals keep their digits.
Sources: http://hl7.org/fhir/R4/xml.html, http://hl7.org/fhir/R4/json.html#xml.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from lxml import etree

from profiles.definitions import resource_types
from profiles.issue import Issue
from profiles.json_input import DEFAULT_LIMIT, MAX_DEPTH
from profiles.xml_document import FHIR, XHTML, divisions, positions, root
from profiles.xml_elements import Element, Form, Table, extension_table, resource_table

Positions = dict[str, tuple[int, int]]
"""FHIRPath location to line and column."""
Place = tuple[Any, str, int]
"""Where an element stands: its parent's place, its name, its number in a list (-1 when there is none)."""

MOST_ISSUES = 100
# As in JSON: what may not fit 64 bits is refused, and a four-digit exponent is no measurement.
_WHOLE = r"-?(?:0|[1-8][0-9]{0,18}|9[0-9]{0,17})"
_INTEGER = re.compile(_WHOLE, re.ASCII)
_DECIMAL = re.compile(_WHOLE + r"(?:\.[0-9]{1,1000})?(?:[eE][+-]?0*[0-9]{1,3})?", re.ASCII)
_FHIR = f"{{{FHIR}}}"
_XHTML = f"{{{XHTML}}}*"
_XML = "{http://www.w3.org/XML/1998/namespace}"
_ESCAPED_RETURN = re.compile("&#(?:0*13|[xX]0*[dD]);")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]{0,63}", re.ASCII)


def parse_xml(
    data: bytes, *, limit: int = DEFAULT_LIMIT, places: Positions | None = None
) -> tuple[dict[str, Any] | None, tuple[Issue, ...]]:
    """The resource in `data`, or None and the issues that say why not. `places` learns where each element stands."""
    resource, issues = read_xml(data, limit=limit, places=places)
    return (None if issues else resource), issues


def read_xml(
    data: bytes, *, limit: int = DEFAULT_LIMIT, places: Positions | None = None
) -> tuple[dict[str, Any] | None, tuple[Issue, ...]]:
    """The same, but what could be understood is handed out beside the issues: a validator has more to say about it."""
    top = root(data, limit=limit)
    if isinstance(top, Issue):
        return None, (top,)
    reading = _Reading(top, data, None if places is None else [])
    resource = reading.resource(top, None, 0)
    if reading.found or places is not None:
        lines = _lines(top, data)
        if places is not None:
            places.update({_path(place): lines[node] for place, node in reading.seen or () if node in lines})
        issues = tuple(_located(code, place, lines.get(node), details) for code, place, node, details in reading.found)
        return resource or None, issues
    return resource, ()


def _lines(top: etree._Element, data: bytes) -> Mapping[etree._Element, tuple[int, int]]:
    return dict(zip(top.iter(etree.Element), positions(data), strict=False))


def _located(code: str, place: Place | None, at: tuple[int, int] | None, details: Mapping[str, str]) -> Issue:
    location = f"line {at[0]}, column {at[1]}" if at else ""
    return Issue(code, _path(place), location, MappingProxyType(dict(details)))


def _path(place: Place | None) -> str:
    steps: list[str] = []
    while place is not None:
        place, name, number = place
        steps.append(name if number < 0 else f"{name}[{number}]")
    return ".".join(reversed(steps))


class _Reading:
    """One document on its way to a tree; collects what stands against it."""

    def __init__(self, top: etree._Element, data: bytes, seen: list[tuple[Place, etree._Element]] | None) -> None:
        self._top, self._data = top, data
        self._sources: dict[etree._Element, bytes] | None = None
        self.found: list[tuple[str, Place | None, etree._Element, Mapping[str, str]]] = []
        self.seen = seen

    def _issue(self, code: str, place: Place | None, node: etree._Element, **details: str) -> None:
        if len(self.found) < MOST_ISSUES:
            self.found.append((code, place, node, details))

    def resource(self, node: etree._Element, place: Place | None, depth: int) -> dict[str, Any]:
        """The object of a resource element; `place` is where it stands, None at the top."""
        name = node.tag.removeprefix(_FHIR)
        if not node.tag.startswith(_FHIR) or name not in resource_types():
            self._issue("xml-resource", place, node)
            return {}
        place = place or (None, name, -1)
        value = self._object(node, resource_table(name), place, depth, frozenset())
        return {"resourceType": name, **value}

    def _object(
        self, node: etree._Element, table: Table, place: Place, depth: int, ignored: frozenset[str]
    ) -> dict[str, Any]:
        """Attributes and child elements as properties; `ignored` are attributes somebody else has read."""
        if self.seen is not None:
            self.seen.append((place, node))
        if depth >= MAX_DEPTH:
            self._issue("json-too-deep", place, node, limit=str(MAX_DEPTH))
            return {}
        value = self._attributes(node, table, place, ignored)
        order = -1
        for child, element in self._children(node, table, place):
            if element.order < order:
                self._issue("xml-order", (place, element.name, -1), child, name=element.name)
            order = max(order, element.order)
            self._put(value, element, child, place, depth)
        if not value and not ignored and table.type not in resource_types():
            self._issue("element-empty", place, node)  # as in JSON, a resource may consist of its name alone
        for name in [name for name, listed in value.items() if isinstance(listed, list)]:
            _close(value, name)
        return value

    def _attributes(self, node: etree._Element, table: Table, place: Place, ignored: frozenset[str]) -> dict[str, Any]:
        value: dict[str, Any] = {}
        for name, text in node.attrib.items():
            if name in ignored:
                continue
            if name not in table.attributes:
                self._issue("xml-attribute-unknown", place, node, name=_shown(name), type=table.type)
            elif not text:
                self._issue("element-empty", place, node)
            else:
                value[name] = text
        return value

    def _children(self, node: etree._Element, table: Table, place: Place) -> Iterator[tuple[etree._Element, Element]]:
        """The child elements the table knows; everything else is an issue."""
        if _says(node.text):
            self._issue("xml-text", place, node)
        for child in node:
            if not isinstance(child.tag, str):
                self._issue("xml-doctype", place, node)  # an entity reference
                continue
            if _says(child.tail):
                self._issue("xml-text", place, child)
            namespace, _, name = child.tag[1:].rpartition("}")
            element = table.elements.get(name)
            if element is None:
                at = (place, name, -1) if _NAME.fullmatch(name) else place
                self._issue("element-unknown", at, child, type=table.type, name=_shown(name))
            elif namespace != (XHTML if element.form is Form.XHTML else FHIR):
                self._issue("xml-namespace", (place, name, -1), child, name=name)
            else:
                yield child, element

    def _put(self, value: dict[str, Any], element: Element, child: etree._Element, place: Place, depth: int) -> None:
        """One more value of a property. Lists of primitives and of what extends them grow side by side."""
        name, many = element.name, element.many
        if many:
            listed = value.setdefault(name, [])
            at: Place = (place, name, len(listed))
        elif name in value or "_" + name in value:
            self._issue("element-too-many", (place, name, -1), child, name=name, max="1")
            return
        else:
            at = (place, name, -1)
        deeper = depth + (2 if many else 1)
        if element.form is not Form.PRIMITIVE:
            found = self._READERS[element.form](self, child, element, at, deeper)
            if many:
                listed.append(found)
            else:
                value[name] = found
            return
        found, extra = self._primitive(child, element, at, deeper)
        if many:
            listed.append(found)
            if extra:
                value.setdefault("_" + name, []).extend([None] * (len(listed) - 1 - len(value["_" + name])))
                value["_" + name].append(extra)
            return
        if found is not None:
            value[name] = found
        if extra:
            value["_" + name] = extra

    def _primitive(
        self, node: etree._Element, element: Element, place: Place, depth: int
    ) -> tuple[Any, dict[str, Any] | None]:
        """The value (None when there is none) and its `id` and extensions."""
        text = node.get("value")
        extra = None
        if len(node) or len(node.attrib) > (text is not None) or node.text or text is None:
            extra = self._object(node, extension_table(), place, depth, frozenset({"value"}))
        elif self.seen is not None:
            self.seen.append((place, node))
        if text is None:
            if not extra:
                self._issue("element-empty", place, node)
            return None, extra
        if not text:
            self._issue("element-empty", place, node)
            return None, extra
        found = _VALUES.get(element.type, _string)(text)
        if found is None:
            self._issue("primitive-invalid", place, node, type=element.type)
        return found, extra

    def _nested(self, node: etree._Element, element: Element, place: Place, depth: int) -> dict[str, Any]:
        return self._object(node, element.table(), place, depth, frozenset())

    def _inside(self, node: etree._Element, element: Element, place: Place, depth: int) -> dict[str, Any]:
        """`contained`, `Bundle.entry.resource` and the like hold one resource."""
        for name in node.attrib:
            self._issue("xml-attribute-unknown", place, node, name=_shown(name), type=element.type)
        if _says(node.text) or any(_says(child.tail) for child in node):
            self._issue("xml-text", place, node)
        if len(node) != 1 or not isinstance(node[0].tag, str):
            self._issue("xml-resource", place, node)
            return {}
        if depth >= MAX_DEPTH:
            self._issue("json-too-deep", place, node, limit=str(MAX_DEPTH))
            return {}
        return self.resource(node[0], place, depth)

    def _division(self, node: etree._Element, _element: Element, place: Place, _depth: int) -> str:
        if self.seen is not None:
            self.seen.append((place, node))
        if self._sources is None:
            outermost = (div for div in self._top.iter(_XHTML) if not _is_xhtml(div.getparent()))
            self._sources = dict(zip(outermost, divisions(self._data), strict=False))
        source = self._sources.get(node, b"")
        return _as_written(source) if source and _stands_alone(node) else narrative(node)

    _READERS: Mapping[Form, Callable[..., Any]] = {
        Form.OBJECT: _nested,
        Form.RESOURCE: _inside,
        Form.XHTML: _division,
    }


def _close(value: dict[str, Any], name: str) -> None:
    """Ends a list of primitives: without any value it is not there, and its extensions reach to its end."""
    listed = value[name]
    if name.startswith("_"):
        beside = value.get(name[1:])
        if beside is not None:
            listed.extend([None] * (len(beside) - len(listed)))
    elif "_" + name in value and all(one is None for one in listed):
        del value[name]


def _says(text: str | None) -> bool:
    return bool(text) and not text.isspace()  # type: ignore[union-attr]


def _shown(name: str) -> str:
    """A name for a message: only what looks like one."""
    return name if _NAME.fullmatch(name) else "?"


def _is_xhtml(node: etree._Element | None) -> bool:
    return node is not None and isinstance(node.tag, str) and node.tag.startswith(f"{{{XHTML}}}")


def _stands_alone(div: etree._Element) -> bool:
    """Whether the source of the div says its namespace itself and leans on no prefix from outside."""
    if div.prefix is not None or (div.getparent() is not None and div.getparent().nsmap.get(None) == XHTML):
        return False
    return all(
        node.prefix is None and all(name[0] != "{" or name.startswith(_XML) for name in node.attrib)
        for node in div.iter(etree.Element)
    )


def _as_written(source: bytes) -> str:
    """Line ends as an XML processor reports them (XML 1.0 2.11): a carriage return only where it was escaped."""
    return _ESCAPED_RETURN.sub("\r", source.decode().replace("\r\n", "\n").replace("\r", "\n"))


def narrative(div: etree._Element) -> str:
    """The div as a string with the XHTML namespace as its default, and no other declared that it does not use."""
    alone = deepcopy(div)
    alone.tail = None
    if any(node.prefix == div.prefix for node in alone.iter(etree.Element)) and div.prefix is not None:
        alone = _unprefixed(alone)
    etree.cleanup_namespaces(alone)
    return etree.tostring(alone, encoding="unicode", with_tail=False)


def _unprefixed(node: etree._Element) -> etree._Element:
    """The same element, the XHTML namespace without a prefix."""
    copy = etree.Element(node.tag, dict(node.attrib), nsmap={None: XHTML})
    copy.text, copy.tail = node.text, node.tail
    copy.extend(_unprefixed(child) if isinstance(child.tag, str) else deepcopy(child) for child in node)
    return copy


# --------------------------------------------------------------------------------------------------------- values


def _string(text: str) -> Any:
    return text


def _boolean(text: str) -> Any:
    return {"true": True, "false": False}.get(text)


def _whole(text: str) -> Any:
    return int(text) if _INTEGER.fullmatch(text) else None


def _number(text: str) -> Any:
    """As JSON gives it: an int for plain digits, otherwise a Decimal with the digits it came with."""
    if _INTEGER.fullmatch(text) and text != "-0":
        return int(text)
    return Decimal(text) if _DECIMAL.fullmatch(text) else None


_VALUES: Mapping[str, Callable[[str], Any]] = MappingProxyType(
    {
        "boolean": _boolean,
        "integer": _whole,
        "positiveInt": _whole,
        "unsignedInt": _whole,
        "decimal": _number,
    }
)
