"""What small messages become: each line of `promises/*.jsonl` is one promise.

A line says the `promise`, the `type` of the message and its `segments` (a PID stands first unless they bring one or
are to be `bare`),
perhaps another `site` or `head` (fields of MSH), and which resources it `shows` (`Encounter`, or `Encounter.status`
for that element alone). Then what becomes of it: the resources
(`as` weight and owner; the first eight characters of the `id`, which must stay the same so that a replay finds it), the
`places` of its values by the ledger, its `issues`, the codes for the work list (`unmapped`), the patient and the order
that it is `about`, and the patient that is `gone`. References are written by number: `Patient/1` is the first Patient
of the message.
To accept a change on purpose: `GOLDEN=write pytest` on this file, then read the difference.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapters.er7 import parse
from adapters.site_segments import by_segment
from mappers import Mapped, Message, Site
from mappers.rows import read as read_rows
from profiles.validator import validate
from tests.every_row import for_each
from tests.mappers.orders_sample import LAB, TOWNSHIP
from tests.mappers.sample import SITE, dangling, translate

Json = dict[str, Any]
FOLDER = Path(__file__).parent / "promises"
FILES = sorted(FOLDER.glob("*.jsonl"))
PROMISES: list[tuple[Path, Json]] = [
    (file, json.loads(line)) for file in FILES for line in file.read_text(encoding="utf-8").splitlines()
]
MASTER_FILES = Path(__file__).parents[2] / "adapters/vendors/his-eai/segments"
SITES: dict[str, Site] = {
    "county": SITE,
    "lab": LAB,
    "township": TOWNSHIP,
    "eai": replace(SITE, segments=by_segment(read_rows(sorted(MASTER_FILES.glob("*.csv"))))),
}
PID = "PID|1||100200^^^^MRN||张三||19900101|M"
_GIVEN = ("promise", "type", "site", "head", "bare", "segments", "shows", "also")
_HEAD = {3: "HIS", 4: "TOWNSHIP", 5: "QIAO", 6: "C01", 7: "20260301080000", 10: "M1", 11: "P", 12: "2.5.1"}


def read(promise: Json) -> Message:
    """The message of a promise."""
    fields = {**_HEAD, 9: promise["type"]} | {int(field): text for field, text in promise.get("head", {}).items()}
    lines = ["MSH|^~\\&|" + "|".join(fields.get(field, "") for field in range(3, max(fields) + 1))]
    if "bare" not in promise and not any(segment[:3] in ("PID", "MFI") for segment in promise["segments"]):
        lines.append(PID)
    message = parse("\r".join((*lines, *promise["segments"])) + "\r").message
    assert message is not None
    return message


def outcome(promise: Json) -> Json:
    """The promise with all that becomes of its message."""
    message = read(promise)
    done = translate(message, SITES[promise.get("site", "county")])
    assert done.ledger.unaccounted(message) == []
    assert dangling(done) == set()
    if not done.refused:
        assert [issue for one in done.statements for issue in validate(one.resource) if issue.refuses] == []
    seen = {
        **{name: promise[name] for name in _GIVEN if name in promise},
        "becomes": _becomes(promise, done),
        "places": _places(promise, message, done),
        "issues": [" ".join(filter(None, (one.code, one.location, one.expression))) for one in done.issues],
        "unmapped": ["|".join(one.values()) for one in done.unmapped],
        "about": done.patient and f"Patient/{done.patient}",
        "order": done.order_key,
        "gone": [f"Patient/{one.gone} → Patient/{one.kept}" for one in done.merges],
    }
    text = json.dumps({name: one for name, one in seen.items() if one or name in ("type", "shows")}, default=str)
    told: Json = json.loads(_numbered(text, done))
    return told


def _becomes(promise: Json, done: Mapped) -> list[Json]:
    """The resources that the promise shows."""
    shown: dict[str, list[str]] = {}
    for kind, _, element in (name.partition(".") for name in promise["shows"]):
        shown.setdefault(kind, []).append(element)
    found = []
    for one in done.statements:
        kind, elements = one.key[0], shown.get(one.key[0])
        if elements is not None:
            body = {name: value for name, value in one.resource.items() if "" in elements or name in elements}
            deleted = {"deleted": sorted(one.deleted)} if one.deleted else {}
            head = {"as": f"{one.weight.name} {one.owner}", "resourceType": kind, **deleted}
            found.append({**head, **body, "id": one.key[1][:8]})
    return found


def _places(promise: Json, message: Message, done: Mapped) -> dict[str, list[str]]:
    """What the ledger says of the segments, but for MSH, EVN and PID unless the promise is `also` about them."""
    left_out = {"MSH", "EVN", "PID"} - set(promise.get("also", ()))
    found: dict[str, list[str]] = {}
    for where, line in done.ledger.rows(message):
        if where[:3] not in left_out:
            found.setdefault(where, []).append(" ".join((line.outcome, line.path, line.rule)))
    return found


def _numbered(text: str, done: Mapped) -> str:
    """The text with the resources by number."""
    numbers: dict[str, int] = {}
    for kind, identity in (one.key for one in done.statements):
        numbers[kind] = numbers.get(kind, 0) + 1
        text = re.sub(rf"\b{kind}/{re.escape(identity)}", f"{kind}/{numbers[kind]}", text)
    return text


@for_each(PROMISES, lambda row: row[1]["promise"])
def test_every_promise_is_kept(row: tuple[Path, Json]) -> None:
    promise = row[1]
    assert outcome(promise) == promise


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_promises_are_written_in_one_way(file: Path) -> None:
    write = os.environ.get("GOLDEN") == "write"
    found = [outcome(promise) if write else promise for path, promise in PROMISES if path == file]
    text = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in found)
    if write:
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


def test_every_promise_is_made_once() -> None:
    names = [promise["promise"] for _, promise in PROMISES]
    assert sorted({name for name in names if names.count(name) > 1}) == []
