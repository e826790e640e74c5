"""Builds, for one official row, the smallest message that carries a value for it, and looks where the value arrived.

The message is the scaffold of the row's map (`coverage_scaffolds.csv`: message type and segments with the fields they
cannot do without), the field of the row filled with a value typical for its datatype, and whatever its condition asks.
`coverage_examples.csv` says what cannot be derived: `fields` (`OBX-2=SN|OBX-5=^1^:^2`; an empty value takes the field
away; `obr2=barcode` is a fact of the site), `expect` (a text that must stand at the target), `target` where to look for
it (`Type.element`).
"""

from __future__ import annotations

import csv
import json
import re
from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from adapters.er7 import parse
from conformance.coverage.claims import Claim
from conformance.coverage.official import OfficialRow, official
from mappers import Institution, Mapped, Message, Site
from mappers.codes import table
from mappers.ledger import Line
from mappers.message import Leaf
from mappers.rows import Row, maps
from tests.mappers.sample import translate

HERE = Path(__file__).parent
SITE = Site(
    "bench",
    "L01",
    authorities={"HOSPITAL": "C01", "LAB": "L01", "TOWNSHIP": "T01"},
    identifier_types={"MR": "mrn"},
    institutions={
        "C01": Institution("C01", "测试县人民医院", "county"),
        "L01": Institution("L01", "测试县检验中心", "county", part_of="C01"),
        "T01": Institution("T01", "测试镇卫生院", "township"),
    },
)
TYPICAL: Mapping[str, str] = {
    "ST": "Probe77",
    "TX": "文本七七",
    "FT": "文本七七",
    "ID": "A",
    "IS": "A7",
    "NM": "42",
    "SI": "7",
    "DTM": "20260301083015",
    "TS": "20260301083015",
    "DT": "20260307",
    "TM": "083015",
    "DR": "20260301083000^20260301093000",
    "CX": "N770^^^TOWNSHIP^MR",
    "XPN": "钱^七七",
    "XAD": "测试路77号^^测试市^^310077",
    "XTN": "^PRN^PH^^^^5557777",
    "EI": "E770^LAB",
    "EIP": "P770&TOWNSHIP^F770&LAB",
    "HD": "NS77",
    "CWE": "C77^名称七七^L",
    "CE": "C77^名称七七^L",
    "CNE": "C77^名称七七^L",
    "CF": "C77^名称七七^L",
    "XCN": "D77^赵^六",
    "CNN": "D77^赵^六",
    "NDL": "D78&孙&八",
    "XON": "七七医院^^O77",
    "PL": "W7^301^2^HOSPITAL",
    "CQ": "7.5^mL&mL&UCUM",
    "SPS": "BLD&血液&HL70070",
    "DLN": "DL77^^20300101",
    "DLD": "DL77^20260305",
    "FC": "F7^20260301",
    "VID": "2.5.1",
    "PT": "P",
    "MSG": "ADT^A01",
    "OG": "1^2^3^S77",
    "NR": "3^7",
    "SN": "<^7",
    "TQ": "^^^20260301090000",
}


class Case(NamedTuple):
    """One official row under test, with the claim that realises it and our table row, if it is one."""

    official: OfficialRow
    claim: Claim
    row: Row | None
    fields: Mapping[str, str]
    expect: str
    target: str

    @property
    def constant(self) -> str:
        """The text of an assignment of the official map, `''` for a row that carries a value."""
        said = self.official.assignment
        return said.strip('"“”').strip() if said[:1] in '"“' and said[-1:] in '"”' else ""


@cache
def _examples() -> Mapping[str, dict[str, str]]:
    with (HERE / "coverage_examples.csv").open(encoding="utf-8", newline="") as file:
        return {line["official"]: line for line in csv.DictReader(file, strict=True)}


@cache
def _scaffolds() -> Mapping[str, tuple[str, tuple[str, ...]]]:
    with (HERE / "coverage_scaffolds.csv").open(encoding="utf-8", newline="") as file:
        lines = csv.DictReader(file, strict=True)
        return {line["map"]: (line["type"], tuple(line["segments"].split("/"))) for line in lines}


@cache
def _ours() -> Mapping[str, Row]:
    return {row.id: row for rows in maps().values() for row in rows}


def case(row: OfficialRow, claim: Claim) -> Case:
    said = _examples().get(row.key) or _examples().get(f"{row.map}#{row.id}") or {}
    fields = dict(part.partition("=")[::2] for part in (said.get("fields") or "").split("|") if part)
    return Case(row, claim, _ours().get(claim.rule), fields, said.get("expect") or "", said.get("target") or "")


# --- the message -----------------------------------------------------------------------------------------------------


