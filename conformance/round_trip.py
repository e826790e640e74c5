"""v2 -> FHIR -> v2: how much of messages comes back, and how much of them is not measured, with the reasons.

A message is read, written again from its Bundle for who sent it, and read once more. `share` is what came back of the
values that are measured; what the version that is written has no place for (`beyond`), what another value of the
message overruled, and what stands in a resource that nothing refers to (`stranded`) is counted beside it, for a share
that leaves out half of the values says nothing. Messages that are not written again are counted too.
Fates: `mappers.outbound.comparison`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from adapters.er7 import parse
from mappers import Message, map_message
from mappers.mapped import Mapped
from mappers.outbound import Envelope, Receiver, Rendered, focus_of, kinds, of_bundle, render
from mappers.outbound.comparison import FOREIGN, Told, compare
from mappers.site import Context

KEPT = ("same", "moved", "equal")


@dataclass(frozen=True, slots=True)
class Unsent:
    """Why a message is not written again: `unread`; `read-only`, its kind is not written; `refused` on the way in;
    `several-patients`, for one message goes out for one patient; `about-nothing`, it made nothing that such a message
    would be about, as an order for medicine."""

    reason: str


def there_and_back(message: Message, mapped: Mapped, context: Context, version: str = "2.5.1") -> list[Told] | Unsent:
    """The fates of the values of one message."""
    if message.code not in kinds():
        return Unsent("read-only")
    if mapped.refused or not mapped.statements:
        return Unsent("refused")
    if message.code != "ORU" and len(message.all("PID")) != 1:
        return Unsent("several-patients")
    pool = of_bundle(mapped.bundle)
    envelope = Envelope(f"{message.code}^{message.event}", message.control_id, mapped.event_time)
    made = render(focus_of(message.code, message.event, pool), pool, Receiver(context.site, version), envelope)
    if not isinstance(made, Rendered):
        return Unsent("about-nothing")
    after = parse(made.text).message
    assert after is not None
    return list(compare(message, mapped, after, map_message(after, context)))


@dataclass(slots=True)
class Trips:
    """The messages of one kind."""

    messages: int = 0
    unsent: Counter[str] = field(default_factory=Counter)
    """By reason."""
    fates: Counter[str] = field(default_factory=Counter)
    fields: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By fate and field: `("lost", "PID-3")`."""

    def add(self, told: Iterable[Told] | Unsent) -> None:
        self.messages += 1
        if isinstance(told, Unsent):
            self.unsent[told.reason] += 1
            return
        for one in told:
            self.fates[one.fate] += 1
            self.fields[one.fate, one.field] += 1

    @property
    def values(self) -> int:
        return self.fates.total()

    @property
    def unmeasured(self) -> int:
        return sum(self.fates[fate] for fate in FOREIGN)

    @property
    def share(self) -> float | None:
        """What came back of what is measured, `None` when nothing is."""
        measured = self.values - self.unmeasured
        return 1 - self.fates["lost"] / measured if measured else None

    def most(self, fate: str, count: int = 10) -> dict[str, int]:
        """The fields that this happened to most often."""
        found = {name: number for (kind, name), number in self.fields.items() if kind == fate}
        return dict(sorted(found.items(), key=lambda one: (-one[1], one[0]))[:count])

    def plain(self) -> dict[str, Any]:
        """All of it as JSON."""
        return {
            "messages": self.messages,
            "unsent": dict(sorted(self.unsent.items())),
            "values": self.values,
            "share": None if self.share is None else round(self.share, 5),
            "unmeasured": round(self.unmeasured / self.values, 5) if self.values else None,
            "fates": {fate: self.fates[fate] for fate in (*KEPT, "lost", *sorted(FOREIGN))},
            "fields": {fate: self.most(fate) for fate in ("lost", *sorted(FOREIGN))},
        }


def together(trips: Iterable[Trips]) -> Trips:
    """Several kinds as one."""
    found = Trips()
    for one in trips:
        found.messages += one.messages
        found.unsent.update(one.unsent)
        found.fates.update(one.fates)
        found.fields.update(one.fields)
    return found
