"""Who a message is about: the Patient, the Person behind Patients of several institutions, merges.

A Patient is one institution's number for somebody: its id follows from the authority and the best identifier by the
site's list of kinds. A Person joins Patients by a valid resident identity number that agrees with birth date and sex; a
wrong check digit or a contradiction is kept, said, and never joins anybody. Source: HL7 v2.5.1 3.4.2 (PID), 3.4.10
(MRG).
"""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Iterator
from typing import Any, NamedTuple

from mappers import systems
from mappers.authority import Authority, assigner
from mappers.datatypes.identifier import build, social_security, system_of
from mappers.derived import derived_id
from mappers.draft import Draft, Sheet
from mappers.engine import apply
from mappers.htest import mark
from mappers.identifier_kind import Kind, kind_of, kinds
from mappers.location import location
from mappers.mapped import Merge, Weight
from mappers.message import NULL, Leaf, Segment, Value
from mappers.organization import department, institution, organization
from mappers.practitioner import practitioner
from mappers.segments.pid_account import prior_account
from mappers.use import Use
from profiles.identifiers import ResidentId, resident_id

__all__ = ["department", "derived_id", "institution", "location", "merge", "organization", "patient", "practitioner"]


class Number(NamedTuple):
    """One identifier of a PID or MRG, with where it stands."""

    text: str
    authority: Authority
    kind: Kind
    value: Value

    @property
    def key(self) -> tuple[str, str]:
        """(system, value) that a Patient id follows from: always of one authority, also for national numbers."""
        kind, found = self.kind, self.authority
        if kind.system:
            return systems.local(found.institution, kind.name, found.foreign), self.text.upper()
        return system_of(self.text, found, kind), self.text


def patient(pid: Segment, draft: Draft, weight: Weight = Weight.STATED) -> Sheet | None:
    """The Patient of a PID, with all that PID says, and its Person; `None` (and an issue) when nothing identifies
    it.
    """
    numbers = list(_numbers(draft, pid, 3))
    found = _best(draft, pid, (2, 4, 18, 19), numbers)
    if found is None:
        draft.issue("patient-unidentified", "PID-3")
        return None
    sheet = begin(found, draft, weight)
    apply("PID[Patient]", pid, sheet, draft)
    for number in (*numbers, *_numbers(draft, pid, 19)):
        _check(number, sheet, draft)
    mark(sheet, draft)
    _join(sheet, draft)
    return sheet


def begin(number: Number, draft: Draft, weight: Weight) -> Sheet:
    """The sheet of the Patient that a number names."""
    owner = number.authority.institution
    sheet = draft.resource("Patient", derived_id("Patient", *number.key), weight, owner=owner)
    sheet.body.setdefault("managingOrganization", {"reference": institution(owner, draft).ref})
    return sheet


def _numbers(draft: Draft, segment: Segment, field: int) -> Iterator[Number]:
    for value in segment.values(field):
        text = value.get(1)
        if text is None or text == NULL:
            continue
        found = assigner(draft.site, value, 4)
        kind = kind_of(draft.site, value.get(5))
        if field == 18 and not value.get(5):
            kind = kinds()["account"]
        if field == 19:
            kind = social_security(text)
        yield Number(text.strip(), found, kind, value)


def _best(draft: Draft, segment: Segment, fields: tuple[int, ...], first: list[Number]) -> Number | None:
    """The number that identifies best: by the site's order of kinds, in `first`, else in the first field that has
    one.
    """
    order = draft.site.patient_keys
    rest: list[Number] = []
    for numbers in itertools.chain((first,), (list(_numbers(draft, segment, field)) for field in fields)):
        ranked = [number for number in numbers if number.kind.name in order]
        if ranked:
            return min(ranked, key=lambda number: order.index(number.kind.name))
        rest += numbers
    return rest[0] if rest else None


