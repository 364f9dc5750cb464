"""A cache of buckets, one per cloud: the bucket data that every object request needs.

    buckets = ctx.app.local(Buckets)
    bucket = buckets.require(tx, ctx, req)

Cached records are shared: read them, never change them. On a store that other nodes write to as well, nothing is
cached.
"""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Cloud, Context
from fogbank.core.kinds import Named, remember
from fogbank.store.api import Reader, Transaction

from .lookups import BUCKET, check, require_bucket
from .policy import by_bucket_alone, policy_of
from .records import BUCKETS, Bucket

TOPIC = "s3/buckets"  # signalled when a bucket or its policy changes
KEPT = 10_000


class Buckets:
    def __init__(self, app: Cloud) -> None:
        self._kept: dict[str, Bucket] = {}
        self._policies: dict[str, tuple[str, str | None]] = {}  # (owner, policy), if all keys have the same
        self._keeps = app.store.embedded
        for topic in (TOPIC, "reset"):
            app.signals.on(topic, self._forget)

    def _forget(self) -> None:
        self._kept.clear()
        self._policies.clear()

    def require(self, tx: Reader, ctx: Context, req: dict[str, Any]) -> Bucket:
        """Like lookups.require_bucket, but cached. Do not use it in a transaction that changes the bucket."""
        name = req["Bucket"]
        found = self._kept.get(name)
        if found is not None:
            check(ctx, req, found)
            return found
        found = require_bucket(tx, ctx, req)
        if self._keeps:
            if len(self._kept) >= KEPT:
                self._forget()
            self._kept[name] = found
        return found

    def name(self, ctx: Context, name: str, key: str | None = None) -> Named:
        """Names a bucket, or an object in it, for authorization: the ARN, the bucket's owner and the policy."""
        arn = f"arn:{ctx.partition}:s3:::{name}"
        found = Named(arn if key is None else f"{arn}/{key}")
        known = self._policies.get(name)
        found.record = None
        if known is not None:
            found.owner, found.policy = known
            found.key = name
        else:
            self._look(ctx, name, key, found)
        return remember(ctx, BUCKET, name, found)

    def _look(self, ctx: Context, name: str, key: str | None, found: Named) -> None:
        with ctx.read() as tx:
            bucket = tx.get(BUCKETS, (name,))
            if bucket is None:  # without a bucket policy, only the caller's own policies decide whether it learns that
                found.owner, found.policy, found.key = ctx.account, None, None
                return
            found.owner, found.policy, found.key = bucket.account, policy_of(tx, bucket, key), name
        if self._keeps and by_bucket_alone(bucket):
            if len(self._policies) >= KEPT:
                self._forget()
            self._policies[name] = (found.owner, found.policy)


def keep(tx: Transaction, bucket: Bucket) -> None:
    """Stores a new or changed bucket, and clears the cache."""
    tx.put(BUCKETS, bucket)
    tx.signal(TOPIC)


def forget(tx: Transaction, name: str) -> None:
    """Deletes a bucket's record, and clears the cache."""
    tx.delete(BUCKETS, (name,))
    tx.signal(TOPIC)
