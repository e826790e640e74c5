"""The site files: what ships loads, and what is wrong is told in words that help."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from adapters.site import SITES, UNREGISTERED
from adapters.sites import SiteBook, SiteError, load
from mappers.identifier_kind import kinds
from profiles import uscc_valid


@pytest.fixture(scope="module")
def book() -> SiteBook:
    return load()


@pytest.fixture
def county(tmp_path: Path) -> Path:
    """A copy of the shipped sites that a test may spoil."""
    folder = tmp_path / "sites"
    shutil.copytree(SITES, folder, ignore=shutil.ignore_patterns("__pycache__", "*.py"))
    return folder


def spoil(county: Path, file: str, old: str, new: str) -> str:
    """Replaces text in a site file and returns what the loader says about it."""
    path = county / file
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(SiteError) as refused:
        load(county)
    return str(refused.value)


def test_every_shipped_site_loads(book: SiteBook) -> None:
    assert set(book.endpoints) == {path.parent.name for path in SITES.glob("*/site.toml")} | {UNREGISTERED}
    assert len(book.endpoints) >= 10


def test_a_sender_is_found_by_application_and_facility(book: SiteBook) -> None:
    found = book.by_sender("HIS", "YXWSY")
    assert found is not None
    assert (found.code, found.site.institution) == ("township-a-his", "township-a")


def test_the_same_application_at_another_facility_is_another_site(book: SiteBook) -> None:
    found = book.by_sender("HIS", "QHRY")
    assert found is not None
    assert found.code == "county-his"


def test_a_stranger_is_nobody_and_the_default_knows_no_local_code(book: SiteBook) -> None:
    assert book.by_sender("HIS", "ELSEWHERE") is None
    assert book.default.site.institution == UNREGISTERED
    assert not book.default.site.codes
    assert not book.default.site.identifier_types


def test_idcard_is_a_visit_card_and_identifyno_the_identity_number(book: SiteBook) -> None:
    types = book.endpoints["township-b-his"].site.identifier_types
    assert types["IDCARD"] == "visit-card"
    assert types["IDENTIFYNO"] == "resident-id"


def test_wire_facts_are_read(book: SiteBook) -> None:
    assert book.endpoints["county-his"].charset == "gb18030"
    assert book.endpoints["township-b-his"].line_end == "\n"
    assert book.endpoints["township-b-his"].charset is None


def test_every_site_keys_its_patients_by_known_kinds_of_numbers(book: SiteBook) -> None:
    for endpoint in book.endpoints.values():
        assert set(endpoint.site.patient_keys) <= set(kinds())


def test_every_site_belongs_to_an_institution_that_exists(book: SiteBook) -> None:
    for endpoint in book.endpoints.values():
        assert endpoint.site.institution in book.institutions
        assert set(endpoint.site.authorities.values()) <= set(book.institutions)


def test_every_institution_is_part_of_the_consortium(book: SiteBook) -> None:
    for member in book.institutions.values():
        if member.level not in ("consortium", ""):
            while member.part_of:
                member = book.institutions[member.part_of]
            assert member.level == "consortium"


def test_social_credit_codes_have_area_999999_and_a_right_check_character(book: SiteBook) -> None:
    written = [member.uscc for member in book.institutions.values() if member.uscc]
    assert len(written) >= 4
    assert all(uscc_valid(code) and code[2:8] == "999999" for code in written)


def test_an_unknown_key_is_refused_with_the_valid_ones(county: Path) -> None:
    told = spoil(county, "county-his/site.toml", "reply_charset", "replycharset")
    assert "county-his/site.toml [wire]: unknown key 'replycharset'" in told
    assert "reply_charset" in told


def test_an_unknown_table_is_refused_with_the_valid_ones(county: Path) -> None:
    told = spoil(county, "county-lis/site.toml", "[identity]", "[identities]")
    assert "county-lis/site.toml: unknown table 'identities'" in told
    assert "valid tables are wire, identity, meaning, authorities" in told


def test_a_wrong_type_is_refused_with_what_was_found(county: Path) -> None:
    told = spoil(county, "county-lis/site.toml", 'untyped = "mrn"', "untyped = 7")
    assert "county-lis/site.toml [identity]: untyped must be a text that is not empty, not 7" in told


def test_a_word_outside_its_list_is_refused_with_the_list(county: Path) -> None:
    told = spoil(county, "township-b-his/site.toml", 'line_end = "LF"', 'line_end = "NL"')
    assert "line_end must be one of CR, LF, CRLF, not 'NL'" in told


def test_what_an_analyser_means_by_obr_2_is_a_fact_of_its_site(county: Path, book: SiteBook) -> None:
    assert book.endpoints["county-analyser"].site.obr2 == "barcode"
    assert book.endpoints["county-lis"].site.obr2 == "order"
    told = spoil(county, "county-analyser/site.toml", 'obr2 = "barcode"', 'obr2 = "sample"')
    assert "county-analyser/site.toml [meaning]: obr2 must be one of order, barcode, not 'sample'" in told


def test_an_unknown_quirk_is_refused_with_the_known_ones(county: Path) -> None:
    told = spoil(county, "county-pacs/site.toml", "charset-in-msh17", "charset-in-msh71")
    assert "quirks must be a list of charset-in-msh17, move-pid2-into-pid3" in told


def test_an_unknown_institution_is_refused(county: Path) -> None:
    told = spoil(county, "village-clinic/site.toml", 'institution = "village-a"', 'institution = "village-z"')
    assert "village-clinic/site.toml: institution names 'village-z'" in told


def test_an_unknown_kind_of_identifier_is_refused(county: Path) -> None:
    told = spoil(county, "township-b-his/codes.csv", "IDCard,visit-card", "IDCard,id-card")
    assert "township-b-his/codes.csv line 2: 'id-card' is no kind of identifier" in told
    assert "resident-id" in told


def test_an_unknown_code_table_is_refused(county: Path) -> None:
    told = spoil(county, "township-b-his/codes.csv", "AdministrativeSex,1", "Geschlecht,1")
    assert "unknown table 'Geschlecht'" in told


def test_a_target_the_table_does_not_know_is_refused(county: Path) -> None:
    told = spoil(county, "township-b-his/codes.csv", "1,male,", "1,mann,")
    assert "'mann' is no code of AdministrativeSex" in told
    assert "female" in told


def test_a_code_that_stands_twice_is_refused_with_both_lines(county: Path) -> None:
    told = spoil(county, "township-b-his/codes.csv", "identifier-type,Card_No", "identifier-type,IDCard")
    assert "codes.csv line 3: identifier-type 'IDCard' stands already on line 2" in told


def test_a_row_with_a_column_too_few_is_refused(county: Path) -> None:
    told = spoil(county, "township-b-his/codes.csv", "IDCard,visit-card,就诊卡", "IDCard,visit-card")
    assert "township-b-his/codes.csv line 2: must have 4 columns" in told


def test_two_sites_may_not_claim_one_sender(county: Path) -> None:
    told = spoil(county, "county-lis/site.toml", '[["LIS", "JYZX"]]', '[["HIS", "QHRY"]]')
    assert "the sender HIS^QHRY belongs to both county-his and county-lis" in told


def test_a_wrong_social_credit_code_is_refused(county: Path) -> None:
    code = next(line for line in (county / "county.toml").read_text("utf-8").splitlines() if line.startswith("uscc"))
    told = spoil(county, "county.toml", code, code[:-3] + ("11" if code[-3:-1] != "11" else "22") + '"')
    assert "wrong form or check character" in told


def test_broken_toml_is_refused_with_the_file(county: Path) -> None:
    told = spoil(county, "county-ecg/site.toml", "[wire]", "[wire")
    assert "county-ecg/site.toml: not valid TOML" in told


def test_all_problems_are_told_at_once(county: Path) -> None:
    (county / "county-lis" / "site.toml").write_text('name = 1\ncolour = "red"\n', "utf-8")
    with pytest.raises(SiteError) as refused:
        load(county)
    assert len(refused.value.problems) >= 4


def test_a_missing_county_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SiteError, match=r"county.toml: the file is missing"):
        load(tmp_path)


def test_an_allow_list_admits_only_its_networks_and_certificates(county: Path) -> None:
    path = county / "county-lis" / "site.toml"
    listed = 'networks = ["10.20.0.0/16"]\ncertificates = ["lis.qinghe.example"]\n'
    path.write_text(path.read_text("utf-8").replace("[wire]\n", "[wire]\n" + listed), "utf-8")
    endpoint = load(county).endpoints["county-lis"]
    assert endpoint.admits("10.20.3.4", "lis.qinghe.example")
    assert not endpoint.admits("10.21.3.4", "lis.qinghe.example")
    assert not endpoint.admits("10.20.3.4", "other.example")
    assert not endpoint.admits("10.20.3.4")


def test_without_an_allow_list_anybody_may_speak_for_a_site(book: SiteBook) -> None:
    assert book.endpoints["county-lis"].admits("192.0.2.7")


def test_digits_of_patient_types_need_the_table_they_are_of(county: Path) -> None:
    said = spoil(county, "township-b-his/site.toml", 'patient_types = "own"\n', "")
    assert "patient_types" in said and "CV09.00.404-4" in said


def test_the_two_versions_of_the_national_patient_types_differ(county: Path) -> None:
    site = county / "village-clinic" / "site.toml"
    plain = site.read_text("utf-8")
    classes = []
    for table in ("CV09.00.404", "CV09.00.404-4"):
        site.write_text(f'{plain}\n[meaning]\npatient_types = "{table}"\n', "utf-8")
        codes = load(county).endpoints["village-clinic"].site.codes
        classes.append([codes.get(("PatientClass[EncounterClass]", digit)) for digit in "1234"])
    assert classes == [["AMB", "EMER", "IMP", None], ["AMB", "IMP", "AMB", "EMER"]]
