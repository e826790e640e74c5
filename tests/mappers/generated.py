"""Messages that nobody sent: each made of the official tables of its version, filled by chance as senders fill them.

A structure is walked with required parts in and optional ones by chance; a field gets what its datatype asks for: codes
of its table, local ones and none, times at every precision, nulls, escapes, repetitions, Chinese, stray separators.
The same seed makes the same message.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Any

from adapters.grammar.structures import VERSIONS, _events, _facts

SEP = "|^~\\&"
_NAMES = ("王小明", "Smith", "O'Brien", "欧阳 修", "de la Cruz", "LI", "müller", "张\\T\\李", "", "Doe\\F\\John")
_WORDS = (
    "stat",
    "发热待查",
    "left lower lobe",
    "A\\T\\E",
    "see note",
    "无",
    "N/A",
    "x",
    "100%",
    "<script>",
    "a/b",
    "0",
)
_TEXTS = (
    "No growth after 48 h.",
    "双肺纹理增粗\\.br\\心影不大",
    "5 \\T\\ 6 \\S\\ 7 \\R\\ 8 \\E\\ 9 \\F\\",
    "\\H\\Critical\\N\\ value",
    "lone \\ escape",
    "\\X0D0A\\line",
    "  indented   text  ",
    "长" * 80,
    "tab\there",
    "1\\Zxx\\2",
)
_NUMBERS = ("1", "0", "5.0", "-3", "120", "007", "1.50", "+4", ".5", "12.", "1e3", "99999999", "many", "1,5")
_SYSTEMS = (
    "LN",
    "SCT",
    "I10",
    "ICD10CM",
    "L",
    "99LOC",
    "HL70001",
    "HL70061",
    "UCUM",
    "ISO+",
    "CVX",
    "RXNORM",
    "NDC",
    "",
)
_AUTHORITIES = ("HIS", "", "LAB", "2.16.840.1.113883.19.5", "医院", "A B", "MR/1", "urn:x")
_UIDS = (
    "2.16.840.1.113883.19.4",
    "1.2.3",
    "http://example.org/ids",
    "550e8400-e29b-41d4-a716-446655440000",
    "host.example",
    "",
)
_UID_TYPES = ("ISO", "URI", "UUID", "DNS", "L", "CLIA", "GUID", "iso", "")
_PHONES = ("(555)555-1234", "13800138000", "+86 0571 12345678", "555-1234X12", "a@example.org", "x", "^", "0")
_DAYS = (
    "20260301",
    "19800229",
    "202603",
    "2026",
    "20261231",
    "00000000",
    "20260230",
    "1899",
    "2026-03-01",
    "20260301000000",
)
_TIMES = ("0830", "083015", "08", "2400", "083015.1234", "0830+0800", "8:30")
_ZONES = ("", "", "", "+0800", "-0500", "+0000", "-0330", "+08", "Z")
_TYPES_OF_VALUE = ("NM", "ST", "TX", "FT", "CE", "CWE", "SN", "DT", "TM", "TS", "ED", "RP", "CX", "XPN", "NA", "XX", "")
_DELIMITER = frozenset("|^~\\&\r\n")
_ELDERS: Mapping[str, tuple[str, ...]] = {
    "CX": ("ST", "ST", "ID", "HD", "ID"),
    "XPN": ("ST", "ST", "ST"),
    "NA": ("NM", "NM", "NM"),
    "SN": ("ST", "NM", "ST", "NM"),
    "CE": ("ST", "ST", "ID", "ST", "ST", "ID"),
    "CWE": ("ST", "ST", "ID", "ST", "ST", "ID"),
    "RP": ("ST", "HD", "ID", "ID"),
    "ED": ("HD", "ID", "ID", "ID", "TX"),
}


@dataclass(frozen=True, slots=True)
class Made:
    label: str
    raw: bytes


@cache
def _tables(version: str) -> Any:
    return importlib.import_module("hl7apy.v" + version.replace(".", "_"))


def kinds(codes: Sequence[tuple[str, str]]) -> list[tuple[str, str, str, str]]:
    """(version, code, event, structure) of every structure the standard has for those codes and events."""
    found = []
    for version in VERSIONS:
        structures = _facts(version)["structures"]
        for code, event in codes:
            listed = _events().get((code, event), "")
            name = next((one for one in (listed, f"{code}_{event}", code) if one in structures), "")
            if name and structures[name]:
                found.append((version, code, event, name))
    return found


def messages(codes: Sequence[tuple[str, str]], count: int, seed: int = 0) -> Iterator[Made]:
    """`count` messages, all kinds in turn."""
    every = kinds(codes)
    Random(seed).shuffle(every)
    for number in range(count):
        version, code, event, structure = every[number % len(every)]
        yield Made(
            f"{seed}/{number} {code}^{event} {version}", _Maker(version, seed, number).message(code, event, structure)
        )


class _Maker:
    def __init__(self, version: str, seed: int, number: int) -> None:
        self.chance = Random(f"{seed}/{number}")
        self.version, self.number = version, number
        self.tables = _tables(version)
        self.fill = self.chance.choice((0.05, 0.15, 0.3, 0.7))
        self.oddity = self.chance.choice((0.0, 0.0, 0.03, 0.15))

    def message(self, code: str, event: str, structure: str) -> bytes:
        lines = [self._msh(code, event, structure)]
        self._nodes(_facts(self.version)["structures"][structure], lines, event)
        if self._odd():
            lines.insert(self.chance.randrange(1, len(lines) + 1), self.chance.choice(lines[1:] or lines))
        if self._odd():
            lines.insert(self.chance.randrange(1, len(lines) + 1), "ZXX|1|本地^local~x&y|2")
        if self._odd():
            self.chance.shuffle(tail := lines[1:])
            lines[1:] = tail
        return "\r".join(lines).encode() + b"\r" * self.chance.randrange(3)

    def _odd(self) -> bool:
        return self.chance.random() < self.oddity

    def _msh(self, code: str, event: str, structure: str) -> str:
        kind = f"{code}^{event}^{structure}" if self._maybe(0.5) else f"{code}^{event}"
        fields = [
            "MSH",
            "^~\\&",
            "APP",
            "FAC",
            "QIAO",
            "桥",
            "20260301083000",
            "",
            kind,
            f"G{self.number}",
            "P",
            self.version,
        ]
        fields += ["1", "", "AL", "NE", "CHN", "UNICODE UTF-8"] if self._maybe(0.5) else []
        return "|".join(fields)

    def _maybe(self, share: float) -> bool:
        return self.chance.random() < share

    def _nodes(self, nodes: Sequence[Any], lines: list[str], event: str) -> None:
        for name, low, high, *inner in nodes:
            if name == "MSH" or (not low and not self._maybe(max(self.fill, 0.2))):
                continue
            for _ in range(1 if high == 1 else self.chance.choice((1, 1, 1, 2))):
                if inner:
                    self._nodes(inner[0], lines, event)
                else:
                    lines.append(self._segment(name, event))

    def _segment(self, name: str, event: str) -> str:
        node = self.tables.SEGMENTS.get(name)
        if node is None or len(node) < 2 or (node[1] and isinstance(node[1][0], str)):
            return f"{name}|1"
        fields, kind = [name], ""
        for number, (_, reference, (low, high), _kind) in enumerate(node[1], 1):
            text = self._special(name, number, event)
            if text is None:
                text = ""
                if low or self._maybe(self.fill):
                    if self._odd():
                        text = self.chance.choice(("", '""', "^", "~", "a^b&c~d", "^^^x", '""^x', " ", "x" * 500))
                    elif (name, number) == ("OBX", 5):
                        text = self._value_of(kind)
                    else:
                        times = 1 if high == 1 else self.chance.choice((1, 1, 1, 2, 3))
                        text = "~".join(self._field(reference) for _ in range(times))
            if (name, number) == ("OBX", 2):
                kind = text
            fields.append(text)
        line = "|".join(fields)
        return line + "|" * self.chance.choice((0, 0, 0, 3)) if self._maybe(0.3) else line.rstrip("|")

    def _special(self, name: str, number: int, event: str) -> str | None:
        """Fields without which a message says nothing, filled as by a careful sender nine times in ten."""
        if self._odd():
            return None
        match name, number:
            case "EVN", 1:
                return event
            case (("PID" | "PV1" | "OBR" | "OBX" | "NTE" | "DG1" | "SPM" | "NK1" | "AL1" | "IN1"), 1):
                return str(self.chance.randrange(1, 4))
            case "PID", 3:
                return f"P{self.chance.randrange(10**6)}^^^HIS^MR" + self.chance.choice(
                    ("", "~999999199001010019^^^^NI")
                )
            case "MRG", 1:
                return f"P{self.chance.randrange(10**6)}^^^HIS^MR"
            case "PV1", 2:
                return self.chance.choice("IOEPRBN")
            case "PV1", 19:
                return f"V{self.chance.randrange(10**6)}"
            case (("OBR" | "ORC"), (2 | 3)):
                return f"{name[0]}{number}{self.chance.randrange(10**6)}^" + self.chance.choice(("HIS", "LAB", ""))
            case "ORC", 1:
                return self.chance.choice(("NW", "SC", "CA", "RE", "XO", "DC", "HD", "OK"))
            case "OBX", 2:
                return self.chance.choice(_TYPES_OF_VALUE)
            case "OBX", 11:
                return self.chance.choice("FFFFPCXIRSUWDOBA")
            case "OBR", 25:
                return self.chance.choice(("F", "P", "C", "X", "I", "S", "A", "R", "O", ""))
            case "TXA", 12:
                return f"D{self.chance.randrange(10**6)}"
            case "TXA", 17:
                return self.chance.choice(("AU", "DI", "LA", "IP"))
            case ("SCH", 1 | 2) | ("RF1", 6):
                return f"S{self.chance.randrange(10**6)}^HIS"
        return None

    def _value_of(self, kind: str) -> str:
        if kind in _ELDERS:
            return "^".join(self._leaf(one, "", "") for one in _ELDERS[kind])
        return self._leaf(kind or "ST", "", "")

    def _field(self, reference: Any) -> str:
        return self._parts(reference, "^")

    def _parts(self, reference: Any, separator: str) -> str:
        if reference is None:
            return self.chance.choice(_WORDS)
        if reference[0] == "leaf":
            return self._leaf(reference[2] or "ST", reference[3] or "", reference[4] or "")
        if reference[2] in ("TS", "DTM"):
            return self._leaf("TS", "", "")
        children = [
            self._parts(child[1], "&").replace("^", "") if number == 0 or self._maybe(self.fill) else ""
            for number, child in enumerate(reference[1] or ())
        ]
        if separator == "&":
            children = [child.replace("&", " ") for child in children]
        return separator.join(children).rstrip(separator)

    def _leaf(self, kind: str, name: str, table: str) -> str:
        pick = self.chance.choice
        match kind:
            case "NM" | "SI":
                return pick(_NUMBERS) if self._maybe(0.5) else str(self.chance.randrange(1, 200))
            case "TS" | "DTM":
                return (pick(_DAYS) if self._maybe(0.4) else f"20260301{pick(_TIMES[:2])}") + (pick(_ZONES))
            case "DT":
                return pick(_DAYS)
            case "TM":
                return pick(_TIMES)
            case "TX" | "FT":
                return pick(_TEXTS)
            case "TN":
                return pick(_PHONES)
            case "HD":
                return "&".join((pick(_AUTHORITIES), pick(_UIDS), pick(_UID_TYPES)))
            case "ID" | "IS":
                return self._code(table, name)
        return self._text(name, table)

    def _code(self, table: str, name: str) -> str:
        pick = self.chance.choice
        if table == "HL70396" or "CODING_SYSTEM" in name:
            return pick(_SYSTEMS)
        if table == "HL70301":
            return pick(_UID_TYPES)
        if table in ("HL70300", "HL70363"):
            return pick(_AUTHORITIES)
        known = getattr(self.tables, "TABLES", {}).get(table, (None, None, ()))
        values = [one for one in (known[-1] or ()) if isinstance(one, str) and not _DELIMITER & set(one)]
        if values and self._maybe(0.85):
            return pick(values)
        return (
            pick(("L01", "本地", "y", "X9", "abc def", ""))
            if self._maybe(0.6)
            else pick(values).lower()
            if values
            else "L01"
        )

    def _text(self, name: str, table: str) -> str:
        pick = self.chance.choice
        if table and self._maybe(0.7):
            return self._code(table, name)
        if "UNIVERSAL_ID" in name:
            return pick(_UIDS)
        if "NAMESPACE" in name or "AUTHORITY" in name:
            return pick(_AUTHORITIES)
        if "PHONE" in name or "TELEPHONE" in name:
            return pick(_PHONES)
        if "NAME" in name:
            return pick(_NAMES)
        if "ID" in name.split("_") or "NUMBER" in name:
            return f"{pick('ABC')}{self.chance.randrange(10**5)}"
        return pick(_WORDS) if self._maybe(0.8) else pick(_TEXTS)
