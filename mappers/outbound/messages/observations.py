"""Observation -> OBX. Inverse of `mappers.messages.observations` and `.interpretation`.

The value goes out as it was written when the text as written was kept (`original-text`), else in the v2 type that holds
it: a Quantity is NM, with a comparator SN. Source: HL7 v2.5.1 7.4.2 and table 0125.
"""

from __future__ import annotations

from typing import Any

from mappers.datatypes.observation_value import QUALITATIVE
from mappers.datatypes.units import ucum
from mappers.messages.observations import ORIGINAL_TEXT
from mappers.outbound.ask import Ask
from mappers.outbound.datatypes import coded, moment
from mappers.outbound.datatypes.person import address, extensions
from mappers.outbound.datatypes.reference import organization_of
from mappers.outbound.engine import fill
from mappers.outbound.messages.notes import notes
from mappers.outbound.messages.state import code
from mappers.outbound.receiver import Work
from mappers.outbound.tree import Built, Repetition

Body = dict[str, Any]


def obx(observation: Body, number: int, work: Work) -> list[Built]:
    """The OBX of a result, and its notes."""
    out = Built("OBX")
    out.put(1, str(number))
    fill("OBX[Observation]", observation, out, work)
    kind, values = value(observation, work)
    for one in values:
        out.fields.setdefault(5, []).append(one)
    out.put(2, kind)
    _unit(observation, out)
    for one in observation.get("referenceRange", ()):
        out.add(7, _range(one))
    for one in observation.get("interpretation", ()):
        out.add(8, one.get("text") or next((c.get("code") for c in one.get("coding", ())), ""))
    _site(observation, out, work)
    absent = {one.get("code") for one in observation.get("dataAbsentReason", {}).get("coding", ())}
    status = observation.get("status", "")
    told = code(work.receiver, "observation-status", f"{status}|not-asked") if "not-asked" in absent else ""
    out.put(11, told or code(work.receiver, "observation-status", status))
    return [out, *notes(observation.get("note", ()), work)]


def _site(observation: Body, out: Built, work: Work) -> None:
    """OBX-24: where the institution is that OBX-23 names."""
    ask = Ask(work, "OBX-24")
    for told in observation.get("performer", ()):
        house = organization_of(told, ask)
        for one in (house or {}).get("address", ()):
            out.add(24, address(one, ask))


def value(observation: Body, work: Work) -> tuple[str, list[Repetition]]:
    """OBX-2 and the repetitions of OBX-5; `''` and none when there is no value."""
    parts = [written for one in observation.get("component", ()) if (written := _written(one, work))[1]]
    if parts:
        return parts[0][0], [part for _, part in parts]
    files = [one["valueAttachment"] for one in observation.get("extension", ()) if "valueAttachment" in one]
    if files and not any(name.startswith("value") for name in observation):
        told = [attached(one) for one in files]
        return told[0][0], [part for _, part in told if part]
    kind, part = _written(observation, work)
    return kind, [part] if part else []


def attached(content: Body) -> tuple[str, Repetition]:
    """ED with the data, or RP with the link."""
    kind, _, subtype = content.get("contentType", "").partition("/")
    if "data" in content:
        parts = {2: kind or "application", 3: subtype or "octet-stream", 4: "Base64", 5: content["data"]}
        return "ED", dict(parts)
    if "url" in content:
        link = {1: content["url"], 3: kind, 4: subtype}
        return "RP", {number: part for number, part in link.items() if part}
    return "", {}


def _written(observation: Body, work: Work) -> tuple[str, Repetition]:
    """The v2 type and the value of an Observation, or of one of its components."""
    element = next((name for name in observation if name.startswith("value")), "")
    write = _WRITERS.get(element)
    if write is None:
        return "", {}
    original = extensions(observation).get(ORIGINAL_TEXT, "")
    return _original(element, original) if original else write(observation[element], work)


def _original(element: str, text: str) -> tuple[str, Repetition]:
    """The text as it was written; what came as SN or CQ still has its separators."""
    if "^" in text:
        kind = "CQ" if element == "valueQuantity" and text[:1].isdigit() else "SN"
        return kind, {n: part for n, part in enumerate(text.split("^"), 1) if part}
    return {"valueDateTime": "DT" if len(text) <= 10 else "TS", "valueTime": "TM"}.get(element, "ST"), {1: text}


def _quantity(found: Any, work: Work) -> tuple[str, Repetition]:
    number = str(found.get("value", ""))
    if found.get("comparator"):
        return "SN", {1: found["comparator"], 2: number}
    return ("NM", {1: number}) if number else ("", {})


def _concept(found: Any, work: Work) -> tuple[str, Repetition]:
    if found.get("text") and any(one.get("system") == QUALITATIVE for one in found.get("coding", ())):
        return "ST", {1: found["text"]}
    written = coded.concept(found, Ask(work, "OBX-5"))
    return ("CWE" if work.receiver.at_least("2.5") else "CE", written) if written else ("", {})


def _string(found: Any, work: Work) -> tuple[str, Repetition]:
    return "TX" if "\n" in found or len(found) > 200 else "ST", {1: found}


def _ratio(found: Any, work: Work) -> tuple[str, Repetition]:
    one, many = found.get("numerator", {}), found.get("denominator", {})
    parts = {1: one.get("comparator", ""), 2: str(one.get("value", "")), 3: ":", 4: str(many.get("value", ""))}
    return "SN", {n: part for n, part in parts.items() if part}


def _span(found: Any, work: Work) -> tuple[str, Repetition]:
    ends = {n: str(found[name]["value"]) for n, name in ((1, "low"), (2, "high")) if name in found}
    return "NR", dict(ends)


def _time(found: Any, work: Work) -> tuple[str, Repetition]:
    text = moment.dtm(found, work.receiver.site.offset)
    return ("DT" if len(text) <= 8 else "DTM" if work.receiver.at_least("2.5.1") else "TS"), {1: text}


def _clock(found: Any, work: Work) -> tuple[str, Repetition]:
    return "TM", {1: found.replace(":", "")}


def _period(found: Any, work: Work) -> tuple[str, Repetition]:
    return "DR", moment.period(found, Ask(work, "OBX-5")) or {}


def _plain(found: Any, work: Work) -> tuple[str, Repetition]:
    return ("ST", {1: "Y" if found else "N"}) if isinstance(found, bool) else ("NM", {1: str(found)})


_WRITERS = {
    "valueQuantity": _quantity,
    "valueCodeableConcept": _concept,
    "valueString": _string,
    "valueRatio": _ratio,
    "valueRange": _span,
    "valueDateTime": _time,
    "valueTime": _clock,
    "valuePeriod": _period,
    "valueInteger": _plain,
    "valueBoolean": _plain,
}


def _unit(observation: Body, out: Built) -> None:
    """OBX-6: the unit as it was written."""
    found = observation.get("valueQuantity") or observation.get("valueRange", {}).get("low") or {}
    if not found.get("unit") and not found.get("code"):
        low = next((one.get("low") or one.get("high") for one in observation.get("referenceRange", ())), None) or {}
        found = low if "valueQuantity" not in observation else found
    text, known = found.get("unit", ""), found.get("code", "")
    if text and known and ucum(text) != known and text != known:
        out.put(6, {1: known, 2: text, 3: "UCUM"})
    else:
        out.put(6, text or known)


def _range(found: Body) -> str:
    """OBX-7: the text, else the bounds."""
    if found.get("text"):
        return str(found["text"])
    low, high = (str(found[name]["value"]) if name in found else "" for name in ("low", "high"))
    return f"{low}-{high}" if low and high else f">={low}" if low else f"<={high}" if high else ""
