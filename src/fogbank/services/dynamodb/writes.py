"""Changes one item together with all that depends on it: index entries, counts, TTL records, collection sizes."""

from __future__ import annotations

from fogbank.store.api import Transaction

from .errors import ItemCollectionSizeLimitExceeded
from .keys import Place
from .records import (
    COLLECTIONS,
    EXPIRIES,
    ITEMS,
    STATISTICS,
    CollectionRecord,
    ExpiryRecord,
    ItemRecord,
    StatisticsRecord,
)
from .schema import Index, Schema
from .units import index_units
from .values import Item

SLICES = 16  # slices of a table's statistics
MAX_COLLECTION = 10 * 1024**3  # bytes

Counts = dict[str, list[int]]  # index name ("" for the table) → items, bytes


def change(
    tx: Transaction, schema: Schema, place: Place, old: ItemRecord | None, item: Item | None, size: int
) -> dict[str, float]:
    """Replaces `old` by `item` (of `size` bytes), or deletes it when `item` is None.

    Returns the write units of each index.
    """
    if item is not None:
        tx.put(ITEMS, schema.record_of(place, item, size))
    elif old is not None:
        tx.delete(ITEMS, schema.key(place))
    was = old.size if old is not None else 0
    now = size if item is not None else 0
    counts: Counts = {"": [(item is not None) - (old is not None), now - was]}
    units: dict[str, float] = {}
    gone = old.item if old is not None and (schema.indexes or schema.record.ttl) else None
    if schema.indexes:
        grown = now - was
        for index in schema.indexes.values():
            if index.record.status == "DELETING":
                continue
            delta = _change_entry(tx, schema, index, place, gone, item, units)
            if delta is not None:
                counts[index.name] = delta
                grown += delta[1] if index.local else 0
        if schema.local and grown:
            _grow(tx, schema, place, grown)
    count(tx, schema, place.bucket, counts)
    if schema.record.ttl:
        _expire(tx, schema, place, gone, item)
    return units


def _change_entry(
    tx: Transaction,
    schema: Schema,
    index: Index,
    place: Place,
    old: Item | None,
    item: Item | None,
    units: dict[str, float],
) -> list[int] | None:
    """Updates an item's entry in an index. Returns the change in items and bytes, or None when nothing changed."""
    before = schema.entry(index, old, place) if old is not None else None
    after = schema.entry(index, item, place) if item is not None else None
    if before is None and after is None:
        return None
    moved = before is None or after is None or (before.pk, before.sk) != (after.pk, after.sk)
    if before is not None and after is not None and not moved and _same(before, after):
        return None
    held = before is not None
    if before is not None and (moved or index.record.status == "CREATING"):
        held = tx.delete(ITEMS, ITEMS.key(before))  # an index that is being filled may lack the entry
    if after is not None:
        tx.put(ITEMS, after)
    was, now = before.size if before is not None else 0, after.size if after is not None else 0
    units[index.name] = index_units(was, now, moved)
    return [(after is not None) - held, now - (was if held else 0)]


def _same(before: ItemRecord, after: ItemRecord) -> bool:
    return before.json == after.json or before.item == after.item


def slice_of(bucket: int) -> int:
    """Returns the slice of the statistics in which a bucket lies."""
    return bucket * SLICES >> 32


def count(tx: Transaction, schema: Schema, bucket: int, counts: Counts) -> None:
    """Adds counts to a table's statistics; writes nothing when all are zero."""
    if not any(items or size for items, size in counts.values()):
        return
    slice_ = slice_of(bucket)
    record = tx.get(STATISTICS, (schema.account, schema.region, schema.box, slice_))
    if record is None:
        record = StatisticsRecord(account=schema.account, region=schema.region, box=schema.box, slice=slice_, counts={})
    for name, (items, size) in counts.items():
        held = record.counts.setdefault(name, [0, 0])
        held[0] += items
        held[1] += size
    tx.put(STATISTICS, record)


def _grow(tx: Transaction, schema: Schema, place: Place, grown: int) -> None:
    key = (schema.account, schema.region, schema.box, place.bucket, place.pk)
    found = tx.get(COLLECTIONS, key)
    size = (found.size if found else 0) + grown
    if size > MAX_COLLECTION and grown > 0:
        raise ItemCollectionSizeLimitExceeded
    if size <= 0:
        tx.delete(COLLECTIONS, key)
    else:
        account, region, box, bucket, pk = key
        tx.put(COLLECTIONS, CollectionRecord(account=account, region=region, box=box, bucket=bucket, pk=pk, size=size))


def _expire(tx: Transaction, schema: Schema, place: Place, old: Item | None, item: Item | None) -> None:
    was = schema.expiry(old) if old is not None else None
    due = schema.expiry(item) if item is not None else None
    if was == due:
        return
    if was is not None:
        tx.delete(EXPIRIES, EXPIRIES.key(expiry_record(schema, place, was)))
    if due is not None:
        tx.put(EXPIRIES, expiry_record(schema, place, due))


def expiry_record(schema: Schema, place: Place, due: int) -> ExpiryRecord:
    return ExpiryRecord(
        account=schema.account,
        region=schema.region,
        box=schema.box,
        due=due,
        bucket=place.bucket,
        pk=place.pk,
        sk=place.sk,
    )
