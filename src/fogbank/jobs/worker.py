"""The worker: runs due jobs in order of due time, several at once, until each succeeded or used up its attempts.

Jobs run in lanes, so that the jobs of one lane cannot block those of another. Each lane has a number of places. A job
that sleeps on the clock or waits for a topic occupies none.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fogbank.core.clock import Work
from fogbank.core.context import Cloud, Context
from fogbank.core.operation import PLACES, Job
from fogbank.core.trace import Hop
from fogbank.store.api import Conflict, StoreError

from . import queue
from .due_jobs import Looking
from .leases import Leases
from .queue import TOPIC
from .records import JOBS, UNREADABLE, JobRecord

log = logging.getLogger("fogbank.jobs")

STORE_RETRY = 1.0  # seconds before a failed store transaction is tried again
LONGEST_BACKOFF = 300.0  # seconds between two tries
DEADLINE = 5.0  # seconds that cancelled jobs have to end


class Running:
    """A job that runs on this node. `work` tells whether it works or waits, once it has begun."""

    def __init__(self, job: JobRecord) -> None:
        self.job = job
        self.work: Work | None = None
        self.cancelled = False
        self.task: asyncio.Task[None]

    @property
    def waits(self) -> bool:
        return self.work is not None and self.work.asleep > 0


class Worker:
    """`find(kind)` returns the marked handler of a kind, importing its service if necessary."""

    def __init__(self, cloud: Cloud, find: Callable[[str], Job | None]) -> None:
        self._cloud = cloud
        self._find = find
        self._running: dict[str, Running] = {}
        self._full: set[str] = set()  # lanes in which jobs wait for a place
        self._stilled: list[str] = []  # services whose jobs must not run now; "" means all services
        self._loop_task: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self._leases = Leases(cloud)
        self._look_again: asyncio.TimerHandle | None = None

    def start(self) -> None:
        self._loop_task = asyncio.create_task(self._loop(), name="jobs")

    async def stop(self) -> None:
        """Stop taking jobs, and cancel running ones. They run again later (jobs are idempotent)."""
        if self._loop_task is not None:
            self._loop_task.cancel()
            await asyncio.gather(self._loop_task, return_exceptions=True)
        if self._look_again is not None:
            self._look_again.cancel()
        await self._cancel("")

    @asynccontextmanager
    async def still(self, service: str = "") -> AsyncIterator[None]:
        """Run no job, or none of one service, inside the block. Jobs cancelled for it run again afterwards."""
        self._stilled.append(service)
        try:
            async with self._starting:
                await self._cancel(service)
            yield
            await self._leases.recover()
        finally:
            self._stilled.remove(service)
            self._cloud.signals.fire(TOPIC)

    async def _cancel(self, service: str) -> None:
        """Cancel the running jobs of a service ("": of all), and give up their leases."""
        ending = [running for running in self._running.values() if service in ("", _service(running.job))]
        for running in ending:
            running.cancelled = True
            running.task.cancel()
        if not ending:
            return
        await asyncio.wait([running.task for running in ending], timeout=DEADLINE)
        try:
            await self._leases.release([running.job.id for running in ending])
        except (Conflict, StoreError) as error:
            log.warning("could not release the leases of cancelled jobs, which run again when these end: %s", error)

    def _is_stilled(self, job: JobRecord) -> bool:
        return bool(self._stilled) and ("" in self._stilled or _service(job) in self._stilled)

    async def _loop(self) -> None:
        recovered = False
        with self._cloud.signals.watch(TOPIC) as watch:
            while True:
                try:
                    if not recovered:
                        await self._leases.recover()
                        recovered = True
                    pause = await self.start_due()
                except (Conflict, StoreError) as error:
                    log.error("the store failed, so jobs wait: %s", error)
                    await asyncio.sleep(STORE_RETRY)
                    continue
                except Exception:  # the worker's outermost edge: an error that escaped would stop all jobs for good
                    log.exception("the job worker failed, and tries again")
                    await asyncio.sleep(STORE_RETRY)
                    continue
                await watch.wait(pause)

    async def start_due(self) -> float | None:
        """Start every due job that has a place. Returns the seconds until the next one falls due, or None."""
        async with self._starting:  # one at a time: a leased job must be in `_running` before the next look
            now_ms = self._cloud.clock.now_ms()
            jobs, found = await self._leases.take(now_ms, list(self._running), self._free)
            self._full = found.full
            for job in jobs:
                running = self._running[job.id] = Running(job)
                running.task = asyncio.create_task(self._run(running), name=f"job {job.kind}")
                running.task.add_done_callback(lambda _, job=job: self._done(job))  # type: ignore[misc]
            if not self._cloud.store.embedded:
                self._arm()
            return None if found.next_ms is None else (found.next_ms - now_ms) / 1000

    def _free(self, job: JobRecord) -> int:
        """How many free places the lane of a job has."""
        if self._is_stilled(job):
            return 0
        return self._places(job) - sum(r.job.lane == job.lane and not r.waits for r in self._running.values())

    def _places(self, job: JobRecord) -> int:
        if not job.lane:
            return PLACES
        try:
            declared = self._find(job.kind)
        except ImportError:  # running the job reports this error
            return PLACES
        return declared.width if declared is not None else PLACES

    def _arm(self) -> None:
        """On a shared store, look again in real time: to renew leases, and to take over those of dead nodes."""
        if self._look_again is not None:
            self._look_again.cancel()
        fire = self._cloud.signals.fire
        self._look_again = asyncio.get_running_loop().call_later(self._leases.renew_in(), fire, TOPIC)

    def _done(self, job: JobRecord) -> None:
        self._running.pop(job.id, None)
        self._freed(job.lane)
        if job.error:  # it was put back, and a look in between skipped it as running
            self._cloud.signals.fire(TOPIC)

    def _freed(self, lane: str) -> None:
        if lane in self._full:
            self._full.discard(lane)
            self._cloud.signals.fire(TOPIC)

    # -- one job -----------------------------------------------------------------------------------------------------

    async def _run(self, running: Running) -> None:
        job = running.job
        try:
            declared = self._find(job.kind)
            missing = f"no handler for jobs of kind {job.kind}"
        except Exception as error:  # the worker's outermost edge: its service cannot be imported
            declared, missing = None, f"no handler for jobs of kind {job.kind}: {_said(error)}"
        if declared is None:
            await self._finish(job, missing, attempts=1, backoff=0)
            return
        ctx = self._context(job)
        who = job.principal.arn or job.principal.kind
        hop = Hop(job.id, ctx.now(), "job", job.kind, job.account, job.region, who, job.cause)
        self._cloud.trace.add(hop)
        try:
            with self._cloud.clock.working(on_rest=lambda: self._freed(job.lane)) as running.work:
                await declared.call(ctx, await ctx.fetch(queue.payload_of, job))
        except (Exception, asyncio.CancelledError) as error:  # the worker's outermost edge
            if isinstance(error, asyncio.CancelledError) and running.cancelled:
                raise  # otherwise something it awaited was cancelled, which counts as a failure
            hop.fail(500, type(error).__name__, _text(error)[:500])
            self._cloud.trace.add(hop)
            log.warning("job %s (%s) failed: %r", job.kind, job.id, error, exc_info=log.isEnabledFor(logging.DEBUG))
            await self._finish(job, _said(error), declared.attempts, declared.backoff)
        else:
            await self._finish(job, "", 0, 0)

    def _context(self, job: JobRecord) -> Context:
        return Context(
            app=self._cloud,
            account=job.account,
            region=job.region,
            principal=job.principal,
            request_id=job.id,
            service=_service(job),
            operation=job.kind,
            cause=job.cause,
            endpoint=job.endpoint,
        )

    async def _finish(self, job: JobRecord, error: str, attempts: int, backoff: float) -> None:
        """Delete a job that succeeded. Reschedule one that failed, or move it to the failed list.

        While the store cannot record that (its disk is full, for example), the job counts as running, so it does not
        run again.
        """
        while True:
            try:
                await self._cloud.run(lambda: self._note(job, error, attempts, backoff))
            except (Conflict, StoreError) as problem:
                log.error("the outcome of job %s (%s) cannot be stored yet: %s", job.kind, job.id, problem)
                await asyncio.sleep(STORE_RETRY)
            else:
                job.error = error
                return

    def _note(self, job: JobRecord, error: str, attempts: int, backoff: float) -> None:
        now_ms = self._cloud.clock.now_ms()
        with self._cloud.store.write() as tx:
            current = tx.get(JOBS, (job.id,))
            if current is None or current.state == UNREADABLE:  # cancelled, replaced or damaged meanwhile
                queue.next_in_order(tx, job, now_ms)
                return
            if not error:
                queue.remove(tx, current)
                queue.next_in_order(tx, job, now_ms)
                return
            current.attempts += 1
            current.error = error[:2000]
            current.lease_until_ms, current.lease_by = 0, ""
            if current.attempts >= attempts:
                current.state = "failed"
                log.error("job %s (%s) gave up after %d tries: %s", current.kind, job.id, current.attempts, error)
            else:
                wait = min(backoff * 2.0 ** min(current.attempts - 1, 64), LONGEST_BACKOFF)
                current.due_ms = now_ms + int(wait * 1000)
            tx.put(JOBS, current)
            tx.signal(TOPIC)
            if current.state == "failed":
                queue.next_in_order(tx, job, now_ms)

    # -- for moving the clock ----------------------------------------------------------------------------------------

    async def next_due(self) -> float | None:
        """When the earliest job that nobody runs falls due, in seconds of the clock."""

        def look() -> int | None:
            with self._cloud.store.read() as tx:
                return self._cloud.local(Looking).next_due(tx, self._running)

        due_ms = await self._cloud.run(look)
        return None if due_ms is None else due_ms / 1000

    @property
    def beginning(self) -> bool:
        """Whether a job was taken and its handler has not begun yet."""
        return any(running.work is None for running in self._running.values())

    @property
    def elsewhere(self) -> int:
        """How many jobs other nodes run."""
        return self._leases.elsewhere


def _service(job: JobRecord) -> str:
    return job.kind.partition(".")[0]


def _text(error: BaseException) -> str:
    """An error's text in a form the store can keep: without lone surrogates."""
    return str(error).encode(errors="backslashreplace").decode()


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {_text(error)}"
