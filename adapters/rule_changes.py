"""Messages under old and new rules: two books of sites, or what the store holds against the rules of today.

Each message is read twice at the moment it was received, nothing is written, and only counts and a few samples are
kept, so that memory does not grow with the journal. Samples carry no values of patients unless asked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from adapters import pipeline
from adapters.comparison import Difference, Side, differences, side
from adapters.site import SiteBook
from adapters.stored_outcome import stored
from fhir_server.masking import masked
from fhir_server.security.scope import EVERYTHING
from fhir_server.store import journal
from fhir_server.store.database import Database

_LONG = 80


@dataclass(frozen=True, slots=True)
class Compared:
    """One message: where it came from, both sides, and how many resources could not be compared."""

    label: str
    old: Side | None
    new: Side | None
    unsure: int = 0


def compare(raw: bytes, label: str, old: SiteBook, new: SiteBook, now: int, site: str = "") -> Compared:
    """A message under two books."""
    try:
        return Compared(label, _read(raw, old, now, site), _read(raw, new, now, site))
    except Exception:  # counted; `qiao replay` tells more
        return Compared(label, None, None)


def of_journal(database: Database, old: SiteBook | None, new: SiteBook, wanted: journal.Wanted) -> Iterator[Compared]:
    """The messages of the journal, oldest first; without an old book against what the store holds of them."""
    with database.read() as connection:
        numbers = [
            entry.id
            for entry in journal.find(connection, EVERYTHING, wanted)
            if entry.original is None and entry.status != "event"
        ]
    for number in numbers:
        with database.read() as connection:
            entry = journal.entry(connection, EVERYTHING, number)
            if entry is None:
                continue
            label = f"journal:{number}"
            site = entry.site if entry.site != new.default.code else ""
            if old is not None:
                yield compare(entry.raw, label, old, new, entry.received, site)
                continue
            try:
                before, after, unsure = stored(connection, entry, _read(entry.raw, new, entry.received, site))
                yield Compared(label, before, after, unsure)
            except Exception:
                yield Compared(label, None, None)


def _read(raw: bytes, book: SiteBook, now: int, site: str) -> Side:
    known = site if book.by_code(site) is not None else ""
    found = pipeline.prepare(raw, book, now, channel="replay", site=known)
    arrival = found.arrival
    stated = (one.resource for one in arrival.stated)
    return side(arrival.verdict, stated, tuple(issue.code for issue in arrival.issues), found.mapped)


@dataclass(slots=True)
class RuleChanges:
    """The sum over all messages; `limit` samples, those of final reports first."""

    limit: int
    masked: bool = True
    messages: int = 0
    changed: int = 0
    final_messages: int = 0
    unsure: int = 0
    crashed: list[str] = field(default_factory=list)
    verdicts: Counter[str] = field(default_factory=Counter)
    findings: Counter[str] = field(default_factory=Counter)
    resources: Counter[str] = field(default_factory=Counter)
    places: Counter[str] = field(default_factory=Counter)
    final_places: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    _samples: list[dict[str, Any]] = field(default_factory=list)
    _final_samples: list[dict[str, Any]] = field(default_factory=list)

    def count(self, one: Compared) -> None:
        self.messages += 1
        self.unsure += one.unsure
        if one.old is None or one.new is None:
            self.crashed.append(one.label)
            return
        found = list(differences(one.old, one.new))
        if one.old.verdict != one.new.verdict:
            self.verdicts[f"{one.old.verdict}→{one.new.verdict}"] += 1
        before, after = Counter(set(one.old.findings)), Counter(set(one.new.findings))
        self.findings.update(f"+{code}" for code in after - before)
        self.findings.update(f"-{code}" for code in before - after)
        self.changed += bool(found) or one.old.verdict != one.new.verdict
        self.final_messages += any(each.final for each in found)
        touched: dict[tuple[str, str], str] = {}
        for each in found:
            touched[each.key] = each.kind if not each.path else "changed"
            self.places[f"{each.kind} {each.place}"] += 1
            if each.final:
                self.final_places[f"{each.kind} {each.place}"] += 1
            if each.rule:
                self.rules[each.rule] += 1
            self._sample(one.label, each)
        self.resources.update(f"{kind} {key[0]}" for key, kind in touched.items())

    def _sample(self, label: str, one: Difference) -> None:
        kept = self._final_samples if one.final else self._samples
        if len(kept) >= self.limit:
            return
        kept.append(
            {
                "message": label,
                "resource": f"{one.key[0]}/{one.key[1]}",
                "kind": one.kind,
                "path": one.path,
                "old": self._shown(one, one.old),
                "new": self._shown(one, one.new),
                "rule": one.rule,
                "final": one.final,
            }
        )

    def _shown(self, one: Difference, value: Any) -> Any:
        """A value for people: codes and statuses as they are, everything else hidden unless asked."""
        if value is None or isinstance(value, bool):
            return value
        if not self.masked:
            return value
        last = one.path.rpartition(".")[2].partition("[")[0]
        if last in _OPEN and isinstance(value, str):
            shown = masked(value)
            return shown if len(shown) <= _LONG else shown[:_LONG] + "…"
        return "＊＊＊"

    def json(self) -> dict[str, Any]:
        """The object that `--json` prints."""
        return {
            "messages": self.messages,
            "changed": self.changed,
            "final_reports_changed_by": self.final_messages,
            "verdicts": dict(self.verdicts.most_common()),
            "findings": dict(self.findings.most_common()),
            "resources": dict(self.resources.most_common()),
            "elements": dict(self.places.most_common(200)),
            "final_elements": dict(self.final_places.most_common(200)),
            "rules": dict(self.rules.most_common(200)),
            "not_comparable": self.unsure,
            "crashed": self.crashed[:100],
            "samples": [*self._final_samples, *self._samples][: self.limit],
        }


_OPEN = frozenset({"status", "system", "code", "unit", "gender", "url", "use", "intent", "priority", "comparator"})
"""Last elements of a path whose values are of the vocabulary, never of a person."""
