"""The way of one message, from its bytes to its acknowledgement. There is no second path: the listener, the folder, the
demo and `qiao replay` all take these steps.

`prepare` is pure (bytes in, `Prepared` out); `fhir_server.intake` makes it durable; `acknowledge` writes the answer
that is sent after the commit. `handle` is the three in a row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from hashlib import blake2b, sha256
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from adapters import ack, charset, er7, findings, grammar, quirks, syntaxes
from adapters.answered import Answered
from adapters.packed_ledger import pack
from adapters.site import Endpoint, SiteBook
from adapters.soundness import invalid
from fhir_server.arrivals.arrival import Arrival, Merged, Receipt, Stated, Status, Verdict
from mappers import dtm, map_message
from mappers.mapped import Mapped
from mappers.message import Message
from mappers.messages.dispatch import understood
from mappers.profile import declared
from mappers.site import Context, Institution
from profiles.issue import Issue

if TYPE_CHECKING:  # a process that only translates loads no database
    from fhir_server.intake import Intake

_LATER = frozenset({"replay", "explain"})
_HALF_A_DAY = 12 * 3600 * 1_000_000
_ABOUT = _HALF_A_DAY // 24
Language = Literal["en", "zh"]
_Told = dict[str, Any]
"""What is known of an `Arrival`, by its fields, before it is made."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A message read, translated and checked, not yet stored. `mapped` is `None` when it could not be translated."""

    arrival: Arrival
    endpoint: Endpoint
    text: str
    message: Message | None
    mapped: Mapped | None


@dataclass(frozen=True, slots=True)
class Door:
    """What `handle` needs besides the bytes: who sends, where it is kept, what time it is (microseconds, UTC)."""

    book: SiteBook
    intake: Intake
    clock: Callable[[], int]
    channel: str = "mllp"
    language: Language = "zh"


def handle(raw: bytes, door: Door, *, original: int | None = None) -> Receipt:
    """Reads, translates, stores and answers one message; the receipt carries the acknowledgement."""
    now = door.clock()
    prepared = prepare(raw, door.book, now, channel=door.channel, original=original)
    return door.intake.accept(
        prepared.arrival, lambda receipt: acknowledge(prepared, receipt, now, door.language)
    ).result()


def prepare(
    raw: bytes,
    book: SiteBook,
    now: int,
    *,
    channel: str,
    site: str = "",
    original: int | None = None,
    received: int = 0,
) -> Prepared:
    """Steps 1 to 4: character set, ER7, quirks, translation, validation. `site` overrides what MSH-3/4 say; `received`
    is when the original of a replay came."""
    known = book.by_code(site) if site else None
    heard = syntaxes.hear(raw, known.charset if known else None, channel)
    endpoint = known or _sender(heard.parsed.message, book)
    if known is None and endpoint.charset and endpoint.charset != heard.decoded.detected:
        heard = syntaxes.hear(raw, endpoint.charset, channel)
    decoded, parsed = heard.decoded, heard.parsed
    issues = (*decoded.issues, *parsed.issues)
    told = _told(raw, channel, endpoint, decoded, original)
    message = parsed.message
    if message is not None:
        if parsed.identifier_types:
            endpoint = _knowing(endpoint, parsed.identifier_types)
        else:
            if endpoint.moves:
                message = quirks.moved(message, endpoint.moves)
            for quirk in quirks.named(endpoint.quirks):
                message = quirk(message)
        told |= _named(message)
        if endpoint.triggers:
            message = _meant(message, endpoint)
        message = understood(message)
    if message is None or _fatal(issues):
        arrival = Arrival(verdict="AR", status="unreadable", issues=issues, **told)
        return Prepared(arrival, endpoint, decoded.text, message, None)
    return _translate(told, issues, endpoint, decoded.text, message, now, received)


def _told(raw: bytes, channel: str, endpoint: Endpoint, decoded: charset.Decoded, original: int | None) -> _Told:
    """What an `Arrival` says of the bytes and of who sent them."""
    return {
        "endpoint": channel,
        "raw": raw,
        "sha256": sha256(raw).digest(),
        "site": endpoint.code,
        "owner": endpoint.site.institution,
        "charset_declared": decoded.declared,
        "charset": decoded.detected,
        "original": original,
    }


def _sender(message: Message | None, book: SiteBook) -> Endpoint:
    application = (message.msh.get(3) or "") if message else ""
    facility = (message.msh.get(4) or "") if message else ""
    return book.by_sender(application, facility) or _known_stranger(book.default, application, facility)


_STRANGERS: dict[tuple[str, str], tuple[Endpoint, Endpoint]] = {}
"""By application and facility: (the default it was made of, the endpoint): one site for all messages of a stranger, so
that what was learnt of its codes and doctors is found again."""
_MOST_STRANGERS = 256