_MENTION = r"([A-Z][A-Z0-9]{2}-\d+(?:\.\d+)?)"
_EQUALS = re.compile(_MENTION + r'\s*(?:IS\s+)?(?:EQUALS?|IS|=)\s*"([^"]*)"')
_IN = re.compile(_MENTION + r'\s*(?:IS\s+)?IN\s*\(\s*"([^"]*)"')
_ABSENT = re.compile(_MENTION + r"\s*(?:IS\s+)?NOT\s+VALUED")
_VALUED = re.compile(_MENTION + r"\s*(?:IS\s+)?VALUED")


@cache
def _types() -> Mapping[str, str]:
    return {row.id: row.v2type for row in official() if row.kind == "segments" and row.v2type}


def _varied(row: OfficialRow) -> str:
    """A value of the type that the condition on OBX-2 demands; of a component two of them."""
    kind = next((text for place, text in _met(row.condition) if place == "OBX-2"), "ST")
    text = TYPICAL.get(kind, "Probe77")
    return f"{text}~{text.replace('7', '8')}" if row.map == "OBX[Observation-Component]" else text


def _first_code(vocabulary: str) -> str:
    """A code of the table that is not `""`, `''` when there is none."""
    try:
        known = table(vocabulary).codes
    except KeyError:
        return ""
    return next((code for code in known if code.strip('"')), "")


def typical(case: Case) -> str:
    """A value for the field of the row."""
    row = case.official
    if row.v2type == "varies":
        return _varied(row)
    text = TYPICAL.get(row.v2type, "Probe77")
    if (case.row and case.row.datatype.endswith("[boolean]")) or row.type == "boolean":
        return "Y"
    known = _first_code(case.row.vocabulary if case.row else row.vocabulary)
    if known and row.v2type in ("ID", "IS", "CWE", "CE", "CNE"):
        text = known + text[3:] if "^" in text else known
    component = case.row.field[1] if case.row else 0
    if component and "^" not in text:
        text = "^" * (component - 1) + text
    return text


def _met(condition: str) -> Iterator[tuple[str, str]]:
    """What must stand where for the condition to hold: a text, `*` for anything, an empty text for nothing."""
    condition = condition.replace("“", '"').replace("”", '"')
    for place, text in (*_EQUALS.findall(condition), *_IN.findall(condition)):
        yield place, text
    for place in _VALUED.findall(condition):
        yield place, "*"
    for place in _ABSENT.findall(condition):
        yield place, ""


_ORDER = (
    *("MSH", "SFT", "MSA", "EVN", "SCH", "PID", "PD1", "NK1", "MRG", "PV1", "PV2", "ROL"),
    *("AL1", "IN1", "IN3", "PR1", "TXA"),
    *("ORC", "RXO", "RXE", "RXA", "RXR", "OBR", "TQ1", "DG1", "SPM", "OBX", "AIS", "AIG", "AIL", "AIP", "PRT", "NTE"),
)
"""Where a segment goes in a message of another structure."""


_OF_PATIENT = ("Patient", "CareTeam", "PractitionerRole")
"""What ROL and PRT make when they stand right behind PID."""


def _rank(name: str, case: Case) -> float:
    kind = case.official.map.partition("[")[2].partition("-")[0].rstrip("]")
    behind_pid = name in ("ROL", "PRT") and kind in _OF_PATIENT
    return _ORDER.index("PID") + 0.5 if behind_pid else _ORDER.index(name)


def _lines(case: Case, structure: str) -> tuple[str, list[str]]:
    """The type and the segments: of the scaffold of the map, or of a structure with the segment of the map added."""
    scaffolds = _scaffolds()
    type_, segments = scaffolds.get(case.official.map) or scaffolds[case.claim.rule.partition("#")[0]]
    if not structure:
        return type_, list(segments)
    type_, base = scaffolds[structure]
    names = {line[:3] for line in base}
    own = [line for line in segments if line[:3] == case.official.segment and line[:3] not in names]
    return type_, sorted([*base, *own], key=lambda line: _rank(line[:3], case))


def message(case: Case, structure: str = "") -> Message:
    """The message of the case, in that structure."""
    type_, segments = _lines(case, structure)
    lines = [_fields(line) for line in segments]
    own = case.official.id
    if "-" in own:
        _set(lines, own, typical(case))
    for place, text in _met(case.row.when if case.row else case.official.condition):
        if text != "*":
            _set(lines, place, text)
        elif not _get(lines, place):
            _set(lines, place, _probe(place))
    for place, text in case.fields.items():
        if "-" in place:
            _set(lines, place, text)
    header = {3: "LIS", 4: "LAB", 5: "HIS", 6: "TOWNSHIP", 7: "20260301080000"}
    header |= {9: type_, 10: "M1", 11: "P", 12: "2.5.1"}
    msh = next(fields for name, fields in lines if name == "MSH")
    for number, text in header.items():
        msh.setdefault(number, text)
    if structure:
        lines.sort(key=lambda one: _rank(one[0], case))
    text = "\r".join(_line(name, fields) for name, fields in lines if name == "MSH" or fields)
    parsed = parse(text + "\r").message
    assert parsed is not None, text
    return parsed


