"""OBX -> Observation.

Id by report, OBX-3, OBX-4 and the how-many-eth of equal ones, so that a correction finds the result it corrects. The
status is OBX-11's; only where OBX-11 is empty (it was optional before v2.3) that of the report; else `status-unknown`.
When the time of the observation is not told, the element says so; no other time is put in its place.
Source: HL7 v2.5.1 7.4.2; V2-to-FHIR OBX[Observation], OBX[Observation-Component].
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from types import MappingProxyType
from typing import Any, NamedTuple

from mappers import dtm
from mappers.contact_details import reach
from mappers.datatypes.attachment import account as account_attachment
from mappers.datatypes.codeable_concept import codeable_concept
from mappers.datatypes.observation_value import (
    ATTACHED,
    CODED,
    MEASURED,
    NOTHING,
    Beside,
    Reading,
    is_quality,
    read,
    text_of,
)
from mappers.datatypes.reference_range import bounds, is_url, reference_range
from mappers.datatypes.units import Unit, unit, unit_place
from mappers.derived import new_id
from mappers.draft import BARE, Draft, Sheet
from mappers.engine import apply
from mappers.message import NULL, Leaf, Segment, Value
from mappers.messages import vital_signs
from mappers.messages.interpretation import Flags, interpret
from mappers.messages.notes import annotate
from mappers.messages.order_groups import Noted
from mappers.messages.report_parts import attachment
from mappers.messages.result_memory import Own, own_words
from mappers.messages.specimens import mentioned
from mappers.messages.subject import Subject, absent, alternate
from mappers.order_state import ResultState, observation_status, weight
from mappers.organization import from_xon
from mappers.segments.prt_observation import take_part
from mappers.systems import CANONICAL
from mappers.use import Use

SPECIMEN = "http://hl7.org/fhir/5.0/StructureDefinition/extension-Observation.specimen"
ATTACHMENT = "http://hl7.org/fhir/5.0/StructureDefinition/extension-Observation.valueAttachment"
"""How HL7 says in R4 what R5 can."""
ORIGINAL_TEXT = f"{CANONICAL}/StructureDefinition/original-text"
_MAP = "OBX[Observation]"
_RULE = {field: f"{_MAP}#OBX-{field}" for field in range(1, 34)}
_UNIT_AT = {
    "valueQuantity": ("unit",),
    "valueRange": ("low.unit", "high.unit"),
    "valueRatio": ("numerator.unit", "denominator.unit"),
    "valueSampledData": ("origin.unit",),
}
"""Where OBX-6 stands, by element."""
_NO_RANGE = frozenset({"-", "--", "—", "/", "无", "[ ]"})
"""What senders write when there is no reference range."""
_ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"


class Panel(NamedTuple):
    """What all observations of one order share. `state` is that of the report, `None` when it has none; `revoked` goes
    before what OBX-11 says; `code` names an OBX that has no name of its own."""

    system: str
    key: str
    subject: Subject
    state: ResultState | None
    revoked: ResultState | None = None
    code: dict[str, Any] | None = None
    category: Sequence[dict[str, Any]] = ()
    effective: Mapping[str, Any] = MappingProxyType({})
    issued: str = ""
    specimen: str = ""
    performer: dict[str, Any] | None = None


class Observed(NamedTuple):
    """One Observation. `flags` are what its interpretation means."""

    sheet: Sheet
    status: str
    flags: Flags


def state_of(obx: Segment, report: ResultState | None, draft: Draft) -> ResultState | None:
    """The state of a result, `None` (and the issue that refuses) when nothing tells it."""
    code = obx.get(11)
    if not code or code == NULL:
        if report is None:
            draft.issue("status-unknown", f"OBX[{obx.occurrence}]-11" if obx.occurrence > 1 else "OBX-11")
        return report
    found = observation_status(draft.site, code)
    if found is not None:
        return found
    leaf = Leaf(obx.position, 11, 1, 1, 1)
    if report is not None and report.status == "unknown":
        # Beside an order or a registration it is no result that somebody could take for final.
        draft.unmapped("observation-status", code, "", leaf)
        return report
    draft.issue("status-unknown", leaf)
    return None


def observe(noted: Noted, panel: Panel, counts: dict[tuple[str, str], int], draft: Draft) -> Observed | None:
    """The Observation of an OBX and its notes; `None` when it cannot be one (then the message is refused)."""
    obx = noted.segment
    sub_id = obx.raw(4)
    state = panel.revoked or state_of(obx, panel.state, draft)
    if state is None:
        return None
    code = obx.get(3) or obx.get(3, 2)
    if not code or code == NULL:
        code = ""
        draft.issue("observation-unnamed", f"OBX[{obx.occurrence}]-3" if obx.occurrence > 1 else "OBX-3")
    equal = (code, sub_id)
    counts[equal] = nth = counts.get(equal, 0) + 1
    identity = new_id("Observation", panel.system, f"{panel.key}|{code}|{sub_id}|{nth}")
    sheet = draft.resource("Observation", identity, weight(state.status))
    found = _fill(sheet, noted, panel, state, draft)
    if noted.participants:
        take_part(noted.participants, sheet, draft)
    return found


def _fill(sheet: Sheet, noted: Noted, panel: Panel, state: ResultState, draft: Draft) -> Observed:
    obx, body = noted.segment, sheet.body
    fields = obx.upto(33)
    fresh = len(body) == BARE
    if panel.category:
        body["category"] = list(panel.category)
    panel.subject.write(sheet)
    write = partial(_own, obx, sheet, panel, state, draft)
    own = own_words(obx, state, sheet, draft, write) if fresh else write()
    sheet.weight = weight(own.status)
    if "effectiveDateTime" not in body:
        body.update(panel.effective or {"_effectiveDateTime": absent()})
    if panel.issued:
        body["issued"] = panel.issued
    if panel.specimen:
        body["specimen"] = {"reference": panel.specimen}
    if fields[33]:
        _specimens(obx, sheet, panel, draft)
    if fields[24]:
        _site(obx, draft)
    if "performer" not in body and panel.performer is not None:
        body["performer"] = [panel.performer]
    if noted.notes:
        annotate(noted.notes, sheet, draft)
    vital_signs.settle(sheet, draft, Leaf(obx.position, 3, 1, 1, 1))
    return Observed(sheet, own.status, own.flags)


def _own(obx: Segment, sheet: Sheet, panel: Panel, state: ResultState, draft: Draft) -> Own:
    """What the OBX says by itself; only the name is the panel's, where it has none of its own."""
    body = sheet.body
    apply(_MAP, obx, sheet, draft)
    named = "code" in body
    body.setdefault("code", panel.code or absent())
    reading = _value(obx, sheet, draft)
    flags = interpret(obx, sheet, draft, reading.flag)
    status = "preliminary" if flags.error and state.status in ("final", "amended", "corrected") else state.status
    body["status"] = status
    if obx.raw(11):
        draft.ledger.say(obx.position, 11, "coded", f"{sheet.ref}#status", _RULE[11])
        if status == "cancelled" and obx.get(11) == "X":
            # "Cannot be obtained" and "not asked for" are both cancelled in FHIR: the code tells them apart.
            body["_status"] = alternate("http://terminology.hl7.org/CodeSystem/v2-0085", "X")
    if not reading.element and "component" not in body and state.absent:
        body["dataAbsentReason"] = {"coding": [{"system": _ABSENT, "code": state.absent}]}
    _time(obx, sheet, draft)
    return Own(status, flags, named)


