"""Messages that are like others, before anything is changed: where they come from, and who sends them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from random import Random
from typing import NamedTuple

from benchmarks import varied
from mappers.messages.dispatch import TABLE
from mappers.site import Site
from tests.mappers import generated
from tests.mappers.sample import SITE
from tests.mappers.test_promises import PROMISES, SITES, read

HERE = Path(__file__).parent
_LONG = 16
"""Segments of a report that is taken."""


WIRES = ("wire", "wire, GB18030")
"""As it comes over the wire, in UTF-8 or not: read, translated, checked, ready to be stored (`pipeline.prepare`)."""
SENDERS = ("HIS|QHRY", "LIS|JYZX", "PACS|YXZX", "HIS|YXWSY", "HIS|SLWSY", "Analyser|BS-QH1", "NOBODY|X1", "NOBODY|X2")
"""Of the county that comes with the package, and of strangers."""


class Case(NamedTuple):
    """A message and the site that sends it (one of `WIRES`: whom MSH names); `label` says what it was made of."""

    label: str
    text: str
    site: str


def senders() -> Mapping[str, Site]:
    """Sites by name; many differ in a single thing from another one."""
    codes = {("PatientClass[EncounterClass]", "住院"): "OBSENC", ("PatientClass[EncounterClass]", "I"): "EMER"}
    other_types = {**SITE.identifier_types, "MRN": "inpatient-no", "PATIENTNO": "mrn"}
    return {
        **SITES,
        "county, other codes": replace(SITE, codes=codes),
        "county, other numbers": replace(SITE, identifier_types=other_types),
        "county, other house": replace(SITE, institution="C01"),
        "county, other hours": replace(SITE, offset="+00:00"),
        "county, other authorities": replace(SITE, authorities={"COUNTY": "T01", "HIS": "C01", "LAB": "C01"}),
        "stranger": Site("foreign", "F01"),
    }


def busy(chance: Random) -> Sequence[Case]:
    """What a county sends all day; of a report the first results."""
    return [
        Case(f"{one.__name__} {number}", "\r".join(one(number).decode().split("\r")[:_LONG]), "county")
        for one in (varied.admission, varied.report, varied.long_report)
        for number in chance.sample(range(10_000), 5)
    ]


def unsent(seed: int, chance: Random) -> Sequence[Case]:
    kinds = [(code, event) for code, event in TABLE if event != "*"]
    return [
        Case(one.label, one.raw.decode(), chance.choice(("county", "lab", "township", "stranger")))
        for one in generated.messages(kinds, 60, seed)
    ]


@cache
def golden() -> Sequence[Case]:
    return [
        Case(path.parent.name, path.read_text(encoding="utf-8").replace("\n", "\r"), "county")
        for name in ("golden", "every_field")
        for path in sorted((HERE / name).glob("*/message.hl7"))
    ]


@cache
def promised() -> Sequence[Case]:
    return [
        Case(
            f"{file.stem}: {one['promise']}",
            "\r".join(segment.text for segment in read(one).segments),
            one.get("site", "county"),
        )
        for file, one in PROMISES
    ]


def dumped(cases: Sequence[Case]) -> str:
    return json.dumps(cases, ensure_ascii=False)


def loaded(text: str) -> list[Case]:
    return [Case(*one) for one in json.loads(text)]
