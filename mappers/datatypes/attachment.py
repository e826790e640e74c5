"""ED and RP -> Attachment: an embedded document is decoded once and checked; a link is kept and never followed.

Tolerates what senders do to base64 (line breaks, escapes, a data-URI prefix, the data in the wrong component) and
nothing that changes the document. What cannot be decoded is left out with an issue; the report stays.
Source: HL7 v2.5.1 2.A.24 (ED), 2.A.65 (RP), tables 0191, 0291, 0299; FHIR R4 datatypes.html#Attachment.
"""

from __future__ import annotations

import binascii
import hashlib
import ipaddress
import re
from base64 import b64encode
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from mappers.message import Value, unescape

if TYPE_CHECKING:
    from mappers.draft import Draft

SIZE_LIMIT = 10 * 1024 * 1024
"""Bytes of the decoded document; larger ones belong behind a link."""

_SPACE = re.compile(r"[\s\0]+|\\\.br\\|\\X0[AaDd]\\")
_DATA_URI = re.compile(r"data:(?P<type>[\w.+-]+/[\w.+-]+)?(?:;[\w=.-]+)*?;base64,", re.IGNORECASE)
_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+")
_SNIFF: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "application/pdf"),
    (b"\x89PNG\r\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"{\\rtf", "application/rtf"),
    (b"PK\x03\x04", "application/zip"),
)
_SUBTYPES: Mapping[str, str] = {
    "pdf": "application/pdf",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "gif": "image/gif",
    "bmp": "image/bmp",
    "tif": "image/tiff",
    "tiff": "image/tiff",
    "rtf": "application/rtf",
    "html": "text/html",
    "xml": "application/xml",
    "txt": "text/plain",
    "dcm": "application/dicom",
    "dicom": "application/dicom",
}
_KINDS = frozenset({"tx", "ap", "im", "au", "ft", "si"})
"""Kinds of HL7 v2 (table 0191), which are no media types."""
_ZIPPED = frozenset({"application/zip", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"})


class Attached(NamedTuple):
    """`attachment` is `None` when nothing usable came; `issues` are issue codes."""

    attachment: dict[str, Any] | None
    issues: tuple[str, ...] = ()


def encapsulated(value: Value) -> Attached:
    """The Attachment of an ED value."""
    parts = value.components
    number = 5 if len(parts) >= 5 and parts[4] else max(range(1, len(parts) + 1), key=lambda n: len(parts[n - 1]))
    raw = parts[number - 1]
    declared = _declared(value) if number == 5 else ""
    if number == 5 and (value.get(4) or "").upper() in ("A", "ASCII"):
        return _document((value.get(5) or "").encode(), declared or "text/plain")
    if number == 5 and (value.get(4) or "").upper() == "HEX":
        return _decoded(binascii.a2b_hex, _SPACE.sub("", raw), declared)
    clean = _SPACE.sub("", raw)
    if found := _DATA_URI.match(clean):
        declared = found["type"] or declared
        clean = clean[found.end() :]
    return _decoded(_base64, clean, declared)


def _declared(value: Value) -> str:
    """`application^pdf`, `^application/pdf`, `PDF^`: the type the sender claims, `""` when unclear."""
    kind, subtype = (value.get(2) or "").strip().lower(), (value.get(3) or "").strip().lower()
    for text in (f"{kind}/{subtype}", subtype, kind):
        if text.count("/") == 1 and _TYPE.fullmatch(text) and kind not in _KINDS:
            return text
    return _SUBTYPES.get(subtype) or _SUBTYPES.get(kind, "")


def _base64(text: str) -> bytes:
    if "-" in text or "_" in text:
        text = text.replace("-", "+").replace("_", "/")
    return binascii.a2b_base64(text + "=" * (-len(text) % 4), strict_mode=True)


def _decoded(decode: Any, text: str, declared: str) -> Attached:
    if len(text) > SIZE_LIMIT * 4 // 3 + 4:
        return Attached(None, ("attachment-too-large",))
    try:
        data: bytes = decode(text)
    except ValueError:
        return Attached(None, ("attachment-invalid",))
    return _document(data, declared)


def _document(data: bytes, declared: str) -> Attached:
    if not data:
        return Attached(None, ("attachment-invalid",))
    if len(data) > SIZE_LIMIT:
        return Attached(None, ("attachment-too-large",))
    seen = sniffed(data)
    wrong = bool(
        declared and seen and seen != declared and not (seen in _ZIPPED and declared.startswith("application/"))
    )
    if declared == "application/pdf" and not seen:
        return Attached(None, ("attachment-invalid",))
    kind = seen if wrong or not declared else declared
    if not kind:  # a word that happens to be base64; FHIR wants a content type with the data (att-1)
        return Attached(None, ("attachment-invalid",))
    out: dict[str, Any] = {"contentType": kind, "data": b64encode(data).decode("ascii"), "size": len(data)}
    out["hash"] = b64encode(hashlib.sha1(data, usedforsecurity=False).digest()).decode("ascii")
    return Attached(out, ("attachment-type",) if wrong else ())


def account(value: Value, found: dict[str, Any], place: str, rule: str, draft: Draft) -> None:
    """The ledger lines of an ED or RP value whose Attachment stands at `place`: its content, its type as far as the
    words stand in it; the words that it was made of otherwise (`IM`, `Base64`) became it."""
    content = "data" if "data" in found else "url" if "url" in found else "title"
    last = len(value.components)
    kind = str(found.get("contentType", ""))
    for leaf in value.leaves():
        number = leaf.component
        if number in (1, last) and (number == last or content != "data"):
            draft.ledger.note(leaf, "stored", f"{place}.{content}", rule)
            continue
        said = value.get(number, leaf.subcomponent) or ""
        draft.ledger.note(leaf, "stored" if said and said in kind else "coded", f"{place}.contentType", rule)


def sniffed(data: bytes) -> str:
    """The media type the first bytes tell, `""` when they tell nothing."""
    for magic, kind in _SNIFF:
        if data.startswith(magic):
            return kind
    if data[128:132] == b"DICM":
        return "application/dicom"
    head = data[:256].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith(b"<?xml"):
        return "application/xml"
    return "text/html" if head.startswith((b"<!doctype html", b"<html")) else ""


def pointer(value: Value) -> Attached:
    """The Attachment of an RP value, or of any text that is a link."""
    raw = value.components[0] if value.components else ""
    attached = link(unescape(raw, value.segment.delimiters).strip())
    if attached.attachment is None:
        return attached
    kind, subtype = (value.get(3) or "").strip().lower(), (value.get(4) or "").strip().lower()
    whole = f"{kind}/{subtype}"
    declared = whole if _TYPE.fullmatch(whole) and kind not in _KINDS else _SUBTYPES.get(subtype, "")
    if declared and declared.isascii():
        return Attached({"contentType": declared, **attached.attachment}, attached.issues)
    return attached


def link(text: str) -> Attached:
    """The Attachment of a link; a link into a private network is kept and flagged, as others cannot follow it."""
    if not text:
        return Attached(None)
    if any(sign.isspace() for sign in text):
        return Attached({"title": text})
    return Attached({"url": text}, ("attachment-private-url",) if private(text) else ())


def private(url: str) -> bool:
    """True when the host of the address cannot be reached from outside the sender's network."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return True
    if parts.scheme not in ("http", "https", "ftp", "sftp", "wado", "dicomweb"):
        return parts.scheme != "urn"
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host or host.endswith((".local", ".lan", ".internal", ".intranet"))
