"""Lists jobs for people, and retries jobs that used up their attempts."""

from __future__ import annotations

import asyncio
import contextlib

import msgspec

from fogbank.core.context import Cloud
from fogbank.store.api import Reader, Transaction

from .queue import TOPIC
from .records import JOBS, UNREADABLE, JobRecord

SLICE = 100  # jobs put back in one transaction


class CannotRetry(Exception):
    """The job did not fail, or cannot be read; the text says so."""


def listed(tx: Reader, limit: int = 1000) -> tuple[list[JobRecord], list[JobRecord]]:
    """The jobs still to run, soonest first; and those that used up their attempts or cannot be read, oldest first."""
    found = {
        job.id: job
        for index in ("failed", "leased", "due", "ordered")
        for job in tx.scan_index(JOBS, index, limit=limit)
    }
    jobs = sorted(found.values(), key=lambda job: (job.due_ms, job.id))
    pending = [job for job in jobs if job.state not in ("failed", UNREADABLE)]
    return pending[:limit], [job for job in jobs if job.state in ("failed", UNREADABLE)]


def retry(cloud: Cloud, tx: Transaction, job_id: str) -> bool:
    """Put a failed job back to run now. Returns whether the job exists. Raises CannotRetry."""
    job = tx.get(JOBS, (job_id,))
    if job is None:
        return False
    if job.state != "failed":
        why = job.error if job.state == UNREADABLE else "it has not failed, and will run"
        raise CannotRetry(f"job {job_id} cannot be retried: {why}")
    now_ms = cloud.clock.now_ms()
    # it leaves its order: the jobs behind it have already moved on
    tx.put(JOBS, msgspec.structs.replace(job, state="pending", attempts=0, due_ms=now_ms, order="", turn=0))
    tx.signal(TOPIC)
    return True


async def retry_all(cloud: Cloud) -> list[str]:
    """Put every readable failed job back, a slice at a time. Returns their ids."""

    def failed() -> list[str]:
        with cloud.store.read() as tx:
            return [job.id for job in tx.scan_index(JOBS, "failed")]

    def again(job_ids: list[str]) -> list[str]:
        retried = []
        with cloud.store.write() as tx:
            for job_id in job_ids:
                with contextlib.suppress(CannotRetry):  # unreadable, or somebody retried it meanwhile
                    if retry(cloud, tx, job_id):
                        retried.append(job_id)
        return retried

    retried: list[str] = []
    found = await cloud.run(failed)
    for start in range(0, len(found), SLICE):
        part = found[start : start + SLICE]
        retried += await cloud.run(lambda part=part: again(part))  # type: ignore[misc]
        await asyncio.sleep(0)
    return retried
