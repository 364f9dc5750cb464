"""DynamoDB's background work, in slices: fills and drops indexes, empties deleted tables, expires items."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import job
from fogbank.core.residents import resident
from fogbank.store.api import Conflict, Key, Table, Transaction

from .keys import Place
from .records import COLLECTIONS, EXPIRIES, ITEMS, STATISTICS, TABLES, IndexRecord, TableRecord
from .schema import NAMESPACE, Schema
from .state import State
from .writes import change, count, expiry_record, slice_of

# records per transaction: few, since 20 items of 400 KB take a while, and on a networked store writers interfere
SLICE = 20
EXPIRY = "dynamodb.expiry"
EXPIRY_INTERVAL = 60.0  # seconds between two searches for expired items; AWS promises "within a few days"
TOO_OLD = 5 * 365 * 86400  # seconds: items that expired longer ago are kept, as on AWS

Payload = dict[str, Any]


# -- emptying ----------------------------------------------------------------------------------------------------------


@job("dynamodb.purge")
async def purge(ctx: Context, payload: Payload) -> None:
    """Deletes everything in the boxes of a deleted table and its indexes."""
    for box in payload["boxes"]:
        await _empty(ctx, (payload["account"], payload["region"], box))


async def _empty(ctx: Context, prefix: Key) -> None:
    tables: tuple[Table[Any], ...] = (ITEMS, EXPIRIES, STATISTICS, COLLECTIONS)
    for table in tables:
        await _repeat(ctx, _drop_some, table, prefix)


async def _repeat(ctx: Context, function: Callable[..., bool], *args: Any) -> None:
    """Runs `function` in one transaction after another until it returns False; lets other tasks run in between."""
    more = True
    while more:
        more = await ctx.transact(function, *args)
        await asyncio.sleep(0)


def _drop_some(tx: Transaction, table: Table[Any], prefix: Key) -> bool:
    found = list(tx.scan(table, prefix, limit=SLICE))
    for record in found:
        tx.delete(table, table.key(record))
    return len(found) == SLICE


@job("dynamodb.drop-index")
async def drop_index(ctx: Context, payload: Payload) -> None:
    """Deletes an index's entries, then the index."""
    await _empty(ctx, (payload["account"], payload["region"], payload["box"]))
    await ctx.transact(_forget_index, ctx, payload)


def _forget_index(tx: Transaction, ctx: Context, payload: Payload) -> None:
    table, index = _indexed(tx, payload)
    if table is None or index is None:
        return
    table.indexes = [other for other in table.indexes if other.box != index.box]
    used = {*table.keys, *(key for other in table.indexes for key in other.keys)}
    table.attributes = {name: kind for name, kind in table.attributes.items() if name in used}
    tx.put(TABLES, table)
    for record in list(tx.scan(STATISTICS, (table.account, table.region, table.box))):
        if record.counts.pop(index.name, None) is not None:
            tx.put(STATISTICS, record)
    ctx.app.local(State).changed(tx)


def _indexed(tx: Transaction, payload: Payload) -> tuple[TableRecord | None, IndexRecord | None]:
    table = tx.get(TABLES, (payload["account"], payload["region"], payload["table"]))
    for index in table.indexes if table is not None else ():
        if index.box == payload["box"]:
            return table, index
    return table, None


# -- filling -----------------------------------------------------------------------------------------------------------


