"""The files of a set of reports: one HTML and one JSON for each institution, `index` for the consortium."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from conformance.document import as_bytes
from conformance.render import Language, page
from conformance.report import Report


@dataclass(frozen=True, slots=True)
class Written:
    institution: str
    html: Path
    json: Path


def write(reports: Sequence[Report], folder: Path, language: Language = "zh") -> tuple[Written, ...]:
    """Writes into the folder, making it, and replacing what it holds under the same names."""
    folder.mkdir(parents=True, exist_ok=True)
    links = tuple(one.institution.code for one in reports if not one.whole)
    return tuple(_write(one, folder, language, links) for one in reports)


def _write(report: Report, folder: Path, language: Language, links: Sequence[str]) -> Written:
    # A code is a name from the site files, but it becomes a file name here: nothing of it may lead out of the folder.
    name = "index" if report.whole else quote(report.institution.code, safe="")
    html, json = folder / f"{name}.html", folder / f"{name}.json"
    html.write_text(page(report, language, links), encoding="utf-8", newline="\n")
    json.write_bytes(as_bytes(report))
    return Written(report.institution.code, html, json)
