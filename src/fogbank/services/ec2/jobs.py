"""What happens later: things that were deleted, and are still described for a while, are forgotten."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import job
from fogbank.store.api import Transaction

from .taggable import kind_of

HOUR = 3600.0


def forget(tx: Transaction, ctx: Context, id: str, delay: float = HOUR, places: Iterable[tuple[str, str]] = ()) -> None:
    """Forget a thing that has been deleted, after a while. `places` are the accounts and regions that have it."""
    wanted = [list(place) for place in places] or [[ctx.account, ctx.region]]
    ctx.later(tx, "ec2.forget", {"id": id, "places": wanted}, delay=delay)


@job("ec2.forget")
async def forgotten(ctx: Context, payload: dict[str, Any]) -> None:
    id = payload["id"]

    def body(tx: Transaction) -> None:
        for account, region in payload["places"]:
            tx.delete(kind_of(id).table, (account, region, id))

    await ctx.transact(body)
