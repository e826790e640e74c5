"""The tables are facts with a shape: ids unique, targets and datatypes known, origins filled and true."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from mappers import codes, rows
from mappers.datatypes.registry import REGISTRY
from mappers.engine import compiled
from mappers.identifier_kind import kinds
from profiles.definitions import structure
from tests.conftest import SHARED
from tests.every_row import for_each

OFFICIAL = SHARED / "oracles" / "v2-to-fhir" / "official_map_summary.json"
_ORIGIN = re.compile(r"official ([A-Z0-9]{3}\[[^\]]+\])#([A-Z0-9]{3}(?:-\d+)?)(?::([\d,]+))?")


@for_each(sorted(rows.maps()))
def test_every_map_compiles(name: str) -> None:
    assert compiled(name)


@for_each(sorted(path.stem for path in codes.FOLDER.glob("*.csv")))
def test_every_code_table_reads_and_names_its_targets(name: str) -> None:
    table = codes.table(name)
    assert all(coded.code and coded.system for coded in table.codes.values())


def test_every_row_names_a_datatype_or_a_constant() -> None:
    for found in rows.maps().values():
        for row in found:
            assert row.datatype in REGISTRY if row.datatype else row.value


def test_every_target_begins_with_an_element_of_its_resource() -> None:
    for name, found in rows.maps().items():
        kind = name[name.index("[") + 1 : -1].partition("-")[0]
        definition = structure(f"http://hl7.org/fhir/StructureDefinition/{kind}")
        assert definition is not None, name
        elements = {
            element["path"].split(".")[1] for element in definition["snapshot"]["element"] if "." in element["path"]
        }
        known = {element.removesuffix("[x]") for element in elements}
        for row in found:
            first = row.target.split(".")[0].split("[")[0].lstrip("_")
            assert first in known or any(first.startswith(stem) for stem in known), row.id


def test_the_kinds_of_identifiers_have_unique_names_and_codes() -> None:
    path = Path(rows.__file__).parent / "tables" / "identifier_kinds.csv"
    lines = path.read_text(encoding="utf-8").splitlines()[1:]
    assert len(kinds()) == len(lines)
    codes_0203 = [code for line in lines for code in line.split(",")[3].split()]
    assert len(codes_0203) == len(set(codes_0203))


@pytest.mark.shared
def test_every_official_origin_names_a_row_that_exists() -> None:
    official = json.loads(OFFICIAL.read_text(encoding="utf-8"))["segments"]
    for found in rows.maps().values():
        for row in found:
            for map_id, source, numbers in _ORIGIN.findall(row.origin):
                mapped = [one for one in official[map_id] if one.get("id") == source and one.get("target")]
                for number in filter(None, numbers.split(",")):
                    assert int(number) <= len(mapped), row.id
