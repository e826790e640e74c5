"""A message inside a SOAP envelope, as Chinese integration engines send it: as text, as CDATA or as XML elements.

SOAP 1.1 and 1.2. The body holds one operation; the message is its parameter of the configured name, else its only
part that looks like a message. The answer is an envelope of the same version with the acknowledgement inside, written
the way the message was. An envelope without a message is a Fault of the sender (400), never an error of ours.
Names: `HIPMessageServer(action, message)` of the hospital platforms of WS/T 846, unless the settings say otherwise.
Sources: SOAP 1.1 (W3C Note), SOAP 1.2 part 1, WSDL 1.1.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

from lxml import etree
from starlette.responses import Response

from adapters import charset, xml_text
from adapters.soap_service import Service
from adapters.xml_names import NAMESPACE_V2, is_interaction
from profiles.issue import Issue

SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
_MEDIA = {SOAP11: "text/xml; charset=utf-8", SOAP12: "application/soap+xml; charset=utf-8"}
_SENDER = {SOAP11: "Client", SOAP12: "Sender"}


@dataclass(frozen=True, slots=True)
class Found:
    """A message in an envelope: its bytes, the operation it came in, and how it was written."""

    raw: bytes
    version: str
    operation: str
    namespace: str
    cdata: bool
    elements: bool


@dataclass(frozen=True, slots=True)
class Fault:
    """Why there is none."""

    reason: str
    version: str = SOAP11


async def soap(body: bytes, service: Service, submit: Callable[[bytes], Awaitable[bytes]]) -> Response:
    """The envelope with the answer, or a Fault."""
    found = unwrap(body, service)
    if isinstance(found, Fault):
        return Response(_fault(found), 400, headers={"content-type": _MEDIA[found.version]})
    answer = await submit(found.raw)
    return Response(wrap(answer, found, service), 200, headers={"content-type": _MEDIA[found.version]})


def unwrap(body: bytes, service: Service) -> Found | Fault:
    """The message of an envelope."""
    decoded = xml_text.decode(body)
    root = xml_text.tree(decoded.text) if not any(one.refuses for one in decoded.issues) else decoded.issues[0]
    if isinstance(root, Issue):
        return Fault(root.text("en"))
    version = xml_text.namespace(root)
    if xml_text.local(root) != "Envelope" or version not in _MEDIA:
        return Fault("The document is no SOAP 1.1 or 1.2 envelope")
    inside = root.find(f"{{{version}}}Body")
    operation = next((one for one in inside if isinstance(one.tag, str)), None) if inside is not None else None
    if operation is None:
        return Fault("The envelope has no operation in its body", version)
    return _found(operation, version, service, cdata="<![CDATA[" in decoded.text)


def _found(operation: etree._Element, version: str, service: Service, *, cdata: bool) -> Found | Fault:
    name, namespace = xml_text.local(operation), xml_text.namespace(operation)
    for node in _places(operation, service):
        if _is_message(node):
            raw = etree.tostring(node, encoding="utf-8", with_tail=False)
            return Found(raw, version, name, namespace, cdata=False, elements=True)
        text = (node.text or "").strip(" \t")
        if text.lstrip("\ufeff\r\n\x0b").startswith(("MSH", "<")):
            return Found(_bytes(text), version, name, namespace, cdata=cdata, elements=False)
    return Fault(f"The operation holds no message in {service.parameter}", version)


def _is_message(node: etree._Element) -> bool:
    """Whether the element is itself a message, of V3 or of v2 XML."""
    if is_interaction(xml_text.local(node)):
        return True
    return xml_text.namespace(node) == NAMESPACE_V2 and any(xml_text.local(one) == "MSH" for one in node)


def _places(operation: etree._Element, service: Service) -> Iterator[etree._Element]:
    """Where the message may stand: the named parameter first, then everything in the order of the document."""
    every = [one for one in operation.iter() if isinstance(one.tag, str)]
    for named in [one for one in every if xml_text.local(one) == service.parameter]:
        yield from (one for one in named.iter() if isinstance(one.tag, str))
    yield from every


def _bytes(text: str) -> bytes:
    """What was text stays that text: with a mark, so that no other character set is read into it."""
    return text.encode() if text.isascii() else b"\xef\xbb\xbf" + text.encode("utf-8", "replace")


def wrap(answer: bytes, found: Found, service: Service) -> bytes:
    """The acknowledgement in an envelope, as elements, CDATA or text like the message was."""
    version = found.version
    operation = found.operation if found.operation != service.parameter else service.operation
    root = etree.Element(f"{{{version}}}Envelope", nsmap={"soap": version})
    body = etree.SubElement(root, f"{{{version}}}Body")
    space = f"{{{found.namespace}}}" if found.namespace else ""
    nsmap = {None: found.namespace} if found.namespace else None
    response = etree.SubElement(body, f"{space}{operation}Response", nsmap=nsmap)
    result = etree.SubElement(response, f"{space}{service.result}")
    xml = xml_text.decode(answer).text if answer.lstrip().startswith(b"<") else ""
    inner = xml_text.tree(xml) if xml else None
    text = xml_text.plain(xml or charset.decode(answer).text)
    if found.elements and inner is not None and not isinstance(inner, Issue):
        result.append(inner)
    else:
        result.text = etree.CDATA(text) if found.cdata and "]]>" not in text else text
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def _fault(fault: Fault) -> bytes:
    version = fault.version
    root = etree.Element(f"{{{version}}}Envelope", nsmap={"soap": version})
    body = etree.SubElement(root, f"{{{version}}}Body")
    node = etree.SubElement(body, f"{{{version}}}Fault")
    code = f"soap:{_SENDER[version]}"
    reason = xml_text.plain(fault.reason)
    if version == SOAP11:
        etree.SubElement(node, "faultcode").text = code
        etree.SubElement(node, "faultstring").text = reason
    else:
        etree.SubElement(etree.SubElement(node, f"{{{version}}}Code"), f"{{{version}}}Value").text = code
        words = etree.SubElement(etree.SubElement(node, f"{{{version}}}Reason"), f"{{{version}}}Text")
        words.set("{http://www.w3.org/XML/1998/namespace}lang", "en")
        words.text = reason
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)
