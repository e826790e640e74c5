"""Brings a store from one schema to another (alembic revisions in `migrations/`).

A step is carried out in one transaction: it is done, or nothing of it is. Stores of the first release carry no
revision; they are recognised by their tables. Alembic is loaded here only, so that a start does not pay for it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from fhir_server.store.database import FIRST, HEAD, Database, lock_schema, revision, set_revision

EMPTY = "base"
"""The target of a downgrade that removes everything."""


def steps() -> list[tuple[str, str]]:
    """(revision, what it is about), the oldest first."""
    scripts = ScriptDirectory.from_config(_config(None)).walk_revisions()
    return [(script.revision, script.doc) for script in scripts][::-1]


def upgrade(database: Database, target: str = HEAD) -> tuple[str, str]:
    """Carries out the steps up to `target`; (revision before, revision after). An empty store starts from nothing."""
    return _moved(database, command.upgrade, target)


def downgrade(database: Database, target: str) -> tuple[str, str]:
    """Takes steps back, down to `target`. What only a later schema can hold is lost."""
    return _moved(database, command.downgrade, target)


def _moved(database: Database, move: Any, target: str) -> tuple[str, str]:
    with database.engine.begin() as connection:
        lock_schema(connection)
        before = revision(connection)
        if before == FIRST:
            set_revision(connection, FIRST)  # a store of the first release carries none
        move(_config(connection), target)
        return before, revision(connection)


def _config(connection: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    config.attributes["connection"] = connection
    return config
