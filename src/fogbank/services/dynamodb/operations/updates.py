"""UpdateTable.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from fogbank.core.context import Context
from fogbank.core.errors import ValidationError
from fogbank.core.operation import operation
from fogbank.store.api import Transaction

from .. import definitions
from ..arns import table_resource
from ..errors import LimitExceeded, ResourceInUse, ResourceNotFound
from ..records import TABLES, IndexRecord, TableRecord
from ..shapes import describe, sse_description
from ..state import State
from ..values import INVALID
from .tables import counted, require

_CHANGES = ("ProvisionedThroughput", "BillingMode", "GlobalSecondaryIndexUpdates", "StreamSpecification",
            "SSESpecification", "ReplicaUpdates", "TableClass", "DeletionProtectionEnabled", "OnDemandThroughput",
            "WarmThroughput")  # fmt: skip


_UNBUILT = ("ReplicaUpdates", "VectorIndexUpdates", "MultiRegionConsistency", "GlobalTableWitnessUpdates")


@operation("dynamodb", "UpdateTable", resource=table_resource)
def update_table(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Changes a table's throughput, billing, stream, protection, or one global index."""
    definitions.refuse_unbuilt("UpdateTable", req, _UNBUILT)
    if not any(req.get(name) is not None for name in _CHANGES):
        raise ValidationError(
            "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates or "
            "SSESpecification or ReplicaUpdates is required"
        )
    counts = counted(ctx, req["TableName"])
    with ctx.write() as tx:
        table = require(tx, ctx, req["TableName"])
        if any(index.status != "ACTIVE" for index in table.indexes):
            raise ResourceInUse(
                f"Attempt to change a resource which is still in use: Table is being updated: {table.name}"
            )
        before = msgspec.structs.replace(table)
        _billing(ctx, table, req)
        _stream(ctx, table, req)
        _plain(ctx, table, req)
        _index_updates(ctx, tx, table, req)
        if table.billing != before.billing and table.billing == "PROVISIONED":
            _all_provisioned(table)
        tx.put(TABLES, table)
        ctx.app.local(State).changed(tx)
        return {"TableDescription": describe(ctx, table, counts, status="UPDATING")}


def _billing(ctx: Context, table: TableRecord, req: Mapping[str, Any]) -> None:
    billing, given = req.get("BillingMode") or table.billing, req.get("ProvisionedThroughput")
    if billing == "PAY_PER_REQUEST":
        definitions.table_throughput(req, billing)
        if table.billing != billing:
            table.billing, table.billing_since = billing, ctx.now()
            table.read_units = table.write_units = 0
            for index in table.indexes:
                index.read_units = index.write_units = 0
        return
    if given is None and table.billing == billing:
        return
    read, write = definitions.table_throughput(req, billing)
    if table.billing == billing and (read, write) == (table.read_units, table.write_units):
        raise ValidationError(
            "The provisioned throughput for the table will not change. The requested value equals the current value. "
            f"Current ReadCapacityUnits provisioned for the table: {read}. Requested ReadCapacityUnits: {read}. "
            f"Current WriteCapacityUnits provisioned for the table: {write}. Requested WriteCapacityUnits: {write}. "
            "Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits."
        )
    table.billing = billing
    _rates(ctx, table, read, write)


def _rates(ctx: Context, record: TableRecord | IndexRecord, read: int, write: int) -> None:
    if read > record.read_units or write > record.write_units:
        record.increased = ctx.now()
    if read < record.read_units or write < record.write_units:
        record.decreased = ctx.now()
    record.read_units, record.write_units = read, write


def _all_provisioned(table: TableRecord) -> None:
    for index in table.indexes:
        if not index.local and not index.read_units:
            raise ValidationError(f"{INVALID}ProvisionedThroughput must be specified for index: {index.name}")


def _stream(ctx: Context, table: TableRecord, req: Mapping[str, Any]) -> None:
    spec = req.get("StreamSpecification")
    if spec is None:
        return
    definitions.check_stream(spec)
    if spec.get("StreamEnabled"):
        if table.stream:
            raise ValidationError(f"Table already has an enabled stream: TableName: {table.name}")
        table.stream = dict(spec)
    else:
        if not table.stream:
            raise ValidationError(f"Table has no stream to disable: TableName: {table.name}")
        table.stream = {}