def _check(number: Number, sheet: Sheet, draft: Draft) -> None:
    """China 7d 13: a visit card that looks like an identity number is said.

    A 15-digit resident number of before 1999 is kept as sent, and stands in its 18-character form as well.
    """
    name = number.kind.name
    if name not in ("resident-id", "visit-card"):
        return
    value = number.value
    leaf = Leaf(value.segment.position, value.field, value.repetition, 1, 1)
    resident = resident_id(number.text)
    if name == "visit-card" and resident is not None:
        draft.issue("identifier-looks-like-id", leaf)
    elif name == "resident-id" and resident is not None and len(number.text) == 15:
        sheet.add("identifier", {"system": systems.RESIDENT_ID, "value": resident.value})


def _join(sheet: Sheet, draft: Draft) -> None:
    """The Person, when there is one valid resident number and it agrees with birth date and sex."""
    valid = {one["value"] for one in sheet.body.get("identifier", ()) if one.get("system") == systems.RESIDENT_ID}
    if len(valid) == 1:
        resident = resident_id(valid.pop())
        if resident is not None and _spelling(sheet) and _agrees(resident, sheet.body, draft):
            _person(resident, sheet, draft)


def _agrees(resident: ResidentId, body: dict[str, Any], draft: Draft) -> bool:
    agrees = True
    if body.get("birthDate") and not resident.birth_date.isoformat().startswith(body["birthDate"]):
        draft.issue("identifier-birthdate-mismatch", "PID-7")
        agrees = False
    if body.get("gender") in ("male", "female") and body["gender"] != resident.sex:
        draft.issue("identifier-sex-mismatch", "PID-8")
        agrees = False
    return agrees


def _person(resident: ResidentId, patient: Sheet, draft: Draft) -> Sheet:
    """The Person of a valid resident number: one for all institutions, linked to this institution's Patient.

    Known by number *and* name (China 7d 18): a borrowed card makes two Persons that wait for review, never a wrong
    link. A Person belongs to no institution.
    """
    identity = derived_id("Person", systems.RESIDENT_ID, f"{resident.value}|{_spelling(patient)}")
    sheet = draft.resource("Person", identity, patient.weight, owner="")
    sheet.body["identifier"] = [{"system": systems.RESIDENT_ID, "value": resident.value}]
    for element in ("name", "gender", "birthDate"):
        if element in patient.body:
            sheet.body.setdefault(element, patient.body[element])
    sheet.add("link", {"target": {"reference": patient.ref}})
    return sheet


_DOTS = str.maketrans(dict.fromkeys("•‧・．.·", "·"))
"""The dot inside names of minorities, as senders write it (China 4.4)."""


def _spelling(patient: Sheet) -> str:
    """The name for comparing: without the blanks that pad two-character names, with one kind of dot, in one case."""
    names = patient.body.get("name") or [{}]
    return "".join(unicodedata.normalize("NFKC", names[0].get("text", "")).split()).translate(_DOTS).casefold()


def merge(mrg: Segment, pid: Segment, draft: Draft) -> tuple[Sheet, Merge] | None:
    """A40: the Patient of MRG is replaced by the one of PID. Links both ways; the old one is inactive.

    The number that goes is the best of MRG-1 (then 4, the old account, is not a patient); `None` with an issue when one
    of the two cannot be identified.
    """
    kept = patient(pid, draft)
    found = _best(draft, mrg, (2, 4), list(_numbers(draft, mrg, 1)))
    if kept is None or found is None:
        if found is None:
            draft.issue("patient-unidentified", "MRG-1")
        return None
    gone = begin(found, draft, Weight.STATED)
    for field in (1, 2, 4):
        for number in _numbers(draft, mrg, field):
            use = Use(draft, number.value, f"MRG[Patient]#MRG-{field}")
            place = gone.add("identifier", build(use, number.text, number.authority, number.kind))
            use.settle(gone.path(place))
    prior_account(mrg, gone, draft)
    if gone.id == kept.id:
        return kept, Merge(gone.id, kept.id)
    gone.set("active", False)
    gone.add("link", {"other": {"reference": kept.ref}, "type": "replaced-by"})
    kept.add("link", {"other": {"reference": gone.ref}, "type": "replaces"})
    return kept, Merge(gone.id, kept.id)
