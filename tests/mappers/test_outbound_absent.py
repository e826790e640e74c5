"""Any element may be absent: without it the message is still made, and says nothing that nobody said."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mappers.outbound import Envelope, Pool, Receiver, Rendered, Unfit, focus_of, render
from tests.mappers.sample import SITE
from tests.mappers.test_outbound_messages import bundle, typed

HERE = Path(__file__).parent
FOLDERS = (
    *("every_field/adt_a01_everything", "every_field/mdm_t10_replacement", "every_field/omg_o19_verified_order"),
    *("every_field/oru_r01_every_kind_of_value", "every_field/ref_i12_with_findings", "golden/adt_a40_merge"),
    *("every_field/siu_s13_rescheduled", "golden/oml_o21_lab_order", "golden/rri_i12_rejected"),
)
OURS = frozenset({"UP", "OK", "SN", "CWE", "SCT", "octet-stream", "ROL", "GT1", "PD1"})
"""What the way out says by itself: segments, types of values, actions, codes."""
MADE = re.compile(r"HL7\d{4}|\d+|[\d.]+-[\d.]+")
"""Names of tables, set ids, a range of its two bounds."""
ABOUT = frozenset({"Appointment", "DiagnosticReport", "DocumentReference", "Patient", "ServiceRequest"})
"""What messages are about: without it there is none."""
Way = tuple[str, ...]


def elements(node: Any, way: Way = ()) -> Iterator[Way]:
    """The paths of a resource, without the places in lists."""
    if isinstance(node, list):
        for one in node:
            yield from elements(one, way)
    elif isinstance(node, dict):
        for name, child in node.items():
            if way or name not in ("resourceType", "id"):
                yield (*way, name)
                yield from elements(child, (*way, name))


def without(node: Any, way: Way) -> Any:
    """The resource without all that stands at the path."""
    if isinstance(node, list):
        return [without(one, way) for one in node]
    if not isinstance(node, dict) or way[0] not in node:
        return node
    if len(way) == 1:
        return {name: child for name, child in node.items() if name != way[0]}
    return {**node, way[0]: without(node[way[0]], way[1:])}


def made(resources: list[dict[str, Any]], kind: str) -> Rendered | Unfit:
    pool = Pool(resources)
    code, _, event = kind.partition("^")
    return render(
        focus_of(code, event, pool), pool, Receiver(SITE, "2.5.1"), Envelope(kind, "M1", "2026-03-01T10:00:00+08:00")
    )


def words(text: str) -> set[str]:
    return set(re.split(r"[|^~&\r]", text))


@pytest.mark.parametrize("folder", FOLDERS)
def test_without_any_one_element_nothing_is_invented(folder: str) -> None:
    resources = [entry["resource"] for entry in bundle(HERE / folder / "bundle.json")["entry"]]
    kind = typed(HERE / folder / "message.hl7")
    whole = made(resources, kind)
    assert isinstance(whole, Rendered)
    said = json.dumps(resources, ensure_ascii=False, default=str)
    known = words(whole.text) | OURS | set(SITE.identifier_types)
    ways = {(one["resourceType"], way) for one in resources for way in elements(one) if way[-1] != "url"}
    for type_, way in sorted(ways):
        found = made([without(one, way) if one["resourceType"] == type_ else one for one in resources], kind)
        if isinstance(found, Unfit):
            assert found.missing in ABOUT, (type_, way)
            continue
        new = words(found.text) - known
        assert {one for one in new if one not in said and not MADE.fullmatch(one)} == set(), (type_, way)
