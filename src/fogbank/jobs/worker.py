"""The worker runs what is due, in order of due time, several at once, until each succeeded or used up its tries."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import msgspec

from fogbank.core.context import Cloud, Context
from fogbank.core.operation import Job
from fogbank.store.api import Reader, Transaction

from .queue import TOPIC
from .records import JOBS, JobRecord

log = logging.getLogger("fogbank.jobs")

CONCURRENCY = 64  # jobs wait for engines and clients most of their time
LONGEST_SLEEP = 60.0
LEASE_SECONDS = 60.0


class Worker:
    """`find(kind)` gives the marked handler of a kind, importing its service when need be."""

    def __init__(self, cloud: Cloud, find: Callable[[str], Job | None]) -> None:
        self._cloud = cloud
        self._find = find
        self._running: dict[str, asyncio.Task[None]] = {}
        self._loop_task: asyncio.Task[None] | None = None
        self._stopping = False

    def start(self) -> None:
        self._loop_task = asyncio.create_task(self._loop(), name="jobs")

    async def stop(self) -> None:
        """Stop taking jobs; those in flight are cancelled and will run again (they are idempotent)."""
        self._stopping = True
        tasks = [task for task in (self._loop_task, *self._running.values()) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _loop(self) -> None:
        with self._cloud.signals.watch(TOPIC) as watch:
            while not self._stopping:
                pause = await self._start_due()
                await watch.wait(pause)

    async def _start_due(self) -> float:
        """Start every job that is due and not running yet; seconds until the next one is."""
        now_ms = self._cloud.clock.now_ms()
        free = CONCURRENCY - len(self._running)
        jobs = await self._cloud.run(lambda: self._take(now_ms, len(self._running) + max(free, 0) + 1))
        for job in jobs:
            if job.id in self._running:
                continue
            if job.due_ms > now_ms:
                return min((job.due_ms - now_ms) / 1000, LONGEST_SLEEP)
            if len(self._running) >= CONCURRENCY:
                break  # a finishing job wakes the loop
            task = asyncio.create_task(self._run(job), name=f"job {job.kind}")
            self._running[job.id] = task
            task.add_done_callback(lambda _, job_id=job.id: self._done(job_id))  # type: ignore[misc]
        return LONGEST_SLEEP

    def _take(self, now_ms: int, limit: int) -> list[JobRecord]:
        store = self._cloud.store
        if store.embedded:
            with store.read() as tx:
                return list(tx.scan_index(JOBS, "due", limit=limit))
        with store.write() as tx:  # scale-out: a lease keeps other nodes off
            jobs = []
            for job in tx.scan_index(JOBS, "due", limit=limit):
                if job.due_ms <= now_ms:
                    if job.lease_until_ms > now_ms and job.id not in self._running:
                        continue
                    job.lease_until_ms = now_ms + int(LEASE_SECONDS * 1000)
                    tx.put(JOBS, job)
                jobs.append(job)
            return jobs

    def _done(self, job_id: str) -> None:
        self._running.pop(job_id, None)
        self._cloud.signals.fire(TOPIC)

    async def _run(self, job: JobRecord) -> None:
        declared = self._find(job.kind)
        if declared is None:
            await self._finish(job, f"no handler for jobs of kind {job.kind}", attempts=1, backoff=0)
            return
        ctx = Context(
            app=self._cloud,
            account=job.account,
            region=job.region,
            principal=job.principal,
            request_id=job.id,
            service=job.kind.partition(".")[0],
            operation=job.kind,
            cause=job.cause,
            endpoint=job.endpoint,
        )
        try:
            await declared.call(ctx, job.payload)
        except asyncio.CancelledError:
            raise
        except Exception as error:  # the worker's outermost edge
            log.warning("job %s (%s) failed: %r", job.kind, job.id, error, exc_info=log.isEnabledFor(logging.DEBUG))
            await self._finish(job, f"{type(error).__name__}: {error}", declared.attempts, declared.backoff)
        else:
            await self._finish(job, "", 0, 0)

    async def _finish(self, job: JobRecord, error: str, attempts: int, backoff: float) -> None:
        """Drop a job that succeeded; put one that failed back for later, or on the failed list."""

        def change() -> None:
            with self._cloud.store.write() as tx:
                current = tx.get(JOBS, (job.id,))
                if current is None:  # cancelled or replaced meanwhile
                    return
                if not error:
                    tx.delete(JOBS, (job.id,))
                    return
                current.attempts += 1
                current.error = error[:2000]
                current.lease_until_ms = 0
                if current.attempts >= attempts:
                    current.state = "failed"
                    log.error("job %s (%s) gave up after %d tries: %s", job.kind, job.id, current.attempts, error)
                else:
                    wait = backoff * 2 ** (current.attempts - 1)
                    current.due_ms = self._cloud.clock.now_ms() + int(wait * 1000)
                tx.put(JOBS, current)

        await self._cloud.run(change)

    # -- for people and for the clock --------------------------------------------------------------------------------

    def pending(self, tx: Reader, limit: int = 1000) -> list[JobRecord]:
        """What is still to run, soonest first."""
        return list(tx.scan_index(JOBS, "due", limit=limit))

    def failed(self, tx: Reader, limit: int = 1000) -> list[JobRecord]:
        """What used up its tries."""
        return list(tx.scan_index(JOBS, "failed", limit=limit))

    def retry(self, tx: Transaction, job_id: str) -> bool:
        """Put a failed job back to run now."""
        job = tx.get(JOBS, (job_id,))
        if job is None or job.state != "failed":
            return False
        now_ms = self._cloud.clock.now_ms()
        tx.put(JOBS, msgspec.structs.replace(job, state="pending", attempts=0, due_ms=now_ms))
        tx.signal(TOPIC)
        return True

    async def next_due(self) -> float | None:
        """When the earliest job that is not running falls due, in seconds of the clock."""

        def look() -> int | None:
            with self._cloud.store.read() as tx:
                for job in tx.scan_index(JOBS, "due", limit=len(self._running) + 1):
                    if job.id not in self._running:
                        return job.due_ms
            return None

        due_ms = await self._cloud.run(look)
        return None if due_ms is None else due_ms / 1000

    async def settle(self) -> None:
        """Return when nothing is due and nothing runs that is not itself waiting for the clock."""
        while True:
            await self._start_due()
            if not self._running:
                return
            done, _ = await asyncio.wait(
                list(self._running.values()), timeout=0.05, return_when=asyncio.FIRST_COMPLETED
            )
            if not done and self._cloud.clock.next_wake() is not None and await self._only_sleepers():
                return

    async def _only_sleepers(self) -> bool:
        """Whether the jobs in flight made no progress for a while: they sleep on the clock that we are moving."""
        before = set(self._running)
        await asyncio.sleep(0.05)
        return set(self._running) == before