def _fields(text: str) -> tuple[str, dict[int, str]]:
    name, *rest = text.split("|")
    return name, {number: value for number, value in enumerate(rest, 1) if value}


def _get(lines: list[tuple[str, dict[int, str]]], place: str) -> str:
    name, _, number = place.partition("-")
    field, _, component = number.partition(".")
    text = next((fields.get(int(field), "") for segment, fields in lines if segment == name), "")
    parts = text.split("^")
    if not component:
        return text
    return parts[int(component) - 1] if int(component) <= len(parts) else ""


def _probe(place: str) -> str:
    field, _, component = place.partition(".")
    return "77" if component else TYPICAL.get(_types().get(field, "ST"), "Probe77")


def _set(lines: list[tuple[str, dict[int, str]]], place: str, text: str) -> None:
    """Sets a field; `OBX:2-5` means the second OBX."""
    name, _, number = place.partition("-")
    name, _, occurrence = name.partition(":")
    found = [fields for segment, fields in lines if segment == name]
    index = int(occurrence or 1) - 1
    if index >= len(found):
        if not text:
            return
        found.append({})
        lines.append((name, found[-1]))
        index = len(found) - 1
    fields = found[index]
    field, _, component = number.partition(".")
    if component:
        parts = fields.get(int(field), "").split("^")
        parts += [""] * (int(component) - len(parts))
        parts[int(component) - 1] = text
        text = "^".join(parts).rstrip("^")
    if text:
        fields[int(field)] = text
    else:
        fields.pop(int(field), None)


def _line(name: str, fields: Mapping[int, str]) -> str:
    if name == "MSH":
        return "MSH|^~\\&|" + "|".join(fields.get(n, "") for n in range(3, max(fields) + 1))
    return "|".join([name, *(fields.get(n, "") for n in range(1, max(fields) + 1))])


# --- where the value arrived -----------------------------------------------------------------------------------------


def problem(case: Case, structure: str = "") -> str:
    """Why the row is not realised as claimed (in a message of that structure); `''` when the value arrives."""
    sent = message(case, structure)
    said = "\n".join(segment.text for segment in sent.segments)
    done = translate(sent, replace(SITE, **{key: text for key, text in case.fields.items() if "-" not in key}))
    if done.refused:
        return f"refused: {[issue.code for issue in done.issues if issue.refuses]}\n{said}"
    if left := done.ledger.unaccounted(sent):
        return f"unaccounted: {left}\n{said}"
    by = _resources(done)
    wanted = case.expect or case.constant
    if wanted:
        return "" if _stands(case, wanted, by) else f"no {wanted!r} at {_targets(case)} of\n{said}"
    found = _arrivals(case, sent, done, by)
    return "" if found is True else f"{found}\n{said}"


def _resources(done: Mapped) -> dict[str, Any]:
    """By reference; a contained resource by `Type/place`, where `place` is what the ledger calls it."""
    by: dict[str, Any] = {"Bundle/": {name: value for name, value in done.bundle.items() if name != "entry"}}
    for one in done.statements:
        ref = f"{one.key[0]}/{one.key[1]}"
        by[ref] = one.resource
        for index, inner in enumerate(one.resource.get("contained", ())):
            by[f"{inner['resourceType']}/{ref}#contained[{index}]"] = inner
    return by


def _home(place: str, by: Mapping[str, Any]) -> tuple[str, str]:
    """The resource and the element of a place of the ledger; a contained resource is one of its own."""
    ref, _, path = place.partition("#")
    inner, _, rest = path.partition(".")
    if inner.startswith("contained["):
        for key in by:
            if key.endswith(f"/{ref}#{inner}"):
                return key, rest
    return ref, path


def _targets(case: Case) -> list[str]:
    """Where to look, as `Type.element.element`: what the example or the claim says, else the official target."""
    kind = case.official.map[case.official.map.index("[") + 1 : -1].partition("-")[0]
    official = f"{kind}.{plain(case.official.target)}" if case.official.kind == "segments" else ""
    ours = plain(case.claim.target).replace(".contained.", ".")
    return [target for target in (case.target, ours, official) if target]


