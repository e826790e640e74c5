"""The ways in which a message differs from its neighbour: one or two of them make another message of the family."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from random import Random
from types import MappingProxyType

from mappers.messages.dispatch import TABLE
from tests.mappers.neighbour_sources import SENDERS, WIRES, Case, golden, promised, senders


def places(lines: list[list[str]], kind: str) -> list[tuple[list[str], int]]:
    names = [one.split("-") for one in kind.split()]
    return [(line, int(number)) for line in lines for name, number in names if line[0] == name]


@cache
def _fields() -> Mapping[tuple[str, int], Sequence[str]]:
    """What stands in each field of the messages of the tests."""
    found: dict[tuple[str, int], dict[str, None]] = defaultdict(dict)
    for case in (*golden(), *promised()):
        for line in re.split(r"[\r\n]+", case.text)[1:]:
            name, *fields = line.split("|")
            for number, text in enumerate(fields, 1):
                if text:
                    found[name, number][text] = None
    return MappingProxyType({key: tuple(texts) for key, texts in found.items()})


_LETTERS, _SIGNS = "ABCDEFGHKLMNPRSTUVWXYZ", "王李张刘陈杨赵黄血尿常规内外儿妇科住院门诊"


def _alike(text: str, chance: Random) -> str:
    """A text of the same form: a digit for a digit, a letter for a letter, a sign for a sign."""

    def one(sign: str) -> str:
        if sign.isdigit():
            return str(chance.randrange(10))
        if sign.isascii():
            return chance.choice(_LETTERS if sign.isupper() else _LETTERS.lower()) if sign.isalpha() else sign
        return chance.choice(_SIGNS)

    return "".join(one(sign) if chance.random() < 0.5 else sign for sign in text)


def _in_a_field(change: Callable[[str, Random], str]) -> Callable[[Case, Random], Case]:
    """The way that changes one filled field of one segment after MSH."""

    def changed(case: Case, chance: Random) -> Case:
        lines = case.text.split("\r")
        filled = [
            (at, number)
            for at, line in enumerate(lines)
            if at
            for number, text in enumerate(line.split("|"))
            if number and text
        ]
        if not filled:
            return case
        at, number = chance.choice(filled)
        fields = lines[at].split("|")
        fields[number] = change(fields[number], chance)
        lines[at] = "|".join(fields)
        return case._replace(text="\r".join(lines))

    changed.__name__ = change.__name__
    return changed


def _in_a_component(change: Callable[[str, Random], str]) -> Callable[[str, Random], str]:
    def changed(field: str, chance: Random) -> str:
        parts = re.split(r"([\^~&])", field)
        filled = [at for at, part in enumerate(parts) if part and at % 2 == 0]
        if filled:
            at = chance.choice(filled)
            parts[at] = change(parts[at], chance)
        return "".join(parts)

    changed.__name__ = f"{change.__name__} in a component"
    return changed


def _other_value(text: str, chance: Random) -> str:
    return _alike(text, chance)


def _absent(text: str, chance: Random) -> str:
    return ""


def _null(text: str, chance: Random) -> str:
    return '""'


def _padded(text: str, chance: Random) -> str:
    return chance.choice((f"{text} ", f" {text}"))


def _escaped(text: str, chance: Random) -> str:
    return text + chance.choice(("\\T\\", "\\.br\\", "\\E\\", "\\"))


def _repeated(text: str, chance: Random) -> str:
    return f"{text}~{text}"


def _repeated_otherwise(text: str, chance: Random) -> str:
    first, second = text, _alike(text, chance)
    return chance.choice((f"{first}~{second}", f"{second}~{first}", f"~{first}", f"{first}~"))


def _same_number_other_name(text: str, chance: Random) -> str:
    first, *rest = text.split("^")
    return "^".join((first, *(_alike(one, chance) for one in rest or ("x",))))


def _same_name_other_number(text: str, chance: Random) -> str:
    first, *rest = text.split("^")
    return "^".join((_alike(first, chance), *rest))


def _parts_exchanged(text: str, chance: Random) -> str:
    parts = text.split("^")
    chance.shuffle(parts)
    return "^".join(parts)


def _cut(text: str, chance: Random) -> str:
    parts = text.split("^")
    return "^".join(parts[: chance.randrange(len(parts)) + 1])


def _lengthened(text: str, chance: Random) -> str:
    return f"{text}^{chance.choice(('L', 'LN', 'x', '', 'x&y'))}^{chance.choice(('', 'ISO', 'MRN'))}"


def _borrowed(case: Case, chance: Random) -> Case:
    """A field of one segment as another message has it."""
    lines = case.text.split("\r")
    at = chance.randrange(len(lines))
    fields = lines[at].split("|")
    known = [number for name, number in _fields() if name == fields[0]]
    if not at or not known:
        return case
    number = chance.choice(known)
    fields += [""] * (number + 1 - len(fields))
    fields[number] = chance.choice(_fields()[fields[0], number])
    lines[at] = "|".join(fields)
    return case._replace(text="\r".join(lines))


def _segment_absent(case: Case, chance: Random) -> Case:
    lines = case.text.split("\r")
    if len(lines) > 2:
        del lines[chance.randrange(1, len(lines))]
    return case._replace(text="\r".join(lines))


def _segment_twice(case: Case, chance: Random) -> Case:
    lines = case.text.split("\r")
    lines.insert(chance.randrange(1, len(lines) + 1), chance.choice(lines[1:] or ["NTE|1|L|x"]))
    return case._replace(text="\r".join(lines))


def _segments_exchanged(case: Case, chance: Random) -> Case:
    lines = case.text.split("\r")
    if len(lines) > 2:
        one, other = chance.randrange(1, len(lines)), chance.randrange(1, len(lines))
        lines[one], lines[other] = lines[other], lines[one]
    return case._replace(text="\r".join(lines))


_STATES = {
    ("OBX", 11): "FPCXIRSUWDOBA",
    ("OBR", 25): ("F", "P", "C", "X", "I", "S", "A", "R", "O"),
    ("ORC", 1): ("NW", "SC", "CA", "RE", "XO", "DC", "HD", "OK"),
    ("ORC", 5): ("CM", "IP", "CA", "HD", "ER"),
    ("PV1", 2): ("I", "O", "E", "T", "住院", "P"),
    ("PID", 8): ("M", "F", "男", "U", "9"),
    ("TXA", 17): ("AU", "DI", "LA", "IP"),
    ("OBX", 2): ("NM", "ST", "CWE", "TX", "SN", "DT", "ED"),
}


def _other_state(case: Case, chance: Random) -> Case:
    """A status, a class or a sex that changes what the message means."""
    lines = case.text.split("\r")
    found = [(at, key) for at, line in enumerate(lines) for key in _STATES if line.startswith(f"{key[0]}|")]
    if not found:
        return case
    at, (name, number) = chance.choice(found)
    fields = lines[at].split("|")
    fields += [""] * (number + 1 - len(fields))
    fields[number] = chance.choice(_STATES[name, number])
    lines[at] = "|".join(fields)
    return case._replace(text="\r".join(lines))


_VALUES = (
    "",
    '""',
    "0",
    "5",
    "5.0",
    "-3",
    "+4",
    "007",
    "12.",
    ".5",
    "1e3",
    "<5",
    "3-5",
    "1,5",
    "阴性",
    "6.10 ",
    "5~6",
    "9" * 20,
)
_TIMES = ("", '""', "2026", "20260301", "202603010830", "20260301083015+0000", "20269999", "20260301 08:30", "x")


def _other_results(case: Case, chance: Random) -> Case:
    """Results of the same tests: other values, times and places in the message."""
    lines = [line.split("|") for line in case.text.split("\r")]
    for fields in lines:
        if fields[0] == "OBX" and len(fields) > 5 and chance.random() < 0.7:
            fields[5] = chance.choice((_alike(fields[5], chance), _alike(fields[5], chance), chance.choice(_VALUES)))
            if len(fields) > 14:
                fields[14] = chance.choice((_alike(fields[14], chance), fields[14], chance.choice(_TIMES)))
            fields[1] = chance.choice((fields[1], str(chance.randrange(1, 40)), "12345", "x", ""))
    return case._replace(text="\r".join("|".join(fields) for fields in lines))


_SAME_KIND = (
    "PV1-7 PV1-8 PV1-9 PV1-17 PV1-52 OBR-16 OBR-28 ORC-10 ORC-11 ORC-12 ORC-19 OBX-16 TXA-5 TXA-9 PD1-4 EVN-5 DG1-16",
    "PV1-3 PV1-6 PV1-11 PV1-42 ORC-13",
    "ORC-21 OBX-23 PV1-39 GT1-21 NK1-13 PID-3",
    "OBX-3 OBR-4 OBR-31 OBX-6 OBX-8 OBX-17 DG1-3 AL1-3 PV2-3",
)
"""Fields that speak of the same kind of thing: people, places, houses, codes."""


def _said_again(case: Case, chance: Random) -> Case:
    """What one field says stands in a second one of its kind, too, as it is or a little otherwise."""
    lines = [line.split("|") for line in case.text.split("\r")]
    there = places(lines, chance.choice(_SAME_KIND))
    said = [line[number] for line, number in there if number < len(line) and line[number]]
    if not said:
        return case
    text = chance.choice(said)
    for line, number in chance.sample(there, min(len(there), chance.choice((1, 1, 2)))):
        line += [""] * (number + 1 - len(line))
        change = chance.choice((_other_value, _same_number_other_name, _same_number_other_name, _cut, None, None))
        line[number] = text if change is None else change(text, chance)
    return case._replace(text="\r".join("|".join(line) for line in lines))


def _other_patient(case: Case, chance: Random) -> Case:
    """The same message about somebody else: all of PID in the same form."""
    lines = [
        line[:4] + "|".join(_alike(one, chance) if len(one) > 2 else one for one in line[4:].split("|"))
        if line.startswith("PID|")
        else line
        for line in case.text.split("\r")
    ]
    return case._replace(text="\r".join(lines))


def _other_delimiters(case: Case, chance: Random) -> Case:
    text = case.text
    if not text.startswith("MSH|^~\\&|") or any(sign in text for sign in "$*%!"):
        return case
    return case._replace(text=text.translate(str.maketrans("^~\\&", chance.choice(("$*%!", "~^\\&", "^~%&", "&~\\^")))))


def _other_header(case: Case, chance: Random) -> Case:
    """Who sends it to whom, when, under which number, in which version, as which event."""
    head, *rest = case.text.split("\r")
    fields = head.split("|")
    fields += [""] * (20 - len(fields))
    match chance.choice(("sender", "receiver", "time", "number", "version", "event", "country", "language")):
        case "sender":
            fields[2] = chance.choice((fields[2], _alike(fields[2], chance)))
            fields[3] = chance.choice(("TOWNSHIP", "COUNTY", "HOSPITAL", "LAB", "X1", ""))
            if case.site in WIRES:
                fields[2:4] = chance.choice(SENDERS).split("|")
        case "receiver":
            fields[4], fields[5] = chance.choice(("QIAO", "HIS", "")), chance.choice(("C01", "TOWNSHIP", ""))
        case "time":
            fields[6] = _alike(fields[6], chance)
        case "number":
            fields[9] = _alike(fields[9] or "M1", chance)
        case "version":
            fields[11] = chance.choice(("2.3", "2.4", "2.5.1", "2.8"))
        case "event":
            code, *more = fields[8].split("^")
            events = [event for known, event in TABLE if known == code and event != "*"]
            fields[8] = "^".join((code, chance.choice(events), *more[1:])) if events else fields[8]
        case "country":
            fields[16] = chance.choice(("CHN", "USA", "CN", ""))
        case "language":
            fields[18] = chance.choice(("zh^Chinese^ISO639", "en", ""))
    return case._replace(text="\r".join(("|".join(fields).rstrip("|"), *rest)))


def _other_site(case: Case, chance: Random) -> Case:
    return case._replace(site=chance.choice(WIRES if case.site in WIRES else sorted(senders())))


WAYS: tuple[Callable[[Case, Random], Case], ...] = (
    *map(_in_a_field, (_absent, _null, _padded, _repeated, _repeated_otherwise, _cut, _lengthened, _parts_exchanged)),
    *map(_in_a_field, (_same_number_other_name, _same_name_other_number)),
    *(_in_a_field(_in_a_component(one)) for one in (_other_value, _other_value, _absent, _null, _padded, _escaped)),
    *(
        _said_again,
        _said_again,
        _said_again,
        _borrowed,
        _borrowed,
        _segment_absent,
        _segment_twice,
        _segments_exchanged,
        _other_state,
        _other_state,
    ),
    *(_other_patient, _other_patient, _other_delimiters, _other_header, _other_header, _other_site, _other_site),
)
