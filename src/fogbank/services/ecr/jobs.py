"""Jobs: removal of what no image names, and of the parts of deleted repositories."""

from __future__ import annotations

import asyncio
from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import job
from fogbank.store.api import Key, Table, Transaction

from . import layers
from .records import IMAGES, LAYERS, TAGS, UPLOADS


@job("ecr.tidy")
async def tidy(ctx: Context, payload: dict[str, Any]) -> None:
    """Remove unfinished uploads, and layers that no image names, a day after they were begun or uploaded."""
    place = (payload["account"], payload["region"], payload["repository"])

    before = ctx.now() - layers.UNUSED
    after = await ctx.transact(layers.sweep, ctx, place, before, None)
    while after is not None:
        await asyncio.sleep(0)
        after = await ctx.transact(layers.sweep, ctx, place, before, after)


@job("ecr.clear")
async def clear(ctx: Context, payload: dict[str, Any]) -> None:
    """Remove the parts of a repository that was deleted, some at a time."""
    place = (payload["account"], payload["region"], payload["repository"])

    def remove(tx: Transaction) -> None:
        if _remove_some(tx, ctx, place):
            ctx.later(tx, "ecr.clear", payload)

    await ctx.transact(remove)


def _remove_some(tx: Transaction, ctx: Context, place: Key) -> bool:
    """Remove up to SLICE records. Whether there may be more."""
    tables: tuple[Table[Any], ...] = (IMAGES, TAGS)
    for table in tables:
        records = tx.page(table, place, limit=layers.SLICE)
        for record in records:
            tx.delete(table, table.key(record))
        if records:
            return True
    held = tx.page(LAYERS, place, limit=layers.SLICE)
    for layer in held:
        layers.remove(tx, ctx, layer)
    begun = [] if held else tx.page(UPLOADS, place, limit=layers.SLICE)
    for upload in begun:
        layers.drop_upload(tx, ctx, upload)
    return bool(held or begun)
