"""A map becomes one function that reads as its rows do, shows in tracebacks, and takes no way of its own."""

from __future__ import annotations

import traceback
from typing import Any

import pytest

from mappers import engine, memory
from mappers.draft import Draft, Sheet
from mappers.generator import write
from mappers.ledger import Line
from mappers.rows import Row, maps
from mappers.site import Context
from tests.mappers.sample import SITE, message


def row(number: str, **fields: str) -> Row:
    name, _, field = number.partition("-")
    source = "" if fields.get("source") == "-" else f"{name}-{field.rstrip('abc.')}"
    known = {"id": f"{name}[Patient]#{number}", "origin": "qiao: x", **fields, "source": source}
    return Row(**{**dict.fromkeys(Row._fields, ""), **known})


TINY = (
    row("ZZZ-7", target="birthDate", datatype="DTM[date]"),
    row("ZZZ-8", target="name[].use", value="official", when="IF ZZZ-8 VALUED"),
)


def applied(rows: tuple[Row, ...], segment: str) -> tuple[dict[str, Any], dict[tuple[int, ...], list[Line]]]:
    read = message("ADT^A01", segment)
    draft = Draft(read, Context(SITE, "2026-03-01T08:00:01+08:00", "urn:x"))
    sheet: Sheet = draft.resource("Patient", "1")
    found = read.first("ZZZ")
    assert found is not None
    engine.compile_rows(rows)(found, sheet, draft, {})
    return sheet.body, {leaf[1:]: lines for leaf, lines in draft.ledger.lines.items()}


def test_the_function_of_a_tiny_map_reads_as_its_rows() -> None:
    assert (
        write(TINY).source
        == """\
def ZZZ_Patient(segment, sheet, draft, items):
    fields = segment.upto(8)
    position, body, mark = segment.position, sheet.body, sheet.ref + '#'
    offset, of = draft.site.offset, draft.ledger.told.setdefault
    several = segment.delimiters.repetition
    raw = fields[7]
    if raw:
        # ZZZ[Patient]#ZZZ-7 -> birthDate
        found = date(raw, offset) if raw.isalnum() else None
        if found is not None:
            if 'birthDate' in body:
                place = merge(body['birthDate'], found, 'birthDate')
            else:
                body['birthDate'], place = found, 'birthDate'
            if place is not None:
                leaf = new(Leaf, (position, 7, 1, 1, 1))
                of(leaf, []).append(new(Line, ('stored', mark + place, 'ZZZ[Patient]#ZZZ-7')))
        else:
            for value in segment.values(7):
                if value.raw == NULL:
                    sheet.nullify(value.leaves(), 'birthDate', 'ZZZ[Patient]#ZZZ-7', draft.ledger)
                    continue
                use = Use(draft, value, 'ZZZ[Patient]#ZZZ-7', '')
                found = DTM_date(value, use)
                if found is not None:
                    if 'birthDate' in body:
                        place = merge(body['birthDate'], found, 'birthDate')
                    else:
                        body['birthDate'], place = found, 'birthDate'
                    if place is not None:
                        use.settle(mark + place)
                    break
    raw = fields[8]
    if raw:
        # ZZZ[Patient]#ZZZ-8 -> name[].use
        if several in raw:
            for value in segment.values(8):
                if value.raw != NULL and when_ZZZ_8(segment, value, draft):
                    found = 'official'
                    node, at = enter(body, name_, '', (8, value.repetition), items)
                    if 'use' in node:
                        place = merge(node['use'], found, at + 'use')
                    else:
                        node['use'], place = found, at + 'use'
        elif raw != NULL and when_ZZZ_8(segment, None, draft):
            found = 'official'
            node, at = enter(body, name_, '', (8, 1), items)
            if 'use' in node:
                place = merge(node['use'], found, at + 'use')
            else:
                node['use'], place = found, at + 'use'
"""
    )


def test_the_short_way_and_the_long_way_say_the_same() -> None:
    short = applied(TINY, "ZZZ|||||||19900101")
    long = applied(TINY, "ZZZ|||||||19900101 ")
    assert short == long
    assert short[1] == {(7, 1, 1, 1): [Line("stored", "Patient/1#birthDate", "ZZZ[Patient]#ZZZ-7")]}


def test_what_looks_plain_and_is_none_takes_the_long_way_and_is_said() -> None:
    body, lines = applied(TINY, "ZZZ|||||||19901399")
    assert "birthDate" not in body
    assert lines == {}


def test_a_null_deletes_and_a_blank_field_says_nothing() -> None:
    body, lines = applied(TINY, 'ZZZ|||||||""')
    assert "birthDate" not in body
    assert [one.outcome for found in lines.values() for one in found] == ["stored"]
    assert applied(TINY, "ZZZ") == ({"resourceType": "Patient", "id": "1"}, {})


def test_a_text_that_comes_again_gives_the_same_value_and_the_same_lines() -> None:
    rows = (row("ZZZ-10", target="maritalStatus", datatype="CWE[CodeableConcept]", vocabulary="MaritalStatus"),)
    memory._KNOWN.clear()
    memory._SEEN.clear()
    found = [applied(rows, "ZZZ||||||||||M^已婚") for _ in range(4)]
    assert found == [found[0]] * 4
    assert len(memory._KNOWN) == 1


def test_a_condition_is_asked_before_anything_is_made_of_a_known_text() -> None:
    known = {"target": "generalPractitioner[]", "datatype": "XCN[Practitioner]"}
    rows = (row("ZZZ-3", **known, when="IF ZZZ-4 VALUED"),)
    for segment, count in (("ZZZ|||7^医师|x", 1), ("ZZZ|||7^医师|x", 1), ("ZZZ|||7^医师|x", 1), ("ZZZ|||7^医师", 0)):
        body, lines = applied(rows, segment)
        assert (len(body.get("generalPractitioner", [])), len(lines)) == (count, 2 * count)


def test_a_traceback_shows_the_line_of_the_row(monkeypatch: pytest.MonkeyPatch) -> None:
    engine.compile_rows.cache_clear()
    monkeypatch.setattr("mappers.dtm.read", lambda text: 1 // 0)
    with pytest.raises(ZeroDivisionError) as failed:
        applied(TINY, "ZZZ|||||||19900101")
    shown = "".join(traceback.format_exception(failed.value))
    assert "<rows of ZZZ[Patient]>" in shown
    assert "found = date(raw, offset) if raw.isalnum() else None" in shown


@pytest.mark.parametrize("name", sorted(maps()))
def test_every_row_of_a_map_stands_in_its_function(name: str) -> None:
    source = write(maps()[name]).source
    for one in maps()[name]:
        assert f"# {one.id} -> {one.target}\n" in source
