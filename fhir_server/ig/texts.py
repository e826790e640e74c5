"""The words of the pages in Chinese and English, from `texts.csv` (columns key, zh, en)."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from fhir_server.ig.guide import Language


@cache
def texts(language: Language) -> Mapping[str, str]:
    """The words of one language by key."""
    with (Path(__file__).parent / "texts.csv").open(encoding="utf-8", newline="") as table:
        return MappingProxyType({row["key"]: row[language] for row in csv.DictReader(table)})
