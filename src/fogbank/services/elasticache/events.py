"""Events of the last 14 days, newest last, with AWS's texts.

https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/ECEvents.html
https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/ElastiCacheSNS.html
"""

from __future__ import annotations

from fogbank.core.context import Context
from fogbank.store.api import Transaction

from .records import EVENTS, Event

KEPT = 14 * 86400


def tell(tx: Transaction, ctx: Context, kind: str, source: str, message: str) -> None:
    """Store an event, and delete events that AWS would no longer keep."""
    now = int(ctx.now() * 1000)
    old = tx.scan(EVENTS, (ctx.account, ctx.region), end=(ctx.account, ctx.region, now - KEPT * 1000, ""), limit=20)
    for event in list(old):
        tx.delete(EVENTS, (event.account, event.region, event.at_ms, event.id))
    tx.put(
        EVENTS,
        Event(
            account=ctx.account,
            region=ctx.region,
            at_ms=now,
            id=ctx.ids.uuid(),
            source=source,
            kind=kind,
            message=message,
        ),
    )
