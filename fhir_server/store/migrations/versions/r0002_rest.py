"""REST in full: long jobs, subscriptions, counters, changes by type and by message; claims on identifiers are gone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
COUNTED = (
    "INSERT INTO type_count (type, owner, living)"
    " SELECT type, owner, count(*) FROM resource WHERE version > 0 AND NOT deleted GROUP BY type, owner"
)


def upgrade() -> None:
    op.create_index("ix_change_type", "change", ["type", "seq"])
    op.create_index("ix_change_message", "change", ["message"])
    _jobs()
    _subscriptions()
    _counters()
    op.drop_table("identity")


def _jobs() -> None:
    op.create_table(
        "job",
        sa.Column("id", KEY, primary_key=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("created", BIG, nullable=False),
        sa.Column("updated", BIG, nullable=False),
        sa.Column("lease", BIG),
        sa.Column("worker", sa.Text(), nullable=False),
        sa.Column("owners", sa.LargeBinary(), nullable=False),
        sa.Column("request", sa.LargeBinary(), nullable=False),
        sa.Column("progress", sa.LargeBinary(), nullable=False),
        sa.Column("result", sa.LargeBinary(), nullable=False),
    )
    op.create_index("ix_job_state", "job", ["state", "created"])


def _subscriptions() -> None:
    op.create_table(
        "subscription",
        sa.Column("id", KEY, primary_key=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("event", BIG, nullable=False),
        sa.Column("sent", BIG, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", BIG),
        sa.Column("last_at", BIG, nullable=False),
    )
    op.create_table(
        "subscription_event",
        sa.Column("subscription", KEY, nullable=False),
        sa.Column("event", BIG, nullable=False),
        sa.Column("rid", BIG, nullable=False),
        sa.Column("type", sa.String(64), nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("method", sa.String(8), nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("subscription", "event"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_subscription_event_at", "subscription_event", ["at"])


def _counters() -> None:
    op.create_table(
        "search_list",
        sa.Column("param", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("at", BIG, nullable=False),
    )
    op.create_table(
        "type_count",
        sa.Column("type", sa.String(64), nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("living", BIG, nullable=False),
        sa.PrimaryKeyConstraint("type", "owner"),
        sqlite_with_rowid=False,
    )
    op.execute(COUNTED)
    about = op.create_table(
        "about", sa.Column("name", sa.String(32), primary_key=True), sa.Column("value", sa.Text(), nullable=False)
    )
    op.bulk_insert(about, [{"name": "index", "value": "1"}])


def downgrade() -> None:
    for name in ("about", "type_count", "search_list", "subscription_event", "subscription", "job"):
        op.drop_table(name)
    op.drop_index("ix_change_message", "change")
    op.drop_index("ix_change_type", "change")
    op.create_table(
        "identity",
        sa.Column("type", sa.String(64), nullable=False),
        sa.Column("system", KEY, nullable=False),
        sa.Column("value", KEY, nullable=False),
        sa.Column("rid", BIG, nullable=False),
        sa.PrimaryKeyConstraint("type", "system", "value"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_identity_rid", "identity", ["rid"])
