"""Buckets in memory, one set per cloud: what every request on an object has to know of its bucket.

buckets = ctx.app.local(Buckets)
bucket = buckets.require(tx, ctx, req)

What is kept is shared: it is read, never changed. On a store that other nodes write too, nothing is kept.
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
        self._policies: dict[str, tuple[str, str | None]] = {}  # (owner, policy) where that is so for every key
        self._keeps = app.store.embedded
        for topic in (TOPIC, "reset"):
            app.signals.on(topic, self._forget)

    def _forget(self) -> None:
        self._kept.clear()
        self._policies.clear()

    def require(self, tx: Reader, ctx: Context, req: dict[str, Any]) -> Bucket:
        """As lookups.require_bucket; not to be asked in a transaction that changes the bucket."""
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
        """A bucket, or the object of a key in it, for authorization: its ARN, the bucket's owner, the policy."""
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
            if bucket is None:  # no bucket, no policy: the caller's own policies say whether that may be learned
                found.owner, found.policy, found.key = ctx.account, None, None
                return
            found.owner, found.policy, found.key = bucket.account, policy_of(tx, bucket, key), name
        if self._keeps and by_bucket_alone(bucket):
            if len(self._policies) >= KEPT:
                self._forget()
            self._policies[name] = (found.owner, found.policy)


def keep(tx: Transaction, bucket: Bucket) -> None:
    """Store a bucket that was made or changed."""
    tx.put(BUCKETS, bucket)
    tx.signal(TOPIC)


def forget(tx: Transaction, name: str) -> None:
    """Remove a bucket."""
    tx.delete(BUCKETS, (name,))
    tx.signal(TOPIC)
