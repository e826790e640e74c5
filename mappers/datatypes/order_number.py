"""EI and EIP of orders, reports and specimens -> Identifier: whose number it is, and never a bare number.

A number without an authority belongs to who hands such numbers out: placer numbers to the placer, filler numbers to the
filler. The sender is one of the two (ORC-1 and the message tell which), the receiving facility (MSH-6) the other.
Senders also write two numbers into one EI (`order^HIS^barcode^HIS`), or leave the first one empty; both are read.
Source: HL7 v2.5.1 2.A.28 (EI), 2.A.29 (EIP), 4.5.1.2, 4.5.1.3; official maps EI[Identifier-Extension], EIP[…].
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from mappers import systems
from mappers.authority import authority, scheme
from mappers.message import NULL
from mappers.order_state import order_control
from mappers.use import Part, Repetition, Use

if TYPE_CHECKING:
    from mappers.draft import Draft

PLACER, FILLER = "placer-order", "filler-order"
_UNIVERSAL = frozenset(
    {"ISO", "UUID", "GUID", "DNS", "URI", "CLIA", "CLIP", "L", "M", "N", "HL7", "HCD", "HIBCC", "DICOM"}
)
_ANSWERS = ("ORD", "ORF", "ORN", "ORP", "ORS", "OSR", "RRA", "RRD", "RRE", "RRG")
_BY_FILLER = frozenset({"ORU", "OUL", "ORR", "ORL", "ORG", "ORI", "MDM", "RRI", *_ANSWERS})
_TYPES = {PLACER: "PLAC", FILLER: "FILL", "accession": "ACSN", "observation": "FILL"}
_GROUPS = {"placer-group": ("PGN", "Placer Group Number"), "filler-group": ("FGN", "Filler Group Number")}
"""Of later tables 0203: the text stands beside the code for who knows only that of R4."""


class Number(NamedTuple):
    """A business number: `system` and `value` are the key, `owner` the institution that handed it out."""

    system: str
    value: str
    owner: str


class _Places(NamedTuple):
    """The components of number, namespace, universal id and its type."""

    number: int
    namespace: int
    universal: int
    kind: int


_FIRST, _MOVED = _Places(1, 2, 3, 4), _Places(3, 4, 0, 0)


def _double(value: Repetition) -> bool:
    """Whether components 3 and 4 are a second number with its namespace, no universal id."""
    third, fourth = value.get(3), value.get(4)
    if not third or third == NULL:
        return False
    return (fourth or "").upper() not in _UNIVERSAL if fourth else not value.get(1) or not _dotted(third)


def _dotted(text: str) -> bool:
    return "." in text and text.replace(".", "").isdigit()


def _text(value: Repetition, component: int) -> str:
    text = value.get(component)
    return "" if text is None or text == NULL else text.strip()


def number(draft: Draft, value: Repetition | None, kind: str, places: _Places | None = None) -> Number | None:
    """The key of an EI, `None` without a number; OBR-2 is no order's where the site says that it is a bar code."""
    if value is None or (kind == PLACER and draft.site.obr2 == "barcode" and _is_obr2(value)):
        return None
    where = places or (_FIRST if _text(value, 1) else _MOVED)
    text = _text(value, where.number)
    if not text or (where is _MOVED and not _double(value)):
        return None
    namespace = _text(value, where.namespace)
    universal = "" if where is _MOVED or _double(value) else _text(value, 3)
    if not namespace and not universal:
        owner = default_owner(draft, kind)
        return Number(systems.local(owner, kind), text, owner)
    found = authority(draft.site, namespace or None, universal or None, value.get(4) if universal else None)
    return Number(found.universal or systems.local(found.institution, kind, found.foreign), text, found.institution)


def _is_obr2(value: Repetition) -> bool:
    return value.field == 2 and value.segment.name == "OBR"


def default_owner(draft: Draft, kind: str) -> str:
    """The institution whose numbers of that kind come without an authority."""
    sends = "filler" if sent_by_filler(draft) else "placer"
    by_placer = kind in (PLACER, "placer-group", "referral", "placer-appointment")
    theirs = (by_placer and sends == "filler") or (kind == FILLER and sends == "placer")
    return (receiver(draft) if theirs else "") or draft.site.institution


def sent_by_filler(draft: Draft) -> bool:
    """Whether the message comes from who carries the orders out."""
    message = draft.message
    if message.code in _BY_FILLER:
        return True
    if message.code == "REF":
        return False
    control = order_control(draft.site, message.get("ORC", 1) or "")
    return control is not None and control.originator == "filler"


def receiver(draft: Draft) -> str:
    """The institution that MSH-6 (or MSH-5) names, `""` when the site does not know it."""
    site = draft.site
    for field in (6, 5):
        name = draft.message.msh.get(field)
        if name and name in site.authorities:
            return site.authorities[name]
        if name and name in site.institutions:
            return name
    return ""


def identifier(value: Repetition, use: Use, kind: str, places: _Places | None = None) -> dict[str, Any] | None:
    """The Identifier of an EI of that kind."""
    found = number(use.draft, value, kind, places)
    if found is None:
        return None
    where = places or (_FIRST if _text(value, 1) else _MOVED)
    out: dict[str, Any] = {}
    if kind in _TYPES:
        out["type"] = {"coding": [{"system": systems.V2_0203, "code": _TYPES[kind]}]}
    elif kind in _GROUPS:
        code, text = _GROUPS[kind]
        out["type"] = {"coding": [{"system": systems.V2_0203, "code": code}], "text": text}
    out["system"], out["value"] = found.system, found.value
    use.leaf(where.number, "value")
    if namespace := use.take(where.namespace, "assigner.display"):
        out["assigner"] = {"display": namespace}
    if where is not _MOVED and not _double(value):
        # A universal id beside a namespace says nothing in a local system: it is carried.
        if _text(value, 3) and (found.system.startswith("urn:") or not namespace):
            use.leaf(3, "system")
        if found.system.startswith("urn:"):
            scheme(use, 4, found.system)
    return out


def second(value: Repetition, use: Use) -> dict[str, Any] | None:
    """EI[Identifier-Second]: the second number of a doubled EI, mostly the bar code of the specimen or the report."""
    if not _text(value, 1) or not _double(value):
        return None
    return identifier(value, use, "barcode", _MOVED)


def specimen(value: Repetition, use: Use) -> dict[str, Any] | None:
    """EIP[Identifier-Placer], EIP[Identifier-Filler] of SPM-2 and SPM-3: the value is one component (an EI)."""
    return identifier(value, use, "specimen")


def pair(component: int, kind: str) -> Callable[[Repetition, Use], dict[str, Any] | None]:
    """One half of an EIP (`placer&authority^filler&authority`): nothing when the field is a plain EI."""

    def convert(value: Repetition, use: Use) -> dict[str, Any] | None:
        if isinstance(value, Part):
            return identifier(value, use, kind)
        if not is_pair(value):
            return None
        inner = use.inside(component)
        return identifier(inner.value, inner, kind)

    return convert


def is_pair(value: Repetition) -> bool:
    """Whether the field is an EIP: its components have components of their own."""
    separator = value.segment.delimiters.subcomponent
    return bool(separator) and separator in value.raw


def either(kind: str) -> Callable[[Repetition, Use], dict[str, Any] | None]:
    """ORC-4: an EI before v2.7, then an EIP whose first half is the placer's number."""
    first = pair(1, kind)

    def convert(value: Repetition, use: Use) -> dict[str, Any] | None:
        return first(value, use) if is_pair(value) else identifier(value, use, kind)

    return convert
