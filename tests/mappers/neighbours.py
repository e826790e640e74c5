"""Families of messages that are alike: what a translator would mistake for another if it remembered too little.

A family is a message as it stands in our tests and benchmarks, and its neighbours: each differs from one of the family
in one or two ways (`WAYS`): another value of the same form, a value left out or `""`, a repetition, the value that
another message has in that field, the same number under another name, other delimiters, another sender, another
patient. The same seed makes the same families.
"""

from __future__ import annotations

import re
from itertools import product
from random import Random

from tests.mappers.neighbour_sources import SENDERS, WIRES, Case, busy, golden, promised, senders, unsent
from tests.mappers.neighbour_ways import WAYS
from tests.mappers.sample import line as segment


def families(seed: int, count: int, size: int) -> list[list[Case]]:
    """`count` families of `size` messages; the first of each is as it was found. Seed 0 takes those that stand in tests
    and benchmarks, every other one those that nobody sent, too (`tests.mappers.generated`: slow to load)."""
    chance = Random(f"families {seed}")
    pools = [busy(chance), golden(), promised(), promised(), *([unsent(seed, chance)] if seed else [])]
    firsts = list(dict.fromkeys(chance.choice(pools[number % len(pools)]) for number in range(count)))
    sent = [one if number % 3 else _over_the_wire(one, chance) for number, one in enumerate(firsts)]
    neighbours = [_family(one, size, chance) for one in sent]
    return [*neighbours, *(_crossed(*one) for one in _CROSSED), _field_by_field(), _header_by_header()]


def _over_the_wire(case: Case, chance: Random) -> Case:
    head, *rest = case.text.split("\r")
    if not head.startswith("MSH|"):
        return case
    return case._replace(text="\r".join((_from(head, chance), *rest)), site=chance.choice(WIRES))


def _family(first: Case, size: int, chance: Random) -> list[Case]:
    found = [first, _elsewhere(first, chance)]
    for number in range(2, size):
        made = chance.choice(found)
        ways = []
        for _ in range(chance.choice((1, 1, 1, 2))):
            way = chance.choice(WAYS)
            ways.append(way.__name__.strip("_"))
            made = way(made, chance)
        found.append(made._replace(label=f"{first.label} #{number} {' and '.join(ways)}"))
    return found


def _elsewhere(case: Case, chance: Random) -> Case:
    """The same message of another sender: hardly anything it says is about the same things."""
    label = f"{case.label} elsewhere"
    if case.site not in WIRES:
        sites = [one for one in senders() if one != case.site]
        return case._replace(label=label, site=chance.choice(sites))
    head, *rest = case.text.split("\r")
    return case._replace(label=label, text="\r".join((_from(head, chance), *rest)))


def _from(head: str, chance: Random) -> str:
    """The MSH as another sender writes it."""
    return re.sub(r"^(MSH\|[^|]*)\|[^|]*\|[^|]*", lambda found: f"{found[1]}|{chance.choice(SENDERS)}", head)


_CROSSED = (
    ("ADT^A01", "0001^李^医师", "PV1|1|I|||||{}|{}||||||||||V1"),
    ("ADT^A01", "0401^01^02^C01", "PV1|1|I|{}|||{}|||||||||||||V1"),
    ("ORM^O01", "0003^王^大夫", "ORC|NW|A1||||||||{}||{}", "OBR|1|A1||L01^生化^L"),
    ("ORU^R01", "0002^检验医师", "OBR|1|A1|R1|L01^生化^L||||||||||||{}", "OBX|1|NM|T^体温^L||36|Cel||N|||F|||2026||{}"),
    ("ORU^R01", "L01^生化^L", "OBR|1|A1|R1|{}", "OBX|1|NM|{}||36.5|Cel|36-37|N|||F|||20260301080000"),
)
"""Type, a thing, and segments with two places for it."""


def _crossed(kind: str, thing: str, *segments: str) -> list[Case]:
    """Two fields of one kind, each empty, or with a thing, its number alone, or its number under another name: what a
    message says of a thing in one field is not to be remembered as said by the other."""
    number, _, name = thing.partition("^")
    forms = ("", thing, number, f"{number}^另{name}")
    head = f"MSH|^~\\&|HIS|TOWNSHIP|QIAO|C01|20260301080000||{kind}|M1|P|2.4\rPID|1||100200^^^^MRN||张三||19900101|M\r"
    return [
        Case(f"{kind} {chosen}", head + "\r".join(segments).format(*chosen), "county")
        for chosen in product(forms, repeat=2)
    ]


_RESULT = "OBX|1|NM|T01^体温^L||36.5|Cel|36-37|N|||F|||20260301080000|LAB^检验科^L|0002^医师|M1^法^L"
_MORE = (
    "OBX|7|ST|T02^脉搏^L|1|36|/min|30-40|H|0.1|A|P|20260101|X1|2026030108|ICU^监护^L|0003^主任|M2^法^L|D1^HIS|"
    "20260301090000|BODY^体^L|||中心^^^^^LAB^XX^^^L01|街^^市|0003^主任"
)
"""A result as a laboratory sends it, and what else it could say in each field."""
_ODD = {1: ("12345",), 5: ("007", "1e3", "<5", "3-5", "12."), 6: ("nonsense",), 8: ("Q9", "N~H"), 14: ("2026", "x")}


def _field_by_field() -> list[Case]:
    """The result with one field at a time absent or another; without a state of its own, in reports of several."""
    found = [_reported(_RESULT, "F")]
    for number, other in enumerate(_MORE.split("|")[1:], 1):
        fields = _RESULT.split("|")
        fields += [""] * (number + 1 - len(fields))
        for text in (other, "", '""', *_ODD.get(number, ())) if fields[number] else (other,):
            fields[number] = text
            states = "FPCX" if number == 11 and not text else "F"
            found += [_reported("|".join(fields), state) for state in states]
    return found


_HEAD = "MSH|^~\\&|HIS|TOWNSHIP|QIAO|C01|20260301080000||ADT^A01|M1|P|2.4|||AL|NE|CHN|UNICODE UTF-8|zh^Chinese^ISO639"
_OTHER_HEAD = (
    "MSH||LIS|COUNTY|HIS|T01|20260301090000|key|ADT^A08|M2|T|2.5.1|7|c|NE|AL|USA|ASCII|en|x|P1|X1|Y1|N1|N2|h^h|i"
)


def _header_by_header() -> list[Case]:
    """The header of a message with one field at a time absent or another."""
    found = [_HEAD]
    for number, other in enumerate(_OTHER_HEAD.split("|")[2:], 2):
        for text in dict.fromkeys((other, "")):
            fields = _HEAD.split("|")
            fields += [""] * (number + 1 - len(fields))
            fields[number] = text
            found.append("|".join(fields))
    rest = "EVN|A01|20260301075900\rPID|1||100200^^^^MRN||张三||19900101|M\rPV1|1|T|||||||||||||||||V1"
    return [Case(head, f"{head}\r{rest}", "county") for head in dict.fromkeys(found)]


def _reported(result: str, state: str) -> Case:
    head = "MSH|^~\\&|LIS|LAB|QIAO|C01|20260301080000||ORU^R01|M1|P|2.5.1\rPID|1||100200^^^^MRN||张三||19900101|M"
    report = segment("OBR", {1: "1", 2: "A1", 3: "R1", 4: "L01^生化^L", 25: state})
    return Case(f"{state} {result}", f"{head}\r{report}\r{result}", "county")
