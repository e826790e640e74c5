"""IN1, IN2, PV1-20 -> Coverage. Id by patient, plan, company and policy number.

A Coverage needs a payer: by name (IN1-4), else by company number (IN1-3); an IN1 with neither is left out and said.
Source: HL7 v2.5.1 6.5.6; official maps IN1[Coverage], PV1[Coverage].
"""

from __future__ import annotations

from mappers.authority import authority
from mappers.codes import Coded, lookup
from mappers.datatypes.placeholder import is_placeholder
from mappers.derived import derived_id
from mappers.draft import Draft, Sheet
from mappers.engine import apply
from mappers.mapped import Weight
from mappers.message import NULL, Leaf, Segment
from mappers.organization import organization

_ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
_UNKNOWN = {"extension": [{"url": _ABSENT, "valueCode": "unknown"}]}


def coverages(draft: Draft, subject: Sheet, visit: Segment | None = None) -> list[Sheet]:
    """The Coverages of the message; with a `visit` (a PV1 among several) that of its financial class only."""
    found: list[Sheet] = []
    for in1 in draft.message.all("IN1") if visit is None else ():
        company, name = _said(in1, 3), _said(in1, 4)
        if not company and not name:
            if _said(in1, 2):
                draft.issue("resource-left-out", "IN1-4", type="Coverage", element="payor")
            continue
        identity = "|".join((_said(in1, 2), company or name, _said(in1, 36)))
        sheet = draft.resource("Coverage", derived_id("Coverage", subject.ref, identity), Weight.STATED)
        sheet.body["beneficiary"] = {"reference": subject.ref}
        apply("IN1[Coverage]", in1, sheet, draft)
        if company:
            _company(in1, sheet, draft, company)
        _payer(in1, sheet, draft)
        _insured(in1, sheet, subject, draft)
        _additional(in1, sheet, draft)
        found.append(sheet)
    _financial_class(found, subject, visit or draft.message.first("PV1"), draft)
    return found


def _payer(in1: Segment, sheet: Sheet, draft: Draft) -> None:
    """IN1-5 to IN1-7: where and how the payer is reached."""
    if not any(in1.get(field) for field in (5, 6, 7)) and not in1.get(5, 3):
        return
    for one in sheet.body.get("payor", ())[:1]:
        apply("IN1[Organization]", in1, draft.sheets["Organization", one["reference"].partition("/")[2]], draft)


def _insured(in1: Segment, sheet: Sheet, subject: Sheet, draft: Draft) -> None:
    """IN1-16: who is insured: the patient, when IN1-17 says so or, without it, the name; else somebody related."""
    value, relation = in1.first(16), _said(in1, 17)
    if value is None or value.is_null or is_placeholder(value.get(1)):
        return
    coded = lookup(draft.site, "Relationship", relation)
    itself = relation == "SEL" or (isinstance(coded, Coded) and coded.code == "ONESELF")
    if itself or (not relation and (value.get(1) or "") + (value.get(2) or "") in _names(subject)):
        sheet.body["subscriber"] = {"reference": subject.ref}
        for leaf in value.leaves():
            draft.ledger.note(leaf, "stored", sheet.path("subscriber"), "IN1[Coverage]#IN1-16")
        return
    identity = derived_id("RelatedPerson", subject.ref, f"{value.raw}|{relation}")
    person = draft.resource("RelatedPerson", identity, Weight.STATED)
    person.body["patient"] = {"reference": subject.ref}
    apply("IN1[RelatedPerson]", in1, person, draft)
    sheet.body["subscriber"] = {"reference": person.ref}


def _additional(in1: Segment, sheet: Sheet, draft: Draft) -> None:
    """The IN2 right behind the IN1: numbers of the Coverage, and of the insured when that is somebody else."""
    after = [one for one in draft.message.all("IN1") if one.position > in1.position]
    end = after[0].position if after else len(draft.message.segments)
    kind, _, identity = sheet.body.get("subscriber", {}).get("reference", "").partition("/")
    before = draft.group
    draft.group = {**before, "IN1": in1}
    for in2 in draft.message.all("IN2"):
        if in1.position < in2.position < end:
            apply("IN2[Coverage]", in2, sheet, draft)
            if kind == "RelatedPerson":
                apply("IN2[RelatedPerson]", in2, draft.sheets[kind, identity], draft)
    draft.group = before


def _names(subject: Sheet) -> set[str]:
    return {name["text"] for name in subject.body.get("name", ())}


def _financial_class(found: list[Sheet], subject: Sheet, pv1: Segment | None, draft: Draft) -> None:
    """PV1-20: the kind of the first Coverage; without any, a Coverage of that kind whose payer nobody names."""
    code = pv1.get(20) if pv1 is not None else None
    if pv1 is None or not code or code == NULL:
        return
    if found:
        sheet = found[0]
    else:
        identity = derived_id("Coverage", subject.ref, f"financial-class|{code}")
        sheet = draft.resource("Coverage", identity, Weight.STATED)
        sheet.body |= {"status": "active", "beneficiary": {"reference": subject.ref}, "payor": [dict(_UNKNOWN)]}
        found.append(sheet)
    apply("PV1[Coverage]", pv1, sheet, draft)


def _said(in1: Segment, field: int) -> str:
    text = in1.get(field)
    return "" if text is None or text == NULL else text.strip()


def _company(in1: Segment, sheet: Sheet, draft: Draft, code: str) -> None:
    """IN1-3: the number of the payer; IN1-4 is then its name."""
    found = authority(draft.site, in1.get(3, 4), in1.get(3, 4, 2))
    name = _said(in1, 4)
    payer = organization(code, name or None, draft, found.foreign)
    if payer is None:
        return
    sheet.body["payor"] = [{"reference": payer.ref, "display": payer.body["name"]}]
    if "identifier" in payer.body:
        _note(draft, in1, 3, payer.path("identifier[0].value"))
    if name and payer.body["name"] == name:
        _note(draft, in1, 4, payer.path("name"))


def _note(draft: Draft, in1: Segment, field: int, place: str) -> None:
    leaf = Leaf(in1.position, field, in1.values(field)[0].repetition, 1, 1)
    draft.ledger.note(leaf, "stored", place, f"IN1[Coverage]#IN1-{field}")
