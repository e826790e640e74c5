"""v2 -> FHIR -> v2: what the way in stored comes back, of our golden messages and of messages nobody here wrote."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from adapters.er7 import parse
from mappers import Message, Site, map_message
from mappers.outbound import Envelope, Receiver, Rendered, focus_of, kinds, of_bundle, render
from mappers.outbound.comparison import Told, compare, summary
from mappers.outbound.engine import gaps, left_out, plans
from mappers.rows import maps
from mappers.site import Context
from tests.mappers.sample import SITE
from tests.mappers.test_corpus_translation import texts

GOLDEN = [
    path
    for path in sorted((Path(__file__).parent / "golden").glob("*/message.hl7"))
    if path.read_text(encoding="utf-8").split("|")[8].partition("^")[0] in kinds()
]


def there_and_back(message: Message, site: Site, version: str = "2.5.1") -> list[Told]:
    """The fates of the values of one message; none when it was refused on the way in."""
    context = Context(site, "2026-03-01T08:00:01+08:00", f"urn:qiao:message:{site.code}:{message.control_id}")
    mapped = map_message(message, context)
    if mapped.refused or not mapped.statements:
        return []
    if message.code == "ADT" and len(message.all("PID")) != 1:
        return []  # one message goes out for one patient
    if message.code == "ORM" and all(one.key[0] != "ServiceRequest" for one in mapped.statements):
        return []  # an order for medicine is read, not sent
    pool = of_bundle(mapped.bundle)
    envelope = Envelope(f"{message.code}^{message.event}", message.control_id, mapped.event_time)
    made = render(focus_of(message.code, message.event, pool), pool, Receiver(site, version), envelope)
    assert isinstance(made, Rendered)
    after = parse(made.text).message
    assert after is not None
    return list(compare(message, mapped, after, map_message(after, context)))


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.parent.name)
def test_a_golden_message_comes_back(path: Path) -> None:
    message = parse(path.read_text(encoding="utf-8").replace("\n", "\r")).message
    assert message is not None
    told = there_and_back(message, SITE)
    lost = [one.location for one in told if one.fate == "lost"]
    assert len(lost) <= KNOWN.get(path.parent.name, 0), lost


KNOWN = {
    "adt_a13_cancel_discharge": 1,  # PV1-45 of a cancelled discharge is no end of the visit
    "rri_i12_rejected": 2,  # MSA names the message that an answer answers
    "oml_o21_lab_order": 1,  # DG1-6 of an order has no diagnosis of a visit to stand in
}


@pytest.mark.shared
def test_ninety_nine_of_a_hundred_values_of_the_corpus_come_back() -> None:
    fates: dict[str, Counter[str]] = {}
    told: list[Told] = []
    for text, site in texts():
        message = parse(text).message
        if message is None or message.code not in kinds():
            continue
        found = there_and_back(message, site)
        told += found
        fates.setdefault(message.code, Counter()).update(one.fate for one in found)
    lost = {field: count for (field, fate), count in summary(told).items() if fate == "lost"}
    for code in ("ADT", "ORU"):
        counted = sum(fates[code].values()) - fates[code]["beyond"]
        assert fates[code]["lost"] <= counted * 0.005, (code, fates[code], lost)
    counted = sum(sum(one.values()) - one["beyond"] for one in fates.values())
    assert sum(one["lost"] for one in fates.values()) <= counted * 0.01, lost
    for code, one in fates.items():
        assert one["lost"] <= 0.04 * sum(one.values()), (code, one, lost)


def test_every_row_of_every_map_is_read_backwards_or_left_out_with_a_reason() -> None:
    assert gaps() == {}
    known = {row.id for rows in maps().values() for row in rows}
    assert set(left_out()) <= known
    assert set(maps()) <= set(plans())
