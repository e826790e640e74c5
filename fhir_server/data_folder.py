"""Where the files of a store lie: beside an SQLite file, else in the working directory, unless a setting names it."""

from __future__ import annotations

import os
from pathlib import Path

_DATABASE = "sqlite:///qiao.db"


def data_folder(given: Path | None, database: str) -> Path:
    """The data folder; `given` is the setting `data_folder`, `database` the URL of the store."""
    name = database.partition(":///")[2].partition("?")[0] if database.startswith("sqlite") else ""
    return (given or Path(name).parent / "qiao-data").absolute()


def surrounding_data_folder() -> Path:
    """The data folder as the environment has it, for commands that need nothing else of the settings."""
    given = os.environ.get("QIAO_DATA_FOLDER")
    return data_folder(Path(given) if given else None, os.environ.get("QIAO_DATABASE") or _DATABASE)
