"""VXU^V04, RAS^O17 and answers (RSP^K11, VXR^V03): what was given -> Immunization, MedicationAdministration.

One resource an RXA. Id by the filler number of its ORC (else the placer number) with the code given, for a medicine
also the number of the dose (RXA-2) and its time; without any order number by patient, code, time and lot, so that a
replay finds it. What has all this in common with another of its message is told apart by time and lot, then by its
place among them: no dose takes the place of another. RXA-21 `D` makes it entered in error. Observations about an
administration are part of it; those about the patient stand alone.
Source: HL7 v2.5.1 4.14.7 (RXA), 4A.4; V2-to-FHIR VXU_V04, ORC, RXA and RXR[Immunization], ORC[MedicationAdministration]
(which has no map of RXA: ours).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from mappers import systems
from mappers.codes import Unmapped, lookup
from mappers.contact_details import reach
from mappers.datatypes.order_number import FILLER, PLACER, Number, number
from mappers.derived import derived_id
from mappers.draft import Draft, Sheet
from mappers.engine import apply
from mappers.finish import finish
from mappers.mapped import Mapped, Weight
from mappers.message import NULL, Leaf, Message, Segment
from mappers.messages.notes import annotate
from mappers.messages.observations import Panel, observe
from mappers.messages.order_groups import Noted
from mappers.messages.service_request import business_event
from mappers.messages.subject import Subject, absent, subject
from mappers.messages.surroundings import alone, surround
from mappers.messages.told_apart import told_apart
from mappers.order_state import ResultState
from mappers.segments.prt_observation import gave

EVENTS = (("VXU", "V04"), ("RAS", "O01"), ("RAS", "O17"))
_KINDS = {"RAS": "MedicationAdministration", "RAR": "MedicationAdministration"}
"""By message; everything else that has an RXA speaks of vaccinations."""
_STATED = ResultState("unknown", "unknown")
"""An observation whose OBX-11 is empty: nobody said that it is final."""
_NOT_GIVEN, _WHICH = "998", "30956-7"
"""CVX: no vaccine was given; LOINC: the vaccine that a forecast is then about."""
_NO_NUMBER = "9999"
"""What stands in ORC-3 of a vaccination that has no number (CDC, HL7 2.5.1 guide for immunization messaging, ORC-3)."""


@dataclass(slots=True)
class Given:
    """One RXA and what belongs to it."""

    orc: Segment | None = None
    rxa: Segment | None = None
    routes: list[Segment] = field(default_factory=list)
    notes: list[Segment] = field(default_factory=list)
    observations: list[Noted] = field(default_factory=list)
    participants: list[Segment] = field(default_factory=list)

    @property
    def what(self) -> str:
        """The code that was given; of a forecast the vaccine that it is about."""
        code = (self.rxa.get(5) or self.rxa.get(5, 2) or "") if self.rxa is not None else ""
        if code != _NOT_GIVEN:
            return code
        about = (noted.segment.get(5) or "" for noted in self.observations if noted.segment.get(3) == _WHICH)
        return f"{code}|{next(about, '')}"

    def said(self, *fields: int) -> tuple[str, ...]:
        """The first components of fields of the RXA."""
        return tuple(self.rxa.get(field_) or "" for field_ in fields) if self.rxa is not None else ()

    @property
    def dose(self) -> str:
        """Time and lot: what tells two doses of one vaccine apart."""
        return "|".join(self.said(3, 15))

    @property
    def told(self) -> tuple[str, ...]:
        """All that it says of a vaccination, its place and its count aside: two that say the same are one."""
        return (*(self.rxa.fields[3:] if self.rxa is not None else ()), *self.observed)

    @property
    def observed(self) -> tuple[str, ...]:
        """What its observations say."""
        return tuple(text for noted in self.observations for text in noted.segment.fields[3:])


Counts = dict[tuple[str, str], int]
"""How often an observation came by code and sub-id; one for all that is told of one administration."""


class Named(NamedTuple):
    """System and value of what the id of an administration follows from, and the number of its order."""

    system: str
    value: str
    key: Number | None


def translate(draft: Draft) -> Mapped:
    """The administrations of a message."""
    message = draft.message
    groups, loose = _walk(message)
    about = subject(draft, message.first("PID"), message.first("PV1"))
    if about is None:
        return finish(draft)
    if not groups:
        return alone(draft, about, "RXA")
    surround(draft, about)
    first: Number | None = None
    counts: dict[str, Counts] = {}
    seen: set[tuple[str, ...]] = set()
    for group, name in zip(groups, _names(groups, about, draft), strict=True):
        again = (name.value, *group.observed) in seen
        _given(group, name, {} if again else counts.setdefault(name.value, {}), about, draft)
        seen.add((name.value, *group.observed))
        first = first or name.key
    _observe(loose, f"person|{about.patient.id}", {}, None, about, draft)
    key = f"{first.system}|{first.value}" if first else ""
    return finish(draft, patient=about.patient.id, order_key=key)


def _walk(message: Message) -> tuple[list[Given], list[Noted]]:
    """The groups that have an RXA, and the observations that stand before any. The doses of an order (RAS^O17
    repeats RXA) share its ORC, every vaccination has its own."""
    groups: list[Given] = []
    loose: list[Noted] = []
    last: list[Segment] | None = None
    noted: Noted | None = None
    for segment in message.segments:
        if segment.name == "ORC" or (segment.name == "RXA" and (not groups or groups[-1].rxa is not None)):
            shared = segment.name == "RXA" and groups and message.code in _KINDS
            groups.append(Given(groups[-1].orc if shared else None))
        group = groups[-1] if groups else None
        match segment.name:
            case "ORC" if group is not None:
                group.orc, last = segment, group.notes
            case "RXA" if group is not None:
                group.rxa, last = segment, group.notes
            case "RXR" if group is not None:
                group.routes.append(segment)
            case "OBX":
                noted = Noted(segment)
                (group.observations if group is not None else loose).append(noted)
                last = noted.notes
            case "NTE" if last is not None:
                last.append(segment)
            case "PRT" if noted is not None and last is noted.notes:
                noted.participants += (segment,)
            case "PRT" if group is not None:
                group.participants.append(segment)
            case _:
                pass
    return [group for group in groups if group.rxa is not None], loose


def _names(groups: list[Given], about: Subject, draft: Draft) -> list[Named]:
    """What each is known by; no two that say different things by the same."""
    names = [_named(group, about, draft) for group in groups]
    if _kind(draft) == "MedicationAdministration":  # what has number, dose and time in common is one dose told twice
        return names
    own = told_apart([name[:2] for name in names], [group.dose for group in groups], [group.told for group in groups])
    return [name._replace(value=value) for name, value in zip(names, own, strict=True)]


def _named(group: Given, about: Subject, draft: Draft) -> Named:
    key, medicine = _number(group.orc, draft), _kind(draft) == "MedicationAdministration"
    if key is None or (key.value == _NO_NUMBER and not medicine):
        told = "|".join((about.patient.id, group.what, *group.said(3, 15)))
        return Named(systems.local(draft.site.institution, "administration"), told, key)
    # A medicine is given many times under one order, a vaccination is an order of its own.
    return Named(key.system, "|".join((key.value, group.what, *(group.said(2, 3) if medicine else ()))), key)


def _kind(draft: Draft) -> str:
    return _KINDS.get(draft.message.code, "Immunization")


def _given(group: Given, name: Named, counts: Counts, about: Subject, draft: Draft) -> None:
    orc, rxa, kind = group.orc, group.rxa, _kind(draft)
    if rxa is None:
        return
    draft.group = {segment.name: segment for segment in (orc, rxa) if segment is not None}
    status = _status(rxa, kind, draft)
    if status == "completed" and kind == "Immunization" and rxa.get(5) == _NOT_GIVEN:
        status = "not-done"
    sheet = draft.resource(
        kind, derived_id(kind, name.system, name.value), Weight.REVOKED if _revoked(rxa) else Weight.STATED
    )
    body = sheet.body
    body["status"] = status
    _about(about, sheet)
    if orc is not None:
        apply(f"ORC[{kind}]", orc, sheet, draft)
    apply(f"RXA[{kind}]", rxa, sheet, draft)
    for route in group.routes:
        apply(f"RXR[{kind}]", route, sheet, draft)
    if kind == "MedicationAdministration" and orc is not None:
        business_event(orc, sheet, draft)
    if kind == "Immunization":
        gave(group.participants, sheet, draft)
    _settle(rxa, sheet, draft)
    annotate(group.notes, sheet, draft)
    _observe(group.observations, f"{kind}|{name.value}", counts, sheet, about, draft)


def _number(orc: Segment | None, draft: Draft) -> Number | None:
    if orc is None:
        return None
    return number(draft, orc.first(3), FILLER) or number(draft, orc.first(2), PLACER)


def _revoked(rxa: Segment) -> bool:
    return rxa.get(21) == "D"


def _status(rxa: Segment, kind: str, draft: Draft) -> str:
    """RXA-21 `D`, else RXA-20, else completed, which is what an RXA says (official row RXA-20:2)."""
    note, rule = draft.ledger.note, f"RXA[{kind}]#RXA"
    where = f"{kind}.status"
    if rxa.raw(21):
        note(Leaf(rxa.position, 21, 1, 1, 1), "coded", where, f"{rule}-21")
    if _revoked(rxa):
        return "entered-in-error"
    code = rxa.get(20)
    if not code or code == NULL:
        return "completed"
    found = lookup(draft.site, "CompletionStatus", code)
    if isinstance(found, Unmapped):
        draft.unmapped("CompletionStatus", code, "", Leaf(rxa.position, 20, 1, 1, 1))
        return "completed" if kind == "Immunization" else "unknown"
    note(Leaf(rxa.position, 20, 1, 1, 1), "coded", where, f"{rule}-20 CompletionStatus {code}→{found.code}")
    return found.code


def _about(about: Subject, sheet: Sheet) -> None:
    if sheet.type == "Immunization":
        about.write(sheet, "patient")
        return
    sheet.body["subject"] = {"reference": about.patient.ref}
    if about.encounter is not None:
        sheet.body["context"] = {"reference": about.encounter.ref}


def _settle(rxa: Segment, sheet: Sheet, draft: Draft) -> None:
    """What FHIR demands and the message does not say; and the address of the place (RXA-28)."""
    body, lines = sheet.body, draft.ledger.lines
    for leaf in [Leaf(rxa.position, number_, 1, 1, 1) for number_ in (20, 21)]:
        if leaf in lines:
            lines[leaf] = [line._replace(path=sheet.path("status")) for line in lines[leaf]]
    if sheet.type == "Immunization":
        body.setdefault("vaccineCode", absent())
        if "occurrenceDateTime" not in body:
            # A choice that R4 requires is made with a text: libraries do not take an extension for a value.
            body |= {"occurrenceString": "unknown", "_occurrenceString": absent()}
        _address(rxa, body, draft)
        return
    body.setdefault("medicationCodeableConcept", absent())
    if "effectiveDateTime" not in body and "effectivePeriod" not in body:
        body["effectivePeriod"] = absent()


def _address(rxa: Segment, body: dict[str, Any], draft: Draft) -> None:
    place = draft.sheets.get(("Location", body.get("location", {}).get("reference", "").partition("/")[2]))
    if place is None or not rxa.raw(28) or "address" in place.body:
        return
    reach(rxa, 28, "address", place, "RXA[Immunization]#RXA-28", draft)
    if found := place.body.pop("address", None):
        place.body["address"] = found[0]


def _observe(found: list[Noted], key: str, counts: Counts, part_of: Sheet | None, about: Subject, draft: Draft) -> None:
    panel = Panel(
        system=systems.local(draft.site.institution, "administration"),
        key=key,
        subject=about,
        state=_STATED,
    )
    for noted in found:
        seen = observe(noted, panel, counts, draft)
        if seen is not None and part_of is not None:
            seen.sheet.add("partOf", {"reference": part_of.ref})
