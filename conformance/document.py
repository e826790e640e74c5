"""A report as plain JSON: keys in a fixed order, the same bytes for the same report."""

from __future__ import annotations

from typing import Any

import orjson

from conformance.count import Count, Text
from conformance.report import FORMAT, Indicator, Member, Report
from mappers.site import Institution


def document(report: Report) -> dict[str, Any]:
    """The report as JSON values; every number with its ids, its command and its parts."""
    period = report.period
    return {
        "format": FORMAT,
        "institution": _institution(report.institution),
        "consortium": _institution(report.consortium),
        "period": {
            "since": period.since.isoformat() if period.since else None,
            "until": period.until.isoformat() if period.until else None,
            "zone": "+08:00",
            "basis": {
                "received": "journal.received",
                "clinical": "clinical date of the resource",
                "now": "as of the last message",
            },
        },
        "as_of": {"message": report.as_of[0], "received": report.as_of[1]} if report.as_of else None,
        "generated": report.generated or None,
        "versions": dict(report.versions),
        "sections": [
            {
                "id": section.id,
                "title": _text(section.title),
                "note": _text(section.note),
                "basis": section.basis,
                "counts": [
                    _rated(count, shown.rate) for count, shown in zip(section.counts, section.shown, strict=True)
                ],
            }
            for section in report.sections
        ],
        "indicators": [_indicator(one) for one in report.indicators if one.definition.computable],
        "not_computed": [_missing(one) for one in report.indicators if not one.definition.computable],
        "members": [_member(one) for one in report.members],
    }


def as_bytes(report: Report) -> bytes:
    return orjson.dumps(document(report), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _text(text: Text) -> dict[str, str]:
    return {"zh": text.zh, "en": text.en}


def _institution(one: Institution) -> dict[str, str]:
    return {"code": one.code, "name": one.name, "level": one.level, "uscc": one.uscc, "part_of": one.part_of}


def _count(count: Count) -> dict[str, Any]:
    shown: dict[str, Any] = {"key": count.key, "text": _text(count.text), "number": count.number}
    if count.number:
        shown |= {"ids": list(count.ids), "find": count.find}
    if count.parts:
        shown["parts"] = [_count(part) for part in count.parts]
    return shown


def _rated(count: Count, key: str) -> dict[str, Any]:
    """The count; with a key, each part with the share that key has of it."""
    shown = _count(count)
    for part, row in zip(count.parts if key else (), shown.get("parts", ()), strict=False):
        row["rate"] = round(sum(one.number for one in part.parts if one.key == key) / part.number, 6)
    return shown


def _head(one: Indicator) -> dict[str, Any]:
    definition = one.definition
    return {
        "id": definition.id,
        "title": _text(definition.title),
        "group": definition.group,
        "numerator_is": _text(definition.numerator),
        "denominator_is": _text(definition.denominator),
        "clause": definition.clause,
        "citation": definition.citation,
    }


def _indicator(one: Indicator) -> dict[str, Any]:
    assert one.numerator is not None
    assert one.denominator is not None
    return {
        **_head(one),
        "basis": one.definition.basis,
        "numerator": _count(one.numerator),
        "denominator": _count(one.denominator),
        "value": one.value,
    }


def _missing(one: Indicator) -> dict[str, Any]:
    return {**_head(one), "value": None, "why_not": _text(one.definition.why_not)}


def _member(one: Member) -> dict[str, Any]:
    return {"institution": _institution(one.institution), **one.numbers}
