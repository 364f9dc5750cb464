"""The clock is cheap for as long as it runs, and who moves it waits for what works at the old time."""

from __future__ import annotations

import asyncio
import gc
import time
from typing import Any

from tests.jobs.conftest import eventually

from fogbank.core.clock import FEW, Clock, aside
from fogbank.core.context import Context
from fogbank.core.signals import Signals

Payload = dict[str, Any]


class Counted(asyncio.SelectorEventLoop):
    """Counts the timers that were set and not cancelled, and those that went off."""

    def __init__(self) -> None:
        super().__init__()
        self.fired = 0

    @property
    def timers(self) -> int:
        return sum(not handle.cancelled() for handle in self._scheduled)  # type: ignore[attr-defined]

    def call_at(self, when: float, callback: Any, *args: Any, **more: Any) -> Any:
        def counted() -> None:
            self.fired += 1
            callback(*args)

        return super().call_at(when, counted, **more)


def run(body: Any) -> None:
    loop = Counted()
    try:
        loop.run_until_complete(asyncio.wait_for(body(loop), 60))
    finally:
        loop.close()


def test_one_timer_however_many_sleep() -> None:
    async def body(loop: Counted) -> None:
        before, clock = loop.timers, Clock()
        sleepers = [asyncio.create_task(clock.sleep(0.05 + n / 1000)) for n in range(100)]
        await asyncio.sleep(0)
        assert loop.timers == before + 1
        await asyncio.gather(*sleepers)
        assert loop.timers == before
        assert loop.fired <= 120, "one for each, and not more the longer it runs"

    run(body)


def test_nothing_grows_while_sleeps_end_early_and_time_moves_on() -> None:
    async def body(loop: Counted) -> None:
        before, clock = loop.timers, Clock()
        signals = Signals(clock)

        async def waits() -> None:
            with signals.watch("t") as watch:
                while await watch.wait(60):
                    pass

        waiting = [asyncio.create_task(waits()) for _ in range(10)]
        await asyncio.sleep(0)
        for _ in range(500):
            signals.fire("t")
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        assert len(clock._sleepers) <= 2 * (10 + FEW)
        cancelled = [asyncio.create_task(clock.sleep(1000)) for _ in range(2000)]
        await asyncio.sleep(0)
        for task in cancelled:
            task.cancel()
        await asyncio.gather(*cancelled, return_exceptions=True)
        assert len(clock._sleepers) <= 2 * (10 + FEW)
        assert loop.timers == before + 1
        now = clock.now()
        for minute in range(60):
            sleep = asyncio.create_task(clock.sleep(59))
            await asyncio.sleep(0)
            clock.set(now + 60 * minute)
            clock.set(now + 60 * (minute + 1) - 0.5)
            await sleep
            for task in waiting:
                if task.done():
                    waiting[waiting.index(task)] = asyncio.create_task(waits())
        assert loop.timers <= before + 1
        assert len(clock._sleepers) <= 2 * (10 + FEW)
        gc.collect()
        assert len(asyncio.all_tasks()) <= 12
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        assert clock.next_wake() is None

    run(body)


def test_an_earlier_sleeper_comes_first_and_a_frozen_clock_has_no_timer() -> None:
    async def body(loop: Counted) -> None:
        before, clock, woken = loop.timers, Clock(), []

        async def sleeps(seconds: float) -> None:
            await clock.sleep(seconds)
            woken.append(seconds)

        tasks = [asyncio.create_task(sleeps(seconds)) for seconds in (30, 0.05, 10)]
        await tasks[1]
        assert woken == [0.05]
        clock.set(clock.now(), freeze=True)
        assert loop.timers == before
        clock.set(clock.now() + 10, freeze=True)
        await tasks[2]
        assert woken == [0.05, 10]
        clock.resume()
        assert loop.timers == before + 1
        clock.set(clock.now() + 31)
        await tasks[0]

    run(body)


def test_who_sleeps_while_the_clock_goes_back_sleeps_no_longer_for_it() -> None:
    async def body(loop: Counted) -> None:
        clock = Clock()
        clock.set(clock.now() + 86_400)
        sleepers = [asyncio.create_task(clock.sleep(seconds)) for seconds in (0.02, 0.01, 3600)]
        await asyncio.sleep(0)
        clock.resume()
        await asyncio.gather(*sleepers[:2])
        clock.set(clock.now() - 86_400, freeze=True)
        clock.set(clock.now() + 3600, freeze=True)
        await sleepers[2]

    run(body)


def test_what_sleeps_is_not_busy_and_what_it_leaves_behind_is_not_its_own() -> None:
    async def body(loop: Counted) -> None:
        clock = Clock()
        with clock.working() as work:
            assert work.busy
            reaper = aside(clock.sleep(60))
            await asyncio.sleep(0)
            assert work.busy, "a task aside sleeps, and not this one"
            child = asyncio.create_task(clock.sleep(60))
            await asyncio.sleep(0)
            assert not work.busy
            child.cancel()
            await asyncio.gather(child, return_exceptions=True)
            assert work.busy
        assert clock.works == set()
        reaper.cancel()

    run(body)


def test_moving_the_clock_waits_for_real_work(yard: Any) -> None:
    """It used to leap over jobs after a tenth of a second, and time ran out under them."""
    seen: list[float] = []

    async def works(ctx: Context, payload: Payload) -> None:
        began = ctx.now()
        await asyncio.sleep(0.6)
        seen.append(ctx.now() - began)

    yard.declare("test.work", works)
    yard.later("test.work", {}, delay=60)
    yard.cloud.advance(7200)
    assert len(seen) == 1
    assert seen[0] < 60


def test_jobs_that_sleep_on_the_way_run_to_their_end_each_at_its_time(yard: Any) -> None:
    seen: list[float] = []

    async def sleeps(ctx: Context, payload: Payload) -> None:
        for _ in range(5):
            await ctx.clock.sleep(600)
            seen.append(ctx.now())

    yard.declare("test.work", sleeps)
    began = yard.app.clock.now()
    yard.later("test.work", {})
    yard.cloud.advance(7200)
    assert [round((at - began) / 600) for at in seen] == [1, 2, 3, 4, 5]


def test_a_job_that_sleeps_longer_is_left_alone(yard: Any) -> None:
    async def sleeps(ctx: Context, payload: Payload) -> None:
        await ctx.clock.sleep(86400)

    yard.declare("test.work", sleeps)
    yard.later("test.work", {})
    eventually(lambda: any(running.waits for running in list(yard.app.worker._running.values())))
    began = time.monotonic()
    yard.cloud.advance(60)
    assert time.monotonic() - began < 10


def test_an_idle_cloud_moves_a_year_at_once(yard: Any) -> None:
    began = time.monotonic()
    yard.cloud.advance(365 * 86400)
    assert time.monotonic() - began < 10
