"""Who a message is for: what it reads, what it calls institutions, identifiers and codes. Facts, read backwards.

What inbound says of the site (`mappers.site.Site`) holds outbound as well: the name an institution has in its CX.4, the
word for a kind of number in CX.5, its own code for a target code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import unquote

from mappers import systems
from mappers.identifier_kind import Kind, kinds
from mappers.outbound.pool import Pool
from mappers.site import Site


@dataclass(frozen=True, slots=True)
class Envelope:
    """MSH as it is to be written, and the event: `type` is `ORU^R01`, `time` an instant."""

    type: str
    control_id: str
    time: str
    sending: tuple[str, str] = ("", "")
    receiving: tuple[str, str] = ("", "")
    processing: str = ""
    charset: str = ""
    country: str = ""
    accept_ack: str = ""
    application_ack: str = ""
    change: str = "created"
    """`updated` when the receiver may know the order already."""
    answers: str = ""
    """MSH-10 of the message that this one answers (MSA-2)."""

    @property
    def given_back(self) -> bool:
        """Whether the message is made as it came, for nobody to send: it has no sender of its own."""
        return not any(self.sending)

    @property
    def code(self) -> str:
        return self.type.partition("^")[0]

    @property
    def event(self) -> str:
        return self.type.partition("^")[2].partition("^")[0]


@dataclass(frozen=True)
class Receiver:
    """A receiving system. `version` is one of `tree.versions()`."""

    site: Site
    version: str = "2.5.1"
    codes: Mapping[str, str] = field(default_factory=dict)

    def at_least(self, version: str) -> bool:
        return _key(self.version) >= _key(version)

    @cached_property
    def _institutions(self) -> Mapping[str, str]:
        """The name the receiver uses, by institution; the first one its site lists."""
        found: dict[str, str] = {}
        for name, code in self.site.authorities.items():
            found.setdefault(code, name)
        return found

    def name_of(self, institution: str) -> str:
        """What the receiver calls an institution, else its code in the consortium."""
        return self._institutions.get(institution, institution)

    @cached_property
    def _types(self) -> Mapping[str, str]:
        found: dict[str, str] = {}
        for word, kind in self.site.identifier_types.items():
            found.setdefault(kind, word)
        return found

    def type_of(self, kind: str) -> str:
        """What the receiver writes into CX.5 for a kind of number: its own word, else the code of table 0203."""
        own = self._types.get(kind)
        if own is not None:
            return own
        known = kinds().get(kind)
        return known.hl7 if known is not None else ""

    @cached_property
    def _own_codes(self) -> Mapping[tuple[str, str], str]:
        found: dict[tuple[str, str], str] = {}
        for (table, code), target in self.site.codes.items():
            found.setdefault((table, target), code)
        return found

    def own_code(self, table: str, target: str) -> str:
        """The receiver's own code for a target code of a table, `''` when it has none."""
        return self._own_codes.get((table, target), "")


def _key(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose numbers a local system holds: `institution`, a `foreign` authority it named, and the `kind`."""

    institution: str
    foreign: str
    kind: str


def scope_of(system: str) -> Scope | None:
    """The parts of a local system (`mappers.systems.local`), `None` for any other system."""
    if not system.startswith(f"{systems.SID}/"):
        return None
    parts = [unquote(part) for part in system[len(systems.SID) + 1 :].split("/")]
    if len(parts) == 2:
        return Scope(parts[0], "", parts[1])
    return Scope(parts[0], parts[1], parts[2]) if len(parts) == 3 else None


def kind_of_system(system: str) -> Kind | None:
    """The kind of number that a national system holds."""
    return next((kind for kind in kinds().values() if kind.system and kind.system == system), None)


@dataclass(frozen=True, slots=True)
class Work:
    """What the making of one message knows."""

    receiver: Receiver
    pool: Pool
    envelope: Envelope

    def resource(self, reference: Any, kind: str) -> dict[str, Any] | None:
        """What a Reference refers to, when it is of that type."""
        found = self.pool.get(reference)
        return found if found is not None and found["resourceType"] == kind else None
