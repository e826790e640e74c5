"""The post office of the day: gives control ids and numbers, makes bytes, and keeps what was sent."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, timezone

from examples.county.dialects import DIALECTS, msh, wire
from examples.county.people import Person, person
from examples.county.places import Patient, register

DATE = date(2026, 10, 21)
"""The day, fixed, so that two runs are equal."""

ZONE = timezone(timedelta(hours=8))

RESTARTS = {"county-analyser": 12}
"""After how many messages a system is switched off and on, and counts its control ids from 1 again."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One message on its way: `raw` as the bytes stand between the frame marks, `due` the time it is sent.

    `answer` is the acknowledgement it deserves (AA, AE or AR), `issue` an issue code it must raise or '', `case` the
    number of the dirty case it shows (0: an ordinary message), `control` its MSH-10 or '' when it has none.
    """

    site: str
    raw: bytes
    due: datetime
    label: str
    answer: str = "AA"
    issue: str = ""
    case: int = 0
    control: str = ""


class Desk:
    """Hands out people, numbers and control ids in a fixed order, from one seed."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.sent: list[Sent] = []
        self._people = itertools.count(1)
        self._numbers: dict[str, Iterator[int]] = {}

    def person(self) -> Person:
        """Somebody who was not seen before."""
        return person(self.rng, next(self._people))

    def patient(self, place: str) -> Patient:
        return register(self.person(), place)

    def number(self, series: str) -> int:
        """The next number of a series, from 1."""
        return next(self._numbers.setdefault(series, itertools.count(1)))

    def turn(self, series: str, length: int) -> bool:
        """Whether this is the last of each `length` calls of a series: chance would sometimes leave a story out."""
        return self.number(f"turn {series}") % length == 0

    def control(self, site: str) -> str:
        number = self.number(f"control {site}")
        if site in RESTARTS:
            number = (number - 1) % RESTARTS[site] + 1
        return DIALECTS[site].control.format(number=number)

    def at(self, first: float, last: float) -> datetime:
        """A time of the day between two hours."""
        minutes = self.rng.uniform(first * 60, last * 60)
        return datetime.combine(DATE, time(), ZONE) + timedelta(seconds=int(minutes * 60))

    def after(self, when: datetime, low: int, high: int) -> datetime:
        """Some minutes later, but still today."""
        end = datetime.combine(DATE, time(23, 50), ZONE)
        return min(when + timedelta(seconds=self.rng.randrange(low * 60, high * 60)), end)

    def post(
        self,
        site: str,
        when: datetime,
        kind: str,
        body: Sequence[str],
        label: str,
        *,
        due: datetime | None = None,
        answer: str = "AA",
        issue: str = "",
    ) -> Sent:
        """Writes the message of that kind (`ADT^A04`) and sends it, a moment after `when` unless `due` is given."""
        dialect, control = DIALECTS[site], self.control(site)
        raw = wire(dialect, [msh(dialect, when, kind, control), *body])
        moment = due or when + timedelta(seconds=self.rng.randrange(1, 20))
        return self.put(Sent(site, raw, moment, f"{kind} {label}", answer, issue, 0, control))

    def put(self, message: Sent) -> Sent:
        self.sent.append(message)
        return message

    def again(self, message: Sent, due: datetime) -> Sent:
        """The same bytes a second time: the sender did not see the answer."""
        return self.put(replace(message, due=due, label=f"{message.label} duplicate", issue="duplicate-message"))
