"""MDM^T02 of the pathology centre (HL7 v2.5.1 chapter 9) and SIU^S12 appointments (chapter 10)."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta

from examples.county.er7 import parts, segment, stamp
from examples.county.messages_adt import evn
from examples.county.messages_orders import Order
from examples.county.pdf import pdf
from examples.county.places import PATHOLOGY_STAFF
from examples.county.visits import Visit, pid, pv1


def pathology(order: Order, when: datetime) -> list[str]:
    """MDM^T02: the pathology report as text and as PDF."""
    txa = {
        1: "1",
        2: "11526-1^病理报告^LN",
        3: "AP",
        4: stamp(order.when),
        6: stamp(when),
        7: stamp(when),
        9: parts(*PATHOLOGY_STAFF[0]),
        10: parts(*PATHOLOGY_STAFF[1]),
        12: parts(order.filler, "PIS"),
        14: order.placer,
        15: parts(order.filler, "PIS"),
        17: "AU",
        19: "AV",
    }
    page = base64.b64encode(pdf(f"Pathology report {order.filler}")).decode("ascii")
    text = "（胃窦）黏膜慢性炎，轻度肠上皮化生，未见异型增生。"
    return [
        evn("T02", when),
        pid("county-pathology", order.visit.patient),
        pv1("county-pathology", order.visit),
        segment("TXA", txa),
        segment("OBX", {1: "1", 2: "TX", 3: "22637-3^病理诊断^LN", 5: text, 11: "F"}),
        segment(
            "OBX",
            {1: "2", 2: "ED", 3: "PDF^病理报告^L", 5: parts("PIS", "application", "pdf", "Base64", page), 11: "F"},
        ),
    ]


def appointment(site: str, visit: Visit, number: str, when: datetime) -> list[str]:
    """SIU^S12: a booked slot with a doctor in a department."""
    end = when + timedelta(minutes=15)
    facility = visit.patient.place.facility
    sch = {
        1: parts(number, facility),
        2: parts(number, facility),
        6: "ROUTINE^常规",
        7: "FOLLOWUP^复诊",
        8: "Normal^普通预约",
        9: "15",
        10: "min",
        11: parts("", "", "15", stamp(when), stamp(end)),
        16: parts(*visit.doctor),
        20: parts(*visit.doctor),
        25: "Booked^已预约",
    }
    return [
        segment("SCH", sch),
        pid(site, visit.patient),
        pv1(site, visit, {19: "", 44: ""}),
        "RGS|1|A",
        segment("AIS", {1: "1", 2: "A", 3: parts(*visit.department, "L"), 4: stamp(when), 7: "15", 8: "min"}),
        segment("AIP", {1: "1", 2: "A", 3: parts(*visit.doctor), 4: "DOC^医师", 6: stamp(when)}),
    ]
