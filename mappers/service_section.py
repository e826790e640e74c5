"""OBR-24: which centre does the work, and what the category of its orders, reports and observations is.

A site names its own sections in the table `service-category` (`JY` → `LAB`), by OBR-24, else by OBR-4 (code or the
modality senders write into OBR-4.4 and OBR-4.5), and for a system of one section by `*`. Without any of these there is
no category: nothing is guessed from names. Source: HL7 v2.5.1 table 0074; `tables/service_sections.csv`.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from mappers.draft import Draft
from mappers.message import NULL, Leaf, Segment
from mappers.systems import CANONICAL

V2_0074 = "http://terminology.hl7.org/CodeSystem/v2-0074"
CENTRE = f"{CANONICAL}/CodeSystem/center-type"
OBSERVATION_CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
_BY_MESSAGE = {"OML": "LAB", "OUL": "LAB", "OMI": "RAD"}
"""These structures are of the laboratory and of imaging by definition (HL7 v2.5.1 4.4.6, 4.4.10, 7.3.2)."""

_PLACES = ((24, 1), (4, 1), (4, 4), (4, 5))
"""Where a sender says the section: OBR-24, or behind OBR-4; OBR-4.1 itself only by the table of the site."""


class Section(NamedTuple):
    """`centre` is lab, imaging, ecg, pathology or `""`; `observation` a category code of Observation or `""`."""

    code: str
    section: str
    display: str
    centre: str
    observation: str


@cache
def sections() -> dict[str, Section]:
    """By code of OBR-24."""
    path = Path(__file__).parent / "tables" / "service_sections.csv"
    with path.open(encoding="utf-8", newline="") as table:
        return {row["code"]: Section(**row) for row in csv.DictReader(table, strict=True)}


def section(obr: Segment | None, draft: Draft) -> Section | None:
    """The section that serves an order, `None` when nothing tells it. `claim` accounts for OBR-24."""
    codes, known = draft.site.codes, sections()
    said = [obr.get(*place) for place in _PLACES] if obr is not None else []
    for text in said:
        if text and (own := codes.get(("service-category", text))) in known:
            return known[own]
    for text in (*said[:1], *said[2:], codes.get(("service-category", "*")), _BY_MESSAGE.get(draft.message.code)):
        if text and text in known:
            return known[text]
    return None


def claim(obr: Segment, found: Section | None, draft: Draft, place: str) -> None:
    """Says in the ledger, or on the work list, what became of OBR-24."""
    code = obr.get(24)
    if not code or code == NULL:
        return
    leaf = Leaf(obr.position, 24, obr.values(24)[0].repetition, 1, 1)
    if found is None or (code != found.code and ("service-category", code) not in draft.site.codes):
        draft.unmapped("service-category", code, "", leaf)
        return
    draft.ledger.note(leaf, "coded", place, f"OBR#OBR-24 service-category {code}→{found.section}")


def concepts(found: Section) -> list[dict[str, Any]]:
    """The category of an order or report: the section of HL7, and the centre of the consortium."""
    coding = {"system": V2_0074, "code": found.section, "display": found.display}
    out: list[dict[str, Any]] = [{"coding": [coding]}]
    if found.centre:
        out.append({"coding": [{"system": CENTRE, "code": found.centre}]})
    return out


def observation_category(found: Section | None) -> list[dict[str, Any]]:
    """The category of the observations of that section."""
    if found is None or not found.observation:
        return []
    return [{"coding": [{"system": OBSERVATION_CATEGORY, "code": found.observation}]}]
