"""Buckets in memory, one set per cloud: what every request on an object has to know of its bucket.

buckets = ctx.app.local(Buckets)
bucket = buckets.require(tx, req)

What is kept is shared: it is read, never changed. On a store that other nodes write too, nothing is kept.
"""

from __future__ import annotations

from typing import Any

from fogbank.core.operation import OwnedArn
from fogbank.store.api import Reader, Transaction

from .errors import AccessDenied
from .lookups import require_bucket
from .records import BUCKETS, Bucket

TOPIC = "s3/buckets"  # signalled when a bucket changes
KEPT = 10_000


_IGNORE_ACLS = 1  # index of IgnorePublicAcls in Bucket.public_access


def _without_policy(bucket: Bucket) -> bool:
    """Whether nothing about a bucket or its objects says who may do what."""
    return not bucket.has_policy and (bucket.ownership == "BucketOwnerEnforced" or bucket.public_access[_IGNORE_ACLS])


class Buckets:
    def __init__(self, app: Any) -> None:
        self._kept: dict[str, Bucket] = {}
        self._owners: dict[str, str] = {}  # of those without a policy
        self._keeps = bool(app.store.embedded)
        for topic in (TOPIC, "reset"):
            app.signals.on(topic, self._forget)

    def _forget(self) -> None:
        self._kept.clear()
        self._owners.clear()

    def require(self, tx: Reader, req: dict[str, Any]) -> Bucket:
        """As lookups.require_bucket; not to be asked in a transaction that changes the bucket."""
        name = req["Bucket"]
        found = self._kept.get(name)
        if found is None:
            found = require_bucket(tx, req)
            if self._keeps and found.name == name:
                if len(self._kept) >= KEPT:
                    self._forget()
                self._kept[name] = found
                if _without_policy(found):
                    self._owners[name] = found.account
            return found
        expected = req.get("ExpectedBucketOwner")
        if expected is not None and expected != found.account:
            raise AccessDenied
        return found

    def arn(self, partition: str, name: str, key: str) -> str:
        """The ARN of an object."""
        text = f"arn:{partition}:s3:::{name}/{key}"
        owner = self._owners.get(name)
        if owner is None:
            return text
        arn = OwnedArn(text)
        arn.owner = owner
        return arn


def keep(tx: Transaction, bucket: Bucket) -> None:
    """Store a bucket that was made or changed."""
    tx.put(BUCKETS, bucket)
    tx.signal(TOPIC)


def forget(tx: Transaction, name: str) -> None:
    """Remove a bucket."""
    tx.delete(BUCKETS, (name,))
    tx.signal(TOPIC)
