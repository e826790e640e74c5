"""What a mapping must know of the sending institution: facts, loaded from `adapters/sites/<code>/`, never code.

The loader is in `adapters.sites`; this module holds only the frozen values, so that mapping stays pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from mappers.rows import Row

_NONE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Institution:
    """A member of the consortium. `level`: county, township or village. `uscc`: 18-character social credit code or
    ''. `role`: what it is in the consortium (lead, member, village, centre, external) and `category`: its code of
    WS 218, or ''.
    """

    code: str
    name: str
    level: str
    uscc: str = ""
    part_of: str = ""
    role: str = ""
    category: str = ""


@dataclass(frozen=True, slots=True)
class Site:
    """One sending system of one institution.

    `authorities` maps what the sender writes in CX.4, EI.2 or XON to an institution code; an absent authority means
    `institution`. `identifier_types` maps CX.5 as written (upper-cased) to a kind of `tables/identifier_kinds.csv`;
    `patient_keys` lists the kinds that identify a patient within one authority, best first. `codes` maps
    (table, local code) to the target code. `obr2` is what the sender writes in OBR-2: the number of an `order`, or the
    `barcode` of the sample, as analysers do.
    """

    code: str
    institution: str
    offset: str = "+08:00"
    authorities: Mapping[str, str] = field(default_factory=lambda: _NONE)
    identifier_types: Mapping[str, str] = field(default_factory=lambda: _NONE)
    patient_keys: tuple[str, ...] = ("mrn", "inpatient-no", "outpatient-no", "visit-card")
    untyped_identifier: str = "mrn"
    codes: Mapping[tuple[str, str], str] = field(default_factory=lambda: MappingProxyType({}))
    institutions: Mapping[str, Institution] = field(default_factory=lambda: MappingProxyType({}))
    obr2: str = "order"
    segments: Mapping[str, tuple[tuple[str, tuple[Row, ...]], ...]] = field(
        default_factory=lambda: MappingProxyType({})
    )
    """By name of a Z segment, the types of resources it speaks of and the rows that take it there."""


@dataclass(frozen=True, slots=True)
class Context:
    """What surrounds one message: its site, when it was received (instant with offset) and its own URI."""

    site: Site
    received: str
    source: str
    """`urn:qiao:message:<site>:<control id>`; becomes `meta.source` and the entity of the Provenance."""
