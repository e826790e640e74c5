"""Results (HL7 v2.5.1 chapter 7): ORU^R01 and OUL^R21/R22/R24 of the laboratory, ORU^R01 of imaging, ECG, analyser."""

from __future__ import annotations

import base64
import csv
import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from examples.county.er7 import escape, parts, segment, stamp
from examples.county.messages_orders import Order, study_uid
from examples.county.pdf import heartbeat, pdf
from examples.county.places import ECG_STAFF, IMAGING_STAFF, LAB_STAFF, Coded, Patient
from examples.county.visits import pid, pv1, xcn


@dataclass(frozen=True, slots=True)
class Item:
    """One row of `panels.csv`: `low` is the normal word when the result is one, then `high` is empty."""

    code: str
    name: str
    unit: str
    low: str
    high: str
    decimals: int
    loinc: str


@dataclass(frozen=True, slots=True)
class Panel:
    code: str
    title: str
    specimen: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Value:
    """One result: `flag` is the LIS's own (M, H, L, HH, LL, N, P, Q)."""

    item: Item
    text: str
    flag: str

    @property
    def range(self) -> str:
        return f"{self.item.low}-{self.item.high}" if self.item.high else self.item.low


@cache
def panels() -> dict[str, Panel]:
    with (Path(__file__).parent / "panels.csv").open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table))
    heads = {row["panel"]: row for row in rows if row["title"]}
    return {
        code: Panel(
            code,
            head["title"],
            head["specimen"],
            tuple(
                Item(row["code"], row["name"], row["unit"], row["low"], row["high"], int(row["decimals"]), row["loinc"])
                for row in rows
                if row["panel"] == code
            ),
        )
        for code, head in heads.items()
    }


def measure(rng: random.Random, panel: Panel) -> tuple[Value, ...]:
    """Plausible values: mostly within the range, some outside it, a few qualitative ones positive."""
    return tuple(_value(rng, item) for item in panel.items)


def _value(rng: random.Random, item: Item) -> Value:
    draw = rng.random()
    if not item.high:
        text, flag = ("阴性", "N") if draw < 0.85 else (("阳性", "P") if draw < 0.94 else ("弱阳性", "Q"))
        return Value(item, text, flag)
    low, high = float(item.low), float(item.high)
    span = high - low
    if draw < 0.08 and low > 0:
        number, flag = max(low - span * rng.uniform(0.05, 0.4), low * 0.6), "L"
    elif draw < 0.2:
        number, flag = high + span * rng.uniform(0.05, 0.8), "H"
    else:
        number, flag = low + span * rng.uniform(0.05, 0.95), "M"
    return Value(item, f"{number:.{item.decimals}f}", flag)


CRITICAL = {
    "K": ("6.92", "HH"),
    "GLU": ("1.80", "LL"),
    "PLT": ("14", "LL"),
    "CTNI": ("8.420", "HH"),
    "INR": ("6.10", "HH"),
}
"""Values that somebody must be called about at once."""


def with_critical(values: Sequence[Value]) -> tuple[Value, ...]:
    """The first item with a critical value gets it."""
    done = False
    changed = []
    for value in values:
        found = CRITICAL.get(value.item.code)
        changed.append(Value(value.item, *found) if found and not done else value)
        done = done or found is not None
    return tuple(changed)


def with_change(values: Sequence[Value], index: int, text: str, flag: str) -> tuple[Value, ...]:
    """The values with one of them corrected."""
    return tuple(replace(value, text=text, flag=flag) if at == index else value for at, value in enumerate(values))


def obx(number: int, value: Value, status: str, when: datetime, kind: str | None = None) -> str:
    """One laboratory OBX; `kind` is OBX-2, by default NM for a number and ST for a word."""
    item = value.item
    coded = parts(item.code, escape(item.name), "L", *((item.loinc, escape(item.name), "LN") if item.loinc else ()))
    fields = {
        1: str(number),
        2: kind or ("NM" if item.high else "ST"),
        3: coded,
        5: "" if status == "X" else escape(value.text),
        6: escape(item.unit),
        7: escape(value.range),
        8: "" if status == "X" else value.flag,
        11: status,
        14: stamp(when),
        15: "JYZX",
        16: parts(*LAB_STAFF[0]),
    }
    return segment("OBX", fields)


def _lab_obr(order: Order, status: str, when: datetime, number: int = 1) -> str:
    fields = {
        1: str(number),
        2: order.placer,
        3: parts(order.filler, "LIS"),
        4: parts(*order.item, "L"),
        7: stamp(order.when + timedelta(minutes=12)),
        14: stamp(order.when + timedelta(minutes=25)),
        15: order.specimen,
        16: xcn(order.visit.doctor, order.visit.patient.place.facility),
        22: stamp(when),
        24: "LAB",
        25: status,
        32: "&".join(LAB_STAFF[0]),
        34: "&".join(LAB_STAFF[1]),
    }
    return segment("OBR", fields)


