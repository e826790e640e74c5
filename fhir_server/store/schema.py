"""The tables of the store: one row a resource, one row an older version, a few sorted lists of search keys.

The same on SQLite and PostgreSQL. Times are microseconds since 1970-01-01 UTC. `param` is `param_id("Patient.name")`.
Index rows are a pure function of the body (`fhir_server.search.index.rows`), so an update writes only the difference.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    func,
    literal_column,
)

INDEX_RULES = 4
"""Changes when `search.index.rows` gives other rows for the same body: `qiao db upgrade` then makes them anew."""

metadata = MetaData()
_Big = BigInteger().with_variant(Integer, "sqlite")
# Keys must sort and compare by code point on both databases, whatever the cluster's locale is.
_Bytewise = Text().with_variant(Text(collation="C"), "postgresql")

resource = Table(
    "resource",
    metadata,
    Column("rid", _Big, primary_key=True, autoincrement=False),
    Column("type", String(64), nullable=False),
    Column("id", _Bytewise, nullable=False),
    Column("version", Integer, nullable=False),  # 0: a placeholder, referred to but never written
    Column("last_updated", _Big, nullable=False),
    Column("deleted", Boolean, nullable=False),
    Column("body", LargeBinary, nullable=False),  # the very bytes a read returns; empty when deleted
    Column("owner", String(64), nullable=False),  # code of the institution whose data it is
    Column("patient_rid", _Big),
    Column("clinical_date", _Big),
    Column("content_hash", LargeBinary, nullable=False),  # of the body without meta.versionId and meta.lastUpdated
    UniqueConstraint("type", "id", name="uq_resource_type_id"),
    Index("ix_resource_patient", "type", "patient_rid", "clinical_date", "rid"),
    Index("ix_resource_updated", "type", "last_updated", "rid"),
)
NO_DATE = -(2**62)
"""Stands for a missing clinical date where newest comes first."""


def dated_of(table: Any) -> ColumnElement[int]:
    """The clinical date of a row of `resource`, or of an alias of it, as `ix_resource_dated` has it."""
    return func.coalesce(table.c.clinical_date, literal_column(str(NO_DATE)))


dated = dated_of(resource)
Index("ix_resource_dated", resource.c.type, dated, resource.c.rid)

version = Table(
    "version",
    metadata,
    Column("rid", _Big, nullable=False),
    Column("version", Integer, nullable=False),
    Column("last_updated", _Big, nullable=False),
    Column("deleted", Boolean, nullable=False),
    Column("method", String(8), nullable=False),
    Column("body", LargeBinary, nullable=False),
    PrimaryKeyConstraint("rid", "version"),
    sqlite_with_rowid=False,
)

change = Table(
    "change",
    metadata,
    Column("seq", _Big, primary_key=True, autoincrement=False),
    Column("rid", _Big, nullable=False),
    Column("type", String(64), nullable=False),
    Column("version", Integer, nullable=False),
    Column("last_updated", _Big, nullable=False),
    Column("method", String(8), nullable=False),  # POST, PUT, DELETE, PATCH
    Column("message", _Big),  # journal id of the message that caused it, if one did
    Index("ix_change_rid", "rid", "version"),
    Index("ix_change_type", "type", "seq"),
    Index("ix_change_message", "message"),
)

statement = Table(
    "statement",
    metadata,
    # What each message said about a resource; the body is the fold of these in order of event time (see fold.py).
    Column("rid", _Big, nullable=False),
    Column("weight", SmallInteger, nullable=False),
    Column("first", _Big, nullable=False),
    Column("last", _Big, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("message", _Big, nullable=False),
    Column("fragment", LargeBinary, nullable=False),
    PrimaryKeyConstraint("rid", "weight", "first", "hash"),
    sqlite_with_rowid=False,
)

statement_point = Table(
    "statement_point",
    metadata,
    # Event times inside a run of equal statements: needed only when another statement falls between them.
    Column("rid", _Big, nullable=False),
    Column("weight", SmallInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("time", _Big, nullable=False),
    Column("message", _Big, nullable=False),
    PrimaryKeyConstraint("rid", "weight", "hash", "time", "message"),
    sqlite_with_rowid=False,
)

sp_key = Table(
    "sp_key",
    metadata,
    Column("param", Integer, nullable=False),
    Column("hash", _Big, nullable=False),
    Column("rid", _Big, nullable=False),
    PrimaryKeyConstraint("param", "hash", "rid"),
    sqlite_with_rowid=False,
)

sp_string = Table(
    "sp_string",
    metadata,
    Column("param", Integer, nullable=False),
    Column("value", _Bytewise, nullable=False),
    Column("rid", _Big, nullable=False),
    PrimaryKeyConstraint("param", "value", "rid"),
    Index("ix_sp_string_rid", "rid", "param", "value"),
    sqlite_with_rowid=False,
)

sp_range = Table(
    "sp_range",
    metadata,
    Column("param", Integer, nullable=False),
    Column("low", _Big, nullable=False),
    Column("high", _Big, nullable=False),
    Column("rid", _Big, nullable=False),
    PrimaryKeyConstraint("param", "low", "high", "rid"),
    Index("ix_sp_range_rid", "rid", "param", "low", "high"),
    sqlite_with_rowid=False,
)

LONG = 86_400_000_000
"""A range longer than that (a day) has an entry in an index by its end: a list is sorted by where ranges begin."""


def is_long(ranges: Any) -> ColumnElement[bool]:
    """Whether a row of `sp_range` is in that index. Said without a bound value, so that the databases recognise it."""
    return ranges.c.high > ranges.c.low + literal_column(str(LONG))


Index(
    "ix_sp_range_long",
    *(sp_range.c.param, sp_range.c.high, sp_range.c.low, sp_range.c.rid),
    postgresql_where=is_long(sp_range),
    sqlite_where=is_long(sp_range),
)

sp_reference = Table(
    "sp_reference",
    metadata,
    Column("param", Integer, nullable=False),
    Column("target", _Big, nullable=False),
    Column("rid", _Big, nullable=False),
    PrimaryKeyConstraint("param", "target", "rid"),
    Index("ix_sp_reference_rid", "rid", "param", "target"),
    sqlite_with_rowid=False,
)

alias = Table(
    "alias",
    metadata,
    # A40: references to `gone` are rewritten to `kept`.
    Column("gone", _Bytewise, primary_key=True),
    Column("kept", _Bytewise, nullable=False),
    Column("event_time", _Big, nullable=False),
    Column("message", _Big, nullable=False),
)

journal = Table(
    "journal",
    metadata,
    Column("id", _Big, primary_key=True, autoincrement=False),
    Column("received", _Big, nullable=False),
    Column("event_time", _Big),
    Column("endpoint", String(64), nullable=False),  # mllp, replay, folder, demo …
    Column("site", String(64), nullable=False),  # '' when the sender is unknown
    Column("owner", String(64), nullable=False),  # the institution whose message it is: the access scope looks here
    Column("application", Text, nullable=False),  # MSH-3
    Column("facility", Text, nullable=False),  # MSH-4
    Column("control_id", Text, nullable=False),  # MSH-10
    Column("type", String(32), nullable=False),  # ADT^A01
    Column("message_version", String(16), nullable=False),
    Column("charset_declared", Text, nullable=False),
    Column("charset", String(16), nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("dedupe", Text, unique=True),  # hash of sender, control id and bytes; NULL on copies and replays
    Column("original", _Big),  # the journal id this is a duplicate or a replay of
    Column("patient_key", Text, nullable=False),  # id of the Patient, or ''
    Column("order_key", Text, nullable=False),
    Column("status", String(16), nullable=False),  # accepted, refused, unreadable, duplicate, event
    Column("verdict", String(2), nullable=False),  # AA, AE, AR, '' for framing events
    Column("issues", LargeBinary, nullable=False),  # JSON list of {code, severity, location, expression, details}
    Column("resources", Integer, nullable=False),  # versions written
    Column("unaccounted", Integer, nullable=False),
    Column("answer", LargeBinary, nullable=False),
    Column("ledger", LargeBinary, nullable=False),  # zlib of JSON [[location, outcome, path, rule], …]
    Column("raw", LargeBinary, nullable=False),
    Index("ix_journal_control", "site", "control_id"),
    Index("ix_journal_original", "original"),
    Index("ix_journal_received", "received"),
    Index("ix_journal_site_received", "site", "received"),
    Index("ix_journal_patient", "patient_key"),
    Index("ix_journal_type", "type", "received"),
    Index("ix_journal_status", "status", "received"),
)

worklist = Table(
    "worklist",
    metadata,
    # Local codes without a mapping, once each, with how often they were met and where last.
    Column("site", String(64), nullable=False),
    Column("table", String(64), nullable=False),
    Column("code", _Bytewise, nullable=False),
    Column("text", Text, nullable=False),
    Column("location", Text, nullable=False),
    Column("seen", Integer, nullable=False),
    Column("message", _Big, nullable=False),
    PrimaryKeyConstraint("site", "table", "code"),
)

outbox = Table(
    "outbox",
    metadata,
    # What must go out to other systems: one row a message, written together with the cursor over `change`.
    Column("id", _Big, primary_key=True, autoincrement=False),
    Column("created", _Big, nullable=False),
    Column("updated", _Big, nullable=False),
    Column("kind", String(32), nullable=False),  # ORU^R01
    Column("receiver", String(64), nullable=False),
    Column("key", Text, nullable=False),  # ordered per receiver and key, one in flight
    Column("control_id", Text, nullable=False),  # MSH-10: the same at every attempt
    Column("change", _Big, nullable=False),  # number of the change that caused it
    Column("payload", LargeBinary, nullable=False),  # the bytes that are sent
    Column("issues", LargeBinary, nullable=False),  # JSON list of {code, location}
    Column("attempts", Integer, nullable=False),
    Column("next_at", _Big),  # NULL when nothing more will be tried
    Column("state", String(16), nullable=False),  # waiting, done, dead, dropped
    Column("verdict", String(16), nullable=False),  # of the last answer: AA, AE …; timeout, closed, unreachable
    Column("answer", LargeBinary, nullable=False),
    Index("ix_outbox_next", "next_at"),
    Index("ix_outbox_key", "receiver", "key", "id"),
    Index("ix_outbox_state", "state", "id"),
)

job = Table(
    "job",
    metadata,
    # Long work that outlives a request and a restart: export, import, reindex. Progress is kept after every slice.
    Column("id", _Bytewise, primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("state", String(16), nullable=False),  # waiting, running, done, failed, cancelled
    Column("created", _Big, nullable=False),
    Column("updated", _Big, nullable=False),
    Column("lease", _Big),  # until when the process that works on it holds it
    Column("worker", Text, nullable=False),
    Column("owners", LargeBinary, nullable=False),  # the scope it was asked under: JSON list of codes, or null for all
    Column("request", LargeBinary, nullable=False),  # JSON
    Column("progress", LargeBinary, nullable=False),  # JSON: where the next slice begins
    Column("result", LargeBinary, nullable=False),  # JSON: files, counts, issues
    Index("ix_job_state", "state", "created"),
)

about = Table(
    "about",
    metadata,
    # What the store knows of itself: `index`, the INDEX_RULES its search keys were made with.
    Column("name", String(32), primary_key=True),
    Column("value", Text, nullable=False),
)

search_list = Table(
    "search_list",
    metadata,
    # Lists of keys of search parameters beyond R4 that hold every resource; others are being filled by `$reindex`.
    Column("param", Integer, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),  # the sp_ table the keys stand in
    Column("at", _Big, nullable=False),
)

type_count = Table(
    "type_count",
    metadata,
    # How many living resources each institution has of each type: kept by every write as a difference.
    Column("type", String(64), nullable=False),
    Column("owner", String(64), nullable=False),
    Column("living", _Big, nullable=False),
    PrimaryKeyConstraint("type", "owner"),
    sqlite_with_rowid=False,
)

subscription = Table(
    "subscription",
    metadata,
    # What the server knows of each Subscription beside the resource: how far its events are, and what comes next.
    Column("id", _Bytewise, primary_key=True),
    Column("version", Integer, nullable=False),  # of the resource, as it was last looked at
    Column("state", String(16), nullable=False),  # requested, active, error, off
    Column("event", _Big, nullable=False),  # number of the last event
    Column("sent", _Big, nullable=False),  # number of the last event that was delivered
    Column("attempts", Integer, nullable=False),
    Column("next_at", _Big),  # when the next attempt is due after a failed one
    Column("last_at", _Big, nullable=False),  # when something was last delivered: heartbeats count from here
)

subscription_event = Table(
    "subscription_event",
    metadata,
    # What must go out, numbered without gaps for each Subscription; written together with the cursor over `change`.
    Column("subscription", _Bytewise, nullable=False),
    Column("event", _Big, nullable=False),
    Column("rid", _Big, nullable=False),
    Column("type", String(64), nullable=False),
    Column("id", _Bytewise, nullable=False),
    Column("version", Integer, nullable=False),
    Column("method", String(8), nullable=False),
    Column("at", _Big, nullable=False),
    PrimaryKeyConstraint("subscription", "event"),
    Index("ix_subscription_event_at", "at"),
    sqlite_with_rowid=False,
)

audit = Table(
    "audit",
    metadata,
    Column("seq", _Big, primary_key=True, autoincrement=False),
    Column("at", _Big, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("chain", LargeBinary, nullable=False),  # sha256(previous chain + body)
)


def param_id(name: str) -> int:
    """A stable 31-bit number for `Type.code`; uniqueness over all known parameters is a test."""
    return int.from_bytes(blake2b(name.encode(), digest_size=4).digest(), "big") >> 1


def key_hash(text: str) -> int:
    """A stable signed 64-bit number for one search key."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big", signed=True)