def _specimens(obx: Segment, sheet: Sheet, panel: Panel, draft: Draft) -> None:
    """OBX-33: what the result was measured on; several as extensions, because R4 knows one."""
    found = [mentioned(value, panel.subject, draft, _RULE[33]) for value in obx.values(33)]
    references = [{"reference": one.ref} for one in found if one is not None]
    if len(references) == 1:
        sheet.body["specimen"] = references[0]
    for reference in references if len(references) > 1 else ():
        sheet.add("extension", {"url": SPECIMEN, "valueReference": reference})


def _site(obx: Segment, draft: Draft) -> None:
    """OBX-24: the address of the performing organization of OBX-23; without one it has nobody to belong to."""
    value = obx.first(23)
    organization = from_xon(Use(draft, value, _RULE[23])) if value is not None and not value.is_null else None
    if organization is not None:
        reach(obx, 24, "address", organization, _RULE[24], draft)


def _time(obx: Segment, sheet: Sheet, draft: Draft) -> None:
    written = obx.get(14)
    if not written or written == NULL:
        return
    if time := dtm.dateTime(written, draft.site.offset):
        sheet.body["effectiveDateTime"] = time
        draft.ledger.say(obx.position, 14, "stored", f"{sheet.ref}#effectiveDateTime", _RULE[14])
    else:
        draft.issue("date-impossible", Leaf(obx.position, 14, 1, 1, 1))


