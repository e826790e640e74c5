"""A result that is replayed says what a new one says, for every value, time and field that may differ."""

from __future__ import annotations

from typing import Any

import pytest

from adapters import packed_ledger
from mappers import Mapped, memory
from mappers.messages import result_memory
from tests.mappers.sample import message, only, translate

PLAIN = "OBX|1|NM|T01^白细胞^L||7.95|10*9/L|3.5-9.5|N|||F|||20260301080000|LAB^检验科^L|0002^检验医师"


def forget() -> None:
    for known in (memory._KNOWN, memory._SEEN, result_memory._KNOWN, result_memory._TOLD):
        known.clear()


def result(*lines: str, msh15: str = "") -> Mapped:
    read = message(
        "ORU^R01", "PID|1||100200^^^^MRN||张三||19900101|M", "OBR|1|A1|R1|L01^生化^L||||||||||||||||||||LAB|F", *lines
    )
    if msh15:
        fields = read.msh.text.split("|")
        fields += [""] * (15 - len(fields))
        fields[14] = msh15
        read = type(read)(["|".join(fields), *(one.text for one in read.segments[1:])], read.delimiters)
    return translate(read)


def told(mapped: Mapped) -> tuple[Any, ...]:
    return str(mapped.bundle), sorted(mapped.ledger.lines.items()), mapped.issues, mapped.unmapped


def field(number: int, text: str, line: str = PLAIN) -> str:
    fields = line.split("|")
    fields += [""] * (number + 1 - len(fields))
    fields[number] = text
    return "|".join(fields)


VARIANTS = [
    *(
        field(5, text)
        for text in ("3.1", "8", "0", "0.10", "12345678901234.123456", "阴性", "阳性(+)", "7.95^", "7 .95")
    ),
    *(
        field(5, text)
        for text in ("", '""', "<5", ">1000", "7.95↑", "007", "+7", "7.", ".5", "1e3", "７", "7~8", "1:160", "x")
    ),
    *(field(5, text, field(2, "ST")) for text in ("3.1", "8", "0", "08", "阴性", "<0.1")),
    *(field(5, text, field(7, "", field(6, "", field(2, "ST")))) for text in ("3.1", "8", "1")),
    *(field(2, text) for text in ("", "ST", "SN", "CE", "TX", "nm", "XX")),
    *(field(1, text) for text in ("2", "9999", "10000", "", "A", "1^2")),
    *(
        field(14, text)
        for text in ("20260302", "202603", "20260231", "", '""', "20260301080000+0800", "2026-03-01", "x")
    ),
    *(field(3, text) for text in ("", "^白细胞", "T02^红细胞^L", "8867-4^心率^LN", '""')),
    *(
        field(number, text)
        for number in (4, 6, 7, 8, 10, 11, 15, 16, 17, 18)
        for text in ("", "H", "HH", '""', "a&b", "P~Q")
    ),
    *(field(11, text) for text in ("C", "X", "D", "P", "Z")),
    *(field(number, "1^x") for number in (9, 12, 13, 19, 20, 21, 23, 24, 25, 29, 30, 33)),
    field(16, "0002^另一医师"),
    field(29, "RSLT"),
]


@pytest.mark.parametrize("line", VARIANTS)
def test_what_differs_from_a_known_result_is_told_as_if_nothing_were_known(line: str) -> None:
    forget()
    fresh = told(result(line))
    forget()
    for like in (PLAIN, line):
        for hour in range(3):
            result(field(14, f"2026030108000{hour}", field(5, f"{hour}.5", like)))
    for _ in range(3):
        assert told(result(line)) == fresh


def test_a_message_that_revokes_all_its_results_is_not_told_as_one_that_sends_them() -> None:
    forget()
    fresh = told(result(PLAIN, msh15="CE"))
    for _ in range(3):
        result(PLAIN)
    assert told(result(PLAIN, msh15="CE")) == fresh
    assert only(result(PLAIN, msh15="CE"), "Observation")["status"] == "cancelled"


def test_a_known_result_is_replayed_with_its_own_number_time_and_value() -> None:
    forget()
    for _ in range(2):
        result(PLAIN)
    again = result(field(14, "20260305091500", field(5, "4.20", field(1, "7"))))
    assert again.ledger.again
    one = only(again, "Observation")
    assert str(one["valueQuantity"]["value"]) == "4.20"
    assert one["effectiveDateTime"] == "2026-03-05T09:15:00+08:00"


def test_the_same_result_twice_in_a_message_is_told_as_if_nothing_were_known() -> None:
    lines = PLAIN, field(1, "2"), field(5, "9.9", field(1, "3", field(4, "1")))
    forget()
    fresh = told(result(*lines))
    for _ in range(3):
        assert told(result(*lines)) == fresh


def test_the_packed_ledger_of_replayed_results_reads_as_the_ledger() -> None:
    forget()
    read = message(
        "ORU^R01", "PID|1||1^^^^MRN||张三", "OBR|1|A1|R1|L01^生化^L", PLAIN, field(1, "2", field(3, "T02^b^L"))
    )
    unpacked = [packed_ledger.unpack(packed_ledger.pack(translate(read).ledger), read) for _ in range(4)]
    assert translate(read).ledger.again
    assert unpacked == [unpacked[0]] * 4
    assert unpacked[0] == [
        (place, *line) for place, line in sorted(translate(read).ledger.rows(read), key=_by_place(read))
    ]


def _by_place(read: Any) -> Any:
    order = {read.locate(leaf): at for at, leaf in enumerate(read.leaves())}
    return lambda row: (order[row[0]], row[1])
