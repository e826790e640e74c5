"""HL7 v2 XML to the same `Message` as ER7, and back: one tree, one translation, whatever the syntax.

Segments in equal segments out. Groups hold nothing of their own and vanish; fields and components are told by the
number in their name (`PID.3`, `CX.4`), never by the name of a datatype, which senders get wrong. Delimiters in a text
are escaped, `<escape V=".br"/>` becomes the sequence it stands for, `""` stays the HL7 null. What has no place in a
message (text beside elements, a name without a number) is refused, for it would be lost.
Source: HL7 Version 2: XML Encoding Syntax, Release 2.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from lxml import etree

from adapters import er7
from adapters.xml_names import NAMESPACE_V2
from adapters.xml_text import local
from mappers.message import Delimiters, Message, Segment, unescape
from profiles.issue import Issue

_SEGMENT = re.compile(r"[A-Z][A-Z0-9]{2}\Z")
_NUMBERED = re.compile(r".{1,64}\.([1-9][0-9]{0,2})\Z")
Types = Callable[[str, int], str]
"""The datatype of a field by segment name and number, `""` when it is plain text."""
Group = tuple[str, ...]
"""The names of the groups around a segment, outermost first."""

_DEEPEST = 16
"""Groups within groups; the standard has four."""
_HEADER = {3: "HD", 4: "HD", 5: "HD", 6: "HD", 7: "TS", 9: "MSG", 11: "PT", 12: "VID", 17: "CE"}
_ERROR = {1: "ELD", 2: "ERL", 3: "CWE", 5: "CWE"}
_ANSWER = {"MSH": _HEADER, "ERR": _ERROR, "MSA": {6: "CE"}}


class _Stray(ValueError):
    """Something that no message can hold; the argument says where."""


def read(root: etree._Element) -> er7.Parsed:
    """The message of the document."""
    try:
        found = list(_segments(root, 0))
        if not found or local(found[0]) != "MSH":
            return er7.Parsed(None, (Issue("segment-first" if found else "message-unreadable"),))
        delimiters, issues = _delimiters(found[0])
        texts = [_segment(one, delimiters) for one in found]
        _nothing_beside(root)
    except _Stray as stray:
        return er7.Parsed(None, (Issue("xml-malformed", location=str(stray), details={"why": "text out of place"}),))
    return er7.Parsed(Message(texts, delimiters), issues)


def _segments(node: etree._Element, depth: int) -> Iterator[etree._Element]:
    """The segments in document order; whatever is none is a group."""
    for child in node:
        if _SEGMENT.match(local(child)):
            yield child
        elif depth < _DEEPEST:
            yield from _segments(child, depth + 1)
        else:
            raise _Stray("groups")


def _nothing_beside(node: etree._Element) -> None:
    """Refuses text that stands in a group; that in a segment is seen where the segment is read."""
    _only_elements(node)
    for child in node:
        if not _SEGMENT.match(local(child)):
            _nothing_beside(child)


def _delimiters(header: etree._Element) -> tuple[Delimiters, tuple[Issue, ...]]:
    """MSH.1 and MSH.2, where they are told; XML itself needs none."""
    told = {local(child): (child.text or "").strip() for child in header if local(child) in ("MSH.1", "MSH.2")}
    field = told.get("MSH.1") or "|"
    found = er7.delimiters_of(f"MSH{field[:1]}{told.get('MSH.2') or er7.STANDARD}{field[:1]}")
    return (found, ()) if found is not None else (Delimiters(), (Issue("encoding-characters", location="MSH-2"),))


def _segment(segment: etree._Element, delimiters: Delimiters) -> str:
    name = local(segment)
    _only_elements(segment)
    fields: dict[int, list[str]] = {}
    for child in segment:
        number = _number(child, name)
        if name == "MSH" and number <= 2:
            continue
        fields.setdefault(number, []).append(_field(child, delimiters))
    last = max(fields, default=0)
    if name == "MSH":
        own = delimiters.component + delimiters.repetition + delimiters.escape + delimiters.subcomponent
        parts = [name, own, *(_repeated(fields, number, delimiters) for number in range(3, last + 1))]
    else:
        parts = [name, *(_repeated(fields, number, delimiters) for number in range(1, last + 1))]
    return delimiters.field.join(parts)


def _repeated(fields: dict[int, list[str]], number: int, delimiters: Delimiters) -> str:
    return delimiters.repetition.join(fields.get(number, ()))


def _field(field: etree._Element, delimiters: Delimiters) -> str:
    return _parts(field, delimiters, delimiters.component, delimiters.subcomponent)


def _parts(node: etree._Element, delimiters: Delimiters, between: str, below: str) -> str:
    """A field by its components, a component by its sub-components; their text when it has none."""
    children = [child for child in node if local(child) != "escape"]
    if not children:
        return _text(node, delimiters)
    _only_elements(node)
    found: dict[int, str] = {}
    for child in node:
        number = _number(child, "")
        part = _parts(child, delimiters, below, "") if below else _text(child, delimiters)
        if number in found or (not below and any(local(one) != "escape" for one in child)):
            raise _Stray(local(child))
        found[number] = part
    return between.join(found.get(number, "") for number in range(1, max(found) + 1))


def _number(element: etree._Element, segment: str) -> int:
    name = local(element)
    told = _NUMBERED.match(name)
    if told is None or (segment and name.partition(".")[0] != segment):
        raise _Stray(name[:32])
    return int(told[1])


def _only_elements(node: etree._Element) -> None:
    texts = [node.text, *(child.tail for child in node)]
    if any(text and text.strip() for text in texts):
        raise _Stray(local(node))


def _text(node: etree._Element, delimiters: Delimiters) -> str:
    """The text as ER7 has it. Line ends around it are the layout of the document, not the value."""
    escape = delimiters.escape
    parts = [escaped(node.text or "", delimiters)]
    parts += [f"{escape}{one.get('V', '')}{escape}" + escaped(one.tail or "", delimiters) for one in node]
    whole = "".join(parts)
    return whole.strip() if whole[:1] in "\r\n" or whole[-1:] in "\r\n" else whole


def escaped(text: str, delimiters: Delimiters) -> str:
    if text.isalnum() or not text:
        return text
    escape = delimiters.escape
    if not escape:
        return text
    return text.translate(
        {
            ord(escape): f"{escape}E{escape}",
            ord(delimiters.field): f"{escape}F{escape}",
            ord(delimiters.component): f"{escape}S{escape}",
            ord(delimiters.repetition): f"{escape}R{escape}",
            **({ord(delimiters.subcomponent): f"{escape}T{escape}"} if delimiters.subcomponent else {}),
        }
    )


def answer_types(segment: str, field: int) -> str:
    """Datatypes of the fields of an acknowledgement."""
    return _ANSWER.get(segment, {}).get(field, "")


def render(
    message: Message,
    structure: str,
    types: Types = answer_types,
    groups: Callable[[Message], Iterator[tuple[Group, Segment]]] | None = None,
) -> etree._Element:
    """The message as a document, its structure being the name of the root."""
    root = etree.Element(f"{{{NAMESPACE_V2}}}{structure}", nsmap={None: NAMESPACE_V2})
    opened: list[tuple[str, etree._Element]] = []
    placed = groups(message) if groups is not None else (((), segment) for segment in message.segments)
    for path, segment in placed:
        same = 0
        while same < min(len(path), len(opened)) and opened[same][0] == path[same]:
            same += 1
        del opened[same:]
        for name in path[same:]:
            parent = opened[-1][1] if opened else root
            opened.append((name, etree.SubElement(parent, f"{{{NAMESPACE_V2}}}{structure}.{name}")))
        _write(segment, opened[-1][1] if opened else root, types)
    return root


def _write(segment: Segment, parent: etree._Element, types: Types) -> None:
    name, delimiters = segment.name, segment.delimiters
    element = etree.SubElement(parent, f"{{{NAMESPACE_V2}}}{name}")
    fields = segment.fields
    for number in range(1, len(fields)):
        if name == "MSH" and number <= 2:
            etree.SubElement(element, f"{{{NAMESPACE_V2}}}MSH.{number}").text = fields[number]
            continue
        for raw in fields[number].split(delimiters.repetition):
            field = etree.SubElement(element, f"{{{NAMESPACE_V2}}}{name}.{number}")
            _put(field, raw, types(name, number) or "", delimiters)


def _put(node: etree._Element, raw: str, kind: str, delimiters: Delimiters) -> None:
    components = raw.split(delimiters.component)
    subs = delimiters.subcomponent
    if len(components) == 1 and not kind and not (subs and subs in raw):
        _say(node, raw, delimiters)
        return
    if not raw:
        return
    for number, component in enumerate(components, 1):
        child = etree.SubElement(node, f"{{{NAMESPACE_V2}}}{kind or 'ANY'}.{number}")
        if not subs or subs not in component:
            _say(child, component, delimiters)
            continue
        for place, part in enumerate(component.split(subs), 1):
            _say(etree.SubElement(child, f"{{{NAMESPACE_V2}}}SUB.{place}"), part, delimiters)


def _say(node: etree._Element, raw: str, delimiters: Delimiters) -> None:
    """The text of a leaf: delimiters as themselves, every other escape sequence as `<escape V="…"/>`."""
    mark = delimiters.escape
    if not mark or mark not in raw:
        node.text = raw or None
        return
    last: etree._Element | None = None
    position = 0
    for found in re.finditer(rf"{re.escape(mark)}([^{re.escape(mark)}]{{1,64}}){re.escape(mark)}", raw):
        _append(node, last, raw[position : found.start()])
        if found[1] in ("F", "S", "T", "R", "E"):
            _append(node, last, unescape(found[0], delimiters))
        else:
            last = etree.SubElement(node, f"{{{NAMESPACE_V2}}}escape", V=found[1])
        position = found.end()
    _append(node, last, raw[position:])


def _append(node: etree._Element, last: etree._Element | None, text: str) -> None:
    if not text:
        return
    if last is None:
        node.text = (node.text or "") + text
    else:
        last.tail = (last.tail or "") + text