def _value(obx: Segment, sheet: Sheet, draft: Draft) -> Reading:
    """Writes value[x] (or components), the unit and the reference range; comes back with what was read."""
    kind = (obx.get(2) or "").strip().upper()
    found = _at_site(unit(obx.first(6)), draft) if obx.raw(6) else None
    ranged = bool(obx.raw(7))
    values = obx.values(5)
    if ranged:
        _range(obx, sheet, found, draft)
    if not values:
        _kind(obx, sheet, draft, "dataAbsentReason")
        return NOTHING
    if kind in CODED:
        return _coded(obx, sheet, draft)
    if kind in ATTACHED:
        return _attached(obx, kind, sheet, draft)
    beside = Beside(found, ranged, _dates(draft.site.offset))
    if len(values) > 1:
        return _several(obx, kind, sheet, beside, draft)
    reading = read(kind, values[0], beside)
    if not reading.element:
        for leaf in values[0].leaves():
            draft.ledger.note(leaf, "dropped", "null-value", _RULE[5])
        return reading
    sheet.body[reading.element] = reading.value
    _account(obx, sheet, draft, reading, found)
    return reading


@lru_cache(maxsize=64)
def _dates(offset: str) -> Callable[[str], str | None]:
    return partial(dtm.dateTime, offset=offset)


def _at_site(found: Unit | None, draft: Draft) -> Unit | None:
    """With what the site's own table says of a unit; it goes before ours."""
    own = draft.site.codes.get(("unit", found.text)) if found is not None and draft.site.codes else None
    return found._replace(code=own) if found is not None and own else found


def _account(obx: Segment, sheet: Sheet, draft: Draft, reading: Reading, found: Unit | None) -> None:
    """The ledger lines of OBX-2, OBX-5 and OBX-6, the text as written, and what was odd."""
    element = reading.element
    path = f"{sheet.ref}#{element}"
    draft.ledger.whole(obx.values(5)[0], "stored", path, _RULE[5])
    _kind(obx, sheet, draft, element)
    if reading.original:
        extensions = sheet.body.setdefault("extension", [])
        kept = {"url": ORIGINAL_TEXT, "valueString": reading.original}
        # A result that comes twice in a message stands here already, with the text of its first coming.
        extensions[:] = [*(one for one in extensions if one["url"] != ORIGINAL_TEXT), kept]
    if reading.issue:
        draft.issue(reading.issue, Leaf(obx.position, 5, 1, 1, 1))
    if found is None or element not in _UNIT_AT:
        return
    _unit(obx, found, element, path, draft)
    if not found.code:
        draft.issue("unit-unknown", Leaf(obx.position, 6, 1, 1, 1))


def _kind(obx: Segment, sheet: Sheet, draft: Draft, element: str) -> None:
    if obx.raw(2):
        draft.ledger.say(obx.position, 2, "coded", f"{sheet.ref}#{element}", _RULE[2])


def _coded(obx: Segment, sheet: Sheet, draft: Draft) -> Reading:
    """One coded value is the value; several are components with the code of the observation."""
    values = obx.values(5)
    several = len(values) > 1
    reading = NOTHING
    for value in values:
        use = Use(draft, value, _RULE[5])
        concept = codeable_concept(value, use)
        if concept is None:
            continue
        if not several:
            sheet.body["valueCodeableConcept"] = concept
            use.settle(sheet.path("valueCodeableConcept"))
            reading = Reading("valueCodeableConcept", concept)
            continue
        array = sheet.body.setdefault("component", [])
        use.settle(sheet.path(f"component[{len(array)}].valueCodeableConcept"))
        array.append({"code": sheet.body["code"], "valueCodeableConcept": concept})
    _kind(obx, sheet, draft, reading.element or ("component" if several else "dataAbsentReason"))
    return reading


