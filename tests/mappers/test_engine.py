"""The engine: rows run as they are written, and a mistake in a row is an error when the table is loaded."""

from __future__ import annotations

import pytest

from mappers import engine, rows
from mappers.draft import Draft
from mappers.engine import apply
from mappers.mapped import Weight
from mappers.site import Context
from tests.mappers.sample import SITE, line, message


def run(map_id: str, kind: str, segment: str) -> dict:
    read = message("ADT^A01", segment)
    draft = Draft(read, Context(SITE, "2026-03-01T08:00:01+08:00", "urn:x"))
    sheet = draft.resource(kind, "1")
    found = read.first(segment[:3])
    assert found is not None
    apply(map_id, found, sheet, draft)
    return sheet.body


@pytest.fixture
def with_row(monkeypatch: pytest.MonkeyPatch):
    """Compiles a single row of a made-up map."""

    def compiled(**fields: str):
        row = rows.Row(
            **{**dict.fromkeys(rows.Row._fields, ""), "id": "ZZZ[Patient]#ZZZ-1", "origin": "qiao: x", **fields}
        )
        monkeypatch.setattr(engine, "maps", lambda: {"ZZZ[Patient]": (row,)})
        engine.compiled.cache_clear()
        return engine.compiled("ZZZ[Patient]")

    yield compiled
    engine.compiled.cache_clear()


@pytest.mark.parametrize(
    "fields",
    [
        {"source": "ZZZ-1", "target": "name[]", "datatype": "XPN[Nonsense]"},
        {"source": "ZZZ-1", "target": "na me", "datatype": "ST[string]"},
        {"source": "ZZZ-1", "target": "name", "datatype": "ST[string]", "when": "ZZZ-1 LOOKS GOOD"},
        {"source": "ZZZ-1", "target": "gender", "datatype": "CWE[code]", "vocabulary": "NoSuchTable"},
    ],
)
def test_a_mistake_in_a_row_is_an_error_that_names_it(with_row, fields: dict[str, str]) -> None:
    with pytest.raises(rows.RowError, match="ZZZ-1"):
        with_row(**fields)


def test_an_unknown_map_is_an_error() -> None:
    with pytest.raises(KeyError):
        engine.compiled("PID[Nothing]")


def test_repetitions_make_items_and_constants_join_the_item_of_their_repetition() -> None:
    body = run("PV1[Encounter]", "Encounter", line("PV1", {7: "A^甲~B^乙", 8: "C^丙"}))
    roles = [one["type"][0]["coding"][0]["code"] for one in body["participant"]]
    assert roles == ["ATND", "ATND", "REF"]


def test_a_constant_without_its_value_is_not_written() -> None:
    body = run("PV1[Encounter]", "Encounter", line("PV1", {7: "^^^^^^^^^^^^00000"}))
    assert "participant" not in body


def test_a_single_element_takes_the_first_repetition_that_has_a_value() -> None:
    body = run("PID[Patient]", "Patient", "PID|||||||nonsense~19900101")
    assert body["birthDate"] == "1990-01-01"


def test_the_use_of_a_telecom_is_the_field_it_stands_in_unless_the_sender_says() -> None:
    body = run("PID[Patient]", "Patient", line("PID", {13: "1~2^WPN", 14: "3"}))
    assert [one.get("use") for one in body["telecom"]] == ["home", "work", "work"]


def test_a_birth_time_of_midnight_is_padding() -> None:
    assert "_birthDate" not in run("PID[Patient]", "Patient", "PID|||||||19900101000000")
    found = run("PID[Patient]", "Patient", "PID|||||||199001011230")["_birthDate"]
    assert found["extension"][0]["valueDateTime"] == "1990-01-01T12:30:00+08:00"


def test_multiple_birth_and_death_take_one_form() -> None:
    body = run("PID[Patient]", "Patient", line("PID", {24: "Y", 25: "2", 29: "20260101", 30: "Y"}))
    assert body["multipleBirthInteger"] == 2
    assert body["deceasedDateTime"] == "2026-01-01"
    assert not {"multipleBirthBoolean", "deceasedBoolean"} & set(body)


def test_the_way_of_payment_in_pid_35_makes_nobody_an_animal() -> None:
    assert "extension" not in run("PID[Patient]", "Patient", line("PID", {35: "1^自费"}))
    assert "extension" in run("PID[Patient]", "Patient", line("PID", {35: "L-80700^Canine^SNM3"}))


def test_two_resources_never_share_a_part_of_a_constant() -> None:
    first = run("AL1[AllergyIntolerance]", "AllergyIntolerance", "AL1|1|DA|P")
    second = run("AL1[AllergyIntolerance]", "AllergyIntolerance", "AL1|1|DA|P")
    assert first["clinicalStatus"] is not second["clinicalStatus"]


def test_the_same_resource_twice_is_one_sheet_with_the_greater_weight() -> None:
    draft = Draft(message("ADT^A01"), Context(SITE, "2026-03-01T08:00:01+08:00", "urn:x"))
    first = draft.resource("Patient", "1", Weight.MENTION)
    assert draft.resource("Patient", "1", Weight.FINAL) is first
    assert draft.resource("Patient", "1", Weight.STATED).weight is Weight.FINAL
