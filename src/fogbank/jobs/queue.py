"""Adds and cancels jobs, inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import msgspec

from fogbank.core.context import Context
from fogbank.store.api import Reader, Transaction

from .records import JOBS, NOTHING, PAYLOADS, UNREADABLE, JobRecord, Payload

TOPIC = "jobs"  # signalled whenever a job may have become due earlier than the worker expects
LARGE = 2048  # bytes from which a payload is stored apart from its job


class Sequence:
    """`cloud.local(Sequence)`: numbers that keep jobs due in the same millisecond in the order they were added."""

    def __init__(self, cloud: Any) -> None:
        self.take = count().__next__


def enqueue(
    tx: Transaction,
    ctx: Context,
    kind: str,
    payload: dict[str, Any],
    due: float,
    *,
    name: str = "",
    order: str = "",
    lane: str = "",
) -> str:
    """Add a job. Replaces a pending one of the same kind, account, region and name. Returns its id.

    With an `order`, it waits until all jobs added earlier with the same kind, account, region and order are done.
    """
    if name:
        cancel(tx, kind, ctx.account, ctx.region, name)
    due_ms = int(due * 1000)
    # ids sort by creation, so that jobs due in the same millisecond run in the order they were added
    job_id = f"{due_ms:013d}-{ctx.app.local(Sequence).take():010x}{ctx.ids.hex(8)}"
    job = JobRecord(
        id=job_id,
        kind=kind,
        account=ctx.account,
        region=ctx.region,
        principal=ctx.principal,
        payload=msgspec.Raw(msgspec.msgpack.encode(payload)),
        due_ms=due_ms,
        cause=ctx.request_id,
        name=name,
        endpoint=ctx.endpoint,
        lane=lane,
    )
    if len(job.payload) >= LARGE:
        tx.put(PAYLOADS, Payload(id=job_id, value=job.payload))
        job.payload, job.apart = NOTHING, True
    if order:
        job.order = f"{kind}/{ctx.account}/{ctx.region}/{order}"
        last = next(_in_order(tx, job, reverse=True), None)
        if last is not None:
            job.state, job.turn = "behind", last.turn + 1
            next_in_order(tx, job, 0)  # when the record of the one before it was damaged, nobody else says so
    tx.put(JOBS, job)
    tx.signal(TOPIC)
    return job_id


def payload_of(tx: Reader, job: JobRecord) -> dict[str, Any]:
    """The job's payload, from its own record or from PAYLOADS."""
    apart = tx.get(PAYLOADS, (job.id,)) if job.apart else None
    found: dict[str, Any] = msgspec.msgpack.decode(job.payload if apart is None else apart.value)
    return found


def remove(tx: Transaction, job: JobRecord) -> None:
    """Delete a job that is done or no longer wanted."""
    tx.delete(JOBS, (job.id,))
    if job.apart:
        tx.delete(PAYLOADS, (job.id,))


def next_in_order(tx: Transaction, job: JobRecord, now_ms: int) -> None:
    """Let the next job of the same order run, now that `job` is out of the way."""
    if not job.order:
        return
    first = next((other for other in _in_order(tx, job) if other.id != job.id), None)
    if first is not None and first.state == "behind":
        first.state, first.due_ms = "pending", max(first.due_ms, now_ms)
        tx.put(JOBS, first)
        tx.signal(TOPIC)


def _in_order(tx: Reader, job: JobRecord, *, reverse: bool = False) -> Iterator[JobRecord]:
    found = tx.scan_index(JOBS, "ordered", (job.order,), reverse=reverse)
    return (other for other in found if other.state != UNREADABLE)


def cancel(tx: Transaction, kind: str, account: str, region: str, name: str) -> bool:
    """Remove the pending job of that name. Returns whether there was one. Does not stop a running job."""
    entry = (kind, account, region, name)
    job = tx.first(JOBS, "named", entry)
    if job is not None and job.state == UNREADABLE:  # a job that replaced an unreadable one comes after it in the index
        job = next((job for job in tx.scan_index(JOBS, "named", entry) if job.state != UNREADABLE), None)
    if job is None:
        return False
    remove(tx, job)
    return True


def drop(tx: Transaction, service: str) -> None:
    """Remove every job of a service that was reset."""
    for job in list(tx.scan(JOBS)):
        if job.state != UNREADABLE and job.kind.partition(".")[0] == service:
            remove(tx, job)
    tx.signal(TOPIC)
