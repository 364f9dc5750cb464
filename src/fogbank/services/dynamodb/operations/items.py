"""GetItem, PutItem, UpdateItem and DeleteItem."""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.errors import ValidationError
from fogbank.core.operation import operation

from .. import legacy
from ..arns import item_resource
from ..capacity import collection_metrics, consumed
from ..changes import Change, Done, Put, Removal, Update, perform
from ..errors import ConditionalCheckFailed
from ..expressions.binding import Binding
from ..expressions.paths import Part, project
from ..records import ITEMS
from ..schema import NAMESPACE, Schema
from ..state import State
from ..units import read_units
from ..values import Item

Paths = tuple[tuple[Part, ...], ...]
READS = ("ProjectionExpression",)
READS_LEGACY = ("AttributesToGet",)


def requested_paths(req: dict[str, Any]) -> tuple[Paths | None, frozenset[str]]:
    """Returns the paths that a read asks for (None: everything), and the attributes whose inner parts they name."""
    if "ProjectionExpression" not in req and "AttributesToGet" not in req and "ExpressionAttributeNames" not in req:
        return None, frozenset()
    binding = Binding(req, expressions=READS, legacy=READS_LEGACY)
    projection = binding.projection()
    binding.finish()
    if projection is not None:
        return projection.paths, projection.nested
    names = req.get("AttributesToGet")
    return (legacy.attributes_to_get(names) if names is not None else None), frozenset()


@operation("dynamodb", "GetItem", resource=item_resource, data_event=True)
def get_item(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Returns one item by its key; the answer has no Item when there is none.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_GetItem.html
    """
    paths, nested = requested_paths(req)
    state = ctx.app.local(State)
    with ctx.read() as tx:
        schema = state.require(ctx, tx, req["TableName"])
        place = schema.place(req["Key"])
        if nested:
            schema.check_nested(nested)
        state.check_read(ctx, schema)
        record = tx.get(ITEMS, schema.key(place))
    units = read_units(record.size if record is not None else 0, bool(req.get("ConsistentRead")))
    state.read(ctx, schema, units)
    result: dict[str, Any] = {}
    if record is not None:
        result["Item"] = record.shown(as_json=ctx.takes_json) if paths is None else project(paths, record.item)
    if "ReturnConsumedCapacity" in req:
        result["ConsumedCapacity"] = consumed(req["ReturnConsumedCapacity"], schema, units)
    return result


@operation("dynamodb", "PutItem", resource=item_resource, data_event=True)
def put_item(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Creates an item, or replaces it as a whole.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutItem.html
    """
    _old_or_none(req)
    return _write(ctx, req, Put(req))


@operation("dynamodb", "DeleteItem", resource=item_resource, data_event=True)
def delete_item(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Deletes an item by its key; succeeds also when there is none.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DeleteItem.html
    """
    _old_or_none(req)
    return _write(ctx, req, Removal(req))


@operation("dynamodb", "UpdateItem", resource=item_resource, data_event=True)
def update_item(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Changes attributes of an item, and creates the item when there is none.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html
    """
    return _write(ctx, req, Update(req))


def _old_or_none(req: dict[str, Any]) -> None:
    if req.get("ReturnValues") not in (None, "NONE", "ALL_OLD"):
        raise ValidationError("ReturnValues can only be ALL_OLD or NONE")


def _write(ctx: Context, req: dict[str, Any], change: Change) -> dict[str, Any]:
    state = ctx.app.local(State)
    with ctx.write() as tx:
        schema = state.require(ctx, tx, req["TableName"])
        state.check_write(ctx, schema)
        try:
            done = perform(tx, schema, change)
        except ConditionalCheckFailed:
            ctx.metric(NAMESPACE, "ConditionalCheckFailedRequests", 1, "Count", TableName=schema.name)
            raise
        wanted = req.get("ReturnItemCollectionMetrics")
        metrics = collection_metrics(wanted, tx, schema, done.place, _keys(req, schema)) if wanted else None
    state.wrote(ctx, schema, done.units, done.indexes)
    result: dict[str, Any] = {}
    attributes = _returned(req.get("ReturnValues"), change, done)
    if attributes:
        result["Attributes"] = attributes
    if "ReturnConsumedCapacity" in req:
        result["ConsumedCapacity"] = consumed(req["ReturnConsumedCapacity"], schema, done.units, done.indexes)
    if metrics is not None:
        result["ItemCollectionMetrics"] = metrics
    return result


def _keys(req: dict[str, Any], schema: Schema) -> Item:
    return schema.key_of(req["Item"]) if "Item" in req else dict(req["Key"])


def _returned(wanted: str | None, change: Change, done: Done) -> Item | None:
    """Returns the Attributes of a response that ReturnValues asks for."""
    if wanted in (None, "NONE"):
        return None
    if wanted == "ALL_OLD":
        return done.old.item if done.old is not None else None
    if wanted == "ALL_NEW":
        return done.item
    assert isinstance(change, Update)
    item = done.item if wanted == "UPDATED_NEW" else done.old.item if done.old is not None else None
    return project(change.paths, item) if item is not None else None
