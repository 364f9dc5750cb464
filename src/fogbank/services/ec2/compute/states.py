"""States that pass by themselves: a new volume is `creating` for a second, then it is available.

A job that commits with the change ends the state, on the cloud's clock. Instances have their own (`lifecycle`).
"""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import job
from fogbank.store.api import Transaction

from ..kinds import ById
from .find import IMAGE, SNAPSHOT, VOLUME

SECONDS = 1.0  # how long each lasts; on AWS it depends on the size
KINDS: dict[str, ById[Any]] = {kind.word: kind for kind in (VOLUME, SNAPSHOT, IMAGE)}


def passes(tx: Transaction, ctx: Context, kind: ById[Any], thing: Any, state: str) -> None:
    """Let a thing take another state soon, unless it leaves its present one before."""
    payload = {"word": kind.word, "id": thing.id, "from": thing.state, "to": state}
    ctx.later(tx, "ec2.state", payload, delay=SECONDS)


@job("ec2.state")
async def state(ctx: Context, payload: dict[str, Any]) -> None:
    """Take the next state."""
    kind = KINDS[payload["word"]]

    def take(tx: Transaction) -> None:
        thing = tx.get(kind.table, (ctx.account, ctx.region, payload["id"]))
        if thing is None or thing.state != payload["from"]:
            return
        thing.state = payload["to"]
        if payload["to"] == "completed":
            thing.completed = ctx.now()
        tx.put(kind.table, thing)

    await ctx.transact(take)
