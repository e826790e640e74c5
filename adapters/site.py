"""A sending system and what must be known of it: the wire (`Endpoint`) and the meaning (`mappers.site.Site`).

Facts stand in files, one folder a site: `<code>/site.toml`, `<code>/codes.csv` and `<code>/segments/`, over those of
its vendor (`adapters.layers`); beside them `county.toml` with the institutions. Reading is strict
(`adapters.site_file`); nothing here knows a particular sender.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from adapters import findings, triggers
from adapters.findings import Grade
from adapters.layers import Check, Stack, stack
from adapters.outbound.endpoint import OUTBOUND, Outbound
from adapters.outbound.endpoint import read as read_outbound
from adapters.quirks import QUIRKS
from adapters.site_codes import check_kind, check_row
from adapters.site_file import (
    MOVES,
    NAME,
    NETWORKS,
    OFFSET,
    PAIRS,
    TEXT,
    TEXTS,
    Key,
    SiteError,
    Table,
    check_table,
    one_of,
    read_toml,
    some_of,
)
from mappers.site import Institution, Site
from profiles import uscc_valid

SITES = Path(__file__).parent / "sites"
"""The sites that come with the package: a synthetic county."""

UNREGISTERED = "unregistered"
"""Code of the site, and of the institution, of every sender that is not registered."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

LINE_ENDS: Mapping[str, str] = MappingProxyType({"CR": "\r", "LF": "\n", "CRLF": "\r\n"})
_CHARSETS = ("utf-8", "gb18030", "big5", "ascii")

_SITE: Table = {
    "name": Key(NAME, "required"),
    "institution": Key(NAME, "required"),
    "vendor": Key(NAME),
    "offset": Key(OFFSET),
}
PATIENT_TYPES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "CV09.00.404": {"1": "AMB", "2": "EMER", "3": "IMP"},
        "CV09.00.404-4": {"1": "AMB", "2": "IMP", "3": "AMB", "4": "EMER"},
        "own": {},
    }
)
"""Versions of the national table of patient types; the digits of one are not those of the other (china 4.3). 9 (other)
is in neither: it says nothing about the kind of encounter. `own`: the rows of codes.csv."""
_PATIENT_CLASS = "PatientClass[EncounterClass]"
_DIGITS = frozenset("23")
"""Those that mean one thing in one version of the table and another in the other."""
_WIRE: Table = {
    "senders": Key(PAIRS, "required"),
    "charset": Key(one_of(*_CHARSETS)),
    "reply_charset": Key(one_of(*_CHARSETS)),
    "line_end": Key(one_of(*LINE_ENDS)),
    "ack": Key(one_of("original", "enhanced")),
    "unasked_ack": Key(one_of("silent", "answered")),
    "quirks": Key(some_of(*QUIRKS)),
    "networks": Key(NETWORKS),
    "certificates": Key(TEXTS),
}
_IDENTITY: Table = {"patient_keys": Key(TEXTS), "untyped": Key(NAME)}
_MEANING: Table = {"obr2": Key(one_of("order", "barcode")), "patient_types": Key(one_of(*PATIENT_TYPES))}
_MSH: Table = {"move": Key(MOVES)}
_ORDERING: Table = {"by": Key(one_of("event", "sent", "received"))}
_SHAPES: Mapping[str, Table | Check] = {
    "wire": _WIRE,
    "identity": _IDENTITY,
    "meaning": _MEANING,
    "authorities": {},
    "outbound": OUTBOUND,
    "msh": _MSH,
    "triggers": triggers.check,
    "findings": findings.check,
    "ordering": _ORDERING,
}
"""Every table of a layer: its keys, or the check of one whose keys are free."""

