"""Which node runs a job, where many share a store: the one that holds its lease.

A lease lasts half a minute of real time (the nodes' clocks have to agree to a few seconds) and is renewed while the job
runs. A node that dies lets go by not renewing; its jobs then run again elsewhere (they are idempotent).
"""

from __future__ import annotations

from collections.abc import Sequence

from fogbank.core.context import Cloud

from .reading import Reading
from .records import JOBS, JobRecord

LEASE_SECONDS = 30.0


class Leases:
    """`elsewhere` is how many due jobs other nodes held when `take` last looked, `ends_ms` the first lease's end."""

    def __init__(self, cloud: Cloud, node: str) -> None:
        self._cloud = cloud
        self._node = node
        self.elsewhere = 0
        self.ends_ms = 0

    def held(self, job: JobRecord) -> bool:
        """Whether another node has a lease that still lasts. One of this node whose job does not run holds nothing."""
        return job.lease_until_ms > self._now_ms() and job.lease_by != self._node

    def seconds_left(self) -> float:
        """Until the first lease of another node ends, unless that is renewed."""
        return max(self.ends_ms - self._now_ms(), 10) / 1000

    def _now_ms(self) -> int:
        return int(self._cloud.clock.real() * 1000)  # the cloud's clock may leap

    async def take(self, now_ms: int, running: Sequence[str], free: int) -> list[JobRecord]:
        """Up to `free` jobs that are due and now leased to this node, then the first that is not due yet.

        Renews the leases of the `running`, which are not among those returned.
        """
        ours = set(running)
        due, renew, later = await self._cloud.run(lambda: self._look(now_ms, ours, free))
        taken = await self._cloud.run(lambda: self._lease(now_ms, due, renew)) if due or renew else []
        return taken if later is None else [*taken, later]

    def _look(self, now_ms: int, ours: set[str], free: int) -> tuple[list[str], list[str], JobRecord | None]:
        """Ids that may be taken, ids to renew, and the first job that is not due: a look, for the range that it reads
        is where all the others write."""
        due: list[str] = []
        renew: list[str] = []
        held: list[int] = []  # the ends of the leases of others
        later = None
        soon = self._now_ms() + LEASE_SECONDS * 500
        with self._cloud.store.read() as tx:
            for job in self._cloud.local(Reading).due(tx):
                if job.due_ms > now_ms:
                    later = job
                    break
                if job.id in ours:
                    if job.lease_until_ms < soon:
                        renew.append(job.id)
                elif self.held(job):
                    held.append(job.lease_until_ms)
                elif len(due) < free:
                    due.append(job.id)
                else:
                    break
        self.elsewhere, self.ends_ms = len(held), min(held, default=0)
        return due, renew, later

    def _lease(self, now_ms: int, due: list[str], renew: list[str]) -> list[JobRecord]:
        until = self._now_ms() + int(LEASE_SECONDS * 1000)
        taken = []
        with self._cloud.store.write() as tx:
            for job_id in [*renew, *due]:
                job = tx.get(JOBS, (job_id,))
                if job is None or job.state != "pending":
                    continue
                if self.held(job) or (job_id in due and job.due_ms > now_ms):  # another node was here meanwhile
                    continue
                job.lease_until_ms, job.lease_by = until, self._node
                tx.put(JOBS, job)
                if job_id in due:
                    taken.append(job)
        return taken

    async def release(self, job_ids: Sequence[str]) -> None:
        """Let other nodes have these jobs at once."""

        def let_go() -> None:
            with self._cloud.store.write() as tx:
                for job_id in job_ids:
                    job = tx.get(JOBS, (job_id,))
                    if job is not None and job.lease_by == self._node:
                        job.lease_until_ms, job.lease_by = 0, ""
                        tx.put(JOBS, job)
                tx.signal("jobs")

        await self._cloud.run(let_go)
