"""Our rows as FHIR ConceptMaps, shaped as HL7 shapes its own V2-to-FHIR maps.

One map a message that HL7 has none for (`message-adt-a39-to-bundle`): an element a segment in its groups, a target the
resource that it becomes, with the segment map in the TypeInfo extension. One map a segment and resource
(`segment-rxo-to-medicationrequest`), those of the vendors' Z segments among them: an element a v2 field, a target the
FHIR path; the condition stands in `dependsOn` (Computable-ANTLR) and in words in `comment`, a constant in `dependsOn`
(value), the datatype and the code table in the TypeInfo extension (`type`, `mappedVia`). One map a code table
(`table-administrativesex`). The same rows give the same bytes.
Source: V2-to-FHIR IG, ConceptMaps `segment-*` and `table-*`; FHIR R4 conceptmap.html.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from mappers import codes
from mappers.rows import Row, maps, read
from profiles.systems import CANONICAL_BASE

Resource = dict[str, Any]
MESSAGES = codes.FOLDER.parent / "messages.csv"
VENDORS = Path(__file__).parents[2] / "adapters" / "vendors"
_TYPE_INFO = "http://hl7.org/fhir/uv/v2mappings/StructureDefinition/TypeInfo"
_CONDITIONS = "http://hl7.org/fhir/uv/v2mappings/antlr_condition_syntax.html"
_TYPE = "http://hl7.org/fhir/StructureDefinition"


def concept_maps() -> Iterator[Resource]:
    """All maps, those of messages first, then of segments and tables, each in the order of its name."""
    for name, group in groupby(_messages(), key=itemgetter("map")):
        yield message_map(name, list(group))
    for name, rows in sorted({**maps(), **read(sorted(VENDORS.glob("*/segments/*.csv")))}.items()):
        yield segment_map(name, rows)
    for path in sorted(codes.FOLDER.glob("*.csv")):
        if codes.table(path.stem).codes:
            yield table_map(path.stem)


def _messages() -> list[dict[str, str]]:
    with MESSAGES.open(encoding="utf-8", newline="") as file:
        return sorted(csv.DictReader(file, strict=True), key=itemgetter("map"))


def message_map(name: str, rows: Iterable[Mapping[str, str]]) -> Resource:
    """The ConceptMap of a message structure."""
    elements: dict[str, list[Resource]] = {}
    for row in rows:
        segment, _, kind = row["datatype"].rstrip("]").partition("[")
        via = _id("segment", f"{segment}-to-{kind}") if row["datatype"] in maps() else ""
        target = {**_typed(row["datatype"], via), "code": row["target"], "equivalence": "equivalent"}
        comment = "; ".join((row["event"], row["origin"]))
        elements.setdefault(row["id"], []).append({**target, "comment": comment})
    found = _head(
        _id("message", f"{name}-to-bundle"),
        f"Message {name} to Bundle",
        f"The resources that Qiao makes of the segments of the HL7 v2 message {name}.",
    )
    return {**found, "group": [_group(f"message/{name}", "Bundle", elements)]}


def write(folder: Path) -> int:
    """Writes a file a map into the folder; comes back with their number."""
    folder.mkdir(parents=True, exist_ok=True)
    found = list(concept_maps())
    for one in found:
        text = json.dumps(one, ensure_ascii=False, indent=1) + "\n"
        (folder / f"ConceptMap-{one['id']}.json").write_text(text, encoding="utf-8")
    return len(found)


def _id(kind: str, name: str) -> str:
    return re.sub(r"[^a-z0-9.]+", "-", f"{kind}-{name}".lower()).strip("-")[:64]


def _head(id_: str, title: str, description: str) -> Resource:
    words = re.findall(r"[A-Za-z0-9]+", id_)
    return {
        "resourceType": "ConceptMap",
        "id": id_,
        "url": f"{CANONICAL_BASE}/ConceptMap/{id_}",
        "name": "".join(word[:1].upper() + word[1:] for word in words),
        "title": title,
        "status": "active",
        "experimental": False,
        "publisher": "Qiao maintainers",
        "description": description,
    }


def segment_map(name: str, rows: Iterable[Row]) -> Resource:
    """The ConceptMap of a segment map."""
    segment, _, kind = name.rstrip("]").partition("[")
    elements: dict[str, list[Resource]] = {}
    for row in rows:
        elements.setdefault(row.source or segment, []).append(_target(row))
    found = _head(
        _id("segment", f"{segment}-to-{kind}"),
        f"Segment {segment} to {kind}",
        f"The rows by which Qiao takes the HL7 v2 segment {segment} to FHIR {kind}.",
    )
    return {**found, "group": [_group(f"segment/{segment}", kind.partition("-")[0], elements)]}


def _group(source: str, kind: str, elements: Mapping[str, list[Resource]]) -> Resource:
    """A v2 message or segment and what becomes of each of its elements in a resource of that kind."""
    return {
        "source": f"{CANONICAL_BASE}/v2/{source}",
        "target": f"{_TYPE}/{kind}",
        "element": [{"code": code, "target": targets} for code, targets in elements.items()],
    }


def _typed(datatype: str, via: str) -> Resource:
    """The TypeInfo of a target: its datatype, and the id of the map that makes it."""
    info = [{"url": "type", "valueCode": datatype}] if datatype else []
    if via:
        info.append({"url": "mappedVia", "valueUrl": f"{CANONICAL_BASE}/ConceptMap/{via}"})
    return {"extension": [{"url": _TYPE_INFO, "extension": info}]} if info else {}


def _target(row: Row) -> Resource:
    known = row.vocabulary and codes.table(row.vocabulary).codes
    target = _typed(row.datatype, _id("table", row.vocabulary) if known else "")
    target |= {"code": row.target, "equivalence": "equivalent", "comment": _comment(row)}
    depends = []
    if row.when:
        depends.append({"property": "Computable-ANTLR", "system": _CONDITIONS, "value": row.when})
    if row.value:
        depends.append({"property": "value", "value": row.value.removeprefix("=")})
    return {**target, "dependsOn": depends} if depends else target


def _comment(row: Row) -> str:
    return "; ".join(part for part in (f"{row.id}", row.when, row.origin) if part)


def table_map(name: str) -> Resource:
    """The ConceptMap of a code table."""
    groups: dict[tuple[str, str], list[Resource]] = {}
    known: Mapping[str, codes.Coded] = codes.table(name).codes
    for code, coded in known.items():
        target: Resource = {"code": coded.code, "equivalence": "equivalent"}
        if coded.display:
            target["display"] = coded.display
        groups.setdefault((coded.source_system, coded.system), []).append({"code": code, "target": [target]})
    found = _head(_id("table", name), f"Table {name}", f"The code table {name} by which Qiao takes v2 codes to FHIR.")
    return {
        **found,
        "group": [
            {**({"source": source} if source else {}), **({"target": target} if target else {}), "element": elements}
            for (source, target), elements in groups.items()
        ],
    }