_CONSORTIUM: Table = {"code": Key(NAME, "required"), "name": Key(NAME, "required"), "uscc": Key(TEXT)}
_INSTITUTION: Table = {
    "code": Key(NAME, "required"),
    "name": Key(NAME, "required"),
    "level": Key(one_of("county", "township", "village"), "required"),
    "uscc": Key(TEXT),
    "part_of": Key(NAME),
    "role": Key(one_of("lead", "member", "village", "centre", "external")),
    "category": Key(TEXT),
}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One sending system on the wire. `charset` is the pinned codec name, `None` means: decide from the message.

    `reply_charset` is `None` when answers go back as the message came; `networks` and `certificates` are allow lists,
    empty means any.
    """

    site: Site
    name: str
    senders: tuple[tuple[str, str], ...]
    charset: str | None = None
    reply_charset: str | None = None
    line_end: str = "\r"
    ack: str = "original"
    unasked_ack: Literal["silent", "answered"] = "silent"
    quirks: tuple[str, ...] = ()
    networks: tuple[Network, ...] = ()
    certificates: tuple[str, ...] = ()
    moves: tuple[tuple[int, int], ...] = ()
    """Fields of MSH that stand in the wrong place: from, to."""
    triggers: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    """Message code and event by what the sender writes in MSH-9: `{"ADT^ZP1": ("ADT", "A08")}`."""
    findings: Mapping[str, Grade] = field(default_factory=lambda: MappingProxyType({}))
    """Severities that differ from those of the table of issues."""
    ordering: str = "event"
    """What decides which of two messages is the newer one: `event`, `sent` (MSH-7) or `received`."""
    outbound: Outbound | None = None
    """Where messages for this site go, `None` when it gets none."""

    @property
    def code(self) -> str:
        return self.site.code

    def admits(self, address: str, certificate: str | None = None) -> bool:
        """Whether the peer at that IP address, with that client certificate name, may speak for this site."""
        if self.certificates and certificate not in self.certificates:
            return False
        try:
            return not self.networks or any(ipaddress.ip_address(address) in network for network in self.networks)
        except ValueError:  # no address, as of a peer behind a Unix socket
            return False


@dataclass(frozen=True, slots=True)
class SiteBook:
    """All sites and institutions of one county."""

    endpoints: Mapping[str, Endpoint]
    institutions: Mapping[str, Institution]
    senders: Mapping[tuple[str, str], Endpoint]

    def by_sender(self, application: str, facility: str) -> Endpoint | None:
        """The site that writes this MSH-3.1 and MSH-4.1; `None` when nobody registered the pair."""
        return self.senders.get((application, facility))

    def by_code(self, code: str) -> Endpoint | None:
        return self.endpoints.get(code)

    @property
    def default(self) -> Endpoint:
        """What an unregistered sender is read with: standard HL7 tables only."""
        return self.endpoints[UNREGISTERED]


def load(folder: Path = SITES) -> SiteBook:
    """Every site of the folder. Raises `SiteError` with all problems, each naming its file and the valid words."""
    problems: list[str] = []
    institutions = _institutions(folder, problems)
    folders = sorted(path for path in folder.iterdir() if (path / "site.toml").exists()) if folder.is_dir() else []
    endpoints = {path.name: _endpoint(path, institutions, problems) for path in folders}
    senders = _senders(endpoints, problems)
    if UNREGISTERED in endpoints:
        problems.append(f"{UNREGISTERED}: this name is taken by the program, call the site otherwise")
    if problems:
        raise SiteError(problems)
    endpoints[UNREGISTERED] = Endpoint(Site(UNREGISTERED, UNREGISTERED, institutions=institutions), "", ())
    return SiteBook(MappingProxyType(endpoints), institutions, senders)


def _institutions(folder: Path, problems: list[str]) -> Mapping[str, Institution]:
    found = read_toml(folder / "county.toml", "county.toml", problems)
    problems.extend(
        f"county.toml: unknown table {name!r}; valid tables are consortium, institutions"
        for name in found
        if name not in ("consortium", "institutions")
    )
    head = check_table(found.get("consortium", {}), _CONSORTIUM, "county.toml [consortium]", problems)
    rows = found.get("institutions", [])
    if not isinstance(rows, list):
        problems.append("county.toml: institutions must be written as [[institutions]]")
        rows = []
    members: dict[str, Institution] = {UNREGISTERED: Institution(UNREGISTERED, "未登记的发送方", "")}
    if "code" in head:
        members[head["code"]] = Institution(head["code"], head.get("name", ""), "consortium", head.get("uscc", ""))
    for number, row in enumerate(rows, 1):
        where = f"county.toml [[institutions]] {number}"
        fitting = check_table(row, _INSTITUTION, where, problems)
        code = fitting.get("code", "")
        if code in members:
            problems.append(f"{where}: the code {code!r} stands twice")
        members[code] = Institution(
            **{"name": "", "level": "", "part_of": head.get("code", ""), **fitting, "code": code}
        )
    _check_members(members, problems)
    return MappingProxyType(members)


def _check_members(members: Mapping[str, Institution], problems: list[str]) -> None:
    for member in members.values():
        if member.part_of and member.part_of not in members:
            problems.append(
                f"county.toml {member.code}: part_of names {member.part_of!r}, which is no institution here"
            )
        if member.uscc and not uscc_valid(member.uscc):
            problems.append(f"county.toml {member.code}: the social credit code has a wrong form or check character")


def _endpoint(path: Path, institutions: Mapping[str, Institution], problems: list[str]) -> Endpoint:
    shown = f"{path.name}/site.toml"
    layers = stack(path, _SHAPES, _SITE, problems)
    head, tables = layers.head, layers.tables
    wire = tables["wire"]
    authorities = _authorities(tables["authorities"], f"{shown} [authorities]", problems)
    for place, code in [("institution", head.get("institution", "")), *authorities.items()]:
        if code and code not in institutions:
            known = ", ".join(institutions)
            problems.append(f"{shown}: {place} names {code!r}, which is no institution; known are {known}")
    # A vendor says how its receivers want to be spoken to; that there is one only its site can say.
    outbound = tables["outbound"] if "host" in tables["outbound"] or layers.opens else {}
    return Endpoint(
        site=_site(path, layers, authorities, institutions, problems),
        name=head.get("name", ""),
        senders=tuple((application, facility) for application, facility in wire.get("senders", ())),
        charset=wire.get("charset"),
        reply_charset=wire.get("reply_charset"),
        line_end=LINE_ENDS[wire.get("line_end", "CR")],
        ack=wire.get("ack", "original"),
        unasked_ack=wire.get("unasked_ack", "silent"),
        quirks=tuple(wire.get("quirks", ())),
        moves=tuple((start, end) for start, end in tables["msh"].get("move", ())),
        triggers=MappingProxyType({sent: tuple(meant.split("^")) for sent, meant in tables["triggers"].items()}),
        findings=MappingProxyType(dict(tables["findings"])),
        ordering=tables["ordering"].get("by", "event"),
        networks=tuple(ipaddress.ip_network(network) for network in wire.get("networks", ())),
        certificates=tuple(wire.get("certificates", ())),
        outbound=read_outbound(outbound, path, institutions, problems),
    )


def _authorities(found: Any, where: str, problems: list[str]) -> Mapping[str, str]:
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        problems.append(f'{where}: must hold lines such as HIS = "county-hospital"')
        return {}
    return MappingProxyType(found)


def _site(
    path: Path,
    layers: Stack,
    authorities: Mapping[str, str],
    institutions: Mapping[str, Institution],
    problems: list[str],
) -> Site:
    facts = {**layers.tables["identity"], **layers.tables["meaning"]}
    plain = Site(path.name, layers.head.get("institution", ""), institutions=institutions)
    keys = tuple(facts.get("patient_keys", plain.patient_keys))
    untyped = facts.get("untyped", plain.untyped_identifier)
    for kind in (*keys, untyped):
        check_kind(kind, f"{path.name}/site.toml [identity]", problems)
    types: dict[str, str] = {}
    codes: dict[tuple[str, str], str] = {}
    for (table, code), (where, row) in layers.codes.items():
        check_row(table, row["target"], where, problems)
        if table == "identifier-type":
            types[code.upper()] = row["target"]
        else:
            codes[table, code] = row["target"]
    _check_patient_types(path, facts.get("patient_types", ""), codes, problems)
    return Site(
        code=path.name,
        institution=plain.institution,
        offset=layers.head.get("offset", plain.offset),
        authorities=authorities,
        identifier_types=MappingProxyType(types),
        patient_keys=keys,
        untyped_identifier=untyped,
        codes=MappingProxyType(codes),
        institutions=institutions,
        obr2=facts.get("obr2", plain.obr2),
        segments=MappingProxyType(dict(layers.segments)),
    )


def _check_patient_types(path: Path, table: str, codes: dict[tuple[str, str], str], problems: list[str]) -> None:
    """Adds the rows of the declared table; who maps contradictory digits without saying whose they are is refused."""
    if not table and any(name == _PATIENT_CLASS and code in _DIGITS for name, code in codes):
        problems.append(
            f"{path.name}/codes.csv: maps 2 or 3 of {_PATIENT_CLASS}, which differ between tables: say which in"
            f" site.toml [meaning] patient_types, one of {', '.join(PATIENT_TYPES)}"
        )
    for code, target in PATIENT_TYPES.get(table, {}).items():
        codes.setdefault((_PATIENT_CLASS, code), target)


def _senders(endpoints: Mapping[str, Endpoint], problems: list[str]) -> Mapping[tuple[str, str], Endpoint]:
    book: dict[tuple[str, str], Endpoint] = {}
    for endpoint in endpoints.values():
        for pair in endpoint.senders:
            if pair in book:
                both = f"{book[pair].code} and {endpoint.code}"
                problems.append(f"{endpoint.code}/site.toml [wire]: the sender {'^'.join(pair)} belongs to both {both}")
            book[pair] = endpoint
    return MappingProxyType(book)
