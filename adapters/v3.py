"""HL7 V3 messages of WS/T 846-2024 read as the v2 message that says the same, so that one translation serves both.

`PRPA_IN201311UV02` (and its update 201314) becomes an ADT, `POOR_IN200901UV` (and 200902) an order: what stands where
is a table, `v3_places.csv`. Every attribute and text of the document is a leaf of the message: what the table does not
place is kept in a segment of ours (`ZV3`) and ends in the ledger like any other value, with its path in the document.
Sources: WS/T 846-2024 parts 2, 8 and 9; HL7 V3 2009, datatypes R2 (`item`, `part`).
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType

from lxml import etree

from adapters.er7 import STANDARD, Parsed
from adapters.v2_xml import escaped
from adapters.xml_text import local
from mappers.message import Delimiters, Leaf, Message
from profiles.issue import Issue

EVENTS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "PRPA_IN201311UV02": ("ADT^A28^ADT_A05", ""),
        "PRPA_IN201314UV02": ("ADT^A31^ADT_A05", ""),
        "POOR_IN200901UV": ("OML^O21^OML_O21", "NW"),
        "POOR_IN200902UV": ("OML^O21^OML_O21", "XO"),
    }
)
"""Message type and order control by interaction."""
_CONTROLS = {"new": "NW", "create": "NW", "update": "XO", "delete": "CA", "cancel": "CA"}
TYPES: Mapping[str, str] = MappingProxyType(
    {
        "2.16.156.10011.1.3": "resident-id",
        "2.16.156.10011.1.2": "ehr-id",
        "2.16.156.10011.1.19": "health-card",
        "2.16.156.10011.1.15": "insurance",
        "2.16.156.10011.1.10": "outpatient-no",
        "2.16.156.10011.1.11": "outpatient-no",
        "2.16.156.10011.1.12": "inpatient-no",
        "2.16.156.10011.1.13": "mrn",
        "2.16.156.10011.2.5.1.4": "mrn",
        "2.16.156.10011.2.5.1.5": "empi",
    }
)
"""Kinds of identifiers by the OID of their domain (WS/T 846-2024; china 4.2)."""
_REQUESTS = ("observationRequest", "procedureRequest")
_STRUCTURE = frozenset(
    {"classCode", "moodCode", "typeCode", "determinerCode", "contextControlCode", "contextConductionInd", "ITSVersion",
     "type", "nil", "schemaLocation", "root"}
)  # fmt: skip
_TAILS = (("", ""), ("@extension", "extension"), ("@code", "code"), ("@value", "value"), ("@use", "use"), ("#", "#"))
_MOST = 20_000
"""Values of one document; beyond that it is refused."""
_DELIMITERS = Delimiters()
Place = tuple[int, int, int]
"""Field, component, sub-component."""


class Document(Message):
    """A v2 message whose leaves are located where they stand in the V3 document."""

    __slots__ = ("_places",)

    def __init__(self, texts: list[str], places: Mapping[Leaf, str]) -> None:
        super().__init__(texts, _DELIMITERS)
        self._places = places

    def locate(self, leaf: Leaf) -> str:
        return self._places.get(leaf) or super().locate(leaf)


@dataclass(slots=True)
class _Line:
    """A segment in the making: values and paths by (field, repetition, component, sub-component)."""

    name: str
    values: dict[tuple[int, int, int, int], tuple[str, str]] = field(default_factory=dict)

    def put(self, place: Place, text: str, path: str, repetition: int = 1) -> bool:
        """Whether the place was free."""
        at = (place[0], repetition, place[1], place[2])
        if at in self.values:
            return False
        self.values[at] = (text, path)
        return True

    def free(self, number: int) -> int:
        """The next repetition of a field."""
        return max((at[1] for at in self.values if at[0] == number), default=0) + 1

    def text(self) -> str:
        d = _DELIMITERS
        start = 3 if self.name == "MSH" else 1
        head = [self.name, STANDARD] if self.name == "MSH" else [self.name]
        last = max((at[0] for at in self.values), default=0)
        return d.field.join([*head, *(self._field(number) for number in range(start, last + 1))])

    def _field(self, number: int) -> str:
        parts: dict[int, dict[int, dict[int, str]]] = {}
        for (field_, repetition, component, sub), (text, _) in self.values.items():
            if field_ == number:
                subs = parts.setdefault(repetition, {}).setdefault(component, {})
                subs[sub] = escaped(text, _DELIMITERS)
        d = _DELIMITERS
        written = {
            repetition: _joined(d.component, {one: _joined(d.subcomponent, subs) for one, subs in components.items()})
            for repetition, components in parts.items()
        }
        return _joined(d.repetition, written)


def _joined(separator: str, parts: Mapping[int, str]) -> str:
    return separator.join(parts.get(number, "") for number in range(1, max(parts, default=0) + 1))


@cache
def _places() -> Mapping[tuple[str, str], str]:
    with Path(__file__).with_name("v3_places.csv").open(encoding="utf-8", newline="") as rows:
        return MappingProxyType({(row["context"], row["path"]): row["place"] for row in csv.DictReader(rows)})


def read(root: etree._Element) -> Parsed:
    """The message of an interaction that is served; else the reason it is not."""
    kind, control = EVENTS.get(local(root), ("", ""))
    if not kind:
        return Parsed(None, (Issue("interaction-unserved", details={"interaction": local(root)[:32]}),))
    if sum(1 for _ in root.iter()) > _MOST:
        return Parsed(None, (Issue("message-unreadable"),))
    reader = _Reader(root)
    lines = reader.order(kind, control) if control else reader.registration(kind)
    if isinstance(lines, Issue):
        return Parsed(None, (lines,))
    lines.append(reader.rest())
    places = {
        Leaf(position, at[0], at[1], at[2], at[3]): path
        for position, line in enumerate(lines)
        for at, (_, path) in line.values.items()
        if path
    }
    return Parsed(Document([line.text() for line in lines], places), (), TYPES)


class _Reader:
    """One document; `spoken` are the values that have a place."""

    def __init__(self, root: etree._Element) -> None:
        self.root = root
        self.paths = _paths(root)
        self.spoken: set[tuple[etree._Element, str]] = set()
        self.msh = _Line("MSH")
        self.pid = _Line("PID")

    def registration(self, kind: str) -> list[_Line]:
        patient = self._first(self.root, "controlActProcess/subject/registrationRequest/subject1/patient")
        self._header(kind)
        event = _Line("EVN")
        event.put((1, 1, 1), kind[4:7], "")
        person = self._first(patient, "patientPerson") if patient is not None else None
        relatives = []
        if patient is not None and person is not None:
            for number, one in enumerate(_children(person, "personalRelationship"), 1):
                line = _Line("NK1")
                line.put((1, 1, 1), str(number), "")
                self._fill("relative", one, {"NK1": line})
                relatives.append(line)
        self._patient(patient)
        return [self.msh, event, self.pid, *relatives]

    def order(self, kind: str, control: str) -> list[_Line] | Issue:
        subject = self._first(self.root, "controlActProcess/subject")
        request = next((one for one in subject if local(one) in _REQUESTS), None) if subject is not None else None
        group = self._first(subject, "placerGroup") if subject is not None else None
        request = request if request is not None else group
        if request is None:
            return Issue("interaction-unserved", details={"interaction": "subject"})
        items = [one for part in _children(request, "component2") for one in part if local(one).endswith("Request")]
        other = next((local(one) for one in items if local(one) not in _REQUESTS), None)
        if other is not None:
            return Issue("interaction-unserved", details={"interaction": other[:32]})
        self._header(kind)
        control = self._control(control)
        encounter = self._first(request, "componentOf1/encounter")
        patient = self._first(encounter, "subject/patient") if encounter is not None else None
        visit = _Line("PV1")
        if encounter is not None:
            self._fill("encounter", encounter, {"PV1": visit, "PID": self.pid}, skip="subject")
        self._patient(patient)
        lines = [self.msh, self.pid, *([visit] if visit.values else [])]
        for item in items or [request]:
            lines += self._item(item, request, encounter, control)
        return lines

    def _item(
        self, item: etree._Element, request: etree._Element, encounter: etree._Element | None, control: str
    ) -> list[_Line]:
        """ORC, OBR, the notes and the specimens of one thing that is ordered."""
        orc, obr = _Line("ORC"), _Line("OBR")
        orc.put((1, 1, 1), control, "")
        self._fill("item", item, {"ORC": orc, "OBR": obr})
        self._fill("request", request, {"ORC": orc}, skip="component2")
        number = orc.values.get((2, 1, 1, 1)) or orc.values.get((4, 1, 1, 1))
        if number is not None:
            orc.put((2, 1, 1), *number)
            obr.put((2, 1, 1), *number)
        self._reasons(obr, encounter)
        notes, specimens = [_Line("NTE")], []
        self._fill("request", request, {"NTE": notes[0]}, skip="component2")
        for one in dict.fromkeys((request, item)):
            for annotation in self._every(one, "subjectOf6/annotation"):
                notes.append(_Line("NTE"))
                self._fill("note", annotation, {"NTE": notes[-1]})
            for specimen in self._every(one, "specimen/specimen"):
                specimens.append(_Line("SPM"))
                self._fill("specimen", specimen, {"SPM": specimens[-1]})
        return [orc, obr, *(line for line in (*notes, *specimens) if line.values)]

    def _reasons(self, obr: _Line, encounter: etree._Element | None) -> None:
        """The diagnoses of the encounter as reasons of the order, each a repetition."""
        for one in self._every(encounter, "pertinentInformation1/observationDx") if encounter is not None else ():
            line = _Line("OBR")
            self._fill("diagnosis", one, {"OBR": line})
            repetition = obr.free(31)
            for (number, _, component, sub), (text, path) in line.values.items():
                obr.put((number, component, sub), text, path, repetition)

    def _header(self, kind: str) -> None:
        self._fill("root", self.root, {"MSH": self.msh}, skip="controlActProcess")
        for number, part in enumerate(kind.split("^"), 1):
            self.msh.put((9, number, 1), part, "")
        self.msh.put((12, 1, 1), "2.5.1", "")

    def _control(self, control: str) -> str:
        """`controlActProcess/code`, where senders say new, update or delete."""
        code = self._first(self.root, "controlActProcess/code")
        for name in ("code", "value"):
            word = (code.get(name) or "").strip().lower() if code is not None else ""
            if word in _CONTROLS:
                return _CONTROLS[word]
        return control

    def _patient(self, patient: etree._Element | None) -> None:
        if patient is not None:
            self._fill("patient", patient, {"PID": self.pid})

    def _fill(self, context: str, node: etree._Element, lines: Mapping[str, _Line], skip: str = "") -> None:
        """Puts every value below `node` that has a place in one of the lines there."""
        table = _places()
        for element, way in _below(node, skip):
            kind = element.get("type") or element.get("{http://www.w3.org/2001/XMLSchema-instance}type") or ""
            marked = element.get("root", "") if local(element) == "item" else "" if ":" in kind else kind
            for tail, name in (
                ("", ""),
                *((f"@{one}", one) for one in ("extension", "code", "value", "use")),
                ("#", "#"),
            ):
                place = table.get((context, f"{way}[{marked}]{tail}")) or table.get((context, way + tail))
                if place and place.partition("-")[0] in lines:
                    self._put(lines[place.partition("-")[0]], place, element, name)

    def _put(self, line: _Line, place: str, element: etree._Element, name: str) -> None:
        number, component, sub = _numbers(place)
        if not name:
            self._identifier(line, number, element)
            return
        text = ((element.text or "") if name == "#" else element.get(name, "")).strip()
        if text and line.put((number, component, sub), text, self._path(element, name)):
            self.spoken.add((element, name))

    def _identifier(self, line: _Line, number: int, element: etree._Element) -> None:
        """An II as a CX: extension and root, the domain of the number."""
        text = element.get("extension", "").strip()
        if not text:
            return
        repetition = line.free(number)
        line.put((number, 1, 1), text, self._path(element, "extension"), repetition)
        self.spoken.add((element, "extension"))
        if root := element.get("root", "").strip():
            line.put((number, 5, 1), root, self._path(element, "root"), repetition)
            self.spoken.add((element, "root"))

    def rest(self) -> _Line:
        """`ZV3`: field 1 holds every value without a place, field 2 what only holds the document together."""
        line = _Line("ZV3")
        counts = {1: 0, 2: 0}
        for element in self.root.iter():
            if not isinstance(element.tag, str):
                continue
            for name, text in _values(element):
                if (element, name) in self.spoken:
                    continue
                structural = name in _STRUCTURE or element is self.root or local(element) == "interactionId"
                number = 2 if structural else 1
                counts[number] += 1
                line.put((number, 1, 1), text, self._path(element, name), counts[number])
        return line

    def _path(self, element: etree._Element, name: str) -> str:
        path = self.paths[element]
        return path if name == "#" else f"{path}/@{name}"

    def _first(self, node: etree._Element, way: str) -> etree._Element | None:
        return next(self._every(node, way), None)

    def _every(self, node: etree._Element, way: str) -> Iterator[etree._Element]:
        head, _, rest = way.partition("/")
        for child in _children(node, head):
            if rest:
                yield from self._every(child, rest)
            else:
                yield child


def _children(node: etree._Element, name: str) -> Iterator[etree._Element]:
    return (child for child in node if local(child) == name)


def _below(node: etree._Element, skip: str) -> Iterator[tuple[etree._Element, str]]:
    """The elements below with their way from `node`, in document order; the ones called `skip` left out."""
    waiting = [(child, local(child)) for child in reversed(node)]
    while waiting:
        element, way = waiting.pop()
        if not way or way == skip:
            continue
        yield element, way
        waiting += [(child, f"{way}/{local(child)}") for child in reversed(element) if local(child)]


def _values(element: etree._Element) -> Iterator[tuple[str, str]]:
    """(name, value) of what an element says: its attributes, and its text as `#`."""
    for name, value in element.attrib.items():
        if value.strip():
            yield name.rpartition("}")[2], value.strip()
    texts = [element.text or "", *(child.tail or "" for child in element)]
    if text := " ".join(part.strip() for part in texts if part.strip()):
        yield "#", text


def _paths(root: etree._Element) -> dict[etree._Element, str]:
    """`controlActProcess/subject/…` of every element; the second of a name is `item[2]`."""
    paths = {root: local(root)}
    for parent in root.iter():
        if not isinstance(parent.tag, str):
            continue
        counts: dict[str, int] = {}
        for child in parent:
            name = local(child)
            counts[name] = counts.get(name, 0) + 1
            step = name if counts[name] == 1 else f"{name}[{counts[name]}]"
            paths[child] = step if parent is root else f"{paths[parent]}/{step}"
    return paths


def _numbers(place: str) -> Place:
    number, _, rest = place.partition("-")[2].partition(".")
    component, _, sub = rest.partition(".")
    return int(number), int(component or 1), int(sub or 1)
