"""Where interactions ask for long work, look at it and take it back (used through `Services.jobs`)."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from fhir_server.jobs.job import Job, Json
from fhir_server.jobs.kinds import KINDS
from fhir_server.jobs.ledger import Ask, Cancel, find
from fhir_server.security.scope import Scope
from fhir_server.store.database import Database

if TYPE_CHECKING:
    from fhir_server.settings import Settings

Submit = Callable[[Any], Future[Any]]


class Desk:
    """`wake` tells the runner of this process; those of others look by themselves."""

    def __init__(
        self,
        database: Database,
        submit: Submit,
        wake: Callable[[], None],
        folder: Path,
        settings: Settings,
    ) -> None:
        self._database, self._submit, self._wake = database, submit, wake
        self.folder, self.expiry = folder, settings.job_hours * 3_600_000_000
        self.import_folder, self.import_limit = settings.import_folder, settings.import_limit

    def start(self, kind: str, request: Json, scope: Scope, name: str = "") -> str:
        """The id of the new job, after the commit. `name` is drawn with `drawn()` when the caller needs it before."""
        name = self._submit(Ask(name or drawn(), kind, request, scope)).result()
        self._wake()
        return name

    def find(self, name: str, scope: Scope) -> Job | None:
        """The job, when the caller may know of it; a cancelled one is gone."""
        if not _DRAWN.fullmatch(name):
            return None
        with self._database.read() as connection:
            job = find(connection, name, scope)
        return None if job is None or job.state == "cancelled" or job.kind not in KINDS else job

    def cancel(self, name: str) -> None:
        """Stops the job between two slices and removes its files."""
        if self._submit(Cancel(name)).result():
            remove(self.folder / name)


_DRAWN = re.compile(r"[0-9a-f-]{36}", re.ASCII)


def drawn() -> str:
    """An id nobody can guess: whoever knows it may ask for the files."""
    return str(uuid4())


def remove(folder: Path) -> None:
    """Removes the files of a job; what is not there is removed already."""
    shutil.rmtree(folder, ignore_errors=True)
