"""S3's background jobs."""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import job
from fogbank.store.api import Transaction

from .operations.buckets import drop_bucket
from .records import BUCKETS, GARBAGE, OBJECTS, UPLOADED, VERSIONS
from .storage import OWNER, delete_version

_SLICE = 200  # blobs or rows that one transaction handles


@job("s3.release")
async def release(ctx: Context, payload: dict[str, Any]) -> None:
    """Releases the blobs of an object of many parts, a slice at a time. The record holds the blobs that remain."""
    while await ctx.transact(_release, ctx, payload["garbage"]):
        await ctx.clock.sleep(0)


def _release(tx: Transaction, ctx: Context, garbage_id: str) -> bool:
    """Releases one slice. Returns whether blobs remain."""
    garbage = tx.get(GARBAGE, (garbage_id,))
    if garbage is None:
        return False
    for blob in garbage.blobs[:_SLICE]:
        ctx.blobs.release(tx, blob, OWNER)
    garbage.blobs = garbage.blobs[_SLICE:]
    if garbage.blobs:
        tx.put(GARBAGE, garbage)
    else:
        tx.delete(GARBAGE, (garbage_id,))
    return bool(garbage.blobs)


@job("s3.forget")
async def forget(ctx: Context, payload: dict[str, Any]) -> None:
    """Deletes the part rows of a completed or aborted upload, a slice at a time."""
    while await ctx.transact(_forget, payload["bucket"], payload["upload"]):
        await ctx.clock.sleep(0)


@job("s3.leave")
async def leave(ctx: Context, payload: dict[str, Any]) -> None:
    """Deletes the account's buckets and everything in them, so that other accounts can use the names."""
    while await ctx.transact(_leave, ctx):
        await ctx.clock.sleep(0)


def _leave(tx: Transaction, ctx: Context) -> bool:
    """Deletes one slice of one bucket. Returns whether more remains."""
    bucket = next(iter(tx.scan_index(BUCKETS, "account", (ctx.account,), limit=1)), None)
    if bucket is None:
        return False
    found = [*tx.page(OBJECTS, (bucket.name,), limit=_SLICE), *tx.page(VERSIONS, (bucket.name,), limit=_SLICE)]
    for each in found:
        delete_version(tx, ctx, bucket, each.key, each.version_id)
    if not found:
        drop_bucket(tx, ctx, bucket.name)
    return True


def _forget(tx: Transaction, bucket: str, upload: str) -> bool:
    parts = list(tx.scan(UPLOADED, (bucket, upload), limit=_SLICE))
    for part in parts:
        tx.delete(UPLOADED, (bucket, upload, part.number))
    return len(parts) == _SLICE