def _known_stranger(default: Endpoint, application: str, facility: str) -> Endpoint:
    known = _STRANGERS.get((application, facility))
    if known is not None and known[0] is default:
        return known[1]
    if len(_STRANGERS) >= _MOST_STRANGERS:
        _STRANGERS.clear()
    endpoint = _stranger(default, application, facility)
    _STRANGERS[application, facility] = default, endpoint
    return endpoint


def _stranger(default: Endpoint, application: str, facility: str) -> Endpoint:
    """The facility (MSH-4, else the application) of an unregistered sender is an institution of its own: what its HIS
    and its laboratory say of a number is about one patient, and the numbers of two strangers never meet.
    """
    named = f"facility {facility}" if facility else f"application {application}"
    mark = blake2b(named.encode(), digest_size=6).hexdigest()
    institution = Institution(f"{default.code}-{mark}", facility or application or default.site.institution, "")
    institutions = MappingProxyType({**default.site.institutions, institution.code: institution})
    return replace(default, site=replace(default.site, institution=institution.code, institutions=institutions))


def _knowing(endpoint: Endpoint, types: Mapping[str, str]) -> Endpoint:
    """With the kinds of identifiers that the syntax fixes; what the site says goes before."""
    known = MappingProxyType({**types, **endpoint.site.identifier_types})
    return replace(endpoint, site=replace(endpoint.site, identifier_types=known))


def _meant(message: Message, endpoint: Endpoint) -> Message:
    """Under the trigger that the sender means by its own; the code alone serves every event that has no line."""
    code, event = message.code, message.event
    meant = endpoint.triggers.get(f"{code}^{event}") or endpoint.triggers.get(code)
    return message.read_as(meant[0], meant[1]) if meant else message


def _named(message: Message) -> _Told:
    """What it says of what MSH says of the message."""
    msh = message.msh
    event = message.event
    return {
        "application": msh.raw(3),
        "facility": msh.raw(4),
        "control_id": message.control_id,
        "type": f"{message.code}^{event}" if event else message.code,
        "message_version": msh.get(12) or "",
    }


def _fatal(issues: tuple[Issue, ...]) -> bool:
    return any(issue.severity == "fatal" for issue in issues)


def _translate(
    told: _Told, found: tuple[Issue, ...], endpoint: Endpoint, text: str, message: Message, now: int, received: int
) -> Prepared:
    source = f"urn:qiao:message:{endpoint.code}:{told['control_id']}"
    context = Context(endpoint.site, instant(now, endpoint.site.offset), source)
    mapped = map_message(message, context)
    issues = (
        *found,
        *_sent(message, endpoint, told["endpoint"], now),
        *grammar.check(message),
        *mapped.issues,
    )
    if endpoint.findings:
        issues = findings.graded(issues, endpoint.findings)
    resources = [declared(statement.resource) for statement in mapped.statements]
    if not any(issue.refuses for issue in issues):
        issues = (*issues, *invalid(resources))
    verdict, status = _verdict(issues)
    taken = verdict == "AA"
    arrival = Arrival(
        **told,
        verdict=verdict,
        status=status,
        issues=_distinct(issues),
        event_time=_order(message, endpoint, mapped, received or now) or now,
        patient_key=mapped.patient,
        order_key=mapped.order_key,
        ledger=pack(mapped.ledger),
        unaccounted=len(mapped.ledger.unaccounted(message)),
        stated=_stated(mapped, resources, endpoint.code) if taken else (),
        merged=tuple(Merged(merge.gone, merge.kept) for merge in mapped.merges) if taken else (),
        unmapped=mapped.unmapped,
    )
    return Prepared(arrival, endpoint, text, message, mapped)


def _order(message: Message, endpoint: Endpoint, mapped: Mapped, received: int) -> int:
    """The time that tells which of two messages is the newer one, by the policy of the site."""
    if endpoint.ordering == "received":
        return received
    sent = message.msh.get(7) if endpoint.ordering == "sent" else None
    return microseconds((dtm.instant(sent, endpoint.site.offset) if sent else "") or mapped.event_time)


def _sent(message: Message, endpoint: Endpoint, channel: str, now: int) -> tuple[Issue, ...]:
    """What is odd about who sent it and when. A clock that is half a day off writes hours 1 to 12 (china 7d 22): said,
    never mended; of messages that are read again later nothing follows from the clock.
    """
    issues = () if endpoint.senders else (Issue("site-unregistered", location="MSH-3"),)
    written = message.msh.get(7) if channel not in _LATER else None
    sent = microseconds(dtm.instant(written, endpoint.site.offset) or "") if written else 0
    if sent and abs(abs(now - sent) - _HALF_A_DAY) <= _ABOUT:
        issues = (*issues, Issue("clock-12h", location="MSH-7", details={"location": "MSH-7"}))
    return issues