def _plain(ctx: Context, table: TableRecord, req: Mapping[str, Any]) -> None:
    """Stores the settings that need no work beyond this record."""
    if req.get("SSESpecification") is not None:
        table.sse = sse_description(req["SSESpecification"], table.account, table.region)
    if req.get("TableClass"):
        table.table_class, table.table_class_since = req["TableClass"], ctx.now()
    if req.get("DeletionProtectionEnabled") is not None:
        table.protected = req["DeletionProtectionEnabled"]
    if req.get("WarmThroughput") is not None:
        table.warm = dict(req["WarmThroughput"])
    if req.get("OnDemandThroughput") is not None:
        table.on_demand = dict(req["OnDemandThroughput"])


def _index_updates(ctx: Context, tx: Transaction, table: TableRecord, req: Mapping[str, Any]) -> None:
    updates = req.get("GlobalSecondaryIndexUpdates") or []
    online = 0
    named: set[str] = set()
    for update in updates:
        spec = update.get("Create") or update.get("Delete") or update.get("Update")
        if spec is None:
            raise ValidationError(
                f"{INVALID}One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, "
                "GlobalSecondaryIndexUpdate.Delete must not be null"
            )
        name = spec["IndexName"]
        if name in named:
            raise ValidationError(
                f"{INVALID}Only one global secondary index update per index is allowed simultaneously. Index: {name}"
            )
        named.add(name)
        online += update.get("Update") is None
        if online > 1:
            raise LimitExceeded(
                "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table"
            )
        if update.get("Create"):
            _create_index(ctx, tx, table, spec, req)
        elif update.get("Delete"):
            _delete_index(ctx, tx, table, name)
        else:
            _update_index(ctx, table, spec)


def _create_index(
    ctx: Context, tx: Transaction, table: TableRecord, spec: Mapping[str, Any], req: Mapping[str, Any]
) -> None:
    name = spec["IndexName"]
    if any(index.name == name for index in table.indexes):
        raise ValidationError(f"{INVALID}Duplicate index name: {name}")
    kinds = {**table.attributes, **definitions.attribute_kinds(req.get("AttributeDefinitions") or [])}
    box = f"{table.box}.{ctx.ids.base32(6)}"
    index = definitions.index_record(spec, kinds, table.billing, box, table_keys=None)
    index.status = "CREATING"
    used = {*table.keys, *index.keys, *(key for other in table.indexes for key in other.keys)}
    table.attributes = {attribute: kind for attribute, kind in kinds.items() if attribute in used}
    table.indexes = [*table.indexes, index]
    limit = ctx.quota("dynamodb", definitions.GLOBAL_INDEXES, tx)
    definitions.check_indexes(table.indexes, table.attributes, table.keys, limit)
    payload = {"account": table.account, "region": table.region, "table": table.name, "box": box}
    ctx.later(tx, "dynamodb.backfill", payload)


def _delete_index(ctx: Context, tx: Transaction, table: TableRecord, name: str) -> None:
    index = _find(table, name)
    index.status = "DELETING"
    payload = {"account": table.account, "region": table.region, "table": table.name, "box": index.box}
    ctx.later(tx, "dynamodb.drop-index", payload)


def _update_index(ctx: Context, table: TableRecord, spec: Mapping[str, Any]) -> None:
    index = _find(table, spec["IndexName"])
    if spec.get("OnDemandThroughput") is not None:
        index.on_demand = dict(spec["OnDemandThroughput"])
    if spec.get("WarmThroughput") is not None:
        index.warm = dict(spec["WarmThroughput"])
    if spec.get("ProvisionedThroughput") is not None:
        read, write = definitions.index_throughput(spec, table.billing)
        if table.billing == "PROVISIONED" and (read, write) == (index.read_units, index.write_units):
            raise ValidationError(
                f"The provisioned throughput for the index {index.name} will not change. The requested value equals "
                f"the current value. Current ReadCapacityUnits provisioned for the index: {read}. Requested "
                f"ReadCapacityUnits: {read}. Current WriteCapacityUnits provisioned for the index: {write}. Requested "
                f"WriteCapacityUnits: {write}. Refer to the Amazon DynamoDB Developer Guide for current limits and "
                "how to request higher limits."
            )
        _rates(ctx, index, read, write)


def _find(table: TableRecord, name: str) -> IndexRecord:
    for index in table.indexes:
        if index.name == name and not index.local:
            return index
    raise ResourceNotFound(f"Requested resource not found: Index: {name} of table: {table.name} not found")
