"""A report as one HTML file that needs nothing else: no network, no script, no font; two languages, one shown.

The language switch is a pair of radio buttons and the style sheet. Everything a sender wrote is escaped by the template
engine, and the content security policy of the page allows nothing but the style sheet it carries.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from conformance import chart, labels
from conformance.count import Count, Text
from conformance.report import Indicator, Report, Section
from conformance.sections import Shown

Language = Literal["zh", "en"]
_TEMPLATES = Path(__file__).parent / "templates"


def page(report: Report, language: Language = "zh", links: Iterable[str] = ()) -> str:
    """The report as HTML. `links` are the codes of the institutions that have a page of their own beside this one."""
    style = _style()
    return (
        _environment()
        .get_template("report.html")
        .render(
            report=report,
            language=language,
            links=frozenset(links),
            style=Markup(style),  # noqa: S704 - our own file, and it must reach the browser as it was hashed
            policy=f"default-src 'none'; style-src 'sha256-{_digest(style)}'; base-uri 'none'; form-action 'none'",
            figures=_figures(report),
            groups=_groups(report),
        )
    )


@dataclass(frozen=True, slots=True)
class Block:
    """One tally as it is drawn: `rows` are its parts with the pieces of their bars, `coded` shows the keys as well."""

    count: Count
    keys: tuple[chart.Key, ...]
    rows: tuple[tuple[Count, tuple[chart.Piece, ...]], ...]
    coded: bool
    rate: str


@dataclass(frozen=True, slots=True)
class Figure:
    section: Section
    blocks: tuple[Block, ...]


def _figures(report: Report) -> tuple[Figure, ...]:
    return tuple(Figure(section, _blocks(section)) for section in report.sections)


def _blocks(section: Section) -> tuple[Block, ...]:
    """The tallies of a section; those without anything are left out, save the first and those that matter as zero."""
    pairs = tuple(zip(section.counts, section.shown, strict=True))
    drawn = [(count, shown) for count, shown in pairs if count.number or shown.always] or list(pairs[:1])
    return tuple(_block(count, shown) for count, shown in drawn)


def _block(count: Count, shown: Shown) -> Block:
    keys = chart.legend(count, shown.levels[1]) if shown.chart == "stacked" else ()
    bars = chart.stacked(count, keys) if keys else chart.plain(count)
    return Block(count, keys, tuple(zip(count.parts, bars, strict=True)), shown.levels[0] == "issue", shown.rate)


def _groups(report: Report) -> tuple[tuple[str, tuple[Indicator, ...]], ...]:
    """The indicators that can be computed, by group, in the order of their table."""
    known = [one for one in report.indicators if one.definition.computable]
    names = dict.fromkeys(one.definition.group for one in known)
    return tuple((name, tuple(one for one in known if one.definition.group == name)) for name in names)


def _style() -> str:
    return (_TEMPLATES / "report.css").read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return b64encode(sha256(text.encode()).digest()).decode()


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": number, "percent": percent, "part": part_number}
    environment.globals |= {"group_name": labels.label("group"), "Text": Text, "single": chart.single}
    return environment


def number(value: int) -> str:
    """1234567 as `1,234,567`."""
    return f"{value:,}"


def percent(value: float | None) -> str:
    """0.98765 as `98.8%`, nothing as a dash."""
    return "—" if value is None else f"{value * 100:.1f}%"


def part_number(row: Count, key: str) -> int:
    """The number of the part with that key, 0 without."""
    return next((part.number for part in row.parts if part.key == key), 0)
