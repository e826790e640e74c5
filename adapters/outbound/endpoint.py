"""The section `[outbound]` of a `site.toml`: where messages for that site go, which ones, and how.

Only an address that stands here is ever called. Strict as the rest of the file: an unknown key is a problem that names
the valid ones (`adapters.site_file`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapters.site_file import NAME, TEXT, TEXTS, Key, Kind, Table, check_table, one_of, some_of

MESSAGES = (
    *("ADT", "ORM^O01", "OMG^O19", "OML^O21", "OMI^O23", "ORR^O02", "ORG^O20", "ORL^O22", "ORI^O24"),
    *("ORU^R01", "REF^I12", "RRI^I12", "MDM", "SIU"),
)
"""`ADT`, `MDM` and `SIU` stand for all of their events, `REF^I12` and `RRI^I12` for I13 and I14 as well."""
SINCE: Mapping[str, str] = {
    **dict.fromkeys(("OMG^O19", "OML^O21", "ORG^O20", "ORL^O22"), "2.4"),
    **dict.fromkeys(("OMI^O23", "ORI^O24"), "2.5"),
}
"""The first version that knows a type."""
_DEFAULT = "2.5.1"
VERSIONS = ("2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6")
"""Those of `mappers.outbound.tree.versions()`, said here so that reading sites loads no translator."""
CHARSETS = ("utf-8", "gb18030", "gbk", "big5", "ascii")


def _whole(least: int, most: int) -> Kind:
    return Kind(
        f"a whole number from {least} to {most}",
        lambda found: isinstance(found, int) and not isinstance(found, bool) and least <= found <= most,
    )


def _seconds(most: int) -> Kind:
    return Kind(
        f"a number of seconds up to {most}",
        lambda found: isinstance(found, int | float) and not isinstance(found, bool) and 0 < found <= most,
    )


_FLAG = Kind("true or false", lambda found: isinstance(found, bool))

OUTBOUND: Table = {
    "host": Key(NAME, "required"),
    "port": Key(_whole(1, 65535), "required"),
    "messages": Key(some_of(*MESSAGES), "required"),
    "sees": Key(TEXTS, "required"),
    "version": Key(one_of(*VERSIONS)),
    "charset": Key(one_of(*CHARSETS)),
    "charset_name": Key(TEXT),
    "unencodable": Key(one_of("escape", "replace", "hold")),
    "sending_application": Key(NAME),
    "sending_facility": Key(NAME),
    "receiving_application": Key(TEXT),
    "receiving_facility": Key(TEXT),
    "processing": Key(one_of("P", "T", "D")),
    "order_by": Key(one_of("patient", "receiver")),
    "connections": Key(_whole(1, 32)),
    "acknowledge": Key(one_of("original", "accept", "enhanced")),
    "ack_seconds": Key(_seconds(600)),
    "retry_first": Key(_seconds(3600)),
    "retry_most": Key(_seconds(86400)),
    "attempts": Key(_whole(1, 100_000)),
    "on_error": Key(one_of("dead", "retry")),
    "on_reject": Key(one_of("dead", "retry")),
    "after_dead": Key(one_of("go-on", "hold")),
    "tls": Key(_FLAG),
    "authorities": Key(NAME),
    "certificate": Key(NAME),
    "key": Key(NAME),
}
_CHARSET_NAMES: Mapping[str, str] = {
    "utf-8": "UNICODE UTF-8",
    "gb18030": "GB 18030-2000",
    "gbk": "GBK",
    "big5": "BIG-5",
    "ascii": "",
}
"""MSH-18 (table 0211; GBK is what senders write, the table has no name for it)."""


@dataclass(frozen=True, slots=True)
class Outbound:
    """One receiver. `sees` are the institutions whose data it may get, `("*",)` all; times in seconds."""

    host: str
    port: int
    messages: tuple[str, ...]
    sees: tuple[str, ...]
    version: str = _DEFAULT
    charset: str = "utf-8"
    charset_name: str = ""
    unencodable: str = "escape"
    sending_application: str = "QIAO"
    sending_facility: str = ""
    receiving_application: str = ""
    receiving_facility: str = ""
    processing: str = "P"
    order_by: str = "patient"
    connections: int = 2
    acknowledge: str = "original"
    ack_seconds: float = 30.0
    retry_first: float = 2.0
    retry_most: float = 300.0
    attempts: int = 50
    on_error: str = "dead"
    on_reject: str = "retry"
    after_dead: str = "go-on"
    tls: bool = False
    authorities: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    @property
    def declared(self) -> str:
        """MSH-18."""
        return self.charset_name or _CHARSET_NAMES[self.charset]

    @property
    def acknowledgements(self) -> tuple[str, str]:
        """MSH-15 and MSH-16."""
        return _ACKNOWLEDGE[self.acknowledge]


def _known(fitting: Mapping[str, Any], where: str, problems: list[str]) -> None:
    """A type that the receiver's version does not have yet is a mistake."""
    version = fitting.get("version", _DEFAULT)
    late = [kind for kind in fitting.get("messages", ()) if VERSIONS.index(_since(kind)) > VERSIONS.index(version)]
    problems += [f"{where}: {kind} came with version {SINCE[kind]}; the receiver's is {version}" for kind in late]


def _since(kind: str) -> str:
    return SINCE.get(kind, VERSIONS[0])


_ACKNOWLEDGE: Mapping[str, tuple[str, str]] = {"original": ("", ""), "accept": ("AL", "NE"), "enhanced": ("AL", "AL")}
"""MSH-15 and MSH-16 by mode (HL7 v2.5.1 2.9.2, table 0155)."""


def read(found: Any, folder: Path, institutions: Mapping[str, Any], problems: list[str]) -> Outbound | None:
    """The section, `None` without one; every mistake becomes a problem."""
    if found == {}:
        return None
    where = f"{folder.name}/site.toml [outbound]"
    fitting = check_table(found, OUTBOUND, where, problems)
    for code in fitting.get("sees", ()):
        if code != "*" and code not in institutions:
            known = ", ".join(institutions)
            problems.append(f"{where}: sees names {code!r}, which is no institution; known are {known}, or *")
    _known(fitting, where, problems)
    if bool(fitting.get("certificate")) != bool(fitting.get("key")):
        problems.append(f"{where}: certificate and key are given together")
    if not fitting.get("tls") and ("certificate" in fitting or "authorities" in fitting):
        problems.append(f"{where}: certificate and authorities need tls = true")
    if any(key.required and name not in fitting for name, key in OUTBOUND.items()):
        return None
    for name in ("messages", "sees"):
        fitting[name] = tuple(fitting[name])
    for name in ("authorities", "certificate", "key"):
        if name in fitting:
            fitting[name] = folder / fitting[name]
    return Outbound(**fitting)
