"""XML Patch (RFC 5261) on a resource as FHIR XML, with the prefixes `f` and `h` bound (FHIR R4 http.html#patch).

Law: every selector finds exactly one node. Selectors are the subset of XPath that RFC 5261 asks for (steps, positions,
comparisons with a literal): a patch runs where nobody else can write, so its cost must follow from the document.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from lxml import etree

from fhir_server.patch.failure import MOST_OPERATIONS, PatchError, PatchMalformed
from profiles.issue import Issue
from profiles.xml_document import FHIR, XHTML, root
from profiles.xml_input import parse_xml
from profiles.xml_output import dump_xml

_PREFIXES = MappingProxyType({"f": FHIR, "fhir": FHIR, "h": XHTML, "xhtml": XHTML})
_NAME = r"(?:[A-Za-z_][\w.\-]*:)?(?:[A-Za-z_][\w.\-]*|\*)"
_LITERAL = r"""(?:"[^"]*"|'[^']*')"""
_TEST = rf"\s*(?:\.|@?{_NAME}(?:/@?{_NAME})*)\s*=\s*{_LITERAL}\s*"
_PREDICATE = rf"\[(?:\s*[0-9]{{1,6}}\s*|{_TEST}(?:and\b{_TEST})*)\]"
_STEP = (
    rf"(?:@?{_NAME}|text\(\)|comment\(\)|node\(\)|processing-instruction\((?:{_LITERAL})?\)|namespace::{_NAME})"
    rf"(?:{_PREDICATE})*"
)
_SELECTOR = re.compile(rf"/?{_STEP}(?:/{_STEP})*")
_NAMESPACE = re.compile(r"(.+)/namespace::([A-Za-z_][\w.\-]*)", re.DOTALL)
_LONGEST_SELECTOR = 1000
_ATTRIBUTE, _DECLARED = "@", "namespace::"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: `node` is its element in the patch, whose content is what it adds."""

    number: int
    kind: str
    selector: str
    node: etree._Element
    prefixes: Mapping[str, str]

    def failed(self, why: str) -> PatchError:
        return PatchError(f"operation {self.number + 1}, {self.kind}: {why}")


def read(data: bytes, *, limit: int) -> tuple[Operation, ...]:
    """The operations of a patch document; raises PatchMalformed."""
    top = root(data, limit=limit)
    if isinstance(top, Issue):
        raise PatchMalformed("not XML that is read here", (top,))
    return operations(top)


def operations(top: etree._Element) -> tuple[Operation, ...]:
    """The operations under the root of a patch document."""
    nodes = [node for node in top if isinstance(node.tag, str)]
    if not nodes or len(nodes) > MOST_OPERATIONS:
        raise PatchMalformed(f"more than {MOST_OPERATIONS} operations" if nodes else "no operation")
    return tuple(_operation(number, node) for number, node in enumerate(nodes))


def _operation(number: int, node: etree._Element) -> Operation:
    where, kind, selector = f"operation {number + 1}", etree.QName(node).localname, node.get("sel", "")
    if kind not in _APPLY:
        raise PatchMalformed(f"{where} is none of add, replace, remove")
    if len(selector) > _LONGEST_SELECTOR or not _SELECTOR.fullmatch(selector):
        raise PatchMalformed(f"{where}: sel is no selector of RFC 5261")
    given = {prefix: uri for prefix, uri in node.nsmap.items() if prefix}
    return Operation(number, kind, selector, node, {**_PREFIXES, **given})


def apply(found: Sequence[Operation], resource: dict[str, Any]) -> dict[str, Any]:
    """The patched resource; raises PatchError."""
    top = root(dump_xml(resource), limit=2**31)
    assert not isinstance(top, Issue), "our own XML"
    patched, issues = parse_xml(etree.tostring(apply_to(found, top)), limit=2**31)
    if patched is None:
        raise PatchError("what is left is no resource", more=issues)
    return patched


def apply_to(found: Sequence[Operation], top: etree._Element) -> etree._Element:
    """The root of the patched document."""
    for operation in found:
        top = _APPLY[operation.kind](operation, top)
    return top


# -------------------------------------------------------------------------------------- selecting


def _selected(operation: Operation, top: etree._Element, selector: str) -> Any:
    try:
        # lxml begins at the root element, RFC 5261 4.1 at the document.
        found = top.xpath("/" + selector.removeprefix("/"), namespaces=dict(operation.prefixes))
    except etree.XPathError:
        raise operation.failed("sel cannot be evaluated") from None
    if len(found) != 1:
        raise operation.failed("sel finds more than one node" if found else "sel finds nothing")
    return found[0]


def _element(operation: Operation, top: etree._Element, selector: str) -> etree._Element:
    found = _selected(operation, top, selector)
    if not isinstance(found, etree._Element) or not isinstance(found.tag, str):
        raise operation.failed("sel finds no element")
    return found


def _content(operation: Operation) -> tuple[str, list[etree._Element]]:
    """Text and nodes of an operation, as copies with their tails."""
    return operation.node.text or "", [deepcopy(node) for node in operation.node]


def _only_text(operation: Operation) -> str:
    text, nodes = _content(operation)
    if nodes:
        raise operation.failed("the content is not text")
    return text


# -------------------------------------------------------------------------------------------- add


def _add(operation: Operation, top: etree._Element) -> etree._Element:
    found, kind = _element(operation, top, operation.selector), operation.node.get("type", "")
    if kind.startswith(_ATTRIBUTE):
        name = _qualified(operation, kind.removeprefix(_ATTRIBUTE))
        if name in found.attrib:
            raise operation.failed("the attribute is there already")
        found.set(name, _only_text(operation))
    elif kind.startswith(_DECLARED):
        return _declared(found, top, kind.removeprefix(_DECLARED), _only_text(operation))
    elif kind:
        raise operation.failed("type is neither @name nor namespace::prefix")
    else:
        _placed(operation, top, found)
    return top


def _qualified(operation: Operation, name: str) -> str:
    prefix, colon, local = name.rpartition(":")
    if colon and prefix not in operation.prefixes:
        raise operation.failed("type names a prefix that is not declared")
    return f"{{{operation.prefixes[prefix]}}}{local}" if colon else local


def _placed(operation: Operation, top: etree._Element, found: etree._Element) -> None:
    text, nodes = _content(operation)
    match operation.node.get("pos", ""):
        case "":
            _append_text(found, len(found), text)
            found.extend(nodes)
        case "prepend":
            if nodes:
                nodes[-1].tail = (nodes[-1].tail or "") + (found.text or "")
                found.text = text
            else:
                found.text = text + (found.text or "")
            found[0:0] = nodes
        case "before" | "after" as side:
            parent = found.getparent()
            if parent is None:
                raise operation.failed("beside the root there is no place")
            index, following = parent.index(found) + (side == "after"), ""
            if side == "after":
                following, found.tail = found.tail or "", None
            _append_text(parent, index, text)
            parent[index:index] = nodes
            _append_text(parent, index + len(nodes), following)
        case _:
            raise operation.failed("pos is none of prepend, before, after")


def _append_text(parent: etree._Element, index: int, text: str) -> None:
    """Text before the child at the index."""
    if not text:
        return
    if index == 0:
        parent.text = (parent.text or "") + text
    else:
        parent[index - 1].tail = (parent[index - 1].tail or "") + text


def _declared(found: etree._Element, top: etree._Element, prefix: str, uri: str | None) -> etree._Element:
    """The same element with another declaration of a prefix (None: without it); lxml has no other way than anew."""
    declared = {name: value for name, value in found.nsmap.items() if name != prefix}
    if uri is not None:
        declared[prefix] = uri
    fresh = etree.Element(found.tag, dict(found.attrib), declared)
    fresh.text, fresh.tail = found.text, found.tail
    fresh.extend(list(found))
    parent = found.getparent()
    if parent is None:
        return fresh
    parent.replace(found, fresh)
    return top


# ------------------------------------------------------------------------------- replace and remove


def _replace(operation: Operation, top: etree._Element) -> etree._Element:
    namespace = _NAMESPACE.fullmatch(operation.selector)
    if namespace:
        found = _declaring(operation, top, namespace)
        return _declared(found, top, namespace[2], _only_text(operation))
    found = _selected(operation, top, operation.selector)
    if not isinstance(found, etree._Element):
        _set_text(found, _only_text(operation))
        return top
    text, nodes = _content(operation)
    if len(nodes) != 1 or text.strip() or (nodes[0].tail or "").strip() or type(nodes[0]) is not type(found):
        raise operation.failed("the content is not one node of the kind it replaces")
    fresh, parent = nodes[0], found.getparent()
    fresh.tail = found.tail
    if parent is None:
        return fresh
    parent.replace(found, fresh)
    return top


def _remove(operation: Operation, top: etree._Element) -> etree._Element:
    namespace = _NAMESPACE.fullmatch(operation.selector)
    if namespace:
        return _declared(_declaring(operation, top, namespace), top, namespace[2], None)
    found = _selected(operation, top, operation.selector)
    if not isinstance(found, etree._Element):
        _set_text(found, None)
        return top
    parent = found.getparent()
    if parent is None:
        raise operation.failed("the root cannot be taken away")
    _append_text(parent, parent.index(found), found.tail or "")
    found.tail = None
    parent.remove(found)
    return top


def _declaring(operation: Operation, top: etree._Element, namespace: re.Match[str]) -> etree._Element:
    found = _element(operation, top, namespace[1])
    if namespace[2] not in found.nsmap:
        raise operation.failed("sel finds nothing")
    return found


def _set_text(found: Any, text: str | None) -> None:
    """An attribute or a text node, which lxml hands out as a string that knows where it stood."""
    parent = found.getparent()
    if found.is_attribute:
        if text is None:
            del parent.attrib[found.attrname]
        else:
            parent.set(found.attrname, text)
    elif found.is_tail:
        parent.tail = text
    else:
        parent.text = text


_APPLY: Mapping[str, Callable[[Operation, etree._Element], etree._Element]] = MappingProxyType(
    {"add": _add, "replace": _replace, "remove": _remove}
)
