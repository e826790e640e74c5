"""`fhir_server.rest.landing`: outcomes of another thread reach the loop, those that come together with one wake-up."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from threading import Thread

import pytest

from fhir_server.rest.landing import Landing


def test_outcomes_that_come_together_wake_the_loop_once() -> None:
    async def calls() -> tuple[list[int], int]:
        loop, landing = asyncio.get_running_loop(), Landing[int]()
        futures: list[Future[int]] = [Future() for _ in range(40)]
        waiting = [asyncio.ensure_future(landing.outcome(future)) for future in futures]
        await asyncio.sleep(0)
        woken, call = [], loop.call_soon_threadsafe
        loop.call_soon_threadsafe = lambda *given: (woken.append(1), call(*given))[1]  # type: ignore[assignment]
        thread = Thread(target=lambda: [future.set_result(number) for number, future in enumerate(futures)])
        thread.start()
        thread.join()  # the loop stands still meanwhile
        return await asyncio.gather(*waiting), len(woken)

    assert asyncio.run(calls()) == (list(range(40)), 1)


def test_failure_is_raised_where_it_is_waited_for_and_nowhere_else() -> None:
    async def both() -> tuple[BaseException | int, ...]:
        landing, good, bad = Landing[int](), Future[int](), Future[int]()
        bad.set_exception(RuntimeError("no"))
        good.set_result(1)
        return tuple(await asyncio.gather(landing.outcome(bad), landing.outcome(good), return_exceptions=True))

    failed, fine = asyncio.run(both())
    assert isinstance(failed, RuntimeError)
    assert fine == 1


def test_caller_that_went_away_does_not_keep_the_others_waiting() -> None:
    async def left() -> int:
        landing, first, second = Landing[int](), Future[int](), Future[int]()
        gone = asyncio.ensure_future(landing.outcome(first))
        stays = asyncio.ensure_future(landing.outcome(second))
        await asyncio.sleep(0)
        gone.cancel()
        first.set_result(1)
        second.set_result(2)
        with pytest.raises(asyncio.CancelledError):
            await gone
        return await stays

    assert asyncio.run(left()) == 2
