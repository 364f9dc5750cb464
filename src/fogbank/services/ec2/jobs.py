"""What happens later: things that were deleted, and are still described for a while, are forgotten."""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import job
from fogbank.store.api import Transaction

from .taggable import kind_of

HOUR = 3600.0


def forget(tx: Transaction, ctx: Context, id: str, delay: float = HOUR) -> None:
    """Forget a thing that has been deleted, after a while."""
    ctx.later(tx, "ec2.forget", {"id": id}, delay=delay)


@job("ec2.forget")
async def forgotten(ctx: Context, payload: dict[str, Any]) -> None:
    id = payload["id"]

    def body(tx: Transaction) -> None:
        tx.delete(kind_of(id).table, (ctx.account, ctx.region, id))

    await ctx.transact(body)
