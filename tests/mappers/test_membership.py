"""Under the system of a table of HL7 stands only what the table has."""

from __future__ import annotations

from mappers.datatypes.membership import calls, holds
from tests.mappers.sample import RESIDENT, adt, line

TABLES = "http://terminology.hl7.org/CodeSystem/"


def test_a_table_holds_its_codes_and_no_others() -> None:
    assert holds(f"{TABLES}v2-0203", "MR") and not holds(f"{TABLES}v2-0203", "ORGDR")


def test_of_a_table_that_is_not_loaded_nothing_is_denied() -> None:
    assert holds(f"{TABLES}v2-0099", "VIP") and calls("http://loinc.org", "718-7", "血红蛋白")


def test_a_display_is_one_of_the_names_of_the_code() -> None:
    assert calls(f"{TABLES}v2-0002", "M", "married") and not calls(f"{TABLES}v2-0002", "M", "已婚")


def patient(fields: dict[int, str]) -> dict[str, object]:
    done = adt("A01", line("PID", {3: f"{RESIDENT}^^^^NNCHN", 5: "张三", **fields}))
    return next(one.resource for one in done.statements if one.key[0] == "Patient")


def test_a_language_gets_its_code_of_bcp_47_and_a_name_of_one_is_carried() -> None:
    told = patient({15: "EN^English^HL70296"})["communication"]
    assert [one["code"] for one in told[0]["language"]["coding"] if one["system"] == "urn:ietf:bcp:47"] == ["en"]  # type: ignore[index]
    assert "communication" not in patient({15: "ENGLISH"})


def test_a_breed_without_a_species_is_no_animal() -> None:
    assert "patient-animal" not in str(patient({36: "Collie"}))
    assert str(patient({35: "DOG", 36: "Collie"})).count("patient-animal") == 1
