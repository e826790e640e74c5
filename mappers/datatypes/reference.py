"""XCN, CNN, XON, HD, PL, DLD -> Reference to a resource that the message mentions; the resource is made on the way."""

from __future__ import annotations

from typing import Any

from mappers import location, organization, practitioner
from mappers.use import Repetition, Use

Reference = dict[str, Any]


def to_practitioner(value: Repetition, use: Use) -> Reference | None:
    """XCN[Practitioner]."""
    sheet = practitioner.from_xcn(use)
    return practitioner.reference(sheet) if sheet else None


def cnn_to_practitioner(value: Repetition, use: Use) -> Reference | None:
    """CNN[Practitioner]: the value is the CNN itself (a component of an NDL)."""
    sheet = practitioner.from_cnn(use)
    return practitioner.reference(sheet) if sheet else None


def to_organization(value: Repetition, use: Use) -> Reference | None:
    """XON[Organization]."""
    sheet = organization.from_xon(use)
    return organization.reference(sheet) if sheet else None


def hd_to_organization(value: Repetition, use: Use) -> Reference | None:
    """HD[Organization]."""
    sheet = organization.from_hd(use)
    return organization.reference(sheet) if sheet else None


def to_location(value: Repetition, use: Use) -> Reference | None:
    """PL[Location]."""
    sheet = location.from_pl(use)
    return location.reference(sheet) if sheet else None


def hd_to_location(value: Repetition, use: Use) -> Reference | None:
    """HD[Location]: a facility by its name."""
    text = use.said(1)
    if not text:
        return None
    sheet = location.facility(use, text)
    use.leaf(1, sheet.path("identifier[0].value"))
    return location.reference(sheet)


def discharge_location(value: Repetition, use: Use) -> Reference | None:
    """DLD[Location-Discharge]: the place in 1; the time in 2 has no home in FHIR."""
    text = use.said(1)
    if not text:
        return None
    sheet = location.facility(use, text)
    use.leaf(1, sheet.path("identifier[0].value"))
    if said := use.said(1, 2):
        sheet.body["name"] = said
        use.leaf(1, sheet.path("name"), 2)
    return location.reference(sheet)
