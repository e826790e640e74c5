"""Delivers what waits in the outbox: in order for each key, several keys at once, until the receiver has answered.

AA and CA: done. AE and CE: the receiver cannot use the message; it becomes a dead letter (`on_error`). AR and CR, no
answer: tried again with growing pauses (`on_reject`), dead after `attempts`. Without a connection nothing was tried:
all deliveries wait, for one that asks again and again whether the receiver is back. In enhanced mode the answer of the
application is awaited behind CA; when none comes, CA stands, for the receiver has taken the message over.
After a time-out the socket is closed (`adapters.sender`), so that a late answer is never taken for that of the next
message. Source: HL7 v2.5.1 2.9.2, 2.9.3; table 0008.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from adapters.outbound.endpoint import Outbound
from adapters.outbound.ledger import DEAD, DONE, WAITING, Delivery, Settled, heads, next_due
from adapters.sender import Answer, Sender, client_tls
from adapters.site import Endpoint
from fhir_server.jobs.desk import Submit
from fhir_server.log import log
from fhir_server.store.database import Database
from fhir_server.store.writer import Unwritten

_MICRO = 1_000_000
_KEPT_ANSWER = 64 * 1024


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an attempt means: the state, and when the next one is due (seconds from now, `None`: never)."""

    state: str
    pause: float | None
    word: str


def judge(answer: Answer, attempts: int, outbound: Outbound, chance: float) -> Verdict:
    """`attempts` counts this one; `chance` from 0 to 1 spreads the pauses."""
    word = answer.verdict or answer.failure or "unreadable"
    if answer.accepted:
        return Verdict(DONE, None, word)
    policy = outbound.on_error if answer.verdict in ("AE", "CE") else outbound.on_reject
    if answer.failure or not answer.verdict:
        policy = "retry"
    if policy == "dead" or (attempts >= outbound.attempts and answer.failure != "unreachable"):
        return Verdict(DEAD, None, word)
    return Verdict(WAITING, pause_of(attempts, outbound, chance), word)


def pause_of(attempts: int, outbound: Outbound, chance: float) -> float:
    """Seconds until the next attempt: doubled each time, up to the most."""
    pause = min(outbound.retry_first * 2.0 ** min(max(attempts - 1, 0), 30), outbound.retry_most)
    return pause * (0.5 + chance / 2)


class Courier:
    """The connections to one receiver. `turn` starts what is due and free; it never waits."""

    def __init__(
        self,
        endpoint: Endpoint,
        database: Database,
        submit: Submit,
        clock: Callable[[], int],
        wake: Callable[[], None],
        tally: Counter[tuple[str, str]],
    ) -> None:
        assert endpoint.outbound is not None
        self.code, self._outbound = endpoint.code, endpoint.outbound
        self._database, self._submit, self._clock, self._wake = database, submit, clock, wake
        self._tally = tally
        self._free = [self._sender() for _ in range(self._outbound.connections)]
        self._running: dict[str, asyncio.Task[None]] = {}
        self._absent = 0
        self._quiet_until = 0
        self.next_at: int | None = None

    def _sender(self) -> Sender:
        out = self._outbound
        tls = client_tls(out.authorities, out.certificate, out.key) if out.tls else None
        return Sender(out.host, out.port, tls, connect_seconds=min(out.ack_seconds, 10.0), back_off=(0.0,))

    async def turn(self) -> None:
        """Starts deliveries as long as there are free connections; one alone while nobody answers the call."""
        if self._absent and (self._running or self._clock() < self._quiet_until):
            self.next_at = self._quiet_until
            return
        if not self._free:
            return
        # What ends while the deliveries are read stands among them as waiting: its key is left for the next turn.
        busy = set(self._running)
        found = await asyncio.to_thread(self._due, len(busy) + len(self._free))
        due = [one for one in found if one.key not in busy]
        for one in due[: 1 if self._absent else len(self._free)]:
            sender = self._free.pop()
            self._running[one.key] = asyncio.create_task(self._deliver(one, sender))

    def _due(self, most: int) -> list[Delivery]:
        now = self._clock()
        with self._database.read() as connection:
            self.next_at = next_due(connection, self.code, now)
            return heads(connection, self.code, now, most, holding=self._outbound.after_dead == "hold")

    async def _deliver(self, one: Delivery, sender: Sender) -> None:
        try:
            answer = await sender.send(one.payload, self._outbound.ack_seconds)
            if answer.verdict == "CA" and self._outbound.acknowledge == "enhanced":
                told = await sender.take(one.control_id, self._outbound.ack_seconds)
                answer = told if told.verdict in ("AA", "AE", "AR") else answer
            if answer.verdict and answer.control_id != one.control_id:
                # An answer that names no message, or another one, is no answer to this one.
                await sender.close()
                answer = Answer(raw=answer.raw, failure="timeout" if answer.control_id else "")
            await self._settle(one, answer)
        except Unwritten:
            log.warning("the answer could not be kept; it will be sent again", receiver=self.code, delivery=one.id)
        except Exception as error:
            log.error("a delivery failed", receiver=self.code, delivery=one.id, error=type(error).__name__)
            await asyncio.sleep(1)
        finally:
            self._free.append(sender)
            self._running.pop(one.key, None)
            self._wake()

    async def _settle(self, one: Delivery, answer: Answer) -> None:
        chance = random.random()  # noqa: S311
        absent = answer.failure == "unreachable"
        self._absent = self._absent + 1 if absent else 0
        attempts = one.attempts + (not absent)
        verdict = judge(answer, attempts, self._outbound, chance)
        after = None if verdict.pause is None else self._clock() + int(verdict.pause * _MICRO)
        if absent:
            pause = pause_of(self._absent, self._outbound, chance)
            self._quiet_until = after = self._clock() + int(pause * _MICRO)
        job = Settled(one.id, verdict.state, attempts, after, verdict.word, answer.raw[:_KEPT_ANSWER])
        await asyncio.wrap_future(self._submit(job))
        self._tally[self.code, verdict.word] += 1
        say = log.info if verdict.state == DONE else log.warning
        say(
            "delivery",
            receiver=self.code,
            delivery=one.id,
            state=verdict.state,
            verdict=verdict.word,
            attempts=attempts,
        )

    async def stop(self) -> None:
        """Gives running deliveries a moment; what is not answered then will be sent again."""
        running = list(self._running.values())
        if running:
            _, late = await asyncio.wait(running, timeout=2)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        for sender in self._free:
            await sender.close()


def couriers(
    receivers: Mapping[str, Endpoint],
    database: Database,
    submit: Submit,
    clock: Callable[[], int],
    wake: Callable[[], None],
    tally: Counter[tuple[str, str]],
) -> list[Courier]:
    """One for each receiver."""
    return [Courier(one, database, submit, clock, wake, tally) for one in receivers.values()]
