"""BatchGetItem and BatchWriteItem.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.errors import ValidationError
from fogbank.core.operation import operation
from fogbank.store.api import Reader, Transaction

from ..arns import batch_get_resources, batch_write_resources
from ..capacity import collection_metrics, consumed
from ..changes import Put, Removal, perform
from ..errors import ProvisionedThroughputExceeded
from ..expressions.paths import project
from ..keys import MISMATCH, Place
from ..records import ITEMS
from ..schema import Schema
from ..state import State
from ..units import read_units
from .items import requested_paths

MAX_KEYS, MAX_WRITES = 100, 25
MAX_RESPONSE = 16 * 1024 * 1024  # bytes
DUPLICATES = "Provided list of item keys contains duplicates"


class _Asked:
    """The part of a BatchGetItem request for one table."""

    def __init__(self, name: str, part: dict[str, Any]) -> None:
        self.name = name
        self.part = part
        self.keys: list[dict[str, Any]] = part["Keys"]
        self.consistent = bool(part.get("ConsistentRead"))
        self.paths, self.nested = requested_paths(part)


@operation("dynamodb", "BatchGetItem", resource=batch_get_resources, data_event=True)
def batch_get_item(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Reads up to 100 items by their keys, up to 16 MB. Returns the keys it did not reach in UnprocessedKeys."""
    parts = [_Asked(name, part) for name, part in req["RequestItems"].items()]
    if sum(len(part.keys) for part in parts) > MAX_KEYS:
        raise ValidationError("Too many items requested for the BatchGetItem call")
    state = ctx.app.local(State)
    responses: dict[str, list[Any]] = {}
    unprocessed: dict[str, Any] = {}
    capacity = []
    left = MAX_RESPONSE
    with ctx.read() as tx:
        schemas = [state.require(ctx, tx, part.name) for part in parts]
        places = [_places(part, schema) for part, schema in zip(parts, schemas, strict=True)]
        for part, schema, wanted in zip(parts, schemas, places, strict=True):
            found, done, units, left = _get(ctx, tx, state, schema, part, wanted, left)
            responses[part.name] = found
            if done < len(part.keys):
                unprocessed[part.name] = {**part.part, "Keys": part.keys[done:]}
            told = consumed(req.get("ReturnConsumedCapacity"), schema, units)
            if told is not None:
                capacity.append(told)
    if parts and not any(responses.values()) and unprocessed and left == MAX_RESPONSE:
        raise ProvisionedThroughputExceeded  # not one item could be read
    result: dict[str, Any] = {"Responses": responses, "UnprocessedKeys": unprocessed}
    if capacity:
        result["ConsumedCapacity"] = capacity
    return result


def _places(part: _Asked, schema: Schema) -> list[Place]:
    places = [schema.place(key) for key in part.keys]
    if len(set(places)) != len(places):
        raise ValidationError(DUPLICATES)
    if part.nested:
        schema.check_nested(part.nested)
    return places


def _get(
    ctx: Context, tx: Reader, state: State, schema: Schema, part: _Asked, places: list[Place], left: int
) -> tuple[list[Any], int, float, int]:
    """Returns (items, number of keys processed, read units, bytes left in the response)."""
    found: list[Any] = []
    units = 0.0
    done = 0
    for place in places:
        if left <= 0 or _throttled(ctx, state, schema):
            break
        record = tx.get(ITEMS, schema.key(place))
        cost = read_units(record.size if record is not None else 0, part.consistent)
        state.read(ctx, schema, cost)
        units += cost
        done += 1
        if record is not None:
            left -= record.size
            shown = part.paths is None
            found.append(record.shown(as_json=ctx.takes_json) if shown else project(part.paths or (), record.item))
    return found, done, units, left


def _throttled(ctx: Context, state: State, schema: Schema) -> bool:
    try:
        state.check_read(ctx, schema)
    except ProvisionedThroughputExceeded:
        return True
    return False


@operation("dynamodb", "BatchWriteItem", resource=batch_write_resources, data_event=True)
def batch_write_item(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Makes up to 25 puts and deletes, each on its own. Returns the throttled ones in UnprocessedItems."""
    parts = [(name, writes, [_change(write) for write in writes]) for name, writes in req["RequestItems"].items()]
    if sum(len(writes) for _, writes, _ in parts) > MAX_WRITES:
        raise ValidationError("Too many items requested for the BatchWriteItem call")
    state = ctx.app.local(State)
    unprocessed: dict[str, list[Any]] = {}
    capacity: list[dict[str, Any]] = []
    metrics: dict[str, list[Any]] = {}
    tried = done = 0
    with ctx.write() as tx:
        schemas = [state.require(ctx, tx, name) for name, _, _ in parts]
        for schema, (_, _, changes) in zip(schemas, parts, strict=True):
            places = [_place(change, schema) for change in changes]
            if len(set(places)) != len(places):
                raise ValidationError(DUPLICATES)
        for schema, (name, writes, changes) in zip(schemas, parts, strict=True):
            units, indexes, count = 0.0, dict[str, float](), 0
            for change in changes:
                try:
                    state.check_write(ctx, schema)
                except ProvisionedThroughputExceeded:
                    break
                outcome = perform(tx, schema, change)
                state.wrote(ctx, schema, outcome.units, outcome.indexes)
                units += outcome.units
                for index, amount in outcome.indexes.items():
                    indexes[index] = indexes.get(index, 0.0) + amount
                count += 1
                _add_metrics(req, tx, schema, outcome.place, change, metrics.setdefault(name, []))
            tried, done = tried + len(writes), done + count
            if count < len(writes):
                unprocessed[name] = writes[count:]
            told = consumed(req.get("ReturnConsumedCapacity"), schema, units, indexes)
            if told is not None:
                capacity.append(told)
    if tried and not done:
        raise ProvisionedThroughputExceeded  # not one item could be written
    result: dict[str, Any] = {"UnprocessedItems": unprocessed}
    if capacity:
        result["ConsumedCapacity"] = capacity
    if req.get("ReturnItemCollectionMetrics") == "SIZE":
        result["ItemCollectionMetrics"] = {name: found for name, found in metrics.items() if found}
    return result


def _place(change: Put | Removal, schema: Schema) -> Place:
    """Returns an item's place. For a put without its keys, AWS answers here like for a bad Key."""
    item = change.req.get("Item")
    if item is not None and any(schema.keys.kind(name) not in item.get(name, {}) for name in schema.keys.names):
        raise ValidationError(MISMATCH)
    return change.place(schema)


def _change(write: dict[str, Any]) -> Put | Removal:
    put, delete = write.get("PutRequest"), write.get("DeleteRequest")
    if (put is None) == (delete is None):
        if put is None:
            raise ValidationError(
                "Supplied WriteRequest is empty, must contain exactly one of PutRequest or DeleteRequest"
            )
        raise ValidationError(
            "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported "
            "datatypes"
        )
    return Put(put) if put is not None else Removal(delete or {})


def _add_metrics(
    req: dict[str, Any], tx: Transaction, schema: Schema, place: Place, change: Put | Removal, found: list[Any]
) -> None:
    wanted = req.get("ReturnItemCollectionMetrics")
    if wanted:
        told = collection_metrics(wanted, tx, schema, place, change.req.get("Item") or change.req["Key"])
        if told is not None and told not in found:
            found.append(told)
