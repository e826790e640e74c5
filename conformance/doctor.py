"""Is this installation fit to serve? Each check looks at one thing and says what to do when it is wrong.

Checks read; none of them changes anything. What they find carries no patient values and no passwords.
"""

from __future__ import annotations

import operator
import os
import re
import shutil
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions, requires
from pathlib import Path
from typing import Literal

from sqlalchemy import inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from adapters.site import SiteError, load
from fhir_server.store.database import Database
from fhir_server.store.schema import metadata

ROOMS = ("profiles", "mappers", "fhir_server", "adapters", "conformance")
OURS = "qiao-fhir"
LEAST_PYTHON = (3, 11)
LEAST_DISK = 1 << 30
EARLIEST = 1_767_225_600
"""2026-01-01: no machine that runs this program has an earlier time."""
LATEST = 4_102_444_800
"""2100-01-01."""
_SHOWN = "青禾县人民医院"


@dataclass(frozen=True, slots=True)
class Settings:
    """What to look at. A port of 0 is not looked at; `clock` gives seconds since 1970 UTC."""

    database: str
    sites: Path
    ports: Mapping[str, int]
    clock: Callable[[], float] = time.time
    owners: Callable[[], Mapping[str, Sequence[str]]] = packages_distributions


@dataclass(frozen=True, slots=True)
class Check:
    """`state` ok or finding; `what` was found, and what to `do` about it ('' when all is well)."""

    name: str
    state: Literal["ok", "finding"]
    what: str
    do: str = ""


def _ok(name: str, what: str) -> Check:
    return Check(name, "ok", what)


def _finding(name: str, what: str, do: str) -> Check:
    return Check(name, "finding", what, do)


def examine(settings: Settings) -> tuple[Check, ...]:
    """All checks, in the order of the table; one that breaks is a finding itself."""
    return tuple(found for check in CHECKS for found in _guarded(check, settings))


def _guarded(check: Callable[[Settings], Iterator[Check]], settings: Settings) -> list[Check]:
    try:
        return list(check(settings))
    except Exception as error:
        name = check.__name__.replace("_", "-")
        return [_finding(name, f"The check itself failed: {type(error).__name__}", "Report this as a defect.")]


def python(_: Settings) -> Iterator[Check]:
    shown = ".".join(str(part) for part in sys.version_info[:3])
    if sys.version_info[:2] < LEAST_PYTHON:
        yield _finding("python", f"Python {shown}", "Install Python 3.11 or later and make a new environment.")
    else:
        yield _ok("python", f"Python {shown}")


def packages(_: Settings) -> Iterator[Check]:
    """Every requirement without an extra is installed in a version that satisfies it."""
    try:
        wanted = [line for line in requires(OURS) or () if "extra ==" not in line]
    except PackageNotFoundError:
        yield _finding("packages", f"{OURS} is not installed", "Install it: pip install qiao-fhir.")
        return
    missing = [name for name in map(_unsatisfied, wanted) if name]
    if missing:
        yield _finding("packages", f"Missing or too old: {', '.join(missing)}", f"pip install --upgrade {OURS}")
    else:
        yield _ok("packages", f"{len(wanted)} requirements are met")


