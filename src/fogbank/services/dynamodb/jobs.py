"""What happens later: indexes filled and dropped, deleted tables emptied, items expired. All in slices."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import job
from fogbank.store.api import Key, Table, Transaction

from .keys import Place
from .records import COLLECTIONS, EXPIRIES, ITEMS, STATISTICS, TABLES, IndexRecord, TableRecord
from .schema import NAMESPACE, Schema
from .state import State
from .writes import change, count, expiry_record

SLICE = 200  # records a transaction
EXPIRY_INTERVAL = 60.0  # seconds between looks for expired items; AWS promises "within a few days"
TOO_OLD = 5 * 365 * 86400  # seconds: items that expired longer ago are kept, as on AWS

Payload = dict[str, Any]


# -- emptying ----------------------------------------------------------------------------------------------------------


@job("dynamodb.purge")
async def purge(ctx: Context, payload: Payload) -> None:
    """Delete everything that lies in some boxes: of a deleted table and its indexes."""
    for box in payload["boxes"]:
        await _empty(ctx, (payload["account"], payload["region"], box))


async def _empty(ctx: Context, prefix: Key) -> None:
    tables: tuple[Table[Any], ...] = (ITEMS, EXPIRIES, STATISTICS, COLLECTIONS)
    for table in tables:
        await _repeat(ctx, _drop_some, table, prefix)


async def _repeat(ctx: Context, function: Callable[..., bool], *args: Any) -> None:
    """Transactions of `function` until one says that nothing is left; others get their turn in between."""
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
    """Delete an index's entries, then the index."""
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
    """Write the entries of a new index for the items that are there, then make it ACTIVE.

    Writes keep the entries of their own items up to date meanwhile; an entry that is there already is left alone.
    """
    after: Key | None = None
    while True:
        after = await ctx.transact(_fill_some, ctx, payload, after)
        if after is None:
            return
        await asyncio.sleep(0)


def _fill_some(tx: Transaction, ctx: Context, payload: Payload, after: Key | None) -> Key | None:
    """One slice; returns where the next begins, None when the index is complete (or gone)."""
    table, index = _indexed(tx, payload)
    if table is None or index is None or index.status != "CREATING":
        return None
    schema = Schema(table)
    chosen = schema.indexes[index.name]
    found = list(tx.scan(ITEMS, (table.account, table.region, table.box), after=after, limit=SLICE))
    for record in found:
        place = Place(record.bucket, record.pk, record.sk)
        entry = schema.entry(chosen, record.item, place)
        if entry is not None and tx.get(ITEMS, ITEMS.key(entry)) is None:
            tx.put(ITEMS, entry)
            count(tx, schema, record.bucket, {index.name: [1, entry.size]})
    if len(found) == SLICE:
        return ITEMS.key(found[-1])
    index.status = "ACTIVE"
    tx.put(TABLES, table)
    ctx.app.local(State).changed(tx)
    return None


# -- time to live ------------------------------------------------------------------------------------------------------


@job("dynamodb.index-ttl")
async def index_ttl(ctx: Context, payload: Payload) -> None:
    """Note when each item is due, after TTL was enabled. What was noted for another attribute goes first."""
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


@job("dynamodb.expire")
async def expire(ctx: Context, payload: Payload) -> None:
    """Delete the items that are due, and look again in a minute as long as the table has TTL."""
    await _repeat(ctx, _expire_some, ctx, payload)
    await ctx.transact(schedule_expiry, ctx, payload)


def schedule_expiry(tx: Transaction, ctx: Context, payload: Payload) -> None:
    """Have a table's expired items looked for, if it has TTL."""
    schema = _table_of(tx, payload)
    if schema is not None and schema.record.ttl:
        ctx.later(tx, "dynamodb.expire", payload, delay=EXPIRY_INTERVAL, name=payload["box"])


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
