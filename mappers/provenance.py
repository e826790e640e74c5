"""The Provenance of a message: who said it, when, about what; and everything it said that has no home in FHIR.

One per message. Targets are all resources the message speaks of; agents the sending system, the person who entered it
and the translator; the source entity is the message itself, by the number of its receipt and by its MessageHeader,
which is contained (docs/decisions/2611-message-header.md). A leaf that no rule accounted for is carried here with its
location (`OBX[3]-15.3`); of a repetition that is left over as a whole, all of it with the location of the field
(`NTE[3]-4`), as it was sent, separators and escapes included.
Source: FHIR R4 provenance.html, messageheader.html; official maps EVN[Provenance], MSH[Provenance-Source],
MSH[Provenance-Transformation], MSH[MessageHeader].
"""

from __future__ import annotations

import csv
import marshal
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mappers import original, systems
from mappers.codes import Coded, lookup
from mappers.derived import derived_id
from mappers.engine import apply
from mappers.ledger import Again, Line, Outcome
from mappers.mapped import Weight
from mappers.message import NULL, Leaf, Message, Segment, legible, unescape
from mappers.organization import institution
from mappers.segments.sft_device import answer, software
from mappers.site import Site

if TYPE_CHECKING:
    from mappers.draft import Draft, Sheet

