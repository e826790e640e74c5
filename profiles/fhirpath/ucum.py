"""UCUM: what a unit is made of, and how much of it.

Law: a unit is a factor and exponents of base dimensions; two units convert when their dimensions agree. A code that is
no UCUM unit converts to nothing. Celsius and Fahrenheit convert when they stand alone. Arbitrary and logarithmic units
(`[iU]`, `[pH]`, `B`) only convert to themselves.
Source: https://ucum.org/ucum (The Unified Code for Units of Measure); the facts of `ucum.csv` are from its tables.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from csv import DictReader
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache, lru_cache
from importlib.resources import files

MAX_LENGTH = 250
_MAX_EXPONENT = 40
_MAX_NESTING = 10
_BASES = ("m", "s", "g", "rad", "K", "C", "cd")
_PREFIXES: Mapping[str, Fraction] = {
    **{
        prefix: Fraction(10) ** exponent
        for prefix, exponent in (
            ("Y", 24), ("Z", 21), ("E", 18), ("P", 15), ("T", 12), ("G", 9), ("M", 6), ("k", 3), ("h", 2), ("da", 1),
            ("d", -1), ("c", -2), ("m", -3), ("u", -6), ("n", -9), ("p", -12), ("f", -15), ("a", -18), ("z", -21),
            ("y", -24),
        )
    },
    **{prefix: Fraction(1024) ** power for power, prefix in enumerate(("Ki", "Mi", "Gi", "Ti"), 1)},
}  # fmt: skip
# Temperature scales: kelvins for one degree, and the kelvins at zero.
_SCALES: Mapping[str, tuple[Fraction, Fraction]] = {
    "Cel": (Fraction(1), Fraction("273.15")),
    "[degF]": (Fraction(5, 9), Fraction("459.67") * Fraction(5, 9)),
    "[degRe]": (Fraction(5, 4), Fraction("273.15")),
}
_COMPONENT = re.compile(
    r"""(?P<open>\()
      | (?P<annotation>\{[^{}]*\})
      | (?P<ten>10[*^])(?P<power>[+-]?\d+)?
      | (?P<factor>\d+)(?![*^])
      | (?P<atom>(?:\[[^\[\]]*\]|[^\[\](){}./\d+\-]|(?<=_)\d)+(?:\[[^\[\]]*\])?)(?P<exponent>[+-]?\d+)?""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Unit:
    """`factor` base units, whose exponents stand in `dimensions`, sorted."""

    factor: Fraction
    dimensions: tuple[tuple[str, int], ...]


_ONE = Unit(Fraction(1), ())


class _NoUnit(Exception):
    """The text is no UCUM unit; `place` is where it ceases to be one."""

    def __init__(self, place: int = 0) -> None:
        super().__init__(place)
        self.place = place


def convert(value: Decimal, source: str, target: str) -> Decimal | None:
    """The value in another unit; None where a unit is unknown or they do not convert."""
    mine, yours = parse(source), parse(target)
    if mine is None or yours is None or mine.dimensions != yours.dimensions:
        return None
    canonical = _canonical(value, source, mine)
    if target in _SCALES:
        step, zero = _SCALES[target]
        return _decimal((canonical - zero) / step)
    return _decimal(canonical / yours.factor)


def converted(left: Decimal, left_code: str, right: Decimal, right_code: str) -> tuple[Decimal, Decimal] | None:
    """Both values in base units, None where the units do not convert."""
    mine, yours = parse(left_code), parse(right_code)
    if mine is None or yours is None or mine.dimensions != yours.dimensions:
        return None
    return _decimal(_canonical(left, left_code, mine)), _decimal(_canonical(right, right_code, yours))


def canonical(value: Decimal, code: str) -> tuple[Fraction, tuple[tuple[str, int], ...]] | None:
    """The value in base units and what these are; None where the code is no unit."""
    unit = parse(code)
    return None if unit is None else (_canonical(value, code, unit), unit.dimensions)


def _canonical(value: Decimal, code: str, unit: Unit) -> Fraction:
    if abs(value.adjusted()) > 400:
        raise OverflowError
    number = Fraction(value)
    if code in _SCALES:
        step, zero = _SCALES[code]
        return number * step + zero
    return number * unit.factor


def _decimal(value: Fraction) -> Decimal:
    return Decimal(value.numerator) / Decimal(value.denominator)


# ------------------------------------------------------------------------------------------------------- reading


def parse(code: str) -> Unit | None:
    """The unit that a UCUM code (case sensitive) stands for; None for what is none."""
    if not 0 < len(code) <= MAX_LENGTH or not code.isascii():
        return None
    found = _read(code)
    return found if isinstance(found, Unit) else None


def fault(code: str) -> int | None:
    """At which character (from 1) a text ceases to be a UCUM code; None for a good one."""
    if not 0 < len(code) <= MAX_LENGTH or not code.isascii():
        return next((place for place, each in enumerate(code, 1) if not each.isascii()), 1)
    found = _read(code)
    return None if isinstance(found, Unit) else found + 1


@lru_cache(maxsize=2048)
def _read(code: str) -> Unit | int:
    """The unit, or the place where the text ceases to be one."""
    space = _SPACE.search(code)
    if space is not None:
        return space.start()
    try:
        unit, end = _term(code, 0, 0)
    except _NoUnit as none:
        return none.place
    return unit if end == len(code) else end


def _term(code: str, place: int, nesting: int) -> tuple[Unit, int]:
    """Components from left to right: `/` divides by the next one only."""
    if nesting > _MAX_NESTING:
        raise _NoUnit(place)
    total, operator = _ONE, "."
    if code.startswith("/", place):
        operator, place = "/", place + 1
    while True:
        unit, place = _component(code, place, nesting)
        total = _times(total, unit, 1 if operator == "." else -1)
        if place == len(code) or code[place] == ")":
            return total, place
        operator, place = code[place], place + 1
        if operator not in "./":
            raise _NoUnit(place - 1)


def _component(code: str, place: int, nesting: int) -> tuple[Unit, int]:
    match = _COMPONENT.match(code, place)
    if match is None:
        raise _NoUnit(place)
    end = match.end()
    if match["open"]:
        unit, end = _term(code, end, nesting + 1)
        if not code.startswith(")", end):
            raise _NoUnit(end)
        annotation = _ANNOTATION.match(code, end + 1)  # in no grammar, but in the lists of FHIR: `U/(10.g){feces}`
        return unit, end + 1 if annotation is None else annotation.end()
    if match["annotation"]:
        return _ONE, end
    if match["factor"]:
        unit = Unit(Fraction(int(match["factor"]) or 1), ())
    else:
        exponent = int(match["power"] or match["exponent"] or 1)
        if abs(exponent) > _MAX_EXPONENT:
            raise _NoUnit(place)
        unit = _times(_ONE, _ONE_TEN if match["ten"] else _known(match["atom"], place), exponent)
    annotation = _ANNOTATION.match(code, end)
    return unit, end if annotation is None else annotation.end()


def _known(atom: str, place: int) -> Unit:
    try:
        return _atom(atom)
    except _NoUnit:
        raise _NoUnit(place) from None


_ONE_TEN = Unit(Fraction(10), ())
_ANNOTATION = re.compile(r"\{[^{}]*\}")
_SPACE = re.compile(r"\s(?![^{}]*\})")


def _times(left: Unit, right: Unit, exponent: int) -> Unit:
    dimensions = dict(left.dimensions)
    for base, power in right.dimensions:
        dimensions[base] = dimensions.get(base, 0) + power * exponent
    factor = left.factor * right.factor**exponent
    if factor.numerator.bit_length() + factor.denominator.bit_length() > 8000:
        raise _NoUnit
    return Unit(factor, tuple(sorted(item for item in dimensions.items() if item[1])))


@cache
def _table() -> Mapping[str, tuple[bool, Fraction, str]]:
    """Code → (takes prefixes, how many, of what)."""
    with files("profiles.fhirpath").joinpath("ucum.csv").open(encoding="utf-8") as lines:
        return {row["code"]: (row["metric"] == "yes", Fraction(row["value"]), row["unit"]) for row in DictReader(lines)}


@lru_cache(maxsize=2048)
def _atom(code: str) -> Unit:
    """A unit symbol, with or without a prefix."""
    found = _symbol(code)
    if found is not None:
        return found[1]
    for length in (1, 2):
        factor, rest = _PREFIXES.get(code[:length]), code[length:]
        known = _symbol(rest) if factor is not None and rest else None
        if factor is not None and known is not None and known[0]:
            return Unit(factor * known[1].factor, known[1].dimensions)
    raise _NoUnit


def _symbol(code: str) -> tuple[bool, Unit] | None:
    """Whether it takes prefixes, and what it is; None for an unknown symbol."""
    if code in _BASES:
        return True, Unit(Fraction(1), ((code, 1),))
    if code in _SCALES:
        return code == "Cel", Unit(_SCALES[code][0], (("K", 1),))
    row = _table().get(code)
    if row is None:
        return None
    metric, value, of = row
    if of == code:  # a dimension of its own
        return metric, Unit(Fraction(1), ((code, 1),))
    unit = parse(of)
    assert unit is not None, code
    return metric, Unit(value * unit.factor, unit.dimensions)
