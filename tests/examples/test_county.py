"""The day of the synthetic county: the same every time, as large and as dirty as promised, and about nobody real."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from adapters.pipeline import Prepared, microseconds, prepare
from adapters.site import UNREGISTERED
from adapters.sites import load
from examples.county import DATE, Sent, day, write_folder, write_jsonl
from examples.county.desk import RESTARTS
from examples.county.dialects import DIALECTS
from examples.county.messages_results import panels
from examples.county.pdf import heartbeat, pdf
from examples.county.people import check_digit

ROOT = Path(__file__).parents[2]
RAISED_BY_THE_STORE = {"duplicate-message", "control-id-reuse", "identity-name-conflict"}
CENTRES = {"county-lis", "county-pacs", "county-ecg", "county-pathology"}
EIGHTEEN = re.compile(r"(?<![0-9.])[0-9]{17}[0-9X](?![0-9.])")


@pytest.fixture(scope="module")
def messages() -> list[Sent]:
    return day()


def clean(messages: list[Sent]) -> list[Sent]:
    return [message for message in messages if not message.case]


def text(message: Sent) -> str:
    return message.raw.decode(DIALECTS[message.site].codec)


def test_two_runs_are_equal(messages: list[Sent]) -> None:
    assert day() == messages


def test_another_seed_gives_another_day(messages: list[Sent]) -> None:
    assert day(seed=7) != messages


def test_a_day_has_at_least_600_messages(messages: list[Sent]) -> None:
    assert 600 <= len(messages) <= 800


def test_five_per_cent_are_dirty(messages: list[Sent]) -> None:
    share = sum(1 for message in messages if message.case) / len(messages)
    assert 0.04 <= share <= 0.06


def test_at_least_25_different_dirty_cases_occur(messages: list[Sent]) -> None:
    assert len({message.case for message in messages if message.case}) >= 25


def test_scale_multiplies_the_day() -> None:
    assert len(day(scale=0.2)) < 300
    assert len(day(scale=2)) > 1200


def test_everything_is_due_on_the_day_and_in_order(messages: list[Sent]) -> None:
    assert all(message.due.date() == DATE and message.due.utcoffset() is not None for message in messages)
    assert [message.due for message in messages] == sorted(message.due for message in messages)


def test_every_site_of_the_county_speaks(messages: list[Sent]) -> None:
    assert {message.site for message in messages} == set(load().endpoints) - {UNREGISTERED}


def test_every_header_names_the_registered_sender(messages: list[Sent]) -> None:
    book = load()
    for message in clean(messages):
        fields = text(message).split("|", 5)
        found = book.by_sender(fields[2], fields[3])
        assert found is not None
        assert found.code == message.site


def test_clean_messages_decode_as_their_site_declares(messages: list[Sent]) -> None:
    for message in clean(messages):
        segments = text(message).split(DIALECTS[message.site].line_end)
        assert segments[-1] == ""
        assert all(re.match(r"[A-Z][A-Z0-9]{2}(\||$)", segment) for segment in segments[:-1])


def test_the_kinds_of_messages_of_the_county_all_occur(messages: list[Sent]) -> None:
    kinds = {text(message).split("|", 9)[8][:7] for message in clean(messages)}
    adt = {f"ADT^{event}" for event in ("A01", "A02", "A03", "A04", "A08", "A11", "A13", "A28", "A40")}
    orders = {"ORM^O01", "OMG^O19", "OML^O21", "OMI^O23"}
    results = {"ORU^R01", "OUL^R21", "OUL^R22", "OUL^R24", "MDM^T02"}
    assert kinds >= adt | orders | results | {"REF^I12", "RRI^I12", "SIU^S12"}


def test_panels_have_five_to_forty_results() -> None:
    assert all(5 <= len(panel.items) <= 40 for panel in panels().values())
    assert max(len(panel.items) for panel in panels().values()) == 40


def test_loinc_codes_have_their_check_digit() -> None:
    codes = {item.loinc for panel in panels().values() for item in panel.items if item.loinc}
    assert len(codes) >= 10
    for code in codes:
        number, check = code.split("-")
        doubled = [int(digit) * (2 - at % 2) for at, digit in enumerate(reversed(number))]
        assert (-sum(value // 10 + value % 10 for value in doubled)) % 10 == int(check), code


def test_every_identity_number_has_area_999999(messages: list[Sent]) -> None:
    found = {number for message in clean(messages) for number in EIGHTEEN.findall(text(message))}
    ids = {number for number in found if 1900 <= int(number[6:10]) <= 2030}
    assert len(ids) > 150
    assert all(number.startswith("999999") for number in ids)
    assert all(check_digit(number[:17]) == number[17] for number in ids)


def test_the_check_digit_is_the_one_of_the_standard() -> None:
    assert check_digit("99999919900101001") == "6"


def test_control_ids_are_unique_but_where_wanted(messages: list[Sent]) -> None:
    seen: dict[tuple[str, str], list[Sent]] = defaultdict(list)
    for message in messages:
        if message.control and message.site not in RESTARTS:
            seen[message.site, message.control].append(message)
    for same in seen.values():
        assert len(same) == 1 or any(m.issue in ("duplicate-message", "control-id-reuse") for m in same)


def test_a_duplicate_has_the_same_bytes_and_comes_later(messages: list[Sent]) -> None:
    again = [message for message in messages if message.issue == "duplicate-message"]
    assert again
    for message in again:
        first = next(m for m in messages if m.raw == message.raw)
        assert first.due < message.due


def test_an_analyser_starts_counting_again(messages: list[Sent]) -> None:
    assert Counter(m.control for m in messages if m.site == "county-analyser").most_common(1)[0][1] > 1


def test_results_critical_corrected_and_cancelled_occur(messages: list[Sent]) -> None:
    labels = Counter(message.label for message in messages)
    for label in (
        "ORU^R01 critical value",
        "ORU^R01 lab preliminary",
        "ORU^R01 lab corrected",
        "ORU^R01 lab result cancelled",
        "ORU^R01 ECG report",
        "ORU^R01 result before its order",
        "ORU^R01 preliminary after final",
        "ADT^A40 merge after results",
        "ADT^A08 older update arrives last",
        "RRI^I12 referral rejected",
        "RRI^I12 referral down accepted",
    ):
        assert labels[label] > 0, label


def test_township_patients_keep_their_number_at_the_centre(messages: list[Sent]) -> None:
    sent = "".join(text(m) for m in clean(messages) if m.site == "county-lis")
    numbers = re.findall(r"(YX\d{6})\^\^\^YXWSY\^21", sent)
    own = "".join(text(m) for m in clean(messages) if m.site == "township-a-his")
    assert numbers
    assert all(f"{number}^^^YXWSY^MR" in own for number in numbers)


def test_an_ecg_carries_a_pdf(messages: list[Sent]) -> None:
    message = next(m for m in messages if m.label.endswith("ECG report"))
    page = text(message).split("^application^pdf^Base64^")[1].split("|")[0]
    assert base64.b64decode(page, validate=True).startswith(b"%PDF-1.4")


def test_the_pdf_has_a_table_of_right_offsets() -> None:
    page = pdf("ECG (report)", heartbeat(70))
    start = int(page.rsplit(b"startxref\n", 1)[1].split()[0])
    assert page[start:].startswith(b"xref")
    for number, line in enumerate(page[start:].splitlines()[3:8], 1):
        assert page[int(line[:10]) :].startswith(b"%d 0 obj" % number)


def test_answers_are_foreseen_and_refusals_name_an_issue_or_are_noise(messages: list[Sent]) -> None:
    assert {message.answer for message in messages} == {"AA", "AE", "AR"}
    assert all(message.answer == "AA" or message.case for message in messages)


@pytest.fixture(scope="module")
def prepared(messages: list[Sent]) -> list[tuple[Sent, Prepared]]:
    """Every message read and translated, a month after the day."""
    book = load()
    now = microseconds("2026-11-21T08:00:00+08:00")
    return [(message, prepare(message.raw, book, now, channel="mllp")) for message in messages]


def test_every_message_gets_the_answer_foreseen(prepared: list[tuple[Sent, Prepared]]) -> None:
    answers = [(message.label, message.answer, done.arrival.verdict) for message, done in prepared]
    assert [row for row in answers if row[1] != row[2]] == []


def test_every_message_raises_the_issue_foreseen(prepared: list[tuple[Sent, Prepared]]) -> None:
    missing = [
        (message.label, message.issue)
        for message, done in prepared
        if message.issue
        and message.issue not in RAISED_BY_THE_STORE
        and message.issue not in {issue.code for issue in done.arrival.issues}
    ]
    assert missing == []


def test_no_value_of_the_day_is_unaccounted(prepared: list[tuple[Sent, Prepared]]) -> None:
    assert [message.label for message, done in prepared if done.arrival.unaccounted] == []


def test_clean_messages_raise_no_surprise(prepared: list[tuple[Sent, Prepared]]) -> None:
    found = {issue.code for message, done in prepared if not message.case for issue in done.arrival.issues}
    assert found <= {"segment-terminator", "charset-mismatch", "code-unmapped", "range-unreadable", "quality-control"}


def test_a_person_seen_at_two_institutions_is_one_person(prepared: list[tuple[Sent, Prepared]]) -> None:
    owners: dict[str, set[str]] = defaultdict(set)
    for message, done in prepared:
        if not message.case:
            for stated in done.arrival.stated:
                if stated.resource["resourceType"] == "Person":
                    owners[stated.resource["id"]].add(stated.resource["link"][0]["target"]["reference"])
    assert sum(1 for patients in owners.values() if len(patients) == 2) >= 8


def test_centres_and_institutions_speak_of_the_same_patients(prepared: list[tuple[Sent, Prepared]]) -> None:
    known: dict[str, set[str]] = defaultdict(set)
    for message, done in prepared:
        if not message.case and message.site != "county-analyser":
            known["centre" if message.site in CENTRES else "house"].add(done.arrival.patient_key)
    assert known["centre"] - {""} <= known["house"]


def test_the_folder_holds_every_message_byte_for_byte(tmp_path: Path, messages: list[Sent]) -> None:
    assert write_folder(messages, tmp_path) == len(messages)
    lines = [json.loads(line) for line in (tmp_path / ".manifest.jsonl").read_text("utf-8").splitlines()]
    assert [(tmp_path / line["file"]).read_bytes() for line in lines] == [message.raw for message in messages]
    assert [line["label"] for line in lines] == [message.label for message in messages]


def test_the_jsonl_holds_every_message_in_base64(tmp_path: Path, messages: list[Sent]) -> None:
    path = tmp_path / "day.jsonl"
    assert write_jsonl(messages, path) == len(messages)
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert [base64.b64decode(line["message"]) for line in lines] == [message.raw for message in messages]
    assert lines[0].keys() >= {"site", "label", "due", "message"}


def test_the_command_writes_a_folder(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "examples.county", str(tmp_path / "out"), "--scale", "0.1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "messages" in done.stderr
    assert (tmp_path / "out" / ".manifest.jsonl").exists()
