"""A search parameter of one resource type, and the places it reads (FHIR R4 searchparameter.html)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fhir_server.search.paths import Path

Kind = Literal["token", "string", "date", "number", "quantity", "reference", "uri"]


@dataclass(frozen=True, slots=True)
class Source:
    """One path of a parameter. `param` numbers its list of keys; `target` is the only type a reference may point to.

    `expression` is set when no walker can follow the path: then FHIRPath evaluates it on the whole resource.
    """

    path: Path
    param: int
    target: str = ""
    expression: str = ""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One search parameter of one resource type; `owner` is the institution whose SearchParameter defines it."""

    type: str
    code: str
    kind: Kind
    sources: tuple[Source, ...]
    targets: tuple[str, ...]
    url: str
    owner: str = ""

    @property
    def params(self) -> tuple[int, ...]:
        return tuple(dict.fromkeys(source.param for source in self.sources))
