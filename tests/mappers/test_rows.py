"""Rows of the segment maps: a table that is not well formed is refused when it is loaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from mappers.rows import Row, RowError, read

HEAD = ",".join(Row._fields)
GOOD = "PID[Patient]#PID-5, ,PID-5.1,name[pid5].text,ST[string],,,official PID[Patient]#PID-5:1"


def table(folder: Path, *lines: str, head: str = HEAD, name: str = "t.csv") -> Path:
    path = folder / name
    path.write_text("\n".join((head, *lines)) + "\n", encoding="utf-8")
    return path


def test_a_row_has_its_map_field_and_component_and_no_blanks_around(tmp_path: Path) -> None:
    second = "PID[Patient]#X,,,active,,,=true,qiao: every patient"
    other = "PV1[Encounter]#PV1-2,,PV1-2,class,CWE[Coding],,,qiao: 中文"
    found = read([table(tmp_path, GOOD, second), table(tmp_path, other, name="u.csv")])
    assert list(found) == ["PID[Patient]", "PV1[Encounter]"]
    first, constant = found["PID[Patient]"]
    assert (first.map, first.field, first.when, first.datatype) == ("PID[Patient]", (5, 1), "", "ST[string]")
    assert (constant.field, constant.value) == ((0, 0), "=true")
    assert found["PV1[Encounter]"][0].field == (2, 0)
    assert found["PV1[Encounter]"][0].origin == "qiao: 中文"


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (GOOD.replace("#", ""), r"t\.csv: the id 'PID\[Patient\]PID-5' is missing its map"),
        (GOOD.replace("PID-5.1", "PID.5"), r"t\.csv: PID\[Patient\]#PID-5: cannot read the source 'PID\.5'"),
        (GOOD.replace("name[pid5].text", ""), "target and origin are required"),
        (GOOD.replace("official ", "somebody "), "target and origin are required"),
        (GOOD.replace("ST[string]", ""), "give a datatype or a constant value"),
        (GOOD.replace("ST[string],,", "ST[string],,x"), "give a datatype or a constant value"),
    ],
)
def test_a_row_that_is_not_well_formed_is_refused_with_its_file_and_id(tmp_path: Path, line: str, why: str) -> None:
    with pytest.raises(RowError, match=why):
        read([table(tmp_path, line)])


def test_an_id_stands_once_in_all_the_files(tmp_path: Path) -> None:
    with pytest.raises(RowError, match=r"u\.csv: the id .* stands twice"):
        read([table(tmp_path, GOOD), table(tmp_path, GOOD, name="u.csv")])


def test_other_columns_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RowError, match=r"t\.csv: the columns must be id, when, source"):
        read([table(tmp_path, GOOD, head=HEAD.replace("when", "wenn"))])