def lab_oru(
    order: Order, values: Sequence[Value], status: str, when: datetime, note: str = "", others: str = ""
) -> list[str]:
    """ORU^R01 of the LIS: `status` is OBR-25 and OBX-11 (P, F, C or X), `others` OBX-11 of all but the first result."""
    head = [pid("county-lis", order.visit.patient), pv1("county-lis", order.visit)]
    control = segment("ORC", {1: "RE", 2: order.placer, 3: parts(order.filler, "LIS")})
    remark = [segment("NTE", {1: "1", 2: "L", 3: escape(note)})] if note else []
    return [*head, control, _lab_obr(order, status, when), *remark, *_lab_values(order, values, status, others=others)]


def _lab_values(
    order: Order, values: Sequence[Value], status: str, kind: str | None = None, others: str = ""
) -> list[str]:
    taken = order.when + timedelta(minutes=12)
    statuses = itertools.chain((status,), itertools.repeat(others or status))
    return [
        obx(number, value, state, taken, kind)
        for number, (value, state) in enumerate(zip(values, statuses, strict=False), 1)
    ]


def lab_oul(order: Order, values: Sequence[Value], status: str, when: datetime, event: str) -> list[str]:
    """OUL^R22 (specimen first) or OUL^R24 (order first) of the LIS, where every number is a string (ST)."""
    head = [pid("county-lis", order.visit.patient), pv1("county-lis", order.visit)]
    taken = stamp(order.when + timedelta(minutes=12))
    specimen = segment(
        "SPM", {1: "1", 2: f"^{order.barcode}&LIS", 4: parts(*order.specimen.split("^"), "L"), 17: taken}
    )
    control = segment("ORC", {1: "RE", 2: order.placer, 3: parts(order.filler, "LIS")})
    results = _lab_values(order, values, status, "ST")
    report = [_lab_obr(order, status, when), control]
    return [*head, specimen, *report, *results] if event == "R22" else [*head, *report, specimen, *results]


def culture(order: Order, when: datetime) -> list[str]:
    """OUL^R21: a blood culture with its antibiogram."""
    head = [pid("county-lis", order.visit.patient), pv1("county-lis", order.visit)]
    rows = (
        ("ORG", "鉴定结果", "大肠埃希菌", "", "A"),
        ("AMK", "阿米卡星", "≤2", "≤16", "S"),
        ("CIP", "环丙沙星", "≥4", "≤0.25", "R"),
        ("CRO", "头孢曲松", "≥64", "≤1", "R"),
        ("IPM", "亚胺培南", "≤0.25", "≤1", "S"),
        ("TZP", "哌拉西林/他唑巴坦", "8", "≤8", "S"),
    )
    found = [
        segment(
            "OBX",
            {1: str(n), 2: "ST", 3: parts(code, name, "L"), 5: text, 7: limit, 8: flag, 11: "F", 14: stamp(order.when)},
        )
        for n, (code, name, text, limit, flag) in enumerate(rows, 1)
    ]
    return [*head, _lab_obr(order, "F", when), *found]


_FINDINGS = {
    "DR": (
        "双肺纹理增多、增粗，右下肺野见片状密度增高影，边缘模糊。心影不大，膈面光滑，肋膈角锐利。",
        "右下肺炎症，建议治疗后复查。",
    ),
    "CT": (
        "左侧基底节区见斑片状低密度影，边界欠清，中线结构居中，脑室系统未见扩张。",
        "左侧基底节区脑梗死可能，建议MR检查。",
    ),
    "RUS": ("肝脏形态正常，包膜光滑，实质回声均匀。胆囊大小正常，腔内见强回声团，大小约8mm，后伴声影。", "胆囊结石。"),
}


def imaging(order: Order, status: str, when: datetime, conclusion: str = "") -> list[str]:
    """ORU^R01 of the PACS: findings, impression, the study and a link to the viewer."""
    findings, impression = _FINDINGS[order.service if order.service in ("CT", "RUS") else "DR"]
    patient = order.visit.patient
    link = f"https://pacs.qinghe.example/viewer?study={study_uid(order)}"
    rows = (
        ("TX", f"{order.item[0]}^检查所见", escape(findings)),
        ("TX", f"{order.item[0]}^检查结论", escape(conclusion or impression)),
        ("ST", "113014^DICOM Study^DCM", study_uid(order)),
        ("RP", "IMG^影像浏览^L", parts(escape(link), "PACS", "text", "HTML")),
    )
    results = [
        segment(
            "OBX", {1: str(n), 2: kind, 3: coded, 5: text, 11: status, 14: stamp(when), 16: parts(*IMAGING_STAFF[0])}
        )
        for n, (kind, coded, text) in enumerate(rows, 1)
    ]
    return [
        pid("county-pacs", patient),
        pv1("county-pacs", order.visit),
        segment("ORC", {1: "RE", 2: order.placer, 3: parts(order.filler, "PACS")}),
        _report_obr(order, "PACS", order.when + timedelta(minutes=20), status, when, IMAGING_STAFF),
        *results,
    ]