def plain(target: str) -> str:
    """A target without indexes, and up to the first reference: `requester(PractitionerRole.code)` -> `requester`."""
    text = re.sub(r"\[[^\]]*\]", "", target.partition("(")[0]).strip().strip(".")
    return text.partition("=")[0].strip()


def nodes(body: Any, path: list[str]) -> Iterator[Any]:
    """Everything that stands at the path, lists flattened."""
    if isinstance(body, list):
        for one in body:
            yield from nodes(one, path)
    elif not path:
        yield body
    elif isinstance(body, dict):
        for name in (path[0], f"_{path[0]}"):
            if name in body:
                yield from nodes(body[name], path[1:])


def _under(target: str, by: Mapping[str, Any]) -> Iterator[Any]:
    kind, *path = target.split(".")
    for ref, resource in by.items():
        if ref.startswith(f"{kind}/"):
            yield from nodes(resource, path)


def _stands(case: Case, wanted: str, by: Mapping[str, Any]) -> bool:
    for target in _targets(case):
        for node in _under(target, by):
            if any(_same(wanted, text) for text in _texts(node)):
                return True
            if any(_same(wanted, text) for ref in _reached(node, by, 3) for text in _texts(by[ref])):
                return True
    return False


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for child in node.values():
            yield from _texts(child)
    elif isinstance(node, list):
        for child in node:
            yield from _texts(child)
    elif isinstance(node, bool):
        yield "true" if node else "false"
    else:
        yield str(node)


def _reached(node: Any, by: Mapping[str, Any], hops: int) -> set[str]:
    """The resources that a node refers to, and those they refer to."""
    text = json.dumps(node, default=str)
    found = {ref for ref in re.findall(r'"reference": "([A-Za-z]+/[^"]+)"', text) if ref in by}
    for ref in list(found) if hops > 1 else ():
        found |= _reached(by[ref], by, hops - 1)
    return found


def _decoded(text: str) -> str:
    """The text inside base64, `''` when it is none."""
    try:
        return b64decode(text, validate=True).decode()
    except ValueError:
        return ""


def _same(sent: str, text: str) -> bool:
    """Whether the FHIR value says what was sent: the same text, number, time, yes or no."""
    if sent == text or text.startswith(sent + "\n"):
        return True
    if len(text) > 8 and (decoded := _decoded(text)) and (sent in decoded or decoded in sent):
        return True
    if re.fullmatch(r"\d{8,14}", sent) and re.match(r"\d{4}-\d{2}", text):
        digits = re.sub(r"\D", "", text.partition("+")[0])
        return digits.startswith(sent) or (len(text) == 10 and sent.startswith(digits))
    if re.fullmatch(r"\d{6}", sent) and text.count(":") == 2:
        return text.replace(":", "") == sent
    return {"Y": "true", "N": "false"}.get(sent) == text


def _arrivals(case: Case, sent: Message, done: Mapped, by: Mapping[str, Any]) -> bool | str:
    """True when a leaf of the field, by the rule claimed, stands where the row wants it."""
    name, _, number = case.official.id.partition("-")
    field = int(number or 0)
    seen: list[str] = []
    for leaf, lines in done.ledger.lines.items():
        if sent.segments[leaf.position].name != name or (field and leaf.field != field):
            continue
        for line in lines:
            seen.append(f"{line.outcome} {line.path} {line.rule}")
            if (
                line.outcome in ("stored", "coded")
                and line.rule.partition(" ")[0] == case.claim.rule
                and _stored(case, sent, leaf, line, by)
            ):
                return True
    return f"{case.claim.rule} did not store it at {_targets(case)}: {seen}"


def _stored(case: Case, sent: Message, leaf: Leaf, line: Line, by: Mapping[str, Any]) -> bool:
    ref, path = _home(line.path, by)
    place = re.sub(r"\[\d+\]", "", path)
    if ref not in by or not _place(case, ref, place, by):
        return False
    value = sent.value(leaf)
    found = [text for node in nodes(by[ref], place.split(".") if place else []) for text in _texts(node)]
    if line.outcome == "coded":
        code = line.rule.rpartition("→")[2] if "→" in line.rule else ""
        return bool(found) if not code else any(_same(code, text) for text in found)
    return any(_same(value, text) or value in text for text in found)


def _place(case: Case, ref: str, place: str, by: Mapping[str, Any]) -> bool:
    """Whether the ledger's place is the target, or in a resource that the target refers to."""
    for target in _targets(case):
        kind, _, element = target.partition(".")
        if ref.startswith(f"{kind}/") and (
            place == element or place.startswith(f"{element}.") or element.startswith(f"{place}.") or not element
        ):
            return True
        if any(ref in _reached(node, by, 3) for node in _under(target, by)):
            return True
    return False
