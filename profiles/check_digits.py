"""Codes whose form tells whether they can be codes at all: SNOMED CT identifiers and LOINC codes end in a check digit.

Law: a wrong form is wrong for certain; a right one says nothing about whether the code exists.
Sources: SNOMED CT Release File Specification 6 (SCTID: partition, Verhoeff's check digit), http://hl7.org/fhir/R4/snomedct.html
(a concept identifier or an expression), LOINC Users' Guide, appendix on check digits (modulus 10).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from profiles.systems import LOINC, SNOMED_CT

# Verhoeff: multiplication in the dihedral group D5, and the permutation applied once more at each place.
_TIMES = (
    "0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
    "5987604321", "6598710432", "7659821043", "8765932104", "9876543210",
)  # fmt: skip
_PLACES = (
    "0123456789", "1576283094", "5803796142", "8916043527", "9453126870", "4286573901", "2793806415", "7046913258",
)  # fmt: skip
_IDENTIFIER = re.compile(r"[1-9][0-9]{5,17}", re.ASCII)
_EXPRESSION = re.compile(r"[:+={}|(]")
_CONCEPTS = frozenset({"00", "10"})
_LOINC = re.compile(r"(?P<other>LA|LG|LL|LP)?([0-9]{1,8})-([0-9])", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,10}", re.ASCII)


def is_snomed_code(code: str) -> bool:
    """Whether this can be a SNOMED CT concept identifier, or is an expression (which is not looked into)."""
    if _EXPRESSION.search(code):
        return True
    return _IDENTIFIER.fullmatch(code) is not None and code[-3:-1] in _CONCEPTS and _verhoeff(code) == "0"


def _verhoeff(digits: str) -> str:
    check = "0"
    for place, digit in enumerate(reversed(digits)):
        check = _TIMES[int(check)][int(_PLACES[place % 8][int(digit)])]
    return check


def is_loinc_code(code: str) -> bool:
    """Whether this can be a LOINC code, or the identifier of a part, answer, list or group (digit not checked)."""
    match = _LOINC.fullmatch(code)
    return match is not None and (match["other"] is not None or _modulus_10(match[2]) == int(match[3]))


def _modulus_10(digits: str) -> int:
    """Every other digit, the last one first, is doubled; what the sum of all digits lacks to the next ten."""
    products = [int(digit) * (2 - place % 2) for place, digit in enumerate(reversed(digits))]
    return -sum(product // 10 + product % 10 for product in products) % 10


FORMS: Mapping[str, Callable[[str], bool]] = MappingProxyType(
    {
        SNOMED_CT: is_snomed_code,
        LOINC: is_loinc_code,
        "http://www.nlm.nih.gov/research/umls/rxnorm": lambda code: _NUMBER.fullmatch(code) is not None,
    }
)
"""By code system: whether a code has the form of one of it."""