def broken(raw: bytes, book: SiteBook, channel: str, incident: str, original: int | None = None) -> Prepared:
    """A message on which we failed: kept raw, answered AR, found again under the incident."""
    decoded, parsed = _reread(raw, channel)
    endpoint = _sender(parsed.message, book)
    told = _told(raw, channel, endpoint, decoded, original)
    if parsed.message is not None:
        told |= _named(parsed.message)
    issues = (Issue("internal-error", details={"incident": incident}),)
    arrival = Arrival(verdict="AR", status="unreadable", issues=issues, **told)
    return Prepared(arrival, endpoint, decoded.text, parsed.message, None)


def _reread(raw: bytes, channel: str) -> tuple[charset.Decoded, er7.Parsed]:
    """As much as can be read of a message on which something of ours failed, which may be the reading itself."""
    try:
        heard = syntaxes.hear(raw, None, channel)
    except Exception:
        return charset.decode(raw), er7.Parsed(None)
    return heard.decoded, heard.parsed


def turned_away(prepared: Prepared, issue: Issue) -> Prepared:
    """The same message, kept and answered AR, with nothing of it stored as FHIR."""
    arrival = replace(
        prepared.arrival,
        verdict="AR",
        status="refused",
        issues=(issue, *prepared.arrival.issues),
        stated=(),
        merged=(),
        unmapped=(),
    )
    return replace(prepared, arrival=arrival)


_NOT_FOR_US = frozenset({"200", "201", "202", "203"})
"""Codes of table 0357 for message types, events, processing ids and versions we do not take: AR, not AE (2.9.2)."""


def _verdict(issues: tuple[Issue, ...]) -> tuple[Verdict, Status]:
    if any(issue.severity == "fatal" or issue.kind.hl7 in _NOT_FOR_US for issue in issues):
        return "AR", "refused"
    if any(issue.refuses for issue in issues):
        return "AE", "refused"
    return "AA", "accepted"


def _distinct(issues: tuple[Issue, ...]) -> tuple[Issue, ...]:
    seen: dict[tuple[str, str, str], Issue] = {}
    for issue in issues:
        seen.setdefault((issue.code, issue.location, issue.expression), issue)
    return tuple(seen.values())


def _stated(mapped: Mapped, resources: list[dict[str, Any]], site: str) -> tuple[Stated, ...]:
    """What is stored: each resource as it was checked, with the site it comes from."""
    source = {"source": f"urn:qiao:site:{site}"}
    found: list[Stated] = []
    for statement, resource in zip(mapped.statements, resources, strict=True):
        resource["meta"] = {**resource["meta"], **source} if "meta" in resource else dict(source)
        gone = tuple(sorted(statement.deleted)) if statement.deleted else ()
        found.append(Stated(resource, int(statement.weight), statement.owner, gone))
    return tuple(found)


def acknowledge(prepared: Prepared, receipt: Receipt, now: int, language: Language) -> bytes:
    """The acknowledgement in the sender's version, character set and line ends; nothing where none is due."""
    endpoint = prepared.endpoint
    arrival = prepared.arrival
    issues = [issue for issue in receipt.issues if issue.severity != "information"]
    text = ack.render(
        prepared.message,
        receipt.verdict or "AR",
        issues,
        raw_head=arrival.raw[:4096],
        now=hl7_time(now, endpoint.site.offset),
        control_id=f"Q{receipt.journal}",
        application="QIAO",
        facility="",
        enhanced=endpoint.ack == "enhanced",
        unasked=endpoint.unasked_ack,
        language=language,
    )
    if not text:
        return b""
    said = Answered(
        arrival.raw,
        arrival.endpoint,
        prepared.message is not None,
        receipt.verdict or "AR",
        issues,
        hl7_time(now, endpoint.site.offset),
        f"Q{receipt.journal}",
        language,
    )
    name = endpoint.reply_charset or arrival.charset
    return syntaxes.acknowledge(said, text, name) or charset.encode(text.replace("\r", endpoint.line_end), name)


def instant(now: int, offset: str) -> str:
    """Microseconds since 1970 UTC as an ISO 8601 instant at the offset `+08:00`."""
    return _local(now, offset).isoformat(timespec="milliseconds")


def hl7_time(now: int, offset: str) -> str:
    """The same as an HL7 DTM with seconds and zone."""
    return _local(now, offset).strftime("%Y%m%d%H%M%S") + offset.replace(":", "")


def _local(now: int, offset: str) -> datetime:
    sign = -1 if offset.startswith("-") else 1
    hours, minutes = offset.lstrip("+-").split(":")
    zone = timezone(sign * timedelta(hours=int(hours), minutes=int(minutes)))
    return datetime.fromtimestamp(now // 1_000_000, zone) + timedelta(microseconds=now % 1_000_000)


@lru_cache(maxsize=256)
def microseconds(text: str) -> int:
    """An instant, or a date at the start of its day in UTC, as microseconds since 1970; 0 when it is neither."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return 0
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    whole = int(moment.replace(microsecond=0).timestamp())
    return whole * 1_000_000 + moment.microsecond
