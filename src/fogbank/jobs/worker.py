"""The worker runs what is due, in order of due time, several at once, until each succeeded or used up its tries."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable

import msgspec

from fogbank.core.context import Cloud, Context
from fogbank.core.operation import Job
from fogbank.core.trace import Hop
from fogbank.store.api import Conflict, Reader, StoreError, Transaction

from . import leases
from .leases import Leases
from .queue import TOPIC
from .reading import Reading
from .records import JOBS, UNREADABLE, JobRecord

log = logging.getLogger("fogbank.jobs")

CONCURRENCY = 64  # jobs wait for engines and clients most of their time
LONGEST_SLEEP = 60.0
STORE_RETRY = 1.0  # seconds after which a store that failed is tried again
PATIENCE = 2.0  # seconds that `settle` waits for jobs of other nodes which do not get on
SLICE = 100  # jobs that are put back in one transaction


class CannotRetry(Exception):
    """The job did not fail, or cannot be read; the text says so."""


class Worker:
    """`find(kind)` gives the marked handler of a kind, importing its service when need be."""

    def __init__(self, cloud: Cloud, find: Callable[[str], Job | None]) -> None:
        self._cloud = cloud
        self._find = find
        self._running: dict[str, asyncio.Task[None]] = {}
        self._loop_task: asyncio.Task[None] | None = None
        self._stopping = False
        self._starting = asyncio.Lock()
        self._leases = None if cloud.store.embedded else Leases(cloud, cloud.node)

    def start(self) -> None:
        self._loop_task = asyncio.create_task(self._loop(), name="jobs")

    async def stop(self) -> None:
        """Stop taking jobs; those in flight are cancelled and will run again (they are idempotent)."""
        self._stopping = True
        taken = list(self._running)
        tasks = [task for task in (self._loop_task, *self._running.values()) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._leases is not None and taken:
            try:
                await self._leases.release(taken)
            except (Conflict, StoreError) as error:
                log.warning("other nodes take the jobs in flight when their leases end: %s", error)

    async def _loop(self) -> None:
        with self._cloud.signals.watch(TOPIC) as watch:
            while not self._stopping:
                try:
                    pause = await self._start_due()
                except (Conflict, StoreError) as error:
                    log.error("jobs wait for the store: %s", error)
                    await asyncio.sleep(STORE_RETRY)
                    continue
                except Exception:  # the worker's outermost edge: without it no job would ever run again
                    log.exception("jobs wait")
                    await asyncio.sleep(STORE_RETRY)
                    continue
                await watch.wait(pause)

    async def _start_due(self) -> float:
        """Start every job that is due and not running yet; seconds until the next one is."""
        async with self._starting:  # one at a time: a job that was leased is running before anybody looks again
            now_ms = self._cloud.clock.now_ms()
            jobs = await self._take(now_ms)
            for job in jobs:
                if job.id in self._running:
                    continue
                if job.due_ms > now_ms:
                    return self._pause((job.due_ms - now_ms) / 1000)
                if len(self._running) >= CONCURRENCY:
                    break  # a finishing job wakes the loop
                task = asyncio.create_task(self._run(job), name=f"job {job.kind}")
                self._running[job.id] = task
                task.add_done_callback(lambda _, job_id=job.id: self._done(job_id))  # type: ignore[misc]
            return self._pause(LONGEST_SLEEP)

    async def _take(self, now_ms: int) -> list[JobRecord]:
        """What is due and may run here, soonest first, with the first that is not due yet."""
        running = list(self._running)
        free = max(CONCURRENCY - len(running), 0)
        if self._leases is not None:
            return await self._leases.take(now_ms, running, free)
        found = []
        with self._cloud.store.read() as tx:
            for job in self._cloud.local(Reading).due(tx):
                found.append(job)
                if job.due_ms > now_ms or len(found) > len(running) + free:
                    break
        return found

    def _pause(self, seconds: float) -> float:
        if self._leases is not None:
            if self._running:
                seconds = min(seconds, leases.LEASE_SECONDS / 3)  # to renew their leases
            if self._leases.elsewhere:
                seconds = min(seconds, self._leases.seconds_left())  # to see whether the other node still lives
        return min(seconds, LONGEST_SLEEP)

    def _done(self, job_id: str) -> None:
        self._running.pop(job_id, None)
        self._cloud.signals.fire(TOPIC)

    async def _run(self, job: JobRecord) -> None:
        try:
            declared = self._find(job.kind)
            missing = f"no handler for jobs of kind {job.kind}"
        except Exception as error:  # the worker's outermost edge: its service cannot be imported
            declared, missing = None, f"no handler for jobs of kind {job.kind}: {_said(error)}"
        if declared is None:
            await self._finish(job, missing, attempts=1, backoff=0)
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
        who = job.principal.arn or job.principal.kind
        hop = Hop(job.id, ctx.now(), "job", job.kind, job.account, job.region, who, job.cause)
        self._cloud.trace.add(hop)
        try:
            await declared.call(ctx, job.payload)
        except (Exception, asyncio.CancelledError) as error:  # the worker's outermost edge
            if isinstance(error, asyncio.CancelledError) and self._stopping:
                raise  # else something that it awaited was cancelled, and it failed
            hop.fail(500, type(error).__name__, _text(error)[:500])
            self._cloud.trace.add(hop)
            log.warning("job %s (%s) failed: %r", job.kind, job.id, error, exc_info=log.isEnabledFor(logging.DEBUG))
            await self._finish(job, _said(error), declared.attempts, declared.backoff)
        else:
            await self._finish(job, "", 0, 0)

    async def _finish(self, job: JobRecord, error: str, attempts: int, backoff: float) -> None:
        """Drop a job that succeeded; put one that failed back for later, or on the failed list.

        While the store cannot keep that (its disk is full), the job counts as running: it must not run again for it.
        """
        while True:
            try:
                await self._cloud.run(lambda: self._note(job.id, error, attempts, backoff))
            except (Conflict, StoreError) as problem:
                log.error("the outcome of job %s (%s) cannot be kept yet: %s", job.kind, job.id, problem)
                await asyncio.sleep(STORE_RETRY)
            else:
                return

    def _note(self, job_id: str, error: str, attempts: int, backoff: float) -> None:
        with self._cloud.store.write() as tx:
            current = tx.get(JOBS, (job_id,))
            if current is None or current.state == UNREADABLE:  # cancelled, replaced or damaged meanwhile
                return
            if not error:
                tx.delete(JOBS, (job_id,))
                return
            current.attempts += 1
            current.error = error[:2000]
            current.lease_until_ms, current.lease_by = 0, ""
            if current.attempts >= attempts:
                current.state = "failed"
                log.error("job %s (%s) gave up after %d tries: %s", current.kind, job_id, current.attempts, error)
            else:
                wait = backoff * 2 ** (current.attempts - 1)
                current.due_ms = self._cloud.clock.now_ms() + int(wait * 1000)
            tx.put(JOBS, current)

    # -- for people and for the clock --------------------------------------------------------------------------------

    @staticmethod
    def listed(tx: Reader, limit: int = 1000) -> tuple[list[JobRecord], list[JobRecord]]:
        """What is still to run, soonest first; and what used up its tries or cannot be read, oldest first."""
        due = list(tx.scan_index(JOBS, "due", limit=limit))
        failed = [job for job in due if job.state == UNREADABLE] + list(tx.scan_index(JOBS, "failed", limit=limit))
        return [job for job in due if job.state != UNREADABLE], sorted(failed, key=lambda job: (job.due_ms, job.id))

    def retry(self, tx: Transaction, job_id: str) -> bool:
        """Put a failed job back to run now; whether there is that job. Raises CannotRetry."""
        job = tx.get(JOBS, (job_id,))
        if job is None:
            return False
        if job.state != "failed":
            why = job.error if job.state == UNREADABLE else "it has not failed, and will run"
            raise CannotRetry(f"job {job_id} cannot be retried: {why}")
        now_ms = self._cloud.clock.now_ms()
        tx.put(JOBS, msgspec.structs.replace(job, state="pending", attempts=0, due_ms=now_ms))
        tx.signal(TOPIC)
        return True

    async def retry_all(self) -> list[str]:
        """Put every failed job back that can be read, a slice of them at a time; their ids."""

        def failed() -> list[str]:
            with self._cloud.store.read() as tx:
                return [job.id for job in tx.scan_index(JOBS, "failed")]

        def retry(job_ids: list[str]) -> list[str]:
            retried = []
            with self._cloud.store.write() as tx:
                for job_id in job_ids:
                    with contextlib.suppress(CannotRetry):  # unreadable, or somebody retried it meanwhile
                        if self.retry(tx, job_id):
                            retried.append(job_id)
            return retried

        retried: list[str] = []
        found = await self._cloud.run(failed)
        for start in range(0, len(found), SLICE):
            part = found[start : start + SLICE]
            retried += await self._cloud.run(lambda part=part: retry(part))  # type: ignore[misc]
            await asyncio.sleep(0)
        return retried

    async def next_due(self) -> float | None:
        """When the earliest job that is not running falls due, in seconds of the clock."""
        running = set(self._running)
        now_ms = self._cloud.clock.now_ms()

        def look() -> int | None:
            with self._cloud.store.read() as tx:
                for job in self._cloud.local(Reading).due(tx):
                    taken = self._leases is not None and job.due_ms <= now_ms and self._leases.held(job)
                    if job.id not in running and not taken:
                        return job.due_ms
            return None

        due_ms = await self._cloud.run(look)
        return None if due_ms is None else due_ms / 1000

    async def settle(self) -> None:
        """Return when nothing is due and nothing runs, here or at another node, that does not wait for the clock."""
        elsewhere, waited = 0, 0.0
        while True:
            await self._start_due()
            if not self._running:
                if self._leases is None or not self._leases.elsewhere:
                    return
                waited = waited + 0.05 if self._leases.elsewhere == elsewhere else 0.0
                if waited >= PATIENCE:
                    return
                elsewhere = self._leases.elsewhere
                await asyncio.sleep(0.05)
                continue
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


def _text(error: BaseException) -> str:
    """What an error says, as text that can be kept: without lone surrogates."""
    return str(error).encode(errors="backslashreplace").decode()


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {_text(error)}"
