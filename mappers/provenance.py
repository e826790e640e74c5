"""The Provenance of a message: who said it, when, about what; and everything it said that has no home in FHIR.

One per message. Targets are all resources the message speaks of; agents the sending system and the person who entered
it; the source entity is the message itself. A leaf that no rule accounted for is carried here with its location
(`OBX[3]-15.3`); of a repetition that is left over as a whole, all of it with the location of the field (`NTE[3]-4`), as
it was sent, separators and escapes included.
Source: FHIR R4 provenance.html; official maps EVN[Provenance], MSH[Provenance-Source].
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import groupby
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from mappers import systems
from mappers.derived import derived_id
from mappers.engine import apply
from mappers.mapped import Weight
from mappers.message import Leaf, Message, legible, unescape
from mappers.organization import institution

if TYPE_CHECKING:
    from mappers.draft import Draft, Sheet

JOURNAL = "journal#message"
"""Where the leaves of a message stay that was not translated: in the journal, which keeps every message verbatim."""


def conclude(draft: Draft, moment: str) -> None:
    """Completes the Provenance: agents, activity, source, recorded time and targets."""
    sheet, message = draft.provenance, draft.message
    body = sheet.body
    note = draft.ledger.note
    sender = _sender(draft, sheet)
    body["agent"] = [sender, *body.get("agent", [])]
    event = message.first("EVN")
    if event is not None:
        apply("EVN[Provenance]", event, sheet, draft)
    apply("MSH[Provenance-Source]", message.msh, sheet, draft)
    body.setdefault("recorded", moment)
    if event is not None and event.get(1) and event.get(1) == message.event and "activity" in body:
        note(Leaf(event.position, 1, 1, 1, 1), "stored", sheet.path("activity.coding[0].code"), "EVN[Provenance]#EVN-1")
    source = draft.context.source
    body["entity"] = [
        {"role": "source", "what": {"identifier": {"system": "urn:ietf:rfc:3986", "value": source}}},
    ]
    if message.control_id and message.control_id in source:
        note(
            Leaf(0, 10, 1, 1, 1),
            "stored",
            sheet.path("entity[0].what.identifier.value"),
            "MSH[Provenance-Source]#MSH-10",
        )
    body["target"] = [{"reference": one.ref} for one in draft.sheets.values() if not one.empty]


def _sender(draft: Draft, sheet: Sheet) -> dict[str, Any]:
    """The sending application (MSH-3) on behalf of its institution (MSH-4)."""
    msh, site = draft.message.msh, draft.site
    facility = msh.get(4)
    organization = institution(site.authorities.get(facility or "", site.institution), draft)
    behalf: dict[str, Any] = {"reference": organization.ref}
    if facility:
        behalf["display"] = facility
    agent: dict[str, Any] = {
        "type": {
            "coding": [
                {"system": "http://terminology.hl7.org/CodeSystem/provenance-participant-type", "code": "author"}
            ]
        },
    }
    application = msh.get(3)
    if application:
        system = systems.local(site.institution, "application")
        device = draft.resource("Device", derived_id("Device", system, application), Weight.MENTION)
        device.body.setdefault("identifier", [{"system": system, "value": application}])
        device.body.setdefault("deviceName", [{"name": application, "type": "other"}])
        device.body.setdefault("owner", {"reference": organization.ref})
        agent |= {"who": {"reference": device.ref, "display": application}, "onBehalfOf": behalf}
        draft.ledger.note(
            Leaf(0, 3, 1, 1, 1), "stored", device.path("identifier[0].value"), "MSH[Provenance-Source]#MSH-3"
        )
    else:
        agent["who"] = behalf
    if facility:
        place = "agent[0].onBehalfOf.display" if application else "agent[0].who.display"
        draft.ledger.note(Leaf(0, 4, 1, 1, 1), "stored", sheet.path(place), "MSH[Provenance-Source]#MSH-4")
    return agent


@cache
def _structural() -> Mapping[tuple[str, int], str]:
    """Reason by segment and field: what only holds a message together and says nothing about anybody."""
    path = Path(__file__).parent / "tables" / "structural.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return MappingProxyType({(row["segment"], int(row["field"])): row["reason"] for row in csv.DictReader(file)})


def account(draft: Draft, sheet: Sheet | None) -> None:
    """Gives every leaf without an outcome one: dropped with a reason when structural, else carried."""
    message, lines, structural = draft.message, draft.ledger.lines, _structural()
    segments = message.segments
    carried: list[tuple[Leaf, str]] = []
    for leaf in [leaf for leaf in message.leaves() if leaf not in lines]:
        raw = message.value(leaf)
        reason = structural.get((segments[leaf.position].name, leaf.field))
        if reason is not None and _says_nothing(reason, raw):
            draft.ledger.note(leaf, "dropped", reason, "structural")
        elif sheet is None:
            draft.ledger.note(leaf, "carried", JOURNAL, "message-not-translated")
        else:
            carried.append((leaf, raw))
    if sheet is not None and carried:
        _carry(draft, sheet, carried)


def _says_nothing(reason: str, raw: str) -> bool:
    """Some senders put meaning where the standard has none: a random OBX-1, a result class in MSH-16."""
    if reason == "set-id":
        return raw.isdigit() and len(raw) <= 4
    return reason != "transport" or raw in ("AL", "NE", "ER", "SU") or raw == '""'


def _carry(draft: Draft, sheet: Sheet, carried: list[tuple[Leaf, str]]) -> None:
    """Keeps the leaves as extensions of the Provenance, each with its location, or with that of its field."""
    message, note = draft.message, draft.ledger.note
    extensions: list[dict[str, Any]] = sheet.body.get("extension", [])
    under = sheet.path("extension[")
    for _, group in groupby(carried, _repetition):
        for leaves, location, text in _spoken(list(group), message):
            blank = not text or text.isspace()
            for leaf in leaves:
                if blank:
                    note(leaf, "dropped", "blank", "structural")
                else:
                    note(leaf, "carried", f"{under}{len(extensions)}]", "carried")
            if not blank:
                place = {"url": "location", "valueString": legible(location).strip() or "?"}
                extensions.append(
                    {"url": systems.V2_VALUE, "extension": [place, {"url": "value", "valueString": text}]}
                )
    if extensions:
        sheet.body["extension"] = extensions


def _repetition(one: tuple[Leaf, str]) -> tuple[int, ...]:
    return one[0][:3]


def _spoken(group: list[tuple[Leaf, str]], message: Message) -> Iterator[tuple[list[Leaf], str, str]]:
    """(leaves, location, text): the whole repetition when nothing else of it has a place, else leaf by leaf."""
    first = group[0][0]
    if len(group) > 1:
        values = message.segments[first.position].values(first.field)
        value = next(one for one in values if one.repetition == first.repetition)
        if len(group) == len(value.leaves()):
            text = "" if all(raw.isspace() for _, raw in group) else legible(value.raw)
            yield [leaf for leaf, _ in group], message.locate(first).partition(".")[0], text
            return
    for leaf, raw in group:
        yield [leaf], message.locate(leaf), legible(unescape(raw, message.delimiters))