def _attached(obx: Segment, kind: str, sheet: Sheet, draft: Draft) -> Reading:
    """ED and RP beside an order; a report has its documents in `presentedForm`."""
    for value in obx.values(5):
        found = attachment(value, kind, draft).attachment
        place = "attachment-unusable"
        if found is not None:
            at = sheet.add("extension", {"url": ATTACHMENT, "valueAttachment": found})
            account_attachment(value, found, sheet.path(f"{at}.valueAttachment"), _RULE[5], draft)
            continue
        for leaf in value.leaves():
            draft.ledger.note(leaf, "dropped", place, _RULE[5])
    _kind(obx, sheet, draft, "extension")
    return NOTHING


def _several(obx: Segment, kind: str, sheet: Sheet, beside: Beside, draft: Draft) -> Reading:
    """Several numbers, times or spans are components with the code of the observation; anything else is lines."""
    values = obx.values(5)
    readings = [read(kind, value, beside) for value in values] if kind in MEASURED else []
    if not readings or any(one.issue or not one.element for one in readings):
        return _lines(obx, sheet, draft)
    array: list[dict[str, Any]] = sheet.body.setdefault("component", [])
    for value, reading in zip(values, readings, strict=True):
        path = sheet.path(f"component[{len(array)}].{reading.element}")
        array.append({"code": sheet.body["code"], reading.element: reading.value})
        for leaf in value.leaves():
            draft.ledger.note(leaf, "stored", path, _RULE[5])
        _unit(obx, beside.unit, reading.element, path, draft)
    _kind(obx, sheet, draft, "component")
    return NOTHING


def _unit(obx: Segment, found: Unit | None, element: str, path: str, draft: Draft) -> None:
    """The ledger lines of OBX-6."""
    if found is None:
        return
    for place in _UNIT_AT.get(element, ()):
        for value in obx.values(6):
            for component, leaf in ((leaf.component, leaf) for leaf in value.leaves()):
                outcome, where = unit_place(value.get(component, leaf.subcomponent) or "", found, place)
                draft.ledger.note(leaf, outcome, f"{path}.{where}", _RULE[6])


def _lines(obx: Segment, sheet: Sheet, draft: Draft) -> Reading:
    """Repetitions of a text, or of anything else that is no code, are its lines."""
    lines = {value: found for value in obx.values(5) if not value.is_null and (found := text_of(value))}
    if not lines:
        _kind(obx, sheet, draft, "dataAbsentReason")
        return NOTHING
    text = "\n".join(lines.values())
    sheet.body["valueString"] = text
    for value in lines:
        for leaf in value.leaves():
            draft.ledger.note(leaf, "stored", sheet.path("valueString"), _RULE[5])
    _kind(obx, sheet, draft, "valueString")
    return Reading("valueString", text)


def _range(obx: Segment, sheet: Sheet, found: Unit | None, draft: Draft) -> None:
    """OBX-7. `3.5~9.5` without an escape is one range, not two repetitions; an address is no range."""
    values = obx.values(7)
    whole = obx.raw(7)
    if len(values) > 1 and bounds(whole, found.text if found else "") is not None:
        _one_range(whole, values, sheet, found, draft)
        return
    for value in values:
        _one_range(text_of(value), (value,), sheet, found, draft)


def _one_range(text: str, sources: tuple[Value, ...], sheet: Sheet, found: Unit | None, draft: Draft) -> None:
    if text in _NO_RANGE:
        for source in sources:
            for leaf in source.leaves():
                draft.ledger.note(leaf, "dropped", "no-range", _RULE[7])
        return
    if not text or text == NULL or ("://" in text and is_url(text)):
        return
    array = sheet.body.setdefault("referenceRange", [])
    place = sheet.path(f"referenceRange[{len(array)}].text")
    one = reference_range(text, found)
    array.append(one)
    for source in sources:
        draft.ledger.whole(source, "stored", place, _RULE[7])
    if len(one) == 1 and not is_quality(text):
        draft.issue("range-unreadable", Leaf(sources[0].segment.position, 7, sources[0].repetition, 1, 1))
