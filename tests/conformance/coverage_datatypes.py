"""Runs a datatype converter on a value with every component filled, and looks what became of one component."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from conformance.coverage.official import OfficialRow, official
from mappers.datatypes.registry import REGISTRY
from mappers.draft import Draft
from mappers.message import Value
from mappers.site import Context
from mappers.use import Part, Use
from tests.conformance.coverage_bench import SITE, nodes, plain
from tests.mappers.sample import message

FULL: Mapping[str, str] = {
    "CE": "C77^名称七七^L^C78^别名七八^L",
    "CWE": "C77^名称七七^L^C78^别名七八^99A^1.0^2.0^原文七七^C79^第三七九^99B^3.0",
    "CNN": "D77^赵^六^中^三世^博士^PhD",
    "CQ": "7^mL",
    "CX": "N770^7^M11^TOWNSHIP^MR^^20260101^20261231",
    "DLD": "DL77^20260305",
    "DLN": "DL77^测试省^20300101",
    "DR": "20260301083000^20260301093000",
    "DTM": "20260301083015",
    "TS": "20260301083015",
    "EI": "E770^LAB^1.2.3.77^ISO",
    "EIP": "P770&TOWNSHIP^F770&LAB",
    "FT": "文本七七",
    "FN": "钱&冯&钱&von&某",
    "HD": "NS77^1.2.3.77^ISO",
    "ID": "Y",
    "IS": "A7",
    "MSG": "ADT^A01^ADT_A01",
    "NM": "42",
    "NDL": "D78&孙&八^20260301083000^20260301093000^W7^301^2^HOSPITAL",
    "OG": "1^2^3^S77",
    "PL": "W7^301^2^HOSPITAL^^^B7^3^描述七七",
    "PT": "P^T",
    "PLN": "L77^医师^测试省^20300101",
    "RI": "BID^0600,1800",
    "RPT": "BID^DW^1^3^2^d^^AC^30^min",
    "TQ": "7&mL^BID&0600^D4^20260301083000^20260309083000^S^^说明七七^^^^3",
    "SAD": "测试路77号",
    "ST": "Probe77",
    "XAD": "77 Road^Room 7^测试市^测试省^310077^CHN^H^其他七七^测试区^T77^^^20260101^20270101",
    "XCN": "D77^赵^六^中^三世^博士^PHD^^LAB^L^7^M10^EI^^^^^F^20260101^20270101^主任",
    "XON": "七七医院^L^O77^7^M10^厂家七七^XX",
    "XPN": "钱^七七^中^三世^先生^博士^L^^^^G^20260101^20270101^主任",
    "XTN": "5557777^PRN^PH^a@example.org^86^21^5557778^77^备注七七",
}
ALSO: Mapping[str, tuple[str, ...]] = {
    "CWE": ("^名称七七", "^^^^^^^^原文七七"),
    "EI": ("E770^^1.2.3.77^ISO",),
    "HD": ("^1.2.3.77^ISO",),
    "SAD": ("测试路^测试街^77号",),
    "XAD": ("77 Road^^测试市^^^^H^^^^^20260301&20270101",),
    "XCN": ("D77^赵^六^^^^^^LAB^^^^^^^^20260301&20270101",),
    "XON": ("七七医院^L^O77^7^M10^LAB^XX^^^O78", "^^^^^^^^^O78"),
    "XPN": ("钱^七七^^^^^^^^20260301&20270101",),
    "XTN": ("^NET^Internet^a@example.org", "^PRN^PH^^^^^^^^^05715557777^20260101^20270101^^^^2"),
}
"""Values for the components that the full value cannot show: because another one goes before them."""
SAME: Mapping[str, str] = {
    "TQ[MedicationRequest]": "TQ[Timing]",
    "XCN[PractitionerRole]": "XCN[Practitioner]",
    "XCN[Annotation-Author]": "XCN[Practitioner]",
    "EI[Identifier-Extension]": "EI[Identifier-Placer]",
    "EI[Identifier-DefaultAssigner]": "EI[Identifier-Placer]",
    "EI[Identifier-Organization]": "EI[Identifier]",
    "EI[Identifier-System]": "EI[Identifier]",
    "EIP[Identifier-PlacerAssignedIdentifier]": "EIP[Identifier-PlacerOrder]",
    "EIP[Identifier-FillerAssignedIdentifier]": "EIP[Identifier-FillerOrder]",
    "NDL[PractitionerRole]": "NDL[Practitioner]",
    "FT[Annotation-Comment]": "FT[Annotation]",
    "OG[Extension-Subidentifier]": "OG[SubId-Extension]",
    "DTM[Annotation-Time]": "DTM[dateTime]",
    "SAD[Address]": "XAD[Address]",
    "FN[HumanName]": "XPN[HumanName]",
    "NM[Quantity]": "NM[decimal]",
    "CQ[decimal]": "CQ[Quantity]",
    "CQ[unsignedInt]": "CQ[Quantity]",
    "CQ[code]": "CQ[Quantity]",
    "ID[CodeableConcept-UniversalID]": "ID[CodeableConcept]",
    "HD[uri]": "HD[url]",
    "MSG[MessageHeader]": "MSG[Coding]",
    "MSG[code]": "MSG[Coding]",
}
"""Converters of ours that do what an official map of another name asks for."""


def rows() -> Iterator[OfficialRow]:
    return (row for row in official() if row.kind == "datatypes")


@cache
def _converted(name: str, sample: str) -> tuple[Any, dict[int, list[tuple[str, str]]], dict[str, Any]]:
    """The FHIR value, (outcome, path) by component, and the resources that were made on the way."""
    sent = message("ADT^A01", f"ZZZ|{sample}")
    draft = Draft(sent, Context(SITE, "2026-03-01T08:00:01+08:00", "urn:qiao:message:bench:M1"))
    value: Value | Part = sent.segments[-1].values(1)[0]
    use = Use(draft, value, name)
    found = REGISTRY[name](value, use)
    noted: dict[int, list[tuple[str, str]]] = {}
    for leaf, outcome, path, _ in use.notes:
        noted.setdefault(leaf.component, []).append((outcome, path))
    return found, noted, {sheet.ref: sheet.body for sheet in draft.sheets.values()}


def verdict(row: OfficialRow, name: str, target: str) -> tuple[bool, str, str]:
    """(holds, where it stands, why not) of an official row under our converter."""
    if name not in REGISTRY:
        return False, "", "no converter"
    kind = row.map.partition("[")[0]
    first = FULL.get(kind, FULL["CWE"] if row.map[:2] in ("CF", "CN") else "Probe77")
    tried = [_judged(row, name, target, sample) for sample in (first, *ALSO.get(kind, ()))]
    return next((one for one in tried if one[0]), tried[0])


def _judged(row: OfficialRow, name: str, target: str, sample: str) -> tuple[bool, str, str]:
    found, noted, made = _converted(name, sample)
    if found is None:
        return False, "", "nothing converted"
    if row.assignment.startswith(('"', "“")) and row.assignment.endswith(('"', "”")):
        constant = row.assignment.strip('"“”').strip()
        everything = str(found) + str(list(made.values()))
        return f"'{constant}'" in everything, "", f"no {constant}"
    number = re.search(r"[.-](\d+)", row.id)
    component = int(number[1]) if number else 1
    places = [path for outcome, path in noted.get(component, ()) if outcome in ("stored", "coded")]
    if not places:
        return False, "", f"component {component} is not stored"
    for path in places:
        if not _stands(path, found, made):
            return False, "", f"nothing at {path}"
    where = re.sub(r"\[\d+\]", "", places[0].partition("#")[2] if "#" in places[0] else places[0])
    said = "" if where and plain(row.target).endswith(where.rpartition(".")[2]) else (where or "$value")
    if target and target != said:
        return False, said, f"stands at {said}, not at {target}"
    return True, said, ""


def _stands(path: str, found: Any, made: Mapping[str, Any]) -> bool:
    ref, hash_, inside = path.partition("#")
    body, inside = (made.get(ref), inside) if hash_ else (found, path)
    steps = re.sub(r"\[\d+\]", "", inside)
    return any(node is not None for node in nodes(body, steps.split(".") if steps else []))
