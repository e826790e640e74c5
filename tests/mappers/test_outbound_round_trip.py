"""v2 -> FHIR -> v2: what the way in stored comes back, of our golden messages and of messages nobody here wrote.

Of the public corpus at least 995 of 1,000 values of each kind of message come back (kinds with few values: all but one
or two). Generated messages are filled by chance, with doctors who share a number and codes of two letters that stand
everywhere; their floors are lower, and what is lost there is named below.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from adapters.er7 import parse
from mappers import Message, Site, map_message
from mappers.outbound import Envelope, Receiver, Rendered, focus_of, kinds, of_bundle, render
from mappers.outbound.comparison import FOREIGN, Told, compare, summary
from mappers.outbound.engine import gaps, left_out, plans
from mappers.rows import maps
from mappers.site import Context
from tests.mappers.generated import messages
from tests.mappers.sample import SITE
from tests.mappers.test_corpus_translation import texts

GOLDEN = [
    path
    for name in ("golden", "every_field")
    for path in sorted((Path(__file__).parent / name).glob("*/message.hl7"))
    if path.read_text(encoding="utf-8").split("|")[8].partition("^")[0] in kinds()
]
ELSEWHERE = Site("foreign", "F01")


def there_and_back(message: Message, site: Site, version: str = "2.5.1") -> list[Told]:
    """The fates of the values of one message; none when it was refused on the way in, or is about several patients,
    for one message goes out for one patient."""
    context = Context(site, "2026-03-01T08:00:01+08:00", f"urn:qiao:message:{site.code}:{message.control_id}")
    mapped = map_message(message, context)
    if mapped.refused or not mapped.statements:
        return []
    if message.code != "ORU" and len(message.all("PID")) != 1:
        return []
    pool = of_bundle(mapped.bundle)
    focus = focus_of(message.code, message.event, pool)
    if not focus:
        return []  # an order for medicine, an answer about nobody: read, not sent
    envelope = Envelope(f"{message.code}^{message.event}", message.control_id, mapped.event_time)
    made = render(focus, pool, Receiver(site, version), envelope)
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
    "adt_a01_everything": 3,  # a ROL that names nobody: ROL-4 is required
    "omg_o19_verified_order": 1,  # the unit of a result that is a text
    "ref_i12_with_findings": 1,  # RF1-7 beside another time in RF1-9
}
"""By folder, how many values are lost, and why."""


class Tally:
    """Fates by kind of message."""

    def __init__(self, found: Iterable[tuple[str, list[Told]]]) -> None:
        self.fates: dict[str, Counter[str]] = {}
        self.lost: dict[str, Counter[str]] = {}
        for code, told in found:
            self.fates.setdefault(code, Counter()).update(one.fate for one in told)
            counts = summary(told)
            losses = {field: count for (field, fate), count in counts.items() if fate == "lost"}
            self.lost.setdefault(code, Counter()).update(losses)

    def share(self, code: str) -> float:
        """What is lost of what the way out has a part in."""
        fates = self.fates[code]
        counted = sum(count for fate, count in fates.items() if fate not in FOREIGN)
        return fates["lost"] / max(counted, 1)


def corpus() -> Iterator[tuple[str, list[Told]]]:
    for text, site in texts():
        message = parse(text).message
        if message is not None and message.code in kinds():
            yield message.code, there_and_back(message, site)


FEW = {"SIU": 2}
"""Kinds with fewer than 400 values in the corpus, and what is lost of them: MSH-9.3 of a sender who names a structure
that is none, and the coding system beside a code that our table translates."""


@pytest.mark.shared
def test_995_of_1000_values_of_each_kind_in_the_corpus_come_back() -> None:
    tally = Tally(corpus())
    assert {"ADT", "MDM", "OML", "ORM", "ORU", "SIU"} <= set(tally.fates)
    for code, lost in tally.lost.items():
        assert tally.share(code) <= 0.005 or lost.total() <= FEW.get(code, 0), (code, lost)


FLOORS = {
    "ADT": 0.992,
    "MDM": 0.99,
    "OMG": 0.97,
    "OMI": 0.985,
    "OML": 0.98,
    "ORG": 0.975,
    "ORL": 0.985,
    "ORM": 0.99,
    "ORR": 0.98,
    "ORU": 0.97,
    "REF": 0.985,
    "RRI": 0.992,
    "SIU": 0.99,
}
"""What stays away: doctors of one number under two names, of whom a Reference tells the first (ORC-10 to 12, OBX-16);
a second requester (ORC-12 repeats, `requester` does not); an NDL written as one person (OBR-32 to 35); texts of one or
two letters found elsewhere; OBX-2 without a value; OBX-11 `A`, which v2.5.1 has not; a guarantor without an account."""
EVENTS = {
    "ADT": [f"A{number:02}" for number in range(1, 63)],
    "MDM": ["T01", "T02", "T10", "T11"],
    "SIU": ["S12", "S13", "S15", "S26"],
    "ORM": ["O01"],
    "OMG": ["O19"],
    "OMI": ["O23"],
    "OML": ["O21", "O33", "O35"],
    "ORG": ["O20"],
    "ORL": ["O22"],
    "ORR": ["O02"],
    "ORU": ["R01"],
    "REF": ["I12", "I13", "I14"],
    "RRI": ["I12", "I13", "I14"],
}


@pytest.mark.parametrize("code", FLOORS)
def test_messages_filled_by_chance_come_back(code: str) -> None:
    made = messages([(code, event) for event in EVENTS[code]], 100 if code == "ADT" else 40, 3)
    read = (parse(one.raw.decode("utf-8", "replace")).message for one in made)
    tally = Tally((code, there_and_back(one, ELSEWHERE)) for one in read if one is not None)
    assert 1 - tally.share(code) >= FLOORS[code], tally.lost[code]


def test_every_row_of_every_map_is_read_backwards_or_left_out_with_a_reason() -> None:
    assert gaps() == {}
    known = {row.id for rows in maps().values() for row in rows}
    assert set(left_out()) <= known
    assert set(maps()) <= set(plans())