_REQUIREMENT = re.compile(r"^([\w.-]+)(?:\[[^\]]*\])?\s*([^;]*?)\s*(?:;\s*(.*))?$")
_BOUND = re.compile(r"(>=|<=|==|<|>|!=)\s*([\d.]+)")
_HOLDS: Mapping[str, Callable[[tuple[int, ...], tuple[int, ...]], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "<": operator.lt,
    ">": operator.gt,
    "!=": operator.ne,
}


def _unsatisfied(line: str) -> str:
    """What is wrong with one requirement as the metadata write it, `""` when it is met or not for this platform."""
    match = _REQUIREMENT.match(line)
    if match is None or ("win32" in (match[3] or "") and sys.platform == "win32"):
        return ""
    try:
        found = distribution(match[1]).version
    except PackageNotFoundError:
        return match[1]
    bounds = _BOUND.findall(match[2])
    met = all(_HOLDS[sign](_release(found), _release(bound)) for sign, bound in bounds)
    return "" if met else f"{match[1]} {found}"


def _release(version: str) -> tuple[int, ...]:
    """1.3.5 as (1, 3, 5, 0): enough to compare releases; what follows the numbers is left out."""
    numbers = [int(part) for part in re.findall(r"\d+", re.split(r"[^\d.]", version)[0])[:4]]
    return tuple(numbers + [0] * (4 - len(numbers)))


def names(settings: Settings) -> Iterator[Check]:
    """No other distribution owns the name of a room: the one imported first would win."""
    owners = settings.owners()
    strangers = [(room, one) for room in ROOMS for one in owners.get(room, ()) if one.lower() != OURS]
    for room, one in strangers:
        do = f"pip uninstall {one}, or install {OURS} in an environment of its own."
        yield _finding("names", f"The distribution {one} also brings a package {room}", do)
    if not strangers:
        yield _ok("names", f"No other distribution brings {', '.join(ROOMS)}")


def sites(settings: Settings) -> Iterator[Check]:
    try:
        book = load(settings.sites)
    except SiteError as error:
        for problem in error.problems:
            yield _finding("sites", problem, f"Correct the file below {settings.sites}.")
        return
    except OSError as error:
        yield _finding("sites", f"{settings.sites}: {error.strerror}", "Name the folder with --sites.")
        return
    systems = len(book.endpoints) - 1
    if systems:
        yield _ok("sites", f"{systems} sending systems of {len(book.institutions) - 1} institutions")
    else:
        yield _finding("sites", f"No site in {settings.sites}", "Add a folder with site.toml for each sending system.")


def database(settings: Settings) -> Iterator[Check]:
    """Reachable, with all its tables, and with the durability the acknowledgements promise."""
    url = make_url(settings.database)
    if url.get_backend_name() == "sqlite" and url.database and not Path(url.database).exists():
        folder = _existing(Path(url.database))
        if os.access(folder, os.W_OK):
            yield _ok("database", f"{_shown_url(settings.database)} does not exist yet: it is made at the first start")
        else:
            yield _finding("database", f"Nothing can be written in {folder}", "Choose another folder with --database.")
        return
    try:
        store = Database(settings.database)
    except (ValueError, SQLAlchemyError) as error:
        yield _finding("database", f"The URL cannot be used: {type(error).__name__}", "See --database.")
        return
    try:
        yield from _store(store, settings)
    except SQLAlchemyError as error:
        what = f"{_shown_url(settings.database)} cannot be opened: {type(error).__name__}"
        yield _finding("database", what, "Is the server up, are the name and the password right?")
    finally:
        store.close()


def _store(store: Database, settings: Settings) -> Iterator[Check]:
    with store.engine.connect() as connection:
        found = {
            table: {column["name"] for column in inspect(connection).get_columns(table)}
            for table in inspect(connection).get_table_names()
        }
        yield _ok("database", f"{_shown_url(settings.database)} answers")
        wrong = [
            table.name
            for table in metadata.sorted_tables
            if not {c.name for c in table.columns} <= found.get(table.name, set())
        ]
        if not found:
            yield _ok("schema", "The database is empty: its tables are made at the first start")
        elif wrong:
            yield _finding(
                "schema", f"Tables missing or of another version: {', '.join(wrong)}", "Run qiao db upgrade."
            )
        else:
            yield _ok("schema", f"{len(metadata.sorted_tables)} tables")
        asked = _DURABILITY[store.dialect]
        for setting, fit in asked.items():
            value = str(connection.execute(text(setting)).scalar())
            name, do = setting.split()[-1], f"Set {setting.split()[-1]} so that a commit survives a power cut."
            yield (
                _ok("durability", f"{name} = {value}")
                if value.lower() in fit
                else _finding("durability", f"{name} = {value}", do)
            )


_DURABILITY: Mapping[str, Mapping[str, frozenset[str]]] = {
    "sqlite": {"PRAGMA journal_mode": frozenset({"wal"}), "PRAGMA synchronous": frozenset({"2", "3"})},
    "postgresql": {
        "SHOW synchronous_commit": frozenset({"on", "remote_write", "remote_apply"}),
        "SHOW fsync": frozenset({"on"}),
        "SHOW full_page_writes": frozenset({"on"}),
    },
}
"""What to ask each database, and the answers that keep the promise `no ACK before the commit`."""


def disk(settings: Settings) -> Iterator[Check]:
    url = make_url(settings.database)
    folder = _existing(Path(url.database)) if url.get_backend_name() == "sqlite" and url.database else Path.cwd()
    free = shutil.disk_usage(folder).free
    shown = f"{free / (1 << 30):.1f} GiB free"
    if free < LEAST_DISK:
        yield _finding("disk", shown, "Make room: a full disk stops the acknowledgements.")
    else:
        yield _ok("disk", shown)


def clock(settings: Settings) -> Iterator[Check]:
    now = settings.clock()
    shown = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))
    if EARLIEST <= now < LATEST:
        yield _ok("clock", shown)
    else:
        yield _finding("clock", f"The clock says {shown}", "Set it, and keep it with NTP: results are dated by it.")


