"""Putting jobs in and taking them back, inside somebody's transaction."""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.store.api import Transaction

from .records import JOBS, UNREADABLE, JobRecord

TOPIC = "jobs"  # signalled whenever a job may have become due earlier than the worker knows


def enqueue(tx: Transaction, ctx: Context, kind: str, payload: dict[str, Any], due: float, name: str) -> str:
    """Add a job; a pending one of the same kind, account, region and name is replaced. Returns its id."""
    if name:
        cancel(tx, kind, ctx.account, ctx.region, name)
    # ids sort by creation, so that jobs due in the same millisecond run in the order they were asked for
    job_id = f"{int(due * 1000):013d}-{ctx.ids.hex(16)}"
    tx.put(
        JOBS,
        JobRecord(
            id=job_id,
            kind=kind,
            account=ctx.account,
            region=ctx.region,
            principal=ctx.principal,
            payload=payload,
            due_ms=int(due * 1000),
            cause=ctx.request_id,
            name=name,
            endpoint=ctx.endpoint,
        ),
    )
    tx.signal(TOPIC)
    return job_id


def cancel(tx: Transaction, kind: str, account: str, region: str, name: str) -> bool:
    """Remove the pending job of that name; whether there was one. One that is running already is not stopped."""
    entry = (kind, account, region, name)
    job = tx.first(JOBS, "named", entry)
    if job is not None and job.state == UNREADABLE:  # the one that replaced it stands behind it
        job = next((job for job in tx.scan_index(JOBS, "named", entry) if job.state != UNREADABLE), None)
    return job is not None and tx.delete(JOBS, (job.id,))


def drop(tx: Transaction, service: str) -> None:
    """Remove every job of a service, which was reset. What runs ends by itself, and finds nothing."""
    for job in list(tx.scan(JOBS)):
        if job.state != UNREADABLE and job.kind.partition(".")[0] == service:
            tx.delete(JOBS, (job.id,))
    tx.signal(TOPIC)
