"""Who assigned a number: the HD in CX.4, EI.2, XCN.9, XON.6, read by what the site knows.

An absent authority (or `""`) is the institution of the site. A known one is the institution it names. An unknown one
is kept apart by its own name, so that equal numbers of different authorities never meet.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, Protocol

from mappers.message import NULL
from mappers.site import Site

if TYPE_CHECKING:
    from mappers.use import Use

# As FHIR writes them in a URI (datatypes.html#oid, #uuid); anything else is a name like others.
_OID = re.compile(r"[0-2](?:\.(?:0|[1-9][0-9]*))+", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)


class Components(Protocol):
    """A value as far as it matters here."""

    components: list[str]

    def get(self, component: int = 1, subcomponent: int = 1) -> str | None: ...


class Authority(NamedTuple):
    """`institution` owns the data; `foreign` is the name of an authority the site does not know, or ''."""

    institution: str
    foreign: str = ""
    universal: str = ""
    """A globally unique system (`urn:oid:…`, `urn:uuid:…`) the sender gave, or ''."""


def authority(site: Site, namespace: str | None, universal: str | None = None, kind: str | None = None) -> Authority:
    """The authority of an HD (namespace id, universal id, universal id type)."""
    namespace = None if namespace == NULL else namespace
    universal = None if universal == NULL else universal
    for name in (namespace, universal):
        if name and name in site.authorities:
            return Authority(site.authorities[name])
    if universal and kind == "ISO" and _OID.fullmatch(universal):
        return Authority(site.institution, namespace or universal, f"urn:oid:{universal}")
    if universal and kind == "UUID" and _UUID.fullmatch(universal.lower()):
        return Authority(site.institution, namespace or universal, f"urn:uuid:{universal.lower()}")
    return Authority(site.institution, namespace or universal or "")


def assigner(site: Site, value: Components, component: int) -> Authority:
    """The authority in a component that is an HD (CX.4, XCN.9); usually there is none."""
    parts = value.components
    if len(parts) < component or not parts[component - 1]:
        return Authority(site.institution)
    return authority(site, value.get(component), value.get(component, 2), value.get(component, 3))


def scheme(use: Use, component: int, uri: str, place: str = "system") -> None:
    """Notes that the type of a universal id (`ISO`, `UUID`) became the scheme of its URI."""
    kind = use.value.get(component)
    if kind:
        use.coded(component, place, "UniversalIDType", kind, uri[: uri.index(":", len("urn:")) + 1])
