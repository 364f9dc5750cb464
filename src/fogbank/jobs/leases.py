"""Which jobs this node runs: those whose lease it holds.

On a shared store a lease lasts half a minute of real time (the nodes' clocks have to agree to a few seconds) and is
renewed while the job runs. A node that dies lets go by not renewing; its jobs then run again elsewhere (they are
idempotent). On an embedded store nobody else would run them: only where many run, they are leased until the process
ends, so that a look need not read past them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from fogbank.core.context import Cloud
from fogbank.store.api import Reader

from .looking import Look, Looking
from .queue import TOPIC
from .records import JOBS, UNREADABLE, JobRecord

LEASE_SECONDS = 30.0
MANY = 64  # running jobs that a look may have to read past


class Leases:
    """`elsewhere` is how many jobs other nodes held at the last look, `ends_ms` the first end of a lease of theirs."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._shared = not cloud.store.embedded
        self._renewed_ms = 0
        self.elsewhere = 0
        self.ends_ms = 0

    async def take(
        self, now_ms: int, running: Sequence[str], free: Callable[[JobRecord], int]
    ) -> tuple[list[JobRecord], Look]:
        """The jobs that are due, have a place in their lane, and are now leased to this node; and the look itself.

        Renews the leases of the `running`, which are not among those returned.
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
        """Real seconds until somebody has to look again: leases to renew, or to take over."""
        ends = LEASE_SECONDS / 3
        if self.elsewhere:
            ends = min(ends, max(self.ends_ms - self._real_ms(), 10) / 1000)
        return ends

    def _real_ms(self) -> int:
        return int(self._cloud.clock.real() * 1000)  # the cloud's clock may leap

    def _is_time_to_renew(self) -> bool:
        return self._real_ms() - self._renewed_ms > LEASE_SECONDS * 250

    def _look(self, now_ms: int, ours: set[str], free: Callable[[JobRecord], int]) -> Look:
        """A look, for the range that it reads is where all the others write."""
        looking = self._cloud.local(Looking)
        with self._cloud.store.read() as tx:
            found = looking.look(tx, now_ms, ours, free)
            if self._shared:
                found.due += self._left_behind(tx, looking, ours)
        return found

    def _left_behind(self, tx: Reader, looking: Looking, ours: set[str]) -> list[JobRecord]:
        """Jobs whose lease has ended: their nodes died."""
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
        """Let other nodes, or a later look, have these at once."""

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
        """On an embedded store, before anything runs: what was leased when the last process ended is to run again."""
        if self._shared:
            return
        with self._cloud.store.write() as tx:
            for job in list(tx.scan_index(JOBS, "leased")):
                if job.state != UNREADABLE:
                    job.lease_until_ms, job.lease_by = 0, ""
                    tx.put(JOBS, job)
