"""OBX-8 -> Observation.interpretation: the site's own flags, HL7 table 0078, arrows; an unknown flag is never normal.

What is unknown is kept as it came (`interpretation.text`), said with `flag-unknown`, and put on the work list. A site
may map a flag to `error`: then the instrument itself disowns the result, and it is not final.
Source: HL7 v2.5.1 7.4.2.8 and table 0078; V2-to-FHIR InterpretationCodes.
"""

from __future__ import annotations

import csv
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from mappers.codes import table
from mappers.draft import Draft, Sheet
from mappers.message import NULL, Leaf, Segment

SYSTEM = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
CRITICAL = frozenset({"HH", "LL", "AA"})
ERROR = "error"
_NEW = tuple.__new__
"""Makes a `Leaf` in half the time its own constructor takes."""
_RULE = "OBX[Observation]#OBX-8"


class Flags(NamedTuple):
    """The codes of table 0078 that the flags mean; `error` stands for a result that its sender disowns."""

    codes: tuple[str, ...]

    @property
    def critical(self) -> bool:
        return not CRITICAL.isdisjoint(self.codes)

    @property
    def error(self) -> bool:
        return ERROR in self.codes


NONE = Flags(())


@cache
def _written() -> dict[str, str]:
    with (Path(__file__).parent.parent / "tables" / "flags.csv").open(encoding="utf-8", newline="") as file:
        return {row["code"]: row["target"] for row in csv.DictReader(file)}


def meaning(flag: str, draft: Draft) -> str | None:
    """The code of table 0078 (or `error`) that a flag means at this site, `None` when nobody knows."""
    own = draft.site.codes.get(("abnormal-flag", flag))
    if own is not None:
        return own
    known = table("InterpretationCodes").codes.get(flag)
    if known is not None and known.code:
        return known.code
    return _written().get(flag)


@lru_cache(maxsize=512)
def _coding(code: str) -> tuple[str, str] | None:
    """System and display of a code of table 0078."""
    known = table("InterpretationCodes").targets.get(code)
    return None if known is None else (known.system or SYSTEM, known.display)


def _concept(code: str, flag: str) -> dict[str, Any]:
    known = _coding(code)
    if known is None:
        return {"text": flag}
    coding = {"system": known[0], "code": code, "display": known[1]}
    return {"coding": [coding]} if flag == code else {"coding": [coding], "text": flag}


def interpret(obx: Segment, sheet: Sheet, draft: Draft, inside: str) -> Flags:
    """Writes the interpretation of OBX-8, or of the flag that stood inside the value when OBX-8 is empty."""
    if not obx.raw(8) and not inside:
        return NONE
    raw = obx.raw(8)
    flags = [(1, raw)] if raw.isalnum() else [(one.repetition, (one.get(1) or "").strip()) for one in obx.values(8)]
    found: list[str] = []
    for repetition, flag in flags:
        if not flag or flag == NULL:
            continue
        leaf = _NEW(Leaf, (obx.position, 8, repetition, 1, 1))
        code = meaning(flag, draft)
        array = sheet.body.setdefault("interpretation", [])
        place = f"{sheet.ref}#interpretation[{len(array)}]"
        if code is None:
            array.append({"text": flag})
            draft.issue("flag-unknown", leaf)
            draft.unmapped("abnormal-flag", flag, "", leaf)
            draft.ledger.note(leaf, "stored", f"{place}.text", _RULE)
            continue
        if code == ERROR:
            draft.issue("flag-error", leaf)
        found.append(code)
        array.append(_concept(code, flag))
        draft.ledger.note(leaf, "coded", place, _RULE)
    if not flags and inside:
        code = meaning(inside, draft)
        if code is not None:
            found.append(code)
            sheet.body["interpretation"] = [_concept(code, inside)]
    return Flags(tuple(found)) if found else NONE