def _report_obr(order: Order, centre: str, taken: datetime, status: str, when: datetime, staff: Sequence[Coded]) -> str:
    fields = {
        1: "1",
        2: order.placer,
        3: parts(order.filler, centre),
        4: parts(*order.item, "L"),
        7: stamp(taken),
        16: xcn(order.visit.doctor, order.visit.patient.place.facility),
        22: stamp(when),
        24: order.service,
        25: status,
        32: "&".join(staff[0]),
        33: "&".join(staff[1]),
    }
    return segment("OBR", fields)


_ECG = (
    ("8867-4", "心率", "/min", "60-100"),
    ("8625-6", "PR间期", "ms", "120-200"),
    ("8633-0", "QRS时限", "ms", "60-110"),
    ("8634-8", "QT间期", "ms", "320-440"),
    ("8636-3", "QTc间期", "ms", "320-450"),
)


def ecg(order: Order, rng: random.Random, status: str, when: datetime) -> list[str]:
    """ORU^R01 of the ECG centre: intervals, the diagnosis and the report as PDF in ED."""
    rate = rng.randrange(55, 110)
    numbers = (rate, rng.randrange(130, 190), rng.randrange(75, 108), rng.randrange(340, 420), rng.randrange(380, 445))
    taken = order.when + timedelta(minutes=8)
    rows = [
        {2: "NM", 3: parts(code, name, "LN"), 5: str(number), 6: unit, 7: limits}
        for (code, name, unit, limits), number in zip(_ECG, numbers, strict=True)
    ]
    page = base64.b64encode(pdf(f"ECG report {order.filler}", heartbeat(rate))).decode("ascii")
    rows.append({2: "TX", 3: "ECGDX^心电图诊断^L", 5: "窦性心律，正常心电图。"})
    rows.append({2: "ED", 3: "PDF^心电图报告^L", 5: f"ECG^application^pdf^Base64^{page}"})
    results = [segment("OBX", {1: str(n), 11: status, 14: stamp(taken), **row}) for n, row in enumerate(rows, 1)]
    return [
        pid("county-ecg", order.visit.patient),
        pv1("county-ecg", order.visit),
        segment("ORC", {1: "RE", 2: order.placer, 3: parts(order.filler, "ECG")}),
        _report_obr(order, "ECG", taken, status, when, ECG_STAFF),
        *results,
    ]


_ANALYSER = (
    ("GLU", "葡萄糖", "mmol/L", 4.0, 14.0),
    ("LAC", "乳酸", "mmol/L", 0.6, 4.0),
    ("K", "钾", "mmol/L", 3.2, 5.6),
    ("NA", "钠", "mmol/L", 132.0, 148.0),
    ("CA", "离子钙", "mmol/L", 1.0, 1.35),
)


def analyser(patient: Patient, sample: int, rng: random.Random, when: datetime) -> list[str]:
    """ORU^R01 of the emergency analyser: one sample, no order, no range, numbers with six decimals."""
    barcode = f"LAB-{when:%Y%m%d}-{sample:04d}"
    obr = {1: "1", 2: barcode, 3: str(sample), 4: "Analyser^BS-QH1", 5: "Y", 7: stamp(when), 15: "serum"}
    rows = [
        segment(
            "OBX",
            {
                1: str(n),
                2: "NM",
                3: code,
                4: name,
                5: f"{rng.uniform(low, high):.6f}",
                6: unit,
                7: "-",
                11: "F",
                14: stamp(when),
            },
        )
        for n, (code, name, unit, low, high) in enumerate(_ANALYSER, 1)
    ]
    return [pid("county-analyser", patient), segment("OBR", obr), *rows]


def quality_control(sample: int, when: datetime) -> list[str]:
    """The analyser's control run: no patient and no OBX (MSH-16 is 2)."""
    fields = {
        1: "1",
        2: str(sample),
        3: "GLU",
        4: "Analyser^BS-QH1",
        6: stamp(when),
        13: "CTRL-Normal",
        14: "LOT-2026-001",
    }
    return [
        segment(
            "OBR",
            fields | {15: "20270101000000", 17: "M", 18: "5.500000", 19: "0.300000", 20: "5.480000", 21: "mmol/L"},
        )
    ]