def ports(settings: Settings) -> Iterator[Check]:
    for name, port in settings.ports.items():
        if not port:
            continue
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listening:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listening.bind(("127.0.0.1", port))
            except OSError as error:
                do = f"Stop what listens there (perhaps a running qiao), or choose another --{name}."
                yield _finding("ports", f"{name} {port}: {error.strerror}", do)
            else:
                yield _ok("ports", f"{name} {port} is free")


def definitions(_: Settings) -> Iterator[Check]:
    """The R4 definitions are the ones the manifest was written for."""
    from importlib.resources import files

    import orjson

    core = files("profiles") / "core"
    manifest = orjson.loads((core / "manifest.json").read_bytes())
    wrong = [name for name, expected in _hashes(manifest) if _digest((core / name).read_bytes()) != expected]
    for name in wrong:
        yield _finding("definitions", f"profiles/core/{name} is not what was shipped", f"Install {OURS} again.")
    if not wrong:
        yield _ok("definitions", f"{len(list(_hashes(manifest)))} archives as shipped")


def _hashes(manifest: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    archives = manifest.get("files")
    if isinstance(archives, dict):
        yield from ((name, one["sha256"] if isinstance(one, dict) else str(one)) for name, one in archives.items())


def _digest(content: bytes) -> str:
    return sha256(content).hexdigest()


def chinese(_: Settings) -> Iterator[Check]:
    """Names survive every character set of the senders, and the terminal can show them."""
    for codec in ("gb18030", "utf-8"):
        if _SHOWN.encode(codec).decode(codec) != _SHOWN:
            yield _finding("chinese", f"The codec {codec} loses characters", "Install a complete Python.")
            return
    encoding = (getattr(sys.stdout, "encoding", None) or "ascii").lower()
    try:
        _SHOWN.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        yield _finding("chinese", f"The terminal writes {encoding}", "Set PYTHONUTF8=1, or LANG=zh_CN.UTF-8.")
    else:
        yield _ok("chinese", f"GB18030 and UTF-8; the terminal writes {encoding}")


def _existing(path: Path) -> Path:
    """The nearest folder above that is there."""
    folder = path.absolute().parent
    while not folder.is_dir():
        folder = folder.parent
    return folder


def _shown_url(url: str) -> str:
    return make_url(url).render_as_string(hide_password=True)


CHECKS: tuple[Callable[[Settings], Iterator[Check]], ...] = (
    python,
    packages,
    names,
    sites,
    database,
    disk,
    clock,
    ports,
    definitions,
    chinese,
)