@job("dynamodb.backfill")
async def backfill(ctx: Context, payload: Payload) -> None:
    """Writes the entries of a new index for the existing items, then makes the index ACTIVE.

    Meanwhile, writes keep the entries of their own items up to date; the job skips entries that exist.
    """
    after: Key | None = None
    limit = SLICE
    while True:
        try:
            after = await ctx.transact(_fill_some, payload, after, limit)
        except Conflict:  # try smaller transactions: they conflict less
            if limit == 1:
                raise
            limit = max(1, limit // 4)
            continue
        if after is None:
            break
        await asyncio.sleep(0)
    await ctx.transact(_activate, ctx, payload)


def _fill_some(tx: Transaction, payload: Payload, after: Key | None, limit: int) -> Key | None:
    """Fills one slice. Returns the key after which the next begins; None when the index is complete or deleted."""
    table, index = _indexed(tx, payload)
    if table is None or index is None or index.status != "CREATING":
        return None
    schema = Schema(table)
    chosen = schema.indexes[index.name]
    found = tx.page(ITEMS, (table.account, table.region, table.box), after=after, limit=limit)
    added: dict[int, Added] = {}
    for record in found:
        entry = schema.entry(chosen, record.item, Place(record.bucket, record.pk, record.sk))
        if entry is not None and tx.get(ITEMS, ITEMS.key(entry)) is None:
            tx.put(ITEMS, entry)
            one = added.setdefault(slice_of(record.bucket), Added(record.bucket))
            one.items, one.size = one.items + 1, one.size + entry.size
    for one in added.values():
        count(tx, schema, one.bucket, {index.name: [one.items, one.size]})
    return ITEMS.key(found[-1]) if len(found) == limit else None


@dataclass
class Added:
    """Counts index entries that were added in one slice of the statistics; `bucket` lies in that slice."""

    bucket: int
    items: int = 0
    size: int = 0


def _activate(tx: Transaction, ctx: Context, payload: Payload) -> None:
    """Makes an index ACTIVE.

    Runs in a transaction of its own: one that has also read many items would seldom get through beside writers.
    Items written in between have their entries already.
    """
    table, index = _indexed(tx, payload)
    if table is None or index is None or index.status != "CREATING":
        return
    index.status = "ACTIVE"
    tx.put(TABLES, table)
    ctx.app.local(State).changed(tx)


# -- time to live ------------------------------------------------------------------------------------------------------


@job("dynamodb.index-ttl")
async def index_ttl(ctx: Context, payload: Payload) -> None:
    """Records when each item expires, after TTL was enabled. First deletes the records of an earlier TTL attribute."""
    prefix = (payload["account"], payload["region"], payload["box"])
    await _repeat(ctx, _drop_some, EXPIRIES, prefix)
    after: Key | None = None
    while True:
        after = await ctx.transact(_note_some, payload, after)
        if after is None:
            return
        await asyncio.sleep(0)


def _table_of(tx: Transaction, payload: Payload) -> Schema | None:
    table = tx.get(TABLES, (payload["account"], payload["region"], payload["table"]))
    return Schema(table) if table is not None and table.box == payload["box"] else None


def _note_some(tx: Transaction, payload: Payload, after: Key | None) -> Key | None:
    schema = _table_of(tx, payload)
    if schema is None or not schema.record.ttl:
        return None
    found = list(tx.scan(ITEMS, (schema.account, schema.region, schema.box), after=after, limit=SLICE))
    for record in found:
        due = schema.expiry(record.item)
        if due is not None:
            tx.put(EXPIRIES, expiry_record(schema, Place(record.bucket, record.pk, record.sk), due))
    return ITEMS.key(found[-1]) if len(found) == SLICE else None


def ttl_changed(tx: Transaction, ctx: Context, table: TableRecord) -> None:
    """Starts the resident that deletes a table's expired items if the table has TTL; otherwise stops it."""
    if table.ttl:
        ctx.reside(tx, EXPIRY, f"{table.name}/{table.box}")
    else:
        ctx.leave(tx, EXPIRY, f"{table.name}/{table.box}")


@resident(EXPIRY)
async def expire(ctx: Context, id: str) -> None:
    """Deletes a table's expired items once a minute."""
    name, box = id.split("/")
    payload = {"account": ctx.account, "region": ctx.region, "table": name, "box": box}
    while True:
        await ctx.clock.sleep(EXPIRY_INTERVAL)
        await _repeat(ctx, _expire_some, ctx, payload)


def _expire_some(tx: Transaction, ctx: Context, payload: Payload) -> bool:
    schema = _table_of(tx, payload)
    if schema is None or not schema.record.ttl:
        return False
    prefix = (schema.account, schema.region, schema.box)
    now = int(ctx.now())
    due = list(tx.scan(EXPIRIES, prefix, end=(*prefix, now + 1), limit=SLICE))
    gone = 0
    for expiry in due:
        tx.delete(EXPIRIES, EXPIRIES.key(expiry))
        place = Place(expiry.bucket, expiry.pk, expiry.sk)
        record = tx.get(ITEMS, schema.key(place))
        if record is not None and schema.expiry(record.item) == expiry.due and expiry.due > now - TOO_OLD:
            change(tx, schema, place, record, None, 0)
            gone += 1
    if gone:
        ctx.metric(NAMESPACE, "TimeToLiveDeletedItemCount", gone, "Count", TableName=schema.name)
    return len(due) == SLICE
