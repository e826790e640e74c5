"""Where a command reads from: a store of its own, or a server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fhir_server.commands.output import Exit, fail
from fhir_server.rest.address import pairs, segments
from fhir_server.rest.exchange import Answer, Call, Services, refusal
from fhir_server.rest.router import carry_out, find
from fhir_server.search.query import Limits
from fhir_server.settings import SettingsError, load
from fhir_server.store.database import Database
from profiles.issue import Issue


@contextmanager
def opened(url: str | None) -> Iterator[Database]:
    """The store at the URL, or that of the settings; a store that is not there ends the command."""
    try:
        address = load(database=url).database
        database = Database(address)
        with database.read() as connection:
            connection.exec_driver_sql("SELECT 1 FROM resource WHERE rid = 0")
    except (SettingsError, ValueError) as error:
        fail(str(error), Exit.USAGE)
    except Exception as error:
        fail(
            f"there is no store at this URL ({type(error).__name__})",
            Exit.IO,
            "Give one with --database, or QIAO_DATABASE.",
        )
    try:
        yield database
    finally:
        database.close()


def from_database(url: str | None, address: str) -> tuple[int, bytes]:
    """(status, body) of a GET, carried out by the same handlers as over HTTP."""
    with opened(url) as database:
        answer = _get(database, address)
    return answer.status, answer.body


def _get(database: Database, address: str) -> Answer:
    path, _, query = address.strip().lstrip("/").partition("?")
    parts, parameters = segments(path.encode()), pairs(query)
    if isinstance(parts, Issue):
        return refusal(parts)
    if isinstance(parameters, Issue):
        return refusal(parameters)
    found = find("GET", parts)
    if isinstance(found, Answer):
        return found
    answer = carry_out(*found, Call("GET", parameters=parameters, base="fhir"), _reading(database))
    assert isinstance(answer, Answer), "a GET does not write"
    return answer


def _reading(database: Database) -> Services:
    import time

    return Services(database, _NoDoor(), lambda: time.time_ns() // 1000, lambda: "", b"command line", Limits(), 0)


class _NoDoor:
    """The command line reads; it has no way to write."""

    def write(self, writes: Any, scope: Any) -> Any:
        raise NotImplementedError


def from_server(base: str, address: str) -> tuple[int, bytes]:
    """(status, body) of a GET over HTTP."""
    import httpx

    try:
        answer = httpx.get(
            f"{base.rstrip('/')}/{address.lstrip('/')}", headers={"accept": "application/fhir+json"}, timeout=60
        )
    except httpx.HTTPError as error:
        fail(f"{base} does not answer ({type(error).__name__})", Exit.IO, "Is the server running? Try `qiao serve`.")
    if "json" not in answer.headers.get("content-type", ""):
        fail(f"{base} is not a FHIR server: it answers {answer.status_code} without JSON", Exit.IO)
    return answer.status_code, answer.content
