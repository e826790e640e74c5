"""One transaction in memory: what it has read, what it is going to write.

Jobs change the unit only; `flush` writes all of it in a few bulk statements. A job that fails is rewound without
touching the database, and many jobs share one commit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from fhir_server.search.index import IndexRows
from fhir_server.store import body as bodies
from fhir_server.store import schema
from fhir_server.store.driver import Driver, Rows
from fhir_server.store.fold import Said

Key = tuple[str, str]
JOURNAL_BLOCK = 128
"""Not less than the jobs of a batch: a second block would begin at the same number."""
_MISSING = object()


class Head(NamedTuple):
    """The current row of a resource, in the order of the columns; `rid` 0 while it has no number, `version` 0 for a
    placeholder.
    """

    rid: int
    type: str
    id: str
    version: int
    last_updated: int
    deleted: bool
    body: bytes
    owner: str
    patient_rid: int | None = None
    clinical_date: int | None = None
    content_hash: bytes = b""

    @property
    def living(self) -> bool:
        return self.version > 0 and not self.deleted


class Turn(NamedTuple):
    """One new version of this transaction."""

    version: int
    method: str
    body: bytes
    deleted: bool
    message: int | None
    resource: dict[str, Any] | None


HEAD_COLUMNS = Head._fields


def _head(row: Sequence[Any]) -> Head:
    rid, kind, name, version, updated, deleted, body, owner, patient, date, digest_ = row
    return Head(rid, kind, name, version, updated, bool(deleted), bytes(body), owner, patient, date, bytes(digest_))


class Unit:
    """Reads through to the driver; collects writes.

    `log` has every turn by type, also those taken back and those flushed; `memo` is what others remember as long as the
    transaction lasts.
    """

    def __init__(self, driver: Driver, now: int) -> None:
        self.driver = driver
        self.now = now
        self.until: float = 0
        """When, by the monotonic clock, the conditions of the job must have been looked up; 0: no limit."""
        self.heads: dict[Key, Head | None] = {}
        self.stored: dict[Key, Head | None] = {}
        self.said: dict[Key, tuple[Said, ...]] = {}
        self.said_stored: dict[Key, tuple[Said, ...]] = {}
        self.indexed: dict[Key, tuple[dict[str, Any], IndexRows]] = {}
        self.turns: dict[Key, tuple[Turn, ...]] = {}
        self.points: dict[Key, tuple[tuple[int, bytes, int, int], ...]] = {}
        self.aliases: dict[str, tuple[str, int, int] | None] = {}
        self.alias_rows: dict[str, tuple[Any, ...]] = {}
        self.journal: dict[int, tuple[Any, ...]] = {}
        self.worklist: dict[tuple[str, str, str], tuple[str, str, int, int]] = {}
        self.log: dict[str, list[tuple[Key, Head, dict[str, Any] | None]]] = {}
        self.memo: dict[str, Any] = {}
        self.known: tuple[int, int] | None = None
        """The state of the search parameters this unit indexes with; None when it is held already."""
        self.state: Callable[[], tuple[int, int]] | None = None
        """The state as it is under the commit lock, once that was asked for."""
        self.latest: Rows | None = None
        """The time of the last change, likewise."""
        self._next_journal: int | None = None
        self._merged: bool | None = None
        self._coming: list[tuple[list[Key], Rows, Rows]] = []
        self._undo: list[tuple[dict[Any, Any], Any, Any]] = []

    # -- reading -----------------------------------------------------------------------------------------------------

    def expect(self, keys: Iterable[Key]) -> None:
        """Asks for heads and statements of the keys not read yet; they come with the next answer of the database."""
        wanted = sorted({key for key in keys if key not in self.heads})
        if wanted:
            heads = self.driver.selecting(schema.resource, HEAD_COLUMNS, ("type", "id"), wanted)
            self._coming.append((wanted, heads, self.driver.saying(wanted)))

    def load(self, keys: Iterable[Key]) -> None:
        """Reads what was expected, and heads and statements of the keys not read yet."""
        self._arrive()
        self.expect(keys)
        self._arrive()

    def _arrive(self) -> None:
        coming, self._coming = self._coming, []
        for wanted, heads, statements in coming:
            found = {(row[1], row[2]): _head(row) for row in heads()}
            said: dict[Key, list[Said]] = {}
            for kind, name, weight, first, last, digest, message, fragment in statements():
                one = Said(weight, first, last, bytes(digest), message)
                said.setdefault((kind, name), []).append(bodies.unpack(one, bytes(fragment)))
            for key in wanted:
                if key not in self.heads:
                    self.heads[key] = self.stored[key] = found.get(key)
                    self.said[key] = self.said_stored[key] = tuple(said.get(key, ()))

    def head(self, key: Key) -> Head | None:
        if key not in self.heads:
            self.load([key])
        return self.heads[key]

    def statements(self, key: Key) -> tuple[Said, ...]:
        self.head(key)
        return self.said[key]

    @property
    def merged_patients(self) -> bool:
        """Whether any patient was ever merged; most stores can spare themselves the search for references."""
        if self._merged is None:
            self._merged = self.driver.any(schema.alias)
        return self._merged or bool(self.alias_rows)

    def points_of(self, key: Key, run: Said) -> list[int]:
        """The event times inside a run; read only when it is split."""
        head = self.head(key)
        rows = []
        if head is not None and head.rid:
            rows = self.driver.select(schema.statement_point, ("weight", "hash", "time"), ("rid",), [(head.rid,)])
        found = [(row[0], bytes(row[1]), row[2]) for row in rows]
        found += [(weight, digest_, time) for weight, digest_, time, _ in self.points.get(key, ())]
        return [time for weight, digest_, time in found if (weight, digest_) == (run.weight, run.hash)]

    # -- writing into memory -----------------------------------------------------------------------------------------

    def mark(self) -> int:
        return len(self._undo)

    def rewind(self, mark: int) -> None:
        """Takes back everything since the mark."""
        while len(self._undo) > mark:
            table, key, old = self._undo.pop()
            if old is _MISSING:
                table.pop(key, None)
            else:
                table[key] = old

    def sealed(self) -> None:
        """Called after a flush: what came before can no longer be rewound one by one."""
        self._undo.clear()

    def put(self, table: dict[Any, Any], key: Any, value: Any) -> None:
        """The only way a job changes the unit, so that it can be rewound."""
        self._undo.append((table, key, table.get(key, _MISSING)))
        table[key] = value

    def turn(
        self,
        key: Key,
        resource: dict[str, Any] | None,
        *,
        method: str,
        owner: str,
        message: int | None,
        text: bytes | None = None,
    ) -> Head:
        """The next version of a resource; `None` deletes it. `text` is its canonical form, when it is known already."""
        old = self.head(key)
        version = (old.version if old else 0) + 1
        if resource is None:
            body, content = b"", b""
        else:
            text = text or bodies.canonical(resource)
            body, content = bodies.stamped(text, key, version, self.now), bodies.digest(text)
        head = Head(
            rid=old.rid if old else 0,
            type=key[0],
            id=key[1],
            version=version,
            last_updated=self.now,
            deleted=resource is None,
            body=body,
            owner=(old.owner if old and old.version else "") or owner,
            content_hash=content,
        )
        self.put(self.heads, key, head)
        self.log.setdefault(key[0], []).append((key, head, resource))
        new = Turn(version, method, body, resource is None, message, resource)
        self.put(self.turns, key, (*self.turns.get(key, ()), new))
        return head

    def hydrate(self, key: Key) -> tuple[Said, ...]:
        """The statements with their bodies read back: the only one of a resource is kept as the resource itself."""
        said = self.statements(key)
        if any(one.body is None and one.renamed is None for one in said):
            head = self.head(key)
            text = head.body if head else b""
            said = tuple(
                replace(one, body=bodies.content(text)) if one.body is None and one.renamed is None else one
                for one in said
            )
            self.put(self.said, key, said)
        return said

    def journal_number(self) -> int:
        """The next number of the journal; a batch takes one block, gaps do not matter."""
        if self._next_journal is None:
            self._next_journal = self.driver.numbers(schema.journal, JOURNAL_BLOCK)
        self._next_journal += 1
        return self._next_journal - 1


Clock = Callable[[], int]
