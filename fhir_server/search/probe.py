"""A condition on the row at hand, asked as EXISTS."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, exists, literal_column


def probe(found: Any) -> ColumnElement[bool]:
    """EXISTS for the row at hand. OFFSET 0 changes nothing, but for PostgreSQL: it keeps the sub-select as it stands,
    instead of reading all of a list to look up a few rows in it."""
    return exists(found.offset(literal_column("0")))
