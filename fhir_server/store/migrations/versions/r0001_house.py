"""The house as session one left it: resources, versions, statements, lists of search keys, journal, work list."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
TABLES = (
    "alias",
    "audit",
    "change",
    "identity",
    "journal",
    "outbox",
    "resource",
    "sp_key",
    "sp_range",
    "sp_reference",
    "sp_string",
    "statement",
    "statement_point",
    "version",
    "worklist",
)
SEQUENCES = ("rid", "seq", "journal_id")


def upgrade() -> None:
    _resources()
    _statements()
    _search_keys()
    _journal()
    _work()
    if op.get_bind().dialect.name == "postgresql":
        for name in SEQUENCES:
            op.execute(f"CREATE SEQUENCE {name}_seq")


def _resources() -> None:
    op.create_table(
        "change",
        sa.Column("seq", BIG, autoincrement=False, nullable=False),
        sa.Column("rid", BIG, nullable=False),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("last_updated", BIG, nullable=False),
        sa.Column("method", sa.String(length=8), nullable=False),
        sa.Column("message", BIG, nullable=True),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index("ix_change_rid", "change", ["rid", "version"], unique=False)
    op.create_table(
        "resource",
        sa.Column("rid", BIG, autoincrement=False, nullable=False),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("last_updated", BIG, nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("patient_rid", BIG, nullable=True),
        sa.Column("clinical_date", BIG, nullable=True),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("rid"),
        sa.UniqueConstraint("type", "id", name="uq_resource_type_id"),
    )
    op.create_index("ix_resource_patient", "resource", ["type", "patient_rid", "clinical_date", "rid"], unique=False)
    op.create_index("ix_resource_updated", "resource", ["type", "last_updated", "rid"], unique=False)
    op.create_table(
        "version",
        sa.Column("rid", BIG, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("last_updated", BIG, nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("method", sa.String(length=8), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("rid", "version"),
        sqlite_with_rowid=False,
    )
    op.execute("CREATE INDEX ix_resource_dated ON resource (type, coalesce(clinical_date, -4611686018427387904), rid)")


def _statements() -> None:
    op.create_table(
        "alias",
        sa.Column("gone", KEY, nullable=False),
        sa.Column("kept", KEY, nullable=False),
        sa.Column("event_time", BIG, nullable=False),
        sa.Column("message", BIG, nullable=False),
        sa.PrimaryKeyConstraint("gone"),
    )
    op.create_table(
        "identity",
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("system", KEY, nullable=False),
        sa.Column("value", KEY, nullable=False),
        sa.Column("rid", BIG, nullable=False),
        sa.PrimaryKeyConstraint("type", "system", "value"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_identity_rid", "identity", ["rid"], unique=False)
    op.create_table(
        "statement",
        sa.Column("rid", BIG, nullable=False),
        sa.Column("weight", sa.SmallInteger(), nullable=False),
        sa.Column("first", BIG, nullable=False),
        sa.Column("last", BIG, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("message", BIG, nullable=False),
        sa.Column("fragment", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("rid", "weight", "first", "hash"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "statement_point",
        sa.Column("rid", BIG, nullable=False),
        sa.Column("weight", sa.SmallInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("time", BIG, nullable=False),
        sa.Column("message", BIG, nullable=False),
        sa.PrimaryKeyConstraint("rid", "weight", "hash", "time", "message"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "worklist",
        sa.Column("site", sa.String(length=64), nullable=False),
        sa.Column("table", sa.String(length=64), nullable=False),
        sa.Column("code", KEY, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("location", sa.Text(), nullable=False),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.Column("message", BIG, nullable=False),
        sa.PrimaryKeyConstraint("site", "table", "code"),
    )


def _search_keys() -> None:
    op.create_table(
        "sp_key",
        sa.Column("param", sa.Integer(), nullable=False),
        sa.Column("hash", BIG, nullable=False),
        sa.Column("rid", BIG, nullable=False),
        sa.PrimaryKeyConstraint("param", "hash", "rid"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "sp_range",
        sa.Column("param", sa.Integer(), nullable=False),
        sa.Column("low", BIG, nullable=False),
        sa.Column("high", BIG, nullable=False),
        sa.Column("rid", BIG, nullable=False),
        sa.PrimaryKeyConstraint("param", "low", "high", "rid"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_sp_range_rid", "sp_range", ["rid", "param", "low", "high"], unique=False)
    op.create_table(
        "sp_reference",
        sa.Column("param", sa.Integer(), nullable=False),
        sa.Column("target", BIG, nullable=False),
        sa.Column("rid", BIG, nullable=False),
        sa.PrimaryKeyConstraint("param", "target", "rid"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_sp_reference_rid", "sp_reference", ["rid", "param", "target"], unique=False)
    op.create_table(
        "sp_string",
        sa.Column("param", sa.Integer(), nullable=False),
        sa.Column("value", KEY, nullable=False),
        sa.Column("rid", BIG, nullable=False),
        sa.PrimaryKeyConstraint("param", "value", "rid"),
        sqlite_with_rowid=False,
    )


def _journal() -> None:
    op.create_table(
        "journal",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("received", BIG, nullable=False),
        sa.Column("event_time", BIG, nullable=True),
        sa.Column("endpoint", sa.String(length=64), nullable=False),
        sa.Column("site", sa.String(length=64), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("application", sa.Text(), nullable=False),
        sa.Column("facility", sa.Text(), nullable=False),
        sa.Column("control_id", sa.Text(), nullable=False),
        sa.Column("type", sa.String(length=32), nullable=False),
        sa.Column("message_version", sa.String(length=16), nullable=False),
        sa.Column("charset_declared", sa.Text(), nullable=False),
        sa.Column("charset", sa.String(length=16), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("dedupe", sa.Text(), nullable=True),
        sa.Column("original", BIG, nullable=True),
        sa.Column("patient_key", sa.Text(), nullable=False),
        sa.Column("order_key", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("verdict", sa.String(length=2), nullable=False),
        sa.Column("issues", sa.LargeBinary(), nullable=False),
        sa.Column("resources", sa.Integer(), nullable=False),
        sa.Column("unaccounted", sa.Integer(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.Column("ledger", sa.LargeBinary(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("dedupe"),
    )
    op.create_index("ix_journal_control", "journal", ["site", "control_id"], unique=False)
    op.create_index("ix_journal_original", "journal", ["original"], unique=False)
    op.create_index("ix_journal_patient", "journal", ["patient_key"], unique=False)
    op.create_index("ix_journal_received", "journal", ["received"], unique=False)
    op.create_index("ix_journal_site_received", "journal", ["site", "received"], unique=False)
    op.create_index("ix_journal_status", "journal", ["status", "received"], unique=False)
    op.create_index("ix_journal_type", "journal", ["type", "received"], unique=False)


def _work() -> None:
    op.create_table(
        "audit",
        sa.Column("seq", BIG, autoincrement=False, nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("chain", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_table(
        "outbox",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("created", BIG, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", BIG, nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_outbox_next", "outbox", ["next_at"], unique=False)


def downgrade() -> None:
    for name in TABLES:
        op.drop_table(name)
    if op.get_bind().dialect.name == "postgresql":
        for name in SEQUENCES:
            op.execute(f"DROP SEQUENCE {name}_seq")
