"""A resource in memory to FHIR XML: elements in the order of the definition, one namespace, UTF-8.

Law: digits, `id`, extensions and gaps in lists survive; a character XML cannot carry becomes U+FFFD; a narrative that
is no XHTML is carried as its text. A property R4 does not know is a programming error (ValueError): nothing is dropped.
Source: http://hl7.org/fhir/R4/xml.html.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from profiles.definitions import resource_types
from profiles.json_output import decimal_text
from profiles.xml_document import FHIR, XHTML, root
from profiles.xml_elements import Element, Form, Table, extension_table, resource_table

_SPECIAL = re.compile('[&<>"\t\n\r]|[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]')
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_OPENING = re.compile(r"<div(?=[\s/>])")
_LARGEST_NARRATIVE = 64 * 1024 * 1024
_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'


def dump_xml(resource: dict[str, Any]) -> bytes:
    """The document on one line. Raises ValueError for what is no R4 resource."""
    return _document(resource, None)


def dump_xml_pretty(resource: dict[str, Any]) -> bytes:
    """The document with two blanks a level; narratives stay as they are."""
    return _document(resource, 0)


def _document(resource: dict[str, Any], level: int | None) -> bytes:
    parts = [_DECLARATION]
    _resource(parts, resource, level, f' xmlns="{FHIR}"')
    if level is not None:
        parts.append("\n")
    return "".join(parts).encode()


def _resource(parts: list[str], resource: dict[str, Any], level: int | None, namespace: str) -> None:
    kind = resource.get("resourceType")
    if kind not in resource_types():
        raise ValueError("no R4 resource")
    content = {name: value for name, value in resource.items() if name != "resourceType"}
    _object(parts, kind, namespace, content, resource_table(kind), level)


def _object(
    parts: list[str], tag: str, attributes: str, value: dict[str, Any], table: Table, level: int | None
) -> None:
    """One element with its attributes and, in their order, its children."""
    names: dict[str, Element] = {}
    for key in value:
        name = key[1:] if key[0] == "_" else key
        if name in table.attributes:
            if key == name:
                attributes += f' {name}="{escaped(value[name])}"'
            continue
        if name not in table.elements:
            raise ValueError(f"{table.type} has an element R4 does not know")
        names[name] = table.elements[name]
    parts.append(f"{_indent(level) if level else ''}<{tag}{attributes}")
    if not names:
        parts.append("/>")
        return
    parts.append(">")
    inner = None if level is None else level + 1
    for name, element in sorted(names.items(), key=_place):
        if element.form is Form.PRIMITIVE:
            _primitives(parts, element, value.get(name), value.get("_" + name), inner)
            continue
        listed = value[name]
        for one in listed if isinstance(listed, list) else (listed,):
            _WRITERS[element.form](parts, element, one, inner)
    parts.append(f"{_indent(level)}</{tag}>")


def _place(named: tuple[str, Element]) -> int:
    return named[1].order


def _indent(level: int | None) -> str:
    return "" if level is None else "\n" + "  " * level


def _primitives(parts: list[str], element: Element, values: Any, extras: Any, level: int | None) -> None:
    """A value and what extends it; of lists both are aligned by nulls."""
    if not isinstance(values, list) and not isinstance(extras, list):
        _primitive(parts, element, values, extras, level)
        return
    values, extras = values or [], extras or []
    for place in range(max(len(values), len(extras))):
        value = values[place] if place < len(values) else None
        extra = extras[place] if place < len(extras) else None
        _primitive(parts, element, value, extra, level)


def _primitive(parts: list[str], element: Element, value: Any, extra: Any, level: int | None) -> None:
    attribute = "" if value is None else f' value="{_text(value)}"'
    if extra:
        _object(parts, element.name, attribute, extra, extension_table(), level)
    elif attribute:
        parts.append(f"{_indent(level)}<{element.name}{attribute}/>")


def _text(value: Any) -> str:
    if isinstance(value, str):
        return escaped(value)
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal | float):
        return decimal_text(value if isinstance(value, Decimal) else Decimal(repr(value)))
    raise ValueError(f"no XML form for {type(value).__name__}")


def escaped(value: str) -> str:
    """The text of an attribute value."""
    return _SPECIAL.sub(_escape, value)


def _escape(found: re.Match[str]) -> str:
    return _ESCAPES.get(found[0], "\ufffd")


def _nested(parts: list[str], element: Element, value: Any, level: int | None) -> None:
    _object(parts, element.name, "", value, element.table(), level)


def _inside(parts: list[str], element: Element, value: Any, level: int | None) -> None:
    parts.append(f"{_indent(level)}<{element.name}>")
    _resource(parts, value, None if level is None else level + 1, "")
    parts.append(f"{_indent(level)}</{element.name}>")


def _narrative(parts: list[str], _element: Element, value: Any, level: int | None) -> None:
    parts.append(_indent(level) + narrative(value))


_WRITERS = {Form.OBJECT: _nested, Form.RESOURCE: _inside, Form.XHTML: _narrative}


def narrative(div: str) -> str:
    """The div as it stands when it is XHTML; otherwise a div around its text, markup and all."""
    text = _NOT_XML.sub("\ufffd", div).strip()
    for candidate in (text, _OPENING.sub(f'<div xmlns="{XHTML}"', text, count=1)):
        if candidate.startswith("<div"):
            tree = root(candidate.encode("utf-8", "replace"), limit=_LARGEST_NARRATIVE)
            if getattr(tree, "tag", None) == f"{{{XHTML}}}div":
                return candidate.replace("\r", "&#13;")
    return f'<div xmlns="{XHTML}">{escaped(text)}</div>'
