"""What the stories of the day are made of: a visit and an order, with the numbers of their institution, and what opens
them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from examples.county.desk import Desk
from examples.county.messages_adt import visit_start
from examples.county.messages_orders import Order, omg, omi, oml, orm
from examples.county.messages_results import (
    lab_oru,
    lab_oul,
    measure,
    panels,
)
from examples.county.places import Coded, Patient
from examples.county.visits import Visit

HIS = {
    "county-hospital": "county-his",
    "township-a": "township-a-his",
    "township-b": "township-b-his",
    "village-a": "village-clinic",
}
"""The system that speaks for an institution."""

HYPERTENSION, CHEST_PAIN, WEAKNESS = ("I10.x00", "高血压病"), ("R07.400", "胸痛"), ("R53.x00", "乏力")
COUGH, BELLY_ACHE, DIZZINESS, GASTRITIS = (
    ("R05.x00", "咳嗽"),
    ("R10.400", "腹痛"),
    ("R42.x00", "头晕"),
    ("K29.500", "慢性胃炎"),
)
_OUTPATIENT: tuple[Coded, ...] = (
    HYPERTENSION,
    ("E11.900", "2型糖尿病"),
    ("J06.900", "急性上呼吸道感染"),
    GASTRITIS,
    ("M54.500", "腰痛"),
)
_INPATIENT: tuple[Coded, ...] = (
    ("I63.900", "脑梗死"),
    ("J18.900", "肺炎"),
    ("I50.900", "心力衰竭"),
    ("K80.200", "胆囊结石"),
    ("J44.100", "慢性阻塞性肺病急性加重"),
)
_ITEMS: Mapping[str, Coded] = {
    "CT": ("CT0101", "颅脑CT平扫"),
    "RAD": ("DR0203", "胸部正位DR"),
    "RUS": ("US0301", "腹部彩超"),
    "EC": ("EC0001", "十二导联常规心电图"),
    "SP": ("BL0002", "胃镜活检病理"),
}
_FILLER = {
    "LAB": "L26102{:06d}",
    "CT": "CT26102{:05d}",
    "RAD": "DR26102{:05d}",
    "RUS": "US26102{:05d}",
    "EC": "E26102{:05d}",
    "SP": "2026B{:05d}",
}
_PLACER = {
    "county-hospital": "2291{:05d}",
    "township-a": "YXSQ20261021{:04d}",
    "township-b": "18{:08d}",
    "village-a": "C{:05d}",
}
_VISIT = {
    "county-hospital": "{kind}2610{:06d}",
    "township-a": "YXJZ{:06d}",
    "township-b": "1000{:05d}",
    "village-a": "LW{:05d}",
}
_STAY = {"county-hospital": "ZY26{:06d}", "township-b": "20000{:04d}"}
_BEDS = ("N3^301^01", "N3^302^05", "N4^401^12", "N5^503^02", "N6^601^08")


def visit(
    desk: Desk, patient: Patient, kind: str, start: datetime, source: str = "1", diagnosis: Coded | None = None
) -> Visit:
    """A visit with a number of its institution."""
    place = patient.place
    number = _VISIT[place.code].format(desk.number(f"visit {place.code}"), kind=kind)
    drawn = desk.rng.choice(_INPATIENT if kind == "I" else _OUTPATIENT)
    bed = ""
    if kind == "I":
        bed = desk.rng.choice(_BEDS) if place.code == "county-hospital" else "BF^2^05"
        patient = replace(patient, inpatient=_STAY[place.code].format(desk.number(f"stay {place.code}")))
    department, doctor = desk.rng.choice(place.departments), desk.rng.choice(place.doctors)
    return Visit(patient, number, kind, department, doctor, start, diagnosis or drawn, bed, source=source)


def order(desk: Desk, seen: Visit, service: str, when: datetime, panel: str = "") -> Order:
    """An order with the number of its institution and the one the centre will give."""
    place = seen.patient.place.code
    number = _PLACER[place].format(desk.number(f"order {place}"))
    filler = _FILLER[service].format(desk.number(f"filler {service}"))
    if service != "LAB":
        return Order(seen, number, filler, _ITEMS[service], service, when)
    found = panels()[panel]
    barcode = f"1026{desk.number('barcode'):08d}"
    return Order(seen, number, filler, (panel, found.title), "LAB", when, found.specimen, barcode)


def post_order(desk: Desk, placed: Order, when: datetime, control: str = "NW", due: datetime | None = None) -> None:
    """The order message in the form its institution's system knows."""
    place = placed.visit.patient.place.code
    site = HIS[place]
    label = f"order {placed.service}" if control == "NW" else f"order {placed.service} cancelled"
    if place == "township-a":
        kinds: Mapping[str, tuple[str, Callable[[str, Order, str, datetime], list[str]]]] = {
            "LAB": ("OML^O21", oml),
            "EC": ("OMG^O19", omg),
            "SP": ("OMG^O19", omg),
        }
        kind, writer = kinds.get(placed.service, ("OMI^O23", omi))
    else:
        newer = place == "county-hospital" and placed.service != "LAB"
        kind, writer = ("OMG^O19" if newer else "ORM^O01"), orm
    desk.post(site, when, kind, writer(site, placed, control, when), label, due=due)


def begin(desk: Desk, seen: Visit, event: str, label: str) -> None:
    site = HIS[seen.patient.place.code]
    desk.post(site, seen.start, f"ADT^{event}", visit_start(site, seen, event), label)


def lab(desk: Desk, seen: Visit, panel: str, when: datetime) -> tuple[Order, datetime]:
    """Order and final result; returns the order and when the result was out."""
    placed = order(desk, seen, "LAB", when, panel)
    post_order(desk, placed, when)
    done = desk.after(when, 45, 120)
    values = measure(desk.rng, panels()[panel])
    if seen.patient.place.code == "township-a":
        event = desk.rng.choice(("R22", "R24"))
        desk.post("county-lis", done, f"OUL^{event}", lab_oul(placed, values, "F", done, event), "lab result")
    else:
        desk.post("county-lis", done, "ORU^R01", lab_oru(placed, values, "F", done), "lab result")
    return placed, done
