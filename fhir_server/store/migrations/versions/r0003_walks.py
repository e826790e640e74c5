"""Searches that walk: texts by resource, and long ranges by where they end."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

LONG = sa.text("high > low + 86400000000")


def upgrade() -> None:
    op.create_index("ix_sp_string_rid", "sp_string", ["rid", "param", "value"])
    columns = ["param", "high", "low", "rid"]
    op.create_index("ix_sp_range_long", "sp_range", columns, postgresql_where=LONG, sqlite_where=LONG)


def downgrade() -> None:
    op.drop_index("ix_sp_range_long", "sp_range")
    op.drop_index("ix_sp_string_rid", "sp_string")