HEADER = "header"
"""The id of the contained MessageHeader."""
ABSENT = {"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}
_ENCODING = "encoding"
"""Version and character set of the message: no data, but kept."""
JOURNAL = "journal#message"
"""Where the leaves of a message stay that was not translated: in the journal, which keeps every message verbatim."""


def conclude(draft: Draft, moment: str) -> None:
    """Completes the Provenance: agents, activity, source, recorded time and targets."""
    sheet, message = draft.provenance, draft.message
    body = sheet.body
    say = draft.ledger.say
    sender = _sender(draft, sheet)
    body["agent"] = [sender, *body.get("agent", [])]
    event = message.first("EVN")
    if event is not None:
        apply("EVN[Provenance]", event, sheet, draft)
    source = draft.context.source
    body["entity"] = [
        {
            "role": "source",
            "what": {"reference": f"#{HEADER}", "identifier": {"system": "urn:ietf:rfc:3986", "value": source}},
        },
    ]
    apply("MSH[Provenance-Source]", message.msh, sheet, draft)
    apply("MSH[Provenance-Transformation]", message.msh, sheet, draft)
    _header(draft, sheet)
    _country(draft)
    if found := message.all("SFT"):
        software(found, sheet, draft)
    if (msa := message.first("MSA")) is not None:
        answer(msa, sheet, draft)
    body.setdefault("recorded", moment)
    if event is not None and event.get(1) and event.get(1) == message.event and "activity" in body:
        say(event.position, 1, "stored", sheet.path("activity.coding[0].code"), "EVN[Provenance]#EVN-1")
    if message.control_id and message.control_id in source:
        say(0, 10, "stored", sheet.path("entity[0].what.identifier.value"), "MSH[Provenance-Source]#MSH-10")
    body["target"] = [{"reference": one.ref} for one in draft.sheets.values() if not one.empty]


class _Header(NamedTuple):
    """A MessageHeader and what the ledger says of it, for all messages whose MSH differs in time and number only."""

    site: Site
    body: bytes
    """Marshalled: the quickest way to a copy that nobody shares."""
    lines: tuple[tuple[Leaf, Outcome, str, str], ...]


_HEADERS: dict[tuple[str, ...], _Header] = {}
_MOST_HEADERS = 1024
MESSAGE_TYPE = "http://terminology.hl7.org/CodeSystem/v2-0076"
EVENT_TYPE = "http://terminology.hl7.org/CodeSystem/v2-0003"
_TOLD = itemgetter(2, 3, 4, 5, 6, 9, 11, 19)
"""The fields that a MessageHeader is made of when those are empty that few senders fill."""
_RARE = (8, 22, 23, 24, 25, 26, 27)


def _header(draft: Draft, sheet: Sheet) -> None:
    """The MessageHeader: contained, for without its message it says nothing, and costs no resource of its own."""
    msh, site = draft.message.msh, draft.site
    fields = msh.upto(_RARE[-1])
    key = (site.code, *_TOLD(fields))
    common = bool(msh.get(9, 2)) and not any(fields[number] for number in _RARE)
    known = _HEADERS.get(key) if common else None
    if known is not None and known.site is site:
        sheet.body["contained"] = [marshal.loads(known.body)]  # noqa: S302 - bytes of this process
        note, mark = draft.ledger.note, sheet.path("")
        for leaf, outcome, path, rule in known.lines:
            note(leaf, outcome, mark + path, rule)
        return
    body = _new_header(draft, sheet)
    if common:
        if len(_HEADERS) >= _MOST_HEADERS:
            _HEADERS.clear()
        start = sheet.path("contained")
        lines = tuple(
            (leaf, line.outcome, line.path.partition("#")[2], line.rule)
            for leaf, found in draft.ledger.told.items()
            if leaf.position == 0
            for line in found
            if line.path.startswith(start)
        )
        _HEADERS[key] = _Header(site, marshal.dumps(body), lines)


def _new_header(draft: Draft, sheet: Sheet) -> dict[str, Any]:
    body: dict[str, Any] = {"resourceType": "MessageHeader", "id": HEADER}
    sheet.body["contained"] = [body]
    apply("MSH[MessageHeader]", draft.message.msh, sheet, draft)
    if "eventCoding" not in body and draft.message.event:
        # MSH-9 names no event: it is the one by which the message was read.
        body["eventCoding"] = {"system": EVENT_TYPE, "code": draft.message.event}
    elif "eventCoding" not in body and draft.message.code:
        body["eventCoding"] = {"system": MESSAGE_TYPE, "code": draft.message.code}
    for one in (body.setdefault("source", {}), *body.get("destination", ())):
        if "endpoint" in one:
            one.pop("_endpoint", None)
        else:
            one.setdefault("_endpoint", {"extension": [dict(ABSENT)]})
    return body


def _country(draft: Draft) -> None:
    """MSH-17: the country of the institution that sends."""
    msh, site = draft.message.msh, draft.site
    country, name = msh.get(17), msh.get(4)
    found = lookup(site, "CountryCode", country) if country and name else None
    if name and isinstance(found, Coded):
        house = institution(site.authorities.get(name, site.institution), draft)
        house.body.setdefault("address", [{"country": found.code}])
        place = house.path("address[0].country")
        told = house.body["address"][0].get("country")
        outcome: Outcome = "stored" if told == country else "coded"
        draft.ledger.note(Leaf(0, 17, 1, 1, 1), outcome, place, "MSH[MessageHeader]#MSH-17")


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
        draft.ledger.say(0, 3, "stored", device.path("identifier[0].value"), "MSH[Provenance-Source]#MSH-3")
    else:
        agent["who"] = behalf
    if facility:
        place = "agent[0].onBehalfOf.display" if application else "agent[0].who.display"
        draft.ledger.say(0, 4, "stored", sheet.path(place), "MSH[Provenance-Source]#MSH-4")
    return agent


@cache
def _structural() -> Mapping[tuple[str, int], Line]:
    """The line by segment and field: what only holds a message together and says nothing about anybody."""
    path = Path(__file__).parent / "tables" / "structural.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {(row["segment"], int(row["field"])): Line("dropped", row["reason"], "structural") for row in rows}


def account(draft: Draft, sheet: Sheet | None) -> None:
    """Gives every leaf without an outcome one: dropped with a reason when structural, else carried. What stands in the
    resources otherwise than it was sent is kept as it was sent, too (`mappers.original`)."""
    ledger, message = draft.ledger, draft.message
    again, segments = ledger.again, message.segments
    if again:
        ledger.spell_out({leaf[0] for leaf in ledger.told} & again.keys())  # more was told of them since
    carried: list[tuple[Leaf, str]] = []
    otherwise: list[str] = []
    waiting = sorted(again)
    told, asked = ledger.told.get, original.OTHERWISE
    for leaf, raw in zip(message.leaves_without(again), message.texts_without(again), strict=True):
        while waiting and waiting[0] < leaf[0]:
            otherwise += _again(segments[waiting[0]], again[waiting.pop(0)])
        found = told(leaf)
        if found is not None:
            outcome, path, _ = found[0]
            if outcome == "stored" and not path.endswith(asked):  # nearly every leaf stands as it was sent
                continue
            if (outcome == "coded" and len(found) == 1) or original.otherwise(leaf, raw, found):
                otherwise.append(original.line(message, leaf, raw))
            continue
        line = structural(segments[leaf[0]].name, leaf[1], raw)
        if line is not None:
            ledger.told[leaf] = [line]
            if line.path == _ENCODING:
                otherwise.append(original.line(message, leaf, raw))
        elif sheet is None:
            ledger.note(leaf, "carried", JOURNAL, "message-not-translated")
        else:
            carried.append((leaf, raw))
    for position in waiting:
        otherwise += _again(segments[position], again[position])
    if sheet is not None and carried:
        _carry(draft, sheet, carried)
    if sheet is not None and otherwise:
        said = {"url": original.V2_ORIGINAL, "valueString": "\n".join(otherwise)}
        sheet.body.setdefault("extension", []).append(said)


def _again(segment: Segment, told: Again) -> Iterator[str]:
    """What reads otherwise of a segment that fared as one before."""
    place = segment.name if segment.occurrence == 1 else f"{segment.name}[{segment.occurrence}]"
    return (place + one for one in told.otherwise)


def structural(segment: str, field: int, raw: str) -> Line | None:
    """The line of a leaf that only holds its message together. Some senders put meaning where the standard has none: a
    random OBX-1, a result class in MSH-16."""
    line = _structural().get((segment, field))
    if line is None:
        return None
    reason = line.path
    if reason == "set-id":
        return line if raw.isdigit() and len(raw) <= 4 else None
    return line if reason != "transport" or raw in ("AL", "NE", "ER", "SU", NULL) else None


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
