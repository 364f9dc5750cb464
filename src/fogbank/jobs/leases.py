"""Which jobs this node runs: those whose lease it holds.

On a shared store a lease lasts half a minute of real time and is renewed while the job runs. The nodes' clocks have to
agree to within a few seconds. A node that dies stops renewing, and its jobs then run again elsewhere (jobs are
idempotent). On an embedded store there is no other node. There, running jobs are leased (until the process ends) only
when there are many of them, so that a look need not read past them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from fogbank.core.context import Cloud
from fogbank.store.api import Reader

from .due_jobs import Look, Looking
from .queue import TOPIC
from .records import JOBS, UNREADABLE, JobRecord

LEASE_SECONDS = 30.0
MANY = 64  # running jobs that a look may have to read past before they are leased


class Leases:
    """`elsewhere` counts the jobs other nodes held at the last look; `ends_ms` is the first end of their leases."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._shared = not cloud.store.embedded
        self._renewed_ms = 0
        self.elsewhere = 0
        self.ends_ms = 0

    async def take(
        self, now_ms: int, running: Sequence[str], free: Callable[[JobRecord], int]
    ) -> tuple[list[JobRecord], Look]:
        """Lease the jobs that are due and have a place in their lane. Returns them, and the look that found them.

        Also renews the leases of `running`, which are not among the returned jobs.
        """
        ours = set(running)
        found = await self._cloud.run(lambda: self._look(now_ms, ours, free))
        if not self._shared:
            if len(found.passed) > MANY:
                self._mark(found.passed)
            return found.due, found
        renew = running if running and self._is_time_to_renew() else ()
        if not found.due and not renew:
            return [], found
        return await self._cloud.run(lambda: self._lease(now_ms, found.due, renew)), found

    def renew_in(self) -> float:
        """Real seconds until the worker must look again, to renew leases or to take over those of others."""
        ends = LEASE_SECONDS / 3
        if self.elsewhere:
            ends = min(ends, max(self.ends_ms - self._real_ms(), 10) / 1000)
        return ends

    def _real_ms(self) -> int:
        return int(self._cloud.clock.real() * 1000)  # the cloud's clock may jump

    def _is_time_to_renew(self) -> bool:
        return self._real_ms() - self._renewed_ms > LEASE_SECONDS * 250

    def _look(self, now_ms: int, ours: set[str], free: Callable[[JobRecord], int]) -> Look:
        """Find due jobs, read-only: a write transaction over this range would conflict with every enqueue."""
        looking = self._cloud.local(Looking)
        with self._cloud.store.read() as tx:
            found = looking.look(tx, now_ms, ours, free)
            if self._shared:
                found.due += self._left_behind(tx, looking, ours)
        return found

    def _left_behind(self, tx: Reader, looking: Looking, ours: set[str]) -> list[JobRecord]:
        """Jobs whose lease has expired because their node died."""
        now_ms, ended, held = self._real_ms(), [], 0
        for job in looking.readable(tx.scan_index(JOBS, "leased")):
            if job.id in ours:
                continue
            if job.lease_until_ms <= now_ms or job.lease_by == self._cloud.node:
                ended.append(job)
            else:
                self.ends_ms = job.lease_until_ms if not held else min(self.ends_ms, job.lease_until_ms)
                held += 1
        self.elsewhere = held
        return ended

    def _lease(self, now_ms: int, due: Iterable[JobRecord], renew: Iterable[str]) -> list[JobRecord]:
        now = self._real_ms()
        until, node = now + int(LEASE_SECONDS * 1000), self._cloud.node
        taken = []
        with self._cloud.store.write() as tx:
            for job_id in renew:
                job = tx.get(JOBS, (job_id,))
                if job is not None and job.lease_by == node:
                    job.lease_until_ms = until
                    tx.put(JOBS, job)
            for seen in due:
                job = tx.get(JOBS, (seen.id,))
                if job is None or job.state != "pending" or job.due_ms > now_ms:
                    continue
                if job.lease_by not in ("", node) and job.lease_until_ms > now:  # another node was here meanwhile
                    continue
                job.lease_until_ms, job.lease_by = until, node
                tx.put(JOBS, job)
                taken.append(job)
        if renew:
            self._renewed_ms = now
        return taken

    def _mark(self, running: Iterable[str]) -> None:
        with self._cloud.store.write() as tx:
            for job_id in running:
                job = tx.get(JOBS, (job_id,))
                if job is not None and job.state == "pending":
                    job.lease_by = self._cloud.node
                    tx.put(JOBS, job)

    async def release(self, job_ids: Sequence[str]) -> None:
        """Give up the leases, so that other nodes or a later look can take these jobs at once."""

        def let_go() -> None:
            with self._cloud.store.write() as tx:
                for job_id in job_ids:
                    job = tx.get(JOBS, (job_id,))
                    if job is not None and job.lease_by == self._cloud.node:
                        job.lease_until_ms, job.lease_by = 0, ""
                        tx.put(JOBS, job)
                tx.signal(TOPIC)

        await self._cloud.run(let_go)

    async def recover(self) -> None:
        """Clear the leases of the previous process. For embedded stores, before any job runs."""
        if self._shared:
            return
        with self._cloud.store.write() as tx:
            for job in list(tx.scan_index(JOBS, "leased")):
                if job.state != UNREADABLE:
                    job.lease_until_ms, job.lease_by = 0, ""
                    tx.put(JOBS, job)
